//! `mark`: what the provider said of the message of a challenge.

use super::{Decision, PhoneState};
use crate::otp::record::{Delivery, PurposeState, SendOutcome, State};
use crate::otp::{Channel, Event, EventKind, Moment, Record};

/// What became of the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendResult {
    /// A provider accepted it.
    Sent(Delivery),
    /// A provider may have accepted it: the code is valid, and so is the older one.
    Unknown(Delivery),
    /// Not sent: the code is canceled, the cooldown is restored, the older code stays valid. Quotas stay: they
    /// protect money. With the class of the refusal, as its event keeps it.
    Failed(Option<Delivery>, Option<&'static str>),
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SendRecorded {
    /// The code that the new one replaced.
    pub superseded: Option<String>,
}

/// Decides a `mark`. A challenge that is gone, or was used or revoked in the meantime, keeps its end.
#[must_use]
pub fn record_send(known: &PhoneState, now: Moment, challenge_id: &str, said: &SendResult) -> Decision<SendRecorded> {
    let mut record = known.record.clone();
    let (state, outcome, delivery) = match said {
        SendResult::Sent(delivery) => (State::Sent, SendOutcome::Accepted, Some(delivery)),
        SendResult::Unknown(delivery) => (State::Unknown, SendOutcome::Unknown, Some(delivery)),
        SendResult::Failed(delivery, _) => (State::Failed, SendOutcome::Refused, delivery.as_ref()),
    };
    let delivery = delivery.map(|delivery| Delivery {
        outcome: Some(outcome),
        detail: delivery.detail.as_deref().map(shortened),
        ..delivery.clone()
    });
    let Some(purpose) = record.challenge(challenge_id).map(|(purpose, _)| purpose.clone()) else {
        return answered(record, challenge_id, delivery);
    };
    let mut cooldown = None;
    let mut marked = SendRecorded::default();
    let purpose_state = record.purposes.entry(purpose.clone()).or_default();
    let Some(own) = purpose_state.challenges.iter_mut().find(|challenge| challenge.id == challenge_id) else {
        return Decision::none(marked);
    };
    let was_pending = own.state == State::Pending;
    // What was said once stays said.
    if own.delivery.is_none() {
        own.delivery.clone_from(&delivery);
    }
    if was_pending && state == State::Failed {
        cooldown = Some(own.cooldown_before);
    }
    if was_pending {
        own.enter(state);
    }
    let elsewhere = own.is_checked_elsewhere();
    // What another server's new code makes of its older ones is not known here.
    if state == State::Sent && was_pending && !elsewhere {
        marked.superseded = supersede_older(purpose_state, now, challenge_id);
    }
    if let Some(before) = cooldown {
        record.cooldown_until = before;
        record.cooldown_step = record.cooldown_step.saturating_sub(1);
    }
    record.sweep(now);
    let channel = delivery.as_ref().map_or_else(|| Channel::default().to_string(), Delivery::channel);
    let detail = delivery.map(|delivery| {
        let named = format!("{}: ", delivery.provider);
        match &delivery.detail {
            // What several providers said names each of them.
            Some(detail) if detail.starts_with(&named) => detail.clone(),
            detail => {
                let words = [Some(&delivery.provider), delivery.message_id.as_ref(), detail.as_ref()];
                words.into_iter().flatten().cloned().collect::<Vec<_>>().join(": ")
            }
        }
    });
    let mut event = Event::new(now, EventKind::Send, state.as_str()).about(&purpose, challenge_id).detail(detail);
    if let SendResult::Failed(_, class) = said {
        event.rule = class.map(str::to_owned);
    }
    let event = event.by_channel(&channel).checked_elsewhere(elsewhere);
    Decision { record: Some(record), users: None, events: vec![event], outcome: marked }
}

/// What several providers said may be long, and the record of a phone stays small: its beginning and its end are kept.
pub(super) fn shortened(detail: &str) -> String {
    const BEGINNING: usize = 200;
    const END: usize = 55;
    let length = detail.chars().count();
    if length <= BEGINNING + END {
        return detail.to_owned();
    }
    let beginning = detail.chars().take(BEGINNING);
    beginning.chain(['…']).chain(detail.chars().skip(length - END)).collect()
}

/// The code ended before its provider replied, and only its idempotency key remembers it.
fn answered(mut record: Record, challenge_id: &str, delivery: Option<Delivery>) -> Decision<SendRecorded> {
    let mut answers = record.requests.iter_mut().filter_map(|request| request.answer.as_mut());
    let Some(own) = answers.find(|answer| answer.id == challenge_id) else {
        return Decision::none(SendRecorded::default());
    };
    if own.delivery.is_none() {
        own.delivery = delivery;
    }
    **own = own.summary();
    Decision { record: Some(record), users: None, events: Vec::new(), outcome: SendRecorded::default() }
}

/// Ends every live code that was made before this one; returns the newest of them.
pub(super) fn supersede_older(purpose_state: &mut PurposeState, now: Moment, challenge_id: &str) -> Option<String> {
    let mut superseded = None;
    let older = purpose_state.challenges.iter_mut().take_while(|other| other.id != challenge_id);
    for older in older.filter(|older| older.is_live(now) && !older.is_checked_elsewhere()) {
        older.enter(State::Superseded);
        superseded = Some(older.id.clone());
    }
    superseded
}
