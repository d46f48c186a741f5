//! One parsed file.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use super::source::Source;
use super::tree::Table;

/// One parsed file, or a text that comes with the program.
pub struct Document<'d> {
    source: Source<'d>,
    root: Spanned<DeTable<'d>>,
}

impl<'d> Document<'d> {
    /// Parses a text.
    ///
    /// # Errors
    /// When it is not TOML.
    pub fn parse(path: Option<&'d Path>, text: &'d str) -> Result<Self, ConfigError> {
        let source = Source::new(path, text);
        match DeTable::parse(text) {
            Ok(root) => Ok(Self { source, root }),
            // Only the message and the position: the error's own Display prints the line, whatever is on it.
            Err(error) => {
                let position = source.position("", error.span().map_or(0, |span| span.start));
                Err(ConfigError::new(format!("not valid TOML: {}", error.message())).at(&position))
            }
        }
    }

    /// The same, for a file of which it is known which table a key belongs in: a key in the wrong one is told where.
    #[must_use]
    pub fn with_homes(mut self, home_of: fn(&str) -> Option<&'static str>) -> Self {
        self.source.home_of = home_of;
        self
    }

    /// The table that holds everything.
    #[must_use]
    pub fn root(&'d self) -> Table<'d> {
        Table { source: &self.source, key: String::new(), entries: self.root.get_ref(), offset: 0 }
    }

    /// The line of the first secret that is written in the file itself, known once every secret was read.
    #[must_use]
    pub fn first_secret(&self) -> Option<usize> {
        self.source.first_secret.get()
    }

    /// The line of every key and table, by dotted key.
    #[must_use]
    pub fn lines(&'d self) -> BTreeMap<String, usize> {
        let (mut lines, mut open) = (BTreeMap::new(), vec![self.root()]);
        while let Some(table) = open.pop() {
            for node in table.nodes() {
                lines.insert(node.key.clone(), self.source.line(node.key_offset));
                if matches!(node.value, DeValue::Table(_)) {
                    open.extend(node.table());
                }
            }
        }
        lines
    }
}
