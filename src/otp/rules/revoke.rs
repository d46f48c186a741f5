//! `revoke`: cancels live codes.

use super::{Decision, PhoneState};
use crate::otp::record::State;
use crate::otp::{Event, EventKind, Moment, Purpose};

/// What to cancel.
#[derive(Debug, Clone, Copy, Default)]
pub struct RevokeRequest<'a> {
    /// Only codes of this purpose.
    pub purpose: Option<&'a Purpose>,
    /// Only this code.
    pub challenge_id: Option<&'a str>,
    /// The operator's reason.
    pub reason: Option<&'a str>,
}

/// The ids of what was canceled, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revoked(pub Vec<String>);

/// Decides a `revoke`. The count of failures stays as it is.
#[must_use]
pub fn revoke(known: &PhoneState, now: Moment, asked: &RevokeRequest<'_>) -> Decision<Revoked> {
    let mut record = known.record.clone();
    let mut revoked = Revoked::default();
    let mut events = Vec::new();
    for (purpose, purpose_state) in &mut record.purposes {
        if asked.purpose.is_some_and(|only| only != purpose) {
            continue;
        }
        // A code that another server checks stays valid there, whatever is done here.
        let is_ours = |challenge: &&mut crate::otp::record::Challenge| {
            challenge.is_live(now) && !challenge.is_checked_elsewhere()
        };
        let live = purpose_state.challenges.iter_mut().filter(is_ours);
        for challenge in live.filter(|challenge| asked.challenge_id.is_none_or(|only| only == challenge.id)) {
            challenge.enter(State::Revoked);
            revoked.0.push(challenge.id.clone());
            let event = Event::new(now, EventKind::Revoke, "revoked").about(purpose, &challenge.id);
            events.push(event.because(asked.reason));
        }
    }
    if revoked.0.is_empty() {
        return Decision::none(revoked);
    }
    record.sweep(now);
    Decision { record: Some(record), users: None, events, outcome: revoked }
}
