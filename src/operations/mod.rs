//! The shell around the rules: load, decide, commit or start again; and the provider in the middle of a send.

mod data_loss;
mod deliver;
mod delivery_reports;
mod failure;
mod hashing;
mod health;
mod loading;
mod phones;
mod progress;
mod quotas;
mod route;
mod scan;
mod send;
mod snapshot;
mod token_challenges;
mod transact;
mod users;
mod wait;

use std::time::Duration;

pub use data_loss::DataLoss;
pub use delivery_reports::PhoneReports;
pub use failure::{OperationError, SendFailure};
pub use health::{HealthCheck, HealthStatus, Remedy, examine};
pub use progress::{Effect, KnownEffects, Progress};
pub use quotas::Counters;
pub use route::Route;
pub use scan::{Fix, FoundIssue, Issue, Removal, Scan, Severity};
pub use send::{DryRun, Sent, ToIssue, ToSend};
pub use snapshot::{ListFilter, Listed, ListedPage, PhoneSnapshot, Skipped};
pub use token_challenges::Tokens;
pub use transact::{Applied, AttemptOutcome};
pub use users::Moved;
pub use wait::{Notice, ToWatch, Watched};

use self::transact::StepOptions;
use crate::layout::{BoundLayout, Operation, PhoneOperation};
use crate::otp::rules::{self, AttemptRequest, PhoneState, RevokeRequest, Revoked, UnlockRequest, Unlocked};
use crate::otp::{Limits, Moment, Phone, Purpose, Randomness};
use crate::store::Store;

/// The party that checks codes: a store, the keys, and the rules between them.
pub struct Operations<'a> {
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
    /// Whose codes they are.
    pub layout: Box<dyn BoundLayout + 'a>,
}

impl Operations<'_> {
    /// Spends one try.
    ///
    /// # Errors
    /// When the question cannot be answered. "No" is an answer.
    pub async fn verify(&self, asked: &AttemptRequest<'_>) -> Result<Applied<AttemptOutcome>, OperationError> {
        self.allowed(Operation::Verify, asked.phone, Some(asked.purpose))?;
        let doing = StepOptions::change().of(Effect::Attempt(asked.attempt_id.to_owned()));
        let doing = doing.on_codes(PhoneOperation::Verify { purpose: asked.purpose, code: asked.code });
        let rule =
            |known: &PhoneState, now| rules::attempt(known, now, self.limits, asked).map_err(OperationError::from);
        self.step(asked.phone, &doing, rule).await
    }

    /// Kills live codes.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn revoke(&self, phone: &Phone, asked: &RevokeRequest<'_>) -> Result<Applied<Revoked>, OperationError> {
        self.allowed(Operation::Revoke, phone, None)?;
        let doing = StepOptions::relief().of(Effect::Revocation).on_codes(PhoneOperation::Revoke);
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
    pub async fn unlock(&self, phone: &Phone, asked: &UnlockRequest<'_>) -> Result<Applied<Unlocked>, OperationError> {
        self.allowed(Operation::Unlock, phone, None)?;
        let doing = StepOptions::relief().on_codes(PhoneOperation::Unlock(asked.purpose));
        let rule = |known: &PhoneState, now| Ok(rules::unlock(known, now, self.limits, asked));
        let mut stepped = self.step(phone, &doing, rule).await?;
        stepped.outcome.locks = stepped.outcome.locks.saturating_add(stepped.unlocked);
        Ok(stepped)
    }

    /// Refuses what the layout does not allow, before anything is read or counted.
    fn allowed(&self, operation: Operation, phone: &Phone, purpose: Option<&Purpose>) -> Result<(), OperationError> {
        Ok(self.layout.allows_for(operation, phone, purpose)?)
    }

    /// The same, of what is not about one phone.
    fn allowed_at_all(&self, operation: Operation) -> Result<(), OperationError> {
        Ok(self.layout.layout().allows(operation)?)
    }
}
