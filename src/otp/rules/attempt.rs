//! `attempt`: one typed code, counted, compared and consumed in one step.

use super::attempt_request::{AttemptError, AttemptRequest};
use super::question::Question;
use super::{Decision, PhoneState};
use crate::otp::record::{Answer, Attempt, Challenge, Lock, PurposeState, Reason, State, Verdict};
use crate::otp::{Binding, Event, EventKind, Limits, LockLength, MAX_TTL, Moment, More, UnknownKey};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptOutcome {
    pub answer: Answer,
    /// Whether it was given before.
    pub replayed: bool,
    /// Whether there was a code to compare with: else nothing was counted, and no event tells of it.
    pub compared: bool,
    /// When it was given.
    pub at: Moment,
}

/// Decides an `attempt`, in this order: known attempt, lock, no open code that fits the question, right code,
/// superseded code, wrong code.
///
/// # Errors
/// When the question itself cannot be answered; nothing is changed then.
pub fn attempt(
    known: &PhoneState,
    now: Moment,
    limits: &Limits,
    asked: &AttemptRequest<'_>,
) -> Result<Decision<AttemptOutcome>, AttemptError> {
    let none = PurposeState::default();
    let purpose_state = known.record.purposes.get(asked.purpose).unwrap_or(&none);
    if let Some(earlier) = earlier(purpose_state, now, asked)? {
        return Ok(Decision::none(earlier));
    }
    let failures = purpose_state.failures(now, limits);
    let no = |verdict, reason, challenge: Option<&Challenge>, locked_until| {
        Decision::none(AttemptOutcome {
            answer: Answer {
                verdict,
                reason: Some(reason),
                user: None,
                challenge_id: challenge.map(|challenge| challenge.id.clone()),
                attempts_left: 0,
                failures,
                locked_until,
                expires_at: challenge.map(|challenge| challenge.expires_at),
            },
            replayed: false,
            compared: false,
            at: now,
        })
    };
    if let Some(lock) = purpose_state.lock(now) {
        let reason = if lock.until.is_some() { Reason::TimedLock } else { Reason::HardLock };
        return Ok(no(Verdict::Locked, reason, None, lock.until));
    }
    if known.is_unasked() && purpose_state.live(now).next().is_some() {
        return Err(AttemptError::Unasked);
    }
    let question = Question::of(known, now, asked);
    if !purpose_state.challenges.iter().any(|challenge| question.is_open(challenge)) {
        if Question::is_elsewhere(purpose_state) {
            return Err(AttemptError::CheckedElsewhere);
        }
        let newest = question.unanswered(purpose_state)?;
        let reason = newest.map_or(Reason::NeverIssued, |newest| question.ending(newest));
        let verdict = if reason == Reason::AttemptsExhausted { Verdict::Locked } else { Verdict::NoCode };
        return Ok(no(verdict, reason, newest, None));
    }
    // Where every code is of that kind, none of them could lead to an assertion: this is refused before an attempt is spent.
    let is_unfit = |challenge: &Challenge| is_unsent(challenge, asked);
    if purpose_state.challenges.iter().filter(|challenge| question.is_open(challenge)).all(is_unfit) {
        return Err(AttemptError::NotSent);
    }
    match compare(purpose_state, &question).map_err(AttemptError::UnknownKey)? {
        Compared::Right(id) if known.record.challenge(&id).is_some_and(|(_, own)| is_unfit(own)) => {
            Err(AttemptError::NotSent)
        }
        Compared::Right(id) => Ok(accept(&question, &id)),
        Compared::Superseded => Ok(fail(&question, limits, Some(Reason::SupersededCode))),
        Compared::Wrong => Ok(fail(&question, limits, None)),
    }
}

fn earlier(
    purpose_state: &PurposeState,
    now: Moment,
    asked: &AttemptRequest<'_>,
) -> Result<Option<AttemptOutcome>, AttemptError> {
    let known = purpose_state.attempts.iter().find(|attempt| attempt.id == asked.attempt_id && attempt.until > now);
    let Some(known) = known else { return Ok(None) };
    let same = signed(asked, |typed| asked.peppers.verify(&known.typed, typed, asked.code));
    if same.map_err(AttemptError::UnknownKey)? {
        let at = known.until.before(MAX_TTL);
        Ok(Some(AttemptOutcome { answer: known.answer.clone(), replayed: true, compared: true, at }))
    } else {
        Err(AttemptError::AttemptReused)
    }
}

/// Whether no assertion can be made of a code: whoever may print one, or reads the file, could be any user.
fn is_unsent(challenge: &Challenge, asked: &AttemptRequest<'_>) -> bool {
    let Some(assertion) = asked.assertion.filter(|assertion| !assertion.allow_issued) else { return false };
    let provider = challenge.delivery.as_ref().map(|delivery| delivery.provider.as_str());
    challenge.state == State::Issued || provider == Some(assertion.test_number)
}

/// What an attempt id is bound to: the code, the user it was checked for, and whom its acceptance was for. No attempt id
/// has a space in it, and no audience.
fn signed<T>(asked: &AttemptRequest<'_>, sign: impl FnOnce(&Binding<'_>) -> T) -> T {
    let mut id = asked.attempt_id.to_owned();
    if asked.needs_user() {
        id.push_str(" require-user");
    }
    if let Some(assertion) = asked.assertion {
        id.push_str(" assert ");
        id.push_str(assertion.audience);
    }
    sign(&Binding { phone: asked.phone, purpose: asked.purpose, user: asked.user, users_version: None, id: &id })
}

enum Compared {
    Right(String),
    Superseded,
    Wrong,
}

fn compare(purpose_state: &PurposeState, question: &Question<'_>) -> Result<Compared, UnknownKey> {
    let Question { asked, now, .. } = *question;
    let equal = |challenge: &Challenge| {
        let binding = Binding {
            phone: asked.phone,
            purpose: asked.purpose,
            user: challenge.user.as_ref(),
            users_version: challenge.users_version,
            id: &challenge.id,
        };
        challenge.mac.as_ref().map_or(Ok(false), |mac| asked.peppers.verify(mac, &binding, asked.code))
    };
    let mut unknown = None;
    for challenge in purpose_state.challenges.iter().filter(|challenge| question.is_open(challenge)) {
        match equal(challenge) {
            Ok(true) => return Ok(Compared::Right(challenge.id.clone())),
            Ok(false) => {}
            Err(key) => unknown = Some(key),
        }
    }
    if let Some(key) = unknown {
        return Err(key);
    }
    // Under a pepper that is gone it is just a wrong code: it could not have been right.
    let superseded = |challenge: &Challenge| {
        challenge.state == State::Superseded && challenge.expires_at > now && question.is_about(challenge)
    };
    let is_superseded =
        purpose_state.challenges.iter().any(|challenge| superseded(challenge) && equal(challenge) == Ok(true));
    Ok(if is_superseded { Compared::Superseded } else { Compared::Wrong })
}

/// Every other live code of the purpose ends with it, whoever it was for: a phone has one code at a time.
fn accept(question: &Question<'_>, id: &str) -> Decision<AttemptOutcome> {
    let Question { known, now, asked, .. } = *question;
    let mut record = known.record.clone();
    let purpose_state = record.purposes.entry(asked.purpose.clone()).or_default();
    let mut answer = Answer {
        verdict: Verdict::Ok,
        reason: None,
        user: asked.user.or_else(|| known.only_user()).cloned(),
        challenge_id: Some(id.to_owned()),
        attempts_left: 0,
        failures: 0,
        locked_until: None,
        expires_at: None,
    };
    let is_ours = |challenge: &&mut Challenge| challenge.is_live(now) && !challenge.is_checked_elsewhere();
    for challenge in purpose_state.challenges.iter_mut().filter(is_ours) {
        if challenge.id == id {
            answer.user = challenge.user.clone().or(answer.user.take());
            answer.attempts_left = challenge.attempts_left();
            answer.expires_at = Some(challenge.expires_at);
            challenge.enter(State::Used);
        } else {
            challenge.enter(State::Superseded);
        }
    }
    purpose_state.forgive();
    remember(purpose_state, now, asked, &answer);
    record.cooldown_step = 0;
    record.sweep(now);
    let users = verified(known, now, &answer);
    let assertion = asked.assertion.map(|assertion| format!("assertion for {}", assertion.audience));
    let event = Event::new(now, EventKind::Verify, "ok").about(asked.purpose, id).detail(assertion);
    let outcome = AttemptOutcome { answer, replayed: false, compared: true, at: now };
    Decision { record: Some(record), users, events: vec![event], outcome }
}

/// The phone was just shown to be in this user's hands.
fn verified(known: &PhoneState, now: Moment, answer: &Answer) -> Option<crate::otp::Users> {
    let mut users = known.users.clone();
    let link = users.users.iter_mut().find(|link| Some(&link.user) == answer.user.as_ref())?;
    link.verified_at = Some(now);
    Some(users)
}

/// Counted on every code that it was compared with, and on no other.
fn fail(question: &Question<'_>, limits: &Limits, reason: Option<Reason>) -> Decision<AttemptOutcome> {
    let Question { known, now, asked, .. } = *question;
    let mut record = known.record.clone();
    let purpose_state = record.purposes.entry(asked.purpose.clone()).or_default();
    purpose_state.failures = purpose_state.failures(now, limits).saturating_add(1);
    purpose_state.failed_at = Some(now);
    purpose_state.failures_until = purpose_state.failures_until.max(Some(now.after(limits.failures_kept)));
    let step = limits.locks.iter().find(|step| step.failures == purpose_state.failures);
    purpose_state.lock = step.map(|step| Lock {
        until: match step.length {
            LockLength::For(length) => Some(now.after(length)),
            LockLength::Hard => None,
        },
    });
    let (lock, failures) = (purpose_state.lock, purpose_state.failures);
    let mut compared: Option<(String, u32, Moment)> = None;
    for challenge in purpose_state.challenges.iter_mut().filter(|challenge| question.is_open(challenge)) {
        challenge.tries = challenge.tries.saturating_add(1);
        let left = challenge.attempts_left();
        // The newest that may still be typed, or else the newest.
        if left > 0 || compared.as_ref().is_none_or(|(_, left, _)| *left == 0) {
            compared = Some((challenge.id.clone(), left, challenge.expires_at));
        }
        if left == 0 {
            challenge.enter(State::Exhausted);
        }
    }
    let (id, attempts_left, expires_at) =
        compared.map_or((None, 0, None), |(id, left, end)| (Some(id), left, Some(end)));
    let (verdict, reason) = match lock {
        Some(Lock { until: Some(_) }) => (Verdict::Locked, Some(Reason::TimedLock)),
        Some(Lock { until: None }) => (Verdict::Locked, Some(Reason::HardLock)),
        None if attempts_left == 0 => (Verdict::Locked, Some(Reason::AttemptsExhausted)),
        None => (Verdict::Wrong, reason),
    };
    let answer = Answer {
        verdict,
        reason,
        user: None,
        challenge_id: id.clone(),
        attempts_left,
        failures,
        locked_until: lock.and_then(|lock| lock.until),
        expires_at,
    };
    remember(purpose_state, now, asked, &answer);
    record.sweep(now);
    let id = id.unwrap_or_default();
    let mut events = vec![Event::new(now, EventKind::Verify, "wrong").about(asked.purpose, &id)];
    if lock.is_some() {
        let detail = format!("{failures} consecutive {}", if failures == 1 { "failure" } else { "failures" });
        let result =
            answer.locked_until.map_or_else(|| "hard".to_owned(), |until| format!("until {}", until.rfc3339()));
        let lock = Event { until: answer.locked_until, ..Event::new(now, EventKind::Lock, &result) };
        events.push(lock.about(asked.purpose, &id).detail(detail));
    }
    let outcome = AttemptOutcome { answer, replayed: false, compared: true, at: now };
    Decision { record: Some(record), users: None, events, outcome }
}

/// Keeps the answer for the longest lifetime of a code, so that it can be asked for again.
fn remember(purpose_state: &mut PurposeState, now: Moment, asked: &AttemptRequest<'_>, answer: &Answer) {
    purpose_state.attempts.push(Attempt {
        id: asked.attempt_id.to_owned(),
        typed: signed(asked, |typed| asked.peppers.sign(typed, asked.code)),
        until: now.after(MAX_TTL),
        answer: answer.clone(),
        more: More::default(),
    });
}
