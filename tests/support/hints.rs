//! Whatever the program says to type next can be pasted: it is a command, and it speaks to the same store.
//! What its tests share.

use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::Value;

use crate::support::cli::{Machine, Ran};

/// The text for words that only stand for something.
pub const PLACEHOLDERS: [(&str, &str); 6] = [
    (" PHONE", " +919876543211"),
    (" CODE", " 123456"),
    (" ID", " u_9"),
    (" SERIAL", " TOTP1"),
    ("-c FILE ", "-c absent.toml "),
    (" FILE", " absent.toml"),
];

/// Everything after `otpctl ` in the hints of a run: of its last words, and of the fields of its documents.
pub fn commands(ran: &Ran) -> Vec<String> {
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

pub fn collect(value: &Value, found: &mut Vec<String>) {
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
pub fn pasted(machine: &Machine, command: &str) -> std::process::Output {
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
pub fn hold(machine: &Machine, found: &[String], file: &str) {
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
