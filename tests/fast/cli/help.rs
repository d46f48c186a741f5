//! Help: what there is on one screen, examples that run as they are written, and the command that was meant.

use serde_json::Value;

use crate::support::cli::{FREE, Machine, PHONE, Ran};
use crate::support::commands::all_commands;

/// A screen of 80 by 24.
const COLUMNS: &str = "80";
const LINES: usize = 24;

fn screen() -> Machine {
    let mut machine = Machine::with(FREE);
    machine.variable("COLUMNS", COLUMNS);
    machine
}

#[track_caller]
fn fits(words: &[String], text: &str) {
    assert!(text.lines().count() < LINES, "{words:?} has {} lines:\n{text}", text.lines().count());
    let long = text.lines().find(|line| line.chars().count() > 80);
    assert_eq!(long, None, "{words:?}");
}

#[test]
fn the_program_alone_lists_its_commands_on_one_screen() {
    let machine = screen();
    let alone = machine.run::<&str>(&[]);
    let text = &alone.exits(0).stdout;
    fits(&[], text);
    for group in ["Codes", "Support", "People", "Providers", "Store", "Setup", "More"] {
        assert!(text.lines().any(|line| line.starts_with(group)), "{group}: {text}");
    }
    for name in otpctl::commands::Command::NAMES {
        assert!(text.lines().any(|line| line.split_whitespace().take(5).any(|word| word == *name)), "{name}: {text}");
    }
    assert_eq!(&machine.run(&["-h"]).exits(0).stdout, text);
}

#[test]
fn the_help_of_every_command_fits_one_screen() {
    let machine = screen();
    for words in all_commands(&machine) {
        let short = machine.run(&[&words[..], &["-h".to_owned()]].concat()).exits(0).stdout.clone();
        fits(&words, &short);
        assert!(
            !short.contains("--unmask"),
            "{words:?}: the options of all commands have a page of their own: {short}"
        );
    }
    let options = machine.run(&["help", "options"]).exits(0).stdout.clone();
    assert!(["--config", "--json", "--unmask", "--dry-run"].iter().all(|name| options.contains(name)), "{options}");
    fits(&[], &options);
}

/// The hint of a refusal, which is the same in words and in JSON.
#[track_caller]
fn hint(machine: &Machine, words: &[&str]) -> String {
    let said = |ran: &Ran| ran.stderr.lines().find_map(|line| line.strip_prefix("hint: ")).map(str::to_owned);
    let text = said(machine.run(words).exits(2)).unwrap_or_default();
    let document: Value = machine.run(&[words, &["--json"]].concat()).exits(2).error();
    assert_eq!(document["command"].as_str().unwrap_or_default().replace(" --json", ""), text, "{words:?}: {document}");
    text
}

#[test]
fn a_wrong_word_leads_to_the_command_that_was_meant() {
    let machine = screen();
    for (words, meant) in [
        (&["status", PHONE][..], format!("otpctl inspect {PHONE}")),
        (&["history", PHONE], format!("otpctl inspect {PHONE}")),
        (&["logs"], "otpctl inspect PHONE".to_owned()),
        (&["show", "user:u_1"], "otpctl inspect user:u_1".to_owned()),
        (&["delete", PHONE], format!("otpctl revoke {PHONE}")),
        (&["remove", PHONE, "--reason", "a b"], format!("otpctl revoke {PHONE} --reason 'a b'")),
        // No command blocks a phone, and the one whose name is close would do the opposite.
        (&["lock", PHONE], "otpctl -h".to_owned()),
        (&["block", PHONE], format!("otpctl policy block {PHONE}")),
        (&["ban", "+9198", "--until", "24h"], "otpctl policy block +9198 --until 24h".to_owned()),
        (&["allow", PHONE], format!("otpctl policy allow {PHONE}")),
        (&["unblock", PHONE], format!("otpctl policy remove {PHONE}")),
        (&["send", PHONE, "--wait", "delivered"], format!("otpctl send {PHONE} --wait=delivered")),
        (&["send", "--wait", "accepted", PHONE], format!("otpctl send --wait=accepted {PHONE}")),
        (&["send", "u_1"], "otpctl send user:u_1".to_owned()),
        (&["inspect", "asha"], "otpctl inspect user:asha".to_owned()),
        (&["sned", PHONE], format!("otpctl send {PHONE}")),
        (&["list", "--sate=locked"], "otpctl list --state=locked".to_owned()),
        (&["list", "--state", "lve"], "otpctl list --state live".to_owned()),
        (&["send", PHONE, "--nosuch"], "otpctl send -h".to_owned()),
        (&["user", "link", "u_1"], "otpctl user link -h".to_owned()),
        (&["-c", "otpctl.toml", "status", PHONE], format!("otpctl -c otpctl.toml inspect {PHONE}")),
    ] {
        let hint = hint(&machine, words);
        assert_eq!(hint, meant, "{words:?}");
    }
}

#[test]
fn json_is_asked_for_by_an_option_and_by_no_other_word() {
    let machine = screen();
    for words in [&["user", "link", "json"][..], &["nosuch", "json"], &["send", "--lang", "json", "--nosuch"]] {
        let ran = machine.run(words);
        assert!(ran.exits(2).stderr.starts_with("error: "), "{words:?}: {}", ran.stderr);
    }
    for words in [
        &["user", "link", "--json"][..],
        &["--output=json", "nosuch"],
        &["nosuch", "-ojson"],
        &["nosuch", "-o", "json"],
        &["-vojsonl", "nosuch"],
        &["nosuch", "--timeout", "never", "--json"],
    ] {
        machine.run(words).exits(2).error();
    }
    // After these two hyphens there are no options.
    let ran = machine.run(&["nosuch", "--", "--json"]);
    assert!(ran.exits(2).stderr.starts_with("error: "), "{}", ran.stderr);
}

#[test]
fn an_id_that_cannot_be_one_is_refused_before_the_store_is_touched() {
    let machine = screen();
    for id in ["ch_", "ch_nosuch", "ph_0"] {
        for words in
            [&["inspect", id][..], &["revoke", PHONE, id], &["send", id], &["verify", id, "123456"], &["wait", id]]
        {
            let ran = machine.run(words);
            assert!(ran.exits(2).stderr.contains("cut or mistyped"), "{words:?}: {}", ran.stderr);
        }
        let many = machine.stdin(&["revoke", "--from", "-", "--json"], format!("{id}\n").as_bytes());
        assert_eq!(many.exits(19).json()["results"][0]["exit"], 2);
    }
    assert!(!machine.path(".local").exists(), "nothing was opened");
}
