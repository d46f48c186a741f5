//! From what an application's key holds to what it says of a code, and back.

use zeroize::Zeroizing;

use super::document::{Document, of_pickle};
use super::field::{Field, Item, count, flag, item_of, moment};
use super::pickle::{self, Value};
use super::raw_key::{Content, RawKey, UnexpectedKey};
use super::{AppKey, AttemptCounter, CounterFormat, KeyedLayout, TimeFormat};
use crate::layout::Layout as _;
use crate::otp::escape::escaped;
use crate::otp::{CodeSpec, Moment};

/// What an application keeps of a code.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct StoredCode {
    pub text: Zeroizing<String>,
    /// It was a number there, so it may have lost zeros at its front.
    pub number: bool,
}

impl std::fmt::Debug for StoredCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What an application's key says of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AppCode {
    /// What is stored; `None`: there is no code in it.
    pub stored: Option<StoredCode>,
    /// When it ends; `None`: nothing says so.
    pub until: Option<Moment>,
    /// The attempts that the application counted in it.
    pub tries: Option<u32>,
    /// How many it allows.
    pub max_tries: Option<u32>,
    /// It says that it was used.
    pub closed: bool,
}

const A_COUNT: &str = "a whole number from 0 on";

impl KeyedLayout {
    /// What a key says. `ours` is what codes that are made here are like.
    ///
    /// # Errors
    /// When it is not of the layout's form, or what it holds is no code of the layout's, or any field that the layout
    /// names is there and not understood.
    pub(super) fn read(&self, raw: &RawKey, ours: &CodeSpec) -> Result<AppCode, UnexpectedKey> {
        let document = Document::read(self.form, &raw.content)?;
        let stored = self.stored(&document, ours)?;
        let counted = |name: &str| {
            let counted = self.named(&document, name).read(count).known(|| odd(name, A_COUNT))?;
            Ok(counted.map(|counted| counted.saturating_sub(self.attempts_begin)))
        };
        let tries = match &self.attempts {
            Some(AttemptCounter::Field(name)) => counted(name)?,
            Some(AttemptCounter::Key(_)) | None => None,
        };
        let max_tries = self.max_attempts.as_deref().map_or(Ok(None), counted)?;
        // They are only ever written, and yet nothing is written over what is not understood.
        self.reset_fields.iter().try_for_each(|name| counted(name).map(drop))?;
        let closed = match self.used_field.as_deref() {
            Some(name) => self.named(&document, name).read(flag).known(|| odd(name, "true or false, or 1 or 0"))?,
            None => None,
        };
        let ends = match &self.expires {
            Some((name, clock)) => {
                let ends = self.named(&document, name).read(|item| moment(&item, *clock));
                ends.known(|| odd(name, a_time(*clock)))?
            }
            None => None,
        };
        let until = [raw.until, ends].into_iter().flatten().min();
        Ok(AppCode { stored, until, tries, max_tries, closed: closed.unwrap_or(false) })
    }

    /// Whether a key is as the layout says.
    ///
    /// # Errors
    /// When it is not.
    pub fn check(&self, own: AppKey, content: Content, ours: &CodeSpec) -> Result<(), UnexpectedKey> {
        let raw = RawKey { until: None, content };
        match own {
            AppKey::Code => self.read(&raw, ours).map(drop),
            AppKey::Attempts => self.count(&raw).map(drop),
        }
    }

    /// What is stored of a code, where there is one.
    fn stored(&self, document: &Document, ours: &CodeSpec) -> Result<Option<StoredCode>, UnexpectedKey> {
        let field = match (document, &self.field) {
            (Document::Bare(field), None) => field.clone(),
            (Document::Bare(_), Some(_)) => return Err(UnexpectedKey::Content("it has no fields")),
            (_, None) => return Err(UnexpectedKey::Content("it has fields, and the layout names none")),
            (_, Some(name)) => self.named(document, name),
        };
        let shapes = self.shapes(ours);
        let stored = match field {
            // What is left of a code has other fields of the layout yet. What has none of them is something else.
            Field::Absent if self.is_known(document) => return Ok(None),
            Field::Absent => return Err(UnexpectedKey::Content("it has none of the fields that the layout names")),
            Field::Value(Item::Text(text)) => StoredCode { text: text.into(), number: false },
            Field::Value(Item::Whole(number)) => StoredCode { text: number.to_string().into(), number: true },
            Field::Value(Item::Fraction(_) | Item::Flag(_) | Item::Null) | Field::Unreadable => {
                return Err(self.hash_scheme.unexpected(&shapes));
            }
        };
        self.hash_scheme.check(&stored, &shapes)?;
        Ok(Some(stored))
    }

    /// A field of a document. One that the layout calls nullable is not there while nothing is in it.
    fn named(&self, document: &Document, name: &str) -> Field<Item> {
        match document.get(name) {
            Field::Value(Item::Null) if self.is_nullable(name) => Field::Absent,
            // A hash has no null.
            Field::Value(Item::Text(text)) if text.is_empty() && self.is_nullable(name) => Field::Absent,
            field => field,
        }
    }

    fn is_nullable(&self, name: &str) -> bool {
        self.nullable.iter().any(|nullable| nullable == name)
    }

    /// Whether it has any field that the layout names.
    fn is_known(&self, document: &Document) -> bool {
        let attempts = match &self.attempts {
            Some(AttemptCounter::Field(name)) => Some(name),
            Some(AttemptCounter::Key(_)) | None => None,
        };
        let expires = self.expires.as_ref().map(|(name, _)| name);
        let few = [self.field.as_ref(), attempts, self.max_attempts.as_ref(), self.used_field.as_ref(), expires];
        let more = self.reset_fields.iter().chain(self.fields.iter().map(|(name, _)| name));
        few.into_iter().flatten().chain(more).any(|name| document.get(name) != Field::Absent)
    }

    /// A key for a new code.
    pub(super) fn write(&self, stored: &str, until: Moment, max_tries: u32, phone: &str) -> RawKey {
        let mut document = Document::new(self.form, self.field.is_some());
        for (name, value) in &self.fields {
            document.put(name, &Item::Text(value.replace("{phone}", phone)));
        }
        match &self.field {
            None => document = Document::Bare(Field::Value(Item::Text(stored.to_owned()))),
            Some(name) => document.put(name, &Item::Text(stored.to_owned())),
        }
        let number = |count: u32| Item::Whole(i64::from(count));
        if let Some(AttemptCounter::Field(name)) = &self.attempts {
            document.put(name, &number(self.attempts_begin));
        }
        for name in &self.reset_fields {
            document.put(name, &number(self.attempts_begin));
        }
        if let Some(name) = &self.max_attempts {
            document.put(name, &number(max_tries.saturating_add(self.attempts_begin)));
        }
        match &self.used_field {
            Some(name) if self.is_nullable(name) => document.put(name, &Item::Null),
            Some(name) => document.put(name, &Item::Flag(false)),
            None => {}
        }
        if let Some((name, clock)) = &self.expires {
            document.put(name, &item_of(until, *clock));
        }
        RawKey { until: Some(until), content: document.write(self.form) }
    }

    /// The same key with that many attempts; with `resets`, the other counts go back to their beginning too.
    pub(super) fn with_tries(&self, raw: &RawKey, tries: u32, resets: bool) -> Result<Option<RawKey>, UnexpectedKey> {
        let Some(AttemptCounter::Field(name)) = &self.attempts else { return Ok(None) };
        let mut document = Document::read(self.form, &raw.content)?;
        document.put(name, &Item::Whole(i64::from(tries.saturating_add(self.attempts_begin))));
        if resets {
            self.reset_fields.iter().for_each(|name| document.put(name, &Item::Whole(i64::from(self.attempts_begin))));
        }
        Ok(Some(RawKey { until: raw.until, content: document.write(self.form) }))
    }

    /// What a count in a key of its own says, less what it begins with.
    ///
    /// # Errors
    /// When it is no count.
    pub(super) fn count(&self, raw: &RawKey) -> Result<u32, UnexpectedKey> {
        let Content::Text(text) = &raw.content else { return Err(UnexpectedKey::Type("hash".to_owned())) };
        let counted = match (std::str::from_utf8(text), pickle::read(text)) {
            (_, Ok(value)) => of_pickle(&value),
            (Ok(text), Err(_)) => Field::Value(Item::Text(text.to_owned())),
            (Err(_), Err(_)) => Field::Unreadable,
        };
        let counted = counted.read(count).known(|| UnexpectedKey::Content("it is no number from 0 on"))?;
        Ok(counted.unwrap_or_default().saturating_sub(self.attempts_begin))
    }

    /// A number in a key of its own.
    pub(super) fn number(&self, number: u32, until: Moment) -> RawKey {
        let text = match self.counter_format {
            CounterFormat::Text => number.to_string().into_bytes(),
            CounterFormat::Pickle => pickle::write(&Value::Int(i64::from(number))),
        };
        RawKey { until: Some(until), content: Content::Text(text) }
    }
}

fn odd(field: &str, wanted: &'static str) -> UnexpectedKey {
    UnexpectedKey::Field { field: escaped(field), wanted }
}

fn a_time(clock: TimeFormat) -> &'static str {
    match clock {
        TimeFormat::Seconds => "a time in seconds since 1970",
        TimeFormat::Milliseconds => "a time in milliseconds since 1970",
        TimeFormat::Rfc3339 => "a time with its offset from UTC, such as 2026-11-22T09:30:00Z",
    }
}
