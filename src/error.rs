//! The only place where a failure becomes an exit code, a message and a hint.

mod exit;
mod failures;

use std::time::Duration;

use serde::Serialize;

pub use self::exit::{EXITS, Exit};
use crate::operations::{Effect, KnownEffects};
use crate::otp::hint::Chosen;
use crate::otp::record::State;
use crate::otp::rules::Allowance;
use crate::otp::time::rfc3339_or_null;
use crate::otp::{Hint, Moment};

/// What is known of the thing that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Completion {
    NotDone,
    Done,
    /// It may have been done.
    Unknown,
}

/// A failure, ready to be shown: what happened, what to do, and what a script needs to go on.
#[derive(Debug)]
pub struct Error {
    /// How the process ends.
    pub exit: Exit,
    /// What happened, followed by its causes.
    pub source: anyhow::Error,
    /// What to do next.
    pub hint: Option<Hint>,
    /// What is known.
    pub outcome: Completion,
    /// What only some failures have.
    pub details: Box<Details>,
}

/// Makes an error of what is known of the effects of something that was stopped.
pub type Told<'a> = dyn Fn(&KnownEffects) -> Error + 'a;

/// What a script needs to go on after some failures.
#[derive(Debug, Default)]
pub struct Details {
    /// When to come back.
    pub retry_after: Option<Duration>,
    /// The id to repeat a `verify` with.
    pub attempt_id: Option<String>,
    /// The key that a `send` carried.
    pub idempotency_key: Option<String>,
    /// The code that this is about.
    pub challenge_id: Option<String>,
    /// The state of that code.
    pub state: Option<State>,
    /// When it expires.
    pub expires_at: Option<Moment>,
    /// The provider that was asked last.
    pub provider: Option<String>,
    /// It ended so before, under the same key.
    pub replayed: bool,
    /// What could have been meant, where it was not clear.
    pub candidates: Vec<String>,
    /// Which rule refused a send, as `inspect` tells it.
    pub send: Option<Allowance>,
}

/// The document of a failure.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ErrorDocument {
    schema: &'static str,
    code: &'static str,
    exit: u8,
    message: String,
    hint: Option<String>,
    /// The command of the hint alone, ready to be pasted.
    command: Option<String>,
    retry_after_seconds: Option<u64>,
    outcome: Completion,
    attempt_id: Option<String>,
    idempotency_key: Option<String>,
    challenge_id: Option<String>,
    state: Option<State>,
    #[serde(serialize_with = "rfc3339_or_null")]
    expires_at: Option<Moment>,
    provider: Option<String>,
    replayed: bool,
    candidates: Vec<String>,
    /// Whether a code could be sent, as `inspect` has it, where a rule refused this one.
    send: Option<Allowance>,
}

impl Error {
    /// A failure with nothing but its message.
    pub fn new(exit: Exit, source: impl Into<anyhow::Error>) -> Self {
        Self { exit, source: source.into(), hint: None, outcome: Completion::NotDone, details: Box::default() }
    }

    /// A failure in words.
    pub fn said(exit: Exit, message: impl Into<String>) -> Self {
        Self::new(exit, anyhow::Error::msg(message.into()))
    }

    /// With what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With what a script needs to go on.
    #[must_use]
    pub fn details(mut self, details: Details) -> Self {
        self.details = Box::new(details);
        self
    }

    /// With what is known of the command's effects: what failed later does not undo what was done before.
    #[must_use]
    pub fn knowing(mut self, known: &KnownEffects) -> Self {
        if self.outcome == Completion::NotDone && !known.is_nothing() {
            self.outcome = Completion::Unknown;
            // Those say that nothing was executed.
            if matches!(self.exit, Exit::StoreUnreachable | Exit::StoreDenied | Exit::StoreNotReady) {
                self.exit = Exit::StoreUnknown;
            }
        }
        if let Some(Effect::Code(id) | Effect::Message(id, _) | Effect::Cancellation(id, _)) =
            known.doubt.as_ref().max(known.done.as_ref())
        {
            self.details.challenge_id.get_or_insert_with(|| id.clone());
        }
        self
    }

    /// The whole message in one line.
    #[must_use]
    pub fn message(&self) -> String {
        format!("{:#}", self.source)
    }

    /// Seconds to wait, rounded up: a script that waits this long is not refused again.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.details.retry_after.map(|wait| wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX))
    }

    /// The error document. `here`: the file that the command of its hint is to read.
    #[must_use]
    pub fn described(&self, here: &Chosen) -> ErrorDocument {
        ErrorDocument {
            schema: "otpctl.error/1",
            code: self.exit.name(),
            exit: self.exit.number(),
            message: self.message(),
            hint: self.hint.as_ref().map(|hint| hint.text(here)),
            command: self.hint.as_ref().and_then(|hint| hint.command(here)),
            retry_after_seconds: self.retry_after_seconds(),
            outcome: self.outcome,
            attempt_id: self.details.attempt_id.clone(),
            idempotency_key: self.details.idempotency_key.clone(),
            challenge_id: self.details.challenge_id.clone(),
            state: self.details.state,
            expires_at: self.details.expires_at,
            provider: self.details.provider.clone(),
            replayed: self.details.replayed,
            candidates: self.details.candidates.clone(),
            send: self.details.send.clone(),
        }
    }
}

crate::otp::schema::documents! { "otpctl.error/1" => ErrorDocument }
