//! The provider in the middle of a send, and what the store is told of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::failure::NotSent;
use super::known_slot::KnownSlot;
use super::policies::opted_out;
use super::quotas::Counted;
use super::route::{KnownCircuit, ProviderResult};
use super::tally::no_room;
use super::transact::TransactOptions;
use super::{DryRun, Effect, OperationError, Operations, Route, SendRequest, Sent};
use crate::otp::record::{Challenge, Delivery, State};
use crate::otp::rules::{self, Budget, SendResult, SendRule};
use crate::otp::{Channel, EventKind, Message, Moment, Phone};
use crate::provider::{Class, Provider, ProviderReply, Receipt, Refusal};
use crate::store::StoreError;

/// One provider gets at most so many requests, where that cannot make a second SMS.
const REQUESTS: usize = 3;

/// A provider that would have less time than this for its answer is not asked again.
const ANSWER: Duration = Duration::from_secs(1);

/// The pause before a send is repeated, where the gateway knows it again.
const PAUSE: Duration = Duration::from_millis(500);

/// What the providers made of a message.
pub(super) enum Delivered {
    Sent(Delivery),
    Unknown(Delivery, NotSent),
    /// With the class of the refusal.
    Failed(Delivery, NotSent, Option<&'static str>),
}

/// The channels of a route.
#[derive(Default)]
struct Channels {
    /// Those in whose caps this message is counted.
    counted: BTreeSet<Channel>,
    /// Those that it cannot go out by, and why, where that is not said yet.
    closed: BTreeMap<Channel, Option<String>>,
}

/// What the providers said so far.
#[derive(Default)]
struct Transcript<'a> {
    said: Vec<String>,
    /// Those that may have sent it.
    doubts: Vec<&'a dyn Provider>,
    /// What is known of those that did not send it.
    refused: Refused<'a>,
}

/// The last provider that did not send it.
#[derive(Default)]
struct Refused<'a> {
    by: Option<&'a dyn Provider>,
    advice: Option<String>,
    /// It, or one before it, is worth repeating.
    is_down: bool,
    /// Of its refusal; of the one before it that is worth repeating, unless it is about the receiver.
    class: Option<Class>,
    /// How long it asked to wait.
    retry_after: Option<Duration>,
}

impl Transcript<'_> {
    fn says(&mut self, name: &str, what: &str) {
        self.said.push(format!("{name}: {what}"));
    }

    /// All that was said, in order. `accepted`: the last one that was asked accepted it.
    fn words(&self, accepted: bool) -> String {
        // One of them may have sent it, and another was asked after it.
        let double = self.doubts.len() > 1 || accepted && !self.doubts.is_empty();
        let said = self.said.iter().map(String::as_str);
        said.chain(double.then_some("possible double SMS")).collect::<Vec<_>>().join("; ")
    }

    /// Nobody accepted it.
    fn end(self) -> Delivered {
        let said = self.words(false);
        let by = |provider: Option<&dyn Provider>| delivery(provider, Some(said.clone()));
        if let Some(provider) = self.doubts.last() {
            return Delivered::Unknown(by(Some(*provider)), NotSent::unknown(said, provider.channel().noun()));
        }
        let Refused { by: provider, advice, is_down, class, retry_after } = self.refused;
        let noun = provider.map(Provider::channel).unwrap_or_default().noun();
        let delivery = by(provider);
        let why = NotSent::refused(said, noun, is_down, advice, retry_after);
        Delivered::Failed(delivery, why, class.map(Class::as_str))
    }
}

impl<'a> Refused<'a> {
    /// What is known after one refusal more.
    fn and(self, by: &'a dyn Provider, refusal: &Refusal) -> Self {
        let is_down = refusal.class.is_down() || self.is_down;
        // That the receiver does not use a channel explains nothing where another one was the trouble.
        if refusal.class == Class::NotOnChannel && self.by.is_some() {
            return self;
        }
        let down = self.class.filter(|before| before.is_down());
        Self {
            by: Some(by),
            class: down.filter(|_| !refusal.class.about_recipient()).or(Some(refusal.class)),
            advice: Some(refusal.hint().to_owned()),
            is_down,
            retry_after: refusal.retry_after,
        }
    }
}

impl Operations<'_> {
    /// Asks one provider after the other, until one accepts the message or may have accepted it. In a dry run nobody is
    /// asked, and each accepts what it does not refuse by itself.
    pub(super) async fn deliver(
        &self,
        asked: &SendRequest<'_>,
        text: &str,
        challenge: &Challenge,
        counted: &Counted,
    ) -> (Delivered, Vec<ProviderResult>) {
        let mut transcript = Transcript::default();
        let order = asked.route.order(&counted.circuits, challenge.created_at);
        name_skipped(asked.route, &counted.circuits, challenge.created_at, &mut transcript);
        let mut channels = Channels { counted: counted.first.into_iter().collect(), ..Channels::default() };
        for channel in &counted.full {
            channels.closed.insert(*channel, Some(no_room(*channel)));
        }
        self.ask_in_turn(asked, text, challenge, order, (transcript, channels)).await
    }

    /// Asks the providers in these places of the route, one after the other, until one accepts the message or may have
    /// accepted it. A message on a channel that is not counted yet is counted before.
    #[expect(clippy::too_many_lines, reason = "each way in which a provider answers has an arm")]
    async fn ask_in_turn<'a>(
        &self,
        asked: &SendRequest<'a>,
        text: &str,
        challenge: &Challenge,
        places: Vec<usize>,
        (mut transcript, mut channels): (Transcript<'a>, Channels),
    ) -> (Delivered, Vec<ProviderResult>) {
        let at = challenge.created_at.rfc3339();
        let message = asked.message(text, challenge, &at);
        let (route, mut results) = (asked.route, Vec::new());
        for (place, provider) in places.into_iter().filter_map(|place| Some((place, route.provider(place)?))) {
            let (name, channel) = (provider.name(), provider.channel());
            if !channels.counted.contains(&channel)
                && !channels.closed.contains_key(&channel)
                && let Err(why) = self.tally_message(asked.issue.phone, channel).await
            {
                channels.closed.insert(channel, Some(why));
            }
            if let Some(why) = channels.closed.get(&channel) {
                if let Some(why) = why {
                    transcript.says(name, why);
                }
                continue;
            }
            channels.counted.insert(channel);
            let outcome = if self.dry_run {
                rehearsed(provider, &message)
            } else {
                self.progress.waiting_for(name, attempt(provider, &message, asked.deadline)).await
            };
            tracing::info!(provider = name, outcome = outcome.as_str(), "delivery");
            match outcome {
                ProviderReply::Accepted(receipt) => {
                    results.push(ProviderResult::Worked(place));
                    if receipt.report.as_ref().is_some_and(opted_out) {
                        results.push(ProviderResult::OptedOut(place));
                    }
                    let words = Some(transcript.words(true)).filter(|words| !words.is_empty());
                    return (Delivered::Sent(accepted(provider, words, receipt, challenge)), results);
                }
                ProviderReply::Unknown(doubt) => {
                    transcript.says(name, &doubt.why);
                    if route.failover_on_unknown {
                        results.push(ProviderResult::Failed(place, doubt.why));
                    }
                    transcript.doubts.push(provider);
                    if !route.failover_on_unknown || Instant::now() >= asked.deadline {
                        break;
                    }
                }
                ProviderReply::Refused(refusal) => {
                    transcript.says(name, &refusal.words());
                    if refusal.class == Class::OptedOut && !self.dry_run {
                        results.push(ProviderResult::OptedOut(place));
                    }
                    if refusal.class.about_gateway() {
                        results.push(ProviderResult::Failed(place, refusal.words()));
                    }
                    transcript.refused = std::mem::take(&mut transcript.refused).and(provider, &refusal);
                    match refusal.class {
                        // What cannot take an SMS may take a call.
                        Class::Recipient => {
                            channels.closed.insert(channel, None);
                        }
                        Class::OptedOut => break,
                        _ => {}
                    }
                    if Instant::now() >= asked.deadline {
                        break;
                    }
                }
            }
        }
        (transcript.end(), results)
    }

    /// What a dry run can tell: who would be asked, and who would refuse it without a request.
    ///
    /// # Errors
    /// When nobody would accept it, as if the message had been sent.
    pub(super) async fn foresee(
        &self,
        asked: &SendRequest<'_>,
        text: &str,
        challenge: &Challenge,
        counted: &Counted,
    ) -> Result<DryRun, OperationError> {
        let first = match self.deliver(asked, text, challenge, counted).await.0 {
            Delivered::Sent(delivery) => Some(delivery.provider),
            // Nobody was asked, so nobody left a doubt.
            Delivered::Unknown(..) => None,
            Delivered::Failed(_, why, _) => return Err(why.about(None, false)),
        };
        let at = challenge.created_at.rfc3339();
        let message = asked.message(text, challenge, &at);
        let providers = || asked.route.providers();
        let skipped = |(provider, known): (&dyn Provider, &KnownCircuit)| {
            Some((provider.name().to_owned(), known.circuit.passed_over(challenge.created_at)?))
        };
        Ok(DryRun {
            first,
            passed_over: providers().zip(&counted.circuits).filter_map(skipped).collect(),
            refused: providers()
                .filter_map(|provider| Some((provider.name().to_owned(), provider.refuses(&message)?)))
                .collect(),
            full: counted.full.iter().copied().collect(),
            prefix_left: counted.prefix_left,
            country_left: counted.country_left,
        })
    }

    /// Tells the store what became of the SMS. It is already decided, so a store that fails here changes nothing of it.
    /// `slot`: the phone as the reservation left it.
    pub(super) async fn record_result(
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

/// What a provider says of a message without a request to anybody.
fn rehearsed(provider: &dyn Provider, message: &Message<'_>) -> ProviderReply {
    let accepted = Receipt { id: None, segments: None, report: None };
    provider.refuses(message).map_or(ProviderReply::Accepted(accepted), ProviderReply::Refused)
}

/// Says which providers are asked only when no other accepts it, and why.
fn name_skipped(route: &Route, circuits: &[KnownCircuit], now: Moment, transcript: &mut Transcript<'_>) {
    for (provider, KnownCircuit { circuit, .. }) in route.providers().zip(circuits) {
        if let Some(until) = circuit.passed_over(now) {
            let (until, failures) = (until.to_the_second(), circuit.failures);
            transcript.says(provider.name(), &format!("skipped until {until} after {failures} consecutive failures"));
        }
    }
}

/// Gives the message to one provider; more than once only where that cannot make a second SMS: the gateway said that it
/// did nothing and when to come back, or it knows the same challenge again.
pub(super) async fn attempt(provider: &dyn Provider, message: &Message<'_>, deadline: Instant) -> ProviderReply {
    let fits = |wait: Duration| Instant::now() + wait + ANSWER < deadline;
    let (mut requests, mut doubt) = (1, None);
    loop {
        let outcome = provider.send(message, deadline).await;
        let wait = match &outcome {
            ProviderReply::Refused(refusal) if refusal.class == Class::Throttled => refusal.retry_after,
            ProviderReply::Unknown(_) if provider.is_idempotent() => Some(PAUSE),
            _ => None,
        };
        let Some(wait) = wait.filter(|wait| requests < REQUESTS && fits(*wait)) else {
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
        requests += 1;
    }
}

/// What is known of a message that a provider accepted. `words`: what was said before.
pub(super) fn accepted(
    provider: &dyn Provider,
    words: Option<String>,
    receipt: Receipt,
    challenge: &Challenge,
) -> Delivery {
    Delivery {
        message_id: receipt.id,
        segments: receipt.segments,
        reported_at: receipt.report.is_some().then_some(challenge.created_at),
        report: receipt.report,
        ..delivery(Some(provider), words)
    }
}

/// `None`: there was no provider to ask.
fn delivery(provider: Option<&dyn Provider>, detail: Option<String>) -> Delivery {
    let (name, channel) = provider.map_or(("", Channel::default()), |provider| (provider.name(), provider.channel()));
    Delivery { detail, ..Delivery::through(name, channel) }
}
