//! Whole keys of ours, taken from one store to be put into another: with all that is in them, and the time that they are
//! still there.

use std::collections::BTreeMap;
use std::time::Duration;

use super::key_snapshot::OwnKey;

/// A whole key, as it was at one moment. It may hold what nobody is to see, so only its name is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyCopy {
    /// Which key.
    pub key: OwnKey,
    /// How long it will be there; `None`: forever.
    pub ttl: Option<Duration>,
    /// What is in it.
    pub content: Content,
}

/// What is in a key.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// A value.
    Bytes(Vec<u8>),
    /// Sums.
    Sums(BTreeMap<String, i64>),
    /// The lines of a timeline, the newest first.
    Lines(Vec<Vec<u8>>),
}

impl std::fmt::Debug for KeyCopy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyCopy").field("ttl", &self.ttl).finish_non_exhaustive()
    }
}
