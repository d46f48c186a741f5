//! Whatever the program says to type next can be pasted: it is a command, and it speaks to the same store.

use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::Value;

use super::support::cli::{Machine, Ran};
use super::support::redis::{RedisServer, free_port};
use super::{FREE, PHONE};

/// The text for words that only stand for something.
const PLACEHOLDERS: [(&str, &str); 6] = [
    (" PHONE", " +919876543211"),
    (" CODE", " 123456"),
    (" ID", " u_9"),
    (" SERIAL", " TOTP1"),
    ("-c FILE ", "-c absent.toml "),
    (" FILE", " absent.toml"),
];

/// Everything after `otpctl ` in the hints of a run: of its last words, and of the fields of its documents.
fn commands(ran: &Ran) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut texts: Vec<String> =
        ran.stderr.lines().filter_map(|line| line.strip_prefix("hint: ")).map(str::to_owned).collect();
    for line in ran.stdout.lines().chain(ran.stderr.lines()) {
        let Ok(document) = serde_json::from_str::<Value>(line) else { continue };
        collect(&document, &mut texts);
    }
    for text in texts {
        let Some((_, command)) =
            text.split_once("otpctl ").filter(|(before, _)| before.is_empty() || before.ends_with(": "))
        else {
            assert!(!text.contains("otpctl "), "a command is whole, and the last thing said: {text}");
            continue;
        };
        assert!(!command.ends_with(['.', ',', '…']), "nothing follows the command: {text}");
        found.push(format!("otpctl {command}"));
    }
    found
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if ["hint", "fix", "command"].contains(&name.as_str()) => {
                        found.push(text.clone());
                    }
                    other => collect(other, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

/// Gives the command to a shell, as a person does.
fn pasted(machine: &Machine, command: &str) -> std::process::Output {
    let mut line = command.to_owned();
    for (placeholder, text) in PLACEHOLDERS {
        line = line.replace(placeholder, text);
    }
    let bin = machine.path("bin");
    if !bin.exists() {
        std::fs::create_dir_all(&bin).unwrap();
        symlink(env!("CARGO_BIN_EXE_otpctl"), bin.join("otpctl")).unwrap();
    }
    machine.write("reports.jsonl", "{\"phone\":\"+919876543210\",\"message_id\":\"m-1\",\"state\":\"sent\"}\n");
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display());
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(&line).env_clear().env("HOME", machine.path("")).env("PATH", path).env("OTPCTL_LOG", "info");
    // Where a code is asked for, a person types one.
    let typed = std::fs::File::open(machine.write("typed", "123456\n")).unwrap();
    shell.current_dir(machine.path("")).stdin(typed).output().unwrap()
}

/// Pastes each of them: none is a usage error, and each reads the file that was chosen, where it reads one.
#[track_caller]
fn hold(machine: &Machine, found: &[String], file: &str) {
    for command in found.iter().collect::<std::collections::BTreeSet<_>>() {
        let ran = pasted(machine, command);
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_ne!(ran.status.code(), Some(127), "{command}: {said}");
        assert_ne!(ran.status.code(), Some(2), "{command}: {said}");
        let read = said.lines().filter_map(|line| line.split_once("configuration file=").map(|(_, file)| file));
        for read in read {
            assert_eq!(read.trim_matches('"'), file, "{command} reads another file: {said}");
        }
    }
}

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
        &["inspect", "ch_absent"],
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
fn hints_on_stores_that_fail_can_be_pasted() {
    let file = |url: &str, more: &str| {
        let pepper = "peppers = [{ id = \"1\", value = \"a pepper of at least 32 characters\" }]";
        format!("{FREE}{more}[store.redis]\nurl = \"{url}\"\n[code]\n{pepper}\n")
    };
    let server = RedisServer::start();
    server.cli(&["SET", &format!("otpctl:{{{PHONE}}}:record"), "no record"]);
    let gone = format!("redis://127.0.0.1:{}", free_port());
    let [well, denied] = [server.url().clone(), server.url().replace("redis://", "redis://nosuch:x@")];
    for (url, more) in [(&well, ""), (&gone, ""), (&denied, ""), (&well, "protected = true\n")] {
        let machine = Machine::with(FREE);
        machine.write(".config/otpctl/prod.toml", &file(url, "").replacen(FREE, &format!("{more}{FREE}"), 1));
        let absolute = machine.path(".config/otpctl/prod.toml").display().to_string();
        let mut found = Vec::new();
        for words in [
            &["send", PHONE][..],
            &["verify", PHONE, "000000"],
            &["inspect", PHONE],
            &["issue", PHONE],
            &["list"],
            &["store", "check"],
            &["store", "purge", "--dry-run"],
            &["doctor"],
            &["config", "check"],
        ] {
            for form in [&[][..], &["--json"], &["-o", "jsonl"]] {
                found.extend(commands(&machine.run(&[&["-p", "prod"], words, form].concat())));
            }
        }
        assert!(found.len() > 3, "{url}: {found:?}");
        hold(&machine, &found, &absolute);
    }
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
