//! Codes and guesses: each sentence holds whatever the store.

use std::time::Duration;

use otpctl::operations::OperationError;
use otpctl::otp::record::{Reason, State, Verdict};
use otpctl::otp::{Pepper, Peppers, Purpose, Secret};

use crate::party::{Party, RIGHT, WRONG, at_once, fresh_id, pepper, phone};
use crate::places::Place;

const OK: (Verdict, Option<Reason>) = (Verdict::Ok, None);
const NO: (Verdict, Option<Reason>) = (Verdict::Wrong, None);

fn no_code(reason: Reason) -> (Verdict, Option<Reason>) {
    (Verdict::NoCode, Some(reason))
}

fn locked(reason: Reason) -> (Verdict, Option<Reason>) {
    (Verdict::Locked, Some(reason))
}

pub fn the_right_code_is_spent_once(place: &dyn Place) {
    let party = Party::of(place);
    assert_eq!(party.verdict(&phone(1), RIGHT), no_code(Reason::NeverIssued));
    let id = party.issue(&phone(1), RIGHT);
    let answer = Party::of(place).verify(&phone(1), RIGHT);
    assert_eq!((answer.verdict, answer.challenge_id.as_ref()), (Verdict::Ok, Some(&id)));
    assert_eq!(party.verdict(&phone(1), RIGHT), no_code(Reason::Used));
    assert_eq!(party.verdict(&phone(1), WRONG), no_code(Reason::Used), "no guess, and not counted");
    assert_eq!(party.failures(&phone(1)), 0);
}

pub fn of_fifty_right_answers_at_once_one_is_accepted(place: &dyn Place) {
    Party::of(place).issue(&phone(1), RIGHT);
    let verdicts = at_once(place, 50, |party, _| party.verdict(&phone(1), RIGHT));
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == OK).count(), 1);
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == no_code(Reason::Used)).count(), 49);
}

pub fn a_hundred_guesses_at_once_spend_the_limit_exactly(place: &dyn Place) {
    let party = Party::of(place);
    party.issue(&phone(1), RIGHT);
    let verdicts = at_once(place, 100, |party, index| party.verdict(&phone(1), &format!("{index:06}")));
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == NO).count(), 4);
    let used_up = locked(Reason::AttemptsExhausted);
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == used_up).count(), 96);
    assert_eq!(party.failures(&phone(1)), 5, "the rest were not looked at");
    assert_eq!(party.verdict(&phone(1), RIGHT), used_up);
    let wrong = party.timeline(&phone(1), 50).iter().filter(|event| event.result == "wrong").count();
    assert_eq!(wrong, 5);
}

pub fn tries_that_are_used_up_kill_the_code(place: &dyn Place) {
    let party = Party::of(place);
    party.issue(&phone(1), RIGHT);
    for left in (0..5).rev() {
        let answer = party.verify(&phone(1), WRONG);
        assert_eq!(answer.attempts_left, left);
        assert_eq!(answer.verdict == Verdict::Locked, left == 0);
    }
    assert_eq!(party.verdict(&phone(1), RIGHT), locked(Reason::AttemptsExhausted));
    assert_eq!(party.failures(&phone(1)), 5);
}

pub fn a_new_code_keeps_the_failure_count(place: &dyn Place) {
    let party = Party::of(place);
    for count in 1..10 {
        party.issue(&phone(1), RIGHT);
        let answer = party.verify(&phone(1), WRONG);
        assert_eq!((answer.verdict, answer.failures, answer.attempts_left), (Verdict::Wrong, count, 4));
    }
    party.issue(&phone(1), RIGHT);
    assert_eq!(party.verdict(&phone(1), WRONG), locked(Reason::TimedLock), "the tenth");
}

pub fn failures_survive_the_code_that_they_were_made_against(place: &dyn Place) {
    let mut party = Party::of(place);
    party.ttl = Duration::from_millis(400);
    party.issue(&phone(1), RIGHT);
    assert_eq!(party.verdict(&phone(1), WRONG), NO);
    place.pass(Duration::from_millis(450));
    assert_eq!(party.verdict(&phone(1), RIGHT), no_code(Reason::Expired));
    party.ttl = Duration::from_secs(300);
    party.issue(&phone(1), RIGHT);
    assert_eq!(party.verify(&phone(1), WRONG).failures, 2);
    party.revoke(&phone(1)).unwrap();
    party.issue(&phone(1), RIGHT);
    assert_eq!(party.verify(&phone(1), WRONG).failures, 3);
    assert_eq!(party.verdict(&phone(1), RIGHT), OK);
    assert_eq!(party.failures(&phone(1)), 0);
}

/// So many failures in a row, whatever number of codes that takes.
fn fail(party: &Party, times: u32) {
    for _ in 0..times {
        party.issue(&phone(1), RIGHT);
        party.verify(&phone(1), WRONG);
    }
}

pub fn ten_failures_lock_and_the_lock_ends_by_itself(place: &dyn Place) {
    let party = Party::of(place);
    fail(&party, 9);
    party.issue(&phone(1), RIGHT);
    let answer = party.verify(&phone(1), WRONG);
    assert_eq!((answer.verdict, answer.reason, answer.failures), (Verdict::Locked, Some(Reason::TimedLock), 10));
    assert!(answer.locked_until.is_some());
    assert_eq!(party.verdict(&phone(1), RIGHT), locked(Reason::TimedLock), "not even the right code");
    assert!(matches!(party.try_issue(&phone(1), RIGHT), Err(OperationError::Locked(Some(_)))));
    place.pass(Duration::from_millis(1050));
    assert_eq!(party.failures(&phone(1)), 10, "the lock is over, the count is not");
    assert_eq!(party.verdict(&phone(1), RIGHT), OK);
}

pub fn a_hard_lock_ends_only_by_unlock(place: &dyn Place) {
    let mut party = Party::of(place);
    party.limits.locks.remove(0);
    fail(&party, 20);
    assert_eq!(party.verdict(&phone(1), RIGHT), locked(Reason::HardLock));
    assert!(matches!(party.try_issue(&phone(1), RIGHT), Err(OperationError::Locked(None))));
    place.pass(Duration::from_millis(400));
    assert_eq!(party.verdict(&phone(1), RIGHT), locked(Reason::HardLock));
    party.unlock(&phone(1), false);
    party.issue(&phone(1), RIGHT);
    assert_eq!(party.verdict(&phone(1), RIGHT), OK);
}

pub fn codes_expire(place: &dyn Place) {
    let mut party = Party::of(place);
    party.ttl = Duration::from_millis(300);
    party.issue(&phone(1), RIGHT);
    place.pass(Duration::from_millis(350));
    let (verdict, reason) = party.verdict(&phone(1), RIGHT);
    assert_eq!(verdict, Verdict::NoCode);
    // With nothing left to remember, the phone's record may be gone.
    assert!(matches!(reason, Some(Reason::Expired | Reason::NeverIssued)), "{reason:?}");
    assert_eq!(party.failures(&phone(1)), 0);
}

pub fn a_wrong_guess_does_not_extend_life(place: &dyn Place) {
    let mut party = Party::of(place);
    party.ttl = Duration::from_secs(1);
    party.issue(&phone(1), RIGHT);
    place.pass(Duration::from_millis(500));
    assert_eq!(party.verdict(&phone(1), WRONG), NO);
    place.pass(Duration::from_millis(550));
    assert_eq!(party.verdict(&phone(1), RIGHT), no_code(Reason::Expired));
}

pub fn phones_do_not_see_each_other(place: &dyn Place) {
    let party = Party::of(place);
    party.issue(&phone(1), RIGHT);
    party.issue(&phone(2), "999999");
    assert_eq!(party.verdict(&phone(2), RIGHT), NO);
    assert_eq!((party.failures(&phone(1)), party.failures(&phone(2))), (0, 1));
    assert_eq!(party.verdict(&phone(1), RIGHT), OK);
    assert_eq!(party.failures(&phone(2)), 1);
}

pub fn purposes_do_not_see_each_other(place: &dyn Place) {
    let (login, mut pay) = (Party::of(place), Party::of(place));
    pay.purpose = Purpose::new("pay").unwrap();
    login.issue(&phone(1), RIGHT);
    assert_eq!(pay.verdict(&phone(1), RIGHT), no_code(Reason::NeverIssued));
    pay.issue(&phone(1), "999999");
    assert_eq!(pay.verdict(&phone(1), RIGHT), NO);
    assert_eq!((login.failures(&phone(1)), pay.failures(&phone(1))), (0, 1));
    assert_eq!(login.verdict(&phone(1), RIGHT), OK);
}

pub fn a_success_clears_its_own_count_only(place: &dyn Place) {
    let (login, mut pay) = (Party::of(place), Party::of(place));
    pay.purpose = Purpose::new("pay").unwrap();
    for party in [&login, &pay] {
        party.issue(&phone(1), RIGHT);
        party.issue(&phone(2), RIGHT);
        assert_eq!(party.verdict(&phone(1), WRONG), NO);
        assert_eq!(party.verdict(&phone(2), WRONG), NO);
    }
    assert_eq!(login.verdict(&phone(1), RIGHT), OK);
    let counts = |party: &Party| [party.failures(&phone(1)), party.failures(&phone(2))];
    assert_eq!((counts(&login), counts(&pay)), ([0, 1], [1, 1]));
}

pub fn an_attempt_that_is_asked_again_is_answered_again(place: &dyn Place) {
    let party = Party::of(place);
    party.issue(&phone(1), RIGHT);
    let (no, yes) = (fresh_id(), fresh_id());
    let first = party.try_verify(&phone(1), WRONG, &no).unwrap();
    let again = party.try_verify(&phone(1), WRONG, &no).unwrap();
    assert_eq!((first.answer, again.replayed), (again.answer, true));
    assert_eq!(party.failures(&phone(1)), 1);
    assert_eq!(party.try_verify(&phone(1), RIGHT, &no), Err(OperationError::AttemptReused));
    let first = party.try_verify(&phone(1), RIGHT, &yes).unwrap();
    let again = Party::of(place).try_verify(&phone(1), RIGHT, &yes).unwrap();
    assert_eq!((first.answer.verdict, first.replayed), (Verdict::Ok, false));
    assert_eq!((first.answer, again.replayed), (again.answer, true));
    let same = fresh_id();
    party.issue(&phone(1), RIGHT);
    let answers = at_once(place, 10, |party, _| party.try_verify(&phone(1), WRONG, &same).unwrap());
    assert_eq!(answers.iter().filter(|tried| !tried.replayed).count(), 1);
    assert_eq!(party.failures(&phone(1)), 1, "ten times the same attempt is one");
}

pub fn a_revoked_code_is_dead(place: &dyn Place) {
    let party = Party::of(place);
    party.issue(&phone(1), RIGHT);
    assert_eq!(party.verdict(&phone(1), WRONG), NO);
    assert_eq!(party.revoke(&phone(1)), Ok(1));
    assert_eq!(party.verdict(&phone(1), RIGHT), no_code(Reason::Revoked));
    assert_eq!(party.failures(&phone(1)), 1, "and the count stays");
    let look = party.look(&phone(1));
    let challenge = &look.known.record.purposes[&party.purpose].challenges[0];
    assert_eq!((challenge.state, challenge.mac.as_ref()), (State::Revoked, None), "nothing to compare with is kept");
}

pub fn revoking_nothing_is_no_event(place: &dyn Place) {
    let party = Party::of(place);
    assert_eq!(party.revoke(&phone(1)), Ok(0));
    assert_eq!((party.timeline(&phone(1), 10), party.phones()), (Vec::new(), Vec::new()));
}

pub fn unlock_opens_the_door_again(place: &dyn Place) {
    let party = Party::of(place);
    fail(&party, 10);
    assert_eq!(party.verdict(&phone(1), RIGHT), locked(Reason::TimedLock));
    party.unlock(&phone(1), false);
    assert_eq!(party.failures(&phone(1)), 0);
    assert_eq!(party.verdict(&phone(1), RIGHT), OK, "the code that was live still is");
    let kinds: Vec<_> = party.timeline(&phone(1), 2).into_iter().map(|event| event.result).collect();
    assert_eq!(kinds, ["ok", "unlocked"]);
}

pub fn a_dry_run_writes_nothing(place: &dyn Place) {
    let (party, mut dry) = (Party::of(place), Party::of(place));
    dry.dry_run = true;
    dry.issue(&phone(1), RIGHT);
    assert_eq!(party.phones(), [""; 0]);
    party.issue(&phone(1), RIGHT);
    assert_eq!(dry.verdict(&phone(1), WRONG), NO);
    assert_eq!(dry.verdict(&phone(1), RIGHT), OK);
    assert_eq!(dry.revoke(&phone(1)), Ok(1));
    assert_eq!((party.failures(&phone(1)), party.verdict(&phone(1), RIGHT)), (0, OK));
}

pub fn a_code_under_another_pepper_is_not_counted(place: &dyn Place) {
    let (mut party, mut rotated) = (Party::of(place), Party::of(place));
    party.issue(&phone(1), RIGHT);
    rotated.peppers = pepper("k2");
    let tried = rotated.try_verify(&phone(1), RIGHT, &fresh_id());
    assert!(matches!(tried, Err(OperationError::UnknownKey(_))), "{tried:?}");
    assert_eq!(party.failures(&phone(1)), 0);
    let named = |id: &str| Pepper {
        id: id.to_owned(),
        key: Secret::new(format!("a key that no one guesses, by the name of {id}")),
    };
    party.peppers = Peppers::new(vec![named("k2"), named("k1")]).unwrap();
    assert_eq!(party.verdict(&phone(1), WRONG), NO);
    assert_eq!(party.verdict(&phone(1), RIGHT), OK, "every pepper verifies");
}
