//! Time is the store's: a client whose clock is wrong changes nothing.

use std::collections::BTreeSet;
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::servers::clock;
use crate::support::cli::{FREE, Machine, PHONE};

/// The exit code of a client whose clock is so far off, and what stands on stdout and stderr.
fn off(machine: &Machine, offset: &str, words: &[&str]) -> (i32, String, String) {
    let output = clock::off(machine, offset, words);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

const OFFSETS: [&str; 3] = ["-1d", "+1d", "+3650d"];

fn code_of(stderr: &str) -> String {
    let line = stderr.lines().find(|line| line.starts_with("SMS to ")).expect("an SMS on stderr");
    line.split_once(": ").unwrap().1.split_once(' ').unwrap().0.to_owned()
}

#[test]
fn processes_of_one_frozen_moment_make_different_codes() {
    // Whatever is drawn from the time alone would be the same each time.
    let machine = Machine::new();
    let codes: BTreeSet<String> = (0..8)
        .map(|last| {
            let phone = format!("+9198765432{last}0");
            let (exit, stdout, stderr) = off(&machine, "2026-01-01 00:00:00", &["issue", &phone]);
            assert_eq!(exit, 0, "{stderr}");
            stdout
        })
        .collect();
    // Two of eight are equal by chance once in 36 000 runs; three, never.
    assert!(codes.len() >= 7, "{codes:?}");
}

#[test]
fn the_clock_is_really_off() {
    // The embedded store has no other clock than the machine's.
    let machine = Machine::new();
    let year = |offset: &str, phone: &str| {
        let (_, stdout, stderr) = off(&machine, offset, &["send", phone, "--json"]);
        let sent: Value = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stderr}"));
        sent["created_at"].as_str().unwrap()[..4].parse::<u32>().unwrap()
    };
    assert_eq!(year("+3650d", "+919876543211") - year("+0d", PHONE), 10);
}

#[test]
fn a_clock_that_was_years_ahead_leaves_no_wait_of_years() {
    let free = "per_prefix = {}\nper_country = {}\n";
    let machine = Machine::with(&format!(
        "[limits]\ncooldown = [\"2s\"]\nper_phone = {{ \"4s\" = 2 }}\nlocks = {{ 1 = \"2s\" }}\n{free}"
    ));
    assert_eq!(off(&machine, "+3650d", &["send", PHONE]).0, 0);
    let wait = |words: &[&str]| {
        let error = machine.run(&[words, &["--json"]].concat()).exits(13).error();
        error["retry_after_seconds"].as_u64().unwrap()
    };
    assert!(wait(&["send", PHONE]) <= 2, "it is asked for once more, and the wait does not begin anew");
    // What comes later is done by a clock that is ahead, as a process that comes later has.
    let later = |offset: &str, words: &[&str]| off(&machine, offset, words);
    let (exit, _, stderr) = later("+3s", &["send", PHONE]);
    assert_eq!(exit, 0, "{stderr}");
    let code = code_of(&stderr);
    // A lock and a code of that time end as if they had been made now.
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert_eq!(off(&machine, "+3650d", &["send", PHONE]).0, 0);
    assert!(matches!(off(&machine, "+3650d", &["verify", PHONE, wrong]).0, 10 | 12));
    let (exit, stdout, stderr) = later("+3s", &["verify", PHONE, wrong, "--json"]);
    assert_eq!(exit, 12, "{stderr}");
    let answer: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(answer["reason"], "timed_lock", "{answer}");
    assert_ne!(later("+6s", &["verify", PHONE, wrong]).0, 20);
    let (exit, _, stderr) = later("+11s", &["send", PHONE]);
    assert_eq!(exit, 0, "{stderr}");
}

#[test]
fn a_clients_clock_does_not_move_the_end_of_a_code() {
    for offset in OFFSETS {
        let machine = Machine::on_redis(FREE);
        let (exit, stdout, stderr) = off(&machine, offset, &["send", PHONE, "--json"]);
        assert_eq!(exit, 0, "{offset}: {stderr}");
        let sent: Value = serde_json::from_str(&stdout).unwrap();
        let ours = machine.inspect(PHONE);
        assert_eq!(ours["live_code"]["expires_at"], sent["expires_at"], "{offset}");
        let left: i64 = machine.redis().cli(&["PTTL", &format!("otpctl:{{{PHONE}}}:record")]).parse().unwrap();
        assert!((1..=3_600_000).contains(&left), "{offset}: {left} ms");
        let code = code_of(&stderr);
        machine.verify(PHONE, &code).exits(0);
        // And the other way round.
        let code = machine.send(PHONE);
        assert_eq!(off(&machine, offset, &["verify", PHONE, &code]).0, 0, "{offset}");
        let (_, _, stderr) = off(&machine, offset, &["send", PHONE, "--ttl", "1s"]);
        sleep(Duration::from_millis(1100));
        let code = code_of(&stderr);
        for offset in OFFSETS {
            assert_eq!(off(&machine, offset, &["verify", PHONE, &code]).0, 11, "{offset}");
        }
    }
}

#[test]
fn a_clients_clock_does_not_move_limits_or_locks() {
    let settings = "[limits]\ncooldown = []\nper_phone = { \"1d\" = 2 }\nper_prefix = {}\nlocks = { 1 = \"1h\" }\n";
    let machine = Machine::on_redis(settings);
    let (_, _, stderr) = off(&machine, "-1d", &["send", PHONE]);
    let code = code_of(&stderr);
    assert_eq!(off(&machine, "+3650d", &["send", PHONE]).0, 0);
    for offset in OFFSETS {
        let (exit, _, stderr) = off(&machine, offset, &["send", PHONE, "--json"]);
        let error: Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
        assert_eq!((exit, &error["code"]), (13, &"RATE_LIMITED".into()), "{offset}");
        let wait = error["retry_after_seconds"].as_u64().unwrap();
        assert!((86_000..=86_400).contains(&wait), "{offset}: {wait}");
    }
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let exit = off(&machine, "-1d", &["verify", PHONE, wrong]).0;
    // The second code may be the one that was guessed, once in a million.
    assert_eq!(exit, 12);
    for offset in OFFSETS {
        assert_eq!(off(&machine, offset, &["verify", PHONE, &code]).0, 12, "{offset}");
    }
}
