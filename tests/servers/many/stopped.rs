//! A batch that ends early: somebody stops it, too many lines fail, or the store is gone. What was not tried is counted, and
//! can be given again.

use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{last_error, phones, rows};
use crate::servers::machine::embedded_and_redis;
use crate::support::cli::{FREE, Machine};
use crate::support::until::until;

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// A provider that takes so long, and notes that it was asked.
fn slow(machine: &Machine, pause: &str) {
    let script = machine.program("slow", &format!("echo >> asked\nexec sleep {pause}"));
    machine.configure(&format!(
        "{FREE}[policy]\ncountries = [\"IN\"]\n[providers.slow]\nkind = \"command\"\nargv = [\"{script}\"]\n"
    ));
}

fn asked(machine: &Machine) -> usize {
    std::fs::read_to_string(machine.path("asked")).unwrap_or_default().lines().count()
}

#[test]
fn what_is_under_way_has_a_little_time_to_end_and_the_rest_is_not_tried() {
    embedded_and_redis(FREE, |machine| {
        slow(machine, "0.7");
        machine.write("phones", &phones(20).join("\n"));
        let words = ["send", "--from", "phones", "--yes", "--concurrency", "4", "--json"];
        let child = machine.command(&words).spawn().unwrap();
        until("four are asked", || asked(machine) == 4);
        signal(&child, Signal::INT);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130));
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let counts = ["done", "failed", "not_tried"].map(|name| document[name].as_u64().unwrap());
        assert_eq!((counts, &document["interrupted"]), ([4, 0, 16], &true.into()), "{document}");
        assert_eq!(asked(machine), 4, "no more were begun");
        std::fs::remove_file(machine.path("asked")).unwrap();
    });
}

#[test]
fn a_second_signal_ends_it_at_once_and_each_line_in_doubt_is_told() {
    embedded_and_redis(FREE, |machine| {
        slow(machine, "30");
        machine.write("phones", &phones(20).join("\n"));
        let words = ["send", "--from", "phones", "--yes", "--concurrency", "3", "-o", "jsonl"];
        let child = machine.command(&words).spawn().unwrap();
        until("three are asked", || asked(machine) == 3);
        signal(&child, Signal::TERM);
        sleep(Duration::from_millis(300));
        let began = Instant::now();
        signal(&child, Signal::TERM);
        let output = child.wait_with_output().unwrap();
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        assert_eq!(output.status.code(), Some(143));
        let rows = rows(std::str::from_utf8(&output.stdout).unwrap());
        assert_eq!(rows.iter().map(|row| row["exit"].as_i64().unwrap()).collect::<Vec<_>>(), [27, 27, 27], "{rows:?}");
        assert!(rows.iter().all(|row| row["error"]["challenge_id"].is_string()), "{rows:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains("3 × PROVIDER_UNKNOWN (27)") && stderr.contains("17 not tried"), "{stderr}");
        let error = last_error(&stderr);
        assert!(error["message"].as_str().unwrap().contains("3 lines may have been done"), "{error}");
        std::fs::remove_file(machine.path("asked")).unwrap();
    });
}

#[test]
fn no_more_lines_are_begun_after_so_many_failed() {
    embedded_and_redis(FREE, |machine| {
        let phones = phones(10);
        let lines = format!("{}\nbad\nworse\n{}\n", phones[0], phones[1..].join("\n"));
        machine.write("phones", &lines);
        let words = ["send", "--from", "phones", "--concurrency", "1", "--max-errors", "2", "--json"];
        let ran = machine.run(&words);
        let document = ran.exits(19).json();
        let counts = ["done", "failed", "not_tried"].map(|name| document[name].as_u64().unwrap());
        assert_eq!(counts, [1, 2, 9], "{document}");
        assert_eq!(document["by_exit"], serde_json::json!({"0": 1, "2": 2}));
        let error = last_error(&ran.stderr);
        assert!(error["message"].as_str().unwrap().contains("9 lines were not tried"), "{error}");
    });
}

#[test]
fn no_line_is_begun_that_has_no_time_left() {
    let machine = Machine::on_redis(FREE);
    slow(&machine, "0.2");
    machine.write("phones", &phones(400).join("\n"));
    let ran = machine.run(&["send", "--from", "phones", "--yes", "--concurrency", "4", "--timeout", "4s", "--json"]);
    assert_eq!(ran.code, 19, "{}", ran.stderr);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let (done, rest) = (document["done"].as_u64().unwrap(), document["not_tried"].as_u64().unwrap());
    assert!(done > 0 && document["failed"] == 0 && done + rest == 400, "{document}");
    assert!(
        last_error(&ran.stderr)["message"].as_str().unwrap().contains("the time limit was reached"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_store_that_is_gone_ends_the_batch() {
    let machine = Machine::on_redis(FREE);
    machine.write("phones", &phones(200).join("\n"));
    // A server that does not listen.
    let text = std::fs::read_to_string(machine.config()).unwrap();
    let url = machine.server.as_ref().unwrap().url.clone();
    machine.write("away.toml", &text.replace(&url, "redis://127.0.0.1:1/0").replace("../../pepper", "pepper"));
    let words =
        ["unlock", "--from", "phones", "--concurrency", "4", "--config", "away.toml", "--json", "--timeout", "60s"];
    let ran = machine.run(&words);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(ran.code, 20, "{}", ran.stderr);
    let (failed, rest) = (document["failed"].as_u64().unwrap(), document["not_tried"].as_u64().unwrap());
    assert!(failed < 20 && failed + rest == 200, "{failed} failed, {rest} were not tried");
    assert!(last_error(&ran.stderr)["message"].as_str().unwrap().contains("lines were not tried"), "{}", ran.stderr);
}

#[test]
fn a_configuration_that_does_for_no_line_ends_the_batch() {
    let machine = Machine::with(&format!(
        "{FREE}[policy]\ncountries = [\"IN\"]\n[routes]\ndefault = [\"telnyx\"]\n\
         [providers.telnyx]\napi_key = \"KEY0\"\nfrom = \"+13125550100\"\nbase_url = \"redis://127.0.0.1:1\"\n"
    ));
    machine.write("phones", &phones(200).join("\n"));
    let ran = machine.run(&["send", "--from", "phones", "--concurrency", "4", "--json", "--yes"]);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(ran.code, 30, "{}", ran.stderr);
    assert!(document["failed"].as_u64().unwrap() < 20, "{document}");
    let said = last_error(&ran.stderr)["message"].as_str().unwrap().to_owned();
    assert!(said.starts_with("the configuration failed for"), "{said}");
}

#[test]
fn how_far_it_is_is_told_on_stderr_where_no_terminal_is() {
    let machine = Machine::with(FREE);
    machine.write("phones", &phones(3).join("\n"));
    let words = ["send", "--from", "phones", "--rate", "15/m"];
    let ran = machine.run(&words);
    assert!(ran.exits(0).stderr.lines().any(|line| line.contains("done, 0 failed")), "{}", ran.stderr);
    let quiet = machine.run(&["send", "--from", "phones", "--purpose", "b", "-q"]);
    assert!(!quiet.exits(0).stderr.contains("done"), "{}", quiet.stderr);
}
