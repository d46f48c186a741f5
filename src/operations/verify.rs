//! `verify`: check what was typed.

use super::transact::TransactOptions;
use super::{Applied, AttemptOutcome, Effect, OperationError, Operations};
use crate::layout::{Operation, PhoneOperation};
use crate::otp::rules::{self, AttemptRequest, PhoneState};

impl Operations<'_> {
    /// Spends one attempt.
    ///
    /// # Errors
    /// When the question cannot be answered. "No" is an answer.
    pub async fn verify(&self, asked: &AttemptRequest<'_>) -> Result<Applied<AttemptOutcome>, OperationError> {
        self.allowed(Operation::Verify, asked.phone, Some(asked.purpose))?;
        let options = TransactOptions::change().of(Effect::Attempt(asked.attempt_id.to_owned()));
        let options = options.on_codes(PhoneOperation::Verify { purpose: asked.purpose, code: asked.code });
        let options = options.crediting();
        let rule =
            |known: &PhoneState, now| rules::attempt(known, now, self.limits, asked).map_err(OperationError::from);
        let applied = self.transact(asked.phone, &options, rule).await;
        match &applied {
            Ok(applied) => self.note_no_code(asked, &applied.outcome).await,
            Err(error) => self.note_no_user(asked, error).await,
        }
        applied
    }
}
