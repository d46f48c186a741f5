//! Files that are written for everybody to read, such as manual pages.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

use super::error::FileError;
use super::read::{open_at, regular};

/// Writes a whole file, over what was in it. No link leads to it.
///
/// # Errors
/// When it is no regular file, or cannot be written.
pub fn write_shared(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let failed = |error: std::io::Error| FileError::new(path, format!("cannot be written: {error}"));
    let mut options = OpenOptions::new();
    let mut file = open_at(options.write(true).create(true).mode(0o644), path, OFlags::empty()).map_err(failed)?;
    regular(path, &file.metadata().map_err(failed)?)?;
    file.set_len(0).and_then(|()| file.write_all(bytes)).map_err(failed)
}
