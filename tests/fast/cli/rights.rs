//! What the role of a file allows: every command and every role, run, so that a new command without a line fails here.

use std::collections::BTreeSet;

use otpctl::app::{RIGHTS, Right};

use crate::support::audit::{AUDIT, records};
use crate::support::cli::{FREE, Machine, PHONE};
use crate::support::commands::all_commands;

/// A line of each command, and the roles that may run it.
const LINES: &[(&[&str], &str)] = &[
    (&["send", PHONE], "operator admin"),
    (&["issue", PHONE], "operator admin"),
    (&["verify", PHONE, "123456"], "operator admin"),
    (&["deliver", PHONE], "operator admin"),
    (&["outcome", PHONE, "verified"], "support operator admin"),
    (&["revoke", PHONE], "operator admin"),
    (&["wait", PHONE, "--timeout", "100ms"], "support operator admin"),
    (&["inspect", PHONE], "support operator admin"),
    (&["unlock", PHONE], "operator admin"),
    (&["list"], "support operator admin"),
    (&["events"], "support operator admin"),
    (&["stats"], "support operator admin"),
    (&["policy", "show", PHONE], "support operator admin"),
    (&["policy", "list"], "support operator admin"),
    (&["policy", "allow", PHONE, "--until", "24h"], "operator admin"),
    (&["policy", "block", PHONE], "admin"),
    (&["policy", "remove", PHONE], "admin"),
    (&["user", "link", "u_1", PHONE], "operator admin"),
    (&["user", "unlink", "u_1", PHONE], "operator admin"),
    (&["user", "move", "u_1", PHONE], "operator admin"),
    (&["user", "show", "u_1"], "support operator admin"),
    (&["user", "list"], "support operator admin"),
    (&["user", "import", "nosuch.csv"], "admin"),
    (&["user", "export"], "support operator admin"),
    (&["provider", "list"], "support operator admin"),
    (&["provider", "show", "telnyx"], "support operator admin ci"),
    (&["provider", "check", "nosuch.toml"], "support operator admin ci"),
    (&["provider", "test", "outbox"], "support operator admin"),
    (&["provider", "balance"], "support operator admin"),
    (&["delivery", "record"], "support operator admin"),
    (&["store", "check"], "support operator admin"),
    (&["store", "purge", "--yes"], "admin"),
    (&["store", "copy", "--to", "absent.toml"], "admin"),
    (&["store", "acl"], "support operator admin ci"),
    (&["audit", "verify"], "support operator admin"),
    (&["audit", "anchor"], "support operator admin"),
    (&["doctor"], "support operator admin ci"),
    (&["config", "path"], "support operator admin ci"),
    (&["config", "show"], "support operator admin ci"),
    (&["config", "check"], "support operator admin ci"),
    (&["config", "jwks"], "support operator admin ci"),
    (&["config", "init", "--config", "new.toml"], "support operator admin ci"),
    (&["completions", "bash"], "support operator admin ci"),
    (&["man", "send"], "support operator admin ci"),
    (&["version"], "support operator admin ci"),
    (&["help"], "support operator admin ci"),
];

const REAL: &str = "[policy]\ncountries = [\"IN\", \"US\"]\n[providers.telnyx]\napi_key = { env = \"ABSENT\" }\nfrom = \"+13125550100\"\n";

/// The words of a command without its arguments.
fn path(line: &[&str]) -> String {
    let known = |words: &&[&str]| RIGHTS.iter().any(|(name, _)| *name == words.join(" "));
    [&line[..1], &line[..line.len().min(2)]].into_iter().rev().find(known).unwrap_or(&line[..1]).join(" ")
}

#[test]
fn every_command_has_a_right_and_a_line_here() {
    let commands: Vec<String> = all_commands(&Machine::new()).iter().map(|words| words.join(" ")).collect();
    let is_group = |name: &String| commands.iter().any(|other| other.starts_with(&format!("{name} ")));
    let leaves: BTreeSet<String> = commands.iter().filter(|name| !is_group(name)).cloned().collect();
    let rights: BTreeSet<String> = RIGHTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(rights, leaves, "a line of `RIGHTS` for each command");
    let lines: BTreeSet<String> = LINES.iter().map(|(line, _)| path(line)).collect();
    assert_eq!(lines, leaves, "a line here for each command");
}

#[test]
fn what_a_role_may_not_do_is_refused_before_anything_is_opened() {
    for role in ["support", "operator", "admin", "ci"] {
        for (line, may) in LINES {
            // A store that is not there, and a gateway whose key is not: whoever opens one fails otherwise.
            let machine = Machine::with(&format!("role = {role:?}\n{FREE}{REAL}{AUDIT}"));
            let ran = machine.run(&[line, &["--json"][..]].concat());
            let words = line.join(" ");
            if may.split(' ').any(|may| may == role) {
                assert_ne!(ran.code, 31, "{role} may {words}: {ran:?}");
                continue;
            }
            let error = ran.exits(31).error();
            assert_eq!((&error["code"], &error["outcome"]), (&"ROLE".into(), &"not_done".into()), "{role}: {words}");
            assert!(error["message"].as_str().unwrap().contains(role) && error["hint"].is_string(), "{error}");
            assert!(records(&machine).is_empty(), "nothing was done: {words}");
            assert!(!machine.path(".local/state/otpctl/otpctl.db").exists(), "{role}: {words} opened the store");
        }
    }
}

#[test]
fn a_file_without_a_role_allows_everything_and_a_wrong_one_nothing() {
    Machine::with(FREE).run(&["store", "purge", "--yes"]).exits(0);
    let wrong = Machine::with("role = \"boss\"\n").run(&["list"]);
    assert!(wrong.exits(30).stderr.contains("admin"), "{wrong:?}");
}

#[test]
fn tests_send_to_test_numbers_and_to_nobody() {
    let numbers = "[[test_numbers]]\nphone = \"+12025550100\"\ncode = \"424242\"\nvalid_until = 2099-01-01\n";
    let machine = Machine::with(&format!(
        "role = \"ci\"\n{FREE}{REAL}[routes]\ndefault = [\"telnyx\"]\n[providers.outbox]\npath = \"outbox.jsonl\"\n{numbers}"
    ));
    machine.run(&["send", "+12025550100"]).exits(0);
    machine.run(&["verify", "+12025550100", "424242"]).exits(0);
    for words in
        [&["send", PHONE, "--provider", "telnyx"][..], &["send", PHONE], &["verify", PHONE, "123456"], &["wait", PHONE]]
    {
        let ran = machine.run(words);
        assert!(ran.exits(31).stderr.contains("telnyx"), "{ran:?}");
    }
    machine.run(&["send", PHONE, "--provider", "outbox"]).exits(0);
    let many = machine.stdin(&["send", "--from", "-"], format!("+12025550100\n{PHONE}\n").as_bytes());
    assert!(many.exits(19).stdout.contains("31"), "{many:?}");
    assert_eq!(machine.outbox().len(), 1);
    assert_eq!(Right::of("send"), Right::Codes);
}
