//! What the store is told of a message after the providers had it.

use super::Delivered;
use crate::operations::known_slot::KnownSlot;
use crate::operations::transact::TransactOptions;
use crate::operations::{Effect, OperationError, Operations, Sent};
use crate::otp::record::{Challenge, State};
use crate::otp::rules::{self, Budget, SendResult, SendRule};
use crate::otp::{EventKind, Phone};
use crate::store::StoreError;

impl Operations<'_> {
    /// Tells the store what became of the SMS. It is already decided, so a store that fails here changes nothing of it.
    /// `slot`: the phone as the reservation left it.
    pub(in crate::operations) async fn record_result(
        &self,
        phone: &Phone,
        challenge: &Challenge,
        (delivered, would_refuse): (Delivered, Option<SendRule>),
        slot: KnownSlot,
    ) -> Result<Sent, OperationError> {
        let result = match &delivered {
            Delivered::Sent(delivery) => SendResult::Sent(delivery.clone()),
            Delivered::Unknown(delivery, _) => SendResult::Unknown(delivery.clone()),
            Delivered::Failed(delivery, _, class) => SendResult::Failed(Some(delivery.clone()), *class),
        };
        let rule = |known: &rules::PhoneState, now| {
            let mut step = rules::record_send(known, now, &challenge.id, &result);
            for event in step.events.iter_mut().filter(|event| event.event == EventKind::Send) {
                event.would_refuse = would_refuse.map(|rule| rule.as_str().to_owned());
            }
            Ok(step)
        };
        // Of an SMS that was sent, or may have been, that is what matters.
        let options = match &delivered {
            Delivered::Failed(delivery, ..) => {
                TransactOptions::relief().of(Effect::Cancellation(challenge.id.clone(), delivery.noun()))
            }
            Delivered::Sent(_) | Delivered::Unknown(..) => TransactOptions::relief().aside(),
        };
        let start = slot.if_fresh().map(KnownSlot::counted_on);
        let recorded = self.transact_from(start, phone, &options, rule).await.map(|(recorded, _)| recorded);
        if matches!(delivered, Delivered::Failed(..)) {
            self.progress.nothing_sent();
        }
        let stored = recorded.as_ref().ok().and_then(|recorded| recorded.known.record.challenge(&challenge.id));
        let stored = stored.map(|(_, stored)| stored.clone());
        let after = |state, delivery| {
            stored.unwrap_or_else(|| Challenge { state, delivery: Some(delivery), ..challenge.clone() })
        };
        match (delivered, recorded) {
            (Delivered::Unknown(delivery, why), _) => {
                let challenge = after(State::Unknown, delivery);
                let valid = challenge.state.is_open();
                Err(why.about(Some((challenge, valid)), false))
            }
            (Delivered::Failed(delivery, why, _), _) => {
                Err(why.about(Some((after(State::Failed, delivery), false)), false))
            }
            (Delivered::Sent(delivery), Ok(recorded)) => {
                let budget = rules::budget(&recorded.known.record, recorded.now, self.limits);
                let superseded = recorded.outcome.superseded;
                Ok(Sent { superseded, ..Sent::new(after(State::Sent, delivery), budget) })
            }
            (Delivered::Sent(delivery), Err(error)) => {
                let unmarked = match error {
                    OperationError::Store(error) => error,
                    other => StoreError::Data(other.to_string()),
                };
                let budget = Budget { allowed_at: challenge.created_at, left: None };
                Ok(Sent { unmarked: Some(unmarked), ..Sent::new(after(State::Sent, delivery), budget) })
            }
        }
    }
}
