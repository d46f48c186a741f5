//! Under `--json` and `-o jsonl` a script never meets anything but JSON, whatever goes wrong.
//! What its tests share.

use serde_json::Value;

use crate::support::cli::{Machine, PHONE, Ran};

/// Every command that makes a document, as it would be typed.
pub const COMMANDS: [&[&str]; 33] = [
    &["send", PHONE],
    &["send", PHONE, "--dry-run"],
    &["send", "user:u_1"],
    &["issue", PHONE],
    &["verify", PHONE, "123456"],
    &["verify", "user:nosuch", "123456"],
    &["inspect", PHONE],
    &["inspect", "ch_aaaaaaaaaaaaaaaaaaaaaaaaaa"],
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
    &["wait", "ch_aaaaaaaaaaaaaaaaaaaaaaaaaa"],
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

/// Holds one run to the contract.
#[track_caller]
pub fn holds(words: &[&str], ran: &Ran, lines: bool) {
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
pub fn all(machine: &Machine, commands: &[&[&str]]) -> Vec<i32> {
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
