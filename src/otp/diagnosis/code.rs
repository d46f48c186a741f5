//! The code that a diagnosis explains: as the record has it, or as far as the timeline still tells of it.

use super::facts::Facts;
use crate::otp::record::{Challenge, PurposeState, SendOutcome, State, ToldOutcome};
use crate::otp::rules::PhoneState;
use crate::otp::{Channel, DeliveryReason, DeliveryReport, DeliveryState, Event, EventKind, Moment, Purpose};

/// The code that is explained: as the record has it, or as far as the timeline still tells of it.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question that the table asks by itself")]
pub(super) struct Code {
    pub(super) id: String,
    pub(super) state: State,
    pub(super) made: Moment,
    /// `None`: only the timeline knows it, and its time is over.
    pub(super) ends: Option<Moment>,
    /// The phone has the users that it was made for.
    pub(super) mapped: bool,
    pub(super) tries: u32,
    pub(super) max_tries: Option<u32>,
    pub(super) lease_until: Option<Moment>,
    /// A provider has it, as it said.
    pub(super) accepted: bool,
    /// How the send of it was left open.
    pub(super) unknown: bool,
    pub(super) provider: Option<String>,
    /// By which way it went out; one that only a newer version knows counts as the usual one.
    pub(super) channel: Channel,
    /// What the provider said when it was sent.
    pub(super) detail: Option<String>,
    pub(super) report: Option<DeliveryReport>,
    pub(super) reported_at: Option<Moment>,
    /// No SMS of ours belongs to it.
    pub(super) printed: bool,
    /// Another server made it and checks it.
    pub(super) relayed: bool,
    /// That server told that nobody typed it.
    pub(super) abandoned: bool,
}

/// The code that is explained: the one that was asked about; else the newest live one, else the newest.
pub(super) fn code_of(facts: &Facts<'_>, state: Option<&PurposeState>, now: Moment, purpose: &Purpose) -> Option<Code> {
    let known = facts.known;
    if let Some(id) = facts.challenge {
        let recorded = known.record.challenge(id).map(|(_, challenge)| Code::recorded(challenge, known));
        return recorded.or_else(|| Code::told(facts.timeline, id));
    }
    let all = || state.into_iter().flat_map(|state| &state.challenges);
    let is_valid = |code: &&Challenge| code.is_checked_elsewhere() || known.is_for_users(code.users_version);
    let live = all().filter(|code| code.is_live(now)).filter(is_valid);
    let newest = live.max_by_key(|code| code.created_at).or_else(|| {
        // One that a newer one replaced says nothing of what happened to the newer one.
        let ended = all().filter(|code| code.state != State::Superseded).max_by_key(|code| code.created_at);
        ended.or_else(|| all().max_by_key(|code| code.created_at))
    });
    newest.map(|code| Code::recorded(code, known)).or_else(|| {
        let sent = facts.timeline.iter().filter(|event| event.event == EventKind::Send);
        let mut own = sent.filter(|event| event.purpose.as_ref() == Some(purpose));
        Code::told(facts.timeline, own.find_map(|event| event.challenge_id.as_deref())?)
    })
}

impl Code {
    fn recorded(code: &Challenge, known: &PhoneState) -> Self {
        let delivery = code.delivery.as_ref();
        let outcome = code.send_outcome();
        Self {
            id: code.id.clone(),
            state: code.state,
            made: code.created_at,
            ends: Some(code.expires_at),
            mapped: known.is_for_users(code.users_version),
            tries: code.tries,
            max_tries: Some(code.max_tries),
            lease_until: code.lease_until,
            accepted: outcome == SendOutcome::Accepted && delivery.is_some(),
            unknown: outcome == SendOutcome::Unknown && code.state != State::Pending && delivery.is_some(),
            provider: delivery.map(|delivery| delivery.provider.clone()),
            channel: delivery.and_then(|delivery| Channel::named(&delivery.channel())).unwrap_or_default(),
            detail: delivery.and_then(|delivery| delivery.detail.clone()),
            report: delivery.and_then(|delivery| delivery.report.clone()),
            reported_at: delivery.and_then(|delivery| delivery.reported_at),
            printed: delivery.is_none()
                && !matches!(code.state, State::Pending | State::Failed)
                && !code.is_checked_elsewhere(),
            relayed: code.is_checked_elsewhere(),
            abandoned: code.told_outcome() == Some(ToldOutcome::Abandoned),
        }
    }

    /// What the timeline tells of a code that the record does not have any more.
    fn told(timeline: &[Event], id: &str) -> Option<Self> {
        let own: Vec<&Event> = timeline.iter().filter(|event| event.challenge_id.as_deref() == Some(id)).collect();
        let made = own.last()?.at;
        let has = |kind, results: &[&str]| {
            own.iter().find(|event| event.event == kind && results.contains(&event.result.as_str())).copied()
        };
        let sent = has(EventKind::Send, &["sent", "failed", "unknown", "issued", "pending"]);
        let result = sent.map_or("", |event| event.result.as_str());
        let abandoned = has(EventKind::Verify, &[ToldOutcome::Abandoned.as_str()]).is_some();
        let state = if has(EventKind::Verify, &["ok", "used"]).is_some() {
            State::Used
        } else if abandoned || has(EventKind::Revoke, &["revoked"]).is_some() {
            State::Revoked
        } else {
            match result {
                "failed" => State::Failed,
                "unknown" => State::Unknown,
                "issued" => State::Issued,
                "pending" => State::Pending,
                _ => State::Sent,
            }
        };
        let wrong = own.iter().filter(|event| event.event == EventKind::Verify && event.result == "wrong");
        // Of several messages, the one that arrived is what matters.
        let said = has(EventKind::Delivery, &["delivered"]).or_else(|| has(EventKind::Delivery, &["failed"]));
        let report = said.map(|event| {
            let detail = event.detail.clone().unwrap_or_default();
            let is_failed = event.result == "failed";
            let reason = DeliveryReason::ALL.iter().copied().find(|reason| detail.contains(reason.words()));
            let state = if is_failed { DeliveryState::Failed } else { DeliveryState::Delivered };
            let said = (is_failed && reason.is_none() && !detail.is_empty()).then_some(detail);
            DeliveryReport { reason: reason.filter(|_| is_failed), said, ..DeliveryReport::of(state) }
        });
        let words = sent.and_then(|event| event.detail.as_deref()).filter(|_| result != "issued");
        Some(Self {
            id: id.to_owned(),
            state,
            made,
            ends: None,
            mapped: true,
            tries: wrong.map(|event| event.count.unwrap_or(1)).sum(),
            max_tries: None,
            lease_until: None,
            accepted: result == "sent" || said.is_some_and(|event| event.result == "delivered"),
            unknown: result == "unknown",
            provider: words.and_then(|words| Some(words.split_once(": ")?.0.to_owned())),
            channel: sent.and_then(|event| Channel::named(event.channel.as_deref()?)).unwrap_or_default(),
            detail: words.map(str::to_owned).filter(|_| result == "failed"),
            report,
            reported_at: said.map(|event| event.at),
            printed: result == "issued",
            relayed: own.iter().any(|event| event.is_checked_elsewhere()),
            abandoned,
        })
    }
}
