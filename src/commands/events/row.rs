//! One event as it is shown: a document, and the cells of a row.

use serde::Serialize;

use crate::otp::time::{rfc3339, rfc3339_or_null};
use crate::otp::{Event, EventKind, Moment, Purpose};
use crate::output::when;

/// The name and the version of the document of one event.
pub(super) const SCHEMA: &str = "otpctl.event/1";

/// Whose event it is, as far as that may be shown.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Whose {
    pub(super) phone: String,
    #[serde(rename = "ref")]
    pub(super) reference: Option<String>,
}

#[derive(Serialize)]
pub(super) struct EventRow {
    #[serde(serialize_with = "rfc3339")]
    at: Moment,
    #[serde(flatten)]
    whose: Whose,
    event: EventKind,
    result: String,
    detail: Option<String>,
    purpose: Option<Purpose>,
    challenge_id: Option<String>,
    rule: Option<String>,
    #[serde(serialize_with = "rfc3339_or_null")]
    until: Option<Moment>,
    count: u32,
    #[serde(serialize_with = "rfc3339_or_null")]
    last_at: Option<Moment>,
    would_refuse: Option<String>,
    channel: Option<String>,
    reason: Option<String>,
    by: Option<String>,
    audit: Option<String>,
}

impl EventRow {
    pub(super) fn new(whose: Whose, event: Event) -> Self {
        Self {
            at: event.at,
            whose,
            count: event.times(),
            event: event.event,
            result: event.result,
            detail: event.detail,
            purpose: event.purpose,
            challenge_id: event.challenge_id,
            rule: event.rule,
            until: event.until,
            last_at: event.last_at,
            would_refuse: event.would_refuse,
            channel: event.channel,
            reason: event.reason,
            by: event.by,
            audit: event.audit,
        }
    }

    /// When it happened.
    pub(super) fn at(&self) -> Moment {
        self.at
    }

    /// Its cells behind the time: phone, event, result, and the rest in words.
    pub(super) fn cells(&self, now: Moment) -> [String; 4] {
        let Self { whose, event, result, .. } = self;
        [whose.phone.clone(), event.as_str().to_owned(), result.clone(), self.words(now)]
    }

    /// What else is known of it.
    fn words(&self, now: Moment) -> String {
        let usual = Purpose::default();
        let rule = self.rule.as_ref().map(|rule| match self.until {
            Some(until) if until > now => format!("by {rule} ({})", when(until, now)),
            _ => format!("by {rule}"),
        });
        let parts = [
            self.detail.clone(),
            rule,
            (self.count > 1).then(|| format!("{} times", self.count)),
            self.would_refuse.as_ref().map(|rule| format!("{rule} would refuse it")),
            self.purpose.as_ref().filter(|purpose| **purpose != usual).map(|purpose| format!("for {purpose}")),
            self.by.as_ref().map(|by| format!("by {by}")),
            self.reason.clone(),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }
}
