//! Where the values live. A store loads and commits; it decides nothing.
//!
//! # The law of a store
//!
//! * A value lies in a [`Cell`]. The cells of one phone (its record, its users, its timeline) lie in one slot, and a
//!   [`Change`] within one slot is atomic.
//! * [`Store::load`] gives the values of a slot and the store's own time, seen at one moment.
//! * [`Store::commit`] takes effect only if every cell that the change names still holds the bytes that were loaded;
//!   else it says [`Committed::Conflict`] and nothing has changed.
//! * A value is set together with its lifetime, and is gone when that is over, by the store's own clock.
//! * Several groups or changes in one call are each atomic, not together. They cost one round trip.
//! * "Not there" is a value, never an error. An error says by its kind whether the call may have had an effect.

mod embedded;
mod health;
mod key_snapshot;
mod redis;

use async_trait::async_trait;

pub use self::embedded::{Clock, Embedded};
pub use self::health::{FileFacts, Health, Rights, ServerFacts};
pub use self::key_snapshot::{Key, KeySnapshot, OwnKey, Owner};
#[doc(hidden)]
pub use self::redis::writing_scripts;
pub use self::redis::{
    Deadline, Deployment, Durability, Endpoint, Redis, Role, Sentinels, Server, Tls, Understood, rules, rules_for,
    sentinel_rules, sentinel_rules_for, understood,
};

use crate::otp::Ttl;
use crate::otp::{Event, Moment, Phone, UserId};

/// The place of one value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum StoreKey {
    /// A phone's codes and counts.
    Record(Phone),
    /// A phone's users.
    Users(Phone),
    /// A user's phones.
    Phones(UserId),
    /// The sends to a prefix: the number less its last four digits.
    Prefix(String),
    /// The sends to a country.
    Country(String),
    /// What an idempotency key was used for, by its hash.
    Request(String),
    /// The failures of a provider, by its name in the configuration.
    Provider(String),
    /// A key of the application's own, by its whole name. Its value is what [`crate::layout::Held`] writes: type,
    /// end and content as one, and its life is the one that stands in it.
    App(String),
}

impl StoreKey {
    /// The name of the cell in a store, without the store's own prefix. What stands in braces is the Redis Cluster
    /// hash tag: it is the same for all cells of one phone.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Record(phone) => format!("{{{}}}:record", phone.as_str()),
            Self::Users(phone) => format!("{{{}}}:users", phone.as_str()),
            Self::Phones(user) => format!("{{user:{}}}:phones", encoded(user.as_str())),
            Self::Prefix(prefix) => format!("{{prefix:{prefix}}}:sends"),
            Self::Country(country) => format!("{{country:{country}}}:sends"),
            Self::Request(hash) => format!("{{request:{hash}}}:request"),
            Self::Provider(name) => format!("{{provider:{}}}:circuit", encoded(name)),
            Self::App(key) => key.clone(),
        }
    }

    /// Whether it is not ours.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        matches!(self, Self::App(_))
    }
}

/// The name of a phone's timeline.
fn timeline_name(phone: &Phone) -> String {
    format!("{{{}}}:timeline", phone.as_str())
}

/// Percent-encodes all but the characters that mean nothing to Redis Cluster, to `SCAN` patterns and to a terminal.
fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len()), |mut name, byte| {
        if byte.is_ascii_alphanumeric() || b"_.@+-".contains(&byte) {
            name.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(name, "%{byte:02X}");
        }
        name
    })
}

/// The reverse of [`encoded`]; `None` for a name that it never makes.
fn decoded(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let pair = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// The values of one slot at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The store's time.
    pub now: Moment,
    /// The values, in the order of the cells.
    pub values: Vec<Option<Vec<u8>>>,
}

/// What a cell is to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// What it holds: it is only to be unchanged.
    Keep,
    /// These bytes, as long as [`Life`] says; [`Life::Over`] removes it.
    Set(Vec<u8>, Ttl),
}

/// One cell of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// The cell.
    pub cell: StoreKey,
    /// What was loaded from it.
    pub loaded: Option<Vec<u8>>,
    /// What it is to hold.
    pub put: Put,
}

/// Events for a phone's timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// Whose timeline.
    pub phone: Phone,
    /// The events, the oldest first.
    pub events: Vec<Event>,
    /// How long the timeline is kept after its last event.
    pub keep: std::time::Duration,
}

/// A change within one slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its cells, all of one slot.
    pub writes: Vec<Write>,
    /// What the timeline of the same phone is told.
    pub append: Option<Append>,
    /// It frees memory or makes something safer: it is to work even when the store is full.
    pub allow_when_full: bool,
}

/// Whether a change took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// It did, at this time of the store.
    Done(Moment),
    /// A cell held something else than was loaded.
    Conflict,
}

/// One page of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What was found.
    pub found: Vec<T>,
    /// Where to go on; `None` at the end.
    pub next: Option<String>,
    /// Why a part of the store, such as a node of a Cluster, could not be asked for this page: `next` goes on behind it.
    pub missing: Option<StoreError>,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self::of(Vec::new(), None)
    }
}

impl<T> Page<T> {
    fn of(found: Vec<T>, next: Option<String>) -> Self {
        Self { found, next, missing: None }
    }

    /// The same place in the list, of what was made of it.
    fn with<U>(self, make: impl FnOnce(Vec<T>) -> Vec<U>) -> Page<U> {
        Page { found: make(self.found), next: self.next, missing: self.missing }
    }
}

/// Why a store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No answer, and surely nothing done.
    #[error("the store is not reachable: {0}")]
    Unreachable(String),
    /// It was refused: who we are, or what we may.
    #[error("the store refused access: {0}")]
    Denied(String),
    /// It answers, but cannot do it now; nothing done.
    #[error("the store is not ready: {0}")]
    NotReady(String),
    /// It may have done it: the answer was lost.
    #[error("the answer of the store was lost: {0}")]
    Unknown(String),
    /// It did it, and that it stays is not known: too few replicas have it. Looking again does not tell.
    #[error("the change is not known to last: {0}")]
    Unreplicated(String),
    /// A value is not what this version writes.
    #[error("a record in the store is not understood: {0}")]
    Data(String),
    /// Not a place in a list that this store gave.
    #[error("the cursor is not one that this list gave")]
    Cursor,
    /// The way to the store is written wrong.
    #[error("the store cannot be opened: {0}")]
    Config(String),
}

impl StoreError {
    /// What happened, without the words for its kind.
    #[must_use]
    pub fn what(&self) -> &str {
        match self {
            Self::Unreachable(text)
            | Self::Denied(text)
            | Self::NotReady(text)
            | Self::Unknown(text)
            | Self::Unreplicated(text)
            | Self::Data(text)
            | Self::Config(text) => text,
            Self::Cursor => "the cursor is not one that this list gave",
        }
    }

    /// Whether it is about what a user may do, and not about who it is.
    #[must_use]
    pub fn lacks_rights(&self) -> bool {
        let Self::Denied(text) = self else { return false };
        ["NOPERM", "does not let this user call", "executing the script can't", "can't run this command"]
            .iter()
            .any(|words| text.contains(words))
    }

    /// Whether what was asked for may have been done all the same.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        matches!(self, Self::Unknown(_) | Self::Unreplicated(_))
    }
}

/// What a set of an application's holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members {
    /// What the key is, as Redis names it: a set, or something else.
    pub kind: String,
    /// How many members it has.
    pub count: u64,
    /// Some of them, as many as were asked for.
    pub found: Vec<Vec<u8>>,
}

/// A family of backends. See the module's own page for the law that each keeps.
#[async_trait]
pub trait Store: Send + Sync {
    /// The values of each group of cells; each group lies in one slot.
    async fn load(&self, groups: &[Vec<StoreKey>]) -> Result<Vec<Loaded>, StoreError>;

    /// Each change takes effect whole, or not at all.
    async fn commit(&self, changes: &[Change]) -> Result<Vec<Committed>, StoreError>;

    /// The newest events of a phone, the newest first.
    async fn timeline(&self, phone: &Phone, most: usize) -> Result<Vec<Event>, StoreError>;

    /// The members of sets that are an application's own, by their whole names: of each at most so many; `None`: it is not
    /// there. Each is seen at a moment of its own.
    async fn members(&self, sets: &[String], most: usize) -> Result<Vec<Option<Members>>, StoreError>;

    /// Numbers (+E.164) of phones that have a record, a page at a time, in no order that means anything. One may come twice.
    async fn phones(&self, cursor: Option<&str>, page: usize) -> Result<Page<String>, StoreError>;

    /// Users that have phones, likewise.
    async fn users(&self, cursor: Option<&str>, page: usize) -> Result<Page<UserId>, StoreError>;

    /// How long ago the server that has the keys of a phone was started with nothing in it; `None` where it does not say
    /// so, for whatever reason: nothing else depends on it.
    async fn began_empty(&self, phone: &Phone) -> Option<std::time::Duration>;

    /// What the store says of itself, and whether it would take a change. It writes nothing.
    async fn health(&self) -> Result<Health, StoreError>;

    /// The keys of everybody who keeps something in the same place, a page at a time, in no order that means anything.
    /// One may come twice. The pattern is one of Redis's.
    async fn keys(&self, pattern: Option<&str>, cursor: Option<&str>, page: usize) -> Result<Page<Key>, StoreError>;

    /// What each key is; `None`: it is not there any more.
    async fn read_keys(&self, keys: &[Key]) -> Result<Vec<Option<KeySnapshot>>, StoreError>;

    /// Removes each key that still is what was seen of it, and tells which were removed.
    async fn purge(&self, sights: &[KeySnapshot]) -> Result<Vec<bool>, StoreError>;

    /// What the owner of the store is to be told of the calls so far, beside their answers; each thing once.
    fn warning(&self) -> Option<String> {
        None
    }
}
