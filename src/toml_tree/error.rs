//! Why a configuration is refused: where it is, what is allowed, and what to type next; never the value itself.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::otp::Hint;
use crate::otp::escape::escaped;
use crate::system::shown;

/// A configuration, or the definition of a gateway, that is missing, invalid or unsafe. It holds no value of the file and
/// no line of it, so that no secret can reach a terminal or a log through it; only names of keys, files, programs and
/// environment variables, and the words of a definition, which hold no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(Box<Parts>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    path: Option<PathBuf>,
    line: Option<usize>,
    column: Option<usize>,
    key: Option<String>,
    message: String,
    hint: Option<Hint>,
}

/// Where in which file a key is; kept with what is resolved later, so that its refusal still names the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The file, where the text is of one.
    pub path: Option<PathBuf>,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// Dotted, such as `code.ttl`; empty at the top of the file.
    pub key: String,
}

impl Position {
    /// The begin of a text.
    pub(crate) fn first() -> Self {
        Self { path: None, line: 1, column: 1, key: String::new() }
    }
}

impl ConfigError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Parts { path: None, line: None, column: None, key: None, message, hint: None }))
    }

    pub(crate) fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub(crate) fn in_file(mut self, path: &Path) -> Self {
        self.0.path = Some(path.to_owned());
        self
    }

    pub(crate) fn at(mut self, position: &Position) -> Self {
        self.0.path.clone_from(&position.path);
        self.0.line = Some(position.line);
        self.0.column = Some(position.column);
        self.0.key = Some(position.key.clone());
        self
    }

    /// The key alone, where no file is read that it could be in.
    pub(crate) fn of_key(mut self, key: &str) -> Self {
        self.0.key = Some(key.to_owned());
        self
    }

    /// The position of the key whose secret could not be fetched. If the error is in another file, that file
    /// stays the one that is named: it is the one to fix.
    pub(crate) fn asked_by(self, position: &Position) -> Self {
        if self.0.path.is_some() { self.of_key(&position.key) } else { self.at(position) }
    }

    /// The file, where the fault is in one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// The line in it, from 1.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.0.line
    }

    /// The key, such as `code.ttl`.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.0.key.as_deref()
    }

    /// What is wrong and what is allowed, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to type next.
    #[must_use]
    pub fn next(&self) -> Option<&Hint> {
        self.0.hint.as_ref()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { path, line, column, key, message, .. } = &*self.0;
        match (path, line, column) {
            (Some(path), Some(line), _) => write!(f, "{}:{line}: ", shown(path))?,
            (Some(path), None, _) => write!(f, "{}: ", shown(path))?,
            // The text of a definition: whoever passed it knows the file.
            (None, Some(line), Some(column)) => write!(f, "line {line}, column {column}: ")?,
            (None, ..) => {}
        }
        match key {
            Some(key) if !key.is_empty() => write!(f, "{}: {message}", escaped(key)),
            _ => f.write_str(message),
        }
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
impl ConfigError {
    /// What to type next, in one line.
    pub(crate) fn hinted(&self) -> String {
        self.next().map(|hint| hint.text(&crate::otp::hint::Chosen::default())).unwrap_or_default()
    }
}
