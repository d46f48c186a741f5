//! Whatever the program says to type next can be pasted: it is a command, and it speaks to the same store.
//! These need no server.

use crate::support::cli::{FREE, Machine, PHONE};
use crate::support::hints::{commands, hold, pasted};

/// What a person may type that does not end well, or has a next step.
fn runs(machine: &Machine, globals: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let phones = [PHONE, "+919876543211", "+919876543212"];
    let mut run = |words: &[&str], input: &str| {
        for form in [&[][..], &["--json"], &["-o", "jsonl"]] {
            found.extend(commands(&machine.stdin(&[globals, words, form].concat(), input.as_bytes())));
        }
    };
    for words in [
        &["send", PHONE][..],
        &["send", PHONE],
        &["send", PHONE, "--purpose", "signup", "--wait=delivered", "--timeout", "2s"],
        &["send", PHONE, "--user", "u 1"],
        &["send", PHONE, "--provider", "absent"],
        &["send", PHONE, "--lang", "xx"],
        &["send", "user:o'neil"],
        &["send", "9876543210"],
        &["verify", PHONE, "000000"],
        &["verify", PHONE, "000000", "--require-user"],
        &["verify", "+919876543299", "000000", "--purpose", "signup"],
        &["verify", PHONE],
        &["--dry-run", "verify", "+91 98765 43210", "000000"],
        &["wait", PHONE, "--timeout", "300ms"],
        &["wait", "+919876543299"],
        &["inspect", "ch_aaaaaaaaaaaaaaaaaaaaaaaaaa"],
        &["user", "show", "absent"],
        &["user", "show", "9876543210"],
        &["user", "link", PHONE, "u_1"],
        &["user", "unlink", "absent"],
        &["provider", "show", "absent"],
        &["provider", "show", "console"],
        &["provider", "test", "console"],
        &["provider", "test", "absent"],
        &["provider", "balance", "console"],
        &["delivery", "record"],
        &["store", "acl"],
        &["store", "check", "--limit", "0"],
        &["config", "check"],
        &["config", "init"],
        &["config", "path"],
        &["doctor", "--providers"],
        &["help", "absent"],
    ] {
        run(words, "");
    }
    for user in ["u_1", "u 2", "-u3"] {
        for phone in phones {
            run(&["user", "link", "--", user, phone], "");
        }
    }
    for phone in phones {
        run(&["send", phone, "--purpose", "other"], "");
    }
    run(&["list", "--limit", "1"], "");
    run(&["list", "--limit", "2", "--unmask", "--country", "IN"], "");
    run(&["user", "list", "--limit", "1"], "");
    for _ in 0..12 {
        run(&["verify", PHONE, "000000"], "");
    }
    run(&["send", "user:-u3"], "");
    found
}

#[test]
fn every_hint_can_be_pasted_and_asks_the_same_store() {
    let settings = |store: &str| format!("{FREE}[store.embedded]\npath = \"{store}\"\n");
    for odd in [false, true] {
        let machine = Machine::with(&settings("other.db"));
        machine.write(".config/otpctl/prod.toml", &settings("prod.db"));
        machine.write("-odd it's.toml", &settings("odd.db"));
        let prod = machine.path(".config/otpctl/prod.toml").display().to_string();
        let (globals, file) = if odd {
            (&["-c-odd it's.toml"][..], "-odd it's.toml")
        } else {
            (&["--profile", "prod"][..], prod.as_str())
        };
        let found = runs(&machine, globals);
        assert!(found.len() > 80, "{}", found.len());
        hold(&machine, &found, file);
        assert!(!machine.path(".config/otpctl/other.db").exists(), "nobody asked the other store");
    }
}

#[test]
fn a_variable_that_named_the_file_for_one_command_is_in_its_hints() {
    let mut machine = Machine::with(FREE);
    machine.write(".config/otpctl/prod.toml", FREE);
    machine.variable("OTPCTL_PROFILE", "prod");
    let sent = machine.run(&["send", PHONE]);
    assert_eq!(commands(sent.exits(0)), [format!("otpctl -p prod verify {PHONE}")]);
    let file = machine.config().display().to_string();
    machine.variable("OTPCTL_CONFIG", &file);
    // The file wins, and it is the one that is carried.
    let sent = machine.run(&["send", PHONE]);
    assert_eq!(commands(sent.exits(0)), [format!("otpctl -c {file} verify {PHONE}")]);
}

#[test]
fn hints_on_files_that_are_wrong_can_be_pasted() {
    let machine = Machine::with(FREE);
    machine.write(".config/otpctl/prod.toml", FREE);
    machine.write("it's here/stage.toml", FREE);
    let mut found = Vec::new();
    for words in [
        &["-p", "prd", "list"][..],
        &["-p", "zzzzz", "list"],
        &["-c", "prod", "list"],
        &["-c", "absent.toml", "list"],
        &["-c", "it's here/stag.toml", "list"],
        &["nosuch"],
    ] {
        let ran = machine.run(&[words, &["--json"]].concat());
        found.extend(commands(&ran));
    }
    assert!(found.len() >= 8, "{found:?}");
    for command in &found {
        let ran = pasted(&machine, command);
        assert_eq!(ran.status.code(), Some(0), "{command}: {}", String::from_utf8_lossy(&ran.stderr));
    }
}

#[test]
fn a_list_goes_on_from_its_hint() {
    let machine = Machine::with(FREE);
    for last in 10..15 {
        machine.send(&format!("+9198765432{last}"));
    }
    let (mut seen, mut page) = (Vec::new(), machine.run(&["list", "--limit", "2"]));
    loop {
        seen.extend(page.stdout.lines().map(|line| line.split('\t').nth(1).unwrap().to_owned()));
        let Some(hint) = commands(page.exits(0)).pop() else { break };
        let words: Vec<&str> = hint.split(' ').skip(1).collect();
        page = machine.run(&words);
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 5, "{seen:?}");
}
