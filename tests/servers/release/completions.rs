//! Completion in real shells, and by the engine as shells ask it that Debian does not have.

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::servers::redis::RedisServer;
use crate::support::cli::{Machine, PHONE};

/// A file with names of its own, on a store that must not be asked.
const FILE: &str = "[policy]\ncountries = [\"IN\"]\n[message.lang.hi]\ntext = \"{{ code }}\"\n[message.lang.ta]\ntext = \"{{ code }}\"\n\
    [routes]\ndefault = [\"north\"]\n\"purpose:signup\" = [\"south\"]\n\
    [providers.north]\nkind = \"telnyx\"\napi_key = { command = [\"touch\", \"/tmp/asked\"] }\nfrom = \"+13125550100\"\n\
    [providers.south]\nkind = \"outbox\"\npath = \"outbox.jsonl\"\n";

/// A machine with the program in its path, the file, two profiles, and the scripts of all shells.
fn machine(settings: &str) -> Machine {
    let machine = Machine::with(settings);
    for profile in ["prod", "staging"] {
        machine.write(&format!(".config/otpctl/{profile}.toml"), "[providers.of_profile]\nkind = \"console\"\n");
    }
    std::fs::create_dir_all(machine.path("bin")).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_otpctl"), machine.path("bin/otpctl")).unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let script = machine.run(&["completions", shell]).exits(0).stdout.clone();
        machine.write(&format!("scripts/{}", if shell == "zsh" { "_otpctl" } else { shell }), &script);
    }
    machine
}

fn ran(machine: &Machine, mut command: Command) -> Output {
    let path = format!("{}:/usr/bin:/bin", machine.path("bin").display());
    let home: PathBuf = machine.path("");
    command.env_clear().env("HOME", &home).env("PATH", path).env("TERM", "dumb").current_dir(&home).output().unwrap()
}

/// What a shell offers behind these words, of which the last is still being typed.
type Ask = fn(&Machine, &[&str]) -> Vec<String>;

fn lines(output: &Output) -> Vec<String> {
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "nothing is said while a line is typed");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

fn bash(machine: &Machine, words: &[&str]) -> Vec<String> {
    let typed = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
    let (at, last) = (words.len() - 1, words[words.len() - 1]);
    let mut command = Command::new("bash");
    command.args([
        "-c",
        &format!(
            "compopt() {{ :; }}; source scripts/bash; COMP_WORDS=({typed}); COMP_CWORD={at}; COMP_TYPE=9
             _clap_complete_otpctl otpctl '{last}' ''; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        ),
    ]);
    lines(&ran(machine, command))
}

/// The file is found and run by zsh's own `compinit`; only what would draw the list prints it.
fn zsh(machine: &Machine, words: &[&str]) -> Vec<String> {
    let typed = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
    let mut command = Command::new("zsh");
    command.args([
        "-f",
        "-c",
        &format!(
            "fpath=($PWD/scripts $fpath); autoload -Uz compinit; compinit -u -D
             [[ $_comps[otpctl] = _otpctl ]] || echo 'not registered' >&2
             _describe() {{ local list=\"${{@[-1]}}\"; print -rl -- ${{(P)list}} }}
             compdef() {{ : }}
             words=({typed}); CURRENT={}; $_comps[otpctl]",
            words.len()
        ),
    ]);
    let name = |line: String| line.split(':').next().unwrap_or_default().to_owned();
    lines(&ran(machine, command)).into_iter().map(name).collect()
}

fn fish(machine: &Machine, words: &[&str]) -> Vec<String> {
    let mut command = Command::new("fish");
    command.args(["--no-config", "-c", &format!("source scripts/fish; complete -C '{}'", words.join(" "))]);
    let name = |line: String| line.split('\t').next().unwrap_or_default().to_owned();
    lines(&ran(machine, command)).into_iter().map(name).collect()
}

/// As the scripts for these two start the program.
fn engine(machine: &Machine, shell: &str, words: &[&str]) -> Vec<String> {
    let mut command = Command::new("env");
    command.arg(format!("OTPCTL_COMPLETE={shell}")).arg("_CLAP_IFS=\n");
    command.arg(format!("_CLAP_COMPLETE_INDEX={}", words.len() - 1)).args(["otpctl", "--"]).args(words);
    let name = |line: String| line.split('\t').next().unwrap_or_default().to_owned();
    lines(&ran(machine, command)).into_iter().map(name).collect()
}

const SHELLS: [(&str, Ask); 5] = [
    ("bash", bash),
    ("zsh", zsh),
    ("fish", fish),
    ("elvish", |machine, words| engine(machine, "elvish", words)),
    ("powershell", |machine, words| engine(machine, "powershell", words)),
];

#[test]
fn every_shell_offers_the_names_of_the_file() {
    let machine = machine(FILE);
    for (shell, ask) in SHELLS {
        for (words, names) in [
            (&["otpctl", "ver"][..], &["verify", "version"][..]),
            (&["otpctl", "-p", ""], &["otpctl", "prod", "staging"]),
            (&["otpctl", "send", "--profile", "st"], &["staging"]),
            (&["otpctl", "send", "--provider", ""], &["north", "south"]),
            (&["otpctl", "-p", "prod", "send", "--provider", ""], &["of_profile"]),
            (&["otpctl", "provider", "test", ""], &["north", "south"]),
            (&["otpctl", "provider", "show", "teln"], &["telnyx"]),
            (&["otpctl", "verify", PHONE, "--purpose", ""], &["login", "signup"]),
            (&["otpctl", "send", PHONE, "--lang", ""], &["hi", "ta"]),
            (&["otpctl", "send", PHONE, "--channel", "w"], &["whatsapp"]),
            (&["otpctl", "outcome", PHONE, ""], &["verified", "abandoned"]),
            (&["otpctl", "wait", PHONE, "--for", "ver"], &["verified"]),
            (&["otpctl", "list", "--state", "l"], &["live", "locked"]),
            (&["otpctl", "man", "ver"], &["verify", "version"]),
        ] {
            let mut offered = ask(&machine, words);
            // Behind an argument without a hyphen, options may be offered as well.
            offered.retain(|name| !name.starts_with('-'));
            let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            offered.sort();
            names.sort();
            assert_eq!(offered, names, "{shell}: {words:?}");
        }
    }
}

#[test]
fn no_store_is_asked_and_no_secret_fetched() {
    let server = RedisServer::start();
    let asked = machine("").path("asked");
    let secret = format!("{{ command = [\"touch\", \"{}\"] }}", asked.display());
    let file = format!(
        "[store.redis]\nurl = \"{}\"\npassword = {secret}\n[code]\npeppers = [{{ id = \"1\", command = [\"touch\", \"{}\"] }}]\n\
         [providers.north]\nkind = \"telnyx\"\napi_key = {secret}\nfrom = \"+13125550100\"\n[policy]\ncountries = [\"IN\"]\n",
        server.url(),
        asked.display()
    );
    let before = server.cli(&["INFO", "stats"]);
    let connections =
        |info: &str| info.lines().find(|line| line.starts_with("total_connections_received")).unwrap().to_owned();
    let machine = machine(&file);
    let before_count: u64 = connections(&before).split(':').nth(1).unwrap().trim().parse().unwrap();
    assert_eq!(bash(&machine, &["otpctl", "send", "--provider", ""]), ["north"]);
    let after = connections(&server.cli(&["INFO", "stats"]));
    let after_count: u64 = after.split(':').nth(1).unwrap().trim().parse().unwrap();
    assert_eq!(after_count, before_count + 1, "only the test itself connected");
    assert!(!asked.exists(), "a secret was fetched");
}

#[test]
fn a_file_that_does_not_hold_says_nothing_and_leaves_the_rest() {
    let machine = machine("nosuch = [\n");
    for (shell, ask) in SHELLS {
        assert_eq!(ask(&machine, &["otpctl", "send", "--provider", ""]), [""; 0], "{shell}");
        assert_eq!(ask(&machine, &["otpctl", "-p", "pr"]), ["prod"], "{shell}");
    }
    for variable in ["OTPCTL_COMPLETE=ksh", "OTPCTL_COMPLETE=bash"] {
        let mut command = Command::new("env");
        command.args([variable, "otpctl"]);
        let ran = ran(&machine, command);
        assert_eq!((ran.status.code(), ran.stdout.len(), ran.stderr.len()), (Some(2), 0, 0), "{variable}");
    }
}
