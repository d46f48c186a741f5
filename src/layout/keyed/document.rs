//! The bytes of an application's key as fields, or as one bare value; and back, with all that is not ours as it was.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::{RawValue, to_raw_value};

use super::Form;
use super::field::{Field, Item, whole};
use super::pickle::{self, Value};
use super::raw_key::{Content, UnexpectedKey};

/// A document, or a bare value.
pub(super) enum Document {
    Bare(Field<Item>),
    Hash(BTreeMap<Vec<u8>, Vec<u8>>),
    Json(Object),
    Pickle(Vec<(Value, Value)>),
}

/// A JSON object, each value as it was written: what is not ours goes back to the letter.
pub(super) struct Object(BTreeMap<String, Box<RawValue>>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut fields = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    // Of two values of a field, readers differ in which one they take.
                    if fields.insert(name, value).is_some() {
                        return Err(A::Error::custom("a field that is there twice"));
                    }
                }
                Ok(Object(fields))
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

impl Document {
    pub(super) fn read(form: Form, content: &Content) -> Result<Self, UnexpectedKey> {
        let text = match (form, content) {
            (Form::Hash, Content::Fields(fields)) => return Ok(Self::Hash(fields.clone())),
            (Form::Hash, Content::Text(_)) => return Err(UnexpectedKey::Type("string".to_owned())),
            (_, Content::Fields(_)) => return Err(UnexpectedKey::Type("hash".to_owned())),
            (_, Content::Text(text)) => text,
        };
        match form {
            Form::Text | Form::Hash => Ok(Self::Bare(utf8(text))),
            Form::Json if text.trim_ascii_start().starts_with(b"{") => match serde_json::from_slice(text) {
                Ok(object) => Ok(Self::Json(object)),
                Err(_) => Err(UnexpectedKey::Content("it is not JSON whose fields are each there once")),
            },
            Form::Json => match serde_json::from_slice(text) {
                Ok(value) => Ok(Self::Bare(of_json(&value))),
                Err(_) => Err(UnexpectedKey::Content("it is not JSON")),
            },
            // Django's cache leaves whole numbers as they are.
            Form::Pickle => match whole(text) {
                Some(number) => Ok(Self::Bare(Field::Value(Item::Whole(number)))),
                None => match pickle::read(text) {
                    Ok(Value::Dict(entries)) => Ok(Self::Pickle(entries)),
                    Ok(other) => Ok(Self::Bare(of_pickle(&other))),
                    Err(_) => Err(UnexpectedKey::Content("it is no pickle of plain values")),
                },
            },
        }
    }

    /// One without anything in it.
    pub(super) fn new(form: Form, fields: bool) -> Self {
        match form {
            Form::Hash => Self::Hash(BTreeMap::new()),
            Form::Json if fields => Self::Json(Object(BTreeMap::new())),
            Form::Pickle if fields => Self::Pickle(Vec::new()),
            _ => Self::Bare(Field::Absent),
        }
    }

    pub(super) fn get(&self, field: &str) -> Field<Item> {
        let found = match self {
            Self::Bare(_) => None,
            Self::Hash(fields) => fields.get(field.as_bytes()).map(|value| utf8(value)),
            Self::Json(Object(fields)) => fields.get(field).map(|raw| match serde_json::from_str(raw.get()) {
                Ok(value) => of_json(&value),
                Err(_) => Field::Unreadable,
            }),
            Self::Pickle(entries) => {
                let is_it = |(key, _): &&(Value, Value)| matches!(key, Value::Text(text) if text == field);
                entries.iter().find(is_it).map(|(_, value)| of_pickle(value))
            }
        };
        found.unwrap_or(Field::Absent)
    }

    pub(super) fn put(&mut self, field: &str, item: &Item) {
        match self {
            Self::Bare(_) => {}
            Self::Hash(fields) => {
                fields.insert(field.as_bytes().to_vec(), spelled(item).into_bytes());
            }
            Self::Json(Object(fields)) => {
                // A value of one of these kinds is always JSON.
                if let Ok(raw) = to_raw_value(&to_json(item)) {
                    fields.insert(field.to_owned(), raw);
                }
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

    pub(super) fn write(&self, form: Form) -> Content {
        let nothing = Item::Null;
        match self {
            Self::Hash(fields) => Content::Fields(fields.clone()),
            Self::Json(Object(fields)) => Content::Text(serde_json::to_vec(fields).unwrap_or_default()),
            Self::Pickle(entries) => Content::Text(pickle::write(&Value::Dict(entries.clone()))),
            Self::Bare(field) => {
                let item = if let Field::Value(item) = field { item } else { &nothing };
                Content::Text(match form {
                    Form::Json => serde_json::to_vec(&to_json(item)).unwrap_or_default(),
                    Form::Pickle => pickle::write(&to_pickle(item)),
                    Form::Text | Form::Hash => spelled(item).into_bytes(),
                })
            }
        }
    }
}

fn utf8(bytes: &[u8]) -> Field<Item> {
    String::from_utf8(bytes.to_vec()).map_or(Field::Unreadable, |text| Field::Value(Item::Text(text)))
}

/// A value as a hash has it, where all is text.
fn spelled(item: &Item) -> String {
    match item {
        Item::Text(text) => text.clone(),
        Item::Whole(number) => number.to_string(),
        Item::Fraction(number) => number.to_string(),
        Item::Flag(flag) => u8::from(*flag).to_string(),
        Item::Null => String::new(),
    }
}

fn of_json(value: &serde_json::Value) -> Field<Item> {
    Field::Value(match value {
        serde_json::Value::Null => Item::Null,
        serde_json::Value::String(text) => Item::Text(text.clone()),
        serde_json::Value::Bool(flag) => Item::Flag(*flag),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Item::Whole(whole),
            (None, Some(fraction)) => Item::Fraction(fraction),
            (None, None) => return Field::Unreadable,
        },
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => return Field::Unreadable,
    })
}

fn to_json(item: &Item) -> serde_json::Value {
    match item {
        Item::Text(text) => text.as_str().into(),
        Item::Whole(number) => (*number).into(),
        Item::Fraction(number) => (*number).into(),
        Item::Flag(flag) => (*flag).into(),
        Item::Null => serde_json::Value::Null,
    }
}

/// The value of a pickle that was read.
pub(super) fn of_pickle(value: &Value) -> Field<Item> {
    Field::Value(match value {
        Value::None => Item::Null,
        Value::Text(text) => Item::Text(text.clone()),
        Value::Int(number) => Item::Whole(*number),
        Value::Float(number) => Item::Fraction(*number),
        Value::Bool(flag) => Item::Flag(*flag),
        Value::List(_) | Value::Dict(_) => return Field::Unreadable,
    })
}

fn to_pickle(item: &Item) -> Value {
    match item {
        Item::Text(text) => Value::Text(text.clone()),
        Item::Whole(number) => Value::Int(*number),
        Item::Fraction(number) => Value::Float(*number),
        Item::Flag(flag) => Value::Bool(*flag),
        Item::Null => Value::None,
    }
}
