//! How an application keeps its codes in Redis: the names of its keys, what is in them, and how a record of ours and a
//! key of the application's are brought together before and after each rule.
//!
//! * `template` is the name of a key, `raw_key` what a key holds, `pickle` a form that some of it has.
//! * `code_hash` is what is kept of a code, `shape` what codes are like, `document` a key's bytes as fields, `field` what
//!   one of them says, if it can be read at all, and `codec` the way between all of it and a code.
//! * `merge` runs before a rule: what the application did since is put into the record. `write_back` runs after it: what
//!   the rule decided is put into the application's keys. So the rules are written once, for every layout.
//! * `describe` and `bound` are its [`Layout`](super::Layout), without and with secrets.

mod bound;
mod code_hash;
mod codec;
mod describe;
mod document;
mod field;
mod merge;
pub(super) mod pickle;
mod placeholder;
pub(super) mod raw_key;
mod shape;
mod template;
mod write_back;

#[cfg(test)]
mod tests;

use std::time::Duration;

pub use code_hash::{Comparison, HashFailed, HashScheme, Hashing, MOST_COST, Pattern, PatternError};
pub use merge::{Finding, MergeError};
pub use raw_key::{Content, RawKey, UnexpectedKey};
pub use shape::CodeShapes;
pub use template::{KeyParts, KeyTemplate, KeyTemplateError, PhoneFormat, hash_tag};
pub use write_back::{KeyChange, WriteBack};

use super::Operation;
use crate::otp::{Alphabet, Phone, Purpose, UserId};

/// The number of nobody, in the place of a phone.
const PROBE_PHONE: &str = "+0";

/// What a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A string that is what is kept.
    Text,
    /// A hash with a field for it.
    Hash,
    /// A string that is JSON.
    Json,
    /// A string that is a pickle.
    Pickle,
}

impl Form {
    /// All of them, by their words in the configuration.
    pub const ALL: [(&'static str, Self); 4] =
        [("string", Self::Text), ("hash", Self::Hash), ("json", Self::Json), ("pickle", Self::Pickle)];
}

/// Where an application counts attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptCounter {
    /// In a key beside the code's.
    Key(KeyTemplate),
    /// In a field beside the code.
    Field(String),
}

/// How a moment is written in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeFormat {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
    /// RFC 3339.
    Rfc3339,
}

impl TimeFormat {
    /// All of them, by their words in the configuration.
    pub const ALL: [(&'static str, Self); 3] =
        [("seconds", Self::Seconds), ("milliseconds", Self::Milliseconds), ("rfc3339", Self::Rfc3339)];
}

/// How a number is written in a key of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CounterFormat {
    /// As Redis counts.
    Text,
    /// As a pickle.
    Pickle,
}

/// How an application keeps its codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedLayout {
    /// Its name, for messages.
    pub name: String,
    /// How phones are written in keys.
    pub phone: PhoneFormat,
    /// Our purposes, and the application's words for them.
    pub purposes: Vec<(Purpose, String)>,
    /// The key of a code.
    pub key: KeyTemplate,
    /// What it is.
    pub form: Form,
    /// The field of a document that has the code.
    pub field: Option<String>,
    /// What is kept of the code.
    pub hash_scheme: HashScheme,
    /// What is hashed of it.
    pub pattern: Pattern,
    /// How long the application lets a code live.
    pub ttl: Duration,
    /// How long its codes are, where they are not as long as ours.
    pub length: Option<usize>,
    /// The characters of its codes, where they are not those of ours.
    pub alphabet: Option<Alphabet>,
    /// Where it counts attempts.
    pub attempts: Option<AttemptCounter>,
    /// What it counts from.
    pub attempts_begin: u32,
    /// The field with the most attempts.
    pub max_attempts: Option<String>,
    /// The field that says that a code was used.
    pub used_field: Option<String>,
    /// The field that says when it ends.
    pub expires: Option<(String, TimeFormat)>,
    /// The fields that it leaves null, or empty in a hash, while nothing is in them.
    pub nullable: Vec<String>,
    /// Further fields of a new code; `{phone}` has its place in them.
    pub fields: Vec<(String, String)>,
    /// Further counts in fields.
    pub reset_fields: Vec<String>,
    /// The key whose lifetime is the wait before the next send.
    pub cooldown: Option<KeyTemplate>,
    /// Keys that lock a phone: `unlock` removes them.
    pub locks: Vec<KeyTemplate>,
    /// How numbers are written in keys of their own.
    pub counter_format: CounterFormat,
    /// What may be done, beside looking.
    pub allows: Vec<Operation>,
    /// Why not more.
    pub because: Option<String>,
}

/// A key of an application's whose content is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppKey {
    /// A code's.
    Code,
    /// The attempts'.
    Attempts,
}

/// The keys of one phone and purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// For what.
    pub purpose: Purpose,
    /// The phone, as it is written in them.
    pub phone: String,
    /// The code's.
    pub code: String,
    /// The attempts'.
    pub attempts: Option<String>,
    /// The wait's.
    pub cooldown: Option<String>,
    /// The locks'.
    pub locks: Vec<String>,
}

impl Keys {
    /// All of them, in one order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let few = [Some(&self.code), self.attempts.as_ref(), self.cooldown.as_ref()];
        few.into_iter().flatten().chain(&self.locks).map(String::as_str)
    }
}

impl KeyedLayout {
    /// The keys of a phone, those of each purpose by themselves; `None`: the application has no key for such a number, or
    /// it has the user in it, and the phone has none, or several.
    #[must_use]
    pub fn phone_keys(&self, phone: &Phone, user: Option<&UserId>) -> Option<Vec<Keys>> {
        let spelled = self.phone.of(phone)?;
        // What could not be the name of a key of theirs is not made into one.
        let user = user.map(UserId::as_str).filter(|user| !user.chars().any(char::is_control));
        if user.is_none() && self.needs_user() {
            return None;
        }
        Some(self.purposes.iter().map(|(purpose, theirs)| self.keys_of(spelled, user, purpose, theirs)).collect())
    }

    fn keys_of(&self, phone: &str, user: Option<&str>, purpose: &Purpose, theirs: &str) -> Keys {
        let named =
            |template: &KeyTemplate| template.key(KeyParts { phone, purpose: theirs, user: user.unwrap_or_default() });
        let attempts = match &self.attempts {
            Some(AttemptCounter::Key(template)) => Some(named(template)),
            _ => None,
        };
        let locks = self.locks.iter().filter(|template| user.is_some() || !template.has_user());
        Keys {
            purpose: purpose.clone(),
            phone: phone.to_owned(),
            code: named(&self.key),
            attempts,
            cooldown: self.cooldown.as_ref().map(named),
            locks: locks.map(named).collect(),
        }
    }

    /// Whether there is no key at all without a user.
    fn needs_user(&self) -> bool {
        let beside = match &self.attempts {
            Some(AttemptCounter::Key(template)) => Some(template),
            _ => None,
        };
        [Some(&self.key), beside, self.cooldown.as_ref()].into_iter().flatten().any(KeyTemplate::has_user)
    }

    /// Whether any key has the user in its name.
    fn asks_for_user(&self) -> bool {
        self.needs_user() || self.locks.iter().any(KeyTemplate::has_user)
    }

    /// Whether all keys of a phone are in one slot of a Cluster, and ours can be there too.
    #[must_use]
    pub fn shares_a_slot(&self) -> bool {
        self.tag_affixes().is_some()
    }

    /// What is before and behind the phone in the hash tag of its keys, where they all have the same one. A tag
    /// without the phone would put all phones into one slot, and one with a closing brace would end ours.
    fn tag_affixes(&self) -> Option<(String, String)> {
        let all: Vec<Keys> =
            self.purposes.iter().map(|(ours, theirs)| self.keys_of(PROBE_PHONE, Some(""), ours, theirs)).collect();
        let mut tags = all.iter().flat_map(Keys::names).map(hash_tag);
        let first = tags.next()?;
        let (before, behind) = first.split_once(PROBE_PHONE)?;
        (!first.contains('}') && tags.all(|tag| tag == first)).then(|| (before.to_owned(), behind.to_owned()))
    }

    /// The hash tag of our own keys of a phone: the application's, or, where it has none, the phone.
    fn slot_tag(&self, phone: &Phone) -> String {
        match (self.tag_affixes(), self.phone.of(phone)) {
            (Some((before, behind)), Some(spelled)) => format!("{before}{spelled}{behind}"),
            _ => phone.as_str().to_owned(),
        }
    }

    /// The phone of such a tag.
    fn phone_of_slot_tag(&self, tag: &str) -> Option<Phone> {
        let spelled = self.tag_affixes().and_then(|(before, behind)| {
            self.phone.read(tag.strip_prefix(before.as_str())?.strip_suffix(behind.as_str())?)
        });
        spelled.or_else(|| PhoneFormat::E164.read(tag))
    }

    /// The tag and the keys of a phone that nobody has: to ask what may be done to such keys.
    fn probe_keys(&self) -> (String, Vec<String>) {
        let Some((before, behind)) = self.tag_affixes() else { return (PROBE_PHONE.to_owned(), Vec::new()) };
        let all = self.purposes.iter().map(|(ours, theirs)| self.keys_of(PROBE_PHONE, Some(""), ours, theirs));
        let names = all.flat_map(|keys| keys.names().map(str::to_owned).collect::<Vec<_>>());
        (format!("{before}{PROBE_PHONE}{behind}"), names.collect())
    }

    /// The patterns of all its keys: for the rights that they need.
    fn key_patterns(&self) -> Vec<String> {
        let beside = match &self.attempts {
            Some(AttemptCounter::Key(template)) => Some(template),
            _ => None,
        };
        let templates = [Some(&self.key), beside, self.cooldown.as_ref()].into_iter().flatten().chain(&self.locks);
        let of = |template: &KeyTemplate| {
            let all = self.purposes.iter().map(|(_, theirs)| template.pattern(self.phone, theirs));
            all.collect::<Vec<_>>()
        };
        templates.flat_map(of).collect()
    }

    /// Which of its keys has this name; `None`: none whose content is read, or whose phone its name does not tell.
    fn key_role(&self, name: &str) -> Option<AppKey> {
        let attempts = match &self.attempts {
            Some(AttemptCounter::Key(template)) => Some((template, AppKey::Attempts)),
            _ => None,
        };
        let has = |template: &KeyTemplate| {
            let mut phones = self.purposes.iter().filter_map(|(_, theirs)| template.phone_in(name, theirs));
            phones.any(|phone| self.phone.read(phone).is_some())
        };
        let all = [Some((&self.key, AppKey::Code)), attempts].into_iter().flatten();
        all.filter(|(template, _)| has(template)).map(|(_, own)| own).next()
    }

    /// Whether codes of this purpose are the application's.
    fn has(&self, purpose: &Purpose) -> bool {
        self.purposes.iter().any(|(own, _)| own == purpose)
    }
}
