//! What happened to a phone, line by line.

use serde::Serialize;

use crate::commands::event_fields::EventFields;
use crate::otp::rules::SendRule;
use crate::otp::time::rfc3339;
use crate::otp::{Channel, Event, EventKind, Moment, Purpose};
use crate::output::{Cell, Table, clock, plural, to_the_second};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Line {
    #[serde(serialize_with = "rfc3339")]
    at: Moment,
    #[serde(flatten)]
    fields: EventFields,
}

impl From<Event> for Line {
    fn from(event: Event) -> Self {
        Self { at: event.at, fields: event.into() }
    }
}

/// All of them, with everything that each says.
pub(super) fn table(lines: &[Line], now: Moment) -> Table {
    let heads = ["AT", "EVENT", "RESULT", "PURPOSE", "DETAIL", "CODE"];
    let mut table = Table::new(&heads, "none").spare(&["PURPOSE"]).wrapped(&["DETAIL"]).copied(&["CODE"]);
    for Line { at, fields: event } in lines {
        let kind = event.event.as_str();
        let purpose = event.purpose.as_ref().map_or("", Purpose::as_str);
        let parts = [event.rule.clone(), event.detail.clone(), event.reason.clone(), event.by(), event.times()];
        table.row([
            Cell::time(event.last_at.unwrap_or(*at), now),
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
    let is_sent = |event: &EventFields| {
        let is_same = |other: &EventFields| other.challenge_id == event.challenge_id && other.event == EventKind::Send;
        let same = |other: &&Line| is_same(&other.fields);
        event.event == EventKind::Send && event.result == "pending" && lines.iter().filter(same).count() > 1
    };
    let told = lines.iter().filter(|line| !is_sent(&line.fields));
    told.map(|Line { at, fields: event }| {
        let id = event.challenge_id.as_deref().filter(|id| !id.is_empty());
        let short = id.map(|id| id.chars().take(ID).chain(['…']).collect()).unwrap_or_default();
        let at = to_the_second(event.last_at.unwrap_or(*at), now);
        [at, event.event.as_str().to_owned(), words(event, id.and_then(parts), now), short]
    })
    .collect()
}

/// The channel, where it is not the usual one.
fn by_channel(event: &EventFields) -> String {
    let other = event.channel.as_deref().filter(|channel| *channel != Channel::default().as_str());
    other.map(|channel| format!(" ({channel})")).unwrap_or_default()
}

/// How it ended, in a few words.
fn words(event: &EventFields, parts: Option<u32>, now: Moment) -> String {
    let detail = event.detail.as_deref().unwrap_or_default();
    // The provider comes first, then its id of the message, which is on the whole list.
    let (provider, said) = detail.split_once(": ").unwrap_or((detail, ""));
    let rest = said.split_once(": ").map_or(said, |(_, rest)| rest);
    let rule = event.rule.as_deref().unwrap_or_default();
    let mut words = match (event.event, event.result.as_str()) {
        (EventKind::Send, "sent") => {
            let parts = parts.map(|parts| format!(", {}", plural(parts, "segment", "segments")));
            format!("sent by {provider}{}{}", by_channel(event), parts.unwrap_or_default())
        }
        (EventKind::Send, "escalated") => format!("goes on by {provider}{}: {said}", by_channel(event)),
        (EventKind::Send, "not_sent") => format!("not sent by {provider}: {said}"),
        (EventKind::Send, "failed") => format!("not sent: {detail}"),
        (EventKind::Send, "unknown") => format!("not known whether sent: {detail}"),
        (EventKind::Send, "issued") if detail.is_empty() => "printed to read out".to_owned(),
        (EventKind::Send, "issued") => detail.to_owned(),
        (EventKind::Send, "pending") => "being sent".to_owned(),
        (EventKind::Send, "refused") => {
            let until = event.until.filter(|until| *until > now).map(|until| format!(" until {}", clock(until, now)));
            let rule = SendRule::named(rule).map_or(rule, |known| known.words());
            format!("refused: {rule}{}", until.unwrap_or_default())
        }
        (EventKind::Verify, "ok") if event.checked_by.is_some() => "verified, as the application told".to_owned(),
        (EventKind::Verify, "abandoned") => "nobody typed the code, as the application told".to_owned(),
        (EventKind::Verify, "ok") if !detail.is_empty() => format!("right code; {detail}"),
        (EventKind::Verify, "ok") => "right code".to_owned(),
        (EventKind::Verify, "wrong") => "wrong code".to_owned(),
        (EventKind::Verify, "no_code") => format!("no code: {}", rule.replace('_', " ")),
        (EventKind::Verify, "no_user") if detail.is_empty() => "its user is not known".to_owned(),
        (EventKind::Verify, "no_user") => format!("not its user: {detail}"),
        (EventKind::Delivery, "refused") => format!("refused: {detail}"),
        (EventKind::Delivery, result) if rest.is_empty() => result.to_owned(),
        (EventKind::Delivery, result) => format!("{result}: {rest}"),
        (EventKind::Lock, _) => match event.until {
            Some(until) => format!("until {} after {detail}", clock(until, now)),
            None => format!("until someone unlocks it, after {detail}"),
        },
        (_, result) if detail.is_empty() => result.replace('_', " "),
        (_, result) => format!("{}: {detail}", result.replace('_', " ")),
    };
    if event.purpose.as_ref().is_some_and(|purpose| *purpose != Purpose::default()) {
        words += &event.purpose.as_ref().map(|purpose| format!(" ({purpose})")).unwrap_or_default();
    }
    // Whose command it was matters where an operator decided something.
    let is_usual = matches!(event.event, EventKind::Verify | EventKind::Delivery | EventKind::Lock)
        || (event.event == EventKind::Send && event.result != "issued");
    let by = event.by().filter(|_| !is_usual);
    words += &by.map(|by| format!(" {by}")).unwrap_or_default();
    words += &event.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let times = event.times().map(|times| format!(", {times}"));
    words + &times.unwrap_or_default()
}
