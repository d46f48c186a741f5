//! `escalate`: the same code goes out once more, because the message before was not delivered in time, or will not be.

use super::{Decision, PhoneState};
use crate::otp::record::{Delivery, SendOutcome, State};
use crate::otp::{DeliveryState, Event, EventKind, Moment};

/// The result of an event: the next provider is asked.
const ESCALATED: &str = "escalated";
/// The result of an event: it did not send it.
const NOT_SENT: &str = "not_sent";

/// Decides whether the next provider may be asked with the same code. What is kept then says that the message may be on its
/// way, so that a process that dies while it asks leaves the truth. `false`: there is nothing to send any more, because the
/// code has ended or arrived, a newer one was made, or the phone was locked meanwhile.
#[must_use]
pub fn begin_escalation(
    known: &PhoneState,
    now: Moment,
    challenge_id: &str,
    next: &Delivery,
    why: &str,
) -> Decision<bool> {
    let no = Decision::none(false);
    let mut record = known.record.clone();
    let Some((purpose, own)) = record.challenge(challenge_id) else { return no };
    // Our own commit, whose answer was lost.
    let is_it = |message: &Delivery| message.provider == next.provider;
    if own.messages().iter().any(is_it) {
        return Decision::none(true);
    }
    let purpose = purpose.clone();
    let is_over = own.ending(now, known.is_for_users(own.users_version)).is_some();
    let has_arrived =
        own.delivery.as_ref().and_then(|own| own.report.as_ref()?.state) == Some(DeliveryState::Delivered);
    let purpose_state = record.purposes.entry(purpose.clone()).or_default();
    let is_newest = purpose_state.live(now).next_back().is_some_and(|newest| newest.id == challenge_id);
    if is_over || has_arrived || !is_newest || purpose_state.lock(now).is_some() {
        return no;
    }
    let Some(own) = purpose_state.challenges.iter_mut().find(|own| own.id == challenge_id) else { return no };
    own.begin_message(next, now);
    let event = Event::new(now, EventKind::Send, ESCALATED).about(&purpose, challenge_id).by_channel(&next.channel());
    let event = Event { provider: Some(next.provider.clone()), ..event.detail(format!("{}: {why}", next.provider)) };
    Decision { record: Some(record), users: None, events: vec![event], outcome: true }
}

/// Decides what is kept of an escalation: how the message ended that was begun. `said` has its outcome.
#[must_use]
pub fn end_escalation(
    known: &PhoneState,
    now: Moment,
    challenge_id: &str,
    said: &Delivery,
    class: Option<&'static str>,
) -> Decision<()> {
    let mut record = known.record.clone();
    let Some(purpose) = record.challenge(challenge_id).map(|(purpose, _)| purpose.clone()) else {
        return Decision::none(());
    };
    let purpose_state = record.purposes.entry(purpose.clone()).or_default();
    let Some(own) = purpose_state.challenges.iter_mut().find(|own| own.id == challenge_id) else {
        return Decision::none(());
    };
    let said = Delivery { detail: said.detail.as_deref().map(super::send_result::shortened), ..said.clone() };
    let before = own.clone();
    own.end_message(&said);
    // Our own commit, whose answer was lost.
    if *own == before {
        return Decision::none(());
    }
    let was_unknown = own.state == State::Unknown;
    let result = match said.outcome {
        Some(SendOutcome::Accepted) => State::Sent.as_str(),
        Some(SendOutcome::Refused) => NOT_SENT,
        _ => State::Unknown.as_str(),
    };
    if said.outcome == Some(SendOutcome::Accepted) && was_unknown {
        own.enter(State::Sent);
        if own.is_live(now) {
            super::send_result::supersede_older(purpose_state, now, challenge_id);
        }
    }
    record.sweep(now);
    let words = [Some(&said.provider), said.message_id.as_ref(), said.detail.as_ref()];
    let detail = words.into_iter().flatten().cloned().collect::<Vec<_>>().join(": ");
    let event = Event::new(now, EventKind::Send, result).about(&purpose, challenge_id).by_channel(&said.channel());
    let event = Event { rule: class.map(str::to_owned), provider: Some(said.provider), ..event.detail(detail) };
    Decision { record: Some(record), users: None, events: vec![event], outcome: () }
}
