//! Opening the file to change it: its folder, its lock file and its tables, made where they are missing, for the owner
//! alone. Nothing of it is done where the folder cannot be written.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs::{DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB as MAIN, OpenFlags, TransactionBehavior};

use super::sqlite::classify;
use crate::otp::hint::Chosen;
use crate::store::StoreError;
use crate::system::{FileError, check_folder, check_private, first_bytes, open_private, resolved, shown};

/// The version of the tables, in the file's `user_version`.
const VERSION: i64 = 1;
/// `otpc`: whose file it is, in its `application_id`. Files of the first release have none.
const APPLICATION: i32 = 0x6F74_7063;
/// Writers queue at the lock file, so the database itself is only ever busy for a moment.
pub(super) const BUSY: Duration = Duration::from_secs(5);
/// A timeline has one expiry, so its events have none: a new event touches two pages, however long the timeline is.
pub(super) const TABLES: &str = "
    CREATE TABLE cell (name TEXT PRIMARY KEY, value BLOB NOT NULL, expires_at INTEGER) STRICT, WITHOUT ROWID;
    CREATE INDEX cell_expires_at ON cell (expires_at) WHERE expires_at IS NOT NULL;
    CREATE TABLE timeline (name TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE INDEX timeline_expires_at ON timeline (expires_at);
    CREATE TABLE event (timeline TEXT, id INTEGER, body BLOB NOT NULL, PRIMARY KEY (timeline, id)) STRICT, WITHOUT ROWID;
    PRAGMA user_version = 1;";
/// So many statements are kept ready: all that commits and reads have.
const STATEMENTS: usize = 64;
/// The names of the tables, classify.
const NAMES: [&str; 3] = ["cell", "event", "timeline"];
/// What SQLite keeps beside a database.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Opens or makes the file, its folder and its lock file, for the owner alone. A connection that has read it already is
/// gone on with, where it can write.
pub(super) fn opened(path: &Path, reader: Option<Connection>) -> Result<(Connection, File), StoreError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| unwritable(folder, error.kind(), &error))?;
    let path = &resolved(path).map_err(|error| unsafe_file(&error))?;
    // SQLite makes files beside the database, too.
    writable(path)?;
    if let Some(mut reader) = reader.filter(|reader| reader.is_readonly(MAIN).is_ok_and(|only| !only)) {
        let lock = open_private(&path.with_extension("lock")).map_err(|error| unsafe_file(&error))?;
        prepare(&mut reader, &lock).map_err(|error| classify(&error))?;
        return Ok((reader, lock));
    }
    is_private(path)?;
    open_private(path).map_err(|error| unsafe_file(&error))?;
    if !may_be_ours(path)? {
        return Err(others(path));
    }
    let mut connection = Connection::open(path).map_err(|error| classify(&error))?;
    connection.busy_timeout(BUSY).map_err(|error| classify(&error))?;
    if !is_ours(&connection).map_err(|error| classify(&error))? {
        return Err(others(path));
    }
    // Before anything of it is changed. One without a version has no tables yet.
    match version(&connection).map_err(|error| classify(&error))? {
        0 => {}
        version => is_known(version, path)?,
    }
    let lock = open_private(&path.with_extension("lock")).map_err(|error| unsafe_file(&error))?;
    prepare(&mut connection, &lock).map_err(|error| classify(&error))?;
    Ok((connection, lock))
}

/// Whether the folder of the file can be written.
pub(super) fn writable(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    check_folder(folder).map_err(|error| unwritable(folder, error.kind(), &error))
}

/// Refuses what others may read or write, beside the file too.
pub(super) fn is_private(path: &Path) -> Result<(), StoreError> {
    for end in BESIDE {
        check_private(&beside(path, end)).map_err(|error| unsafe_file(&error))?;
    }
    check_private(&path.with_extension("lock")).map_err(|error| unsafe_file(&error))
}

/// What SQLite keeps beside the file, by its end.
pub(super) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut beside = OsString::from(path);
    beside.push(end);
    PathBuf::from(beside)
}

pub(super) fn others(path: &Path) -> StoreError {
    StoreError::Config(format!(
        "{0} is a database of another program; set another `path` under [store.embedded]",
        shown(path)
    ))
}

/// Refuses a file of a newer version: what it keeps in its tables, and how, is not known here.
pub(super) fn is_known(version: i64, path: &Path) -> Result<(), StoreError> {
    let path = shown(path);
    match version {
        VERSION => Ok(()),
        newer if newer > VERSION => Err(StoreError::Newer(format!(
            "{path} was written by a newer otpctl (file version {newer}; this one reads up to {VERSION})"
        ))),
        _ => Err(StoreError::Data(format!("{path} has version {version}, which no otpctl writes"))),
    }
}

/// The same within a change: a newer version may have taken the file over since it was opened.
pub(super) fn still_known(writing: &Connection) -> Result<(), StoreError> {
    let version = version(writing).map_err(|error| classify(&error))?;
    is_known(version, Path::new(writing.path().unwrap_or_default()))
}

/// A file that could not be opened, or that is not safe to use.
pub(super) fn unsafe_file(error: &FileError) -> StoreError {
    match (&error.hint, error.unwritable) {
        (Some(fix), _) => StoreError::Config(format!("{error}; run: {}", fix.text(&Chosen::default()))),
        (None, Some(kind)) => unwritable(&error.path, kind, &error.message),
        (None, None) => StoreError::Unreachable(error.to_string()),
    }
}

/// What cannot be written now: nothing was.
pub(super) fn unwritable(path: &Path, kind: ErrorKind, error: &dyn Display) -> StoreError {
    let path = shown(path);
    match kind {
        ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly(format!("{path} is on a read-only file system")),
        ErrorKind::PermissionDenied => StoreError::ReadOnly(format!("{path} is read-only for this user")),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::NotReady(format!("{path}: {error}")),
        _ => StoreError::Unreachable(format!("{path}: {error}")),
    }
}

/// Reads the file without a lock, a log or anything else that would leave a trace in another program's database.
/// [`is_ours`] decides what cannot be seen this way: what was written a moment ago may be in the log only.
pub(super) fn may_be_ours(path: &Path) -> Result<bool, StoreError> {
    let header = first_bytes(path, 100).map_err(|error| unsafe_file(&error))?;
    let Some(id) = header.get(68..72).and_then(|id| id.try_into().ok()).map(i32::from_be_bytes) else {
        // Not there until now; or no database, as SQLite will say.
        return Ok(true);
    };
    if !header.starts_with(b"SQLite format 3\0") || id == APPLICATION {
        return Ok(true);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let seen = Connection::open_with_flags(uri(path, "immutable=1"), flags).and_then(|connection| is_ours(&connection));
    Ok(id == 0 && seen.unwrap_or(true))
}

/// The URI of a file, with how SQLite is to open it: under `immutable=1` it reads the file as it is, and touches nothing.
pub(super) fn uri(path: &Path, how: &str) -> PathBuf {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    let encoded = path.as_os_str().as_bytes().iter().map(|byte| match *byte {
        byte if plain(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    PathBuf::from(format!("file:{}?{how}", encoded.collect::<String>()))
}

/// Whether it is our database, or one in which nobody has written anything yet. It is asked a second time before the answer
/// is no: another first process may have made the tables between two of the questions, and wrote whose they are before.
pub(super) fn is_ours(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(seems_ours(connection)? || seems_ours(connection)?)
}

fn seems_ours(connection: &Connection) -> rusqlite::Result<bool> {
    match connection.query_row("PRAGMA application_id", [], |row| row.get::<_, i32>(0))? {
        APPLICATION => return Ok(true),
        0 => {}
        _ => return Ok(false),
    }
    let sql =
        "SELECT name FROM sqlite_schema WHERE type <> 'index' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name";
    let mut query = connection.prepare(sql)?;
    let names: Vec<String> = query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(names == NAMES || (names.is_empty() && version(connection)? == 0))
}

pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// The last of many short processes does not tidy the log up.
pub(super) fn leaves_log(connection: &Connection) -> rusqlite::Result<()> {
    // No statement is planned anew for each value: no plan here depends on one.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map(drop)
}

fn prepare(connection: &mut Connection, lock: &File) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // What is counted or consumed must be on the disk when the answer is given.
    connection.execute_batch("PRAGMA synchronous = FULL")?;
    // No commit that finds the log long tidies it up: a committer does, now and then, while it holds the lock.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    leaves_log(connection)?;
    if version(connection)? == 0 {
        // Only one of many first processes makes the tables.
        let locked = lock.lock();
        if version(connection)? == 0 {
            // Before the log is begun, so that it is in the file itself whatever happens next.
            connection.pragma_update(None, "application_id", APPLICATION)?;
        }
        connection.pragma_update(None, "journal_mode", "WAL")?;
        let making = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if version(&making)? == 0 {
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
