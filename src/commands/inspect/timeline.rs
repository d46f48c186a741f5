//! What happened to a phone, line by line.

use serde::Serialize;

use crate::otp::time::{rfc3339, rfc3339_or_null};
use crate::otp::{Event, EventKind, Moment, Purpose};
use crate::output::{Cell, Table};

#[derive(Serialize)]
pub(super) struct Line {
    #[serde(serialize_with = "rfc3339")]
    at: Moment,
    event: EventKind,
    result: String,
    detail: Option<String>,
    purpose: Option<Purpose>,
    challenge_id: Option<String>,
    reason: Option<String>,
    rule: Option<String>,
    #[serde(serialize_with = "rfc3339_or_null")]
    until: Option<Moment>,
    count: u32,
    #[serde(serialize_with = "rfc3339_or_null")]
    last_at: Option<Moment>,
    would_refuse: Option<String>,
    channel: Option<String>,
    by: Option<String>,
}

impl From<Event> for Line {
    fn from(event: Event) -> Self {
        Self {
            count: event.times(),
            at: event.at,
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
            by: event.by,
        }
    }
}

pub(super) fn table(lines: &[Line], now: Moment) -> Table {
    let mut table =
        Table::new(&["AT", "EVENT", "RESULT", "PURPOSE", "DETAIL"], "none").spare(&["PURPOSE"]).wrapped(&["DETAIL"]);
    for event in lines {
        let kind = event.event.as_str();
        let purpose = event.purpose.as_ref().map_or("", Purpose::as_str);
        let detail = [event.detail.as_deref(), event.reason.as_deref()].into_iter().flatten().collect::<Vec<_>>();
        table.row([
            Cell::time(event.at, now),
            kind.into(),
            (&event.result).into(),
            purpose.into(),
            detail.join("; ").into(),
        ]);
    }
    table
}
