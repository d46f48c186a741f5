//! One read for everything: what a screen shows of a phone comes in one round trip, each part with its own result.

use std::time::Duration;

use super::error::StoreError;
use super::key::StoreKey;
use super::sums::Sums;
use super::values::Loaded;
use crate::otp::{Event, Phone};

/// What is to be read, all at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadRequest {
    /// Groups of values; each group is in one slot, and read at one moment.
    pub groups: Vec<Vec<StoreKey>>,
    /// Timelines, and how many of the newest events of each.
    pub timelines: Vec<(Phone, usize)>,
    /// Whole hashes of sums.
    pub sums: Vec<StoreKey>,
    /// Whether the server of this phone began with nothing.
    pub began_empty: Option<Phone>,
}

/// What was read, part by part, in the order of the request. A part that cannot be read hides no other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadAnswer {
    pub groups: Vec<Result<Loaded, StoreError>>,
    pub timelines: Vec<Result<Timeline, StoreError>>,
    /// One that is not there has no fields.
    pub sums: Vec<Result<Sums, StoreError>>,
    /// How long ago the server was started with nothing in it; `None` where it does not say so, for whatever reason.
    pub began_empty: Option<Duration>,
}

impl ReadAnswer {
    /// The failure of all parts, where there is no part that did not fail.
    pub(super) fn failure(&self) -> Option<StoreError> {
        let groups = self.groups.iter().map(|part| part.as_ref().err());
        let timelines = self.timelines.iter().map(|part| part.as_ref().err());
        let sums = self.sums.iter().map(|part| part.as_ref().err());
        let mut all = groups.chain(timelines).chain(sums);
        let first = all.next()??;
        all.all(|part| part.is_some()).then(|| first.clone())
    }
}

/// The newest events of a phone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline {
    /// The newest first.
    pub events: Vec<Event>,
    /// All lines as they are stored, those that cannot be read too.
    pub lines: Vec<Vec<u8>>,
    /// How many lines among them cannot be read. They hide no other.
    pub broken: usize,
}

impl Timeline {
    pub(super) fn of(lines: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        let mut timeline = Self::default();
        for line in lines {
            match Event::read(line.as_ref()) {
                Some(event) => timeline.events.push(event),
                None => timeline.broken += 1,
            }
            timeline.lines.push(line.as_ref().to_vec());
        }
        timeline
    }
}
