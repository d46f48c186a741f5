//! Which provider is meant: one that comes with the program, or one that a file of the user's defines.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::definition::{Definition, SettingWarning};
use super::open_error::OpenError;
use super::{Context, Description, Provider, catalog, registry};
use crate::http::Settings;
use crate::toml_tree::ConfigError;

/// A kind of provider that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// One of [`registry::kinds`].
    Known(String),
    /// One of the user's own: the text of its definition, and what to call it.
    Own {
        /// The name of the file.
        name: String,
        /// What it says.
        text: Arc<str>,
    },
    /// One of the user's own whose definition is not there, or is wrong: its configuration knows why.
    Unread {
        /// The name of the file.
        name: String,
    },
}

impl Kind {
    /// A kind that comes with the program.
    #[must_use]
    pub fn known(name: &str) -> Option<Self> {
        registry::kinds().any(|kind| kind == name).then(|| Self::Known(name.to_owned()))
    }

    /// A kind of the user's own.
    ///
    /// # Errors
    /// What is wrong with the definition, and where.
    pub fn own(name: &str, text: &str) -> Result<Self, ConfigError> {
        Definition::checked(text)?;
        Ok(Self::Own { name: name.to_owned(), text: text.into() })
    }

    /// What to call it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let (Self::Known(name) | Self::Own { name, .. } | Self::Unread { name }) = self;
        name
    }

    /// What is known of it before it is configured.
    #[must_use]
    pub fn describe(&self) -> Option<Description> {
        match self {
            Self::Known(name) => registry::describe(name),
            Self::Own { name, text } => Definition::parse(text).ok().map(|definition| definition.describe(name)),
            Self::Unread { .. } => None,
        }
    }

    /// What of the settings that are written in the file is probably not what was meant, as its definition says.
    #[must_use]
    pub fn warnings(&self, settings: &BTreeMap<&str, &Value>) -> Vec<SettingWarning> {
        let definition = self.definition().and_then(|text| Definition::parse(text).ok());
        definition.map(|definition| definition.warnings(settings)).unwrap_or_default()
    }

    /// Whether its messages leave the machine and may cost money.
    #[must_use]
    pub fn is_real(&self) -> bool {
        match self {
            Self::Known(name) => registry::is_real(name),
            Self::Own { .. } | Self::Unread { .. } => true,
        }
    }

    /// Whether it shows codes on this machine, instead of sending them to their receivers.
    #[must_use]
    pub fn shows_codes(&self) -> bool {
        matches!(self, Self::Known(name) if registry::shows_codes(name))
    }

    /// Its definition, where it has one: `console`, `outbox`, `command` and `smpp` are code.
    #[must_use]
    pub fn definition(&self) -> Option<&str> {
        match self {
            Self::Known(name) => catalog::text(name),
            Self::Own { text, .. } => Some(text),
            Self::Unread { .. } => None,
        }
    }

    /// Opens a provider of this kind, as [`registry::open`] does.
    ///
    /// # Errors
    /// The first setting that is wrong. No error quotes a value.
    pub fn open(&self, name: &str, settings: Settings, context: &Context) -> Result<Box<dyn Provider>, OpenError> {
        match self {
            Self::Known(kind) => registry::open(name, kind, settings, context),
            Self::Own { text, .. } => registry::open_defined(name, Definition::parse(text)?, settings, context),
            Self::Unread { name } => Err(OpenError::Unread(name.clone())),
        }
    }
}
