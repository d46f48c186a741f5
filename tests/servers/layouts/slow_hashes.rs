//! Hashes that take long: one that takes too long is not begun, and during one that is allowed a person can stop.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use super::{PHONE, machine};

const BCRYPT: &str = "[store.redis.layout]\nkey = \"otp:{phone}\"\nverifier = \"bcrypt\"";
const KEY: &str = "otp:+919876543210";

fn of_cost(cost: u32) -> String {
    format!("$2b${cost:02}$rmYRfkrjMPwrUIsLnLFz9.ZbNuYdiO9SAWxPYTIH1ds.yvO/loMca")
}

#[test]
fn a_hash_that_would_take_hours_is_refused_at_once() {
    let machine = machine(BCRYPT);
    for cost in [15, 20, 31] {
        machine.redis().cli(&["SET", KEY, &of_cost(cost), "EX", "300"]);
        for words in [&["verify", PHONE, "042137", "--timeout", "60s"][..], &["issue", PHONE], &["inspect", PHONE]] {
            let ran = machine.run(words);
            let said = format!("its bcrypt hash has a cost of {cost}, and the highest that is computed here is 14");
            assert!(ran.exits(24).stderr.contains(&said), "{ran:?}");
        }
    }
    machine.redis().cli(&["SET", KEY, &of_cost(4), "EX", "300"]);
    assert_eq!(machine.verify(PHONE, "111111").exits(10).json()["failures_consecutive"], 1);
}

#[test]
fn a_slow_hash_is_stopped_by_a_signal_and_by_the_time_of_the_command() {
    // A code with letters is compared in capitals and in small letters, which takes twice as long.
    let machine = machine(&format!("{BCRYPT}\nalphabet = \"hex\""));
    machine.redis().cli(&["SET", KEY, &of_cost(14), "EX", "300"]);
    let started = || {
        let mut command = machine.command(&["verify", PHONE, "abcdef", "-vv"]);
        command.stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut child = started();
    let mut stderr = std::io::BufReader::new(child.stderr.take().unwrap());
    wait_for(&mut stderr, "a slow hash");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    // On a busy machine it may take a while until the hash is begun.
    let timed = |time| machine.run(&["verify", PHONE, "abcdef", "-vv", "--timeout", time]);
    let begun = ["800ms", "1600ms", "2400ms"].into_iter().map(timed).find(|ran| ran.stderr.contains("a slow hash"));
    let ran = begun.expect("a hash that is begun");
    let last = ran.exits(20).stderr.lines().find(|line| line.starts_with("error")).unwrap().to_owned();
    assert!(last.contains("the time limit was reached") && !last.contains("Redis"), "{last}");
    assert_eq!(machine.redis().cli(&["EXISTS", "otpctl:{otp:+919876543210}:record"]), "0", "nothing was counted");
}

/// bcrypt reads the first 72 bytes, and all codes behind them have one hash.
#[test]
fn a_hash_that_does_not_read_the_code_is_neither_made_nor_compared() {
    for (pattern, secret, fits) in [
        ("{secret}:{code}", 80, false),
        ("{secret}:{code}", 66, false),
        ("{secret}:{code}", 65, true),
        ("{code}:{secret}", 80, true),
    ] {
        let layout = format!("{BCRYPT}\npattern = \"{pattern}\"\nsecret = \"{}\"", "s".repeat(secret));
        let machine = machine(&layout);
        machine.redis().cli(&["SET", KEY, &of_cost(4), "EX", "300"]);
        machine.run(&["inspect", PHONE]).exits(0);
        for words in [&["verify", PHONE, "111111"][..], &["issue", PHONE], &["send", PHONE]] {
            let ran = machine.run(words);
            if fits {
                assert!([0, 10].contains(&ran.code), "{pattern}: {ran:?}");
            } else {
                let said = "bcrypt reads 72 bytes, and the code would end behind them";
                assert!(ran.exits(16).stderr.contains(said), "{pattern}: {ran:?}");
            }
        }
        machine.run(&["revoke", PHONE]).exits(0);
    }
}

/// Reads until a line has the word.
fn wait_for(lines: &mut impl std::io::BufRead, word: &str) {
    let mut line = String::new();
    while !line.contains(word) {
        line.clear();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "it ended before it said {word:?}");
    }
}
