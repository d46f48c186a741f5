//! Why a configuration is refused: where it is, what is allowed, and what to type next; never the value itself.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::otp::Hint;
use crate::otp::escape::escaped;
use crate::system::shown;

/// A configuration that is missing, invalid or unsafe. It holds no value of the file and no line of it, so that no
/// secret can reach a terminal or a log through it; only names of keys, files, programs and environment variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(Box<Parts>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    path: Option<PathBuf>,
    line: Option<usize>,
    key: Option<String>,
    message: String,
    hint: Option<Hint>,
}

impl ConfigError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Parts { path: None, line: None, key: None, message: message.into(), hint: None }))
    }

    pub(super) fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub(super) fn in_file(mut self, path: &Path) -> Self {
        self.0.path = Some(path.to_owned());
        self
    }

    pub(super) fn at(mut self, place: &Place) -> Self {
        self.0.path.clone_from(&place.path);
        self.0.line = Some(place.line);
        self.0.key = Some(place.key.clone());
        self
    }

    /// The place of the key whose secret could not be fetched. Where the fault is in a file of its own, that file stays
    /// the one that is named: it is the one to mend.
    pub(super) fn named(mut self, place: &Place) -> Self {
        if self.0.path.is_some() {
            self.0.key = Some(place.key.clone());
            return self;
        }
        self.at(place)
    }

    /// The store is shared and no pepper is configured: what is kept of a code would be a bare hash, which a reader of
    /// the store tries out in a second.
    #[must_use]
    pub fn missing_pepper(path: Option<&Path>) -> Self {
        let error = Self::new(
            "no pepper is configured, and with Redis there must be one: the key that codes are signed with stays \
             outside the store",
        )
        .hint(
            Hint::shell("(umask 077 && head -c 32 /dev/urandom | base64 > /etc/otpctl/pepper)")
                .because("make one, and write under [code] peppers = [{ id = \"1\", file = \"/etc/otpctl/pepper\" }]"),
        );
        match path {
            Some(path) => error.in_file(path),
            None => error,
        }
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
        let Parts { path, line, key, message, .. } = &*self.0;
        match (path, line) {
            (Some(path), Some(line)) => write!(f, "{}:{line}: ", shown(path))?,
            (Some(path), None) => write!(f, "{}: ", shown(path))?,
            // Without a file there is nothing that a line could be of.
            (None, _) => {}
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
    pub(super) fn hinted(&self) -> String {
        self.next().map(|hint| hint.text(&crate::otp::hint::Chosen::default())).unwrap_or_default()
    }
}

/// Where in which file a key stands; kept with what is resolved later, so that its refusal still names the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) path: Option<PathBuf>,
    pub(super) line: usize,
    pub(super) key: String,
}
