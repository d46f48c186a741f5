//! Opening the file: its folder, its lock file and its tables, made where they are missing, for the owner alone.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::sorted;
use crate::store::StoreError;

/// The version of the tables, in the file's `user_version`.
const VERSION: i64 = 1;
/// Writers queue at the lock file, so the database itself is only ever busy for a moment.
const BUSY: Duration = Duration::from_secs(5);
/// A timeline has one life, so its events carry none: a new event touches two pages, however long the timeline is.
const TABLES: &str = "
    CREATE TABLE cell (name TEXT PRIMARY KEY, value BLOB NOT NULL, expires_at INTEGER) STRICT, WITHOUT ROWID;
    CREATE INDEX cell_expires_at ON cell (expires_at) WHERE expires_at IS NOT NULL;
    CREATE TABLE timeline (name TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE INDEX timeline_expires_at ON timeline (expires_at);
    CREATE TABLE event (timeline TEXT, id INTEGER, body BLOB NOT NULL, PRIMARY KEY (timeline, id)) STRICT, WITHOUT ROWID;
    PRAGMA user_version = 1;";

/// Opens or makes the file, its folder and its lock file, for the owner alone.
pub(super) fn opened(path: &Path) -> Result<(Connection, File), StoreError> {
    let failed = |what: &Path, error: &std::io::Error| StoreError::Unreachable(format!("{}: {error}", what.display()));
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| failed(folder, &error))?;
    }
    let lock_path = path.with_extension("lock");
    let private = |path: &Path| {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        options.open(path).map_err(|error| failed(path, &error))
    };
    let file = private(path)?;
    let mode = file.metadata().map_err(|error| failed(path, &error))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(StoreError::Config(format!(
            "{0} can be read or written by others; run: chmod 600 {0}",
            path.display()
        )));
    }
    let lock = private(&lock_path)?;
    let mut connection = Connection::open(path).map_err(|error| sorted(&error))?;
    prepare(&mut connection, &lock).map_err(|error| sorted(&error))?;
    let version: i64 =
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(|error| sorted(&error))?;
    if version != VERSION {
        return Err(StoreError::Data(format!("{} has version {version}, this otpctl reads {VERSION}", path.display())));
    }
    Ok((connection, lock))
}

fn prepare(connection: &mut Connection, lock: &File) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    // What is counted or consumed must be on the disk when the answer is given.
    connection.execute_batch("PRAGMA synchronous = FULL")?;
    // Neither each commit that finds the log long nor the last of many short processes tidies it up: a committer does,
    // now and then, while it holds the lock.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    if version == 0 {
        // Only one of many first processes makes the tables.
        let locked = lock.lock();
        connection.pragma_update(None, "journal_mode", "WAL")?;
        let making = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if making.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))? == 0 {
            making.execute_batch(TABLES)?;
        }
        making.commit()?;
        if locked.is_ok() {
            // A lock that cannot be given back goes with the process.
            let _ = lock.unlock();
        }
    }
    Ok(())
}
