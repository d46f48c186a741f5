//! What the user wrote in the table of one service: how it is read, and the errors about it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::otp::Secret;
use crate::otp::duration::duration;
use crate::otp::suggest::{nearest, suggested};
use crate::system::{FilePath, Program};

/// One setting, its source already resolved.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// A value that was in the file.
    Plain(Value),
    /// A file that is read or written.
    File(FilePath),
    /// The file of a CA that TLS trusts instead of the usual ones.
    Authority(FilePath),
    /// A program and its arguments.
    Program(Program, Vec<String>),
    /// A value that came from the environment, a file or a command, or that the schema calls secret.
    Secret(Secret),
}

/// The settings of one table, by name, without `kind`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings(pub BTreeMap<String, Setting>);

/// Why settings cannot be used. It names the setting and never quotes a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// A setting that nothing declares.
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
    /// A template in a setting that does not parse, or uses what there is not.
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
    /// Settings that are wrong together; the sentence is the definition's.
    #[error("{0}")]
    Needs(String),
}

impl Settings {
    /// Refuses what is not in `known`.
    ///
    /// # Errors
    /// [`SettingError::UnknownSetting`] for the first one.
    pub fn only(&self, known: &[&str]) -> Result<(), SettingError> {
        match self.0.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(SettingError::UnknownSetting {
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
    pub fn text(&self, name: &str) -> Result<Option<&str>, SettingError> {
        let text = match self.0.get(name) {
            None => return Ok(None),
            Some(Setting::Plain(Value::String(text))) => text.as_str(),
            Some(Setting::Secret(secret)) => secret.expose(),
            Some(_) => return Err(wrong(name, "a text in quotes")),
        };
        if text.chars().any(char::is_control) {
            return Err(SettingError::ControlCharacter(name.to_owned()));
        }
        Ok(Some(text))
    }

    /// A length of time such as `30s`, read as everywhere in the file.
    ///
    /// # Errors
    /// When it is there and is anything else, or not more than zero.
    pub fn duration(&self, name: &str) -> Result<Option<Duration>, SettingError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        duration(text).map(Some).ok_or_else(|| wrong(name, "a duration such as \"30s\" or \"1h30m\""))
    }

    /// A whole number from zero up to a limit.
    ///
    /// # Errors
    /// When it is there and is anything else; `expected` names the limit.
    #[cfg(feature = "smpp")]
    pub fn number(&self, name: &str, most: u16, expected: &'static str) -> Result<Option<u16>, SettingError> {
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
    pub fn flag(&self, name: &str) -> Result<Option<bool>, SettingError> {
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
    pub fn file(&self, name: &str) -> Result<FilePath, SettingError> {
        match self.0.get(name) {
            None => Err(SettingError::Missing(name.to_owned())),
            Some(Setting::File(path)) => Ok(path.clone()),
            Some(_) => Err(wrong(name, "a text in quotes")),
        }
    }

    /// A program and its arguments.
    ///
    /// # Errors
    /// When it is missing or anything else. A secret is refused: arguments can be seen by every user of the machine.
    pub fn program(&self, name: &str) -> Result<(Program, Vec<String>), SettingError> {
        match self.0.get(name) {
            None => Err(SettingError::Missing(name.to_owned())),
            Some(Setting::Program(program, arguments)) => Ok((program.clone(), arguments.clone())),
            Some(_) => Err(wrong(name, "a list of texts, such as [\"/usr/local/bin/send-sms\", \"--quiet\"]")),
        }
    }
}

/// The error of a setting that is something else.
#[must_use]
pub fn wrong(setting: &str, expected: &'static str) -> SettingError {
    SettingError::WrongType { setting: setting.to_owned(), expected }
}
