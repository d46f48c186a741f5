//! Reads an answer: accepted, refused and why, or not understood.

use std::collections::BTreeMap;
use std::time::Duration;

use minijinja::Value as Jinja;
use minijinja::value::Serde;
use reqwest::StatusCode;
use reqwest::header::{DATE, LOCATION, RETRY_AFTER};

use super::super::definition::{AnswerFormat, Scope, Unlisted};
use super::super::redact::Redactor;
use super::super::reply::{Class, Indeterminate, ProviderReply, Receipt, Refusal, is_id};
use super::Gateway;
use super::body::Body;
use super::exchange::{Answer, Unreadable};
use crate::otp::Message;

/// No gateway is waited for longer than this, whatever it asks.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// An answer as it was read.
pub(super) struct Answered {
    answer: Answer,
    body: Body,
    /// What expressions see of it.
    pub(super) scope: Scope,
}

impl Answered {
    /// `named`: what else expressions may name.
    pub(super) fn read(answer: Answer, format: AnswerFormat, named: Scope) -> Self {
        let body = Body::read(answer.body.as_deref().unwrap_or_default(), format);
        let mut scope = named;
        scope.extend([
            ("status".to_owned(), Jinja::from(answer.status)),
            ("body".to_owned(), body.value()),
            ("headers".to_owned(), headers(&answer)),
        ]);
        Self { answer, body, scope }
    }

    /// Why nothing of the body can be believed.
    pub(super) fn unreadable(&self) -> Option<&Unreadable> {
        self.answer.body.as_ref().err()
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.answer.status)
    }

    fn not_understood(&self) -> String {
        let status = named(self.answer.status);
        if let Some(unreadable) = self.unreadable() {
            format!("the gateway's answer could not be read: {unreadable} ({status})")
        } else if self.is_success() {
            format!("the gateway's answer was not understood ({status})")
        } else {
            format!("{status} after the request was sent")
        }
    }
}

impl Gateway {
    /// What an answer means.
    ///
    /// A refusal is believed where the definition knows its code, where it says that any other code is a no too, or where
    /// the status says that the request was not carried out (3xx, 4xx, 503 with `Retry-After`), and the definition does
    /// not call it doubtful. Everything else that is no acceptance leaves a doubt: a 5xx may come from a proxy whose
    /// gateway went on to send.
    pub(super) fn judge(&self, answer: Answer, message: &Message<'_>, redactor: &Redactor) -> ProviderReply {
        let send = &self.definition.send;
        let phone = Scope::from([("phone".to_owned(), Jinja::from(self.written(message.to)))]);
        let answered = Answered::read(answer, self.definition.body, phone);
        let (scope, success) = (&answered.scope, answered.is_success());
        // In a body that cannot be read nobody sees a no, or a doubt.
        let unseen = (success && send.refused.is_some()) || send.doubtful.is_some();
        if unseen && answered.unreadable().is_some() {
            return ProviderReply::Unknown(Indeterminate { why: answered.not_understood() });
        }
        let refused = success && send.refused.as_ref().is_some_and(|refused| refused.holds(scope));
        if success && !refused && send.accepted.holds(scope) {
            return self.receipt(scope, message);
        }
        if send.doubtful.as_ref().is_some_and(|doubtful| doubtful.holds(scope)) {
            return ProviderReply::Unknown(Indeterminate { why: answered.not_understood() });
        }
        match self.class(&answered, refused) {
            Some(class) => ProviderReply::Refused(self.refusal(class, &answered, redactor)),
            None => ProviderReply::Unknown(Indeterminate { why: answered.not_understood() }),
        }
    }

    /// The class of a refusal; `None` where the answer leaves a doubt. `refused`: the gateway says no with a 2xx.
    pub(super) fn class(&self, answered: &Answered, refused: bool) -> Option<Class> {
        let errors = &self.definition.errors;
        let code = errors.code.as_ref().and_then(|code| code.text(&answered.scope));
        let known = code.as_ref().and_then(|code| errors.classes.get(code)).copied();
        // Zeros are a yes in every list of codes; where the answer is otherwise no yes, nobody can say.
        let is_no = |code: &String| !code.trim_matches('0').is_empty();
        let unlisted = code.as_ref().is_some_and(is_no) && errors.unlisted == Some(Unlisted::Refused);
        let by_status = if answered.is_success() && (refused || unlisted) {
            Some(Class::Other)
        } else {
            errors.statuses.get(&answered.answer.status).copied().or_else(|| by_status(&answered.answer))
        };
        // A 403 is as often about one message, such as one to a country that is not allowed, as about the key. It is
        // taken for the key, which has the gateway skipped for a while, only where nothing else is given.
        let silent = answered.answer.status == 403 && code.is_none() && answered.unreadable().is_none();
        known.or_else(|| match by_status {
            Some(Class::Other) => {
                let worded = self.by_phrase(self.words(&answered.scope).as_deref());
                worded.or(silent.then_some(Class::Credentials)).or(by_status)
            }
            told => told,
        })
    }

    /// A refusal in the gateway's own words.
    pub(super) fn refusal(&self, class: Class, answered: &Answered, redactor: &Redactor) -> Refusal {
        let Answered { answer, body, scope } = answered;
        let errors = &self.definition.errors;
        let code = errors.code.as_ref().and_then(|code| code.text(scope));
        Refusal {
            class,
            message: redactor.clean(&self.words(scope).unwrap_or_else(|| wordless(answer, body))),
            retry_after: retry_after(answer),
            advice: code.as_ref().and_then(|code| errors.hints.get(code)).cloned(),
            code: code.map(|code| redactor.clean(&code)),
        }
    }

    pub(super) fn words(&self, scope: &Scope) -> Option<String> {
        self.definition.errors.message.as_ref().and_then(|words| words.text(scope))
    }

    fn receipt(&self, scope: &Scope, message: &Message<'_>) -> ProviderReply {
        let send = &self.definition.send;
        let segments = send.segments.as_ref().and_then(|segments| segments.text(scope));
        // 0 is what some say while they do not know it.
        let segments = segments.and_then(|segments| segments.parse().ok()).filter(|segments| *segments > 0);
        let Some(id) = &send.id else {
            return ProviderReply::Accepted(Receipt { id: None, segments, report: None });
        };
        // Digits of the code may be part of an id by chance, so the code is only refused as the whole of it.
        let fit = |id: &String| is_id(id) && id != message.code.expose() && !self.redactor.finds_in(id);
        match id.text(scope).filter(fit) {
            Some(id) => ProviderReply::Accepted(Receipt { id: Some(id), segments, report: None }),
            None if send.id_optional => ProviderReply::Accepted(Receipt { id: None, segments, report: None }),
            None => ProviderReply::Unknown(Indeterminate {
                why: "the gateway accepted the message but gave no message id".to_owned(),
            }),
        }
    }

    fn by_phrase(&self, words: Option<&str>) -> Option<Class> {
        let words = words?.to_lowercase();
        let found = self.definition.errors.phrases.iter().find(|(phrase, _)| words.contains(phrase.as_str()));
        found.map(|(_, class)| *class)
    }
}

/// The class by the HTTP status alone; `None` where the status leaves a doubt.
fn by_status(answer: &Answer) -> Option<Class> {
    match answer.status {
        401 => Some(Class::Credentials),
        402 => Some(Class::Balance),
        429 => Some(Class::Throttled),
        503 if answer.headers.contains_key(RETRY_AFTER) => Some(Class::Throttled),
        413 => Some(Class::Content),
        451 => Some(Class::Region),
        // 408: a proxy may say it of the gateway behind it, which had the whole request.
        300..=399 | 400..=407 | 409..=499 => Some(Class::Other),
        _ => None,
    }
}

/// The seconds or the date of `Retry-After`; a date is read against the answer's own `Date` (RFC 9110 §10.2.3).
fn retry_after(answer: &Answer) -> Option<Duration> {
    let text = |name| answer.headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let after = text(RETRY_AFTER)?;
    let wait = if let Ok(seconds) = after.parse::<u64>() {
        Duration::from_secs(seconds)
    } else {
        let date = |text: &str| jiff::fmt::rfc2822::parse(text).ok().map(|date| date.timestamp());
        Duration::try_from(date(after)?.duration_since(date(text(DATE)?)?)).ok()?
    };
    Some(wait.min(LONGEST_WAIT))
}

fn headers(answer: &Answer) -> Jinja {
    let text = |value: &reqwest::header::HeaderValue| value.to_str().ok().map(str::to_owned);
    let pairs = answer.headers.iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?)));
    Jinja::from(Serde(pairs.collect::<BTreeMap<_, _>>()))
}

fn named(status: u16) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    reason.map_or_else(|| format!("HTTP {status}"), |reason| format!("HTTP {status} {reason}"))
}

/// What to say where the gateway said nothing that its definition can find.
fn wordless(answer: &Answer, body: &Body) -> String {
    if (300..400).contains(&answer.status) {
        let to = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or("nowhere");
        return format!("{}: not followed, so nothing was sent; it points to {to}", named(answer.status));
    }
    if let Err(unreadable) = &answer.body {
        return format!("{}, and its answer could not be read: {unreadable}", named(answer.status));
    }
    match body {
        Body::Text(text) if !text.is_empty() && !text.starts_with('<') => format!("{}: {text}", named(answer.status)),
        Body::Text(text) if text.starts_with('<') => {
            format!("{}, with a page instead of an answer", named(answer.status))
        }
        _ => named(answer.status),
    }
}
