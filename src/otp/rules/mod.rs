//! The rules: pure functions from what is known of a phone, the store's time and a request to what is known after it,
//! its outcome and its events. They read no clock, draw no numbers and do no input or output, so one copy serves
//! every store.

mod allowance;
mod attempt;
mod attempt_request;
mod delivery_report;
mod escalate;
mod link;
mod notice;
mod outcome;
mod phone_users;
mod question;
mod reserve;
mod revoke;
mod send_result;
mod send_rule;
mod unlock;

pub use allowance::{Allowance, SendContext, allowance, full_channels, is_known, is_lifted};
pub use attempt::{AttemptOutcome, attempt};
pub use attempt_request::{AssertionRequest, AttemptError, AttemptRequest};
pub use delivery_report::{MessageRef, Recorded, Reported, report, reports};
pub use escalate::{begin_escalation, end_escalation};
pub use link::{Carried, Expected, Linked, Remap, cancel_link, link, unlink};
pub use notice::count_notice;
pub use outcome::{OutcomeRecorded, OutcomeRefused, OutcomeRequest, outcome};
pub use reserve::{Budget, IssueMode, REQUEST_KEPT, ReserveRequest, Reserved, SendRefused, budget, reserve};
pub use revoke::{RevokeRequest, Revoked, revoke};
pub use send_result::{SendRecorded, SendResult, record_send};
pub use send_rule::SendRule;
pub use unlock::{UnlockRequest, Unlocked, unlock};

use super::policy_entry::PhonePolicy;
use super::{Event, Owners, Record, Users};

/// What is known of one phone at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PhoneState {
    /// Its codes and counts.
    pub record: Record,
    /// The store's own map.
    pub users: Users,
    /// Whose it is where the own map does not say.
    pub owners: Owners,
    /// Whether it is blocked or allowed.
    pub policy: PhonePolicy,
}

/// What a rule decided. `None` leaves a part as it is; where nothing changes, nothing is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision<T> {
    /// The record from now on.
    pub record: Option<Record>,
    /// The users from now on.
    pub users: Option<Users>,
    /// What the timeline says of it.
    pub events: Vec<Event>,
    pub outcome: T,
}

impl<T> Decision<T> {
    /// Nothing changes.
    pub(crate) fn none(outcome: T) -> Self {
        Self { record: None, users: None, events: Vec::new(), outcome }
    }
}

#[cfg(test)]
mod tests;
