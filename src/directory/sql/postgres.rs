//! A directory in `PostgreSQL`.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{BufMut as _, BytesMut};
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, Error};

use super::address::ServerAddress;
use super::kept::Kept;
use super::tls::{self, Connector};
use super::{Database, Row, one_row};
use crate::directory::error::{DirectoryError, quoted};

type Failure = Box<dyn std::error::Error + Sync + Send>;

pub(super) struct Postgres {
    config: Config,
    tls: Connector,
    kept: Kept<Client>,
}

impl Postgres {
    pub(super) fn new(
        server: &ServerAddress,
        authority: Option<&Path>,
        timeout: Duration,
    ) -> Result<Self, DirectoryError> {
        let tls = tls::config(authority).map_err(|why| DirectoryError::Config(format!("`tls`: {why}")))?;
        let mut config = Config::new();
        config.host(server.socket.as_deref().unwrap_or(&server.host)).port(server.port).application_name("otpctl");
        config.ssl_mode(if server.tls { SslMode::Require } else { SslMode::Disable }).connect_timeout(timeout);
        server.user.as_deref().map(|user| config.user(user));
        server.password.as_ref().map(|password| config.password(password.expose()));
        server.database.as_deref().map(|database| config.dbname(database));
        Ok(Self { config, tls: Connector(tls), kept: Kept::new(timeout) })
    }

    async fn run<T>(&self, work: impl AsyncFnOnce(&mut Client) -> Result<T, Error>) -> Result<T, DirectoryError> {
        let connect = async |kept: Option<Client>| match kept.filter(|client| !client.is_closed()) {
            Some(client) => Ok(client),
            None => self.connect().await,
        };
        self.kept.run(connect, work, classify).await
    }

    async fn connect(&self) -> Result<Client, Error> {
        let (client, connection) = self.config.connect(self.tls.clone()).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = quoted(&error.to_string()), "the connection to a directory ended");
            }
        });
        Ok(client)
    }

    /// The server itself ends a query that takes too long, also when nobody waits for it any more.
    fn limit(&self) -> String {
        format!("set local statement_timeout = {}", self.kept.limit().as_millis().max(1))
    }
}

#[async_trait]
impl Database for Postgres {
    async fn read(&self, query: String, values: Vec<String>) -> Result<Vec<Row>, DirectoryError> {
        let values: Vec<Text> = values.into_iter().map(Text).collect();
        self.run(async |client| {
            let transaction = client.build_transaction().read_only(true).start().await?;
            transaction.batch_execute(&self.limit()).await?;
            let rows = transaction.query(&query, &parameters(&values)).await?;
            let columns = |row: &tokio_postgres::Row| {
                (0..row.len())
                    .map(|at| row.try_get::<_, Option<Text>>(at).map(|text| text.map(|text| text.0)))
                    .collect()
            };
            let rows = rows.iter().map(columns).collect::<Result<Vec<Row>, Error>>()?;
            transaction.commit().await?;
            Ok(rows)
        })
        .await
    }

    async fn write(&self, query: String, values: Vec<String>) -> Result<(), DirectoryError> {
        let values: Vec<Text> = values.into_iter().map(Text).collect();
        let changed = self.run(async |client| {
            let transaction = client.transaction().await?;
            transaction.batch_execute(&self.limit()).await?;
            let changed = transaction.execute(&query, &parameters(&values)).await?;
            if changed == 1 {
                transaction.commit().await?;
            } else {
                transaction.rollback().await?;
            }
            Ok(changed)
        });
        one_row(changed.await?)
    }
}

fn parameters(values: &[Text]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// A text that is sent and read as what the column is: ids are often numbers or UUIDs, and phones sometimes numbers.
#[derive(Debug)]
struct Text(String);

/// What is a text on the wire, whatever its name: `citext`, domains and enumerations too.
fn is_text(kind: &Type) -> bool {
    match *kind {
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => true,
        _ => match kind.kind() {
            Kind::Domain(inner) => is_text(inner),
            Kind::Enum(_) => true,
            _ => kind.name() == "citext",
        },
    }
}

impl ToSql for Text {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        let text = self.0.as_str();
        let is_null = |is_there: bool| if is_there { IsNull::No } else { IsNull::Yes };
        // What cannot be such a number is not in such a column.
        Ok(match *kind {
            Type::INT2 => is_null(text.parse().map(|number| out.put_i16(number)).is_ok()),
            Type::INT4 => is_null(text.parse().map(|number| out.put_i32(number)).is_ok()),
            Type::INT8 => is_null(text.parse().map(|number| out.put_i64(number)).is_ok()),
            Type::UUID => is_null(uuid(text).map(|bytes| out.put_slice(&bytes)).is_some()),
            _ => {
                out.put_slice(text.as_bytes());
                IsNull::No
            }
        })
    }

    fn accepts(kind: &Type) -> bool {
        is_text(kind) || matches!(*kind, Type::INT2 | Type::INT4 | Type::INT8 | Type::UUID)
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Text {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        Ok(Self(match *kind {
            Type::INT2 => i16::from_sql(kind, raw)?.to_string(),
            Type::INT4 => i32::from_sql(kind, raw)?.to_string(),
            Type::INT8 => i64::from_sql(kind, raw)?.to_string(),
            Type::UUID => {
                let hex = data_encoding::HEXLOWER.encode(raw);
                [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| hex.get(part).unwrap_or_default()).join("-")
            }
            _ => std::str::from_utf8(raw)?.to_owned(),
        }))
    }

    fn accepts(kind: &Type) -> bool {
        <Self as ToSql>::accepts(kind)
    }
}

fn uuid(text: &str) -> Option<Vec<u8>> {
    let hex: String = text.chars().filter(|character| *character != '-').collect();
    data_encoding::HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok().filter(|bytes| bytes.len() == 16)
}

fn classify(error: &Error) -> DirectoryError {
    let Some(server) = error.as_db_error() else {
        let why = std::iter::successors(std::error::Error::source(error), |error| error.source()).last();
        let why = quoted(&why.map_or_else(|| error.to_string(), ToString::to_string));
        // A column or parameter of a type that is neither text nor number.
        let is_of_query = error.to_string().contains("serializing") || error.to_string().contains("retrieving");
        return if is_of_query {
            DirectoryError::Data(format!("{why}; cast the column to text in the query"))
        } else {
            DirectoryError::Unreachable(why)
        };
    };
    let why = quoted(server.message());
    let code = server.code();
    match code.code().get(..2).unwrap_or_default() {
        _ if *code == SqlState::QUERY_CANCELED => DirectoryError::Unreachable("it did not answer in time".to_owned()),
        _ if *code == SqlState::INSUFFICIENT_PRIVILEGE => DirectoryError::Denied(why),
        "28" => DirectoryError::Denied(why),
        // Too many connections, starting up or shutting down, out of memory.
        "53" | "57" => DirectoryError::NotReady(why),
        "08" => DirectoryError::Unreachable(why),
        _ => DirectoryError::Data(why),
    }
}
