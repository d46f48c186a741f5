//! Under `--json` and `-o jsonl` a script never meets anything but JSON, whatever goes wrong.
//! These need no server.

use crate::support::cli::{FREE, Machine, PHONE};
use crate::support::formats::{COMMANDS, all, holds};
use crate::support::gateway::Gateway;
use crate::support::port::closed_port;

/// What cannot be meant.
const MISTAKES: [&[&str]; 17] = [
    &["nosuch"],
    &["send"],
    &["send", "12"],
    &["send", PHONE, "--ttl", "1y"],
    &["send", PHONE, "--nosuch"],
    &["verify", PHONE, "12"],
    &["verify", PHONE, ""],
    &["verify", "", "123456"],
    &["list", "--state", "nosuch"],
    &["wait"],
    &["wait", PHONE, "--for", "nosuch"],
    &["send", PHONE, "--wait=nosuch"],
    &["delivery"],
    &["provider", "test"],
    &["user"],
    &["user", "link", "", PHONE],
    &["config", "show", "--timeout", "never"],
];

#[test]
fn every_command_speaks_json() {
    let machine = Machine::with(FREE);
    let codes = all(&machine, &COMMANDS);
    assert!(codes.iter().filter(|code| **code == 0).count() > 30, "{codes:?}");
    // And once more, with everything there.
    machine.run(&["user", "link", "u_1", PHONE]).exits(0);
    machine.run(&["send", PHONE]).exits(0);
    all(&machine, &COMMANDS);
}

#[test]
fn every_mistake_speaks_json() {
    let machine = Machine::new();
    assert_eq!(all(&machine, &MISTAKES), [2; 34]);
    for words in [["--output=json", "nosuch"], ["-ojson", "nosuch"], ["-ojsonl", "nosuch"], ["nosuch", "--json"]] {
        holds(&words, machine.run(&words).exits(2), false);
    }
    let mut machine = Machine::new();
    machine.variable("OTPCTL_OUTPUT", "json");
    holds(&["nosuch"], machine.run(&["nosuch"]).exits(2), false);
    holds(&["list"], machine.run(&["list"]).exits(0), false);
}

#[test]
fn every_broken_file_speaks_json() {
    for broken in ["[", "nosuch = 1", "region = \"XX\"", "[store.redis]\nurl = \"http://x\"", "[code]\nlength = 4"] {
        let machine = Machine::with(broken);
        let codes = all(&machine, &COMMANDS[..21]);
        assert!(codes.iter().all(|code| *code == 30), "{broken}: {codes:?}");
        all(&machine, &COMMANDS[21..]);
    }
    let machine = Machine::new();
    for words in [["--config=/nosuch/otpctl.toml", "list"], ["--profile=nosuch", "list"]] {
        holds(&words, machine.run(&[&words[..], &["--json"]].concat()).exits(30), false);
    }
}

#[test]
fn every_failing_provider_speaks_json() {
    let refuses = Gateway::start(401, r#"{"errors":[{"code":"10009","title":"no","detail":"no"}]}"#);
    let garbles = Gateway::start(200, "<html>");
    let closed = format!("http://127.0.0.1:{}", closed_port());
    for (base_url, expected) in [(&refuses.base_url, 25), (&garbles.base_url, 27), (&closed, 26)] {
        let settings = "api_key = \"KEY0123\"\nfrom = \"+13125550100\"";
        let machine = Machine::with(&format!(
            "{FREE}[policy]\ncountries = [\"IN\"]\n[providers.telnyx]\n{settings}\nbase_url = \"{base_url}\"\n"
        ));
        assert_eq!(all(&machine, &[&["send", PHONE]]), [expected; 2]);
        assert_eq!(all(&machine, &[&["send", "+971501234567"]]), [16; 2]);
    }
}

#[test]
fn limits_and_conflicts_speak_json() {
    let machine = Machine::new();
    machine.send(PHONE);
    assert_eq!(all(&machine, &[&["send", PHONE]]), [13; 2]);
    for phone in [PHONE, "+919876543211"] {
        machine.run(&["user", "link", "u_1", phone]).exits(0);
    }
    assert_eq!(all(&machine, &[&["send", "user:u_1"], &["verify", "user:u_1", "123456"]]), [15; 4]);
    let machine = Machine::with("protected = true\n");
    assert_eq!(all(&machine, &[&["send", PHONE], &["revoke", PHONE]]), [32; 4]);
    let config = machine.config().display().to_string();
    assert_eq!(all(&machine, &[&["--config", &config, "revoke", PHONE]]), [32; 2]);
}

#[test]
fn an_empty_variable_is_as_good_as_none() {
    let mut machine = Machine::new();
    for name in ["CONFIG", "PROFILE", "OUTPUT", "TIMEOUT", "REASON", "NO_INPUT", "LOG"] {
        machine.variable(&format!("OTPCTL_{name}"), "");
    }
    let sent = machine.run(&["send", PHONE]);
    assert!(sent.exits(0).stdout.starts_with("Sent a code to"), "{}", sent.stdout);
    machine.run(&["--config", "", "send", PHONE]).exits(2);
}

#[test]
fn a_challenge_is_no_phone_to_send_to_alone_or_among_many() {
    let machine = Machine::with(FREE);
    let sent = machine.run(&["send", PHONE, "--json"]).exits(0).json();
    let id = sent["challenge_id"].as_str().unwrap();
    machine.run(&["send", id]).exits(2);
    let many =
        machine.stdin(&["send", "--from", "-", "--json", "--concurrency", "1"], format!("{id}\n{PHONE}\n").as_bytes());
    let many = many.exits(19).json();
    assert_eq!((&many["results"][0]["exit"], &many["results"][1]["exit"]), (&2.into(), &0.into()));
}

#[test]
fn what_was_revoked_before_a_failure_is_told() {
    let machine = Machine::with(FREE);
    machine.send(PHONE);
    let other = "+919876543211";
    let revoked = machine.run(&["revoke", PHONE, other, "--must-exist", "--json"]).exits(19).json();
    let failed = &revoked["failed"][0];
    assert_eq!((&revoked["revoked"], &failed["phone"], &failed["exit"]), (&1.into(), &other.into(), &14.into()));
    assert_eq!(revoked["failed"].as_array().unwrap().len(), 1, "{revoked}");
}
