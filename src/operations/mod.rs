//! The shell around the rules: load, decide, commit or start again; and the provider in the middle of a send.

mod counting;
mod deliver;
mod failure;
mod health;
mod lodging;
mod look;
mod lost;
mod progress;
mod recording;
mod route;
mod send;
mod step;
mod survey;
mod tokens;
mod users;
mod watch;

use std::time::Duration;

pub use counting::Counters;
pub use failure::{SendFailure, VerifierError};
pub use health::{Remedy, Severity, Symptom, examine};
pub use lodging::Lodging;
pub use look::{Listed, ListedPage, Look, Skipped, Wanted};
pub use lost::Lost;
pub use progress::{Effect, Known as KnownEffects, Progress};
pub use recording::OfPhone;
pub use route::Route;
pub use send::{Foreseen, Sent, ToIssue, ToSend};
pub use step::{Stepped, Tried};
pub use survey::{Fix, Found, Grade, Oddity, Removal, Survey};
pub use tokens::Tokens;
pub use users::Moved;
pub use watch::{Notice, ToWatch, Watched};

use self::lodging::Touch;
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
    /// The machine's clock, which only names codes: rules go by the store's.
    pub clock: &'a (dyn Fn() -> Moment + Sync),
    /// What is under way, for the message of an interrupted command.
    pub progress: &'a Progress,
    /// Decide, but write nothing and call no provider.
    pub dry_run: bool,
    /// Why the operator does it.
    pub reason: Option<&'a str>,
    /// The application that keeps the codes; none: we do.
    pub lodging: Option<Lodging<'a>>,
}

impl Verifier<'_> {
    /// Spends one try.
    ///
    /// # Errors
    /// When the question cannot be answered. "No" is an answer.
    pub async fn verify(&self, asked: &Asked<'_>) -> Result<Stepped<Tried>, VerifierError> {
        self.allowed(asked.phone, Some(asked.purpose), |allows| allows.verify, "checked")?;
        let doing = Doing::change().of(Effect::Attempt(asked.attempt_id.to_owned()));
        let doing = doing.touching(Touch::Type(asked.purpose, asked.code));
        let rule = |known: &Known, now| rules::attempt(known, now, self.limits, asked).map_err(VerifierError::from);
        self.step(asked.phone, &doing, rule).await
    }

    /// Kills live codes.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn revoke(&self, phone: &Phone, asked: &Revoke<'_>) -> Result<Stepped<Revoked>, VerifierError> {
        self.allowed(phone, None, |allows| allows.revoke, "revoked")?;
        let doing = Doing::relief().of(Effect::Revocation).touching(Touch::Kill);
        let revoked = self.step(phone, &doing, |known, now| Ok(rules::revoke(known, now, asked))).await?;
        if !self.dry_run {
            self.progress.revoked(revoked.outcome.0.len());
        }
        Ok(revoked)
    }

    /// Clears a lock and the count of failures.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn unlock(&self, phone: &Phone, asked: &Unlock<'_>) -> Result<Stepped<Unlocked>, VerifierError> {
        self.allowed(phone, None, |allows| allows.unlock, "unlocked")?;
        let doing = Doing::relief().touching(Touch::Unlock(asked.purpose));
        let rule = |known: &Known, now| Ok(rules::unlock(known, now, self.limits, asked));
        let mut stepped = self.step(phone, &doing, rule).await?;
        stepped.outcome.locks = stepped.outcome.locks.saturating_add(stepped.unlocked);
        Ok(stepped)
    }
}
