//! Delivery reports as they come in: in our own form, or as a vendor sent them. All of them are read before any is recorded.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::app::App;
use crate::commands::target::{Target, phone};
use crate::error::{Error, Exit};
use crate::otp::escape::is_unsafe;
use crate::otp::reference::{self, Reference};
use crate::otp::rules::MessageRef;
use crate::otp::{DeliveryReason, DeliveryReport, DeliveryState, Phone, ReportIds};
use crate::provider;

/// No id of a message is longer.
const LONGEST_ID: usize = 128;
/// No code or word of a gateway is longer.
const LONGEST_CODE: usize = 200;

/// One report, and the SMS that it is about.
#[derive(Debug, Clone)]
pub(super) struct IncomingReport {
    /// The receiver; `None` where what is in its place is no number of ours.
    pub(super) phone: Option<Phone>,
    /// The caller wrote the number himself, so it may be shown.
    pub(super) typed: bool,
    pub(super) challenge: Option<String>,
    pub(super) message: Option<String>,
    /// How that id follows from the one that the gateway gave.
    pub(super) ids: ReportIds,
    pub(super) provider: Option<String>,
    pub(super) report: DeliveryReport,
}

/// A report in our own form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    phone: Option<String>,
    challenge_id: Option<String>,
    message_id: Option<String>,
    provider: Option<String>,
    state: DeliveryState,
    reason: Option<DeliveryReason>,
    code: Option<String>,
    said: Option<String>,
}

impl IncomingReport {
    /// The SMS that it is about.
    pub(super) fn about(&self) -> MessageRef<'_> {
        match (&self.challenge, &self.message) {
            (Some(challenge), Some(message)) => MessageRef::Both { challenge, message },
            (Some(challenge), None) => MessageRef::Challenge(challenge),
            (None, message) => {
                let id = message.as_deref().unwrap_or_default();
                if self.ids == ReportIds::Exact {
                    MessageRef::Message(id)
                } else {
                    MessageRef::Written { id, ids: self.ids }
                }
            }
        }
    }
}

/// Reads our own form: one JSON document, an array, or JSON Lines.
///
/// # Errors
/// What is wrong with the first that is wrong, with its place.
pub(super) async fn own(app: &App, text: &str, named: Option<&Target>) -> Result<Read, Error> {
    let wrong = |error: serde_json::Error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        // The library's own words for it are for whoever writes a parser.
        usage(if error.is_data() { format!("stdin: {error}") } else { format!("stdin: this is not JSON ({place})") })
    };
    let mut read: Vec<(String, Own)> = Vec::new();
    if text.trim_start().starts_with('[') {
        let list: Vec<Own> = serde_json::from_str(text).map_err(wrong)?;
        read.extend(list.into_iter().enumerate().map(|(at, own)| (format!("report {}", at + 1), own)));
    } else {
        let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Own>();
        loop {
            let line = line_of(text, stream.byte_offset());
            let Some(own) = stream.next() else { break };
            read.push((format!("line {line}"), own.map_err(wrong)?));
        }
    }
    let mut reports = Vec::with_capacity(read.len());
    for (place, own) in read {
        let report = one(app, own, named).await.map_err(|mut error| {
            error.source = error.source.context(place);
            error
        })?;
        reports.push(report);
    }
    Ok(Read { reports, other_events: Vec::new() })
}

/// The line of the first character from there on that is no space.
fn line_of(text: &str, offset: usize) -> usize {
    let rest = text.get(offset..).unwrap_or_default();
    let start = offset + rest.len() - rest.trim_start().len();
    text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1
}

async fn one(app: &App, own: Own, named: Option<&Target>) -> Result<IncomingReport, Error> {
    if own.message_id.is_none() && own.challenge_id.is_none() {
        return Err(usage("a report names its SMS by `message_id` or `challenge_id`".to_owned()));
    }
    if let Some(id) = own.message_id.as_deref().or(own.challenge_id.as_deref())
        && !((1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()))
    {
        return Err(usage(format!("an id has 1 to {LONGEST_ID} printable characters without spaces")));
    }
    for (name, text) in [("code", &own.code), ("said", &own.said)] {
        if text.as_ref().is_some_and(|text| text.len() > LONGEST_CODE || text.chars().any(is_unsafe)) {
            return Err(usage(format!("`{name}` is one line of at most {LONGEST_CODE} bytes")));
        }
    }
    let (phone, typed) = match (&own.phone, named, &own.challenge_id) {
        (Some(text), ..) => (Some(phone(app, text)?), true),
        (None, Some(named), _) => (Some(named.phone.clone()), named.typed),
        (None, None, Some(id)) => (of_challenge(app, id).await?, false),
        (None, None, None) => {
            return Err(usage("a report with a `message_id` names its `phone` or `challenge_id`".to_owned()));
        }
    };
    let report = DeliveryReport { reason: own.reason, code: own.code, said: own.said, ..DeliveryReport::of(own.state) };
    Ok(IncomingReport {
        phone,
        typed,
        challenge: own.challenge_id,
        message: own.message_id,
        ids: ReportIds::Exact,
        provider: own.provider,
        report,
    })
}

/// The phone of a challenge; none for an id that no pepper of ours made: it is a stranger's.
async fn of_challenge(app: &App, id: &str) -> Result<Option<Phone>, Error> {
    match reference::open(app.peppers().await?, id) {
        Ok(Reference::Challenge { phone, .. }) => Ok(Phone::parse(&phone, None).ok()),
        Ok(Reference::Phone(_)) | Err(_) => Ok(None),
    }
}

/// What was read from standard input.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) reports: Vec<IncomingReport>,
    /// What the vendor calls its other events, of which nothing is recorded.
    pub(super) other_events: Vec<String>,
}

/// Reads what a vendor sent to the application, as it came.
///
/// # Errors
/// When it is nothing that this vendor sends, or a report that names no number where none was given.
pub(super) async fn vendors(app: &App, name: &str, text: &str, named: Option<&Target>) -> Result<Read, Error> {
    let provider::WebhookBody { reports, other_events } = app.provider(name).await?.reports(text).map_err(|error| {
        let wrong = usage(format!("{name}: {error}"));
        match error {
            provider::Malformed::NotOffered => wrong.hint("pass them in otpctl's own form, without --provider"),
            _ => wrong,
        }
    })?;
    let region = app.settings()?.region;
    // Many reports on one number cost one reading of it.
    let mut numbers: BTreeMap<String, Option<Phone>> = BTreeMap::new();
    let mut read = |text: &str| {
        let reading = || {
            let digits = text.trim().trim_start_matches('+');
            let international = Phone::parse(&format!("+{digits}"), None);
            international.or_else(|_| Phone::parse(text, region)).ok()
        };
        numbers.entry(text.to_owned()).or_insert_with(reading).clone()
    };
    let mut incoming = Vec::with_capacity(reports.len());
    for report in reports {
        let said = report.phone.as_deref().map(&mut read);
        let (phone, typed) = match (said, named) {
            // What the vendor says of the receiver counts more than what the application thinks.
            (Some(Some(phone)), named) => {
                let typed = named.is_some_and(|named| named.typed && named.phone == phone);
                (Some(phone), typed)
            }
            (_, Some(named)) => (Some(named.phone.clone()), named.typed),
            (Some(None), None) => (None, false),
            (None, None) => {
                return Err(usage(format!("the reports of {name} contain no number; pass --phone")));
            }
        };
        incoming.push(IncomingReport {
            phone,
            typed,
            challenge: None,
            message: Some(report.message_id),
            ids: report.ids,
            provider: Some(name.to_owned()),
            report: report.report,
        });
    }
    Ok(Read { reports: incoming, other_events })
}

fn usage(message: String) -> Error {
    Error::said(Exit::Usage, message)
}
