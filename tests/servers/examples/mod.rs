//! The recipes of `examples/`: each is run for real, under bash and under dash, and what it did is looked at.

mod codes;
mod peppers;
mod watching;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::support::cli::Machine;
use crate::support::pages::root;

/// What a POSIX script runs under: Debian's `sh`, and what most people type in.
const SHELLS: [&str; 2] = ["bash", "dash"];

/// How a script ended.
#[derive(Debug)]
struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Ended {
    #[track_caller]
    fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

/// Runs a recipe in the home of a machine.
fn recipe(machine: &Machine, shell: &str, words: &[&str], environment: &[(&str, &str)]) -> Ended {
    let mut command = Command::new(shell);
    command.arg(root().join("examples").join(words[0])).args(&words[1..]);
    ended(machine, &mut command, environment)
}

/// Runs a command in the home of a machine, with the program in its `PATH`.
fn ended(machine: &Machine, command: &mut Command, environment: &[(&str, &str)]) -> Ended {
    let bin = machine.path("bin");
    if !bin.exists() {
        fs::create_dir_all(&bin).unwrap();
        symlink(env!("CARGO_BIN_EXE_otpctl"), bin.join("otpctl")).unwrap();
    }
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display());
    command.env_clear().envs([("HOME", machine.path("").into_os_string()), ("PATH", path.into())]);
    // A busy machine is to end none of them.
    command.env("OTPCTL_TIMEOUT", "5m").envs(environment.iter().copied()).current_dir(machine.path(""));
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// The scripts for a shell.
fn scripts() -> Vec<PathBuf> {
    let files = fs::read_dir(root().join("examples")).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|end| end == "sh")).collect()
}

#[test]
fn every_recipe_is_a_careful_posix_script() {
    let scripts = scripts();
    assert!(scripts.len() > 5, "{scripts:?}");
    for path in &scripts {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.starts_with("#!/bin/sh\n# "), "{}: what is it for?", path.display());
        assert!(text.contains("\n# usage: ") || text.contains("\n#\n# usage: "), "{}: how is it used?", path.display());
        assert!(text.lines().any(|line| line == "set -eu"), "{}: it goes on after a failure", path.display());
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o111, 0o111, "{} can be run", path.display());
    }
    let checked = Command::new("shellcheck").args(["--shell=sh", "--severity=style"]).args(&scripts).output();
    let checked = checked.unwrap_or_else(|error| panic!("shellcheck does not run ({error}): scripts/test installs it"));
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}
