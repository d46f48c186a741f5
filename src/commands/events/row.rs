//! One event as it is shown: a document, and the cells of a row.

use serde::Serialize;

use crate::commands::event_fields::EventFields;
use crate::otp::time::rfc3339;
use crate::otp::{Event, Moment, Purpose};
use crate::output::when;

/// The name and the version of the document of one event.
pub(super) const SCHEMA: &str = "otpctl.event/1";

/// Whose event it is, as far as that may be shown.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Whose {
    pub(super) phone: String,
    #[serde(rename = "ref")]
    pub(super) reference: Option<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct EventRow {
    #[serde(serialize_with = "rfc3339")]
    at: Moment,
    #[serde(flatten)]
    whose: Whose,
    #[serde(flatten)]
    fields: EventFields,
    audit: Option<String>,
}

impl EventRow {
    pub(super) fn new(whose: Whose, event: Event) -> Self {
        Self { at: event.at, whose, audit: event.audit.clone(), fields: event.into() }
    }

    /// When it happened.
    pub(super) fn at(&self) -> Moment {
        self.at
    }

    /// Its cells behind the time: phone, event, result, and the rest in words.
    pub(super) fn cells(&self, now: Moment) -> [String; 4] {
        let EventFields { event, result, .. } = &self.fields;
        [self.whose.phone.clone(), event.as_str().to_owned(), result.clone(), self.words(now)]
    }

    /// What else is known of it.
    fn words(&self, now: Moment) -> String {
        let (usual, fields) = (Purpose::default(), &self.fields);
        let rule = fields.rule.as_ref().map(|rule| match fields.until {
            Some(until) if until > now => format!("by {rule} ({})", when(until, now)),
            _ => format!("by {rule}"),
        });
        let parts = [
            fields.detail.clone(),
            rule,
            fields.times(),
            fields.would_refuse.as_ref().map(|rule| format!("{rule} would refuse it")),
            fields.purpose.as_ref().filter(|purpose| **purpose != usual).map(|purpose| format!("for {purpose}")),
            fields.by(),
            fields.reason.clone(),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }
}

crate::otp::schema::documents! { "otpctl.event/1" => EventRow }
