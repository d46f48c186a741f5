//! The file as a tree of values that know their line: every refusal of a key or a type is worded here, once, and none
//! quotes a value.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, Place};
use super::keys;
use crate::otp::escape::escaped;
use crate::otp::{duration, suggest};
use crate::system::{FilePath, Program};

/// One parsed file. It is walked by hand and not through serde, whose message of a wrong type quotes the value
/// (`invalid type: string "…"`): that value may be a secret.
pub(super) struct Document<'d> {
    path: Option<&'d Path>,
    root: Spanned<DeTable<'d>>,
    line_starts: Vec<usize>,
    /// The line of the first secret that is written into the file itself.
    literal: Cell<Option<usize>>,
}

/// A table whose keys are asked for by name.
#[derive(Clone)]
pub(super) struct Table<'d> {
    document: &'d Document<'d>,
    key: String,
    entries: &'d DeTable<'d>,
    offset: usize,
}

/// A value, with the dotted key that leads to it.
pub(super) struct Node<'d> {
    document: &'d Document<'d>,
    key: String,
    /// The last part of the key.
    pub(super) name: &'d str,
    pub(super) value: &'d DeValue<'d>,
    offset: usize,
}

impl<'d> Document<'d> {
    pub(super) fn parse(path: Option<&'d Path>, text: &'d str) -> Result<Self, ConfigError> {
        let line_starts: Vec<usize> =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        match DeTable::parse(text) {
            Ok(root) => Ok(Self { path, root, line_starts, literal: Cell::new(None) }),
            // Only the message and the place: the error's own Display prints the line, whatever is on it.
            Err(error) => {
                let line = line_of(&line_starts, error.span().map_or(0, |span| span.start));
                let place = Place { path: path.map(Path::to_owned), line, key: String::new() };
                Err(ConfigError::new(format!("this is not TOML: {}", error.message()))
                    .at(&place)
                    .hint("text is quoted, and a key stands once; otpctl.toml.example shows every key"))
            }
        }
    }

    pub(super) fn root(&'d self) -> Table<'d> {
        Table { document: self, key: String::new(), entries: self.root.get_ref(), offset: 0 }
    }

    /// The line of the first secret that stands in the file itself, known once every secret was read.
    pub(super) fn literal(&self) -> Option<usize> {
        self.literal.get()
    }

    /// The line of every key and table, by dotted key.
    pub(super) fn lines(&'d self) -> BTreeMap<String, usize> {
        let (mut lines, mut open) = (BTreeMap::new(), vec![self.root()]);
        while let Some(table) = open.pop() {
            for node in table.nodes() {
                lines.insert(node.key.clone(), line_of(&self.line_starts, node.offset));
                if matches!(node.value, DeValue::Table(_)) {
                    open.extend(node.table());
                }
            }
        }
        lines
    }

    fn place(&self, key: &str, offset: usize) -> Place {
        let line = line_of(&self.line_starts, offset);
        Place { path: self.path.map(Path::to_owned), line, key: key.to_owned() }
    }
}

fn line_of(starts: &[usize], offset: usize) -> usize {
    starts.partition_point(|start| *start <= offset).max(1)
}

impl<'d> Table<'d> {
    pub(super) fn get(&self, name: &str) -> Option<Node<'d>> {
        let (key, value) = self.entries.get_key_value(name)?;
        Some(self.node(key, value))
    }

    fn node(&self, key: &'d Spanned<Cow<'d, str>>, value: &'d Spanned<DeValue<'d>>) -> Node<'d> {
        let name: &'d str = key.get_ref();
        let dotted = if self.key.is_empty() { name.to_owned() } else { format!("{}.{name}", self.key) };
        // The place of the key and not of its value: `[store.redis]` begins where it is named.
        Node { document: self.document, key: dotted, name, value: value.get_ref(), offset: key.span().start }
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = Node<'d>> + use<'d> {
        let table = self.clone();
        self.entries.iter().map(move |(key, value)| table.node(key, value))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    pub(super) fn table(&self, name: &str) -> Result<Option<Self>, ConfigError> {
        self.get(name).map(|node| node.table()).transpose()
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'d str>, ConfigError> {
        self.get(name).map(|node| node.text()).transpose()
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, ConfigError> {
        self.get(name).map_or(Ok(false), |node| node.flag())
    }

    pub(super) fn file(&self, name: &str) -> Result<Option<FilePath>, ConfigError> {
        self.get(name).map(|node| node.file()).transpose()
    }

    /// Refuses every key that is not one of `allowed`.
    pub(super) fn only(&self, allowed: &[&str]) -> Result<(), ConfigError> {
        let Some(node) = self.nodes().find(|node| !allowed.contains(&node.name)) else { return Ok(()) };
        let meant = match suggest::meant(node.name, allowed.iter().copied()) {
            nothing if nothing.is_empty() => keys::home_of(node.name)
                .filter(|home| *home != self.key)
                .map(|home| format!("; it belongs {}", keys::under(home)))
                .unwrap_or_default(),
            meant => meant,
        };
        let message = format!("unknown key `{}`{meant}", escaped(&clipped(node.name)));
        let within = if self.key.is_empty() { "at the top level".to_owned() } else { keys::under(&escaped(&self.key)) };
        let hint = format!("allowed {within}: {}", allowed.join(", "));
        Err(ConfigError::new(message).at(&self.document.place(&self.key, node.offset)).hint(hint))
    }

    pub(super) fn refuse(&self, message: impl Into<String>) -> ConfigError {
        ConfigError::new(message).at(&self.place())
    }

    pub(super) fn place(&self) -> Place {
        self.document.place(&self.key, self.offset)
    }
}

/// A key longer than any of ours is not worth a screenful.
fn clipped(name: &str) -> String {
    if name.chars().count() > 48 { name.chars().take(48).chain(['…']).collect() } else { name.to_owned() }
}

impl<'d> Node<'d> {
    pub(super) fn refuse(&self, message: impl Into<String>) -> ConfigError {
        ConfigError::new(message).at(&self.place())
    }

    pub(super) fn place(&self) -> Place {
        self.document.place(&self.key, self.offset)
    }

    pub(super) fn wrong_type(&self, wanted: &str) -> ConfigError {
        let found = match self.value {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a fraction",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.refuse(format!("{wanted} is wanted here, and this is {found}"))
    }

    pub(super) fn table(&self) -> Result<Table<'d>, ConfigError> {
        let DeValue::Table(entries) = self.value else { return Err(self.wrong_type("a table")) };
        Ok(Table { document: self.document, key: self.key.clone(), entries, offset: self.offset })
    }

    /// The items of a list, each with the key of the list and its own line.
    pub(super) fn list(&self, of: &str) -> Result<impl Iterator<Item = Node<'d>> + use<'d>, ConfigError> {
        let DeValue::Array(items) = self.value else { return Err(self.wrong_type(&format!("a list of {of}"))) };
        let (document, key, name) = (self.document, self.key.clone(), self.name);
        Ok(items.iter().map(move |item| Node {
            document,
            key: key.clone(),
            name,
            value: item.get_ref(),
            offset: item.span().start,
        }))
    }

    pub(super) fn text(&self) -> Result<&'d str, ConfigError> {
        match self.value {
            DeValue::String(text) => Ok(text),
            _ => Err(self.wrong_type("text in quotes")),
        }
    }

    pub(super) fn flag(&self) -> Result<bool, ConfigError> {
        match self.value {
            DeValue::Boolean(flag) => Ok(*flag),
            _ => Err(self.wrong_type("true or false")),
        }
    }

    pub(super) fn number(&self, allowed: RangeInclusive<u32>) -> Result<u32, ConfigError> {
        let wanted = format!("a whole number from {} to {}", allowed.start(), allowed.end());
        let DeValue::Integer(number) = self.value else { return Err(self.wrong_type(&wanted)) };
        u32::from_str_radix(number.as_str().trim_start_matches('+'), number.radix())
            .ok()
            .filter(|number| allowed.contains(number))
            .ok_or_else(|| self.refuse(format!("{wanted} is wanted")))
    }

    pub(super) fn duration(&self, allowed: RangeInclusive<Duration>) -> Result<Duration, ConfigError> {
        let wanted = format!(
            "a duration from {} to {}, such as \"90s\" or \"1h30m\",",
            duration::spelled(*allowed.start()),
            duration::spelled(*allowed.end())
        );
        let DeValue::String(text) = self.value else { return Err(self.wrong_type(&wanted)) };
        duration::duration(text)
            .filter(|span| allowed.contains(span))
            .ok_or_else(|| self.refuse(format!("{wanted} is wanted")))
    }

    /// A path, relative to the folder of the file.
    pub(super) fn file(&self) -> Result<FilePath, ConfigError> {
        let text = self.text()?;
        if text.is_empty() || text.contains('\0') {
            return Err(self.refuse("a path is wanted, and this is none"));
        }
        // A shell would replace these, and a file called `~` is never what was meant.
        if text.starts_with('~') || text.starts_with('$') {
            return Err(self.refuse("`~` and `$` are not replaced in a path: write it in full"));
        }
        FilePath::beside(self.document.path.unwrap_or(Path::new("")), text)
            .map_err(|error| self.refuse(format!("the current folder is not there: {}", error.kind())))
    }

    /// A program and its arguments. A program with a slash in its name is a path; another is looked for in `PATH`.
    pub(super) fn command(&self, example: &str) -> Result<(Program, Vec<String>), ConfigError> {
        let wanted = || format!("a program and its arguments are wanted, such as {example}");
        let mut words = self.list("a program and its arguments")?;
        let Some(first) = words.next() else { return Err(self.refuse(wanted())) };
        let program = match first.text()? {
            "" => return Err(first.refuse(wanted())),
            path if path.contains('/') || path.starts_with('~') => Program::At(first.file()?),
            name if name.contains('\0') => return Err(first.refuse(wanted())),
            name => Program::Named(name.to_owned()),
        };
        let argument = |word: Node<'_>| match word.text()? {
            text if text.contains('\0') => Err(word.refuse(wanted())),
            text => Ok(text.to_owned()),
        };
        Ok((program, words.map(argument).collect::<Result<_, _>>()?))
    }

    /// Remembers that a secret stands here, so that the file must be for its owner's eyes only.
    pub(super) fn is_literal_secret(&self) {
        let line = line_of(&self.document.line_starts, self.offset);
        let first = self.document.literal.get().map_or(line, |known| known.min(line));
        self.document.literal.set(Some(first));
    }
}
