//! The last request and the last attempt of a purpose.

use super::facts::Facts;
use crate::otp::record::{PurposeState, Reason, ToldOutcome, Verdict};
use crate::otp::refusal::{NO_CODE, NO_USER, REFUSED};
use crate::otp::{Event, EventKind, MAX_TTL, Moment, Purpose};

/// What the last attempt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tried {
    /// A wrong code.
    Wrong,
    /// The code before the live one.
    Superseded,
    /// The right one.
    Right,
    /// There was no code to compare with.
    NoCode,
    /// The phone does not have the user.
    NoUser,
}

/// When an event was, the last time that it was.
pub(super) fn last_of(event: &Event) -> Moment {
    event.latest()
}

/// The newest request of the purpose, where it was refused and nobody has got in since.
pub(super) fn last_refused<'a>(facts: &Facts<'a>, purpose: &Purpose) -> Option<&'a Event> {
    let own = || facts.timeline.iter().filter(|event| event.purpose.as_ref() == Some(purpose));
    let requests = own().filter(|event| event.event == EventKind::Send);
    let newest = requests.rev().max_by_key(|event| last_of(event)).filter(|event| event.result == REFUSED)?;
    let is_in =
        own().any(|event| event.event == EventKind::Verify && event.result == "ok" && last_of(event) > last_of(newest));
    (!is_in).then_some(newest)
}

/// The newest attempt of the purpose: the record knows more of it than the timeline, but forgets it sooner.
pub(super) fn last_attempt<'a>(
    facts: &Facts<'a>,
    state: Option<&PurposeState>,
    purpose: &Purpose,
) -> Option<(Moment, Tried, Option<&'a Event>)> {
    let own = facts.timeline.iter().filter(|event| event.purpose.as_ref() == Some(purpose));
    // That nobody typed a code is no attempt.
    let is_attempt =
        |event: &&Event| event.event == EventKind::Verify && event.result != ToldOutcome::Abandoned.as_str();
    let told = own.filter(is_attempt).rev().max_by_key(|event| last_of(event));
    let told = told.map(|event| {
        let tried = match event.result.as_str() {
            "ok" | "used" => Tried::Right,
            NO_CODE => Tried::NoCode,
            NO_USER => Tried::NoUser,
            _ => Tried::Wrong,
        };
        (last_of(event), tried, Some(event))
    });
    let recorded = state.and_then(|state| state.attempts.last()).map(|attempt| {
        let tried = match (attempt.answer.reason, attempt.answer.verdict) {
            (Some(Reason::SupersededCode), _) => Tried::Superseded,
            (_, Verdict::Ok) => Tried::Right,
            _ => Tried::Wrong,
        };
        (attempt.until.before(MAX_TTL), tried, None)
    });
    match (recorded, told) {
        (Some(recorded), Some(told)) if told.0 > recorded.0 => Some(told),
        (recorded, told) => recorded.or(told),
    }
}
