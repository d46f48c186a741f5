//! `outcome`: how a code ended that another server made and checks, as that server tells it.

use super::{Decision, PhoneState};
use crate::otp::record::{Challenge, State, ToldOutcome};
use crate::otp::{Event, EventKind, Moment, Purpose, UserId, Users};

/// What is told.
#[derive(Debug, Clone, Copy)]
pub struct OutcomeRequest<'a> {
    /// Of a code for this.
    pub purpose: &'a Purpose,
    /// Of this code; `None`: of the newest.
    pub challenge_id: Option<&'a str>,
    pub outcome: ToldOutcome,
    /// The operator's reason.
    pub reason: Option<&'a str>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeRecorded {
    /// The code, as it is now.
    pub challenge: Challenge,
    pub purpose: Purpose,
    /// Whose phone it was shown to be.
    pub user: Option<UserId>,
    /// It was told before: nothing is counted again.
    pub replayed: bool,
}

/// Why it is not recorded. Nothing changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutcomeRefused {
    /// No such code was delivered, as far as is known.
    Unknown,
    /// The code is checked here.
    CheckedHere,
    /// The other outcome was told before.
    Told(ToldOutcome),
}

/// Decides an `outcome`.
///
/// # Errors
/// When there is nothing that it could be about, or something else was told of it.
pub fn outcome(
    known: &PhoneState,
    now: Moment,
    asked: &OutcomeRequest<'_>,
) -> Result<Decision<OutcomeRecorded>, OutcomeRefused> {
    let (purpose, own) = meant(known, asked)?;
    // A directory is not asked for this: the code was made for whom it said.
    let is_user = |user: &&UserId| known.is_unasked() || known.has_user(user);
    let user = own.user.as_ref().filter(is_user).or_else(|| known.only_user()).cloned();
    let recorded = |challenge: &Challenge, replayed| OutcomeRecorded {
        challenge: challenge.clone(),
        purpose: purpose.clone(),
        user: user.clone(),
        replayed,
    };
    match own.told_outcome() {
        Some(told) if told == asked.outcome => return Ok(Decision::none(recorded(own, true))),
        Some(told) => return Err(OutcomeRefused::Told(told)),
        None => {}
    }
    let (id, is_verified) = (own.id.clone(), asked.outcome == ToldOutcome::Verified);
    let mut record = known.record.clone();
    let purpose_state = record.purposes.entry(purpose.clone()).or_default();
    let Some(own) = purpose_state.challenges.iter_mut().find(|challenge| challenge.id == id) else {
        return Err(OutcomeRefused::Unknown);
    };
    own.end_as_told(asked.outcome);
    let outcome = recorded(own, false);
    let users = is_verified.then(|| verified(&known.users, user.as_ref(), now)).flatten();
    if is_verified {
        record.cooldown_step = 0;
    }
    record.sweep(now);
    // The word of a code that was typed here, which the numbers and the brakes go by.
    let result = if is_verified { "ok" } else { ToldOutcome::Abandoned.as_str() };
    let event = Event::new(now, EventKind::Verify, result).about(&purpose, &id).because(asked.reason);
    let events = vec![event.checked_elsewhere(true)];
    Ok(Decision { record: Some(record), users, events, outcome })
}

/// The code that is meant: the one that is named, or else the newest of the purpose that was not refused by its provider.
fn meant<'k>(known: &'k PhoneState, asked: &OutcomeRequest<'_>) -> Result<(Purpose, &'k Challenge), OutcomeRefused> {
    if let Some(id) = asked.challenge_id {
        let (purpose, own) = known.record.challenge(id).ok_or(OutcomeRefused::Unknown)?;
        return match (own.is_checked_elsewhere(), own.state) {
            (false, _) => Err(OutcomeRefused::CheckedHere),
            (true, State::Failed) => Err(OutcomeRefused::Unknown),
            (true, _) => Ok((purpose.clone(), own)),
        };
    }
    let purpose_state = known.record.purposes.get(asked.purpose).ok_or(OutcomeRefused::Unknown)?;
    let elsewhere = |own: &&Challenge| own.is_checked_elsewhere() && own.state != State::Failed;
    let newest = purpose_state.challenges.iter().rev().find(elsewhere);
    newest.map(|own| (asked.purpose.clone(), own)).ok_or(OutcomeRefused::Unknown)
}

/// The phone was just shown to be in this user's hands.
fn verified(users: &Users, user: Option<&UserId>, now: Moment) -> Option<Users> {
    let mut users = users.clone();
    users.users.iter_mut().find(|link| Some(&link.user) == user)?.verified_at = Some(now);
    Some(users)
}
