//! A result that cannot be written is no success.

use std::fs::OpenOptions;
use std::process::{Command, Stdio};

use crate::support::cli::{Machine, PHONE};

/// Runs a line of a shell in which `otpctl` is the program.
fn shell(machine: &Machine, line: &str) -> (i32, String) {
    let mut command = Command::new("sh");
    command.args([
        "-c",
        &format!("{}\n{line}", format_args!("otpctl() {{ {:?} \"$@\"; }}", env!("CARGO_BIN_EXE_otpctl"))),
    ]);
    command.env_clear().env("HOME", machine.path("")).env("PATH", "/usr/bin:/bin").current_dir(machine.path(""));
    let output = command.stdin(Stdio::null()).output().unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8(output.stderr).unwrap())
}

const RESULTS: &[&str] = &[
    "--help",
    "-h",
    "send --help",
    "--version",
    "-V",
    "version",
    "version --json",
    "help",
    "help exit-codes",
    "completions bash",
    "config show",
    "config check",
    "provider list",
    "provider show telnyx",
    "list --json",
    "inspect +919876543210",
    "send +919876543210 --dry-run",
    "issue +919876543210",
    "user list --json",
];

#[test]
fn a_result_that_does_not_fit_is_no_success() {
    let machine = Machine::new();
    for words in RESULTS {
        let (code, said) = shell(&machine, &format!("otpctl {words} > /dev/full"));
        assert_eq!(code, 1, "{words}: {said}");
        assert!(said.contains("error") || said.contains("INTERNAL"), "{words}: {said}");
    }
}

#[test]
fn a_closed_pipe_ends_the_writing_quietly() {
    let machine = Machine::new();
    for words in RESULTS {
        // The reader is gone before anything is written.
        let line = format!("{{ sleep 0.2; otpctl {words}; echo $? > code; }} | true; read -r code < code; exit $code");
        let (code, said) = shell(&machine, &line);
        assert_eq!(code, 0, "{words}: {said}");
        assert!(!said.contains("error"), "{words}: {said}");
    }
}

#[test]
fn no_code_is_made_that_could_not_be_printed() {
    let machine = Machine::new();
    for format in ["", "--json", "-o jsonl", "-q"] {
        let (code, said) = shell(&machine, &format!("otpctl issue {PHONE} {format} >&-"));
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("stdout is closed"), "{said}");
        assert!(machine.inspect(PHONE)["live_code"].is_null());
    }
    // Quiet twice is nothing but the exit code, and a code that nobody sees is no use.
    assert_eq!(machine.run(&["issue", PHONE, "-qq"]).code, 2);
    assert!(machine.inspect(PHONE)["live_code"].is_null());
    assert_eq!(shell(&machine, &format!("otpctl issue {PHONE} --json > kept")).0, 0);
    assert!(!machine.inspect(PHONE)["live_code"].is_null());
}

/// A script that only wants the exit code throws the result away, in any of the ways that languages do that.
#[test]
fn a_result_that_is_thrown_away_is_nobodys_loss() {
    let machine = Machine::new();
    let code = machine.send(PHONE);
    for write_only in [true, false] {
        let null = OpenOptions::new().read(!write_only).write(true).open("/dev/null").unwrap();
        let mut command = machine.command(&["verify", PHONE, "000000"]);
        let status = command.stdout(null).status().unwrap();
        assert_eq!(status.code(), Some(10), "{code}");
    }
}

#[test]
fn an_sms_that_could_not_be_shown_was_not_sent() {
    let machine = Machine::new();
    let (code, _) = shell(&machine, &format!("otpctl send {PHONE} 2> /dev/full"));
    assert_eq!(code, 26);
    assert!(machine.inspect(PHONE)["live_code"].is_null());
}
