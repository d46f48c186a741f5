//! What is loaded from a store, and what is committed to it.

use std::time::Duration;

use super::feed::Beside;
use super::key::StoreKey;
use crate::otp::{Event, Moment, Phone, Ttl};

/// The values of one slot at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The store's time.
    pub now: Moment,
    /// The values, in the order of the keys.
    pub values: Vec<Option<Vec<u8>>>,
}

/// What a key is to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// What it holds: it is only to be unchanged.
    Keep,
    /// These bytes, for as long as [`Ttl`] says; [`Ttl::Expired`] removes it.
    Set(Vec<u8>, Ttl),
}

/// One key of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    pub key: StoreKey,
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
    pub keep: Duration,
    /// What the events take the place of.
    pub on_top: Option<OnTop>,
}

/// What an append finds on top of a timeline, and changes there. Where something else is on top, nothing is changed
/// ([`Committed::Conflict`]); and the lifetime of the timeline is never shortened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnTop {
    /// The newest line, as it was read; `None`: there was none.
    pub newest: Option<Vec<u8>>,
    /// So many of the newest lines are taken off.
    pub cut: usize,
    /// Those of them that are put back, under the events; the newest first.
    pub back: Vec<Vec<u8>>,
}

/// A change within one slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its keys, all of one slot.
    pub writes: Vec<Write>,
    /// What is added to the timeline of the same phone.
    pub append: Option<Append>,
    /// What is written beside it, and never keeps it from taking effect.
    pub beside: Beside,
    /// It frees memory or makes something safer: it is to work even when the store is full.
    pub allow_when_full: bool,
}

impl Change {
    /// Of these keys and nothing else.
    #[must_use]
    pub fn of(writes: Vec<Write>) -> Self {
        Self { writes, append: None, beside: Beside::default(), allow_when_full: false }
    }
}

/// Whether a change took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// It did, at this time of the store.
    Done(Moment),
    /// A key held something else than was loaded.
    Conflict,
}

/// What a set of an application's holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members {
    /// What the key is, as Redis names it: a set, or something else.
    pub kind: String,
    /// How many members it has.
    pub count: u64,
    /// Some of them, as many as were requested.
    pub found: Vec<Vec<u8>>,
}
