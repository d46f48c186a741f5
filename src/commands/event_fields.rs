//! What every document tells of an event, beside when and whose it was.

use serde::Serialize;

use crate::otp::time::rfc3339_or_null;
use crate::otp::{Event, EventKind, Moment, Purpose};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct EventFields {
    pub(super) event: EventKind,
    pub(super) result: String,
    pub(super) detail: Option<String>,
    pub(super) purpose: Option<Purpose>,
    pub(super) challenge_id: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) rule: Option<String>,
    #[serde(serialize_with = "rfc3339_or_null")]
    pub(super) until: Option<Moment>,
    pub(super) count: u32,
    #[serde(serialize_with = "rfc3339_or_null")]
    pub(super) last_at: Option<Moment>,
    pub(super) would_refuse: Option<String>,
    pub(super) channel: Option<String>,
    pub(super) checked_by: Option<String>,
    pub(super) by: Option<String>,
}

impl From<Event> for EventFields {
    fn from(event: Event) -> Self {
        Self {
            count: event.times(),
            event: event.event,
            result: event.result,
            detail: event.detail,
            purpose: event.purpose,
            challenge_id: event.challenge_id,
            reason: event.reason,
            rule: event.rule,
            until: event.until,
            last_at: event.last_at,
            would_refuse: event.would_refuse,
            channel: event.channel,
            checked_by: event.checked_by,
            by: event.by,
        }
    }
}

impl EventFields {
    /// How often it happened, where it was more than once.
    pub(super) fn times(&self) -> Option<String> {
        (self.count > 1).then(|| format!("{} times", self.count))
    }

    /// Who did it.
    pub(super) fn by(&self) -> Option<String> {
        self.by.as_ref().map(|by| format!("by {by}"))
    }
}
