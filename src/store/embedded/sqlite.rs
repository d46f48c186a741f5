//! What `SQLite` answers: a value by its name, and what its errors mean.

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};

use crate::otp::Moment;
use crate::store::StoreError;

/// A value that is still alive.
pub(super) fn stored_value(connection: &Connection, name: &str, now: Moment) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT value FROM cell WHERE name = ?1 AND (expires_at IS NULL OR expires_at > ?2)";
    let mut query = connection.prepare_cached(sql).map_err(|error| classify(&error))?;
    query.query_row(params![name, now.millis()], |row| row.get(0)).optional().map_err(|error| classify(&error))
}

/// What an error of `SQLite` means for a caller of the store.
pub(super) fn classify(error: &rusqlite::Error) -> StoreError {
    let text = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::DiskFull | ErrorCode::OutOfMemory) => {
            StoreError::NotReady(text)
        }
        Some(ErrorCode::ReadOnly) => StoreError::ReadOnly(format!("the file is read-only: {text}")),
        Some(ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied) => StoreError::Denied(text),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Data(text),
        _ => StoreError::Unreachable(text),
    }
}

/// Sets the value of a name until this moment; `None`: without an end.
pub(super) fn set_value(connection: &Connection, name: &str, value: &[u8], until: Option<i64>) -> rusqlite::Result<()> {
    let sql = "INSERT INTO cell (name, value, expires_at) VALUES (?1, ?2, ?3)
               ON CONFLICT (name) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at";
    connection.prepare_cached(sql)?.execute(params![name, value, until]).map(drop)
}
