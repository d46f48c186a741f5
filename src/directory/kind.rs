//! Which directory is meant: a database, a program, an API that comes with the program, or one that a file of the user's
//! defines.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;

use super::definition::Definition;
use super::description::{Description, Phones, Usage};
use super::error::DirectoryError;
use super::{Directory, command, service, sql};
use crate::http::{Machine, Settings};
use crate::toml_tree::ConfigError;

/// The definitions that come with the program: the name of the file without its end, and its text.
const CATALOG: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/directories.rs"));

/// A kind of directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `sql`, `command`, or a file of the catalog.
    Known(&'static str),
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

/// What a directory is opened with beside its settings.
#[derive(Clone)]
pub struct Context {
    /// For requests that are signed.
    pub machine: Machine,
    /// Where a program without a folder is searched.
    pub path: OsString,
}

impl Kind {
    /// The names of all kinds that come with the program.
    pub fn names() -> impl Iterator<Item = &'static str> {
        [command::KIND, sql::KIND].into_iter().chain(CATALOG.iter().map(|(name, _)| *name))
    }

    /// A kind that comes with the program.
    #[must_use]
    pub fn known(name: &str) -> Option<Self> {
        Self::names().find(|known| *known == name).map(Self::Known)
    }

    /// A kind of the user's own.
    ///
    /// # Errors
    /// What is wrong with the definition, and where.
    pub fn own(name: &str, text: &str) -> Result<Self, ConfigError> {
        Definition::parse(text)?;
        Ok(Self::Own { name: name.to_owned(), text: text.into() })
    }

    /// What to call it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(name) => name,
            Self::Own { name, .. } | Self::Unread { name } => name,
        }
    }

    /// What is known of it before it is configured.
    #[must_use]
    pub fn describe(&self) -> Option<Description> {
        let code = |title: &str, settings| Description { title: title.to_owned(), settings, phones: Phones::default() };
        match self {
            Self::Known(sql::KIND) => Some(code("SQL", sql::settings())),
            Self::Known(command::KIND) => Some(code("Command", command::settings())),
            _ => Definition::parse(self.definition()?).ok().map(|definition| definition.describe()),
        }
    }

    /// Its definition, where it has one: `sql` and `command` are code.
    #[must_use]
    pub fn definition(&self) -> Option<&str> {
        match self {
            Self::Known(name) => CATALOG.iter().find(|(known, _)| known == name).map(|(_, text)| *text),
            Self::Own { text, .. } => Some(text),
            Self::Unread { .. } => None,
        }
    }

    /// Holds the settings that are written in the file to what can be known of them without the others.
    #[must_use]
    pub fn check(&self, settings: &BTreeMap<&str, &str>) -> Usage {
        match self {
            Self::Known(sql::KIND) => sql::check(settings),
            _ => Usage::Right,
        }
    }

    /// Opens a directory of this kind: reads its settings, and connects to nothing.
    ///
    /// # Errors
    /// The first setting that is wrong. No error quotes a value.
    pub fn open(&self, settings: &Settings, context: &Context) -> Result<Box<dyn Directory>, DirectoryError> {
        Ok(match self {
            Self::Known(sql::KIND) => Box::new(sql::open(settings)?),
            Self::Known(command::KIND) => Box::new(command::open(settings, &context.path)?),
            _ => {
                let text = self.definition().ok_or_else(|| {
                    DirectoryError::Config(format!("the definition `{}` could not be read", self.as_str()))
                })?;
                let definition = Definition::parse(text).map_err(|error| DirectoryError::Config(error.to_string()))?;
                Box::new(service::open(definition, settings, &context.machine)?)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_definition_of_the_catalog_is_read() {
        assert!(CATALOG.iter().any(|(name, _)| *name == "frappe"));
        for (name, text) in CATALOG {
            let definition = Definition::parse(text);
            assert!(
                definition.is_ok(),
                "{name}: {}",
                definition.err().map(|error| error.to_string()).unwrap_or_default()
            );
        }
        for name in Kind::names() {
            assert!(Kind::known(name).and_then(|kind| kind.describe()).is_some(), "{name}");
        }
        assert_eq!(Kind::known("sq"), None);
    }
}
