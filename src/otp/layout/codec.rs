//! From the bytes of an application's key to what they say of a code, and back.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::held::{Content, Held, Strange};
use super::pickle::{self, Value};
use super::{Clock, Counter, Form, Layout, Numbers};
use crate::otp::Moment;

/// What an application keeps of a code.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub text: Zeroizing<String>,
    /// It was a number there, so it may have lost zeros at its front.
    pub number: bool,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What an application's key says of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AppCode {
    /// What is kept; `None`: there is no code in it.
    pub kept: Option<Kept>,
    /// When it ends; `None`: nothing says so.
    pub until: Option<Moment>,
    /// The tries that the application counted in it.
    pub tries: Option<u32>,
    /// How many it allows.
    pub max_tries: Option<u32>,
    /// It says that it was used.
    pub closed: bool,
}

/// One value of a document.
enum Item {
    Text(String),
    Number(i64),
    Flag(bool),
    Other,
}

/// A document, or a bare value.
enum Document {
    Bare(Item),
    Hash(BTreeMap<Vec<u8>, Vec<u8>>),
    Json(serde_json::Map<String, serde_json::Value>),
    Pickle(Vec<(Value, Value)>),
}

impl Document {
    fn read(form: Form, content: &Content) -> Result<Self, Strange> {
        let text = match (form, content) {
            (Form::Hash, Content::Fields(fields)) => return Ok(Self::Hash(fields.clone())),
            (Form::Hash, Content::Text(_)) => return Err(Strange::Type("string".to_owned())),
            (_, Content::Fields(_)) => return Err(Strange::Type("hash".to_owned())),
            (_, Content::Text(text)) => text,
        };
        match form {
            Form::Text | Form::Hash => Ok(Self::Bare(utf8(text))),
            Form::Json => match serde_json::from_slice(text) {
                Ok(serde_json::Value::Object(map)) => Ok(Self::Json(map)),
                Ok(other) => Ok(Self::Bare(of_json(&other))),
                Err(_) => Err(Strange::Content("it is not JSON")),
            },
            // Django's cache leaves whole numbers as they are.
            Form::Pickle => match whole(text) {
                Some(number) => Ok(Self::Bare(Item::Number(number))),
                None => match pickle::read(text) {
                    Ok(Value::Dict(entries)) => Ok(Self::Pickle(entries)),
                    Ok(other) => Ok(Self::Bare(of_pickle(&other))),
                    Err(_) => Err(Strange::Content("it is no pickle of plain values")),
                },
            },
        }
    }

    fn new(form: Form, fields: bool) -> Self {
        match form {
            Form::Hash => Self::Hash(BTreeMap::new()),
            Form::Json if fields => Self::Json(serde_json::Map::new()),
            Form::Pickle if fields => Self::Pickle(Vec::new()),
            _ => Self::Bare(Item::Other),
        }
    }

    fn get(&self, field: &str) -> Option<Item> {
        match self {
            Self::Bare(_) => None,
            Self::Hash(fields) => fields.get(field.as_bytes()).map(|value| utf8(value)),
            Self::Json(map) => map.get(field).map(of_json),
            Self::Pickle(entries) => {
                let is_it = |(key, _): &&(Value, Value)| matches!(key, Value::Text(text) if text == field);
                entries.iter().find(is_it).map(|(_, value)| of_pickle(value))
            }
        }
    }

    fn put(&mut self, field: &str, item: &Item) {
        let text = || match item {
            Item::Text(text) => text.clone(),
            Item::Number(number) => number.to_string(),
            Item::Flag(flag) => u8::from(*flag).to_string(),
            Item::Other => String::new(),
        };
        match self {
            Self::Bare(_) => {}
            Self::Hash(fields) => {
                fields.insert(field.as_bytes().to_vec(), text().into_bytes());
            }
            Self::Json(map) => {
                map.insert(field.to_owned(), to_json(item));
            }
            Self::Pickle(entries) => {
                let value = to_pickle(item);
                match entries.iter_mut().find(|(key, _)| matches!(key, Value::Text(text) if text == field)) {
                    Some(entry) => entry.1 = value,
                    None => entries.push((Value::Text(field.to_owned()), value)),
                }
            }
        }
    }

    fn write(&self, form: Form) -> Content {
        match self {
            Self::Hash(fields) => Content::Fields(fields.clone()),
            Self::Json(map) => Content::Text(serde_json::to_vec(map).unwrap_or_default()),
            Self::Pickle(entries) => Content::Text(pickle::write(&Value::Dict(entries.clone()))),
            Self::Bare(item) => Content::Text(match (form, item) {
                (Form::Json, item) => serde_json::to_vec(&to_json(item)).unwrap_or_default(),
                (Form::Pickle, item) => pickle::write(&to_pickle(item)),
                (_, Item::Text(text)) => text.clone().into_bytes(),
                (_, _) => Vec::new(),
            }),
        }
    }
}

impl Layout {
    /// What a key says.
    pub(super) fn read(&self, held: &Held) -> Result<AppCode, Strange> {
        let document = Document::read(self.form, &held.content)?;
        let field = |name: &Option<String>| name.as_ref().and_then(|name| document.get(name));
        let code = match (&document, &self.field) {
            (Document::Bare(item), None) => kept(item),
            (Document::Bare(_), Some(_)) => return Err(Strange::Content("it has no fields")),
            (_, None) => return Err(Strange::Content("it has fields, and the layout names none")),
            (_, Some(_)) => field(&self.field).as_ref().and_then(kept),
        };
        let ends = match &self.expires {
            Some((name, clock)) => document.get(name).and_then(|item| moment(&item, *clock)),
            None => None,
        };
        let number = |item: Option<Item>| item.as_ref().and_then(count);
        let begin = self.attempts_begin;
        let tries = match &self.attempts {
            Some(Counter::Field(name)) => number(document.get(name)).map(|count| count.saturating_sub(begin)),
            _ => None,
        };
        Ok(AppCode {
            kept: code,
            until: [held.until, ends].into_iter().flatten().min(),
            tries,
            max_tries: number(field(&self.max_attempts)).map(|most| most.saturating_sub(begin)),
            closed: field(&self.closed).is_some_and(|item| is_set(&item)),
        })
    }

    /// A key for a new code.
    pub(super) fn write(&self, kept: &str, until: Moment, max_tries: u32, phone: &str) -> Held {
        let mut document = Document::new(self.form, self.field.is_some());
        for (name, value) in &self.fields {
            document.put(name, &Item::Text(value.replace("{phone}", phone)));
        }
        match &self.field {
            None => document = Document::Bare(Item::Text(kept.to_owned())),
            Some(name) => document.put(name, &Item::Text(kept.to_owned())),
        }
        let number = |count: u32| Item::Number(i64::from(count));
        if let Some(Counter::Field(name)) = &self.attempts {
            document.put(name, &number(self.attempts_begin));
        }
        for name in &self.resets {
            document.put(name, &number(self.attempts_begin));
        }
        if let Some(name) = &self.max_attempts {
            document.put(name, &number(max_tries.saturating_add(self.attempts_begin)));
        }
        if let Some(name) = &self.closed {
            document.put(name, &Item::Flag(false));
        }
        if let Some((name, clock)) = &self.expires {
            document.put(name, &item_of(until, *clock));
        }
        Held { until: Some(until), content: document.write(self.form) }
    }

    /// The same key with its tries set to so many; with `resets`, the other counts at their beginning too.
    pub(super) fn with_tries(&self, held: &Held, tries: u32, resets: bool) -> Result<Option<Held>, Strange> {
        let Some(Counter::Field(name)) = &self.attempts else { return Ok(None) };
        let mut document = Document::read(self.form, &held.content)?;
        document.put(name, &Item::Number(i64::from(tries.saturating_add(self.attempts_begin))));
        if resets {
            self.resets.iter().for_each(|name| document.put(name, &Item::Number(i64::from(self.attempts_begin))));
        }
        Ok(Some(Held { until: held.until, content: document.write(self.form) }))
    }

    /// What a count in a key of its own says, less what it begins with.
    pub(super) fn count(&self, held: &Held) -> Result<u32, Strange> {
        let Content::Text(text) = &held.content else { return Err(Strange::Type("hash".to_owned())) };
        let number = whole(text).or_else(|| match pickle::read(text) {
            Ok(Value::Int(number)) => Some(number),
            _ => None,
        });
        let number = number.ok_or(Strange::Content("it is no number"))?;
        Ok(u32::try_from(number.max(0)).unwrap_or(u32::MAX).saturating_sub(self.attempts_begin))
    }

    /// A number in a key of its own.
    pub(super) fn number(&self, number: u32, until: Moment) -> Held {
        let text = match self.numbers {
            Numbers::Text => number.to_string().into_bytes(),
            Numbers::Pickle => pickle::write(&Value::Int(i64::from(number))),
        };
        Held { until: Some(until), content: Content::Text(text) }
    }
}

fn kept(item: &Item) -> Option<Kept> {
    let (text, number) = match item {
        Item::Text(text) => (text.clone(), false),
        Item::Number(number) => (number.to_string(), true),
        Item::Flag(_) | Item::Other => return None,
    };
    (!text.is_empty()).then(|| Kept { text: Zeroizing::new(text), number })
}

fn utf8(bytes: &[u8]) -> Item {
    String::from_utf8(bytes.to_vec()).map_or(Item::Other, Item::Text)
}

/// A whole number as Redis counts one.
fn whole(bytes: &[u8]) -> Option<i64> {
    let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    plain.then(|| std::str::from_utf8(bytes).ok()?.parse().ok()).flatten()
}

fn count(item: &Item) -> Option<u32> {
    let number = match item {
        Item::Number(number) => *number,
        Item::Text(text) => whole(text.as_bytes())?,
        Item::Flag(_) | Item::Other => return None,
    };
    Some(u32::try_from(number.max(0)).unwrap_or(u32::MAX))
}

fn is_set(item: &Item) -> bool {
    match item {
        Item::Flag(flag) => *flag,
        Item::Number(number) => *number != 0,
        Item::Text(text) => matches!(text.as_str(), "1" | "true" | "True"),
        Item::Other => false,
    }
}

fn moment(item: &Item, clock: Clock) -> Option<Moment> {
    let number = match item {
        Item::Number(number) => Some(*number),
        Item::Text(text) => whole(text.as_bytes()),
        Item::Flag(_) | Item::Other => None,
    };
    match (clock, item) {
        (Clock::Rfc3339, Item::Text(text)) => {
            text.parse::<jiff::Timestamp>().ok().map(|at| Moment::from_millis(at.as_millisecond()))
        }
        (Clock::Rfc3339, _) => None,
        (Clock::Seconds, _) => number.map(|seconds| Moment::from_millis(seconds.saturating_mul(1000))),
        (Clock::Milliseconds, _) => number.map(Moment::from_millis),
    }
}

fn item_of(moment: Moment, clock: Clock) -> Item {
    match clock {
        Clock::Rfc3339 => Item::Text(moment.rfc3339()),
        Clock::Seconds => Item::Number(moment.millis() / 1000),
        Clock::Milliseconds => Item::Number(moment.millis()),
    }
}

fn of_json(value: &serde_json::Value) -> Item {
    match value {
        serde_json::Value::String(text) => Item::Text(text.clone()),
        serde_json::Value::Number(number) => number.as_i64().map_or(Item::Other, Item::Number),
        serde_json::Value::Bool(flag) => Item::Flag(*flag),
        _ => Item::Other,
    }
}

fn to_json(item: &Item) -> serde_json::Value {
    match item {
        Item::Text(text) => text.as_str().into(),
        Item::Number(number) => (*number).into(),
        Item::Flag(flag) => (*flag).into(),
        Item::Other => serde_json::Value::Null,
    }
}

fn of_pickle(value: &Value) -> Item {
    match value {
        Value::Text(text) => Item::Text(text.clone()),
        Value::Int(number) => Item::Number(*number),
        Value::Bool(flag) => Item::Flag(*flag),
        _ => Item::Other,
    }
}

fn to_pickle(item: &Item) -> Value {
    match item {
        Item::Text(text) => Value::Text(text.clone()),
        Item::Number(number) => Value::Int(*number),
        Item::Flag(flag) => Value::Bool(*flag),
        Item::Other => Value::None,
    }
}
