//! What goes over many stops at none of them: each has its own end, and what could not be done is named.
//! These need no server.

use std::io::Write as _;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::cli::{FREE, Machine, PHONE};

/// A batch as programs write them, well or not.
fn batch() -> Vec<u8> {
    let mut text = b"\xef\xbb\xbf+919876543210\r\n".to_vec();
    text.extend(b"caf\xe9 +919876543211\n");
    text.extend([b'9'; 5000]);
    text.extend(b"\n+9198765\x0043212\n# a comment\n\n");
    text.extend([b'7'; 1024]);
    text.extend(b"\n+919876543213");
    text
}

#[test]
fn each_line_of_a_batch_has_its_own_result_whatever_the_others_are() {
    let machine = Machine::with(FREE);
    let done = machine.stdin(&["send", "--from", "-", "--json", "--concurrency", "1"], &batch()).exits(19).json();
    assert_eq!((&done["done"], &done["failed"], &done["interrupted"]), (&2.into(), &4.into(), &false.into()), "{done}");
    let results = done["results"].as_array().unwrap();
    let ends: Vec<(u64, i64)> =
        results.iter().map(|row| (row["line_number"].as_u64().unwrap(), row["exit"].as_i64().unwrap())).collect();
    assert_eq!(ends, [(1, 0), (2, 2), (3, 2), (4, 2), (7, 2), (8, 0)], "{done}");
    assert_eq!(results[0]["line"], PHONE, "{done}");
    assert!(results[1]["error"]["message"].as_str().unwrap().contains("UTF-8"), "{done}");
    assert!(results[2]["error"]["message"].as_str().unwrap().contains("longer than"), "{done}");
    for form in [&[][..], &["-o", "jsonl"]] {
        let machine = Machine::with(FREE);
        let ran = machine.stdin(&[&["send", "--from", "-"], form].concat(), &batch());
        assert_eq!(ran.exits(19).stdout.lines().count(), 6, "{ran:?}");
    }
}

/// The most memory that a batch of so many lines has taken by the time that all of them are answered, in kB.
fn memory(machine: &Machine, lines: usize) -> u64 {
    let out = machine.path("out.json");
    let mut command = machine.command(&["send", "--from", "-", "--json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(std::fs::File::create(&out).unwrap()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all("not a phone\n".repeat(lines).as_bytes()).unwrap();
    // Each result is there before the next line is.
    while std::fs::read_to_string(&out).unwrap().matches("\"line_number\"").count() < lines {
        assert!(child.try_wait().unwrap().is_none(), "it waits for more lines");
        sleep(Duration::from_millis(50));
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(19));
    let document: Value = serde_json::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
    assert_eq!((&document["failed"], document["results"].as_array().unwrap().len()), (&lines.into(), lines));
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn a_batch_of_any_length_takes_no_more_memory_than_a_short_one() {
    let machine = Machine::with(FREE);
    let (short, long) = (memory(&machine, 10), memory(&machine, 20_000));
    assert!(long < short + 8_000, "{short} kB, then {long} kB");
}

#[test]
fn a_batch_that_is_interrupted_is_a_whole_document() {
    let machine = Machine::with(FREE);
    let out = machine.path("out.json");
    let mut command = machine.command(&["send", "--from", "-", "--json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(std::fs::File::create(&out).unwrap()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(format!("{PHONE}\n").as_bytes()).unwrap();
    while !std::fs::read_to_string(&out).unwrap().contains("challenge_id") {
        sleep(Duration::from_millis(20));
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let document: Value = serde_json::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
    assert_eq!((&document["done"], &document["interrupted"]), (&1.into(), &true.into()), "{document}");
}
