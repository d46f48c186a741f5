//! Why a file is not used: which file, what is wrong with it, and what to type to fix it. Never what is in it.

use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::otp::Hint;
use crate::otp::escape::escaped;
use crate::otp::hint::word;

/// A file that is missing, unsafe, or not what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileError {
    /// The file, as it was named.
    pub path: PathBuf,
    /// What is wrong with it.
    pub message: String,
    /// What to type next.
    pub hint: Option<Hint>,
    /// Nothing is there by this name.
    pub missing: bool,
    /// Why it cannot be written, where that is what failed.
    pub unwritable: Option<io::ErrorKind>,
}

impl FileError {
    pub(crate) fn new(path: &Path, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), message: message.into(), hint: None, missing: false, unwritable: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What the operating system said.
    pub(super) fn failed(path: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self { missing: true, ..Self::new(path, "there is no such file") },
            io::ErrorKind::PermissionDenied => Self::new(path, format!("cannot be read: {}", error.kind()))
                .hint(Hint::shell(format!("sudo chgrp \"$(id -g)\" {0} && sudo chmod 640 {0}", pasteable(path)))),
            kind => Self::new(path, format!("cannot be read: {kind}")),
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", shown(&self.path), self.message)
    }
}

impl std::error::Error for FileError {}

/// A path as a terminal may see it.
#[must_use]
pub fn shown(path: &Path) -> String {
    escaped(&path.to_string_lossy())
}

/// A path as a shell reads it, for hints that are pasted.
#[must_use]
pub fn pasteable(path: &Path) -> String {
    word(path.as_os_str().as_bytes())
}
