//! `unlock`: clears a lock and the count of failures.

use super::{Decision, PhoneState};
use crate::otp::{Event, EventKind, Limits, Moment, Purpose};

/// What is to be cleared.
#[derive(Debug, Clone, Copy, Default)]
pub struct UnlockRequest<'a> {
    /// Only of this purpose.
    pub purpose: Option<&'a Purpose>,
    /// The cooldown and the phone's send quotas too.
    pub limits: bool,
    /// The operator's reason.
    pub reason: Option<&'a str>,
}

/// What was cleared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unlocked {
    /// Locks that held.
    pub locks: u32,
    /// Failures that counted.
    pub failures: u32,
    /// Whether limits on sends were cleared.
    pub limits: bool,
}

/// Decides an `unlock`. Where there is nothing to clear, nothing is written.
#[must_use]
pub fn unlock(known: &PhoneState, now: Moment, limits: &Limits, asked: &UnlockRequest<'_>) -> Decision<Unlocked> {
    let mut record = known.record.clone();
    let mut unlocked = Unlocked::default();
    for (purpose, purpose_state) in &mut record.purposes {
        if asked.purpose.is_some_and(|only| only != purpose) {
            continue;
        }
        unlocked.locks += u32::from(purpose_state.lock(now).is_some());
        unlocked.failures = unlocked.failures.saturating_add(purpose_state.failures(now, limits));
        purpose_state.forgive();
    }
    if asked.limits && (!record.sends.is_empty() || record.cooldown_until.is_some()) {
        record.sends.clear();
        (record.cooldown_step, record.cooldown_until, record.history_until) = (0, None, None);
        unlocked.limits = true;
    }
    if unlocked == Unlocked::default() {
        return Decision::none(unlocked);
    }
    record.sweep(now);
    let failures = if unlocked.failures == 1 { "failure" } else { "failures" };
    let limits = if unlocked.limits { ", and limits" } else { "" };
    let detail = format!("{} {failures} cleared{limits}", unlocked.failures);
    let mut event = Event::new(now, EventKind::Unlock, "unlocked").detail(detail).because(asked.reason);
    event.purpose = asked.purpose.cloned();
    Decision { record: Some(record), users: None, events: vec![event], outcome: unlocked }
}
