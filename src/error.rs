//! The only place where a failure becomes an exit code, a message and a hint.

use std::time::Duration;

use serde::Serialize;

use crate::audit::AuditError;
use crate::config::ConfigError;
use crate::directory::{DirectoryError, DirectoryFailed};
use crate::operations::{Effect, KnownEffects, OperationError, SendFailure};
use crate::otp::hint::Chosen;
use crate::otp::policy_entry::Scope;
use crate::otp::record::State;
use crate::otp::rules::Allowance;
use crate::otp::time::rfc3339_or_null;
use crate::otp::{Denied, Hint, Moment, NameError, PhoneError, RandomnessFailed, Unreadable};
use crate::store::StoreError;

macro_rules! exits {
    ($($name:ident = $number:literal, $word:literal, $meaning:literal, $repeat:literal;)*) => {
        /// How a command ends. Scripts branch on the numbers, so none is ever given another meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Exit {
            $(#[doc = $meaning] $name = $number,)*
        }

        /// Every exit code: number, name, meaning, and whether to repeat the command as it is.
        pub const EXITS: &[(Exit, &str, &str, &str)] = &[$((Exit::$name, $word, $meaning, $repeat),)*];
    };
}

exits! {
    Ok = 0, "OK", "done, yes, reached", "";
    Internal = 1, "INTERNAL", "a bug, or the result could not be written", "report it";
    Usage = 2, "USAGE", "flags, malformed phone, code or id; the store is not touched", "no";
    WrongCode = 10, "WRONG_CODE", "attempts remain", "with another code";
    NoCode = 11, "NO_CODE", "never issued, expired, used, superseded, revoked (`reason` says which)", "after `send`";
    Locked = 12, "LOCKED", "attempts used up, timed or hard lock", "later, or `unlock`";
    RateLimited = 13, "RATE_LIMITED", "quota or cooldown; `retry_after_seconds`", "after that";
    NotFound = 14, "NOT_FOUND", "user, mapping, challenge", "no";
    Conflict = 15, "CONFLICT", "ambiguous user, already mapped, key reused with other arguments", "no";
    Policy = 16, "POLICY", "country, number type, close numbers", "no";
    Undelivered = 17, "UNDELIVERED", "the provider's final answer", "after the cause is fixed";
    WaitTimeout = 18, "WAIT_TIMEOUT", "not reached in time", "yes";
    Partial = 19, "PARTIAL", "many were asked for, some failed", "the failed ones";
    StoreUnreachable = 20, "STORE_UNREACHABLE", "not executed", "yes";
    StoreDenied = 21, "STORE_DENIED", "authentication or ACL", "no";
    StoreNotReady = 22, "STORE_NOT_READY", "LOADING, READONLY, OOM, CLUSTERDOWN, unsafe eviction; not executed", "later";
    StoreUnknown = 23, "STORE_UNKNOWN", "may have executed; the id to repeat with is printed", "with that id";
    StoreData = 24, "STORE_DATA", "a record that is not understood; not counted as a wrong code", "no";
    ProviderRefused = 25, "PROVIDER_REFUSED", "not sent; the code was canceled", "no";
    ProviderDown = 26, "PROVIDER_DOWN", "not sent", "yes";
    ProviderUnknown = 27, "PROVIDER_UNKNOWN", "may have been sent; the code is valid", "look with `inspect` first";
    AuditFailed = 28, "AUDIT_FAILED", "nothing done; or `audit verify`: the records do not hold", "after the cause is fixed";
    Config = 30, "CONFIG", "missing, invalid, unsafe permissions", "no";
    Role = 31, "ROLE", "not allowed for this operator", "no";
    Confirm = 32, "CONFIRM", "confirmation needed or declined", "with `--yes`";
    Interrupted = 130, "SIGINT", "interrupted from the keyboard", "";
    Terminated = 143, "SIGTERM", "terminated", "";
}

impl Exit {
    /// The number that the process ends with.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The name in error documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        EXITS.iter().find(|(exit, ..)| *exit == self).map_or("INTERNAL", |(_, name, ..)| name)
    }
}

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

/// What to do about a record that is not understood.
fn look() -> Hint {
    Hint::run(&["store", "check"])
}

/// What to do about what a newer version wrote.
fn update() -> Hint {
    Hint::words("update otpctl on this machine")
}

/// What to do about the connection to a store.
fn way() -> Hint {
    Hint::run(&["config", "show", "--origin"])
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let (exit, hint) = match &error {
            StoreError::Unreachable(_) => (Exit::StoreUnreachable, Some(way())),
            StoreError::Denied(_) => (Exit::StoreDenied, Some(way())),
            StoreError::NotReady(_) | StoreError::Replica(_) | StoreError::ReadOnly(_) => {
                (Exit::StoreNotReady, Some(Hint::run(&["doctor"])))
            }
            StoreError::Unknown(_) | StoreError::Unreplicated(_) => (Exit::StoreUnknown, None),
            StoreError::Data(_) => (Exit::StoreData, Some(look())),
            StoreError::Newer(_) => (Exit::StoreData, Some(update())),
            StoreError::Cursor => (Exit::Usage, Some("start again without --cursor".into())),
            StoreError::Config(_) => (Exit::Config, Some(Hint::run(&["config", "check"]))),
            StoreError::TooOld(_) => (Exit::Config, Some(way().because("upgrade that server, or name another one"))),
        };
        let outcome = if exit == Exit::StoreUnknown { Completion::Unknown } else { Completion::NotDone };
        Self { hint, outcome, ..Self::new(exit, error) }
    }
}

impl From<DirectoryFailed> for Error {
    fn from(failed: DirectoryFailed) -> Self {
        let (exit, hint) = match &failed.error {
            DirectoryError::Unreachable(_) => (Exit::StoreUnreachable, Hint::run(&["doctor"])),
            DirectoryError::Denied(_) => (Exit::StoreDenied, Hint::run(&["config", "check"])),
            DirectoryError::NotReady(_) => (Exit::StoreNotReady, Hint::run(&["doctor"])),
            DirectoryError::Unknown(_) => (Exit::StoreUnknown, Hint::run(&["doctor"])),
            DirectoryError::Data(_) => (Exit::StoreData, Hint::run(&["doctor"])),
            DirectoryError::Unable(_) => (Exit::Policy, Hint::words("change it in the application")),
            DirectoryError::Config(_) => (Exit::Config, Hint::run(&["config", "check"])),
        };
        let outcome = if exit == Exit::StoreUnknown { Completion::Unknown } else { Completion::NotDone };
        Self { hint: Some(hint), outcome, ..Self::new(exit, failed) }
    }
}

impl From<AuditError> for Error {
    fn from(error: AuditError) -> Self {
        let hint = match &error {
            AuditError::File(file) => file.hint.clone(),
            AuditError::Full(_) => {
                Some("free space on this disk; until then nothing is done that must be recorded".into())
            }
            AuditError::Busy(path) => Some(
                Hint::shell(format!("fuser -v {}", crate::otp::escape::quoted(path)))
                    .because("see which process has the lock"),
            ),
            AuditError::Io { .. } | AuditError::Record => None,
        };
        Self { hint, ..Self::new(Exit::AuditFailed, error) }
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self { hint: error.next().cloned(), ..Self::new(Exit::Config, error) }
    }
}

impl From<PhoneError> for Error {
    fn from(error: PhoneError) -> Self {
        Self { hint: error.hint().map(Hint::words), ..Self::new(Exit::Usage, error) }
    }
}

impl From<NameError> for Error {
    fn from(error: NameError) -> Self {
        Self::new(Exit::Usage, error)
    }
}

impl From<RandomnessFailed> for Error {
    fn from(error: RandomnessFailed) -> Self {
        Self::new(Exit::Internal, error)
    }
}

/// What allows a number that the policy refuses.
fn allow(denied: &Denied) -> Option<Hint> {
    let lift = |what: &str| Hint::run(&["policy", "remove"]).arg(what);
    match denied {
        Denied::Blocked(Scope::Phone(_), _) => Some(lift("PHONE")),
        Denied::Blocked(Scope::Prefix(prefix), _) => Some(lift(prefix.as_str())),
        Denied::Blocked(Scope::Country(country), _) => Some(lift(country.as_str())),
        Denied::OptedOut(_) => Some(lift("PHONE").because("after the receiver sent START to the sender")),
        Denied::Country(country) => Some(format!("allow it: [policy] countries = [\"{country}\", …]").into()),
        Denied::Type(kind) => Some(format!("allow it: [policy] types = [\"{}\", …]", kind.as_str()).into()),
        Denied::VerifiedOnly(_) | Denied::Neighbors | Denied::Brake(_) => {
            let allow = Hint::run(&["policy", "allow"]).arg("PHONE").option("--until", "1h");
            Some(allow.because("if you know the customer"))
        }
        Denied::Cap(..) => Some(Hint::words("wait, or raise `caps` under [limits] in the file")),
        Denied::Spend(..) => Some(Hint::words("wait, or raise `spend` under [limits] in the file")),
        Denied::NoCountry => None,
    }
}

/// A send that a provider refused, or that may have been sent.
fn not_sent(error: OperationError) -> Error {
    let OperationError::Send { failure, ref challenge, retry_after, replayed, .. } = error else {
        return Error::new(Exit::Internal, error);
    };
    let challenge = challenge.as_deref();
    let delivery = challenge.and_then(|challenge| challenge.delivery.as_ref());
    let details = Details {
        retry_after,
        challenge_id: challenge.map(|challenge| challenge.id.clone()),
        state: challenge.map(|challenge| challenge.state),
        expires_at: challenge.map(|challenge| challenge.expires_at),
        provider: delivery.map(|delivery| delivery.provider.clone()).filter(|name| !name.is_empty()),
        replayed,
        ..Details::default()
    };
    let (exit, outcome) = match failure {
        SendFailure::Refused => (Exit::ProviderRefused, Completion::NotDone),
        SendFailure::Down => (Exit::ProviderDown, Completion::NotDone),
        SendFailure::Unknown => (Exit::ProviderUnknown, Completion::Unknown),
    };
    let hint = error.provider_hint();
    Error { hint, outcome, ..Error::new(exit, error).details(details) }
}

impl From<OperationError> for Error {
    fn from(error: OperationError) -> Self {
        let send = error.allowance();
        let mut shown = shown(error);
        shown.details.send = send;
        shown
    }
}

/// A failure of an operation, with what to do about it.
fn shown(error: OperationError) -> Error {
    match error {
        OperationError::Store(error) => error.into(),
        OperationError::Unreadable(Unreadable::Newer(_)) => Error::new(Exit::StoreData, error).hint(update()),
        OperationError::Unreadable(Unreadable::Shape) => Error::new(Exit::StoreData, error).hint(look()),
        OperationError::UnknownKey(error) => Error::new(Exit::StoreData, error).hint(way()),
        OperationError::Randomness(error) => error.into(),
        OperationError::NotHashed(error) => Error::new(Exit::Internal, error),
        OperationError::Contended => Error::new(Exit::StoreNotReady, error),
        OperationError::AttemptReused => {
            Error::new(Exit::Conflict, error).hint("use a new --attempt-id for another code")
        }
        OperationError::NothingDelivered => {
            Error::new(Exit::NotFound, error).hint(Hint::run(&["inspect"]).arg("PHONE"))
        }
        OperationError::CheckedHere => Error::new(Exit::Policy, error),
        OperationError::OutcomeTold(_) => Error::new(Exit::Conflict, error),
        OperationError::CheckedElsewhere => Error::new(Exit::Policy, error)
            .hint(Hint::run(&["outcome"]).arg("PHONE").arg("verified").because("record how it ended there")),
        OperationError::NotAsserted => {
            Error::new(Exit::Policy, error).hint(Hint::run(&["send"]).arg("PHONE").because("send one instead"))
        }
        OperationError::NoSuchUser(ref user) => {
            let link = Hint::run(&["user", "link"]).arg(user.as_str()).arg("PHONE");
            Error::new(Exit::NotFound, error).hint(link)
        }
        OperationError::NoUser => {
            Error::new(Exit::NotFound, error).hint(Hint::run(&["user", "link"]).arg("ID").arg("PHONE"))
        }
        OperationError::Ambiguous(ref users) => {
            let candidates = users.iter().map(|user| format!("user:{user}")).collect();
            let details = Details { candidates, ..Details::default() };
            Error::new(Exit::Conflict, error).hint("pass one of them with --user").details(details)
        }
        OperationError::Directory(error) => error.into(),
        OperationError::Unasked => Error::new(Exit::Internal, error),
        OperationError::Taken(ref users) => {
            let candidates = users.iter().map(|user| format!("user:{user}")).collect();
            Error::new(Exit::Conflict, error).details(Details { candidates, ..Details::default() })
        }
        OperationError::Full => {
            Error::new(Exit::Conflict, error).hint(Hint::run(&["user", "unlink"]).arg("ID").arg("PHONE"))
        }
        OperationError::PolicyFull(_) => Error::new(Exit::Conflict, error).hint(Hint::run(&["policy", "list"])),
        OperationError::HalfDone(_) => Error { outcome: Completion::Unknown, ..Error::new(Exit::StoreUnknown, error) },
        OperationError::Locked(_) => Error::new(Exit::Locked, error),
        OperationError::Limited { wait, .. } => {
            Error::new(Exit::RateLimited, error).details(Details { retry_after: Some(wait), ..Details::default() })
        }
        OperationError::KeyReused => {
            Error::new(Exit::Conflict, error).hint("use a new --idempotency-key for another send")
        }
        OperationError::Layout(_) => Error::new(Exit::Policy, error),
        OperationError::Denied(ref denied, wait) => {
            let details = Details { retry_after: wait, ..Details::default() };
            Error { hint: allow(denied), ..Error::new(Exit::Policy, error).details(details) }
        }
        OperationError::Send { .. } => not_sent(error),
    }
}

crate::otp::schema::documents! { "otpctl.error/1" => ErrorDocument }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_can_mend_comes_with_what_to_do() {
        let why = || "why".to_owned();
        for error in [
            StoreError::Unreachable(why()),
            StoreError::Denied(why()),
            StoreError::NotReady(why()),
            StoreError::Replica(why()),
            StoreError::ReadOnly(why()),
            StoreError::Data(why()),
            StoreError::Newer(why()),
            StoreError::Cursor,
            StoreError::Config(why()),
            StoreError::TooOld(why()),
        ] {
            assert!(Error::from(error.clone()).hint.is_some(), "{error}");
        }
        let user = "u 1".parse().unwrap();
        for (error, hint) in [
            (OperationError::NoSuchUser(user), "otpctl -p x user link 'u 1' PHONE"),
            (OperationError::NoUser, "otpctl -p x user link ID PHONE"),
            (OperationError::Full, "otpctl -p x user unlink ID PHONE"),
            (OperationError::KeyReused, "use a new --idempotency-key for another send"),
            (OperationError::AttemptReused, "use a new --attempt-id for another code"),
        ] {
            let said = Error::from(error.clone()).hint.map(|hint| hint.text(&Chosen::profile("x")));
            assert_eq!(said.as_deref(), Some(hint), "{error}");
        }
    }
}
