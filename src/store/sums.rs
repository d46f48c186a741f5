//! The second kind of write: numbers that are added to the fields of a hash. It compares nothing and never conflicts, so
//! any crowd of processes may add to one hash at once.

use std::collections::BTreeMap;
use std::time::Duration;

use super::key::StoreKey;
use crate::otp::Moment;

/// With so many fields a hash is full: what would be one more goes to the field that [`Increment::otherwise`] names.
pub const FIELDS: usize = 128;

/// What is added to one hash, whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// The hash; [`StoreKey::is_sums`] holds of it.
    pub key: StoreKey,
    /// What is added, in this order.
    pub increments: Vec<Increment>,
    /// Fields that are removed before, because their time is over.
    pub removed: Vec<String>,
    pub lifetime: Lifetime,
    /// What the answer holds.
    pub wanted: Wanted,
}

/// A number that is added to one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Increment {
    /// The field; one that is not there is zero.
    pub field: String,
    /// How much; less than zero gives something back.
    pub by: i64,
    /// The field that gets it where this one is not there yet and the hash is full ([`FIELDS`]); `None`: it always fits.
    pub otherwise: Option<String>,
}

/// How long a hash is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// So long after it was made, whatever is added later.
    FromFirst(Duration),
    /// So long after the last addition.
    FromLast(Duration),
}

impl Lifetime {
    /// How long.
    #[must_use]
    pub fn span(self) -> Duration {
        let (Self::FromFirst(span) | Self::FromLast(span)) = self;
        span
    }
}

/// Which sums an addition answers with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Wanted {
    /// None.
    #[default]
    Nothing,
    /// Those of these fields; what is not there is zero.
    Fields(Vec<String>),
    /// Those of all fields.
    All,
}

/// The sums of a hash at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// The store's time of an addition; a read leaves it to the groups that it reads beside it.
    pub now: Option<Moment>,
    /// The sums, by their fields.
    pub fields: BTreeMap<String, i64>,
}

impl Sums {
    /// A sum; zero where there is none.
    #[must_use]
    pub fn get(&self, field: &str) -> i64 {
        self.fields.get(field).copied().unwrap_or_default()
    }
}

impl Addition {
    /// Nothing yet, to this hash, which is kept so long after it was made.
    #[must_use]
    pub fn to(key: StoreKey, keep: Duration) -> Self {
        let lifetime = Lifetime::FromFirst(keep);
        Self { key, increments: Vec::new(), removed: Vec::new(), lifetime, wanted: Wanted::Nothing }
    }

    /// With this much more in a field.
    #[must_use]
    pub fn plus(mut self, field: impl Into<String>, by: i64) -> Self {
        self.increments.push(Increment { field: field.into(), by, otherwise: None });
        self
    }

    /// With this much more in a field of many, or in the other one where the hash is full.
    #[must_use]
    pub fn plus_one_of_many(mut self, field: impl Into<String>, otherwise: impl Into<String>, by: i64) -> Self {
        self.increments.push(Increment { field: field.into(), by, otherwise: Some(otherwise.into()) });
        self
    }

    /// Without these fields.
    #[must_use]
    pub fn without(mut self, fields: impl IntoIterator<Item = String>) -> Self {
        self.removed.extend(fields);
        self
    }

    /// Kept from the last addition on.
    #[must_use]
    pub fn kept_from_last(mut self) -> Self {
        self.lifetime = Lifetime::FromLast(self.lifetime.span());
        self
    }

    /// With the new sums of all fields in the answer.
    #[must_use]
    pub fn answering_all(mut self) -> Self {
        self.wanted = Wanted::All;
        self
    }

    /// With the new sums of these fields in the answer.
    #[must_use]
    pub fn answering(mut self, fields: impl IntoIterator<Item = String>) -> Self {
        self.wanted = Wanted::Fields(fields.into_iter().collect());
        self
    }
}
