//! Opening the file to read it: nothing is made, and nothing needs to be writable. What a crash left in the log is seen
//! wherever the disk lets SQLite have its index of the log, and wherever it does not.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::opening::{
    BUSY, TABLES, beside, is_known, is_ours, is_private, leaves_log, may_be_ours, others, unsafe_file, uri, version,
    writable,
};
use super::sqlite::classify;
use crate::store::StoreError;
use crate::system::{check_private, is_writable, resolved, shown};

/// A connection to what the file holds.
pub(super) enum Reader {
    /// Through SQLite's own locks: it sees what others commit, and can be kept.
    Kept(Connection),
    /// Without locks, which this user cannot take here: good for one look, if the files are the same afterwards.
    Once(Connection, Stamp),
    /// In memory, with nothing in it: the file did not exist a moment ago, and is looked up again the next time.
    Empty(Connection),
}

/// What distinguishes the files of a database from what they were before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    path: PathBuf,
    /// The database, its log, and the journal of a change that was not finished.
    files: [Option<(u64, u64, i64, i64)>; 3],
}

impl Stamp {
    fn of(path: &Path) -> Self {
        let seen = |found: Metadata| (found.ino(), found.size(), found.mtime(), found.mtime_nsec());
        let files = [path.to_owned(), beside(path, "-wal"), beside(path, "-journal")];
        Self { path: path.to_owned(), files: files.map(|file| std::fs::symlink_metadata(file).ok().map(seen)) }
    }

    /// Whether nobody has changed the files.
    pub(super) fn holds(&self) -> bool {
        *self == Self::of(&self.path)
    }

    fn is_filled(file: Option<(u64, u64, i64, i64)>) -> bool {
        file.is_some_and(|(_, size, ..)| size > 0)
    }
}

/// What messages say of files that change while nobody can be kept from it.
pub(super) fn changing(path: &Path) -> StoreError {
    StoreError::ReadOnly(format!("{} is read-only for this user and changes while it is read", shown(path)))
}

/// Opens the file, or an empty store where there is none.
pub(super) fn opened(path: &Path) -> Result<Reader, StoreError> {
    let path = &match resolved(path) {
        Err(error) if error.missing && !path.is_symlink() => return empty(),
        real => real.map_err(|error| unsafe_file(&error))?,
    };
    is_private(path)?;
    check_private(path).map_err(|error| unsafe_file(&error))?;
    let stamp = Stamp::of(path);
    if stamp.files[0].is_none() {
        return empty();
    }
    if !may_be_ours(path)? {
        return Err(others(path));
    }
    match locked(path).and_then(|connection| Ok((is_ours(&connection)?, version(&connection)?, connection))) {
        Ok(seen) => judged(seen, path, Reader::Kept),
        // SQLite needs a separate file for the index of the log, and cannot create one here.
        Err(error) if is_shut(&error) && writable(path).is_err() => unlocked(path, stamp),
        Err(error) => Err(classify(&error)),
    }
}

fn is_shut(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied))
}

/// As SQLite opens it for readers: with locks, and with the index of the log that all processes share.
fn locked(path: &Path) -> rusqlite::Result<Connection> {
    let access = if is_writable(path) { OpenFlags::SQLITE_OPEN_READ_WRITE } else { OpenFlags::SQLITE_OPEN_READ_ONLY };
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    leaves_log(&connection)?;
    Ok(connection)
}

/// Without locks, and with an index of the log in the memory of this process. A file without a log is read as it is.
fn unlocked(path: &Path, stamp: Stamp) -> Result<Reader, StoreError> {
    let [_, log, journal] = stamp.files;
    if Stamp::is_filled(journal) {
        let why =
            "is read-only here and contains an unfinished change; a user who can write the file must open it first";
        return Err(StoreError::ReadOnly(format!("{} {why}", shown(path))));
    }
    let open = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if !Stamp::is_filled(log) {
            let connection = Connection::open_with_flags(uri(path, "immutable=1"), flags)?;
            return Ok((is_ours(&connection)?, version(&connection)?, connection));
        }
        let connection = Connection::open_with_flags(uri(path, "mode=ro&vfs=unix-none"), flags)?;
        leaves_log(&connection)?;
        // Whoever has the file for himself needs no index that others can see. https://sqlite.org/wal.html#noshm
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        Ok((is_ours(&connection)?, version(&connection)?, connection))
    };
    match open() {
        Ok(seen) => judged(seen, path, |connection| Reader::Once(connection, stamp)),
        Err(_) if !stamp.holds() => Err(changing(path)),
        Err(error) => Err(classify(&error)),
    }
}

/// Refuses what is not ours. A file whose tables are not made yet is an empty store.
fn judged(
    (ours, version, connection): (bool, i64, Connection),
    path: &Path,
    reader: impl FnOnce(Connection) -> Reader,
) -> Result<Reader, StoreError> {
    if !ours {
        return Err(others(path));
    }
    if version == 0 {
        return empty();
    }
    is_known(version, path)?;
    Ok(reader(connection))
}

fn empty() -> Result<Reader, StoreError> {
    let made = || {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(TABLES)?;
        Ok(connection)
    };
    made().map(Reader::Empty).map_err(|error| classify(&error))
}
