//! A line of a phone's timeline: what happened to it, for the people who help its owner.

use serde::{Deserialize, Serialize};

use super::{Moment, Purpose};

/// So many of the newest events are kept.
pub const KEPT: usize = 50;

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A code was made, and its SMS handed to a provider or refused by one.
    Send,
    /// The provider, or the application for it, said what became of an SMS.
    Delivery,
    /// A code was tried.
    Verify,
    /// Codes were revoked.
    Revoke,
    /// Too many failures.
    Lock,
    /// A lock was cleared.
    Unlock,
    /// The phone was linked to a user, or unlinked.
    User,
}

/// One event. It never holds a code, nor the number that it belongs to: its place says that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When, by the store's clock.
    pub at: Moment,
    /// What.
    pub event: Kind,
    /// How it ended, in one word.
    pub result: String,
    /// More of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What the code was for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// Which challenge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge_id: Option<String>,
    /// Why the operator did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Event {
    /// An event with nothing but its end.
    #[must_use]
    pub fn new(at: Moment, event: Kind, result: &str) -> Self {
        Self { at, event, result: result.to_owned(), detail: None, purpose: None, challenge_id: None, reason: None }
    }

    /// With more of it.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Option<String>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// With the code that it was about.
    #[must_use]
    pub fn about(mut self, purpose: &Purpose, challenge_id: &str) -> Self {
        self.purpose = Some(purpose.clone());
        self.challenge_id = Some(challenge_id.to_owned());
        self
    }

    /// With the operator's reason.
    #[must_use]
    pub fn because(mut self, reason: Option<&str>) -> Self {
        self.reason = reason.map(str::to_owned);
        self
    }
}
