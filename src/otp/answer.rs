//! What a `verify` answers, and how the answer is kept.

use serde::{Deserialize, Serialize};

use super::persist::More;
use super::{Mac, Moment, UserId};

/// The answer to a typed code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The right code, now used.
    Ok,
    /// A wrong code; attempts remain.
    Wrong,
    /// There is no code to compare with.
    NoCode,
    /// Attempts used up, or a lock.
    Locked,
}

/// Why the answer is no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// An older code, which a newer one replaced.
    SupersededCode,
    /// None was ever issued, as far as is known.
    NeverIssued,
    /// Its time is over.
    Expired,
    /// It was used.
    Used,
    /// It was revoked.
    Revoked,
    /// A newer one, or a change of the phone's users, replaced it.
    Superseded,
    /// Its attempts are used up.
    AttemptsExhausted,
    /// Locked for a time.
    TimedLock,
    /// Locked until `unlock`.
    HardLock,
}

impl Reason {
    /// The word for it in events and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SupersededCode => "superseded_code",
            Self::NeverIssued => "never_issued",
            Self::Expired => "expired",
            Self::Used => "used",
            Self::Revoked => "revoked",
            Self::Superseded => "superseded",
            Self::AttemptsExhausted => "attempts_exhausted",
            Self::TimedLock => "timed_lock",
            Self::HardLock => "hard_lock",
        }
    }
}

/// The outcome of one attempt, kept so that a lost answer can be asked for again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// `at_…`, or the caller's own.
    pub id: String,
    /// The MAC of what was typed: the same id with another code is another question.
    pub typed: Mac,
    /// Kept until then.
    pub until: Moment,
    pub answer: Answer,
    /// What newer versions added to it.
    #[serde(default, skip_serializing_if = "More::is_empty")]
    pub more: More,
}

/// What a `verify` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Yes, no, and which no.
    pub verdict: Verdict,
    /// Why.
    pub reason: Option<Reason>,
    /// Whose code it was.
    pub user: Option<UserId>,
    /// Which challenge was looked at.
    pub challenge_id: Option<String>,
    pub attempts_left: u32,
    /// Consecutive failures now.
    pub failures: u32,
    /// The end of a timed lock.
    pub locked_until: Option<Moment>,
    /// The end of the challenge.
    pub expires_at: Option<Moment>,
}
