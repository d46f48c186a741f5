//! `outcome`: how a code ended that another server checks.

use super::transact::TransactOptions;
use super::{Applied, OperationError, Operations};
use crate::layout::Operation;
use crate::otp::Phone;
use crate::otp::rules::{self, OutcomeRecorded, OutcomeRefused, OutcomeRequest};

impl Operations<'_> {
    /// Records it, and tells the numbers and the brakes.
    ///
    /// # Errors
    /// When there is no such code, something else was told of it, or the store fails.
    pub async fn outcome(
        &self,
        phone: &Phone,
        asked: &OutcomeRequest<'_>,
    ) -> Result<Applied<OutcomeRecorded>, OperationError> {
        self.allowed(Operation::Deliver, phone, None)?;
        let options = TransactOptions::change().crediting();
        self.transact(phone, &options, |known, now| rules::outcome(known, now, asked).map_err(OperationError::from))
            .await
    }
}

impl From<OutcomeRefused> for OperationError {
    fn from(refused: OutcomeRefused) -> Self {
        match refused {
            OutcomeRefused::Unknown => Self::NothingDelivered,
            OutcomeRefused::CheckedHere => Self::CheckedHere,
            OutcomeRefused::Told(told) => Self::OutcomeTold(told),
        }
    }
}
