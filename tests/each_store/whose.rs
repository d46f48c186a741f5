//! Codes for several users of one phone: who may use which, and what a repeated question is told.

use serde_json::Value;

use super::on_each_store;
use crate::support::cli::{FREE, Machine, PHONE, wrong_codes};

/// A program that notes the code, and of which nobody knows whether it sent the SMS.
fn in_doubt(machine: &Machine) {
    let script = machine.program("doubt", "sed 's/.*\"code\":\"\\([0-9]*\\)\".*/\\1/' >>codes; kill -9 $$");
    let provider = format!("[providers.doubt]\nkind = \"command\"\nargv = [\"{script}\"]\n");
    machine.configure(&format!("{FREE}[policy]\ncountries = [\"IN\"]\n{provider}"));
    for user in ["u_1", "u_2"] {
        machine.run(&["user", "link", user, PHONE]).exits(0);
    }
}

/// Sends a code whose end is not known, and gives the code.
fn sent(machine: &Machine, words: &[&str]) -> String {
    machine.run(&[&["send", PHONE], words].concat()).exits(27);
    let codes = std::fs::read_to_string(machine.path("codes")).unwrap();
    codes.lines().last().unwrap().to_owned()
}

fn verify(machine: &Machine, target: &str, code: &str, words: &[&str]) -> (i32, Value) {
    let ran = machine.run(&[&["verify", target, code, "--json"], words].concat());
    let document = if ran.stdout.is_empty() { ran.error() } else { ran.json() };
    (ran.code, document)
}

#[test]
fn a_code_for_one_user_is_not_accepted_for_another() {
    on_each_store("", |machine| {
        in_doubt(machine);
        let (first, second) = (sent(machine, &["--user", "u_1"]), sent(machine, &["--user", "u_2"]));
        let (exit, no) = verify(machine, PHONE, &first, &["--user", "u_2"]);
        assert_eq!((exit, &no["user"], &no["attempts_left"]), (10, &Value::Null, &4.into()), "{no}");
        assert_eq!(verify(machine, "user:u_2", &first, &[]).0, 10);
        assert_eq!(verify(machine, "user:u_1", &second, &[]).0, 10);
        let (exit, error) = verify(machine, "user:u_1", &second, &["--user", "u_2"]);
        assert_eq!((exit, &error["outcome"]), (2, &"not_done".into()), "{error}");
        let (exit, yes) = verify(machine, PHONE, &first, &["--user", "u_1", "--attempt-id", "mine"]);
        assert_eq!((exit, &yes["user"], &yes["attempts_left"]), (0, &"u_1".into(), &4.into()), "{yes}");
        // The same id under another question is another question.
        for words in [&["--user", "u_2"] as &[&str], &[], &["--require-user"], &["--user", "u_1", "--require-user"]] {
            let (exit, error) = verify(machine, PHONE, &first, &[words, &["--attempt-id", "mine"]].concat());
            assert_eq!((exit, &error["code"]), (15, &"CONFLICT".into()), "{words:?}: {error}");
        }
        let (exit, again) = verify(machine, "user:u_1", &first, &["--attempt-id", "mine"]);
        assert_eq!((exit, &again["replayed"], &again["user"]), (0, &true.into(), &"u_1".into()), "{again}");
        let (exit, gone) = verify(machine, PHONE, &second, &["--user", "u_2"]);
        assert_eq!((exit, &gone["reason"]), (11, &"superseded".into()), "{gone}");
    });
}

#[test]
fn a_code_for_nobody_is_not_accepted_where_a_user_is_required() {
    on_each_store("", |machine| {
        in_doubt(machine);
        let (nobodys, own) = (sent(machine, &[]), sent(machine, &["--user", "u_1"]));
        assert_eq!(verify(machine, PHONE, &nobodys, &["--require-user"]).0, 10);
        let (exit, yes) = verify(machine, PHONE, &own, &["--require-user"]);
        assert_eq!((exit, &yes["user"]), (0, &"u_1".into()), "{yes}");
    });
}

#[test]
fn a_wrong_code_costs_only_the_codes_that_it_was_compared_with() {
    on_each_store("", |machine| {
        in_doubt(machine);
        let (first, second) = (sent(machine, &["--user", "u_1"]), sent(machine, &["--user", "u_2"]));
        let wrong = wrong_codes(&first).find(|typed| *typed != second).unwrap();
        for left in (0..5).rev() {
            let (exit, no) = verify(machine, PHONE, &wrong, &["--user", "u_2"]);
            assert_eq!((exit, &no["attempts_left"]), (if left > 0 { 10 } else { 12 }, &left.into()), "{no}");
        }
        assert_eq!(verify(machine, PHONE, &second, &["--user", "u_2"]).0, 12);
        let (exit, yes) = verify(machine, PHONE, &first, &["--user", "u_1"]);
        assert_eq!((exit, &yes["attempts_left"]), (0, &5.into()), "{yes}");
    });
}
