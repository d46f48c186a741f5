//! What became of a phone's users, or of a user's phones, as `user show --history` and `inspect` tell it.

use serde::Serialize;

use crate::app::App;
use crate::commands::event_fields::EventFields;
use crate::otp::time::{rfc3339, rfc3339_or_null};
use crate::otp::{Event, Moment, Phone, link_history};
use crate::output::{Cell, Table};

/// A user who had a phone and does not have it now, in a document.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::commands) struct FormerUser {
    pub(in crate::commands) user: String,
    /// `null`: the link is older than what is kept.
    #[serde(serialize_with = "rfc3339_or_null")]
    linked_at: Option<Moment>,
    #[serde(serialize_with = "rfc3339")]
    pub(in crate::commands) unlinked_at: Moment,
    by: Option<String>,
    reason: Option<String>,
}

impl From<link_history::FormerUser> for FormerUser {
    fn from(former: link_history::FormerUser) -> Self {
        let link_history::FormerUser { user, linked_at, unlinked } = former;
        Self { user, linked_at, unlinked_at: unlinked.at, by: unlinked.by, reason: unlinked.reason }
    }
}

/// One change of the map in a document: the event of the timeline, with the phone and the user whose it was.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Change {
    #[serde(serialize_with = "rfc3339")]
    at: Moment,
    phone: String,
    #[serde(rename = "ref")]
    reference: Option<String>,
    user: Option<String>,
    #[serde(flatten)]
    fields: EventFields,
    audit: Option<String>,
}

impl Change {
    pub(super) async fn new(app: &App, phone: &Phone, typed: bool, event: Event) -> Self {
        let (at, user, audit) = (event.at, event.detail.clone(), event.audit.clone());
        let (shown, reference) = (app.display(phone, typed), app.reference(phone).await);
        Self { at, phone: shown, reference, user, fields: event.into(), audit }
    }
}

/// The changes of one user or one phone: whose they are stands in the first column behind the time.
pub(super) fn table(changes: &[Change], of_user: bool, now: Moment) -> Table {
    let heads = ["AT", if of_user { "PHONE" } else { "USER" }, "CHANGE", "BY", "REASON"];
    let mut table = Table::new(&heads, "No change is known.").wrapped(&["REASON"]).spare(&["REASON", "BY"]);
    for Change { at, phone, user, fields, .. } in changes {
        let whose = if of_user { phone.as_str() } else { user.as_deref().unwrap_or("-") };
        table.row([
            Cell::time(*at, now),
            whose.into(),
            (&fields.result).into(),
            fields.by.as_deref().unwrap_or("-").into(),
            fields.reason.as_deref().unwrap_or("-").into(),
        ]);
    }
    table
}
