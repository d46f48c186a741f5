//! `report`: what a gateway reports about an SMS that it accepted, however often and in whatever order.

use super::send_result::supersede_older;
use super::{Decision, PhoneState};
use crate::otp::record::{Challenge, Delivery, State};
use crate::otp::{DeliveryReport, DeliveryState, Event, EventKind, Moment, Purpose, ReportIds};

/// The most characters that are kept of a gateway's word or code: the record of a phone stays small.
pub(super) const LONGEST_WORD: usize = 100;

/// A gateway's word on one SMS of a phone.
#[derive(Debug, Clone, Copy)]
pub struct Reported<'a> {
    /// The gateway's id of the message, or our id of the challenge.
    pub message: MessageRef<'a>,
    /// The provider that speaks, by its name in the configuration; `None`: whichever has it.
    pub provider: Option<&'a str>,
    /// What it says.
    pub report: &'a DeliveryReport,
    /// The operator's reason.
    pub reason: Option<&'a str>,
}

/// Which SMS a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageRef<'a> {
    /// `ch_…`
    Challenge(&'a str),
    /// The gateway's own id.
    Message(&'a str),
    /// The gateway's own id, as its reports write it.
    Written {
        /// The id in the report.
        id: &'a str,
        /// How it follows from the one that the gateway gave.
        ids: ReportIds,
    },
    /// Both: they must belong together.
    Both {
        /// `ch_…`
        challenge: &'a str,
        /// The gateway's own id.
        message: &'a str,
    },
}

/// What came of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// It is news, and kept.
    News(Challenge),
    /// It says nothing new, or comes too late: what is farther along stays.
    Old(Challenge),
    /// No SMS to this phone is known by that id: a stranger's, a forgery, or too old to be remembered.
    UnknownMessage,
}

/// Decides a `report`. It never goes back from what is farther along, and never leaves a final state.
#[must_use]
pub fn report(known: &PhoneState, now: Moment, said: &Reported<'_>) -> Decision<Recorded> {
    let mut record = known.record.clone();
    let place = record.purposes.iter().find_map(|(purpose, purpose_state)| {
        let mut all = purpose_state.challenges.iter().enumerate().rev();
        all.find_map(|(at, challenge)| Some((purpose.clone(), at, message_of(challenge, said)?)))
    });
    let Some((purpose, at, message)) = place else { return stranger(known, now, said) };
    let purpose_state = record.purposes.entry(purpose.clone()).or_default();
    let Some(own) = purpose_state.challenges.get_mut(at) else { return Decision::none(Recorded::UnknownMessage) };
    let messages = own.messages();
    let Some(delivery) = messages.get(message) else { return Decision::none(Recorded::UnknownMessage) };
    // The answer is about this message, whichever of several matters most.
    let about = |own: &Challenge, delivery: &Delivery| Challenge { delivery: Some(delivery.clone()), ..own.clone() };
    if !is_news(delivery.report.as_ref(), &kept(said.report)) {
        return Decision::none(Recorded::Old(about(own, delivery)));
    }
    // The network stays known: not every report names it.
    let before = delivery.report.as_ref().and_then(|report| report.operator.clone());
    let report = kept(said.report);
    let report = DeliveryReport { operator: report.operator.clone().or(before), ..report };
    let delivery = Delivery { report: Some(report), reported_at: Some(now), ..delivery.clone() };
    own.replace_message(message, delivery.clone());
    let mut event = event(now, &purpose, &own.id, &delivery, said);
    event.provider = (messages.len() > 1).then(|| delivery.provider.clone());
    let id = own.id.clone();
    // The result of the send was unknown, and now the gateway knows it.
    let went_out = matches!(said.report.state, Some(state) if state != DeliveryState::Failed);
    let settled = own.state == State::Unknown && went_out;
    if settled {
        own.enter(State::Sent);
    }
    let told = about(own, &delivery);
    if settled && told.is_live(now) {
        supersede_older(purpose_state, now, &id);
    }
    record.sweep(now);
    Decision { record: Some(record), users: None, events: vec![event], outcome: Recorded::News(told) }
}

/// Which message of a code it is about, by its place among them.
fn message_of(challenge: &Challenge, said: &Reported<'_>) -> Option<usize> {
    let is_named = |own: &Delivery| said.provider.is_none_or(|provider| provider == own.provider);
    let has = |own: &Delivery, id: &str| own.message_id.as_deref() == Some(id);
    let messages = challenge.messages();
    let place = |is_it: &dyn Fn(&Delivery) -> bool| messages.iter().rposition(|own| is_named(own) && is_it(own));
    match said.message {
        MessageRef::Challenge(id) if challenge.id == id => {
            // Where no provider is named, the one that matters most is meant.
            place(&|own| said.provider.is_some() || Some(own) == challenge.delivery.as_ref())
        }
        MessageRef::Challenge(_) => None,
        MessageRef::Message(id) => place(&|own| has(own, id)),
        MessageRef::Written { id, ids } => {
            place(&|own| own.message_id.as_deref().is_some_and(|message| ids.fit(id, message)))
        }
        MessageRef::Both { challenge: id, message } if challenge.id == id => place(&|own| has(own, message)),
        MessageRef::Both { .. } => None,
    }
}

/// Decides several reports on SMS to one phone, in their order, as one step.
#[must_use]
pub fn reports(known: &PhoneState, now: Moment, said: &[Reported<'_>]) -> Decision<Vec<Recorded>> {
    let mut known = known.clone();
    let mut whole = Decision::none(Vec::with_capacity(said.len()));
    for said in said {
        let step = report(&known, now, said);
        if let Some(record) = step.record {
            known.record = record.clone();
            whole.record = Some(record);
        }
        // The same refusal twice would only push older events out of the timeline.
        let fresh: Vec<Event> = step.events.into_iter().filter(|event| !whole.events.contains(event)).collect();
        whole.events.extend(fresh);
        whole.outcome.push(step.outcome);
    }
    whole
}

/// Reports come twice, and in any order. What is final stays: gateways are known to say "sent" after "delivered".
fn is_news(before: Option<&DeliveryReport>, report: &DeliveryReport) -> bool {
    match before {
        None => true,
        Some(before) if before.is_final() => false,
        // One that does not name the network again says nothing else.
        Some(before) if report.rank() == before.rank() => {
            let operator = report.operator.clone().or_else(|| before.operator.clone());
            DeliveryReport { operator, ..report.clone() } != *before
        }
        Some(before) => report.rank() > before.rank(),
    }
}

fn kept(report: &DeliveryReport) -> DeliveryReport {
    let short = |text: &String| text.chars().take(LONGEST_WORD).collect::<String>();
    let (code, said) = (report.code.as_ref().map(short), report.said.as_ref().map(short));
    DeliveryReport {
        word: short(&report.word),
        code,
        said,
        operator: report.operator.as_ref().map(short),
        ..report.clone()
    }
}

fn event(now: Moment, purpose: &Purpose, challenge_id: &str, delivery: &Delivery, said: &Reported<'_>) -> Event {
    let words = [Some(delivery.provider.clone()), delivery.message_id.clone(), said.report.why()];
    let detail = words.into_iter().flatten().collect::<Vec<_>>().join(": ");
    let event = Event::new(now, EventKind::Delivery, said.report.state_word()).about(purpose, challenge_id);
    event.by_channel(&delivery.channel()).detail(detail).because(said.reason)
}

/// Nothing is changed by it; the report is added to the timeline of a phone that has one.
fn stranger(known: &PhoneState, now: Moment, said: &Reported<'_>) -> Decision<Recorded> {
    let step = Decision::none(Recorded::UnknownMessage);
    if known.record.purposes.is_empty() {
        return step;
    }
    let id = match said.message {
        MessageRef::Challenge(id)
        | MessageRef::Message(id)
        | MessageRef::Written { id, .. }
        | MessageRef::Both { message: id, .. } => id,
    };
    let who = said.provider.map(|provider| format!("{provider}: ")).unwrap_or_default();
    let detail = format!("{who}{id}: no SMS to this phone has this id");
    let event = Event::new(now, EventKind::Delivery, "refused").detail(detail).because(said.reason);
    // The record is written unchanged, since events are stored only with a change.
    Decision { record: Some(known.record.clone()), events: vec![event], ..step }
}
