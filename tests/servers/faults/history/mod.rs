//! A history check in the manner of Jepsen: processes of the real binary work on few phones while the way to the store,
//! the store and the processes themselves fail; then `history_checker` looks whether what was answered can be true. A process costs
//! 5 ms, so the real one is used: `kill -9` is real then. An operation without an answer may or may not have happened.
//!
//! The small size runs with all tests; `scripts/soak` runs the others, which are ignored otherwise.

mod chaos;
mod history_checker;
mod leak;
mod moves;

use std::io::{Read as _, Seek as _, SeekFrom};
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use self::chaos::Scenario;
use self::history_checker::{HistoryChecker, Op, What};
use super::harness::{FREE, OUTBOX};
use crate::support::PATIENCE;
use crate::support::cli::Machine;

/// Few at a time, so that the operations meet.
const PHONES: usize = 3;
/// After so many sends others take their place: each may have a hundred in an hour.
const SENDS: usize = 80 * PHONES;
const WORKERS: usize = 8;
/// Guesses that a code stands.
const TRIES: usize = 3;
/// Locks short enough to end while it runs.
const LOCKS: &str = "locks = { 4 = \"1s\", 8 = \"2s\" }\n";

/// The settings of every machine here.
fn settings() -> String {
    format!("{OUTBOX}{}", FREE.replace("[limits]\n", &format!("[limits]\n{LOCKS}")))
}

/// Numbers that look like chance and can be had again: splitmix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let at = self.roll(u64::try_from(from.len()).unwrap().max(1));
        from.get(usize::try_from(at).unwrap())
    }
}

/// The time of the machine, which is the store's too.
#[expect(clippy::disallowed_methods, reason = "a test sees the clock from outside")]
fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

fn phone(index: usize) -> String {
    format!("+9198765{:05}", 43210 + index)
}

/// How far a history is. It lasts until enough happened, however long that takes where the machine is busy.
struct Course {
    /// Not over before this.
    least: Instant,
    /// Over at this, whatever happened; a history in which too little happened then fails.
    most: Instant,
    enough: AtomicBool,
    sends: AtomicUsize,
}

impl Course {
    fn lasts(time: Duration) -> Self {
        let least = Instant::now() + time;
        Self { least, most: least + PATIENCE, enough: AtomicBool::new(false), sends: AtomicUsize::new(0) }
    }

    fn is_over(&self) -> bool {
        let now = Instant::now();
        now >= self.least && (self.enough.load(Ordering::SeqCst) || now >= self.most)
    }

    /// One of the phones that are worked on now.
    fn phone(&self, dice: &mut Dice) -> usize {
        let before = self.sends.load(Ordering::SeqCst) / SENDS * PHONES;
        before + usize::try_from(dice.roll(PHONES as u64)).unwrap()
    }
}

/// What went out so far, read on from where it was read before.
#[derive(Default)]
struct Outbox {
    read: u64,
    lines: Vec<Value>,
}

impl Outbox {
    fn refresh(&mut self, machine: &Machine) {
        let Ok(mut file) = std::fs::File::open(machine.path(".config/otpctl/outbox.jsonl")) else { return };
        file.seek(SeekFrom::Start(self.read)).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        self.read += u64::try_from(whole).unwrap();
        self.lines.extend(text[..whole].lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
    }

    fn codes(&self, phone: &str) -> Vec<String> {
        let of = |line: &&Value| line["phone"] == phone;
        self.lines.iter().filter(of).map(|line| line["code"].as_str().unwrap().to_owned()).collect()
    }
}

/// What the workers share.
struct Scene<'a> {
    scenario: &'a dyn Scenario,
    machine: &'a Machine,
    outbox: Mutex<Outbox>,
    checker: Mutex<HistoryChecker>,
    next: AtomicUsize,
    course: Course,
}

impl Scene<'_> {
    /// One worker, until the end.
    fn work(&self, seed: u64) {
        let mut dice = Dice(seed);
        while !self.course.is_over() {
            let phone = self.course.phone(&mut dice);
            let (what, words) = self.choose(&mut dice, phone);
            let words = [words, ["--json", "--timeout", "6s"].map(str::to_owned).to_vec()].concat();
            let mut answered = self.run(&what, phone, &words, &mut dice);
            // As the exit code demands: again, with the same id.
            for _ in 0..3 {
                if answered || matches!(what, What::Revoke | What::Unlock) || dice.roll(3) == 0 {
                    break;
                }
                answered = self.run(&what, phone, &words, &mut dice);
            }
        }
    }

    fn choose(&self, dice: &mut Dice, phone: usize) -> (What, Vec<String>) {
        let number = self::phone(phone);
        let id = format!("id-{}", self.next.fetch_add(1, Ordering::SeqCst));
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        match dice.roll(100) {
            0..25 => {
                self.course.sends.fetch_add(1, Ordering::SeqCst);
                let ttl = ["2s", "60s"][usize::try_from(dice.roll(2)).unwrap()];
                let words = words(&["send", &number, "--ttl", ttl, "--idempotency-key", &id]);
                (What::Send(id), words)
            }
            25..85 => {
                let known = {
                    let mut outbox = self.outbox.lock().unwrap();
                    outbox.refresh(self.machine);
                    outbox.codes(&number)
                };
                let code = match dice.roll(10) {
                    0..6 => known.last().cloned(),
                    6..8 => dice.pick(&known).cloned(),
                    _ => None,
                };
                let code = code.unwrap_or_else(|| format!("{:06}", dice.roll(1_000_000)));
                let words = words(&["verify", &number, &code, "--attempt-id", &id]);
                (What::Verify(id), words)
            }
            85..93 => (What::Revoke, words(&["revoke", &number])),
            _ => (What::Unlock, words(&["unlock", &number])),
        }
    }

    /// Runs a command, which may be killed, and writes down what came of it. Says whether it is known.
    fn run(&self, what: &What, phone: usize, words: &[String], dice: &mut Dice) -> bool {
        let began = now();
        let mut child = self.machine.command(words).stdin(Stdio::null()).spawn().unwrap();
        if dice.roll(25) == 0 {
            std::thread::sleep(Duration::from_millis(dice.roll(40)));
            // It may have ended by itself.
            let _ = child.kill();
        }
        let (exit, stdout, stderr) = heard(child);
        let ended = now();
        let answer = serde_json::from_str(&stdout).ok();
        assert!(!stderr.contains("panicked"), "{words:?}: {stderr}");
        assert!(
            matches!(exit, None | Some(0 | 10 | 11 | 12 | 13 | 15 | 20 | 22 | 23 | 27)),
            "{words:?}: {exit:?} {stderr}"
        );
        let op = Op { phone, what: what.clone(), began, ended, exit, answer };
        let known = op.known();
        let mut checker = self.checker.lock().unwrap();
        checker.write(op);
        let enough = checker.is_worth_it(self.scenario.breaks()) && self.scenario.has_broken();
        self.course.enough.store(enough, Ordering::SeqCst);
        known
    }
}

fn heard(child: Child) -> (Option<i32>, String, String) {
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Lets them all work on a store for so long, and looks whether what they heard can be true. Says how much happened.
fn history(scenario: &dyn Scenario, time: Duration, seed: u64) -> String {
    let scene = Scene {
        scenario,
        machine: scenario.machine(),
        outbox: Mutex::default(),
        checker: Mutex::new(HistoryChecker::new(TRIES, scenario.reads_last())),
        next: AtomicUsize::new(0),
        course: Course::lasts(time),
    };
    std::thread::scope(|scope| {
        for worker in 0..WORKERS {
            let scene = &scene;
            scope.spawn(move || scene.work(seed.wrapping_mul(31) + worker as u64));
        }
        scope.spawn(|| scenario.break_things(&scene.course, &mut Dice(seed)));
    });
    let broke = scenario.look();
    let mut outbox = scene.outbox.into_inner().unwrap();
    outbox.refresh(scenario.machine());
    let checker = scene.checker.into_inner().unwrap();
    checker.check(&outbox.lines);
    assert!(checker.is_worth_it(scenario.breaks()), "{}", checker.summary());
    format!("{}{broke}", checker.summary())
}

#[test]
fn what_is_answered_is_true_whatever_breaks() {
    println!("{}", history(&chaos::Alone::start(), Duration::from_secs(12), 1));
    println!("{}", history(&chaos::File::start(), Duration::from_secs(4), 1));
}

#[test]
fn what_is_answered_is_true_while_slots_move_and_nodes_are_killed() {
    println!("{}", history(&moves::Wandering::start(), Duration::from_secs(15), 1));
}

#[test]
fn what_is_answered_is_true_while_replicas_take_over() {
    println!("{}", history(&moves::Relayed::start(), Duration::from_secs(15), 1));
}

/// What `scripts/soak` asks for.
#[expect(clippy::disallowed_methods, reason = "a test is told by the environment how long it is")]
fn wanted(name: &str, usual: &str) -> String {
    std::env::var(name).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| usual.to_owned())
}

#[test]
#[ignore = "as long as one likes: scripts/soak runs it"]
fn soak_histories() {
    let time = Duration::from_secs(wanted("OTPCTL_SOAK_SECONDS", "60").parse().unwrap());
    let seed = u64::try_from(now()).unwrap();
    for kind in wanted("OTPCTL_SOAK_STORES", "embedded standalone cluster replicas sentinel").split_whitespace() {
        let scenario: Box<dyn Scenario> = match kind {
            "embedded" => Box::new(chaos::File::start()),
            "standalone" => Box::new(chaos::Alone::start()),
            "cluster" => Box::new(moves::Wandering::start()),
            "replicas" => Box::new(moves::Relayed::start()),
            "sentinel" => Box::new(chaos::OfSentinel::start()),
            other => panic!("no store is called {other}"),
        };
        println!("{kind}, seed {seed}: {}", history(scenario.as_ref(), time, seed));
    }
}
