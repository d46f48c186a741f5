//! `revoke`: end live codes.

use super::transact::TransactOptions;
use super::{Applied, Effect, OperationError, Operations};
use crate::layout::{Operation, PhoneOperation};
use crate::otp::Phone;
use crate::otp::rules::{self, RevokeRequest, Revoked};

impl Operations<'_> {
    /// Ends live codes.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn revoke(&self, phone: &Phone, asked: &RevokeRequest<'_>) -> Result<Applied<Revoked>, OperationError> {
        self.allowed(Operation::Revoke, phone, None)?;
        let options = TransactOptions::relief().of(Effect::Revocation).on_codes(PhoneOperation::Revoke);
        let revoked = self.transact(phone, &options, |known, now| Ok(rules::revoke(known, now, asked))).await?;
        if !self.dry_run {
            self.progress.revoked(revoked.outcome.0.len());
        }
        Ok(revoked)
    }
}
