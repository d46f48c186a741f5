//! Reading a file: a regular one, of a bounded size, and of a trusted owner.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use zeroize::Zeroizing;

use super::error::FileError;
use super::follow::follow;
use super::trust::{Found, Reader, Trust};

/// No configuration and no definition is longer, in bytes.
pub const MAX_CONFIG: u64 = 1 << 20;
/// No secret is longer, in bytes.
pub const MAX_SECRET: u64 = 64 << 10;
/// No list of certificates is longer, in bytes: all authorities of a system are 220 kB.
pub const MAX_CERTIFICATES: u64 = 4 << 20;

/// Files of the kernel's do not say how long they are; most are shorter.
const SMALL: usize = 1023;

/// What a file says. It is wiped when it is dropped: it may be a secret.
#[derive(Debug)]
pub struct Text {
    pub text: Zeroizing<String>,
    /// What the file was when it was open.
    pub found: Found,
    /// Where it is once every link was followed.
    pub real: PathBuf,
}

/// Reads the whole of a regular file of at most `limit` bytes of UTF-8. A pipe or a device is refused before it is
/// opened, since that may block or act; what is judged after that is the file that is open, so that nobody can put
/// another one in its place between the check and the reading.
///
/// # Errors
/// When it is not there, no regular file, too long, no text, or not to be trusted.
pub fn read_text(path: &Path, limit: u64, trust: Trust) -> Result<Text, FileError> {
    let (file, real) = open(path, trust)?;
    let failed = |error: io::Error| FileError::failed(path, &error);
    let metadata = file.metadata().map_err(failed)?;
    let found = Found::of(&metadata);
    // Read at once: a text that grows leaves pieces of itself behind, and asks once more for each.
    let length = usize::try_from(metadata.len().min(limit)).unwrap_or_default();
    let mut text = Zeroizing::new(String::with_capacity(length.max(SMALL) + 1));
    match file.take(limit + 1).read_to_string(&mut text) {
        Ok(_) if text.len() as u64 > limit => {
            Err(FileError::new(path, format!("this file is larger than {limit} bytes")))
        }
        Ok(_) => Ok(Text { text, found, real }),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(FileError::new(path, "this file is not UTF-8 text"))
        }
        Err(error) => Err(failed(error)),
    }
}

/// The beginning of a regular file, at most `most` bytes of it.
///
/// # Errors
/// When it is not there, or no regular file.
pub fn first_bytes(path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
    let (file, _) = open(path, Trust::Any)?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).map_err(|error| FileError::failed(path, &error))?;
    Ok(bytes)
}

/// Where a path leads, through links that are trusted. What is not there yet is looked for in its folder.
///
/// # Errors
/// When its folder does not exist, or the path contains a link that anyone could have placed.
pub fn resolved(path: &Path) -> Result<PathBuf, FileError> {
    match follow(path) {
        Err(error) if error.missing && !path.is_symlink() => {
            let (folder, name) = (path.parent(), path.file_name());
            let folder = folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Ok(follow(folder)?.join(name.ok_or(error)?))
        }
        result => result,
    }
}

fn open(path: &Path, trust: Trust) -> Result<(File, PathBuf), FileError> {
    let failed = |error: io::Error| FileError::failed(path, &error);
    regular(path, &std::fs::metadata(path).map_err(failed)?)?;
    let real = if trust == Trust::Any { std::fs::canonicalize(path).map_err(failed)? } else { follow(path)? };
    let mut options = OpenOptions::new();
    let file = open_at(options.read(true), &real, OFlags::empty()).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    regular(path, &metadata)?;
    trust.judge(path, &real, Found::of(&metadata), &Reader::own())?;
    Ok((file, real))
}

/// Opens without waiting for another end of a pipe, and without following a link that was put there a moment ago.
#[expect(clippy::disallowed_methods, reason = "this is the one place that opens files")]
pub(super) fn open_at(options: &mut OpenOptions, real: &Path, more: OFlags) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | more;
    options.custom_flags(i32::try_from(flags.bits()).unwrap_or(0)).open(real)
}

pub(super) fn regular(path: &Path, found: &std::fs::Metadata) -> Result<(), FileError> {
    if found.is_file() { Ok(()) } else { Err(FileError::new(path, "this is not a regular file")) }
}
