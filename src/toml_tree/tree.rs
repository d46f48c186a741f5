//! A table whose keys are asked for by name, and a value with its key and its place.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, Position};
use super::source::Source;
use crate::otp::escape::escaped;
use crate::otp::{duration, suggest};
use crate::system::{FilePath, Program};

/// A table whose keys are asked for by name.
#[derive(Clone)]
pub struct Table<'d> {
    pub(super) source: &'d Source<'d>,
    pub(super) key: String,
    pub(super) entries: &'d DeTable<'d>,
    pub(super) offset: usize,
}

impl<'d> Table<'d> {
    /// The value of a key, if it is there.
    pub fn get(&self, name: &str) -> Option<Node<'d>> {
        let (key, value) = self.entries.get_key_value(name)?;
        Some(self.node(key, value))
    }

    /// The value of a key that must be there.
    ///
    /// # Errors
    /// When it is not.
    pub fn require(&self, name: &str) -> Result<Node<'d>, ConfigError> {
        self.get(name).ok_or_else(|| self.refuse(format!("`{name}` is missing")))
    }

    fn node(&self, key: &'d Spanned<Cow<'d, str>>, value: &'d Spanned<DeValue<'d>>) -> Node<'d> {
        let name: &'d str = key.get_ref();
        let dotted = if self.key.is_empty() { name.to_owned() } else { format!("{}.{name}", self.key) };
        let key_offset = key.span().start;
        // A table begins where it is named: `[store.redis]`.
        let offset = if matches!(value.get_ref(), DeValue::Table(_)) { key_offset } else { value.span().start };
        Node { source: self.source, key: dotted, name, value: value.get_ref(), key_offset, offset }
    }

    /// All values, in the order of the file.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'d>> + use<'d> {
        let mut nodes: Vec<Node<'d>> = self.entries.iter().map(|(key, value)| self.node(key, value)).collect();
        nodes.sort_unstable_by_key(|node| node.key_offset);
        nodes.into_iter()
    }

    /// Whether the key is there.
    pub fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// A table, if it is there.
    ///
    /// # Errors
    /// When it is something else. So it is for the other types below.
    pub fn table(&self, name: &str) -> Result<Option<Self>, ConfigError> {
        self.get(name).map(|node| node.table()).transpose()
    }

    /// A text, if it is there.
    pub fn text(&self, name: &str) -> Result<Option<&'d str>, ConfigError> {
        self.get(name).map(|node| node.text()).transpose()
    }

    /// `true` or `false`; absent is `false`.
    pub fn flag(&self, name: &str) -> Result<bool, ConfigError> {
        self.get(name).map_or(Ok(false), |node| node.flag())
    }

    /// A path, if it is there.
    pub fn file(&self, name: &str) -> Result<Option<FilePath>, ConfigError> {
        self.get(name).map(|node| node.file()).transpose()
    }

    /// Refuses every key that is not one of `allowed`.
    pub fn only(&self, allowed: &[&str]) -> Result<(), ConfigError> {
        let Some(node) = self.nodes().find(|node| !allowed.contains(&node.name)) else { return Ok(()) };
        let meant = match suggest::meant(node.name, allowed.iter().copied()) {
            nothing if nothing.is_empty() => (self.source.home_of)(node.name)
                .filter(|home| *home != self.key)
                .map(|home| format!("; it belongs {}", in_table(home)))
                .unwrap_or_default(),
            meant => meant,
        };
        let message = format!("unknown key `{}`{meant}", escaped(&clipped(node.name)));
        let within = if self.key.is_empty() { "at the top level".to_owned() } else { in_table(&escaped(&self.key)) };
        let hint = format!("allowed {within}: {}", allowed.join(", "));
        Err(ConfigError::new(message).at(&self.source.position(&self.key, node.key_offset)).hint(hint))
    }

    /// An error at the begin of the table.
    pub fn refuse(&self, message: impl Into<String>) -> ConfigError {
        ConfigError::new(message).at(&self.position())
    }

    /// Where the table begins.
    pub fn position(&self) -> Position {
        self.source.position(&self.key, self.offset)
    }
}

/// `in [code]`, as a sentence says it.
fn in_table(table: &str) -> String {
    if table.is_empty() { "at the top of the file, before the first table".to_owned() } else { format!("in [{table}]") }
}

/// A key longer than any of ours is not worth a screenful.
fn clipped(name: &str) -> String {
    if name.chars().count() > 48 { name.chars().take(48).chain(['…']).collect() } else { name.to_owned() }
}

/// A value, with the dotted key that leads to it.
pub struct Node<'d> {
    pub(super) source: &'d Source<'d>,
    pub(super) key: String,
    /// The last part of the key.
    pub name: &'d str,
    /// The value itself.
    pub value: &'d DeValue<'d>,
    pub(super) key_offset: usize,
    pub(super) offset: usize,
}

impl<'d> Node<'d> {
    /// An error at this value.
    pub fn refuse(&self, message: impl Into<String>) -> ConfigError {
        ConfigError::new(message).at(&self.position())
    }

    /// Where the value is.
    pub fn position(&self) -> Position {
        self.source.position(&self.key, self.offset)
    }

    /// The value has another type than the one that is expected.
    pub fn wrong_type(&self, expected: &str) -> ConfigError {
        let found = match self.value {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a fraction",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.refuse(format!("expected {expected}, found {found}"))
    }

    /// A table.
    ///
    /// # Errors
    /// When it is something else. So it is for the other types below.
    pub fn table(&self) -> Result<Table<'d>, ConfigError> {
        let DeValue::Table(entries) = self.value else { return Err(self.wrong_type("a table")) };
        Ok(Table { source: self.source, key: self.key.clone(), entries, offset: self.offset })
    }

    /// The items of a list, each with the key of the list and its own line.
    pub fn list(&self, of: &str) -> Result<impl Iterator<Item = Node<'d>> + use<'d>, ConfigError> {
        let DeValue::Array(items) = self.value else { return Err(self.wrong_type(&format!("a list of {of}"))) };
        let (source, key, name) = (self.source, self.key.clone(), self.name);
        Ok(items.iter().map(move |item| Node {
            source,
            key: key.clone(),
            name,
            value: item.get_ref(),
            key_offset: item.span().start,
            offset: item.span().start,
        }))
    }

    /// A text.
    pub fn text(&self) -> Result<&'d str, ConfigError> {
        match self.value {
            DeValue::String(text) => Ok(text),
            _ => Err(self.wrong_type("text in quotes")),
        }
    }

    /// `true` or `false`.
    pub fn flag(&self) -> Result<bool, ConfigError> {
        match self.value {
            DeValue::Boolean(flag) => Ok(*flag),
            _ => Err(self.wrong_type("true or false")),
        }
    }

    /// A whole number.
    pub fn number(&self, allowed: RangeInclusive<u32>) -> Result<u32, ConfigError> {
        let expected = format!("a whole number from {} to {}", allowed.start(), allowed.end());
        let DeValue::Integer(number) = self.value else { return Err(self.wrong_type(&expected)) };
        u32::from_str_radix(number.as_str().trim_start_matches('+'), number.radix())
            .ok()
            .filter(|number| allowed.contains(number))
            .ok_or_else(|| self.refuse(format!("expected {expected}")))
    }

    /// A duration, such as `90s`.
    pub fn duration(&self, allowed: RangeInclusive<Duration>) -> Result<Duration, ConfigError> {
        let expected = format!(
            "a duration from {} to {}, such as \"90s\" or \"1h30m\"",
            duration::spelled(*allowed.start()),
            duration::spelled(*allowed.end())
        );
        let DeValue::String(text) = self.value else { return Err(self.wrong_type(&expected)) };
        duration::duration(text)
            .filter(|span| allowed.contains(span))
            .ok_or_else(|| self.refuse(format!("expected {expected}")))
    }

    /// One of a few words.
    pub fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, ConfigError> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        found.ok_or_else(|| self.refuse(expected_one_of(text, words.iter().map(|(word, _)| *word))))
    }

    /// A list of codes: texts or whole numbers.
    pub fn codes(&self) -> Result<Vec<String>, ConfigError> {
        let code = |item: Self| match item.value {
            DeValue::String(text) => Ok(text.to_string()),
            DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
            DeValue::Integer(_) => Err(item.refuse("expected a decimal number")),
            _ => Err(item.wrong_type("text or a whole number")),
        };
        self.list("texts or whole numbers")?.map(code).collect()
    }

    /// A path, relative to the folder of the file.
    pub fn file(&self) -> Result<FilePath, ConfigError> {
        let text = self.text()?;
        if text.is_empty() || text.contains('\0') {
            return Err(self.refuse("expected a path"));
        }
        // A shell would replace these, and a file called `~` is never what was meant.
        if text.starts_with('~') || text.starts_with('$') {
            return Err(self.refuse("`~` and `$` are not expanded in a path; write it in full"));
        }
        FilePath::beside(self.source.path.unwrap_or(Path::new("")), text)
            .map_err(|error| self.refuse(format!("cannot find the current folder: {}", error.kind())))
    }

    /// A program and its arguments. A program with a slash in its name is a path; another is looked for in `PATH`.
    pub fn command(&self, example: &str) -> Result<(Program, Vec<String>), ConfigError> {
        let expected = || format!("expected a program and its arguments, such as {example}");
        let mut words = self.list("a program and its arguments")?;
        let Some(first) = words.next() else { return Err(self.refuse(expected())) };
        let program = match first.text()? {
            "" => return Err(first.refuse(expected())),
            path if path.contains('/') || path.starts_with('~') => Program::At(first.file()?),
            name if name.contains('\0') => return Err(first.refuse(expected())),
            name => Program::Named(name.to_owned()),
        };
        let argument = |word: Node<'_>| match word.text()? {
            text if text.contains('\0') => Err(word.refuse(expected())),
            text => Ok(text.to_owned()),
        };
        Ok((program, words.map(argument).collect::<Result<_, _>>()?))
    }

    /// The value as JSON; a date or time becomes its text. `check` looks at everything in it that is no list and no
    /// table, and may refuse it.
    pub fn json(&self, check: fn(&Node<'_>) -> Result<(), ConfigError>) -> Result<Value, ConfigError> {
        if !matches!(self.value, DeValue::Array(_) | DeValue::Table(_)) {
            check(self)?;
        }
        Ok(match self.value {
            DeValue::String(text) => Value::String(text.to_string()),
            DeValue::Boolean(flag) => Value::Bool(*flag),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map(Value::from)
                .map_err(|_| self.refuse("this number is too large"))?,
            DeValue::Float(number) => {
                let number = number.as_str().parse().ok().and_then(serde_json::Number::from_f64);
                number.map(Value::Number).ok_or_else(|| self.refuse("expected a finite number"))?
            }
            DeValue::Datetime(moment) => Value::String(moment.to_string()),
            DeValue::Array(_) => {
                let items = self.list("values")?.map(|item| item.json(check));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            DeValue::Table(_) => {
                let fields = self.table()?.nodes().map(|field| Ok((field.name.to_owned(), field.json(check)?)));
                Value::Object(fields.collect::<Result<_, ConfigError>>()?)
            }
        })
    }

    /// Remembers that a secret is written here, so that the file must be for its owner's eyes only.
    pub fn is_literal_secret(&self) {
        let line = self.source.line(self.offset);
        let first = self.source.first_secret.get().map_or(line, |known| known.min(line));
        self.source.first_secret.set(Some(first));
    }
}

/// The error for a word that is not one of those that are allowed.
pub fn expected_one_of<'w>(typed: &str, words: impl IntoIterator<Item = &'w str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    format!("expected one of {}{}", words.join(", "), suggest::meant(typed, words.iter().copied()))
}
