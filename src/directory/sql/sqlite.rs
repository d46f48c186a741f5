//! A directory in an SQLite file, which is opened to be read, and only for a write to be written.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags};
use tokio::sync::oneshot;

use super::{Database, Row, one_row};
use crate::directory::error::{DirectoryError, quoted};

pub(super) struct Sqlite {
    pub(super) path: PathBuf,
    pub(super) timeout: Duration,
}

impl Sqlite {
    /// Runs on a thread of its own, and interrupts the database when the time is over.
    async fn run<T: Send + 'static>(
        &self,
        flags: OpenFlags,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, DirectoryError> {
        let (path, timeout) = (self.path.clone(), self.timeout);
        let (tell, told) = oneshot::channel();
        let task = tokio::task::spawn_blocking(move || {
            let connection = Connection::open_with_flags(&path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
            connection.busy_timeout(timeout)?;
            // Nobody waits for a connection that nobody interrupts any more.
            let _ = tell.send(connection.get_interrupt_handle());
            work(&connection)
        });
        let interrupt = async {
            let handle = told.await.ok();
            tokio::time::sleep(timeout).await;
            handle.inspect(rusqlite::InterruptHandle::interrupt);
            std::future::pending::<()>().await;
        };
        let done = tokio::select! {
            done = task => done,
            () = interrupt => return Err(late()),
        };
        let done = done.map_err(|_| DirectoryError::Unreachable("its thread ended".to_owned()))?;
        done.map_err(|error| classify(&error))
    }
}

fn classify(error: &Error) -> DirectoryError {
    let why = quoted(&error.to_string());
    match error.sqlite_error_code() {
        Some(ErrorCode::CannotOpen | ErrorCode::SystemIoFailure) => DirectoryError::Unreachable(why),
        Some(ErrorCode::PermissionDenied | ErrorCode::ReadOnly | ErrorCode::AuthorizationForStatementDenied) => {
            DirectoryError::Denied(why)
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => DirectoryError::NotReady(why),
        Some(ErrorCode::OperationInterrupted) => late(),
        _ => DirectoryError::Data(why),
    }
}

fn late() -> DirectoryError {
    DirectoryError::Unreachable("it did not answer in time".to_owned())
}

#[async_trait]
impl Database for Sqlite {
    async fn read(&self, query: String, values: Vec<String>) -> Result<Vec<Row>, DirectoryError> {
        self.run(OpenFlags::SQLITE_OPEN_READ_ONLY, move |connection| {
            let transaction = connection.unchecked_transaction()?;
            let mut statement = transaction.prepare(&query)?;
            let columns = statement.column_count();
            let mut rows = statement.query(rusqlite::params_from_iter(values))?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push((0..columns).map(|at| Ok(text(row.get_ref(at)?))).collect::<Result<Row, Error>>()?);
            }
            Ok(found)
        })
        .await
    }

    async fn write(&self, query: String, values: Vec<String>) -> Result<(), DirectoryError> {
        let changed = self.run(OpenFlags::SQLITE_OPEN_READ_WRITE, move |connection| {
            let transaction = connection.unchecked_transaction()?;
            let changed = transaction.execute(&query, rusqlite::params_from_iter(values))?;
            if changed == 1 {
                transaction.commit()?;
            } else {
                transaction.rollback()?;
            }
            Ok(changed)
        });
        one_row(u64::try_from(changed.await?).unwrap_or(u64::MAX))
    }
}

/// A phone may be kept as a number.
fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => None,
    }
}
