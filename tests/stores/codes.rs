//! Codes and guesses: each sentence holds whatever the store.

use std::time::Duration;

use otpctl::operations::OperationError;
use otpctl::otp::record::{Reason, State, Verdict};
use otpctl::otp::{Pepper, Peppers, Purpose, Secret};

use crate::support::client::{Client, RIGHT, WRONG, at_once, fresh_id, pepper, phone};
use crate::support::fixtures::Fixture;

const OK: (Verdict, Option<Reason>) = (Verdict::Ok, None);
const NO: (Verdict, Option<Reason>) = (Verdict::Wrong, None);

fn no_code(reason: Reason) -> (Verdict, Option<Reason>) {
    (Verdict::NoCode, Some(reason))
}

fn locked(reason: Reason) -> (Verdict, Option<Reason>) {
    (Verdict::Locked, Some(reason))
}

pub fn the_right_code_is_spent_once(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    assert_eq!(client.verdict(&phone(1), RIGHT), no_code(Reason::NeverIssued));
    let id = client.issue(&phone(1), RIGHT);
    let answer = Client::of(fixture).verify(&phone(1), RIGHT);
    assert_eq!((answer.verdict, answer.challenge_id.as_ref()), (Verdict::Ok, Some(&id)));
    assert_eq!(client.verdict(&phone(1), RIGHT), no_code(Reason::Used));
    assert_eq!(client.verdict(&phone(1), WRONG), no_code(Reason::Used), "no guess, and not counted");
    assert_eq!(client.failures(&phone(1)), 0);
}

pub fn of_fifty_right_answers_at_once_one_is_accepted(fixture: &dyn Fixture) {
    Client::of(fixture).issue(&phone(1), RIGHT);
    let verdicts = at_once(fixture, 50, |client, _| client.verdict(&phone(1), RIGHT));
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == OK).count(), 1);
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == no_code(Reason::Used)).count(), 49);
}

pub fn a_hundred_guesses_at_once_spend_the_limit_exactly(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    client.issue(&phone(1), RIGHT);
    let verdicts = at_once(fixture, 100, |client, index| client.verdict(&phone(1), &format!("{index:06}")));
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == NO).count(), 4);
    let used_up = locked(Reason::AttemptsExhausted);
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == used_up).count(), 96);
    assert_eq!(client.failures(&phone(1)), 5, "the rest were not looked at");
    assert_eq!(client.verdict(&phone(1), RIGHT), used_up);
    let wrong = client.timeline(&phone(1), 50).iter().filter(|event| event.result == "wrong").count();
    assert_eq!(wrong, 5);
}

pub fn tries_that_are_used_up_kill_the_code(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    client.issue(&phone(1), RIGHT);
    for left in (0..5).rev() {
        let answer = client.verify(&phone(1), WRONG);
        assert_eq!(answer.attempts_left, left);
        assert_eq!(answer.verdict == Verdict::Locked, left == 0);
    }
    assert_eq!(client.verdict(&phone(1), RIGHT), locked(Reason::AttemptsExhausted));
    assert_eq!(client.failures(&phone(1)), 5);
}

pub fn a_new_code_keeps_the_failure_count(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    for count in 1..10 {
        client.issue(&phone(1), RIGHT);
        let answer = client.verify(&phone(1), WRONG);
        assert_eq!((answer.verdict, answer.failures, answer.attempts_left), (Verdict::Wrong, count, 4));
    }
    client.issue(&phone(1), RIGHT);
    assert_eq!(client.verdict(&phone(1), WRONG), locked(Reason::TimedLock), "the tenth");
}

pub fn failures_survive_the_code_that_they_were_made_against(fixture: &dyn Fixture) {
    let mut client = Client::of(fixture);
    client.ttl = Duration::from_millis(400);
    client.issue(&phone(1), RIGHT);
    assert_eq!(client.verdict(&phone(1), WRONG), NO);
    fixture.pass(Duration::from_millis(450));
    assert_eq!(client.verdict(&phone(1), RIGHT), no_code(Reason::Expired));
    client.ttl = Duration::from_secs(300);
    client.issue(&phone(1), RIGHT);
    assert_eq!(client.verify(&phone(1), WRONG).failures, 2);
    client.revoke(&phone(1)).unwrap();
    client.issue(&phone(1), RIGHT);
    assert_eq!(client.verify(&phone(1), WRONG).failures, 3);
    assert_eq!(client.verdict(&phone(1), RIGHT), OK);
    assert_eq!(client.failures(&phone(1)), 0);
}

/// So many failures in a row, whatever number of codes that takes.
fn fail(client: &Client, times: u32) {
    for _ in 0..times {
        client.issue(&phone(1), RIGHT);
        client.verify(&phone(1), WRONG);
    }
}

pub fn ten_failures_lock_and_the_lock_ends_by_itself(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    fail(&client, 9);
    client.issue(&phone(1), RIGHT);
    let answer = client.verify(&phone(1), WRONG);
    assert_eq!((answer.verdict, answer.reason, answer.failures), (Verdict::Locked, Some(Reason::TimedLock), 10));
    assert!(answer.locked_until.is_some());
    assert_eq!(client.verdict(&phone(1), RIGHT), locked(Reason::TimedLock), "not even the right code");
    assert!(matches!(client.try_issue(&phone(1), RIGHT), Err(OperationError::Locked(Some(_)))));
    fixture.pass(Duration::from_millis(1050));
    assert_eq!(client.failures(&phone(1)), 10, "the lock is over, the count is not");
    assert_eq!(client.verdict(&phone(1), RIGHT), OK);
}

pub fn a_hard_lock_ends_only_by_unlock(fixture: &dyn Fixture) {
    let mut client = Client::of(fixture);
    client.limits.locks.remove(0);
    fail(&client, 20);
    assert_eq!(client.verdict(&phone(1), RIGHT), locked(Reason::HardLock));
    assert!(matches!(client.try_issue(&phone(1), RIGHT), Err(OperationError::Locked(None))));
    fixture.pass(Duration::from_millis(400));
    assert_eq!(client.verdict(&phone(1), RIGHT), locked(Reason::HardLock));
    client.unlock(&phone(1), false);
    client.issue(&phone(1), RIGHT);
    assert_eq!(client.verdict(&phone(1), RIGHT), OK);
}

pub fn codes_expire(fixture: &dyn Fixture) {
    let mut client = Client::of(fixture);
    client.ttl = Duration::from_millis(300);
    client.issue(&phone(1), RIGHT);
    fixture.pass(Duration::from_millis(350));
    let (verdict, reason) = client.verdict(&phone(1), RIGHT);
    assert_eq!(verdict, Verdict::NoCode);
    // With nothing left to remember, the phone's record may be gone.
    assert!(matches!(reason, Some(Reason::Expired | Reason::NeverIssued)), "{reason:?}");
    assert_eq!(client.failures(&phone(1)), 0);
}

pub fn a_wrong_guess_does_not_extend_life(fixture: &dyn Fixture) {
    let mut client = Client::of(fixture);
    client.ttl = Duration::from_secs(1);
    client.issue(&phone(1), RIGHT);
    fixture.pass(Duration::from_millis(500));
    assert_eq!(client.verdict(&phone(1), WRONG), NO);
    fixture.pass(Duration::from_millis(550));
    assert_eq!(client.verdict(&phone(1), RIGHT), no_code(Reason::Expired));
}

pub fn phones_do_not_see_each_other(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    client.issue(&phone(1), RIGHT);
    client.issue(&phone(2), "999999");
    assert_eq!(client.verdict(&phone(2), RIGHT), NO);
    assert_eq!((client.failures(&phone(1)), client.failures(&phone(2))), (0, 1));
    assert_eq!(client.verdict(&phone(1), RIGHT), OK);
    assert_eq!(client.failures(&phone(2)), 1);
}

pub fn purposes_do_not_see_each_other(fixture: &dyn Fixture) {
    let (login, mut pay) = (Client::of(fixture), Client::of(fixture));
    pay.purpose = Purpose::new("pay").unwrap();
    login.issue(&phone(1), RIGHT);
    assert_eq!(pay.verdict(&phone(1), RIGHT), no_code(Reason::NeverIssued));
    pay.issue(&phone(1), "999999");
    assert_eq!(pay.verdict(&phone(1), RIGHT), NO);
    assert_eq!((login.failures(&phone(1)), pay.failures(&phone(1))), (0, 1));
    assert_eq!(login.verdict(&phone(1), RIGHT), OK);
}

pub fn a_success_clears_its_own_count_only(fixture: &dyn Fixture) {
    let (login, mut pay) = (Client::of(fixture), Client::of(fixture));
    pay.purpose = Purpose::new("pay").unwrap();
    for client in [&login, &pay] {
        client.issue(&phone(1), RIGHT);
        client.issue(&phone(2), RIGHT);
        assert_eq!(client.verdict(&phone(1), WRONG), NO);
        assert_eq!(client.verdict(&phone(2), WRONG), NO);
    }
    assert_eq!(login.verdict(&phone(1), RIGHT), OK);
    let counts = |client: &Client| [client.failures(&phone(1)), client.failures(&phone(2))];
    assert_eq!((counts(&login), counts(&pay)), ([0, 1], [1, 1]));
}

pub fn an_attempt_that_is_asked_again_is_answered_again(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    client.issue(&phone(1), RIGHT);
    let (no, yes) = (fresh_id(), fresh_id());
    let first = client.try_verify(&phone(1), WRONG, &no).unwrap();
    let again = client.try_verify(&phone(1), WRONG, &no).unwrap();
    assert_eq!((first.answer, again.replayed), (again.answer, true));
    assert_eq!(client.failures(&phone(1)), 1);
    assert_eq!(client.try_verify(&phone(1), RIGHT, &no), Err(OperationError::AttemptReused));
    let first = client.try_verify(&phone(1), RIGHT, &yes).unwrap();
    let again = Client::of(fixture).try_verify(&phone(1), RIGHT, &yes).unwrap();
    assert_eq!((first.answer.verdict, first.replayed), (Verdict::Ok, false));
    assert_eq!((first.answer, again.replayed), (again.answer, true));
    let same = fresh_id();
    client.issue(&phone(1), RIGHT);
    let answers = at_once(fixture, 10, |client, _| client.try_verify(&phone(1), WRONG, &same).unwrap());
    assert_eq!(answers.iter().filter(|tried| !tried.replayed).count(), 1);
    assert_eq!(client.failures(&phone(1)), 1, "ten times the same attempt is one");
}

pub fn a_revoked_code_is_dead(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    client.issue(&phone(1), RIGHT);
    assert_eq!(client.verdict(&phone(1), WRONG), NO);
    assert_eq!(client.revoke(&phone(1)), Ok(1));
    assert_eq!(client.verdict(&phone(1), RIGHT), no_code(Reason::Revoked));
    assert_eq!(client.failures(&phone(1)), 1, "and the count stays");
    let look = client.look(&phone(1));
    let challenge = &look.known.record.purposes[&client.purpose].challenges[0];
    assert_eq!((challenge.state, challenge.mac.as_ref()), (State::Revoked, None), "nothing to compare with is kept");
}

pub fn revoking_nothing_is_no_event(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    assert_eq!(client.revoke(&phone(1)), Ok(0));
    assert_eq!((client.timeline(&phone(1), 10), client.phones()), (Vec::new(), Vec::new()));
}

pub fn unlock_lifts_the_lock(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    fail(&client, 10);
    assert_eq!(client.verdict(&phone(1), RIGHT), locked(Reason::TimedLock));
    client.unlock(&phone(1), false);
    assert_eq!(client.failures(&phone(1)), 0);
    assert_eq!(client.verdict(&phone(1), RIGHT), OK, "the code that was live still is");
    let kinds: Vec<_> = client.timeline(&phone(1), 2).into_iter().map(|event| event.result).collect();
    assert_eq!(kinds, ["ok", "unlocked"]);
}

pub fn a_dry_run_writes_nothing(fixture: &dyn Fixture) {
    let (client, mut dry) = (Client::of(fixture), Client::of(fixture));
    dry.dry_run = true;
    dry.issue(&phone(1), RIGHT);
    assert_eq!(client.phones(), [""; 0]);
    client.issue(&phone(1), RIGHT);
    assert_eq!(dry.verdict(&phone(1), WRONG), NO);
    assert_eq!(dry.verdict(&phone(1), RIGHT), OK);
    assert_eq!(dry.revoke(&phone(1)), Ok(1));
    assert_eq!((client.failures(&phone(1)), client.verdict(&phone(1), RIGHT)), (0, OK));
}

pub fn a_code_under_another_pepper_is_not_counted(fixture: &dyn Fixture) {
    let (mut client, mut rotated) = (Client::of(fixture), Client::of(fixture));
    client.issue(&phone(1), RIGHT);
    rotated.peppers = pepper("k2");
    let tried = rotated.try_verify(&phone(1), RIGHT, &fresh_id());
    assert!(matches!(tried, Err(OperationError::UnknownKey(_))), "{tried:?}");
    assert_eq!(client.failures(&phone(1)), 0);
    let named = |id: &str| Pepper {
        id: id.to_owned(),
        key: Secret::new(format!("a key that no one guesses, by the name of {id}")),
    };
    client.peppers = Peppers::new(vec![named("k2"), named("k1")]).unwrap();
    assert_eq!(client.verdict(&phone(1), WRONG), NO);
    assert_eq!(client.verdict(&phone(1), RIGHT), OK, "every pepper verifies");
}
