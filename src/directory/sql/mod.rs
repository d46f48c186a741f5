//! Directories in a database: queries of the file, asked in a transaction that only reads, on one connection, within a
//! time limit.

mod address;
#[cfg(feature = "sql")]
mod kept;
#[cfg(feature = "sql")]
mod mysql;
#[cfg(feature = "sql")]
mod postgres;
mod sqlite;
mod statement;
#[cfg(feature = "sql")]
mod tls;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;

use self::address::{Address, ServerAddress};
use self::statement::{Dialect, Statement, StatementError, Values};
use super::description::Usage;
use super::error::DirectoryError;
use super::{Abilities, Directory, Hit};
use crate::http::{Setting, SettingSpec, SettingType, Settings};
use crate::otp::{Phone, UserId};

/// The kind's name.
pub(super) const KIND: &str = "sql";

/// How long an answer may take, unless the settings say otherwise.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The columns of a row, each as text; a column without a value has none.
type Row = Vec<Option<String>>;

/// Whether a write of so many rows is the one that was asked for.
fn one_row(changed: u64) -> Result<(), DirectoryError> {
    match changed {
        1 => Ok(()),
        0 => Err(DirectoryError::Data("it has no row of this user".to_owned())),
        several => Err(DirectoryError::Data(format!("the statement would change {several} rows; none was changed"))),
    }
}

/// One connection to a database.
#[async_trait]
trait Database: Send + Sync {
    /// Asks, in a transaction that only reads.
    async fn read(&self, query: String, values: Vec<String>) -> Result<Vec<Row>, DirectoryError>;

    /// Changes one row; of several, none is changed.
    async fn write(&self, query: String, values: Vec<String>) -> Result<(), DirectoryError>;
}

pub(super) fn settings() -> Vec<SettingSpec> {
    let text = |name, help| SettingSpec::new(name, SettingType::Text, help);
    vec![
        SettingSpec { secret: true, required: true, ..text("url", "postgres://, mysql:// or sqlite://PATH") },
        SettingSpec { required: true, ..text("by_phone", "query for the user and the phone, by :spellings") },
        text("by_user", "query for the same columns, or the phone alone, by :user"),
        text("set_phone", "statement that writes :phone for :user"),
        text("clear_phone", "statement that removes the phone of :user"),
        SettingSpec::new("tls", SettingType::Tls, "{ ca = FILE }: the CA of the server's certificate"),
        SettingSpec { default: Some("5s".into()), ..text("timeout", "how long an answer may take") },
    ]
}

/// The statements, and the names that each has to use.
const STATEMENTS: [(&str, &[&str]); 4] = [
    ("by_phone", &["spellings"]),
    ("by_user", &["user"]),
    ("set_phone", &["user", "phone"]),
    ("clear_phone", &["user"]),
];

/// The names in the statements, which are the same in every database.
pub(super) fn check(settings: &BTreeMap<&str, &str>) -> Usage {
    for (name, must) in STATEMENTS {
        // Of the three, PostgreSQL takes the most for a text; what it leaves is a name everywhere.
        if let Some(Err(why)) = settings.get(name).map(|text| Statement::read(text, Dialect::Postgres, must)) {
            return Usage::Wrong(name, why.to_string());
        }
    }
    Usage::Right
}

pub(super) struct Sql {
    database: Box<dyn Database>,
    by_phone: Statement,
    by_user: Option<Statement>,
    set_phone: Option<Statement>,
    clear_phone: Option<Statement>,
}

/// Reads the settings; nothing is connected to.
pub(super) fn open(settings: &Settings) -> Result<Sql, DirectoryError> {
    let config = |error: &dyn std::fmt::Display| DirectoryError::Config(error.to_string());
    let text = |name: &str| settings.text(name).map_err(|error| config(&error));
    let timeout = settings.duration("timeout").map_err(|error| config(&error))?.unwrap_or(TIMEOUT);
    let url = text("url")?.ok_or_else(|| config(&"`url` is missing"))?;
    let address = address::read(url.trim()).map_err(|why| config(&format!("`url`: {why}")))?;
    let dialect = match &address {
        Address::Sqlite(_) => Dialect::Sqlite,
        Address::Server(server) if server.product == address::Product::Postgres => Dialect::Postgres,
        Address::Server(_) => Dialect::MySql,
    };
    let statement = |name: &str| -> Result<Option<Statement>, DirectoryError> {
        let must = STATEMENTS.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, must)| must);
        let read = text(name)?.map(|text| Statement::read(text, dialect, must)).transpose();
        read.map_err(|error: StatementError| config(&format!("`{name}`: {error}")))
    };
    let authority = match settings.0.get("tls") {
        Some(Setting::Authority(path)) => Some(path.to_path_buf()),
        _ => None,
    };
    Ok(Sql {
        by_phone: statement("by_phone")?.ok_or_else(|| config(&"`by_phone` is missing"))?,
        by_user: statement("by_user")?,
        set_phone: statement("set_phone")?,
        clear_phone: statement("clear_phone")?,
        database: match address {
            Address::Sqlite(path) => Box::new(sqlite::Sqlite { path, timeout }),
            Address::Server(server) => connected(server, authority.as_deref(), timeout)?,
        },
    })
}

#[cfg(feature = "sql")]
fn connected(
    server: ServerAddress,
    authority: Option<&Path>,
    timeout: Duration,
) -> Result<Box<dyn Database>, DirectoryError> {
    Ok(match server.product {
        address::Product::Postgres => Box::new(postgres::Postgres::new(&server, authority, timeout)?),
        address::Product::MySql => Box::new(mysql::MySql::new(server, authority, timeout)),
    })
}

#[cfg(not(feature = "sql"))]
fn connected(
    _server: ServerAddress,
    _authority: Option<&Path>,
    _timeout: Duration,
) -> Result<Box<dyn Database>, DirectoryError> {
    let why = "this build reads SQLite only; build it with `--features sql` for PostgreSQL, MySQL and MariaDB";
    Err(DirectoryError::Config(why.to_owned()))
}

impl Sql {
    async fn ask(&self, statement: &Statement, values: Values<'_>) -> Result<Vec<Row>, DirectoryError> {
        let (query, values) = statement.fill(values);
        self.database.read(query, values).await
    }

    async fn write(&self, statement: Option<&Statement>, values: Values<'_>) -> Result<(), DirectoryError> {
        let statement = statement.ok_or(DirectoryError::Unable("its table has no statement for this"))?;
        let (query, values) = statement.fill(values);
        self.database.write(query, values).await
    }
}

#[async_trait]
impl Directory for Sql {
    fn abilities(&self) -> Abilities {
        Abilities {
            by_user: self.by_user.is_some(),
            set_phone: self.set_phone.is_some(),
            clear_phone: self.clear_phone.is_some(),
        }
    }

    async fn by_phone(&self, phone: &Phone, spellings: &[String]) -> Result<Vec<Hit>, DirectoryError> {
        let rows = self.ask(&self.by_phone, Values { spellings, phone: phone.as_str(), ..Values::default() }).await?;
        let hit = |row: Row| match <[Option<String>; 2]>::try_from(row) {
            Ok([Some(user), Some(phone)]) => Ok(Some(Hit { user, phone })),
            Ok(_) => Ok(None),
            Err(_) => Err(DirectoryError::Data("`by_phone` must give two columns: the user and the phone".to_owned())),
        };
        rows.into_iter().filter_map(|row| hit(row).transpose()).collect()
    }

    async fn by_user(&self, user: &UserId) -> Result<Vec<Hit>, DirectoryError> {
        let statement = self.by_user.as_ref().ok_or(DirectoryError::Unable("its table has no `by_user`"))?;
        let rows = self.ask(statement, Values { user: user.as_str(), ..Values::default() }).await?;
        let hit = |mut row: Row| match (row.len(), row.pop()) {
            (1, Some(phone)) => Ok(phone.map(|phone| Hit { user: user.as_str().to_owned(), phone })),
            (2, Some(phone)) => Ok(row.pop().flatten().zip(phone).map(|(user, phone)| Hit { user, phone })),
            _ => Err(DirectoryError::Data("`by_user` must give the user and the phone, or the phone alone".to_owned())),
        };
        rows.into_iter().filter_map(|row| hit(row).transpose()).collect()
    }

    async fn set_phone(&self, user: &UserId, written: &str) -> Result<(), DirectoryError> {
        let values = Values { user: user.as_str(), phone: written, ..Values::default() };
        self.write(self.set_phone.as_ref(), values).await
    }

    async fn clear_phone(&self, user: &UserId, spellings: &[String]) -> Result<(), DirectoryError> {
        let phone = spellings.first().map_or("", String::as_str);
        self.write(self.clear_phone.as_ref(), Values { user: user.as_str(), spellings, phone }).await
    }
}
