//! A send that is waited for goes on: where a message is not delivered in the time that the route gives it, or will not be,
//! the next provider gets the same code. What the store keeps is true at each moment: before a provider is asked, it says that
//! a message may be on its way, and afterwards how that ended.

use std::cell::RefCell;
use std::time::Duration;

use tokio::time::Instant;

use super::deliver::{accepted, attempt};
use super::loading::no_answer;
use super::route::{KnownCircuit, ProviderResult};
use super::transact::TransactOptions;
use super::{Effect, Notice, OperationError, Operations, Route, SendRequest, Sent, WaitOutcome, WaitRequest};
use crate::otp::money::Cost;
use crate::otp::policy_entry::{PhonePolicy, PolicyEffect};
use crate::otp::record::{Challenge, Delivery, SendOutcome};
use crate::otp::rules::{self, PhoneState};
use crate::otp::{DeliveryReason, DeliveryReport, Phone, Stored as _, WaitStatus};
use crate::provider::{Class, Provider, ProviderReply, Refusal};
use crate::store::StoreKey;

/// How the attempt to go on ended.
enum WentOn {
    /// A message is out, or may be.
    Out,
    /// This provider did not send it; the next one may.
    NotSent,
    /// There is nothing to send any more: the code ended, arrived, or its phone may get none.
    Over,
}

impl Route {
    /// The longest that a send may wait before its last provider is asked.
    #[must_use]
    pub fn escalates_within(&self) -> Option<Duration> {
        let waits: Vec<Duration> = self.steps.iter().filter_map(|step| step.unless_delivered).collect();
        (!waits.is_empty()).then(|| waits.iter().sum())
    }

    /// The next place whose provider is asked although a message is out. `any`: that message surely did not reach anybody by
    /// a fault of the channel, so whichever comes next may be asked.
    fn next_after(&self, place: usize, any: bool) -> Option<usize> {
        (place + 1..self.steps.len()).find(|at| any || self.wait_before(*at).is_some())
    }

    fn wait_before(&self, place: usize) -> Option<Duration> {
        self.steps.get(place)?.unless_delivered
    }
}

impl Operations<'_> {
    /// Waits for what becomes of a code that was just sent, and goes on along its route while it is not delivered. `None`:
    /// the store does not know the code any more.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn wait_along_route(
        &self,
        asked: &SendRequest<'_>,
        text: &str,
        wait: &WaitRequest<'_>,
        sent: &Sent,
        open: impl AsyncFn(&str) -> Result<Box<dyn Provider>, String>,
        notice: impl Fn(Notice),
    ) -> Result<Option<WaitOutcome>, OperationError> {
        let challenge = &sent.challenge;
        self.progress.waits_for(&challenge.id);
        let told = RefCell::new(Vec::new());
        // Each wait begins anew, and what it found out about a gateway is told once.
        let notice = |one: Notice| {
            let is_known = told.borrow().contains(&one);
            if matches!(one, Notice::News(..)) || !is_known {
                told.borrow_mut().push(one.clone());
                notice(one);
            }
        };
        let is_first = |provider: &dyn Provider| {
            challenge.delivery.as_ref().is_some_and(|delivery| delivery.provider == provider.name())
        };
        // A send that was asked for again goes no further: its key stands for one send.
        let place = asked.route.providers().position(is_first).filter(|_| !sent.replayed);
        let mut place = place.unwrap_or(asked.route.steps.len());
        let began = Instant::now();
        let mut since = began;
        loop {
            let next = asked.route.next_after(place, false);
            let turn = next.and_then(|next| asked.route.wait_before(next)).map(|time| since + time);
            // What is too late for the command is no turn of its own.
            let turn = turn.filter(|turn| *turn < wait.deadline);
            let own =
                WaitRequest { deadline: turn.unwrap_or(wait.deadline), grace: turn.unwrap_or(wait.grace), ..*wait };
            let Some(outcome) = Box::pin(self.wait(&own, &open, &notice)).await? else { return Ok(None) };
            let outcome = WaitOutcome { waited: began.elapsed(), ..outcome };
            let (why, first) = match outcome.standing {
                WaitStatus::Waiting if turn.is_some() => {
                    let time = next.and_then(|next| asked.route.wait_before(next)).unwrap_or_default();
                    (format!("not delivered in {} s", time.as_secs()), next)
                }
                WaitStatus::Undelivered => {
                    let report = outcome.challenge.delivery.as_ref().and_then(|delivery| delivery.report.as_ref());
                    let any = report.is_some_and(|report| report.reason == Some(DeliveryReason::NotOnChannel));
                    let why = report.and_then(DeliveryReport::why).map(|why| format!(": {why}")).unwrap_or_default();
                    (format!("not delivered{why}"), asked.route.next_after(place, any))
                }
                WaitStatus::Reached | WaitStatus::Gone(_) | WaitStatus::Waiting => return Ok(Some(outcome)),
            };
            let Some(first) = first else { return Ok(Some(outcome)) };
            // One that did not send it is no message: whichever comes next is asked at once.
            place = asked.route.steps.len();
            for at in first..asked.route.steps.len() {
                if Instant::now() >= wait.deadline {
                    return Ok(Some(outcome));
                }
                match self.go_on(asked, text, &outcome.challenge, (at, &why), wait.deadline, &notice).await? {
                    WentOn::Out => {
                        place = at;
                        break;
                    }
                    WentOn::NotSent => {}
                    WentOn::Over => break,
                }
            }
            since = Instant::now();
            if place == asked.route.steps.len() && outcome.standing == WaitStatus::Undelivered {
                return Ok(Some(outcome));
            }
        }
    }

    /// Asks the provider in this place of the route to send the same code.
    async fn go_on(
        &self,
        asked: &SendRequest<'_>,
        text: &str,
        challenge: &Challenge,
        (place, why): (usize, &str),
        deadline: Instant,
        notice: &impl Fn(Notice),
    ) -> Result<WentOn, OperationError> {
        let Some(provider) = asked.route.provider(place) else { return Ok(WentOn::NotSent) };
        let (phone, name) = (asked.issue.phone, provider.name().to_owned());
        let not_sent = |why: String| {
            notice(Notice::NotSent(name.clone(), why));
            Ok(WentOn::NotSent)
        };
        let circuits = self.known_circuits(asked.route).await?;
        if self.is_blocked(asked).await? {
            return Ok(WentOn::Over);
        }
        let cost = asked.cost(place, text);
        if let Err(why) = self.may_go_by((phone, provider), circuits.get(place), cost.as_ref()).await {
            return not_sent(why);
        }
        let next = Delivery::through(&name, provider.channel()).at_cost(cost.as_ref());
        let rule = |known: &PhoneState, now| Ok(rules::begin_escalation(known, now, &challenge.id, &next, why));
        let begun = self.transact(phone, &TransactOptions::change().aside(), rule).await?;
        if !begun.outcome {
            return Ok(WentOn::Over);
        }
        notice(Notice::GoesOn(name.clone(), why.to_owned()));
        let message = self.progress.begin(Effect::Message(challenge.id.clone(), provider.channel().noun()));
        let reply = self.handed_over(asked, text, challenge, (provider, deadline)).await;
        let (said, class, result) = match reply {
            ProviderReply::Accepted(receipt) => {
                message.was_done();
                let said = asked.charged(place, text, accepted(provider, None, receipt, challenge));
                let said = Delivery { reported_at: said.report.as_ref().map(|_| begun.now), ..said };
                (Delivery { outcome: Some(SendOutcome::Accepted), ..said }, None, Some(ProviderResult::Worked(place)))
            }
            ProviderReply::Unknown(doubt) => {
                // It stays in doubt.
                drop(message);
                notice(Notice::NotAnswered(name.clone(), doubt.why.clone(), provider.channel().noun()));
                let counts = asked.route.failover_on_unknown;
                let result = counts.then(|| ProviderResult::Failed(place, doubt.why.clone()));
                (Delivery { outcome: Some(SendOutcome::Unknown), detail: Some(doubt.why), ..next }, None, result)
            }
            ProviderReply::Refused(refusal) => {
                message.was_not_done();
                notice(Notice::NotSent(name.clone(), refusal.words()));
                let result = refused(place, &refusal);
                let (detail, class) = (Some(refusal.words()), refusal.class.as_str());
                (Delivery { outcome: Some(SendOutcome::Refused), detail, ..next }, Some(class), result)
            }
        };
        let end = |known: &PhoneState, now| Ok(rules::end_escalation(known, now, &challenge.id, &said, class));
        let results: Vec<ProviderResult> = result.into_iter().collect();
        let options = TransactOptions::relief().aside();
        let remembered = self.remember(asked.route, &circuits, &results);
        let (ended, ()) = tokio::join!(self.transact(phone, &options, end), remembered);
        if let Err(error) = ended {
            notice(Notice::NotKept(error.to_string()));
        }
        if matches!(results.as_slice(), [ProviderResult::OptedOut(_)]) {
            self.opt_out(phone, &name).await;
        }
        Ok(if said.outcome == Some(SendOutcome::Refused) { WentOn::NotSent } else { WentOn::Out })
    }

    /// Hands the message to this provider.
    async fn handed_over(
        &self,
        asked: &SendRequest<'_>,
        text: &str,
        challenge: &Challenge,
        (provider, deadline): (&dyn Provider, Instant),
    ) -> ProviderReply {
        let at = challenge.created_at.rfc3339();
        let content = asked.message(text, challenge, &at);
        let name = provider.name();
        let reply = self.progress.waiting_for(name, attempt(provider, &content, deadline)).await;
        tracing::info!(provider = name, outcome = reply.as_str(), "escalation");
        reply
    }

    /// Whether this provider is asked; `Err` with words: why not. The message is counted then.
    async fn may_go_by(
        &self,
        (phone, provider): (&Phone, &dyn Provider),
        known: Option<&KnownCircuit>,
        cost: Option<&Cost>,
    ) -> Result<(), String> {
        if let Some(until) = known.and_then(KnownCircuit::skipped_until) {
            return Err(format!("skipped until {} after consecutive failures", until.to_the_second()));
        }
        self.tally_message(phone, provider.channel(), cost).await
    }

    /// What is known of the failures of the route's providers now.
    async fn known_circuits(&self, route: &Route) -> Result<Vec<KnownCircuit>, OperationError> {
        let groups: Vec<_> = route.circuits().into_iter().map(|key| vec![key]).collect();
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let (slots, _) = self.read_slots(groups, Vec::new()).await?;
        Ok(slots.into_iter().map(KnownCircuit::read).collect())
    }

    /// Whether the phone got blocked since the code was sent, as by a receiver who wants no more messages.
    async fn is_blocked(&self, asked: &SendRequest<'_>) -> Result<bool, OperationError> {
        let groups = [vec![StoreKey::Policy(asked.issue.phone.clone())]];
        let loaded = self.store.load(&groups).await?.pop().ok_or_else(no_answer)?;
        let policy = PhonePolicy::read(loaded.values.first().and_then(Option::as_deref))?;
        Ok(policy.held(loaded.now).is_some_and(|entry| entry.effect == PolicyEffect::Block))
    }
}

/// What is remembered of a provider that did not send it.
fn refused(place: usize, refusal: &Refusal) -> Option<ProviderResult> {
    match refusal.class {
        Class::OptedOut => Some(ProviderResult::OptedOut(place)),
        class if class.about_gateway() => Some(ProviderResult::Failed(place, refusal.words())),
        _ => None,
    }
}
