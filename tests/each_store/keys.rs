//! What a code is bound to: the key that signed it, the phone, its users, the source that it came from.
//! These hold on every store.

use super::on_each_store;
use crate::support::cli::{FREE, Machine, PHONE};

#[test]
fn a_phone_with_another_user_has_no_code() {
    on_each_store(FREE, |machine| {
        machine.run(&["user", "link", "u_1", PHONE]).exits(0);
        let code = machine.send(PHONE);
        machine.run(&["user", "unlink", "u_1", PHONE]).exits(0);
        machine.run(&["user", "link", "u_2", PHONE]).exits(0);
        let answer = machine.verify(PHONE, &code).exits(11).json();
        assert_eq!((&answer["reason"], &answer["user"]), (&"superseded".into(), &serde_json::Value::Null));
        for words in [["verify", "user:u_2", &code, "--json"], ["verify", PHONE, &code, "--user=u_2"]] {
            machine.run(&words).exits(11);
        }
        let code = machine.send(PHONE);
        machine.run(&["verify", PHONE, &code, "--user", "u_1"]).exits(14);
        assert_eq!(machine.verify(PHONE, &code).exits(0).json()["user"], "u_2");
    });
}

#[test]
fn a_second_user_kills_the_code_of_the_first() {
    on_each_store(FREE, |machine| {
        machine.run(&["user", "link", "u_1", PHONE]).exits(0);
        let code = machine.send(PHONE);
        machine.run(&["user", "link", "u_2", PHONE]).exits(0);
        assert_eq!(machine.verify(PHONE, &code).exits(11).json()["reason"], "superseded");
    });
}

#[test]
fn a_test_number_has_its_code_until_its_day() {
    let number = |until: &str| {
        format!("{FREE}[[test_numbers]]\nphone = \"+12025550100\"\ncode = \"424242\"\nvalid_until = {until}\n")
    };
    on_each_store(&number("2099-01-01"), |machine| {
        let sent = machine.run(&["send", "+1 202 555 0100"]);
        assert!(!sent.exits(0).words().contains("SMS to"), "{sent:?}");
        machine.verify("+12025550100", "424242").exits(0);
        machine.verify("+12025550100", "424242").exits(11);
        // Another number has a code of its own.
        let code = machine.send(PHONE);
        machine.verify(PHONE, &code).exits(0);
    });
    let machine = Machine::with(&number("2020-01-01"));
    let codes: Vec<String> = (0..3).map(|_| machine.send("+12025550100")).collect();
    assert!(codes.iter().any(|code| code != "424242"), "by chance once in 10^18 runs");
    machine.verify("+12025550100", codes.last().unwrap()).exits(0);
}
