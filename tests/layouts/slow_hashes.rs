//! Hashes that take long: one that takes too long is not begun, and during one that is allowed a person can stop.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::{PHONE, machine};

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
    let machine = machine(BCRYPT);
    machine.redis().cli(&["SET", KEY, &of_cost(14), "EX", "300"]);
    let started = || {
        let mut command = machine.command(&["verify", PHONE, "042137", "-vv"]);
        command.stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut child = started();
    let mut stderr = std::io::BufReader::new(child.stderr.take().unwrap());
    wait_for(&mut stderr, "hash");
    let asked = Instant::now();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let ended = child.wait().unwrap();
    assert_eq!(ended.code(), Some(130));
    let whole = asked.elapsed();
    let ran = machine.run(&["verify", PHONE, "042137", "--timeout", "300ms"]);
    let said = &ran.exits(20).stderr;
    assert!(said.contains("the time of the command is over") && !said.contains("Redis"), "{said}");
    assert!(whole < Duration::from_secs(60), "{whole:?}");
    assert_eq!(machine.redis().cli(&["EXISTS", "otpctl:{otp:+919876543210}:record"]), "0", "nothing was counted");
}

/// Reads until a line has the word.
fn wait_for(lines: &mut impl std::io::BufRead, word: &str) {
    let mut line = String::new();
    while !line.contains(word) {
        line.clear();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "it ended before it said {word:?}");
    }
}
