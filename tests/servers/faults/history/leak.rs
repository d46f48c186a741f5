//! Many pairs of a send and a verify: one process sends them all, and neither it nor the store may grow.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{Outbox, wanted};
use crate::faults::harness::{at, holds, machine};
use crate::servers::redis::RedisServer;
use crate::support::cli::Machine;

/// So many codes for each phone: fewer than the hundred that it may have in an hour, and more than a timeline keeps.
const EACH: usize = 60;

/// What must not grow.
#[derive(Debug, Clone, Copy)]
struct Size {
    /// Kilobytes of the process.
    memory: u64,
    descriptors: usize,
    keys: u64,
    /// Bytes of the store.
    store: u64,
}

fn size(pid: u32, server: &RedisServer) -> Size {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let info = server.cli(&["INFO", "memory"]);
    let store = info.lines().find_map(|line| line.strip_prefix("used_memory:")).unwrap();
    Size {
        memory: memory.split_whitespace().next().unwrap().parse().unwrap(),
        descriptors: std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count(),
        keys: server.cli(&["DBSIZE"]).parse().unwrap(),
        store: store.trim().parse().unwrap(),
    }
}

fn verified(machine: &Machine, phone: &str, outbox: &mut Outbox) {
    outbox.refresh(machine);
    let line = outbox.lines.pop().expect("an SMS");
    outbox.lines.clear();
    assert_eq!(line["phone"], phone);
    assert_eq!(machine.verify(phone, line["code"].as_str().unwrap()).code, 0);
}

#[test]
#[ignore = "minutes: scripts/soak runs it"]
fn soak_leak() {
    let pairs: usize = wanted("OTPCTL_SOAK_PAIRS", "100000").parse().unwrap();
    let most = Duration::from_secs(wanted("OTPCTL_SOAK_SECONDS", "3600").parse().unwrap());
    let phones = pairs.div_ceil(EACH);
    let server = RedisServer::start();
    let machine = machine(&at(server.port()));
    let words = ["send", "--from", "-", "-o", "jsonl", "--timeout", "24h", "--yes"];
    let mut child = machine.command(&words).stdin(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    let mut lines = child.stdin.take().unwrap();
    let mut results = BufReader::new(child.stdout.take().unwrap());
    let (started, mut outbox, mut early, mut done) = (Instant::now(), Outbox::default(), None, 0);
    while done < pairs && started.elapsed() < most {
        let phone = format!("+91987654{:04}", done % phones);
        writeln!(lines, "{phone}").unwrap();
        let mut result = String::new();
        results.read_line(&mut result).unwrap();
        assert!(result.contains("\"exit\":0"), "{result}");
        verified(&machine, &phone, &mut outbox);
        done += 1;
        // Half of them fill every timeline.
        if done == pairs / 2 {
            early = Some(size(child.id(), &server));
        }
    }
    let (late, early) = (size(child.id(), &server), early.expect("too few pairs to see whether anything grows"));
    drop(lines);
    assert!(child.wait().unwrap().success());
    println!("{done} pairs in {:?}: {early:?}, then {late:?}", started.elapsed());
    assert_eq!((late.keys, late.descriptors), (early.keys, early.descriptors));
    assert!(late.memory <= early.memory + early.memory / 5, "{early:?}, then {late:?}");
    // A record remembers the sends of an hour, a few bytes each.
    assert!(late.store <= early.store + early.store / 5, "{early:?}, then {late:?}");
    holds(&server);
}
