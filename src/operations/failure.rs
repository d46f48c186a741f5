//! Why a request was not done. Each kind tells whether, and when, it is worth trying again.

use std::time::Duration;

use crate::directory::DirectoryFailed;
use crate::layout::{HashFailed, Refusal};
use crate::otp::Unreadable;
use crate::otp::policy_entry::ENTRIES;
use crate::otp::record::{Challenge, ToldOutcome};
use crate::otp::rules::{Allowance, AttemptError, SendRefused, SendRule};
use crate::otp::{Channel, Denied, Hint, Moment, RandomnessFailed, UnknownKey, UserId, used_up};
use crate::store::StoreError;

/// How a send failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendFailure {
    /// Not sent, and not worth repeating as it is.
    Refused,
    /// Not sent, and worth repeating.
    Down,
    /// It may have been sent.
    Unknown,
}

/// Why a request was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A value in the store.
    #[error("cannot read the record of this phone: {0}")]
    Unreadable(Unreadable),
    /// The key of a code.
    #[error(transparent)]
    UnknownKey(#[from] UnknownKey),
    /// No random numbers.
    #[error(transparent)]
    Randomness(#[from] RandomnessFailed),
    /// The hash of a code that an application keeps.
    #[error(transparent)]
    NotHashed(#[from] HashFailed),
    /// Too many others change the same record.
    #[error("too many others are changing the same record")]
    Contended,
    /// The attempt id was used with another code, or for another user.
    #[error("this attempt id was used with another code or for another user")]
    AttemptReused,
    /// The phone has no such user.
    #[error("the phone is not linked to the user `{0}`")]
    NoSuchUser(UserId),
    /// The phone has no user.
    #[error("the phone is linked to no user")]
    NoUser,
    /// The phone has several users.
    #[error("the phone is linked to several users")]
    Ambiguous(Vec<UserId>),
    /// A directory gave no answer, so nobody knows whose phone it is.
    #[error("it is not known whose phone it is: {0}")]
    Directory(DirectoryFailed),
    /// The directories were not asked yet: whoever runs a rule asks them, and runs it again.
    #[error("no directory was asked whose phone it is")]
    Unasked,
    /// Another server made the newest code, and checks it.
    #[error("the newest code is checked elsewhere, by the server that made it")]
    CheckedElsewhere,
    /// No code of another server went out, as far as is known.
    #[error("no such code was delivered, as far as is known")]
    NothingDelivered,
    /// It is no code of another server.
    #[error("this code was made here, and how it ends is known here")]
    CheckedHere,
    /// Another outcome was told before.
    #[error("it was told before that this code was {}", .0.as_str())]
    OutcomeTold(ToldOutcome),
    /// The code was not sent to the phone, and an assertion was asked for.
    #[error("the code was printed, or is a fixed one, so no assertion is made of it")]
    NotAsserted,
    /// There is no room for another link.
    #[error("a phone can have at most 32 users, and a user at most 32 phones")]
    Full,
    /// The phone has other users than may share it.
    #[error("the phone is linked to another user")]
    Taken(Vec<UserId>),
    /// There is no room for another policy entry.
    #[error("numbers of +{0} already have {ENTRIES} policy entries of prefixes and countries")]
    PolicyFull(u16),
    /// A change of several phones that was not finished. The same request continues where it stopped.
    #[error("only part of the change was made: {0}")]
    HalfDone(Box<OperationError>),
    /// Too many failures.
    #[error("the phone is locked after too many wrong codes{}", .0.map(|until| format!(" until {}", until.rfc3339())).unwrap_or_default())]
    Locked(Option<Moment>),
    /// Too soon, or too many.
    #[error("{why}; try again in {} s", wait.as_millis().div_ceil(1000))]
    Limited {
        /// The rule that has the limit.
        rule: SendRule,
        /// Which limit.
        why: String,
        /// How long it lasts.
        wait: Duration,
        /// Until when, by the store's clock.
        until: Moment,
    },
    /// An application keeps the codes, and its layout does not allow this.
    #[error(transparent)]
    Layout(#[from] Refusal),
    /// The idempotency key was used with other arguments.
    #[error("this idempotency key was used with other arguments")]
    KeyReused,
    /// The policy; and until when, where that is known.
    #[error("{0}")]
    Denied(Denied, Option<Duration>),
    /// The provider.
    #[error("{}: {said}", match failure { SendFailure::Unknown => format!("{noun} may have been sent"), _ => format!("{noun} was not sent") })]
    Send {
        /// How it ended.
        failure: SendFailure,
        /// What was to be sent: "the SMS".
        noun: &'static str,
        /// What the providers said, each behind its name.
        said: String,
        /// What to do about the last refusal.
        advice: Option<String>,
        /// How long the last one asked to wait.
        retry_after: Option<Duration>,
        /// The code that it was about, as it is now; `None`: none was made, for this was a dry run.
        challenge: Option<Box<Challenge>>,
        /// Whether that code is valid now.
        valid: bool,
        /// It failed before, and the same key asked for it again.
        replayed: bool,
    },
}

/// A send that failed, as the providers left it. [`OperationError::Send`] is made of it, and only here.
#[derive(Debug)]
pub(super) struct NotSent {
    failure: SendFailure,
    noun: &'static str,
    said: String,
    advice: Option<String>,
    retry_after: Option<Duration>,
}

impl NotSent {
    /// It may have been sent. `said`: what the providers said, each behind its name.
    pub(super) fn unknown(said: String, noun: &'static str) -> Self {
        Self { failure: SendFailure::Unknown, noun, said, advice: None, retry_after: None }
    }

    /// It was not sent. `advice`: what to do about the last refusal.
    pub(super) fn refused(
        said: String,
        noun: &'static str,
        is_down: bool,
        advice: Option<String>,
        retry_after: Option<Duration>,
    ) -> Self {
        let failure = if is_down { SendFailure::Down } else { SendFailure::Refused };
        Self { failure, noun, said, advice, retry_after }
    }

    /// The error. `challenge`: the code that it was about, and whether it is valid now.
    pub(super) fn about(self, challenge: Option<(Challenge, bool)>, replayed: bool) -> OperationError {
        let Self { failure, noun, said, advice, retry_after } = self;
        let valid = challenge.as_ref().is_some_and(|(_, valid)| *valid);
        let challenge = challenge.map(|(challenge, _)| Box::new(challenge));
        OperationError::Send { failure, noun, said, advice, retry_after, challenge, valid, replayed }
    }
}

impl OperationError {
    /// Whether it is about one record alone, so that the others can be done.
    #[must_use]
    pub fn is_of_one_record(&self) -> bool {
        matches!(
            self,
            Self::Store(StoreError::Data(_))
                | Self::Unreadable(_)
                | Self::UnknownKey(_)
                | Self::Layout(_)
                | Self::Contended
        )
    }

    /// Whether the store refused access.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Store(StoreError::Denied(_)))
    }

    /// What to do after a send that failed.
    #[must_use]
    pub fn provider_hint(&self) -> Option<Hint> {
        match self {
            Self::Send { failure: SendFailure::Unknown, challenge: Some(challenge), valid, .. } => {
                let is_valid = *valid && !challenge.is_checked_elsewhere();
                let valid = if is_valid { "the code is valid; " } else { "" };
                Some(Hint::run(&["inspect"]).arg(&challenge.id).because(format!("{valid}look before you send again")))
            }
            Self::Send { advice, .. } => advice.clone().map(Hint::words),
            _ => None,
        }
    }

    /// Too soon, or too many.
    pub(super) fn limited(rule: SendRule, why: String, until: Moment, now: Moment) -> Self {
        Self::Limited { rule, why, wait: until.since(now), until }
    }

    /// The sentence as a screen has it, where it names moments: `when` tells one with how far away it is, `clock` alone.
    #[must_use]
    pub fn on_screen(&self, when: &dyn Fn(Moment) -> String, clock: &dyn Fn(Moment) -> String) -> Option<String> {
        match self {
            Self::Locked(Some(until)) => {
                Some(format!("the phone is locked after too many wrong codes; try again {}", when(*until)))
            }
            Self::Denied(denied, _) => Some(denied.words(when, clock)),
            _ => None,
        }
    }

    /// Which rule refused a send, and until when where a time helps; `None`: something else failed.
    #[must_use]
    pub fn refused_by(&self) -> Option<(SendRule, Option<Moment>)> {
        match self {
            Self::Limited { rule, until, .. } => Some((*rule, Some(*until))),
            Self::Locked(until) => Some((SendRule::Lock, *until)),
            Self::Denied(denied, _) => Some((SendRule::of(denied), denied.until())),
            _ => None,
        }
    }

    /// The refusal of a send as whoever asks without sending is told it; `None`: something else failed.
    #[must_use]
    pub fn allowance(&self) -> Option<Allowance> {
        let (rule, until) = self.refused_by()?;
        let reason = match self {
            Self::Limited { rule: SendRule::PerPhone | SendRule::PerPrefix | SendRule::PerCountry, why, .. } => {
                why.clone()
            }
            Self::Denied(denied, _) => denied.to_string(),
            _ => rule.words().to_owned(),
        };
        // How long purposes stay in use is a guess, which only says when to try again.
        let until = until.filter(|_| rule != SendRule::Purposes);
        Some(Allowance { rule: Some(rule), until, reason: Some(reason), ..Allowance::default() })
    }

    /// A refusal by the rules, with the time that it was decided at.
    pub(super) fn refused(refused: SendRefused, now: Moment) -> Self {
        let limited = |rule, why: &str, until: Moment| Self::limited(rule, why.to_owned(), until, now);
        match refused {
            SendRefused::NoSuchUser(user) => Self::NoSuchUser(user),
            SendRefused::Locked(until) => Self::Locked(until),
            SendRefused::Cooldown(until) => {
                limited(SendRule::Cooldown, "a code was sent to this phone a moment ago", until)
            }
            SendRefused::UnderWay(until) => {
                limited(SendRule::UnderWay, "a code is being sent to this phone right now", until)
            }
            SendRefused::Quota(quota, until) => limited(SendRule::PerPhone, &used_up("this phone", quota), until),
            SendRefused::PerPrefix(quota, until) => limited(SendRule::PerPrefix, &used_up("this prefix", quota), until),
            SendRefused::PerCountry(quota, until) => {
                limited(SendRule::PerCountry, &used_up("this country", quota), until)
            }
            SendRefused::Denied(denied) => {
                let wait = denied.until().map(|until| until.since(now));
                Self::Denied(denied, wait)
            }
            SendRefused::KeyReused => Self::KeyReused,
            SendRefused::Requests(until) => {
                limited(SendRule::Requests, "this phone has used all of its idempotency keys", until)
            }
            SendRefused::Forgotten => {
                let said = "the same request was made before, and its result was not kept".to_owned();
                NotSent::unknown(said, Channel::default().noun()).about(None, true)
            }
            SendRefused::Unasked => Self::Unasked,
            SendRefused::Purposes => {
                let until = now.after(Duration::from_secs(600));
                limited(SendRule::Purposes, "too many purposes are in use for this phone", until)
            }
        }
    }
}

/// Not by `#[from]`, which would make it the source too: it would be told twice.
impl From<Unreadable> for OperationError {
    fn from(unreadable: Unreadable) -> Self {
        Self::Unreadable(unreadable)
    }
}

impl From<AttemptError> for OperationError {
    fn from(refused: AttemptError) -> Self {
        match refused {
            AttemptError::UnknownKey(error) => Self::UnknownKey(error),
            AttemptError::AttemptReused => Self::AttemptReused,
            AttemptError::NoSuchUser(user) => Self::NoSuchUser(user),
            AttemptError::NoUser => Self::NoUser,
            AttemptError::Ambiguous(users) => Self::Ambiguous(users),
            AttemptError::Unasked => Self::Unasked,
            AttemptError::CheckedElsewhere => Self::CheckedElsewhere,
            AttemptError::NotSent => Self::NotAsserted,
        }
    }
}
