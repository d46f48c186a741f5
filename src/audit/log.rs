//! Adds records to the file. What may happen between any two of these steps, another process sees and says:
//!
//! 1. The lock is taken; it holds the head.
//! 2. The file at the path is opened: it may be another one than before (rotation), or an emptied one.
//! 3. Its last line is read, and held against the head.
//! 4. The record is added in one write. It may be torn where the disk is full.
//! 5. The head is written, and the lock let go. A process that dies before that leaves a file that is one record ahead.
//! 6. An intent is waited for until it is on the disk, without the lock, so that nobody else waits for it.

use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use sha2::{Digest as _, Sha256};

use super::record::{After, Entry, Found, Head, Keys, Parsed, Told, parsed, stamped};
use crate::otp::Moment;
use crate::system::{FileError, Lock, LogFile, check_folder, file_at, first_bytes};

/// The longest record is much shorter, so that its line is in here whole.
const TAIL: u64 = 32 << 10;
/// What must be free on the disk before something is begun: its intent and its outcome, and those of others meanwhile.
const ROOM: u64 = 64 << 10;
/// The head is always as long, so that a shorter one leaves nothing of a longer one behind.
const HEAD: usize = 256;
/// The store is told of the newest record at most so often, so that it costs nobody a round trip but once in a while.
const TELL: Duration = Duration::from_secs(60);

/// A record was not written.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// A file cannot be opened, or is not to be used.
    #[error("the audit cannot be written: {0}")]
    File(FileError),
    /// What the operating system says of a file.
    #[error("the audit cannot be written: {path}: {error}")]
    Io { path: String, error: io::Error },
    /// The disk is full, or as good as that.
    #[error("the audit cannot be written: {0}: the disk is full")]
    Full(String),
    /// Others had the lock all the time.
    #[error("the audit cannot be written: {0} stays locked by another process")]
    Busy(String),
    /// A record has no form, which is a bug.
    #[error("a record of the audit could not be made")]
    Record,
}

/// A record that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its number.
    pub seq: u64,
    /// Its number and short MAC, for the event of the same change.
    pub anchor: String,
    /// The line itself, for a receiver beside the file.
    pub line: String,
    /// The store is to be told of this record, since it was not told of any for a while.
    pub tell_store: bool,
}

/// The file of the records, and its lock.
pub struct Log {
    path: PathBuf,
    lock: PathBuf,
    keys: Keys,
}

impl Log {
    /// Nothing is opened yet.
    #[must_use]
    pub fn new(path: &Path, keys: Keys) -> Self {
        Self { path: path.to_owned(), lock: lock_of(path), keys }
    }

    /// Adds a record; `None`: another process has the lock now. An intent is on the disk when this returns.
    ///
    /// # Errors
    /// When it was not written, or it is not known that an intent is on the disk.
    pub fn add(&self, entry: &Entry<'_>) -> Result<Option<Written>, AuditError> {
        let lock = Lock::open(&self.lock, &self.path).map_err(AuditError::File)?;
        if !lock.take().map_err(|error| self.of_lock(error))? {
            return Ok(None);
        }
        let head = head(&lock);
        let (mut file, last) = self.opened()?;
        let is_intent = entry.intent.is_none();
        if is_intent && file.room().map_err(|error| self.of_file(error))? < ROOM {
            return Err(AuditError::Full(self.path.display().to_string()));
        }
        let id = file.id().map_err(|error| self.of_file(error))?;
        let (before, found) = before(head.as_ref(), &last, head.as_ref().is_some_and(|head| head.is_in(id)));
        let made = stamped(&self.keys, entry, before.seq + 1, &before.mac, &found).ok_or(AuditError::Record)?;
        let start = if found.torn { "\n" } else { "" };
        let text = format!("{start}{}\n", made.line);
        file.append(text.as_bytes()).map_err(|error| self.of_file(error))?;
        let (told_at, told) = head.map_or_else(Default::default, |head| (head.told_at, head.told));
        let (device, number) = (id.device, id.number);
        let is_due = entry.at.since(Moment::from_millis(told_at)) >= TELL || told_at > entry.at.millis();
        let tell_store = !is_intent && is_due;
        let told_at = if tell_store { entry.at.millis() } else { told_at };
        let head = Head { seq: before.seq + 1, mac: made.mac, device, number, told_at, told };
        hold(&lock, &head).map_err(|error| self.of_lock(error))?;
        lock.release();
        if is_intent {
            file.sync().map_err(|error| self.of_file(error))?;
        }
        Ok(Some(Written { seq: head.seq, anchor: head.short(), line: made.line, tell_store }))
    }

    /// Notes that the store is told of a record, before it is; `false`: another process has the lock now.
    ///
    /// # Errors
    /// When the lock cannot be read or written.
    pub fn tell(&self, told: &Told) -> Result<bool, AuditError> {
        let lock = Lock::open(&self.lock, &self.path).map_err(AuditError::File)?;
        if !lock.take().map_err(|error| self.of_lock(error))? {
            return Ok(false);
        }
        if let Some(mut head) = head(&lock).filter(|head| head.told.seq < told.seq) {
            head.told = told.clone();
            hold(&lock, &head).map_err(|error| self.of_lock(error))?;
        }
        Ok(true)
    }

    /// The newest record, as the lock knows it; `None`: there is none, or the lock file is not there.
    ///
    /// # Errors
    /// When the lock file cannot be read.
    pub fn head(&self) -> Result<Option<Head>, AuditError> {
        Self::head_of(&self.path)
    }

    /// The same of any file of records.
    ///
    /// # Errors
    /// As [`Self::head`].
    pub fn head_of(path: &Path) -> Result<Option<Head>, AuditError> {
        match first_bytes(&lock_of(path), HEAD as u64) {
            Ok(words) => Ok(serde_json::from_slice(&words).ok()),
            Err(error) if error.missing => Ok(None),
            Err(error) => Err(AuditError::File(error)),
        }
    }

    /// Whether the next record could be written, without one: the number of the newest, and whether records are missing
    /// behind the last that is in the file.
    ///
    /// # Errors
    /// When it could not be written.
    pub fn examine(&self) -> Result<(u64, bool), AuditError> {
        let known = self.head()?.map_or(0, |head| head.seq);
        if file_at(&self.path).map_err(|error| self.of_file(error))?.is_none() {
            let folder = self.path.parent().unwrap_or(Path::new("/"));
            check_folder(folder).map_err(|error| failed(folder, error))?;
            // After a rotation the next record makes the file.
            return Ok((known, false));
        }
        let file = LogFile::open(&self.path, &self.lock).map_err(AuditError::File)?;
        if file.room().map_err(|error| self.of_file(error))? < ROOM {
            return Err(AuditError::Full(self.path.display().to_string()));
        }
        let (tail, length) = file.tail(TAIL).map_err(|error| self.of_file(error))?;
        let newest = last(&self.keys, &tail, length).record.map_or(0, |record| record.fields.seq);
        Ok((newest.max(known), length > 0 && newest < known))
    }

    /// What checks the records.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// A name for this file on this machine, by which the store knows its head.
    #[must_use]
    pub fn name(&self, host: &str) -> String {
        let mut hash = Sha256::new();
        for part in [host.as_bytes(), self.path.as_os_str().as_bytes()] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        BASE32_NOPAD.encode(&hash.finalize()[..10]).to_ascii_lowercase()
    }

    /// Where they are.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The error of a lock that was not to be had.
    #[must_use]
    pub fn busy(&self) -> AuditError {
        AuditError::Busy(self.lock.display().to_string())
    }

    /// The file that is at the path, and its last line. Between opening it and looking, it may have been renamed.
    fn opened(&self) -> Result<(LogFile, Last), AuditError> {
        for _ in 0..3 {
            let file = LogFile::open(&self.path, &self.lock).map_err(AuditError::File)?;
            let id = file.id().map_err(|error| self.of_file(error))?;
            if file_at(&self.path).map_err(|error| self.of_file(error))? == Some(id) {
                let (tail, length) = file.tail(TAIL).map_err(|error| self.of_file(error))?;
                return Ok((file, last(&self.keys, &tail, length)));
            }
        }
        Err(self.of_file(io::Error::other("it is replaced again and again")))
    }

    fn of_file(&self, error: io::Error) -> AuditError {
        failed(&self.path, error)
    }

    fn of_lock(&self, error: io::Error) -> AuditError {
        failed(&self.lock, error)
    }
}

fn failed(path: &Path, error: io::Error) -> AuditError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::WriteZero | io::ErrorKind::QuotaExceeded => {
            AuditError::Full(path.display().to_string())
        }
        _ => AuditError::Io { path: path.display().to_string(), error },
    }
}

/// The lock of a file: beside it, and never rotated with it.
pub(super) fn lock_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// What the lock holds; `None`: nothing that can be read.
fn head(lock: &Lock) -> Option<Head> {
    let words = lock.words(HEAD).ok()?;
    serde_json::from_slice(&words).ok()
}

fn hold(lock: &Lock, head: &Head) -> io::Result<()> {
    let words = serde_json::to_string(head).unwrap_or_default();
    lock.hold(format!("{words:<width$}\n", width = HEAD - 1).as_bytes())
}

/// The end of a file.
#[derive(Debug)]
struct Last {
    is_empty: bool,
    /// The line before the end, or before a torn one, where it is a record.
    record: Option<Parsed>,
    /// What is behind the last end of a line.
    is_torn: bool,
}

fn last(keys: &Keys, tail: &[u8], length: u64) -> Last {
    let end = tail.iter().rposition(|byte| *byte == b'\n');
    let whole = end.map_or(&tail[..0], |end| &tail[..end]);
    let line = whole.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let behind = &tail[end.map_or(0, |end| end + 1)..];
    // Only the end of its line may be missing.
    let unended = parsed(keys, behind).filter(|record| record.is_right != Some(false));
    let is_torn = !behind.is_empty();
    Last { is_empty: length == 0, record: unended.or_else(|| parsed(keys, line)), is_torn }
}

/// The record that the next one comes after, and what is to be said of it.
fn before(head: Option<&Head>, last: &Last, is_same_file: bool) -> (Head, Found) {
    let of = |record: &Parsed| Head { seq: record.fields.seq, mac: record.mac.clone(), ..Head::default() };
    // What does not have the right MAC says nothing: it is found when the file is checked.
    let record = last.record.as_ref().filter(|record| record.is_right != Some(false)).map(of);
    let torn = last.is_torn;
    let Some(head) = head else {
        let after = if last.is_empty { After::Nothing } else { After::LostLock };
        return (record.unwrap_or_default(), Found { after: Some(after), torn, missing: None });
    };
    if last.is_empty {
        let after = match (head.seq, is_same_file) {
            (0, _) => After::Nothing,
            (_, true) => After::Truncation,
            (_, false) => After::Rotation,
        };
        return (head.clone(), Found { after: Some(after), torn, missing: None });
    }
    match record {
        // One that died before it wrote the head, or a head that the disk lost.
        Some(record) if record.seq > head.seq => (record, Found { torn, ..Found::default() }),
        Some(record) if record.seq < head.seq => {
            (head.clone(), Found { torn, missing: Some((record.seq + 1, head.seq)), after: None })
        }
        // It is the head, or something in its place that does not change what comes after it.
        _ => (head.clone(), Found { torn, ..Found::default() }),
    }
}

#[cfg(test)]
mod tests;
