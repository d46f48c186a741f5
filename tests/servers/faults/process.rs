//! The process is killed, interrupted, or cannot say what it did.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::harness::{End, OUTBOX, at, codes, ends, held, holds, machine, machine_with};
use super::{PHONE, RECORD};
use crate::servers::proxy::{COMMIT, Fault, LOAD, On, Proxy, Toxic};
use crate::servers::redis::RedisServer;
use crate::support::cli::{Machine, Ran};
use crate::support::gateway::Gateway;
use crate::support::until::until;

const YES: End = End::of(0, "", &[]);
const TAKEN: &str = r#"{"data":{"id":"40385f64-5717-4562-b3fc-2c963f66afa6","to":[{"status":"queued"}],"parts":1}}"#;

/// A process that a signal ended, and what it had said.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
    after: Duration,
}

fn signalled(mut child: Child, signal: Signal) -> Ended {
    // Without a process that would have to be started first: what follows is measured.
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    let started = Instant::now();
    kill_process(pid, signal).unwrap();
    let status = child.wait().unwrap();
    let after = started.elapsed();
    let (mut stdout, mut stderr) = (String::new(), String::new());
    if let Some(mut pipe) = child.stdout.take() {
        pipe.read_to_string(&mut stdout).unwrap();
    }
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    Ended { code: status.code(), stdout, stderr, after }
}

/// Runs it until it does not say any more that another is under way, as a script that waits for its turn would.
fn when_it_is_free(machine: &Machine, words: &[&str]) -> (i32, Value) {
    loop {
        let ran = machine.run(&[words, &["--json"]].concat());
        if ran.code != 13 {
            return (ran.code, if ran.code == 0 { ran.json() } else { ran.error() });
        }
        let wait = ran.error()["retry_after_seconds"].as_u64().unwrap();
        assert!(wait < 30, "{wait} s for the lease of a process that is dead");
        sleep(Duration::from_millis(wait.clamp(1, 2) * 300));
    }
}

/// Where a send is killed, how many SMS are out then, whether the reservation stands, and how the same key ends later.
const STEPS: &[(On, usize, usize, usize, i32)] = &[
    // The idempotency key is written: before, after.
    (On::Request, 0, 0, 0, 0),
    (On::Answer, 0, 0, 0, 0),
    // The reservation.
    (On::Request, 1, 0, 0, 0),
    (On::Answer, 1, 0, 1, 27),
    // The end of it, after the SMS.
    (On::Request, 2, 1, 1, 27),
    (On::Answer, 2, 1, 1, 0),
];

#[test]
fn a_send_killed_at_any_step_is_one_sms_when_repeated() {
    scope(|scope| {
        for step in STEPS {
            scope.spawn(move || killed_at(*step, true));
            scope.spawn(move || killed_at(*step, false));
        }
    });
}

fn killed_at((on, commit, out, reserved, later): (On, usize, usize, usize, i32), same_key: bool) {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let machine = machine(&at(proxy.port()));
    let words = ["send", PHONE, "--idempotency-key", "once", "--timeout", "10s"];
    proxy.inject(Fault::new(on, Toxic::Silence).about(COMMIT).after(commit));
    let child = machine.command(&words).spawn().unwrap();
    proxy.wait_for(1);
    let killed = signalled(child, Signal::KILL);
    assert_eq!((killed.code, killed.stdout.as_str()), (None, ""), "nothing was said");
    // A server that was asked does what it was asked.
    let stands = || server.cli(&["GET", RECORD]).matches("\"id\":\"ch_").count();
    until("the server did it", || stands() == reserved);
    assert_eq!(codes(&machine).len(), out, "{on:?} {commit}");
    held(&server, 1);
    if same_key {
        let (exit, document) = when_it_is_free(&machine, &words);
        assert_eq!(exit, later, "{on:?} {commit}: {document}");
        if exit == 27 {
            assert!(document["hint"].as_str().unwrap().contains("otpctl inspect ch_"), "{document}");
        }
        assert_eq!(codes(&machine).len(), if later == 0 { 1 } else { out }, "one SMS at most: {on:?} {commit}");
    } else {
        let (exit, document) = when_it_is_free(&machine, &["send", PHONE, "--timeout", "10s"]);
        assert_eq!(exit, 0, "{on:?} {commit}: {document}");
        assert_eq!(codes(&machine).len(), out + 1);
    }
    held(&server, 1);
    // All codes together have one budget of tries, and one acceptance.
    let codes = codes(&machine);
    let taken: Vec<Ran> = codes.iter().rev().map(|code| machine.verify(PHONE, code)).collect();
    let (accepted, record) = (taken.iter().filter(|ran| ran.code == 0).count(), server.cli(&["GET", RECORD]));
    assert_eq!(accepted, usize::from(!codes.is_empty()), "{on:?} {commit} {same_key}: {taken:?} {record}");
}

/// Telnyx, as far as a send sees it; each answer is given when the test says so.
struct Held {
    gateway: Gateway,
    /// Dropped, or told: the answers come.
    _release: Mutex<Sender<()>>,
}

impl Held {
    fn start() -> Self {
        let (release, held) = channel::<()>();
        let held = Mutex::new(held);
        let gateway = Gateway::answering(200, move |_| {
            // It ends when the other side is dropped, or in any case with the patience of a test.
            let _ = held.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(Duration::from_secs(60));
            TAKEN.to_owned()
        });
        Self { gateway, _release: Mutex::new(release) }
    }

    fn machine(&self, server: &RedisServer) -> Machine {
        let provider = "[providers.telnyx]\napi_key = \"KEY0123\"\nfrom = \"+13125550100\"\n";
        let policy = "[policy]\ncountries = [\"IN\"]\n";
        let base = format!("base_url = \"{}\"\n", self.gateway.base_url);
        machine_with(&format!("{policy}{provider}{base}"), &at(server.port()))
    }
}

#[test]
fn a_code_that_was_on_its_way_shares_its_attempts_with_the_next() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let machine = machine(&at(proxy.port()));
    let first = super::harness::sent(&machine, PHONE);
    proxy.inject(Fault::new(On::Request, Toxic::Silence).about(COMMIT).after(1));
    let child = machine.command(&["send", PHONE, "--timeout", "1s"]).spawn().unwrap();
    proxy.wait_for(1);
    signalled(child, Signal::KILL);
    held(&server, 2);
    let codes = codes(&machine);
    assert_eq!((codes.len(), codes[0] == first), (2, true), "the SMS of the second is out");
    for left in (1..=4).rev() {
        let typed = crate::support::cli::wrong_codes(&first).find(|typed| *typed != codes[1]).unwrap();
        let answer = ends(&machine, &["verify", PHONE, &typed], End::of(10, "", &[])).1;
        assert_eq!(answer["attempts_left"], left, "a try looks at both");
    }
    // The one that was killed works; then the other does not.
    ends(&machine, &["verify", PHONE, &codes[1]], YES);
    ends(&machine, &["verify", PHONE, &codes[0]], End::of(11, "", &[]));
    holds(&server);
}

#[test]
fn a_signal_during_the_call_of_the_provider_says_what_is_known() {
    let server = RedisServer::start();
    let mut fastest = Duration::MAX;
    for (turn, (signal, exit, code)) in
        [(Signal::INT, 130, "SIGINT"), (Signal::TERM, 143, "SIGTERM"), (Signal::INT, 130, "SIGINT")]
            .into_iter()
            .enumerate()
    {
        let held = Held::start();
        let machine = held.machine(&server);
        let phone = format!("+91987654321{turn}");
        let child = machine.command(&["send", &phone, "--json"]).spawn().unwrap();
        until("the provider is asked", || !held.gateway.requests().is_empty());
        let ended = signalled(child, signal);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(exit), ""), "{}", ended.stderr);
        let error: Value = serde_json::from_str(ended.stderr.lines().last().unwrap()).unwrap();
        assert_eq!((&error["code"], &error["outcome"]), (&code.into(), &"unknown".into()), "{error}");
        assert!(error["message"].as_str().unwrap().contains("may have been sent"), "{error}");
        let id = error["challenge_id"].as_str().unwrap();
        assert!(id.starts_with("ch_") && error["hint"] == format!("otpctl inspect {id}"), "{error}");
        fastest = fastest.min(ended.after);
        self::held(&server, 1);
    }
    assert!(fastest < Duration::from_millis(200), "{fastest:?}");
}

#[test]
fn a_signal_while_a_lost_answer_is_looked_for_says_what_is_known() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let machine = machine(&at(proxy.port()));
    let code = super::harness::sent(&machine, PHONE);
    proxy.inject(Fault::new(On::Answer, Toxic::Reset).about(COMMIT));
    proxy.inject(Fault::new(On::Request, Toxic::Silence).about(LOAD).after(1));
    let words = ["verify", PHONE, &code, "--attempt-id", "mine", "--json"];
    let child = machine.command(&words).spawn().unwrap();
    proxy.wait_for(2);
    let ended = signalled(child, Signal::INT);
    let error: Value = serde_json::from_str(ended.stderr.lines().last().unwrap()).unwrap();
    assert_eq!((ended.code, &error["outcome"]), (Some(130), &"unknown".into()), "{error}");
    assert_eq!(error["attempt_id"], "mine", "{error}");
    assert_eq!(ends(&machine, &words[..5], YES).1["replayed"], true, "it had been taken");
    holds(&server);
}

#[test]
fn a_result_that_nobody_reads_or_that_cannot_be_written_is_still_done() {
    let server = RedisServer::start();
    let machine = machine(&at(server.port()));
    let mut child = machine.command(&["send", PHONE, "--json"]).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "a closed pipe ends the writing, not the meaning");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "in silence");
    let mut child = machine.command(&["list", "--json"]).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
    for words in [&["send", PHONE, "--json"] as &[&str], &["send", PHONE], &["list", "--json"], &["inspect", PHONE]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let child = machine.command(words).stdout(Stdio::from(full)).spawn().unwrap();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{words:?}: {stderr}");
        assert!(stderr.contains("No space left") && stderr.contains("could not be written"), "{words:?}: {stderr}");
        assert_eq!(stderr.contains("otpctl inspect ch_"), words[0] == "send", "the id is not lost: {stderr}");
    }
    assert_eq!(codes(&machine).len(), 3, "each was sent, whoever heard of it");
    holds(&server);
}

#[test]
fn a_batch_killed_half_way_and_repeated_sends_each_once() {
    const MANY: usize = 300;
    let server = RedisServer::start();
    let machine = machine_with(OUTBOX, &at(server.port()));
    let lines: Vec<String> = (0..MANY).map(|index| format!("+9198{:04}{index:04}", index * 7 % 9973)).collect();
    machine.write("phones", &lines.join("\n"));
    let once = ["--idempotency-key", "once", "--concurrency", "1"];
    let words = [&["send", "--from", "phones", "--timeout", "60s", "-o", "jsonl"][..], &once].concat();
    // A pipe that nobody reads would be full.
    let told = machine.path("told");
    let child = machine.command(&words).stdout(File::create(&told).unwrap()).spawn().unwrap();
    until("half of it is done", || codes(&machine).len() >= MANY / 2);
    signalled(child, Signal::KILL);
    let told = std::fs::read_to_string(told).unwrap();
    let told = told.lines().filter(|line| line.contains("\"exit\":0")).count();
    let out = codes(&machine).len();
    assert!(told <= out && out <= told + 1 && out < MANY, "each was told at once: {told} of {out}");
    let again = machine.run(&words);
    assert!(matches!(again.code, 0 | 19), "{again:?}");
    let mut each: BTreeMap<String, usize> = BTreeMap::new();
    for line in machine.outbox() {
        *each.entry(line["phone"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert!(each.values().all(|times| *times == 1), "each line once");
    // The one that it was killed at is not known; the key does not send it again.
    assert!(each.len() >= MANY - 1, "{} of {MANY}", each.len());
    let replayed = again.stdout.lines().filter(|line| line.contains("\"replayed\":true")).count();
    assert!((told.saturating_sub(1)..=out).contains(&replayed), "{replayed} of {told}");
    holds(&server);
}
