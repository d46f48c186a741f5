//! Where the values are stored. A store loads and commits; it decides nothing.
//!
//! # The contract of a store
//!
//! * A value has a [`StoreKey`]. The keys of one phone (its record, its users, its timeline) are in one slot, and a
//!   [`Change`] within one slot is atomic.
//! * [`Store::load`] gives the values of a slot and the store's own time, seen at one moment.
//! * [`Store::commit`] takes effect only if every key that the change names still holds the bytes that were loaded;
//!   else it says [`Committed::Conflict`] and nothing has changed.
//! * A value is set together with its lifetime, and is gone once that has passed, by the store's own clock.
//! * [`Store::add`] takes effect whatever the hash holds. What is [`Beside`] a change never keeps it from taking effect.
//! * Several groups or changes in one call are each atomic, not together. They cost one round trip.
//! * "Not there" is a value, never an error. An error says by its kind whether the call may have had an effect.

mod copying;
mod embedded;
mod error;
mod feed;
mod health;
mod key;
mod key_snapshot;
mod page;
mod read_only;
mod reading;
mod redis;
mod sums;
mod values;

use async_trait::async_trait;

pub use self::copying::{Content, KeyCopy};
pub use self::embedded::Embedded;
pub use self::error::StoreError;
pub use self::feed::{Beside, FEED_KEPT, FeedCursor, FeedLine, FeedPage, FeedPart};
pub use self::health::{FileFacts, Health, Rights, ServerFacts};
pub use self::key::StoreKey;
pub use self::key_snapshot::{Key, KeySnapshot, OwnKey, Owner};
pub use self::page::Page;
pub use self::read_only::ReadOnly;
pub use self::reading::{ReadAnswer, ReadRequest, Timeline};
#[doc(hidden)]
pub use self::redis::writing_scripts;
pub use self::redis::{
    AppKeys, Deadline, Deployment, Durability, Endpoint, NumberTags, PhoneTags, Redis, Sentinels, Server, Tls,
    Understood, rules, rules_for, sentinel_rules, sentinel_rules_for, understood,
};
pub use self::sums::{Addition, FIELDS, Increment, Lifetime, Sums, Wanted};
pub use self::values::{Append, Change, Committed, Loaded, Members, OnTop, Put, Write};

use crate::otp::{Event, Phone, UserId};

/// A backend. The documentation of this module is the contract that each keeps.
#[async_trait]
pub trait Store: Send + Sync {
    /// The values of each group of keys; each group is in one slot.
    async fn load(&self, groups: &[Vec<StoreKey>]) -> Result<Vec<Loaded>, StoreError>;

    /// Each change takes effect whole, or not at all.
    async fn commit(&self, changes: &[Change]) -> Result<Vec<Committed>, StoreError>;

    /// Adds to hashes of sums; each addition takes effect whole, or not at all. Nothing is compared, so there is no conflict.
    async fn add(&self, additions: &[Addition]) -> Result<Vec<Sums>, StoreError>;

    /// Reads all parts at once: in one round trip on one server, and two on a Cluster. It is an error where every part is.
    async fn read(&self, request: &ReadRequest) -> Result<ReadAnswer, StoreError>;

    /// A part of the feed: at most so many lines of each of its shards.
    async fn feed(&self, part: &FeedPart, most: usize) -> Result<FeedPage, StoreError>;

    /// The newest events of a phone, the newest first. A line that cannot be read is left out.
    async fn timeline(&self, phone: &Phone, most: usize) -> Result<Vec<Event>, StoreError> {
        let request = ReadRequest { timelines: vec![(phone.clone(), most)], ..ReadRequest::default() };
        let timeline = self.read(&request).await?.timelines.into_iter().next();
        timeline.unwrap_or_else(|| Ok(Timeline::default())).map(|timeline| timeline.events)
    }

    /// The members of an application's sets, by their whole names: at most this many of each; `None`: it does not
    /// exist. Each is read at a different moment.
    async fn members(&self, sets: &[String], most: usize) -> Result<Vec<Option<Members>>, StoreError>;

    /// Numbers (+E.164) of phones that have a record, a page at a time, in no order that means anything. One may come twice.
    async fn phones(&self, cursor: Option<&str>, page: usize) -> Result<Page<String>, StoreError>;

    /// Whether any key of each group is there; each group is in one slot.
    async fn exist(&self, groups: &[Vec<StoreKey>]) -> Result<Vec<bool>, StoreError> {
        let loaded = self.load(groups).await?;
        Ok(loaded.into_iter().map(|loaded| loaded.values.iter().any(Option::is_some)).collect())
    }

    /// Users that have phones, likewise.
    async fn users(&self, cursor: Option<&str>, page: usize) -> Result<Page<UserId>, StoreError>;

    /// How long ago the server that has the keys of a phone was started with nothing in it; `None` where it does not say
    /// so, for whatever reason: nothing else depends on it.
    async fn began_empty(&self, phone: &Phone) -> Option<std::time::Duration> {
        let request = ReadRequest { began_empty: Some(phone.clone()), ..ReadRequest::default() };
        self.read(&request).await.ok()?.began_empty
    }

    /// What the store says of itself, and whether it would take a change. It writes nothing.
    async fn health(&self) -> Result<Health, StoreError>;

    /// The keys of everybody who keeps something in the same place, a page at a time, in no order that means anything.
    /// One may come twice. The pattern is one of Redis's.
    async fn keys(&self, pattern: Option<&str>, cursor: Option<&str>, page: usize) -> Result<Page<Key>, StoreError>;

    /// What each key is; `None`: it is not there any more.
    async fn read_keys(&self, keys: &[Key]) -> Result<Vec<Option<KeySnapshot>>, StoreError>;

    /// The whole of each key, to be put into another store; `None`: it is not there, or is no key that is copied.
    async fn copies(&self, keys: &[OwnKey]) -> Result<Vec<Option<KeyCopy>>, StoreError>;

    /// Puts each where nothing is by its name, each whole, and returns which were put.
    async fn put_copies(&self, copies: &[KeyCopy]) -> Result<Vec<bool>, StoreError>;

    /// Removes each key that has not changed since it was read, and returns which were removed.
    async fn purge(&self, snapshots: &[KeySnapshot]) -> Result<Vec<bool>, StoreError>;

    /// A warning about the calls so far, in addition to their answers; each once.
    fn warning(&self) -> Option<String> {
        None
    }
}
