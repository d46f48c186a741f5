//! The provider in the middle of a send, and what the store is told of it.

use tokio::time::Instant;

use super::send::minutes;
use super::step::Doing;
use super::{InFlight, SendFailure, Sent, ToSend, Verifier, VerifierError};
use crate::otp::record::{Challenge, Delivery, State};
use crate::otp::rules::{self, Budget, Mark};
use crate::otp::{Message, Phone};
use crate::provider::Outcome;
use crate::store::StoreError;

/// What the providers made of a message.
pub(super) enum Delivered {
    Sent(Delivery),
    Unknown(Delivery, String),
    Failed { failure: SendFailure, advice: Option<String>, delivery: Delivery, said: String },
}

impl Verifier<'_> {
    /// Asks one provider after the other, until one takes the message or may have taken it.
    pub(super) async fn deliver(&self, asked: &ToSend<'_>, text: &str, challenge: &Challenge) -> Delivered {
        let at = challenge.created_at.rfc3339();
        let message = Message {
            to: asked.issue.phone,
            text,
            code: asked.issue.code,
            challenge_id: &challenge.id,
            app: asked.app,
            ttl_minutes: minutes(asked.issue.ttl),
            purpose: asked.issue.purpose.as_str(),
            lang: asked.lang,
            at: &at,
        };
        if asked.route.providers.is_empty() {
            return Delivered::Sent(delivery("test number", None));
        }
        let mut said: Vec<String> = Vec::new();
        let mut refused: Option<(String, bool, &str)> = None;
        for provider in &asked.route.providers {
            let name = provider.name();
            let outcome = provider.send(&message, asked.deadline).await;
            tracing::info!(provider = name, outcome = outcome.as_str(), "delivery");
            match outcome {
                Outcome::Accepted(receipt) => {
                    let detail = (!said.is_empty()).then(|| said.join("; "));
                    let mut accepted = delivery(name, detail);
                    (accepted.message_id, accepted.segments) = (receipt.id, receipt.segments);
                    return Delivered::Sent(accepted);
                }
                Outcome::Unknown(doubt) => {
                    said.push(format!("{name}: {}", doubt.why));
                    return Delivered::Unknown(delivery(name, Some(doubt.why)), said.join("; "));
                }
                Outcome::Refused(refusal) => {
                    let code = refusal.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
                    said.push(format!("{name}: {}{code}", refusal.message));
                    let down = refusal.class.is_down() || refused.as_ref().is_some_and(|(_, down, _)| *down);
                    let stop = refusal.class.about_recipient() || Instant::now() >= asked.deadline;
                    refused = Some((refusal.hint().to_owned(), down, name));
                    if stop {
                        break;
                    }
                }
            }
        }
        let (advice, failure, name) = refused.map_or((None, SendFailure::Refused, ""), |(advice, down, name)| {
            (Some(advice), if down { SendFailure::Down } else { SendFailure::Refused }, name)
        });
        Delivered::Failed { failure, advice, delivery: delivery(name, Some(said.join("; "))), said: said.join("; ") }
    }

    /// Tells the store what became of the SMS. It is already decided, so a store that fails here changes nothing of it.
    pub(super) async fn mark(
        &self,
        phone: &Phone,
        challenge: &Challenge,
        delivered: Delivered,
    ) -> Result<Sent, VerifierError> {
        let mark = match &delivered {
            Delivered::Sent(delivery) => Mark::Sent(delivery.clone()),
            Delivered::Unknown(delivery, _) => Mark::Unknown(delivery.clone()),
            Delivered::Failed { delivery, .. } => Mark::Failed(Some(delivery.clone())),
        };
        let rule = |known: &rules::Known, now| Ok(rules::mark(known, now, self.limits, &challenge.id, &mark));
        let doing = Doing { relieves: true, what: InFlight::Sms(challenge.id.clone()) };
        let marked = self.step(phone, &doing, rule).await;
        let failed = |failure, said, advice| {
            Err(VerifierError::Send { failure, said, advice, challenge_id: challenge.id.clone() })
        };
        match (delivered, marked) {
            (Delivered::Unknown(_, said), _) => failed(SendFailure::Unknown, said, None),
            (Delivered::Failed { failure, advice, said, .. }, _) => failed(failure, said, advice),
            (Delivered::Sent(_), Ok(stepped)) => {
                let marked = stepped.known.record.challenge(&challenge.id);
                Ok(Sent {
                    challenge: marked.map_or_else(|| challenge.clone(), |(_, challenge)| challenge.clone()),
                    budget: rules::budget(&stepped.known.record, stepped.now, self.limits),
                    superseded: stepped.outcome.superseded,
                    replayed: false,
                    unmarked: None,
                })
            }
            (Delivered::Sent(delivery), Err(error)) => {
                let unmarked = match error {
                    VerifierError::Store(error) => error,
                    other => StoreError::Data(other.to_string()),
                };
                let challenge = Challenge { state: State::Sent, delivery: Some(delivery), ..challenge.clone() };
                let budget = Budget { allowed_at: challenge.created_at, left: None };
                Ok(Sent { challenge, budget, superseded: None, replayed: false, unmarked: Some(unmarked) })
            }
        }
    }
}

fn delivery(provider: &str, detail: Option<String>) -> Delivery {
    Delivery { detail, ..Delivery::by(provider) }
}
