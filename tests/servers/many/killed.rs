//! A batch with a checkpoint that is killed at any moment, again and again: each line is done once, or told to be in doubt.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use super::{by_gateway, phones, rows};
use crate::support::cli::{FREE, Machine};
use crate::support::gateway::Gateway;
use crate::support::until::until;

/// A sequence of numbers that looks like chance, and is the same in each run.
fn chance(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |most| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % most
    }
}

/// How often each number was sent to.
fn sent(gateway: &Gateway) -> BTreeMap<String, usize> {
    let mut sent = BTreeMap::new();
    for request in gateway.requests() {
        // Who was killed while it wrote has sent nothing.
        let body = request.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str::<Value>(body).ok());
        let Some(body) = body else { continue };
        *sent.entry(format!("+{}", body["to"].as_str().unwrap())).or_default() += 1;
    }
    sent
}

/// So many runs are held until they are killed.
const HELD: usize = 4;

/// A gateway that answers so many requests and no more.
struct Answering {
    gateway: Gateway,
    most: Arc<AtomicUsize>,
}

impl Answering {
    fn start() -> Self {
        let most = Arc::new(AtomicUsize::new(0));
        let may = Arc::clone(&most);
        let gateway = Gateway::replying(move |turn, _| {
            while turn >= may.load(Ordering::SeqCst) {
                sleep(Duration::from_millis(1));
            }
            ("200 OK".to_owned(), r#"{"id":"m1"}"#.to_owned())
        });
        Self { gateway, most }
    }
}

/// Runs it, and kills it at a moment that nobody chose, until one run comes to its end by itself. What all runs printed.
///
/// What a run has done says when it is killed, not the time that it took. The first runs get no answers beyond that, so
/// that none of them comes to its end however fast it is.
fn killed_until_it_ends(machine: &Machine, words: &[&str], at: &Answering, lines: usize) -> (usize, String) {
    let gateway = &at.gateway;
    let (mut chance, told) = (chance(7), machine.path("told"));
    for run in 0.. {
        assert!(run < 200, "it comes to no end");
        // Some are killed before the first message is out.
        let more = if run % 4 == 0 { 0 } else { chance(lines as u64 / 8) };
        let enough = gateway.asked() + usize::try_from(more).unwrap();
        at.most.store(if run < HELD { enough } else { usize::MAX }, Ordering::SeqCst);
        let out = OpenOptions::new().create(true).append(true).open(&told).unwrap();
        let log = File::create(machine.path("stderr")).unwrap();
        let mut child = machine.command(words).stdout(out).stderr(log).spawn().unwrap();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                let stderr = std::fs::read_to_string(machine.path("stderr")).unwrap();
                assert!(matches!(status.code(), Some(0 | 19)), "{status:?}: {stderr}");
                return (run, std::fs::read_to_string(&told).unwrap());
            }
            if gateway.asked() >= enough {
                sleep(Duration::from_millis(chance(20)));
                child.kill().unwrap();
                child.wait().unwrap();
                break;
            }
            sleep(Duration::from_millis(1));
        }
    }
    unreachable!("the loop ends by itself");
}

/// The exits that were told for each line.
fn exits(told: &str) -> HashMap<u64, Vec<i64>> {
    let mut exits: HashMap<u64, Vec<i64>> = HashMap::new();
    for row in rows(told) {
        exits.entry(row["line_number"].as_u64().unwrap()).or_default().push(row["exit"].as_i64().unwrap());
    }
    exits
}

fn each_line_is_sent_once(machine: &Machine, lines: usize) {
    let answering = Answering::start();
    let gateway = &answering.gateway;
    by_gateway(machine, gateway);
    let phones = phones(lines);
    machine.write("phones", &phones.join("\n"));
    let words = ["send", "--from", "phones", "--checkpoint", "done", "-o", "jsonl", "-q"];
    let (kills, told) = killed_until_it_ends(machine, &words, &answering, lines);
    assert!(kills > 3, "it was killed {kills} times");
    let (sent, exits) = (sent(gateway), exits(&told));
    assert_eq!(sent.values().max(), Some(&1), "none twice");
    for (index, phone) in phones.iter().enumerate() {
        let told = exits.get(&(index as u64 + 1)).cloned().unwrap_or_default();
        let in_doubt = told.contains(&27);
        assert!(sent.contains_key(phone) || in_doubt, "line {} was not sent, and not told: {told:?}", index + 1);
        assert!(told.iter().all(|exit| matches!(exit, 0 | 27)), "{told:?}");
    }
    // The result of a line that ended is not lost with the process: it may only be missing where the kill came between the
    // two writes.
    let missing = phones.iter().enumerate().filter(|(index, _)| !exits.contains_key(&(*index as u64 + 1))).count();
    assert!(missing <= kills * 8, "{missing} lines were never told, after {kills} kills");
    let checkpoint = std::fs::read_to_string(machine.path("done")).unwrap();
    assert!(phones.iter().all(|phone| !checkpoint.contains(&phone[3..])), "no number is in the checkpoint");
    // Once more: nothing is left to do.
    let again = machine.run(&words);
    assert_eq!((again.exits(0).stdout.as_str(), self::sent(gateway).len()), ("", sent.len()));
    let counted = machine.run(&["send", "--from", "phones", "--checkpoint", "done", "--json"]).json();
    assert_eq!((&counted["skipped"], &counted["done"]), (&lines.into(), &0.into()), "{counted}");
}

#[test]
fn a_batch_that_is_killed_at_any_moment_sends_each_line_once_on_redis() {
    each_line_is_sent_once(&Machine::on_redis(""), 1500);
}

#[test]
fn a_batch_that_is_killed_at_any_moment_sends_each_line_once_on_the_embedded_store() {
    each_line_is_sent_once(&Machine::new(), 250);
}

#[test]
fn a_change_that_was_under_way_is_told_and_not_made_again() {
    let machine = Machine::with(FREE);
    let phones = phones(3);
    machine.write("phones", &phones.join("\n"));
    let words = ["revoke", "--from", "phones", "--checkpoint", "done", "-o", "jsonl"];
    machine.send(&phones[1]);
    machine.run(&words).exits(0);
    // As if it had been killed before the end of line 2.
    let text = std::fs::read_to_string(machine.path("done")).unwrap();
    let whole: Vec<&str> = text.lines().filter(|line| !line.starts_with("end 2 ")).collect();
    let cut = whole.join("\n") + "\n";
    machine.write("done", &cut);
    let rows = rows(&machine.run(&words).exits(19).stdout);
    assert_eq!((rows.len(), &rows[0]["line_number"], &rows[0]["exit"]), (1, &2.into(), &23.into()), "{rows:?}");
    assert_eq!(rows[0]["error"]["outcome"], "unknown");
    machine.run(&words).exits(0);
}

#[test]
fn what_was_refused_for_now_is_tried_again_and_what_was_refused_for_good_is_not() {
    let machine = Machine::with("[limits]\ncooldown = [\"1h\"]\nper_prefix = {}\nper_country = {}\n");
    let phones = phones(2);
    machine.write("phones", &format!("{}\nnot a phone\n{}\n", phones[0], phones[1]));
    machine.send(&phones[1]);
    let words = ["send", "--from", "phones", "--checkpoint", "done", "-o", "jsonl"];
    let first = exits(&machine.run(&words).exits(19).stdout);
    assert_eq!((&first[&1], &first[&2], &first[&3]), (&vec![0], &vec![2], &vec![13]));
    machine.run(&["unlock", &phones[1], "--limits"]).exits(0);
    let second = exits(&machine.run(&words).exits(0).stdout);
    assert_eq!(second, HashMap::from([(3, vec![0])]));
}

#[test]
fn a_checkpoint_of_another_batch_is_refused_before_anything_is_done() {
    let machine = Machine::with(FREE);
    let phones = phones(3);
    machine.write("phones", &phones.join("\n"));
    let words = ["send", "--from", "phones", "--checkpoint", "done"];
    machine.run(&words).exits(0);
    let before = machine.run(&["list", "--json"]).json();
    let refused = |words: &[&str], why: &str| {
        let ran = machine.run(words);
        assert!(ran.exits(2).stderr.contains(why), "{}", ran.stderr);
        assert!(ran.stderr.contains("hint:"), "{}", ran.stderr);
    };
    machine.write("phones", &format!("{}\n{}\n{}\n", phones[0], phones[2], phones[1]));
    refused(&words, "line 2 of phones is not the one");
    machine.write("phones", &phones[..2].join("\n"));
    refused(&words, "is not the one");
    machine.write("phones", &phones.join("\n"));
    refused(&[&words[..], &["--purpose", "pay"]].concat(), "another command, or to other options");
    refused(&["revoke", "--from", "phones", "--checkpoint", "done"], "another command");
    refused(&["send", "--from", "phones", "--checkpoint", "phones"], "is not a checkpoint");
    // Lines may come at its end.
    machine.write("phones", &format!("{}\n+919876543299\n", phones.join("\n")));
    let more = machine.run(&[&words[..], &["--json"]].concat()).exits(0).json();
    assert_eq!((&more["skipped"], &more["done"]), (&3.into(), &1.into()));
    let after = machine.run(&["list", "--json"]).json();
    let count = |list: &Value| list["codes"].as_array().unwrap().len();
    assert_eq!((count(&before), count(&after)), (3, 4));
}

#[test]
fn a_checkpoint_has_one_run_at_a_time_and_is_its_owners() {
    let machine = Machine::with(FREE);
    let (called, go) = (machine.path("called"), machine.path("go"));
    let slow = format!("touch {}; until [ -e {} ]; do sleep 0.02; done", called.display(), go.display());
    let slow = machine.program("slow", &slow);
    machine.configure(&format!(
        "{FREE}[policy]\ncountries = [\"IN\"]\n[providers.slow]\nkind = \"command\"\nargv = [\"{slow}\"]\n"
    ));
    machine.write("phones", &phones(2).join("\n"));
    let words = ["send", "--from", "phones", "--checkpoint", "done", "--yes"];
    let child = machine.command(&words).spawn().unwrap();
    until("it is begun", || called.exists());
    let other = machine.run(&words);
    assert!(other.exits(15).stderr.contains("in use by another run"), "{}", other.stderr);
    machine.write("go", "");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
    assert_eq!(std::fs::metadata(machine.path("done")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_full_disk_stops_the_batch_and_nothing_is_sent_twice() {
    let machine = Machine::new();
    let gateway = Gateway::start(200, r#"{"id":"m1"}"#);
    by_gateway(&machine, &gateway);
    let lines = 400;
    machine.write("phones", &phones(lines).join("\n"));
    std::fs::create_dir_all(machine.path("small")).unwrap();
    let words = ["send", "--from", "phones", "--checkpoint", "small/done", "-o", "jsonl"];
    let Some(ran) = machine.run_on_small_disk("small", "16k", &words) else { return };
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("the checkpoint") && ran.stderr.contains("cannot be written"), "{}", ran.stderr);
    assert!(ran.stderr.contains("not tried"), "{}", ran.stderr);
    let sent = sent(&gateway);
    assert!(sent.len() < lines && sent.values().all(|times| *times == 1), "{} of {lines}", sent.len());
    let told = rows(&ran.stdout).iter().filter(|row| row["exit"] == 0).count();
    assert_eq!(told, sent.len(), "each that was sent is told");
}
