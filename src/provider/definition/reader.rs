//! Takes the keys of a TOML table one by one, and then says which were not asked for, with line and suggestion.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{DefinitionError, Problem};
use crate::otp::suggest::nearest;

/// A value with its key in full (`send.json.to`) and its place.
pub(super) struct Entry<'a> {
    pub(super) text: &'a str,
    pub(super) path: String,
    pub(super) at: usize,
    pub(super) value: DeValue<'a>,
}

/// A table whose keys are being taken.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    path: String,
    at: usize,
    entries: BTreeMap<String, (Range<usize>, Spanned<DeValue<'a>>)>,
    asked: Vec<&'static str>,
}

impl<'a> Reader<'a> {
    /// The whole document.
    pub(super) fn document(text: &'a str) -> Result<Self, DefinitionError> {
        match DeTable::parse(text) {
            Ok(table) => Ok(Self::new(text, String::new(), 0, table.into_inner())),
            Err(error) => {
                let offset = error.span().map_or(0, |span| span.start);
                Err(DefinitionError::at(text, offset, Problem::Toml(error.message().to_owned())))
            }
        }
    }

    fn new(text: &'a str, path: String, at: usize, table: DeTable<'a>) -> Self {
        let entry = |(key, value): (Spanned<_>, _)| {
            let span = key.span();
            let key: std::borrow::Cow<'a, str> = key.into_inner();
            (key.into_owned(), (span, value))
        };
        Self { text, path, at, entries: table.into_iter().map(entry).collect(), asked: Vec::new() }
    }

    fn full(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// A problem with this table as a whole.
    pub(super) fn problem(&self, problem: Problem) -> DefinitionError {
        DefinitionError::at(self.text, self.at, problem)
    }

    /// The name of the table, with its parents.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The value of a key, if it is there.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Entry<'a>> {
        self.asked.push(key);
        let (_, value) = self.entries.remove(key)?;
        Some(Entry { text: self.text, path: self.full(key), at: value.span().start, value: value.into_inner() })
    }

    /// The value of a key that must be there. A slip in its name is told as such.
    pub(super) fn require(&mut self, key: &'static str) -> Result<Entry<'a>, DefinitionError> {
        if let Some(entry) = self.take(key) {
            return Ok(entry);
        }
        let slip = self.entries.iter().find(|(written, _)| nearest(written, [key]).is_some());
        Err(match slip {
            Some((written, (span, _))) => {
                let problem = Problem::UnknownKey { key: self.full(written), near: Some(key.to_owned()) };
                DefinitionError::at(self.text, span.start, problem)
            }
            None => self.problem(Problem::MissingKey(self.full(key))),
        })
    }

    /// A text, if it is there.
    pub(super) fn text(&mut self, key: &'static str) -> Result<Option<String>, DefinitionError> {
        self.take(key).map(Entry::into_text).transpose()
    }

    /// `true` or `false`; absent is `false`.
    pub(super) fn flag(&mut self, key: &'static str) -> Result<bool, DefinitionError> {
        match self.take(key) {
            None => Ok(false),
            Some(Entry { value: DeValue::Boolean(flag), .. }) => Ok(flag),
            Some(entry) => Err(entry.wrong("true or false")),
        }
    }

    /// A table, if it is there.
    pub(super) fn table(&mut self, key: &'static str) -> Result<Option<Self>, DefinitionError> {
        self.take(key).map(Entry::into_table).transpose()
    }

    /// All entries that are left, in the order of the text, for tables whose keys are the user's words.
    pub(super) fn rest(&mut self) -> Vec<(String, Entry<'a>)> {
        let path = self.path.clone();
        let mut rest: Vec<_> = std::mem::take(&mut self.entries).into_iter().collect();
        rest.sort_by_key(|(_, (span, _))| span.start);
        let entry = |(key, (span, value)): (String, (Range<usize>, Spanned<DeValue<'a>>))| {
            let full = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            (key, Entry { text: self.text, path: full, at: span.start, value: value.into_inner() })
        };
        rest.into_iter().map(entry).collect()
    }

    /// Refuses every key that nobody asked for.
    pub(super) fn finish(self) -> Result<(), DefinitionError> {
        let first = self.entries.iter().min_by_key(|(_, (span, _))| span.start);
        match first {
            None => Ok(()),
            Some((key, (span, _))) => {
                let near = nearest(key, self.asked.iter().copied()).map(str::to_owned);
                let problem = Problem::UnknownKey { key: self.full(key), near };
                Err(DefinitionError::at(self.text, span.start, problem))
            }
        }
    }
}

impl<'a> Entry<'a> {
    pub(super) fn problem(&self, problem: Problem) -> DefinitionError {
        DefinitionError::at(self.text, self.at, problem)
    }

    pub(super) fn wrong(&self, expected: &'static str) -> DefinitionError {
        self.problem(Problem::WrongType { key: self.path.clone(), expected })
    }

    pub(super) fn into_text(self) -> Result<String, DefinitionError> {
        match self.value {
            DeValue::String(text) => Ok(text.into_owned()),
            _ => Err(self.wrong("a text")),
        }
    }

    pub(super) fn into_table(self) -> Result<Reader<'a>, DefinitionError> {
        match self.value {
            DeValue::Table(table) => Ok(Reader::new(self.text, self.path, self.at, table)),
            _ => Err(self.wrong("a table")),
        }
    }

    /// The items of a list, each with the list's name.
    pub(super) fn into_items(self) -> Result<Vec<Self>, DefinitionError> {
        match self.value {
            DeValue::Array(items) => {
                let item = |item: Spanned<DeValue<'a>>| Self {
                    text: self.text,
                    path: self.path.clone(),
                    at: item.span().start,
                    value: item.into_inner(),
                };
                Ok(items.into_iter().map(item).collect())
            }
            _ => Err(self.wrong("a list")),
        }
    }

    /// A list of codes: texts or whole numbers.
    pub(super) fn into_words(self) -> Result<Vec<String>, DefinitionError> {
        let word = |item: Self| match item.value {
            DeValue::String(text) => Ok(text.into_owned()),
            DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
            _ => Err(item.wrong("a list of texts or whole numbers")),
        };
        self.into_items()?.into_iter().map(word).collect()
    }

    /// One of a few words.
    pub(super) fn into_word<T: Copy>(self, words: &[(&str, T)]) -> Result<T, DefinitionError> {
        let (text, path, at) = (self.text, self.path.clone(), self.at);
        let word = self.into_text()?;
        words.iter().find(|(known, _)| *known == word).map(|(_, meaning)| *meaning).ok_or_else(|| {
            let near = nearest(&word, words.iter().map(|(known, _)| *known)).map(str::to_owned);
            let known = words.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", ");
            DefinitionError::at(text, at, Problem::UnknownWord { key: path, word, near, known })
        })
    }

    /// The value as JSON.
    pub(super) fn into_json(self) -> Result<serde_json::Value, DefinitionError> {
        use serde_json::Value;
        Ok(match &self.value {
            DeValue::String(text) => Value::from(text.as_ref()),
            DeValue::Boolean(flag) => Value::from(*flag),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Value::from(number),
                Err(_) => return Err(self.wrong("a smaller number")),
            },
            DeValue::Float(number) => match number.as_str().parse::<f64>() {
                Ok(number) => Value::from(number),
                Err(_) => return Err(self.wrong("a number")),
            },
            DeValue::Datetime(_) => return Err(self.wrong("a text, a number, true, false, a list or a table")),
            DeValue::Array(_) => {
                let items = self.into_items()?.into_iter().map(Entry::into_json);
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            DeValue::Table(_) => {
                let fields = self.into_table()?.rest().into_iter();
                Value::Object(fields.map(|(key, entry)| Ok((key, entry.into_json()?))).collect::<Result<_, _>>()?)
            }
        })
    }
}
