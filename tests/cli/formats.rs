//! Under `--json` and `-o jsonl` a script never meets anything but JSON, whatever goes wrong.

use serde_json::Value;

use super::support::cli::{Machine, Ran};
use super::support::gateway::Gateway;
use super::support::redis::free_port;
use super::{FREE, PHONE};

/// Every command that makes a document, as it would be typed.
const COMMANDS: [&[&str]; 33] = [
    &["send", PHONE],
    &["send", PHONE, "--dry-run"],
    &["send", "user:u_1"],
    &["issue", PHONE],
    &["verify", PHONE, "123456"],
    &["verify", "user:nosuch", "123456"],
    &["inspect", PHONE],
    &["inspect", "ch_nosuch"],
    &["revoke", PHONE],
    &["revoke", PHONE, "--must-exist"],
    &["unlock", PHONE],
    &["list"],
    &["list", "--state", "locked"],
    &["list", "--cursor", "nonsense"],
    &["user", "link", "u_1", PHONE],
    &["user", "show", "u_1"],
    &["user", "show", "nosuch"],
    &["user", "list"],
    &["user", "unlink", "u_1", PHONE],
    &["wait", PHONE, "--timeout", "300ms"],
    &["wait", PHONE, "--for", "accepted"],
    &["wait", "ch_nosuch"],
    &["send", PHONE, "--wait=accepted"],
    &["delivery", "record"],
    &["provider", "list"],
    &["provider", "test", "console"],
    &["provider", "balance"],
    &["provider", "show", "telnyx"],
    &["store", "acl", "--role", "support"],
    &["config", "show"],
    &["config", "path"],
    &["config", "check"],
    &["version"],
];

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

/// Holds one run to the contract.
#[track_caller]
fn holds(words: &[&str], ran: &Ran, lines: bool) {
    let last = ran.stderr.lines().last().unwrap_or_default();
    let answers_no = matches!(ran.code, 10..=12 | 14 | 17..=19) && !ran.stdout.is_empty();
    if ran.code == 0 || answers_no {
        let documents: Vec<&str> = if lines { ran.stdout.lines().collect() } else { vec![&ran.stdout] };
        for document in documents {
            let value: Value =
                serde_json::from_str(document).unwrap_or_else(|error| panic!("{words:?}: {error}: {ran:?}"));
            // A line of a list is a part of a document.
            let named = value["schema"].as_str().is_some_and(|schema| schema.starts_with("otpctl."));
            assert!(named || lines && value.is_object(), "{words:?}: {value}");
        }
        assert!(lines || !ran.stdout.is_empty(), "{words:?}: nothing was said");
        return;
    }
    assert_eq!(ran.stdout, "", "{words:?}");
    let error: Value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{words:?}: {error}: {ran:?}"));
    assert_eq!((&error["schema"], &error["exit"]), (&"otpctl.error/1".into(), &ran.code.into()), "{words:?}");
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{words:?}: {error}");
    assert!(["not_done", "done", "unknown"].contains(&error["outcome"].as_str().unwrap()), "{words:?}: {error}");
    let known = ["code", "hint", "retry_after_seconds", "attempt_id", "idempotency_key"];
    assert!(known.iter().all(|field| error.get(field).is_some()), "never missing: {error}");
    let named = otpctl::error::EXITS.iter().find(|(exit, ..)| i32::from(exit.number()) == ran.code).unwrap().1;
    assert_eq!(error["code"], named, "{words:?}");
}

/// Every command in both forms.
fn all(machine: &Machine, commands: &[&[&str]]) -> Vec<i32> {
    let mut codes = Vec::new();
    for words in commands {
        for form in [&["--json"][..], &["-o", "jsonl"]] {
            let ran = machine.run(&[form, *words].concat());
            holds(words, &ran, form != ["--json"]);
            codes.push(ran.code);
        }
    }
    codes
}

#[test]
fn t43_every_command_speaks_json() {
    let machine = Machine::with(FREE);
    let codes = all(&machine, &COMMANDS);
    assert!(codes.iter().filter(|code| **code == 0).count() > 30, "{codes:?}");
    // And once more, with everything there.
    machine.run(&["user", "link", "u_1", PHONE]).exits(0);
    machine.run(&["send", PHONE]).exits(0);
    all(&machine, &COMMANDS);
}

#[test]
fn t43_every_mistake_speaks_json() {
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
fn t43_every_broken_file_speaks_json() {
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
fn t43_every_failing_store_speaks_json() {
    let file = |url: &str| {
        let pepper = "peppers = [{ id = \"1\", value = \"a pepper of at least 32 characters\" }]";
        format!("{FREE}[store.redis]\nurl = \"{url}\"\n[code]\n{pepper}\n")
    };
    let machine = Machine::with(&file(&format!("redis://127.0.0.1:{}", free_port())));
    let codes = all(&machine, &COMMANDS[..19]);
    assert!(codes.iter().all(|code| [2, 14, 20].contains(code)), "{codes:?}");

    let machine = Machine::on_redis(FREE);
    let redis = machine.redis();
    redis.cli(&["SET", &format!("otpctl:{{{PHONE}}}:record"), "no record"]);
    redis.cli(&["SET", &format!("otpctl:{{{PHONE}}}:users"), "no users"]);
    redis.cli(&["SET", "otpctl:{user:u_1}:phones", "no phones"]);
    let codes =
        all(&machine, &[COMMANDS[0], COMMANDS[2], COMMANDS[4], COMMANDS[6], COMMANDS[8], COMMANDS[10], COMMANDS[14]]);
    assert_eq!(codes, [24; 14]);
    redis.cli(&["CONFIG", "SET", "requirepass", "x"]);
    let codes = all(&machine, &COMMANDS[..19]);
    assert!(codes.iter().all(|code| [2, 14, 21].contains(code)), "{codes:?}");
}

#[test]
fn t43_every_failing_provider_speaks_json() {
    let refuses = Gateway::start(401, r#"{"errors":[{"code":"10009","title":"no","detail":"no"}]}"#);
    let garbles = Gateway::start(200, "<html>");
    let closed = format!("http://127.0.0.1:{}", free_port());
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
fn t43_limits_and_conflicts_speak_json() {
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
        machine.stdin(&["send", "--from", "-", "--json"], format!("{id}\n{PHONE}\n").as_bytes()).exits(19).json();
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
