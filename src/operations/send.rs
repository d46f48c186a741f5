//! A code to a phone. Limits are counted before any money is spent: load all that decides, count the send for others, reserve
//! the code, ask the providers, record what they said. Each step starts from what the one before saw or wrote, so on one
//! server these are four round trips, and three where nothing but the phone is counted.

use std::time::Duration;

use tokio::time::Instant;

use super::deliver::Delivered;
use super::failure::NotSent;
use super::known_slot::KnownSlot;
use super::quotas::Admission;
use super::route::ProviderResult;
use super::transact::TransactOptions;
use super::{Applied, Effect, IssueRequest, OperationError, Operations, SendRequest, Sent};
use crate::layout::{Operation, PhoneOperation};
use crate::otp::record::{Delivery, SendOutcome};
use crate::otp::rules::{self, IssueMode, ReserveRequest, Reserved};
use crate::otp::{Channel, Owners, RandomnessFailed, reference};

impl Operations<'_> {
    pub(super) fn new_id(&self, asked: &IssueRequest<'_>) -> Result<String, RandomnessFailed> {
        reference::challenge_id(asked.peppers, asked.phone, (self.clock)(), self.randomness)
    }

    /// Makes a code for printing instead of sending. It replaces every other code of its purpose.
    ///
    /// # Errors
    /// When the phone is locked, has no such user, or the store fails.
    pub async fn issue(&self, asked: &IssueRequest<'_>) -> Result<Applied<Reserved>, OperationError> {
        self.allowed(Operation::Issue, asked.phone, Some(asked.purpose))?;
        let id = self.new_id(asked)?;
        let reservation = self.reservation(asked, &id, IssueMode::Print, None);
        let stored = self.stored_code(asked).await?;
        let reserved = self.reserve(None, None, &reservation, &stored).await.map(|(reserved, _)| reserved);
        if let Err(error) = &reserved {
            self.note_refused(asked.phone, asked.purpose, error).await;
        }
        reserved
    }

    /// Makes a code, and has it sent.
    ///
    /// # Errors
    /// When policy, limits, the store or every provider refuse, or it is not known whether it was sent.
    pub async fn send(&self, asked: &SendRequest<'_>, text: &str) -> Result<Sent, OperationError> {
        let sent = self.send_unless_refused(asked, text).await;
        if let Err(error) = &sent {
            self.note_refused(asked.issue.phone, asked.issue.purpose, error).await;
        }
        sent
    }

    async fn send_unless_refused(&self, asked: &SendRequest<'_>, text: &str) -> Result<Sent, OperationError> {
        let operation = if asked.issue.elsewhere { Operation::Deliver } else { Operation::Issue };
        self.allowed(operation, asked.issue.phone, Some(asked.issue.purpose))?;
        self.progress.carries(asked.idempotency_key);
        let id = self.new_id(&asked.issue)?;
        let request = asked.request();
        let request = request.as_ref().map(|(key, arguments)| (key.as_str(), arguments.as_str()));
        // Longer than the provider may take, so that nobody takes this process for dead while it is not.
        let lease = asked.deadline.saturating_duration_since(Instant::now()) + Duration::from_secs(5);
        let channel = asked.route.channels().first().copied().unwrap_or_default();
        let reservation = self.reservation(&asked.issue, &id, IssueMode::Sms { lease, channel }, request);
        let (slot, counted) = match self.count((asked, text), &reservation, on_codes(&reservation, "")).await? {
            Admission::Replayed(earlier) => return self.replayed(*earlier),
            Admission::Counted(slot, counted) => (*slot, *counted),
        };
        let channel = counted.first.unwrap_or(channel);
        let reservation = ReserveRequest { way: IssueMode::Sms { lease, channel }, ..reservation };
        let stored = self.stored_code(&asked.issue).await?;
        let (reserved, slot) =
            match self.reserve(slot.if_fresh(), Some(counted.owners.clone()), &reservation, &stored).await {
                Ok(reserved) => reserved,
                Err(error) => {
                    // Another send to this phone came first, or the store failed: no SMS goes out.
                    self.give_back(&counted.added).await;
                    return Err(error);
                }
            };
        match reserved.outcome {
            Reserved::Replayed(_) => self.replayed(reserved),
            Reserved::New(ref challenge) if self.dry_run => {
                let budget = rules::budget(&reserved.known.record, reserved.now, self.limits);
                let foreseen = self.foresee(asked, text, challenge, &counted).await?;
                Ok(Sent { foreseen, ..Sent::new(challenge.clone(), budget) })
            }
            Reserved::New(ref challenge) => {
                let message = self.progress.begin(Effect::Message(id.clone(), asked.route.noun()));
                let (delivered, heard) = self.deliver(asked, text, challenge, &counted).await;
                match delivered {
                    Delivered::Sent(_) => message.was_done(),
                    Delivered::Failed(..) => message.was_not_done(),
                    // It stays in doubt.
                    Delivered::Unknown(..) => drop(message),
                }
                // Both at once: what is remembered of the providers costs no round trip of its own.
                // An SMS that no provider accepted tells the brakes nothing.
                let unsent = matches!(delivered, Delivered::Failed(..)).then(|| counted.added.of_brakes());
                let unsent = unsent.unwrap_or_default();
                let would_refuse = counted.allowance.would_refuse;
                let cost = delivered.cost();
                let settled = self.settle_spend(&counted.added, counted.spent.as_ref(), cost.as_ref());
                let recorded = self.record_result(asked.issue.phone, challenge, (delivered, would_refuse), slot);
                let remembered = self.remember(asked.route, &counted.circuits, &heard);
                let (recorded, (), (), ()) = tokio::join!(recorded, remembered, settled, self.give_back(&unsent));
                for result in &heard {
                    if let ProviderResult::OptedOut(at) = result
                        && let Some(provider) = asked.route.provider(*at)
                    {
                        self.opt_out(asked.issue.phone, provider.name()).await;
                    }
                }
                recorded
            }
        }
    }

    pub(super) fn reservation<'a>(
        &'a self,
        issue: &IssueRequest<'a>,
        id: &'a str,
        way: IssueMode,
        request: Option<(&'a str, &'a str)>,
    ) -> ReserveRequest<'a> {
        ReserveRequest {
            phone: issue.phone,
            purpose: issue.purpose,
            user: issue.user,
            challenge_id: id,
            code: issue.code,
            peppers: issue.peppers,
            ttl: issue.ttl,
            max_tries: issue.max_tries,
            elsewhere: issue.elsewhere,
            way,
            request,
            reason: self.reason,
        }
    }

    async fn reserve(
        &self,
        start: Option<KnownSlot>,
        owners: Option<Owners>,
        asked: &ReserveRequest<'_>,
        stored: &str,
    ) -> Result<(Applied<Reserved>, KnownSlot), OperationError> {
        let rule = |known: &rules::PhoneState, now| {
            rules::reserve(known, now, self.limits, asked).map_err(|refused| OperationError::refused(refused, now))
        };
        let options = TransactOptions::change().of(Effect::Code(asked.challenge_id.to_owned()));
        let options = owners.into_iter().fold(options, TransactOptions::knowing);
        self.transact_from(start, asked.phone, &options.on_codes(on_codes(asked, stored)), rule).await
    }

    /// What the same key brought about before. What was not known then is not known now.
    fn replayed(&self, earlier: Applied<Reserved>) -> Result<Sent, OperationError> {
        let (Reserved::Replayed(challenge) | Reserved::New(challenge)) = earlier.outcome;
        if challenge.send_outcome() != SendOutcome::Accepted {
            let detail = challenge.delivery.as_ref().and_then(|delivery| delivery.detail.as_deref());
            let detail = detail.map(|detail| format!(", {detail}")).unwrap_or_default();
            let mapped = earlier.known.is_for_users(challenge.users_version);
            let valid = challenge.ending(earlier.now, mapped).is_none();
            let noun = challenge.delivery.as_ref().map_or(Channel::default().noun(), Delivery::noun);
            let why = NotSent::unknown(format!("the same request ended without an answer before{detail}"), noun);
            return Err(why.about(Some((challenge, valid)), true));
        }
        let budget = rules::budget(&earlier.known.record, earlier.now, self.limits);
        Ok(Sent { replayed: true, ..Sent::new(challenge, budget) })
    }
}

/// What a reservation does to the codes of the phone. `stored`: what an application is to keep of this one.
fn on_codes<'a>(asked: &ReserveRequest<'a>, stored: &'a str) -> PhoneOperation<'a> {
    if asked.elsewhere {
        return PhoneOperation::Deliver;
    }
    PhoneOperation::Issue { purpose: asked.purpose, challenge_id: asked.challenge_id, stored }
}
