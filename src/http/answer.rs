//! An answer as expressions see it, and what its status and headers say.

use std::collections::BTreeMap;
use std::time::Duration;

use minijinja::Value as Jinja;
use minijinja::value::Serde;
use reqwest::StatusCode;
use reqwest::header::{DATE, LOCATION, RETRY_AFTER};

use super::body::Body;
use super::exchange::{Answer, Unreadable};
use super::model::AnswerFormat;
use super::scope::Scope;

/// Nobody is waited for longer than this, whatever it asks.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// What expressions over an answer see.
pub const ANSWER: [&str; 3] = ["status", "body", "headers"];

/// An answer as it was read.
pub struct Answered {
    answer: Answer,
    body: Body,
    scope: Scope,
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

    /// What expressions see of it: [`ANSWER`], and what was named.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Its HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.answer.status
    }

    /// Whether its status is a 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.answer.status)
    }

    /// Why nothing of the body can be believed.
    #[must_use]
    pub fn unreadable(&self) -> Option<&Unreadable> {
        self.answer.body.as_ref().err()
    }

    /// Whether it says when to come again.
    #[must_use]
    pub fn has_retry_after(&self) -> bool {
        self.answer.headers.contains_key(RETRY_AFTER)
    }

    /// The seconds or the date of `Retry-After`; a date is read against the answer's own `Date` (RFC 9110 §10.2.3).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let text = |name| self.answer.headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let after = text(RETRY_AFTER)?;
        let wait = if let Ok(seconds) = after.parse::<u64>() {
            Duration::from_secs(seconds)
        } else {
            let date = |text: &str| jiff::fmt::rfc2822::parse(text).ok().map(|date| date.timestamp());
            Duration::try_from(date(after)?.duration_since(date(text(DATE)?)?)).ok()?
        };
        Some(wait.min(LONGEST_WAIT))
    }

    /// The status in words, such as `HTTP 404 Not Found`.
    #[must_use]
    pub fn named(&self) -> String {
        let status = self.answer.status;
        let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
        reason.map_or_else(|| format!("HTTP {status}"), |reason| format!("HTTP {status} {reason}"))
    }

    /// What to say where the definition finds no words in it. The text is the service's: it is to be cleaned before it is
    /// shown.
    #[must_use]
    pub fn wordless(&self) -> String {
        let named = self.named();
        if (300..400).contains(&self.answer.status) {
            let to = self.answer.headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or("nowhere");
            return format!("{named}: not followed, so nothing was sent; it points to {to}");
        }
        if let Err(unreadable) = &self.answer.body {
            return format!("{named}, and its answer could not be read: {unreadable}");
        }
        match &self.body {
            Body::Text(text) if !text.is_empty() && !text.starts_with('<') => format!("{named}: {text}"),
            Body::Text(text) if text.starts_with('<') => format!("{named}, with a page instead of an answer"),
            _ => named,
        }
    }
}

fn headers(answer: &Answer) -> Jinja {
    let text = |value: &reqwest::header::HeaderValue| value.to_str().ok().map(str::to_owned);
    let pairs = answer.headers.iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?)));
    Jinja::from(Serde(pairs.collect::<BTreeMap<_, _>>()))
}
