//! What the store holds: never a code, nothing without an end, and nothing in doubt after a crash.
//! These hold on every store.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::on_each_store;
use crate::support::cli::{FREE, PHONE, wrong_codes};
use crate::support::until::until;

/// Everything in the files below a folder.
pub fn files(folder: &Path) -> String {
    let read = |entry: fs::DirEntry| {
        let path = entry.path();
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => files(&path),
            kind if kind.is_file() => String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned(),
            _ => String::new(),
        }
    };
    fs::read_dir(folder).unwrap().map(|entry| read(entry.unwrap())).collect()
}

/// Codes of letters: six digits stand by chance in some time stamp, once in a thousand runs.
pub const LETTERS: &str = "[code]\nalphabet = \"GHJKMNPQRSTVWXYZ\"\nlength = 10\n";

pub const WRONG: &str = "ZYXWVTSRQP";

#[test]
fn a_killed_send_leaves_a_code_that_works() {
    on_each_store(FREE, |machine| {
        let program = machine.program("slow", "cat > message; echo $$ > pid; exec sleep 60");
        machine.configure(&format!(
            "{FREE}[policy]\ncountries = [\"IN\"]\n[providers.slow]\nkind = \"command\"\nargv = [{program:?}]\n"
        ));
        let mut sending = machine.command(&["send", PHONE]).spawn().unwrap();
        until("the provider", || fs::read_to_string(machine.path("pid")).is_ok_and(|pid| pid.ends_with('\n')));
        // That is SIGKILL.
        sending.kill().unwrap();
        sending.wait().unwrap();
        let provider = fs::read_to_string(machine.path("pid")).unwrap();
        // It may have ended by itself.
        let _ = kill_process(Pid::from_raw(provider.trim().parse().unwrap()).unwrap(), Signal::KILL);

        let message: Value = serde_json::from_str(&fs::read_to_string(machine.path("message")).unwrap()).unwrap();
        let code = message["code"].as_str().unwrap();
        assert_eq!(machine.inspect(PHONE)["live_code"]["state"], "pending");
        let other = machine.elsewhere();
        // The embedded store is a file of this home.
        let elsewhere = if machine.path("pepper").exists() { &other } else { machine };
        let mut wrong = wrong_codes(code);
        for (tried, machine) in [elsewhere, machine, elsewhere].into_iter().enumerate() {
            let answer = machine.verify(PHONE, &wrong.next().unwrap()).exits(10).json();
            assert_eq!(answer["failures_consecutive"], tried + 1);
            assert_eq!(answer["attempts_left"], 4 - tried);
        }
        elsewhere.verify(PHONE, code).exits(0);
        machine.verify(PHONE, code).exits(11);
    });
}

#[test]
fn a_killed_verify_leaves_all_or_nothing() {
    on_each_store(FREE, |machine| {
        let mut failures = 0;
        for round in 0..4 {
            let code = machine.send(PHONE);
            let wrong = wrong_codes(&code).next().unwrap();
            let mut trying = machine.command(&["verify", PHONE, &wrong]).spawn().unwrap();
            sleep(Duration::from_millis(8 * round));
            trying.kill().unwrap();
            trying.wait().unwrap();
            let answer = machine.verify(PHONE, &wrong).exits(10).json();
            let now = answer["failures_consecutive"].as_u64().unwrap();
            assert!((failures + 1..=failures + 2).contains(&now), "{failures} failures, then {now}");
            failures = now;
        }
    });
}
