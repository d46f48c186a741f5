//! A directory in `MySQL` or `MariaDB`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error, IoError, IsolationLevel, OptsBuilder, SslOpts, TxOpts, Value};

use super::address::ServerAddress;
use super::kept::Kept;
use super::{Database, Row, one_row};
use crate::directory::error::{DirectoryError, quoted};

pub(super) struct MySql {
    options: OptsBuilder,
    kept: Kept<Conn>,
}

impl MySql {
    pub(super) fn new(server: ServerAddress, authority: Option<&Path>, timeout: Duration) -> Self {
        let tls = server.tls.then(|| {
            let own = authority.map(|path| vec![PathBuf::from(path).into()]).unwrap_or_default();
            SslOpts::default().with_disable_built_in_roots(!own.is_empty()).with_root_certs(own)
        });
        let seconds = timeout.as_secs_f64();
        // The server itself ends a query that takes too long. MariaDB and MySQL name that differently, and each skips the
        // comment of the other.
        let limit = format!(
            "set @otpctl = 1 /*M!100100 , session max_statement_time = {seconds} */ \
             /*!50708 , session max_execution_time = {} */",
            timeout.as_millis().max(1)
        );
        let options = OptsBuilder::default()
            .ip_or_hostname(if server.host.is_empty() { "localhost".to_owned() } else { server.host })
            .tcp_port(server.port)
            .socket(server.socket)
            // A socket is what the URL names, never what the server offers.
            .prefer_socket(false)
            .user(server.user)
            .pass(server.password.map(|password| password.expose().to_owned()))
            .db_name(server.database)
            .ssl_opts(tls)
            // A row that has the phone already is a row of this user.
            .client_found_rows(true)
            .stmt_cache_size(0)
            .setup(vec![limit]);
        Self { options, kept: Kept::new(timeout) }
    }

    async fn run<T>(&self, work: impl AsyncFnOnce(&mut Conn) -> Result<T, Error>) -> Result<T, DirectoryError> {
        let connect = async |kept: Option<Conn>| match kept {
            Some(connection) => Ok(connection),
            None => Conn::new(self.options.clone()).await,
        };
        self.kept.run(connect, work, classify).await
    }
}

#[async_trait]
impl Database for MySql {
    async fn read(&self, query: String, values: Vec<String>) -> Result<Vec<Row>, DirectoryError> {
        let mut reading = TxOpts::default();
        reading.with_readonly(true).with_isolation_level(IsolationLevel::ReadCommitted);
        self.run(async |connection| {
            let mut transaction = connection.start_transaction(reading).await?;
            let rows: Vec<mysql_async::Row> = transaction.exec(query, values).await?;
            transaction.commit().await?;
            Ok(rows.into_iter().map(|row| row.unwrap().into_iter().map(text).collect()).collect())
        })
        .await
    }

    async fn write(&self, query: String, values: Vec<String>) -> Result<(), DirectoryError> {
        let changed = self.run(async |connection| {
            let mut transaction = connection.start_transaction(TxOpts::default()).await?;
            transaction.exec_drop(query, values).await?;
            let changed = transaction.affected_rows();
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

/// A phone may be kept as a number.
fn text(value: Value) -> Option<String> {
    match value {
        Value::Bytes(bytes) => String::from_utf8(bytes).ok(),
        Value::Int(number) => Some(number.to_string()),
        Value::UInt(number) => Some(number.to_string()),
        Value::NULL | Value::Float(_) | Value::Double(_) | Value::Date(..) | Value::Time(..) => None,
    }
}

fn classify(error: &Error) -> DirectoryError {
    match error {
        Error::Server(server) => {
            let why = quoted(&server.message);
            match server.code {
                // ER_DBACCESS_DENIED_ERROR, ER_ACCESS_DENIED_ERROR, ER_TABLEACCESS_DENIED_ERROR,
                // ER_COLUMNACCESS_DENIED_ERROR, ER_HOST_NOT_PRIVILEGED, ER_ACCESS_DENIED_NO_PASSWORD_ERROR
                1044 | 1045 | 1130 | 1142 | 1143 | 1698 => DirectoryError::Denied(why),
                // ER_CON_COUNT_ERROR, ER_OUT_OF_RESOURCES, ER_SERVER_SHUTDOWN, ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK,
                // ER_OPTION_PREVENTS_STATEMENT (read only)
                1040 | 1041 | 1053 | 1205 | 1213 | 1290 => DirectoryError::NotReady(why),
                // ER_QUERY_INTERRUPTED, ER_QUERY_TIMEOUT, ER_STATEMENT_TIMEOUT
                1317 | 3024 | 1969 => DirectoryError::Unreachable("it did not answer in time".to_owned()),
                _ => DirectoryError::Data(why),
            }
        }
        Error::Io(IoError::Io(error)) => DirectoryError::Unreachable(quoted(&error.to_string())),
        other => DirectoryError::Unreachable(quoted(&other.to_string())),
    }
}
