//! `user import` over long lists, and where it is killed.
//! These need a server or another program.

use std::fmt::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::servers::machine::embedded_and_redis;
use crate::support::cli::Machine;
use crate::support::many::memory;
use crate::support::until::until;

fn number(n: usize) -> String {
    format!("+9198{:08}", 70_000_000 + n)
}

fn list(machine: &Machine, lines: usize) -> String {
    let mut text = "user,phone\n".to_owned();
    for n in 0..lines {
        writeln!(text, "u_{n},{}", number(n)).unwrap();
    }
    machine.write("users.csv", &text).to_str().unwrap().to_owned()
}

#[test]
fn a_hundred_thousand_lines_take_little_more_memory_than_a_thousand() {
    let machine = Machine::on_redis("");
    let import = |lines| memory(&machine, &format!("user import {} --dry-run -o jsonl", list(&machine, lines)));
    let (few, many) = (import(1_000), import(100_000));
    // 16 bytes of each line are kept, in a table that doubles as it grows.
    assert!(many < few + 6_000, "{few} kB for 1 000 lines, {many} kB for 100 000");
    let done = machine.run(&["user", "import", &list(&machine, 3_000), "--json"]).exits(0).json();
    assert_eq!(done["totals"]["added"], 3_000);
    let (few, many) = (memory(&machine, "user list --limit 100 -o jsonl"), memory(&machine, "user export --unmask"));
    assert!(many < few + 3_000, "{few} kB for 100 users, {many} kB for 3 000");
}

#[test]
fn an_import_that_is_killed_is_finished_by_the_next_one() {
    const LINES: usize = 400;
    embedded_and_redis("", |machine| {
        // Each user has another phone before.
        let mut before = "user,phone\n".to_owned();
        for n in 0..LINES {
            writeln!(before, "u_{n},{}", number(LINES + n)).unwrap();
        }
        machine.stdin(&["user", "import", "-"], before.as_bytes()).exits(0);
        let path = list(machine, LINES);
        let moved = || {
            let users = machine.run(&["user", "export", "--unmask"]).exits(0).stdout.clone();
            (0..LINES).filter(|n| users.contains(&format!("u_{n},{},", number(*n)))).count()
        };
        for killed_at in [3, 40, 150] {
            let mut command = machine.command(&["user", "import", &path, "-o", "jsonl"]);
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            until("some are moved", || moved() >= killed_at || child.try_wait().unwrap().is_some());
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let done = machine.run(&["user", "import", &path, "--json"]).exits(0).json();
        let totals = &done["totals"];
        let sum: u64 = ["added", "moved", "unchanged"].iter().map(|name| totals[name].as_u64().unwrap()).sum();
        assert_eq!((sum, &totals["failed"]), (LINES as u64, &json!(0)), "{totals}");
        let exported = machine.run(&["user", "export", "--unmask", "-o", "jsonl"]).exits(0).stdout.clone();
        let mut phones: Vec<String> = exported
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["phone"].as_str().unwrap().to_owned())
            .collect();
        phones.sort();
        let mut expected: Vec<String> = (0..LINES).map(number).collect();
        expected.sort();
        assert_eq!(phones, expected, "each user has the phone of the list, and no other");
        assert_eq!(machine.run(&["store", "check", "--json"]).exits(0).json()["findings"], json!([]));
    });
}
