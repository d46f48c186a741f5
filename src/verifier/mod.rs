//! The shell around the rules: load, decide, commit or start again; and the provider in the middle of a send.

mod counting;
mod deliver;
mod failure;
mod health;
mod look;
mod progress;
mod recording;
mod route;
mod send;
mod step;
mod users;
mod watch;

use std::time::Duration;

pub use failure::{SendFailure, VerifierError};
pub use health::{Severity, Symptom, examine};
pub use look::{Listed, ListedPage, Look, Wanted};
pub use progress::{InFlight, Progress};
pub use recording::OfPhone;
pub use route::Route;
pub use send::{Foreseen, Sent, ToIssue, ToSend};
pub use step::{Stepped, Tried};
pub use watch::{Notice, ToWatch, Watched};

use self::step::Doing;
use crate::otp::rules::{self, Asked, Known, Revoke, Revoked, Unlock, Unlocked};
use crate::otp::{Limits, Moment, Phone, Randomness};
use crate::store::Store;

/// The party that checks codes: a store, the keys, and the rules between them.
pub struct Verifier<'a> {
    /// Where the records lie.
    pub store: &'a dyn Store,
    /// The limits that hold.
    pub limits: &'a Limits,
    /// How long a timeline is kept after its last event.
    pub timeline_kept: Duration,
    /// Where codes and ids come from.
    pub randomness: &'a dyn Randomness,
    /// What is under way, for the message of an interrupted command.
    pub progress: &'a Progress,
    /// Decide, but write nothing and call no provider.
    pub dry_run: bool,
    /// Why the operator does it.
    pub reason: Option<&'a str>,
}

impl Verifier<'_> {
    /// Spends one try.
    ///
    /// # Errors
    /// When the question cannot be answered. "No" is an answer.
    pub async fn verify(&self, asked: &Asked<'_>) -> Result<Stepped<Tried>, VerifierError> {
        let doing = Doing { relieves: false, what: InFlight::Attempt(asked.attempt_id.to_owned()) };
        let rule = |known: &Known, now| rules::attempt(known, now, self.limits, asked).map_err(VerifierError::from);
        self.step(asked.phone, &doing, rule).await
    }

    /// Kills live codes.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn revoke(&self, phone: &Phone, asked: &Revoke<'_>) -> Result<Stepped<Revoked>, VerifierError> {
        self.step(phone, &Doing::relief(), |known, now| Ok(rules::revoke(known, now, self.limits, asked))).await
    }

    /// Clears a lock and the count of failures.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn unlock(&self, phone: &Phone, asked: &Unlock<'_>) -> Result<Stepped<Unlocked>, VerifierError> {
        self.step(phone, &Doing::relief(), |known, now| Ok(rules::unlock(known, now, self.limits, asked))).await
    }
}

/// How long from `now` until `then`.
fn until(now: Moment, then: Moment) -> Duration {
    then.since(now)
}
