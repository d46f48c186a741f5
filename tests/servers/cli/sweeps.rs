//! Sweeps over every command. They need no server, and are here because they take longer than anyone waits after a change.

use std::os::unix::fs::symlink;
use std::process::Command;

use crate::support::cli::{FREE, Machine, PHONE};
use crate::support::commands::all_commands;
use crate::support::hints::{commands, hold};
use crate::support::hostile::{FORMATS, HOSTILE, assert_inert, hostile};
use crate::support::port::closed_port;

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
    let machine = Machine::with(FREE);
    let mut all = examples(&machine, &[]);
    for words in all_commands(&machine) {
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
    machine.write("users.csv", "user,phone\nu_4,+919876543214\n");
    machine.write("gateway.toml", &machine.run(&["provider", "show", "telnyx"]).exits(0).stdout);
    let pepper = "peppers = [{ id = \"1\", value = \"a pepper of at least 32 characters\" }]";
    if line.contains(" store copy ") {
        machine.configure(&format!("[code]\n{pepper}\n"));
        machine.write("new.toml", &format!("[store.embedded]\npath = \"new.db\"\n[code]\n{pepper}\n"));
    }
    if line.contains(" acl") {
        machine.configure(&format!("[store.redis]\nurl = \"redis://127.0.0.1:{}\"\n[code]\n{pepper}\n", closed_port()));
    }
    if line.contains(" audit ") {
        machine.configure(&format!("{FREE}[audit]\nfile = \"audit.jsonl\"\n"));
        machine.run(&["unlock", PHONE]).exits(0);
    }
    if line.contains(" outcome ") {
        machine.stdin(&["deliver", PHONE], b"123456\n").exits(0);
    }
    if line.contains(" jwks") {
        let made = Command::new("openssl").args(["genpkey", "-algorithm", "ed25519"]).output().unwrap();
        let key = machine.write("key.pem", &String::from_utf8(made.stdout).unwrap());
        machine.configure(&format!(
            "{FREE}[assertion]\nkey = {{ file = \"{}\" }}\nissuer = \"https://otp.example.com\"\naudiences = [\"erp\"]\n",
            key.display()
        ));
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

#[test]
fn names_that_could_drive_a_terminal_are_refused() {
    let machine = Machine::new();
    let lang = hostile();
    for character in HOSTILE {
        let name = format!("u{character}1");
        for format in FORMATS {
            for words in [
                &["user", "link", &name, PHONE] as &[&str],
                &["user", "show", &name],
                &["send", PHONE, "--user", &name],
                &["send", PHONE, "--purpose", &name],
                &["send", PHONE, "--reason", &name],
                &["send", PHONE, "--lang", &lang],
                &["send", &name],
                &["send", &format!("user:{name}")],
                &["verify", PHONE, &name],
                &["verify", PHONE, "123456", "--attempt-id", &format!("{name}-12345678")],
                &["inspect", &format!("ch_{name}")],
                &["help", &name],
                &[&name],
                &[&format!("--{name}")],
            ] {
                let ran = machine.run(&[words, format].concat());
                assert!(matches!(ran.code, 2 | 14), "{ran:?}");
                assert_eq!(ran.stdout, "");
                assert_inert(&ran);
            }
        }
    }
}
