//! What the user wrote under `[providers.x]`: how a backend takes its settings, and how it says what is wrong with them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::otp::duration::duration;
use crate::otp::suggest::{nearest, suggested};
use crate::otp::{Hint, Secret};
use crate::system::{FileError, FilePath, Program};
use crate::toml_tree::ConfigError;

/// One setting, its source already resolved.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// A value that was in the file.
    Plain(Value),
    /// A file that the provider reads or writes.
    File(FilePath),
    /// The file of a CA that TLS trusts instead of the usual ones.
    Authority(FilePath),
    /// A program and its arguments.
    Program(Program, Vec<String>),
    /// A value that came from the environment, a file or a command, or that the schema calls secret.
    Secret(Secret),
}

/// The settings of one provider, by name, without `kind`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings(pub BTreeMap<String, Setting>);

/// Why a provider cannot be opened. It names the setting and never quotes a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// No such kind of provider.
    #[error("there is no provider kind `{kind}`{}", suggested(near.as_deref()))]
    UnknownKind {
        /// What was asked for.
        kind: String,
        /// The kind that it is closest to.
        near: Option<String>,
    },
    /// A setting that this kind does not have.
    #[error("there is no setting `{setting}`{}", suggested(near.as_deref()))]
    UnknownSetting {
        /// What was written.
        setting: String,
        /// The setting that it is closest to.
        near: Option<String>,
    },
    /// A setting that must be there is not.
    #[error("`{0}` is missing")]
    Missing(String),
    /// A setting of another type.
    #[error("`{setting}` must be {expected}")]
    WrongType {
        /// Which one.
        setting: String,
        /// What it must be, in words.
        expected: &'static str,
    },
    /// A line break or another control character in a setting, as from a file that ends in a newline.
    #[error("`{0}` holds a line break or another control character")]
    ControlCharacter(String),
    /// A template in a setting that does not parse, or uses what a message does not have.
    #[error("`{setting}`: {why}")]
    Template {
        /// Which one.
        setting: String,
        /// What is wrong with it.
        why: String,
    },
    /// A base URL that cannot be one.
    #[error("`base_url` {0}")]
    BaseUrl(&'static str),
    /// A kind that this program was built without.
    #[error("this otpctl was built without `{kind}`: build it with `cargo build --release --features {kind}`")]
    NotBuilt {
        /// The kind, and the feature of the same name.
        kind: &'static str,
    },
    /// Settings that are wrong together; the sentence is the definition's.
    #[error("{0}")]
    Needs(String),
    /// The definition of the gateway is not there, or is wrong.
    #[error("its definition `{0}` could not be read")]
    Unread(String),
    /// A file that it needs is not safe to use.
    #[error("{0}")]
    Unsafe(#[from] FileError),
    /// The definition of the gateway itself is wrong.
    #[error("the definition of this provider: {0}")]
    Definition(#[from] ConfigError),
}

impl OpenError {
    /// The command that fixes it, where one does.
    #[must_use]
    pub fn fix(&self) -> Option<Hint> {
        match self {
            Self::Unsafe(error) => error.hint.clone(),
            _ => None,
        }
    }
}

impl Settings {
    /// Refuses what is not in `known`.
    ///
    /// # Errors
    /// [`OpenError::UnknownSetting`] for the first one.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), OpenError> {
        match self.0.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(OpenError::UnknownSetting {
                setting: name.clone(),
                near: nearest(name, known.iter().copied()).map(str::to_owned),
            }),
            None => Ok(()),
        }
    }

    /// A text without control characters.
    ///
    /// # Errors
    /// When it is there and is anything else.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, OpenError> {
        let text = match self.0.get(name) {
            None => return Ok(None),
            Some(Setting::Plain(Value::String(text))) => text.as_str(),
            Some(Setting::Secret(secret)) => secret.expose(),
            Some(_) => return Err(wrong(name, "a text in quotes")),
        };
        if text.chars().any(char::is_control) {
            return Err(OpenError::ControlCharacter(name.to_owned()));
        }
        Ok(Some(text))
    }

    /// A length of time such as `30s`, read as everywhere in the file.
    ///
    /// # Errors
    /// When it is there and is anything else, or not more than zero.
    pub(super) fn duration(&self, name: &str) -> Result<Option<Duration>, OpenError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        duration(text).map(Some).ok_or_else(|| wrong(name, "a duration such as \"30s\" or \"1h30m\""))
    }

    /// A whole number from zero up to a limit.
    ///
    /// # Errors
    /// When it is there and is anything else; `expected` names the limit.
    #[cfg(feature = "smpp")]
    pub(super) fn number(&self, name: &str, most: u16, expected: &'static str) -> Result<Option<u16>, OpenError> {
        let number = match self.0.get(name) {
            None => return Ok(None),
            Some(Setting::Plain(value)) => value.as_u64().and_then(|number| u16::try_from(number).ok()),
            Some(_) => None,
        };
        number.filter(|number| *number <= most).map(Some).ok_or_else(|| wrong(name, expected))
    }

    /// Yes or no.
    ///
    /// # Errors
    /// When it is there and is anything else.
    #[cfg(feature = "smpp")]
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, OpenError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Setting::Plain(Value::Bool(flag))) => Ok(Some(*flag)),
            Some(_) => Err(wrong(name, "true or false")),
        }
    }

    /// A file.
    ///
    /// # Errors
    /// When it is missing or anything else.
    pub(super) fn file(&self, name: &str) -> Result<FilePath, OpenError> {
        match self.0.get(name) {
            None => Err(OpenError::Missing(name.to_owned())),
            Some(Setting::File(path)) => Ok(path.clone()),
            Some(_) => Err(wrong(name, "a text in quotes")),
        }
    }

    /// A program and its arguments.
    ///
    /// # Errors
    /// When it is missing or anything else. A secret is refused: arguments can be seen by every user of the machine.
    pub(super) fn program(&self, name: &str) -> Result<(Program, Vec<String>), OpenError> {
        match self.0.get(name) {
            None => Err(OpenError::Missing(name.to_owned())),
            Some(Setting::Program(program, arguments)) => Ok((program.clone(), arguments.clone())),
            Some(_) => Err(wrong(name, "a list of texts, such as [\"/usr/local/bin/send-sms\", \"--quiet\"]")),
        }
    }
}

pub(super) fn wrong(setting: &str, expected: &'static str) -> OpenError {
    OpenError::WrongType { setting: setting.to_owned(), expected }
}
