//! The rules: pure functions from what is known of a phone, the store's time and a request to what is known after it,
//! its outcome and its events. They read no clock, draw no numbers and do no input or output, so one copy serves
//! every store.

mod allowance;
mod attempt;
mod link;
mod mark;
mod question;
mod report;
mod reserve;
mod revoke;
mod unlock;

pub use allowance::{Allowance, Held, SendRule, allowance};
pub use attempt::{Asked, Tried, TryRefused, attempt};
pub use link::{Expected, Linked, Remap, cancel_link, link, unlink};
pub use mark::{Mark, Marked, mark};
pub use report::{About, Recorded, Reported, report, reports};
pub use reserve::{Budget, REQUEST_KEPT, Reserve, Reserved, SendRefused, Way, budget, reserve};
pub use revoke::{Revoke, Revoked, revoke};
pub use unlock::{Unlock, Unlocked, unlock};

use super::{Event, Record, Users};

/// What is known of one phone at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Its codes and counts.
    pub record: Record,
    /// Its users.
    pub users: Users,
}

/// What a rule decided. `None` leaves a part as it is; where nothing changes, nothing is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step<T> {
    /// The record from now on.
    pub record: Option<Record>,
    /// The users from now on.
    pub users: Option<Users>,
    /// What the timeline says of it.
    pub events: Vec<Event>,
    /// The outcome.
    pub outcome: T,
}

impl<T> Step<T> {
    /// Nothing changes.
    pub(crate) fn none(outcome: T) -> Self {
        Self { record: None, users: None, events: Vec::new(), outcome }
    }
}

#[cfg(test)]
mod tests;
