//! What happened to a phone, line by line.

use serde::Serialize;

use crate::otp::time::{rfc3339, rfc3339_or_null};
use crate::otp::{Event, EventKind, Moment, Purpose};
use crate::output::{Cell, Table, clock, plural, to_the_second};

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

/// All of them, with everything that each says.
pub(super) fn table(lines: &[Line], now: Moment) -> Table {
    let heads = ["AT", "EVENT", "RESULT", "PURPOSE", "DETAIL", "CODE"];
    let mut table = Table::new(&heads, "none").spare(&["PURPOSE"]).wrapped(&["DETAIL"]).copied(&["CODE"]);
    for event in lines {
        let kind = event.event.as_str();
        let purpose = event.purpose.as_ref().map_or("", Purpose::as_str);
        let times = (event.count > 1).then(|| format!("{} times", event.count));
        let by = event.by.as_ref().map(|by| format!("by {by}"));
        let parts = [event.rule.clone(), event.detail.clone(), event.reason.clone(), by, times];
        table.row([
            Cell::time(event.last_at.unwrap_or(event.at), now),
            kind.into(),
            (&event.result).into(),
            purpose.into(),
            parts.into_iter().flatten().collect::<Vec<_>>().join("; ").into(),
            event.challenge_id.as_deref().unwrap_or("").into(),
        ]);
    }
    table
}

/// The letters of an id that tell it from the others of a phone.
const ID: usize = 11;

/// The same for a screen that has room for little: when, what, how it ended, and the beginning of its id. That a code
/// was made is not told where it is told what became of it.
pub(super) fn brief(lines: &[Line], parts: &dyn Fn(&str) -> Option<u32>, now: Moment) -> Vec<[String; 4]> {
    let is_sent = |event: &Line| {
        let same = |other: &&Line| other.challenge_id == event.challenge_id && other.event == EventKind::Send;
        event.event == EventKind::Send && event.result == "pending" && lines.iter().filter(same).count() > 1
    };
    let told = lines.iter().filter(|event| !is_sent(event));
    told.map(|event| {
        let id = event.challenge_id.as_deref().filter(|id| !id.is_empty());
        let short = id.map(|id| id.chars().take(ID).chain(['…']).collect()).unwrap_or_default();
        let at = to_the_second(event.last_at.unwrap_or(event.at), now);
        [at, event.event.as_str().to_owned(), event.words(id.and_then(parts), now), short]
    })
    .collect()
}

impl Line {
    /// How it ended, in a few words.
    fn words(&self, parts: Option<u32>, now: Moment) -> String {
        let detail = self.detail.as_deref().unwrap_or_default();
        // The provider comes first, then its id of the message, which is on the whole list.
        let (provider, rest) = detail.split_once(": ").unwrap_or((detail, ""));
        let rest = rest.split_once(": ").map_or(rest, |(_, rest)| rest);
        let rule = self.rule.as_deref().unwrap_or_default();
        let mut words = match (self.event, self.result.as_str()) {
            (EventKind::Send, "sent") => {
                let parts = parts.map(|parts| format!(", {}", plural(parts, "segment", "segments")));
                format!("sent by {provider}{}", parts.unwrap_or_default())
            }
            (EventKind::Send, "failed") => format!("not sent: {detail}"),
            (EventKind::Send, "unknown") => format!("not known whether sent: {detail}"),
            (EventKind::Send, "issued") if detail.is_empty() => "printed to read out".to_owned(),
            (EventKind::Send, "issued") => detail.to_owned(),
            (EventKind::Send, "pending") => "being sent".to_owned(),
            (EventKind::Send, "refused") => {
                let until =
                    self.until.filter(|until| *until > now).map(|until| format!(" until {}", clock(until, now)));
                format!("refused: {rule}{}", until.unwrap_or_default())
            }
            (EventKind::Verify, "ok") => "right code".to_owned(),
            (EventKind::Verify, "wrong") => "wrong code".to_owned(),
            (EventKind::Verify, "no_code") => format!("no code: {rule}"),
            (EventKind::Verify, "no_user") => {
                format!("not its user: {}", if detail.is_empty() { rule } else { detail })
            }
            (EventKind::Delivery, "refused") => format!("refused: {detail}"),
            (EventKind::Delivery, result) if rest.is_empty() => result.to_owned(),
            (EventKind::Delivery, result) => format!("{result}: {rest}"),
            (EventKind::Lock, _) => match self.until {
                Some(until) => format!("until {} after {detail}", clock(until, now)),
                None => format!("until someone unlocks it, after {detail}"),
            },
            (_, result) if detail.is_empty() => result.to_owned(),
            (_, result) => format!("{result}: {detail}"),
        };
        if self.purpose.as_ref().is_some_and(|purpose| *purpose != Purpose::default()) {
            words += &self.purpose.as_ref().map(|purpose| format!(" ({purpose})")).unwrap_or_default();
        }
        // Whose command it was matters where an operator decided something.
        let is_usual = matches!(self.event, EventKind::Verify | EventKind::Delivery | EventKind::Lock)
            || (self.event == EventKind::Send && self.result != "issued");
        let by = self.by.as_ref().filter(|_| !is_usual);
        words += &by.map(|by| format!(" by {by}")).unwrap_or_default();
        words += &self.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let times = (self.count > 1).then(|| format!(", {} times", self.count));
        words + &times.unwrap_or_default()
    }
}
