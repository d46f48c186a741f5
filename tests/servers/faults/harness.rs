//! A machine whose file names a Redis, how a command must end there, and what must hold afterwards.

use std::time::Instant;

use serde_json::Value;

use super::RECORD;
use crate::servers::declared::{MayStay, declared};
use crate::servers::redis::RedisServer;
use crate::support::AT_ONCE;
use crate::support::cli::{Machine, PEPPER, Ran, wrong_codes};

/// No limit on sends that a test could meet.
pub const FREE: &str = "[limits]\ncooldown = []\nper_phone = { \"1h\" = 100 }\nper_prefix = {}\nper_country = {}\n";
/// An SMS is a line of a file.
pub const OUTBOX: &str = "[providers.outbox]\npath = \"outbox.jsonl\"\n";

/// A machine with these settings, on the store that this says.
pub fn machine_with(settings: &str, store: &str) -> Machine {
    let machine = Machine::new();
    machine.write("pepper", PEPPER);
    configure(&machine, settings, store);
    machine
}

/// Writes its file anew.
pub fn configure(machine: &Machine, settings: &str, store: &str) {
    let code = "[code]\npeppers = [{ id = \"1\", file = \"../../pepper\" }]";
    machine.configure(&format!("{settings}{FREE}{code}\n[store.redis]\n{store}\n"));
}

/// A machine that puts its SMS into the outbox.
pub fn machine(store: &str) -> Machine {
    machine_with(OUTBOX, store)
}

/// The Redis at this port.
pub fn at(port: u16) -> String {
    format!("url = \"redis://127.0.0.1:{port}/0\"")
}

/// How a command must end.
#[derive(Debug, Clone, Copy)]
pub struct End {
    /// Its exit code.
    pub exit: i32,
    /// The name of it in the error; empty where it is no failure.
    pub code: &'static str,
    /// What the error must say.
    pub says: &'static [&'static str],
}

impl End {
    pub const fn of(exit: i32, code: &'static str, says: &'static [&'static str]) -> Self {
        Self { exit, code, says }
    }
}

/// Runs a command to its end, which must be this, and gives its one document.
#[track_caller]
pub fn ends(machine: &Machine, words: &[&str], end: End) -> (Ran, Value) {
    let started = Instant::now();
    let ran = machine.run(&[words, &["--json"]].concat());
    let took = started.elapsed();
    ran.exits(end.exit);
    let document = if end.code.is_empty() { ran.json() } else { ran.error() };
    if !end.code.is_empty() {
        assert_eq!(document["code"], end.code, "{document}");
        // Of many, some were done.
        let outcome = if [19, 23, 27].contains(&end.exit) { "unknown" } else { "not_done" };
        assert_eq!(document["outcome"], outcome, "{document}");
        for word in end.says {
            assert!(document.to_string().contains(word), "no `{word}` in {document}");
        }
    }
    assert!(took < AT_ONCE * 2, "{words:?} took {took:?}");
    assert!(!ran.words().contains(PEPPER) && !ran.words().contains("panicked"), "{ran:?}");
    (ran, document)
}

/// The same for what is to be told when the time of the command is over. A machine that is too busy to ask within that
/// time is given more of it.
#[track_caller]
pub fn ends_in_vain(machine: &Machine, words: &[&str], end: End) {
    let has_ended = |limit| machine.run(&[words, &["--json", "--timeout", limit]].concat()).code == end.exit;
    let limit = ["1500ms", "6s", "24s"].into_iter().find(|limit| has_ended(limit)).unwrap_or("90s");
    ends(machine, &[words, &["--timeout", limit]].concat(), end);
}

/// The codes that went out, in their order.
pub fn codes(machine: &Machine) -> Vec<String> {
    machine.outbox().iter().map(|line| line["code"].as_str().unwrap().to_owned()).collect()
}

/// Sends a code, and gives it.
pub fn sent(machine: &Machine, phone: &str) -> String {
    machine.run(&["send", phone, "--json"]).exits(0);
    codes(machine).pop().unwrap()
}

/// A code that is not this one.
pub fn wrong(code: &str) -> String {
    wrong_codes(code).next().unwrap()
}

/// The failures in a row, as the record has them.
pub fn failures(server: &RedisServer) -> u64 {
    let record: Value = serde_json::from_str(&server.cli(&["GET", RECORD])).unwrap();
    record["purposes"]["login"]["failures"].as_u64().unwrap()
}

/// What must hold of a Redis after every case: no key but the declared ones, each with an end but for the map of users,
/// and no second code that is alive.
#[track_caller]
pub fn holds(server: &RedisServer) {
    held(server, 1);
}

/// The same after a send that was killed: its code may be alive beside the older one.
#[track_caller]
pub fn held(server: &RedisServer, most: usize) {
    let keys: Vec<String> = server.cli(&["--scan"]).lines().map(str::to_owned).collect();
    let ttls = server.each(&keys.iter().map(|key| format!("PTTL {key}")).collect::<Vec<_>>());
    assert_eq!(ttls.len(), keys.len(), "each key has an answer");
    for (key, ttl) in keys.iter().zip(ttls) {
        let Some(kind) = declared(key) else { panic!("{key} is not declared") };
        let ttl: i64 = ttl.parse().unwrap_or_else(|_| panic!("{key}: {ttl}"));
        // -2: it ended since it was listed.
        assert!(ttl > 0 || ttl == -2 || (ttl == -1 && kind == MayStay::Yes), "{key} has {ttl} ms");
        if key.ends_with(":record") && ttl > 0 {
            let record = server.cli(&["GET", key]);
            assert!(record.is_empty() || alive(&record) <= most, "{} codes are alive: {record}", alive(&record));
        }
    }
}

/// How many codes of a record may yet be taken, whatever time it is. What ended by its time keeps its state and loses the
/// MAC, without which nothing is taken.
fn alive(record: &str) -> usize {
    let record: Value = serde_json::from_str(record).unwrap();
    let purposes = record["purposes"].as_object().into_iter().flatten();
    let challenges = purposes.flat_map(|(_, slot)| slot["challenges"].as_array().into_iter().flatten());
    let open = |challenge: &&Value| {
        let state = challenge["state"].as_str().unwrap();
        ["pending", "sent", "unknown", "issued"].contains(&state) && !challenge["mac"].is_null()
    };
    challenges.filter(open).count()
}

/// Of all codes that went out since so many were, exactly one is taken, once.
#[track_caller]
pub fn one_is_taken(machine: &Machine, phone: &str, since: usize) {
    let codes = codes(machine).split_off(since);
    let taken = |codes: &[String]| codes.iter().filter(|code| machine.verify(phone, code).code == 0).count();
    assert_eq!((taken(&codes), taken(&codes)), (1, 0), "of {} codes", codes.len());
}
