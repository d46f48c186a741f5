//! Files that many processes add lines to, and the lock beside such a file, which holds a few words of its own.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, OFlags, flock};

use super::error::{FileError, pasteable};
use super::read::{open_at, regular, resolved};
use crate::otp::Hint;

/// What others may do with a file of lines: nothing. A group may, where the owner of the file says so.
const STRANGERS: u32 = 0o007;

/// Which file it is, whatever it is called: its device and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId {
    pub device: u64,
    pub number: u64,
}

/// A file that is only ever added to.
#[derive(Debug)]
pub struct LogFile(File);

/// A file whose lock only one process holds at a time; it is let go when this is dropped.
#[derive(Debug)]
pub struct Lock(File);

/// The owner's rights, the group and its rights: a file that is made anew has those of the one beside it, so that whoever
/// may use one may use both.
#[derive(Debug, Clone, Copy)]
struct Rights {
    mode: u32,
    group: u32,
}

impl LogFile {
    /// Opens it to read it and to add to it, and makes it where it is not there. `beside`: a file whose rights a new one
    /// gets.
    ///
    /// # Errors
    /// When it cannot be opened, is no regular file, is reached through a link that anyone could have placed, or strangers
    /// may read or write it.
    pub fn open(path: &Path, beside: &Path) -> Result<Self, FileError> {
        open(path, OpenOptions::new().read(true).append(true), beside).map(Self)
    }

    /// Which file it is.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn id(&self) -> io::Result<FileId> {
        Ok(id_of(&self.0.metadata()?))
    }

    /// Its last bytes, at most so many; and how long it is.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn tail(&self, most: u64) -> io::Result<(Vec<u8>, u64)> {
        let length = self.0.metadata()?.len();
        let mut bytes = vec![0; usize::try_from(length.min(most)).unwrap_or(0)];
        self.0.read_exact_at(&mut bytes, length.saturating_sub(most))?;
        Ok((bytes, length))
    }

    /// Adds bytes at its end, in one call: no other process writes between them.
    ///
    /// # Errors
    /// What the operating system says, also where only some of them were written.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.0.write(bytes)? {
            all if all == bytes.len() => Ok(()),
            _ => Err(io::ErrorKind::WriteZero.into()),
        }
    }

    /// Waits until what was added is on the disk.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    /// How many bytes its disk still takes from this process.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn room(&self) -> io::Result<u64> {
        let disk = rustix::fs::fstatvfs(&self.0)?;
        let blocks = if rustix::process::geteuid().is_root() { disk.f_bfree } else { disk.f_bavail };
        Ok(blocks.saturating_mul(disk.f_frsize))
    }
}

impl Lock {
    /// Opens the file of a lock, without taking it. It has the rights of the file beside it.
    ///
    /// # Errors
    /// As [`LogFile::open`].
    pub fn open(path: &Path, beside: &Path) -> Result<Self, FileError> {
        open(path, OpenOptions::new().read(true).write(true), beside).map(Self)
    }

    /// Takes it, unless another process has it.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn take(&self) -> io::Result<bool> {
        match flock(&self.0, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            Err(error) if io::Error::from(error).kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets it go before it is dropped.
    pub fn release(&self) {
        // Dropping the file lets it go anyway.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }

    /// What it holds, at most so many bytes.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn words(&self, most: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; most];
        let length = self.0.read_at(&mut bytes, 0)?;
        bytes.truncate(length);
        Ok(bytes)
    }

    /// Writes over what it holds. What is always as long is never half of one and half of the other.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn hold(&self, words: &[u8]) -> io::Result<()> {
        self.0.write_all_at(words, 0)
    }
}

/// Which file is at a path now; `None`: none.
///
/// # Errors
/// What the operating system says.
pub fn file_at(path: &Path) -> io::Result<Option<FileId>> {
    match std::fs::metadata(path) {
        Ok(found) => Ok(Some(id_of(&found))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens a regular file to read it line by line, however long it is: the caller named it.
///
/// # Errors
/// When it is not there, or no regular file.
pub fn open_lines(path: &Path) -> Result<File, FileError> {
    let failed = |error: io::Error| FileError::failed(path, &error);
    regular(path, &std::fs::metadata(path).map_err(failed)?)?;
    let real = std::fs::canonicalize(path).map_err(failed)?;
    open_at(OpenOptions::new().read(true), &real, OFlags::empty()).map_err(failed)
}

/// The files in the folder of a file whose names begin with its name, in no order.
#[must_use]
pub fn files_beside(path: &Path) -> Vec<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (Some(name), Ok(entries)) = (path.file_name(), std::fs::read_dir(folder)) else { return Vec::new() };
    let named = |path: &PathBuf| {
        let own = path.file_name().map(std::ffi::OsStr::as_encoded_bytes);
        own.is_some_and(|own| own.starts_with(name.as_encoded_bytes()) && own != name.as_encoded_bytes())
    };
    entries.filter_map(|entry| Some(entry.ok()?.path())).filter(named).filter(|path| path.is_file()).collect()
}

fn id_of(found: &std::fs::Metadata) -> FileId {
    FileId { device: found.dev(), number: found.ino() }
}

fn open(path: &Path, options: &mut OpenOptions, beside: &Path) -> Result<File, FileError> {
    let failed = |error: io::Error| FileError {
        unwritable: Some(error.kind()),
        ..FileError::new(path, format!("cannot be written: {error}"))
    };
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => {
            return Err(FileError::new(path, "this is a symbolic link")
                .hint(Hint::shell(format!("ls -l {0} && rm {0}", pasteable(path)))));
        }
        // A pipe or a device may block or act when it is opened.
        Ok(found) => regular(path, &found)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let real = resolved(path).map_err(|error| FileError { path: path.to_owned(), ..error })?;
    let file = match open_at(options, &real, OFlags::empty()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => made(&real, options, beside).map_err(failed)?,
        opened => opened.map_err(failed)?,
    };
    let found = file.metadata().map_err(failed)?;
    regular(path, &found)?;
    if found.mode() & STRANGERS == 0 {
        return Ok(file);
    }
    Err(FileError::new(path, "can be read or written by others")
        .hint(Hint::shell(format!("chmod o-rwx {}", pasteable(path)))))
}

/// Makes a file with the rights of the one beside it; two processes that make it at once get the same file.
fn made(real: &Path, options: &mut OpenOptions, beside: &Path) -> io::Result<File> {
    let rights = std::fs::metadata(beside).ok().filter(std::fs::Metadata::is_file);
    let rights = rights.map(|found| Rights { mode: found.mode() & 0o660, group: found.gid() });
    let file = open_at(options.create(true).mode(0o600), real, OFlags::empty())?;
    if let Some(rights) = rights {
        // Whoever is in the group may give it a file; else it stays with its owner alone.
        let group = Some(rustix::fs::Gid::from_raw(rights.group));
        if rustix::fs::fchown(&file, None, group).is_ok() {
            file.set_permissions(std::fs::Permissions::from_mode(0o600 | rights.mode))?;
        }
    }
    Ok(file)
}

/// The pause between two looks at a lock that another process has.
pub const LOCK_PAUSE: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_has_the_rights_of_the_one_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let [log, lock, next] = ["log", "log.lock", "next"].map(|name| folder.path().join(name));
        drop(LogFile::open(&log, &lock).unwrap());
        let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(&log), 0o600);
        std::fs::set_permissions(&log, std::fs::Permissions::from_mode(0o660)).unwrap();
        drop(Lock::open(&lock, &log).unwrap());
        drop(LogFile::open(&next, &lock).unwrap());
        assert_eq!((mode(&lock), mode(&next)), (0o660, 0o660));
    }

    #[test]
    fn a_file_of_strangers_and_a_link_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let [log, link] = ["log", "link"].map(|name| folder.path().join(name));
        drop(LogFile::open(&log, &link).unwrap());
        std::os::unix::fs::symlink(&log, &link).unwrap();
        assert!(LogFile::open(&link, &log).is_err());
        std::fs::set_permissions(&log, std::fs::Permissions::from_mode(0o602)).unwrap();
        assert!(LogFile::open(&log, &link).unwrap_err().message.contains("others"));
    }

    #[test]
    fn a_lock_is_taken_once_and_holds_its_words() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let (first, second) = (Lock::open(&path, &path).unwrap(), Lock::open(&path, &path).unwrap());
        assert!(first.take().unwrap() && !second.take().unwrap());
        first.hold(b"four").unwrap();
        first.release();
        assert!(second.take().unwrap());
        assert_eq!(second.words(64).unwrap(), b"four");
    }

    #[test]
    fn a_tail_is_the_end_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = LogFile::open(&path, &path).unwrap();
        assert_eq!(log.tail(8).unwrap(), (Vec::new(), 0));
        log.append(b"one\ntwo\n").unwrap();
        log.append(b"three\n").unwrap();
        assert_eq!(log.tail(6).unwrap(), (b"three\n".to_vec(), 14));
        assert_eq!(log.tail(99).unwrap().0, b"one\ntwo\nthree\n");
        assert_eq!(file_at(&path).unwrap(), Some(log.id().unwrap()));
        assert!(log.room().unwrap() > 0);
    }
}
