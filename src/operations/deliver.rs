//! The provider in the middle of a send, and what the store is told of it.

use std::time::Duration;

use tokio::time::Instant;

use super::failure::NotSent;
use super::quotas::Counted;
use super::route::ProviderResult;
use super::send::minutes;
use super::transact::StepOptions;
use super::{DryRun, Effect, OperationError, Operations, Route, SendFailure, Sent, ToSend};
use crate::otp::circuit::Circuit;
use crate::otp::record::{Challenge, Delivery, State};
use crate::otp::rules::{self, Budget, SendResult};
use crate::otp::{Message, Moment, Phone};
use crate::provider::{Class, Provider, ProviderReply, Receipt};
use crate::store::StoreError;

/// One provider is asked so often at most, where that cannot make a second SMS.
const TRIES: usize = 3;

/// So long a provider must have for its answer, or it is not asked again.
const ANSWER: Duration = Duration::from_secs(1);

/// The pause before a send is repeated that the gateway takes twice for once.
const PAUSE: Duration = Duration::from_millis(500);

/// What the providers made of a message.
pub(super) enum Delivered {
    Sent(Delivery),
    Unknown(Delivery, NotSent),
    Failed(Delivery, NotSent),
}

/// What was heard so far, and what will be said of it.
#[derive(Default)]
struct Transcript<'a> {
    said: Vec<String>,
    /// Those that may have sent it.
    doubts: Vec<&'a str>,
    /// The last one that surely did not; without a name as long as there is none.
    refused: Refused<'a>,
}

/// A provider that surely did not send it.
#[derive(Default)]
struct Refused<'a> {
    name: &'a str,
    advice: Option<String>,
    /// It, or one before it, is worth repeating.
    down: bool,
    /// How long it asked to wait.
    retry_after: Option<Duration>,
}

impl Transcript<'_> {
    fn says(&mut self, name: &str, what: &str) {
        self.said.push(format!("{name}: {what}"));
    }

    /// All that was said, one behind the other. `accepted`: the last one that was asked took it.
    fn words(&self, accepted: bool) -> String {
        // One of them may have sent it, and another was asked after it.
        let double = self.doubts.len() > 1 || accepted && !self.doubts.is_empty();
        let said = self.said.iter().map(String::as_str);
        said.chain(double.then_some("possible double SMS")).collect::<Vec<_>>().join("; ")
    }

    /// Nobody took it.
    fn end(self) -> Delivered {
        let said = self.words(false);
        if let Some(name) = self.doubts.last() {
            return Delivered::Unknown(delivery(name, Some(said.clone())), NotSent::unknown(said));
        }
        let Refused { name, advice, down, retry_after } = self.refused;
        let failure = if down { SendFailure::Down } else { SendFailure::Refused };
        let delivery = delivery(name, Some(said.clone()));
        Delivered::Failed(delivery, NotSent { failure, said, advice, retry_after })
    }
}

impl Operations<'_> {
    /// Asks one provider after the other, until one takes the message or may have taken it. In a dry run nobody is asked,
    /// and each takes what it does not refuse by itself.
    pub(super) async fn deliver(
        &self,
        asked: &ToSend<'_>,
        text: &str,
        challenge: &Challenge,
        circuits: &[Circuit],
    ) -> (Delivered, Vec<ProviderResult>) {
        let at = challenge.created_at.rfc3339();
        let message = message(asked, text, challenge, &at);
        let (route, mut told, mut heard) = (asked.route, Transcript::default(), Vec::new());
        let order = route.order(circuits, challenge.created_at);
        passed_over(route, circuits, challenge.created_at, &mut told);
        for (place, provider) in order.iter().filter_map(|at| Some((*at, route.providers.get(*at)?))) {
            let name = provider.name();
            let outcome = if self.dry_run {
                rehearsed(provider.as_ref(), &message)
            } else {
                let attempt = attempt(provider.as_ref(), &message, asked.deadline);
                self.progress.waiting_for(name, attempt).await
            };
            tracing::info!(provider = name, outcome = outcome.as_str(), "delivery");
            match outcome {
                ProviderReply::Accepted(receipt) => {
                    heard.push(ProviderResult::Worked(place));
                    let mut accepted = delivery(name, Some(told.words(true)).filter(|words| !words.is_empty()));
                    (accepted.message_id, accepted.segments) = (receipt.id, receipt.segments);
                    accepted.reported_at = receipt.report.is_some().then_some(challenge.created_at);
                    accepted.report = receipt.report;
                    return (Delivered::Sent(accepted), heard);
                }
                ProviderReply::Unknown(doubt) => {
                    told.says(name, &doubt.why);
                    if route.failover_on_unknown {
                        heard.push(ProviderResult::Failed(place, doubt.why));
                    }
                    told.doubts.push(name);
                    if !route.failover_on_unknown || Instant::now() >= asked.deadline {
                        break;
                    }
                }
                ProviderReply::Refused(refusal) => {
                    let code = refusal.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
                    told.says(name, &format!("{}{code}", refusal.message));
                    if refusal.class.about_gateway() {
                        heard.push(ProviderResult::Failed(place, format!("{}{code}", refusal.message)));
                    }
                    told.refused = Refused {
                        name,
                        advice: Some(refusal.hint().to_owned()),
                        down: refusal.class.is_down() || told.refused.down,
                        retry_after: refusal.retry_after,
                    };
                    if refusal.class.about_recipient() || Instant::now() >= asked.deadline {
                        break;
                    }
                }
            }
        }
        (told.end(), heard)
    }

    /// What a dry run can tell: who would be asked, and who would refuse it by himself.
    ///
    /// # Errors
    /// When nobody would take it, as if the message had been sent.
    pub(super) async fn foresee(
        &self,
        asked: &ToSend<'_>,
        text: &str,
        challenge: &Challenge,
        counted: &Counted,
    ) -> Result<DryRun, OperationError> {
        let first = match self.deliver(asked, text, challenge, &counted.circuits).await.0 {
            Delivered::Sent(delivery) => Some(delivery.provider),
            // Nobody was asked, so nobody left a doubt.
            Delivered::Unknown(..) => None,
            Delivered::Failed(_, why) => return Err(why.about(None, false)),
        };
        let at = challenge.created_at.rfc3339();
        let message = message(asked, text, challenge, &at);
        let providers = || asked.route.providers.iter().map(AsRef::as_ref);
        let over = |(provider, circuit): (&dyn Provider, &Circuit)| {
            Some((provider.name().to_owned(), circuit.passed_over(challenge.created_at)?))
        };
        Ok(DryRun {
            first,
            passed_over: providers().zip(&counted.circuits).filter_map(over).collect(),
            refused: providers()
                .filter_map(|provider| Some((provider.name().to_owned(), provider.refuses(&message)?)))
                .collect(),
            prefix_left: counted.prefix_left,
            country_left: counted.country_left,
        })
    }

    /// Tells the store what became of the SMS. It is already decided, so a store that fails here changes nothing of it.
    pub(super) async fn mark(
        &self,
        phone: &Phone,
        challenge: &Challenge,
        delivered: Delivered,
    ) -> Result<Sent, OperationError> {
        let mark = match &delivered {
            Delivered::Sent(delivery) => SendResult::Sent(delivery.clone()),
            Delivered::Unknown(delivery, _) => SendResult::Unknown(delivery.clone()),
            Delivered::Failed(delivery, _) => SendResult::Failed(Some(delivery.clone())),
        };
        let rule = |known: &rules::PhoneState, now| Ok(rules::record_send(known, now, &challenge.id, &mark));
        // Of an SMS that was sent, or may have been, that is what matters.
        let doing = match &delivered {
            Delivered::Failed(..) => StepOptions::relief().of(Effect::Cancellation(challenge.id.clone())),
            Delivered::Sent(_) | Delivered::Unknown(..) => StepOptions::relief().aside(),
        };
        let marked = self.step(phone, &doing, rule).await;
        if matches!(delivered, Delivered::Failed(..)) {
            self.progress.nothing_sent();
        }
        let kept = marked.as_ref().ok().and_then(|stepped| stepped.known.record.challenge(&challenge.id));
        let kept = kept.map(|(_, kept)| kept.clone());
        let stands = |state, delivery| {
            kept.unwrap_or_else(|| Challenge { state, delivery: Some(delivery), ..challenge.clone() })
        };
        match (delivered, marked) {
            (Delivered::Unknown(delivery, why), _) => {
                let challenge = stands(State::Unknown, delivery);
                let valid = challenge.state.is_open();
                Err(why.about(Some((challenge, valid)), false))
            }
            (Delivered::Failed(delivery, why), _) => {
                Err(why.about(Some((stands(State::Failed, delivery), false)), false))
            }
            (Delivered::Sent(delivery), Ok(stepped)) => {
                let budget = rules::budget(&stepped.known.record, stepped.now, self.limits);
                let superseded = stepped.outcome.superseded;
                Ok(Sent { superseded, ..Sent::new(stands(State::Sent, delivery), budget) })
            }
            (Delivered::Sent(delivery), Err(error)) => {
                let unmarked = match error {
                    OperationError::Store(error) => error,
                    other => StoreError::Data(other.to_string()),
                };
                let budget = Budget { allowed_at: challenge.created_at, left: None };
                Ok(Sent { unmarked: Some(unmarked), ..Sent::new(stands(State::Sent, delivery), budget) })
            }
        }
    }
}

/// What a provider is given.
fn message<'a>(asked: &ToSend<'a>, text: &'a str, challenge: &'a Challenge, at: &'a str) -> Message<'a> {
    Message {
        to: asked.issue.phone,
        text,
        code: asked.issue.code,
        challenge_id: &challenge.id,
        app: asked.app,
        ttl_minutes: minutes(asked.issue.ttl),
        purpose: asked.issue.purpose.as_str(),
        lang: asked.lang,
        at,
    }
}

/// What a provider says of a message without asking anybody.
fn rehearsed(provider: &dyn Provider, message: &Message<'_>) -> ProviderReply {
    let taken = Receipt { id: None, segments: None, report: None };
    provider.refuses(message).map_or(ProviderReply::Accepted(taken), ProviderReply::Refused)
}

/// Says which providers are asked only when no other takes it, and why.
fn passed_over(route: &Route, circuits: &[Circuit], now: Moment, told: &mut Transcript<'_>) {
    let over = route.providers.iter().zip(circuits).filter_map(|(provider, circuit)| {
        Some((provider.name(), circuit.passed_over(now)?.to_the_second(), circuit.failures))
    });
    for (name, until, failures) in over {
        told.says(name, &format!("passed over until {until} after {failures} failures in a row"));
    }
}

/// Hands the message to one provider; more than once only where that cannot make a second SMS: the gateway said that it
/// did nothing and when to come back, or it takes the same challenge twice for once.
async fn attempt(provider: &dyn Provider, message: &Message<'_>, deadline: Instant) -> ProviderReply {
    let fits = |wait: Duration| Instant::now() + wait + ANSWER < deadline;
    let (mut tries, mut doubt) = (1, None);
    loop {
        let outcome = provider.send(message, deadline).await;
        let wait = match &outcome {
            ProviderReply::Refused(refusal) if refusal.class == Class::Throttled => refusal.retry_after,
            ProviderReply::Unknown(_) if provider.is_idempotent() => Some(PAUSE),
            _ => None,
        };
        let Some(wait) = wait.filter(|wait| tries < TRIES && fits(*wait)) else {
            return match (outcome, doubt) {
                // That it cannot be reached now says nothing of the time before.
                (ProviderReply::Refused(refusal), Some(doubt)) if refusal.class.is_down() => doubt,
                (outcome, _) => outcome,
            };
        };
        let seconds = wait.as_secs_f64();
        tracing::info!(provider = provider.name(), outcome = outcome.as_str(), seconds, "asking again after a pause");
        if let ProviderReply::Unknown(_) = outcome {
            doubt = Some(outcome);
        }
        tokio::time::sleep(wait).await;
        tries += 1;
    }
}

fn delivery(provider: &str, detail: Option<String>) -> Delivery {
    Delivery { detail, ..Delivery::by(provider) }
}
