//! Help: what there is on one screen, examples that run as they are written, and the command that was meant.

use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::Value;

use crate::support::cli::{FREE, Machine, PHONE, Ran};
use crate::support::port::free_port;

/// A screen of 80 by 24.
const COLUMNS: &str = "80";
const LINES: usize = 24;

fn screen() -> Machine {
    let mut machine = Machine::with(FREE);
    machine.variable("COLUMNS", COLUMNS);
    machine
}

/// Every command and subcommand, as the help lists them.
fn commands(machine: &Machine) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for name in otpctl::commands::Command::NAMES {
        found.push(vec![(*name).to_owned()]);
        let help = machine.run(&[*name, "-h"]).exits(0).stdout.clone();
        let Some((_, rows)) = help.split_once("\nCommands:\n") else { continue };
        let rows = rows.lines().take_while(|row| !row.is_empty());
        let names = rows.filter_map(|row| row.strip_prefix("  ")?.split_whitespace().next().map(str::to_owned));
        found.extend(names.map(|own| vec![(*name).to_owned(), own]));
    }
    assert!(found.len() > 30, "{found:?}");
    found
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
        assert!(text.lines().any(|line| line.split_whitespace().take(4).any(|word| word == *name)), "{name}: {text}");
    }
    assert_eq!(&machine.run(&["-h"]).exits(0).stdout, text);
}

#[test]
fn the_help_of_every_command_fits_one_screen() {
    let machine = screen();
    for words in commands(&machine) {
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

/// The two lines that a long help opens with.
fn examples(machine: &Machine, words: &[String]) -> Vec<String> {
    let help = machine.run(&[words, &["--help".to_owned()]].concat()).exits(0).stdout.clone();
    let rest = help.strip_prefix("Examples:\n").unwrap_or_else(|| panic!("{words:?}: {help}"));
    let lines = rest.lines().take_while(|line| !line.is_empty());
    let lines: Vec<String> = lines.map(|line| line.trim().to_owned()).collect();
    assert_eq!(lines.len(), 2, "{words:?}: {help}");
    let begins = format!("otpctl {}", words.join(" "));
    assert!(words.is_empty() || lines.iter().all(|line| line.starts_with(begins.trim())), "{words:?}: {lines:?}");
    lines
}

/// What an example may end with beside success: a code that is made up is wrong, and an SMS on a screen is delivered to nobody.
fn allowed(example: &str) -> &'static [i32] {
    if example.contains(" verify ") {
        &[0, 10]
    } else if example.contains(" wait ") {
        &[0, 18]
    } else {
        &[0]
    }
}

#[test]
fn every_example_runs_as_it_is_written() {
    let machine = screen();
    let mut all = examples(&machine, &[]);
    for words in commands(&machine) {
        all.extend(examples(&machine, &words));
    }
    for line in all {
        let ran = in_a_fresh_home(&line);
        assert!(allowed(&line).contains(&ran.0), "{line}: {}: {}", ran.0, ran.1);
    }
}

/// Runs a line in a home with users, a live code, and the files that examples name.
fn in_a_fresh_home(line: &str) -> (i32, String) {
    let machine = Machine::with(FREE);
    machine.run(&["user", "link", "u_1", PHONE]).exits(0);
    machine.run(&["user", "link", "u_3", "+919876543213"]).exits(0);
    if line.contains(" unlink ") {
        machine.run(&["user", "link", "u_2", PHONE]).exits(0);
    }
    machine.run(&["send", PHONE]).exits(0);
    let sent = machine.run(&["inspect", PHONE, "--json"]).exits(0).json();
    let id = sent["live_code"]["challenge_id"].as_str().unwrap();
    // Where a code is asked for, a person types one.
    let typed = std::fs::File::open(machine.write("code.txt", "042917\n")).unwrap();
    machine.write("reports.jsonl", &format!("{{\"challenge_id\":\"{id}\",\"state\":\"delivered\"}}\n"));
    machine.write("gateway.toml", &machine.run(&["provider", "show", "telnyx"]).exits(0).stdout);
    if line.contains(" acl") {
        let pepper = "peppers = [{ id = \"1\", value = \"a pepper of at least 32 characters\" }]";
        machine.configure(&format!("[store.redis]\nurl = \"redis://127.0.0.1:{}\"\n[code]\n{pepper}\n", free_port()));
    }
    if line.contains(" init") {
        std::fs::remove_file(machine.config()).unwrap();
    }
    std::fs::create_dir(machine.path("bin")).unwrap();
    symlink(env!("CARGO_BIN_EXE_otpctl"), machine.path("bin/otpctl")).unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", machine.path("bin").display());
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).env_clear().env("HOME", machine.path("")).env("PATH", path).env("OTPCTL_TIMEOUT", "2s");
    let output = shell.current_dir(machine.path("")).stdin(typed).output().unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
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
        (&["block", PHONE], "otpctl -h".to_owned()),
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
