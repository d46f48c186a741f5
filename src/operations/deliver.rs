//! The provider in the middle of a send, and what the store is told of it.

mod recorded;
mod transcript;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::policies::opted_out;
use super::quotas::Counted;
use super::route::{KnownCircuit, ProviderResult};
use super::tally::no_room;
use super::{DryRun, OperationError, Operations, Route, SendRequest};
use crate::otp::record::{Challenge, Delivery};
use crate::otp::{Channel, Message, Moment, Phone};
use crate::provider::{Class, Provider, ProviderReply, Receipt};
pub(super) use transcript::Delivered;
use transcript::{Transcript, delivery};

/// One provider gets at most so many requests, where that cannot make a second SMS.
const REQUESTS: usize = 3;

/// A provider that would have less time than this for its answer is not asked again.
const ANSWER: Duration = Duration::from_secs(1);

/// The pause before a send is repeated, where the gateway knows it again.
const PAUSE: Duration = Duration::from_millis(500);

/// The channels of a route.
struct Channels {
    /// Those in whose caps this message is counted.
    counted: BTreeSet<Channel>,
    /// Those that it cannot go out by, and why, where that is not said yet.
    closed: BTreeMap<Channel, Option<String>>,
}

impl Channels {
    /// Those of a send that was counted.
    fn of(counted: &Counted) -> Self {
        let closed = counted.full.iter().map(|channel| (*channel, Some(no_room(*channel))));
        Self { counted: counted.first.into_iter().collect(), closed: closed.collect() }
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
        self.ask_in_turn(asked, text, challenge, order, (transcript, Channels::of(counted))).await
    }

    /// Asks the providers in these places of the route, one after the other, until one accepts the message or may have
    /// accepted it. A message on a channel that is not counted yet is counted before.
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
            if !self.goes_by(asked.issue.phone, provider, &mut channels, &mut transcript).await {
                continue;
            }
            let outcome = if self.dry_run {
                rehearsed(provider, &message)
            } else {
                self.progress.waiting_for(name, attempt(provider, &message, asked.deadline)).await
            };
            tracing::info!(provider = name, outcome = outcome.as_str(), "delivery");
            let is_over = match outcome {
                ProviderReply::Accepted(receipt) => {
                    results.push(ProviderResult::Worked(place));
                    if receipt.report.as_ref().is_some_and(opted_out) {
                        results.push(ProviderResult::OptedOut(place));
                    }
                    let words = Some(transcript.words(true)).filter(|words| !words.is_empty());
                    let sent = accepted(provider, words, receipt, challenge);
                    let sent = asked.charged(place, text, sent);
                    return (Delivered::Sent(sent), results);
                }
                ProviderReply::Unknown(doubt) => {
                    transcript.doubts(provider, asked.cost(place, text), &doubt.why);
                    results.extend(route.failover_on_unknown.then_some(ProviderResult::Failed(place, doubt.why)));
                    !route.failover_on_unknown
                }
                ProviderReply::Refused(refusal) => {
                    transcript.refused(provider, &refusal);
                    let opted_out = refusal.class == Class::OptedOut;
                    results.extend((opted_out && !self.dry_run).then_some(ProviderResult::OptedOut(place)));
                    if refusal.class.about_gateway() {
                        results.push(ProviderResult::Failed(place, refusal.words()));
                    }
                    // What cannot take an SMS may take a call.
                    channels.closed.extend((refusal.class == Class::Recipient).then_some((channel, None)));
                    opted_out
                }
            };
            if is_over || Instant::now() >= asked.deadline {
                break;
            }
        }
        (transcript.end(), results)
    }

    /// Whether a message may go out on the channel of this provider: it is counted there first, where it is not yet.
    async fn goes_by<'a>(
        &self,
        phone: &Phone,
        provider: &'a dyn Provider,
        channels: &mut Channels,
        transcript: &mut Transcript<'a>,
    ) -> bool {
        let channel = provider.channel();
        if !channels.counted.contains(&channel)
            && !channels.closed.contains_key(&channel)
            && let Err(why) = self.tally_message(phone, channel, None).await
        {
            channels.closed.insert(channel, Some(why));
        }
        match channels.closed.get(&channel) {
            None => {
                channels.counted.insert(channel);
                true
            }
            Some(why) => {
                if let Some(why) = why {
                    transcript.says(provider.name(), why);
                }
                false
            }
        }
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
            allowance: counted.allowance.clone(),
        })
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
