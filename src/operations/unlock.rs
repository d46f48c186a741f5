//! `unlock`: clear a lock and the count of failures.

use super::transact::TransactOptions;
use super::{Applied, OperationError, Operations};
use crate::layout::{Operation, PhoneOperation};
use crate::otp::Phone;
use crate::otp::rules::{self, PhoneState, UnlockRequest, Unlocked};

impl Operations<'_> {
    /// Clears a lock and the count of failures.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn unlock(&self, phone: &Phone, asked: &UnlockRequest<'_>) -> Result<Applied<Unlocked>, OperationError> {
        self.allowed(Operation::Unlock, phone, None)?;
        let options = TransactOptions::relief().on_codes(PhoneOperation::Unlock(asked.purpose));
        let rule = |known: &PhoneState, now| Ok(rules::unlock(known, now, self.limits, asked));
        let mut applied = self.transact(phone, &options, rule).await?;
        applied.outcome.locks = applied.outcome.locks.saturating_add(applied.unlocked);
        Ok(applied)
    }
}
