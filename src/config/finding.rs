//! One finding of `config check`.

use crate::otp::Hint;
use crate::toml_tree::ConfigError;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing.
    Note,
    /// It works, but probably not as intended.
    Warning,
    /// Something that depends on it will fail.
    Error,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// The key that it is about, dotted.
    pub key: String,
    /// What was found. It holds no secret.
    pub text: String,
    /// What to do.
    pub hint: Option<Hint>,
}

pub(super) fn finding(level: Level, key: impl Into<String>, text: impl Into<String>) -> Finding {
    Finding { level, key: key.into(), text: text.into(), hint: None }
}

impl Finding {
    pub(super) fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn failed(key: impl Into<String>, error: &ConfigError) -> Self {
        Self { level: Level::Error, key: key.into(), text: error.to_string(), hint: error.next().cloned() }
    }
}
