//! Nothing but a success or `unlock` clears the count of wrong codes.

use std::thread::sleep;
use std::time::Duration;

use super::on_each_store;
use crate::support::cli::{FREE, Machine, PHONE, wrong_codes};

/// Types wrong codes until the failures are so many; the last of them ends so.
fn fail_up_to(machine: &Machine, right: &str, last: u64, exit: i32) -> serde_json::Value {
    let mut wrong = wrong_codes(right);
    loop {
        let ran = machine.verify(PHONE, &wrong.next().unwrap());
        let answer = ran.json();
        if answer["failures_consecutive"] == last {
            ran.exits(exit);
            return answer;
        }
        ran.exits(10);
    }
}

/// The tenth failure in a row has brought the timed lock.
fn is_locked(machine: &Machine, right: &str, answer: &serde_json::Value) {
    assert_eq!((&answer["reason"], &answer["failures_consecutive"]), (&"timed_lock".into(), &10.into()));
    assert!(answer["locked_until"].is_string(), "{answer}");
    let answer = machine.verify(PHONE, right).exits(12).json();
    assert_eq!((&answer["reason"], &answer["failures_consecutive"]), (&"timed_lock".into(), &10.into()));
    let error = machine.run(&["send", PHONE, "--json"]).exits(12).error();
    assert_eq!(error["code"], "LOCKED");
}

#[test]
fn a_new_code_keeps_the_failures() {
    on_each_store(FREE, |machine| {
        let right = machine.send(PHONE);
        let burned = fail_up_to(machine, &right, 5, 12);
        assert_eq!(burned["reason"], "attempts_exhausted");
        let right = machine.send(PHONE);
        let answer = fail_up_to(machine, &right, 10, 12);
        is_locked(machine, &right, &answer);
    });
}

#[test]
fn a_new_code_after_each_guess_keeps_the_failures() {
    on_each_store(FREE, |machine| {
        for failures in 1..=10 {
            let right = machine.send(PHONE);
            let answer = fail_up_to(machine, &right, failures, if failures < 10 { 10 } else { 12 });
            if failures == 10 {
                is_locked(machine, &right, &answer);
            }
        }
    });
}

#[test]
fn revoking_and_sending_keeps_the_failures() {
    on_each_store(FREE, |machine| {
        for failures in [4, 8] {
            let right = machine.send(PHONE);
            fail_up_to(machine, &right, failures, 10);
            machine.run(&["revoke", PHONE, "--must-exist"]).exits(0);
        }
        let right = machine.send(PHONE);
        let answer = fail_up_to(machine, &right, 10, 12);
        is_locked(machine, &right, &answer);
    });
}

#[test]
fn a_code_that_expires_keeps_the_failures() {
    on_each_store(FREE, |machine| {
        let right = machine.run(&["send", PHONE, "--ttl", "2s"]).exits(0).sms_code();
        fail_up_to(machine, &right, 4, 10);
        while !machine.inspect(PHONE)["live_code"].is_null() {
            sleep(Duration::from_millis(100));
        }
        assert_eq!(machine.verify(PHONE, &right).exits(11).json()["reason"], "expired");
        let right = machine.send(PHONE);
        fail_up_to(machine, &right, 9, 12);
        let right = machine.send(PHONE);
        let answer = fail_up_to(machine, &right, 10, 12);
        is_locked(machine, &right, &answer);
    });
}

#[test]
fn codes_of_another_purpose_keep_the_failures() {
    on_each_store(FREE, |machine| {
        for failures in [4, 8, 10] {
            let right = machine.send(PHONE);
            let answer = fail_up_to(machine, &right, failures, if failures < 10 { 10 } else { 12 });
            if failures == 10 {
                is_locked(machine, &right, &answer);
            }
            let other = machine.run(&["send", PHONE, "--purpose", "payment"]).exits(0).sms_code();
            // Not even its success clears the failures of the first.
            machine.run(&["verify", PHONE, &other, "--purpose", "payment"]).exits(0);
        }
    });
}
