//! Files that are kept: regular ones that only their owner may read or write, and that no link leads to.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::{Access, OFlags, access};

use super::error::{FileError, pasteable};
use super::read::{open_at, regular, resolved};
use super::trust::{Found, OTHERS, Reader, owned};
use crate::otp::Hint;

/// Opens a file to append to it, and makes it for its owner alone where it is not there.
///
/// # Errors
/// When it cannot be opened, is no regular file, is reached through a link, or others may read or write it.
pub fn append(path: &Path) -> Result<File, FileError> {
    open(path, OpenOptions::new().append(true).create(true))
}

/// Whether [`append`] would work. No file is made to find out.
///
/// # Errors
/// As [`append`].
pub fn check_append(path: &Path) -> Result<(), FileError> {
    match open(path, OpenOptions::new().append(true)) {
        Err(error) if error.missing => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            check_folder(folder).map_err(|error| unwritable(path, &error))
        }
        opened => opened.map(drop),
    }
}

/// Whether files can be made in a folder, and written.
///
/// # Errors
/// What the operating system says.
pub fn check_folder(folder: &Path) -> io::Result<()> {
    Ok(access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}

/// Whether a file that is there can be written.
#[must_use]
pub fn is_writable(path: &Path) -> bool {
    access(path, Access::READ_OK | Access::WRITE_OK).is_ok()
}

/// Opens a file to read and write it, and makes it for its owner alone where it is not there.
///
/// # Errors
/// As [`append`].
pub fn open_private(path: &Path) -> Result<File, FileError> {
    open(path, OpenOptions::new().read(true).write(true).create(true).truncate(false))
}

/// Makes a file for its owner alone, where nothing is yet.
///
/// # Errors
/// What the operating system says.
pub fn create_private(path: &Path) -> io::Result<File> {
    open_at(OpenOptions::new().write(true).create_new(true).mode(0o600), path, OFlags::empty())
}

/// Writes a whole file for its owner alone, over what was in it.
///
/// # Errors
/// As [`append`], and when it cannot be written.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    use std::io::Write as _;
    let mut file = open_private(path)?;
    let written = file.set_len(0).and_then(|()| file.write_all(bytes)).and_then(|()| file.sync_all());
    written.map_err(|error| unwritable(path, &error))
}

/// Refuses a file that is there and that [`open_private`] would refuse, without opening it.
///
/// # Errors
/// As [`append`].
pub fn check_private(path: &Path) -> Result<(), FileError> {
    let found = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found.map_err(|error| unwritable(path, &error))?,
    };
    if found.is_symlink() {
        return Err(FileError::new(path, "this is a symbolic link")
            .hint(Hint::shell(format!("ls -l {0} && rm {0}", pasteable(path)))));
    }
    // A pipe or a device may block or act when it is opened.
    regular(path, &found)?;
    own_alone(path, Found::of(&found))
}

fn own_alone(path: &Path, found: Found) -> Result<(), FileError> {
    owned(path, found.owner, &Reader::own())?;
    if found.mode & OTHERS == 0 {
        return Ok(());
    }
    Err(FileError::new(path, "can be read or written by others")
        .hint(Hint::shell(format!("chmod 600 {}", pasteable(path)))))
}

fn open(path: &Path, options: &mut OpenOptions) -> Result<File, FileError> {
    check_private(path)?;
    // Where its folder is what is missing, it is still this file that is asked for.
    let real = resolved(path).map_err(|error| FileError { path: path.to_owned(), ..error })?;
    let file = open_at(options.mode(0o600), &real, OFlags::empty()).map_err(|error| unwritable(path, &error))?;
    let metadata = file.metadata().map_err(|error| unwritable(path, &error))?;
    regular(path, &metadata)?;
    own_alone(path, Found::of(&metadata))?;
    Ok(file)
}

fn unwritable(path: &Path, error: &io::Error) -> FileError {
    match error.kind() {
        io::ErrorKind::NotFound => FileError::failed(path, error),
        kind => FileError { unwritable: Some(kind), ..FileError::new(path, format!("cannot be written: {error}")) },
    }
}
