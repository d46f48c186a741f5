//! Files that are made from the program, held to it. `UPDATE=1 cargo test --test generated` writes them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::process::Command;

fn otpctl(words: &[&str]) -> String {
    let ran = Command::new(env!("CARGO_BIN_EXE_otpctl")).args(words).env_clear().output().unwrap();
    assert!(ran.status.success(), "{words:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

fn held(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "{file} is stale: UPDATE=1 cargo test --test generated");
}

#[test]
fn completions() {
    for (shell, file) in [
        ("bash", "otpctl.bash"),
        ("zsh", "_otpctl"),
        ("fish", "otpctl.fish"),
        ("elvish", "otpctl.elv"),
        ("powershell", "_otpctl.ps1"),
    ] {
        held(&format!("completions/{file}"), &otpctl(&["completions", shell]));
    }
}

/// The table of exit codes stands in the README as `help exit-codes` prints it.
#[test]
fn exit_codes_of_the_readme() {
    let rows: Vec<String> = otpctl(&["help", "exit-codes"])
        .lines()
        .map(|line| format!("| {} |", line.split('\t').collect::<Vec<_>>().join(" | ")).replace("|  |", "| |"))
        .collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let start = "| exit | name | meaning | repeat as is? |\n| ---: | --- | --- | --- |\n";
    let (before, rest) = readme.split_once(start).expect("the README has the table of exit codes");
    let (table, after) = rest.split_once("\n\n").expect("the table ends with an empty line");
    if std::env::var_os("UPDATE").is_some() && table != rows.join("\n") {
        std::fs::write(&path, format!("{before}{start}{}\n\n{after}", rows.join("\n"))).unwrap();
        return;
    }
    assert!(table == rows.join("\n"), "the README's exit codes are stale: UPDATE=1 cargo test --test generated");
}
