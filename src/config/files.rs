//! Opening what decides where secrets go: the file itself, definitions, secrets.

use std::path::Path;

use crate::system::{FileError, MAX_CONFIG, MAX_SECRET, Reader, Text, Trust, private, read_text};
use crate::toml_tree::ConfigError;

/// The configuration: ours or root's, and nobody else may write it. Who may read it depends on what is in it.
pub(super) fn read_config(path: &Path) -> Result<Text, ConfigError> {
    Ok(read_text(path, MAX_CONFIG, Trust::Owned)?)
}

/// A secret: ours or root's, and nobody else may read or write it, save a group that root chose.
pub(super) fn read_secret(path: &Path) -> Result<Text, ConfigError> {
    Ok(read_text(path, MAX_SECRET, Trust::Private)?)
}

/// Holds a configuration to what holds for a secret.
pub(super) fn held_private(path: &Path, text: &Text, why: &str) -> Result<(), ConfigError> {
    Ok(private(path, &text.real, text.found, &Reader::own(), why)?)
}

impl From<FileError> for ConfigError {
    fn from(error: FileError) -> Self {
        let own = Self::new(error.message).in_file(&error.path);
        match error.hint {
            Some(hint) => own.hint(hint),
            None => own,
        }
    }
}
