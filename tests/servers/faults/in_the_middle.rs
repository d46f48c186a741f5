//! The way breaks between the question and the answer, the server loses what it had, or a clock is wrong.

use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::harness::{
    End, OUTBOX, at, codes, configure, ends, failures, holds, machine, machine_with, one_is_taken, sent, wrong,
};
use super::{PHONE, RECORD};
use crate::servers::clock;
use crate::servers::deployments::Watched;
use crate::servers::proxy::{COMMIT, Fault, LOAD, On, Proxy, Toxic};
use crate::servers::redis::{Make, RedisServer};
use crate::support::AT_ONCE;
use crate::support::cli::Machine;
use crate::support::port::closed_port;
use crate::support::until::until;

const YES: End = End::of(0, "", &[]);
const NO: End = End::of(10, "", &[]);
/// A send without quotas over many phones commits twice: the reservation, and the end.
const COMMITS: usize = 2;

/// A Redis, a way to it that can be spoiled, and a machine at the other end.
struct Line {
    server: RedisServer,
    proxy: Proxy,
    machine: Machine,
}

impl Line {
    fn new() -> Self {
        let server = RedisServer::start();
        let proxy = Proxy::to(server.port());
        let machine = machine(&at(proxy.port()));
        Self { server, proxy, machine }
    }

    /// A send in the middle of which this happens, and which ends well; of all its codes one is taken.
    #[track_caller]
    fn sends_once(&self, fault: Fault) {
        self.server.cli(&["FLUSHALL"]);
        let before = codes(&self.machine).len();
        let struck = self.proxy.struck();
        self.proxy.inject(fault);
        ends(&self.machine, &["send", PHONE], YES);
        assert!(self.proxy.struck() > struck, "{fault:?} did not happen");
        self.proxy.heal();
        assert_eq!(codes(&self.machine).len(), before + 1, "one SMS: {fault:?}");
        assert_eq!(self.reservations(), 1, "one reservation: {fault:?}");
        one_is_taken(&self.machine, PHONE, before);
        holds(&self.server);
    }

    /// How many codes the record knows.
    fn reservations(&self) -> usize {
        self.server.cli(&["GET", RECORD]).matches("\"id\":\"ch_").count()
    }

    /// A verify in the middle of which this happens, and how it must end.
    #[track_caller]
    fn verifies(&self, code: &str, fault: Fault, end: End) {
        let struck = self.proxy.struck();
        self.proxy.inject(fault);
        ends(&self.machine, &["verify", PHONE, code], end);
        assert!(self.proxy.struck() > struck, "{fault:?} did not happen");
        self.proxy.heal();
        holds(&self.server);
    }
}

fn cut(on: On, toxic: Toxic) -> Fault {
    Fault::new(on, toxic)
}

#[test]
fn a_reset_before_the_request_is_written_is_tried_again() {
    let line = Line::new();
    line.sends_once(cut(On::Connecting, Toxic::Reset));
    line.sends_once(cut(On::Connecting, Toxic::Down));
    for about in [LOAD, COMMIT] {
        line.sends_once(cut(On::Request, Toxic::Reset).about(about));
        line.sends_once(cut(On::Request, Toxic::Limit(100)).about(about));
    }
}

#[test]
fn a_send_is_one_sms_whichever_answer_is_lost() {
    let line = Line::new();
    for commits in 0..COMMITS {
        for toxic in [Toxic::Reset, Toxic::Down, Toxic::Limit(3)] {
            line.sends_once(cut(On::Answer, toxic).about(COMMIT).after(commits));
        }
    }
    // What it loaded first is carried on to the end.
    line.sends_once(cut(On::Answer, Toxic::Reset).about(LOAD));
    // Unless a commit was lost: then it looks, and that answer may be lost too.
    for commits in 0..COMMITS {
        line.proxy.inject(cut(On::Answer, Toxic::Reset).about(LOAD).after(1));
        line.sends_once(cut(On::Answer, Toxic::Reset).about(COMMIT).after(commits));
    }
    // Asked again with the same key, it finds its own.
    line.proxy.inject(cut(On::Answer, Toxic::Reset).about(COMMIT).after(1).for_good());
    let words = ["send", PHONE, "--idempotency-key", "once"];
    let first = ends(&line.machine, &words, End::of(23, "STORE_UNKNOWN", &["once"])).1;
    assert_eq!(first["idempotency_key"], "once");
    line.proxy.heal();
    let before = codes(&line.machine).len();
    let ran = line.machine.run(&[&words[..], &["--json"]].concat());
    assert!(matches!(ran.code, 0 | 13 | 27), "it says what is known: {ran:?}");
    assert!(codes(&line.machine).len() - before <= 1);
    holds(&line.server);
}

#[test]
fn a_verify_whose_answer_is_lost_counts_once() {
    let line = Line::new();
    for (count, toxic) in [Toxic::Reset, Toxic::Down, Toxic::Limit(3)].into_iter().enumerate() {
        let code = sent(&line.machine, PHONE);
        line.verifies(&wrong(&code), cut(On::Answer, toxic).about(COMMIT), NO);
        assert_eq!(failures(&line.server), 1, "counted once");
        line.verifies(&code, cut(On::Answer, toxic).about(COMMIT), YES);
        assert_eq!(failures(&line.server), 0);
        ends(&line.machine, &["verify", PHONE, &code], End::of(11, "", &[]));
        assert_eq!(codes(&line.machine).len(), count + 1);
    }
}

#[test]
fn an_answer_that_is_lost_for_good_is_unknown() {
    let line = Line::new();
    let code = sent(&line.machine, PHONE);
    line.proxy.inject(cut(On::Answer, Toxic::Reset).about(COMMIT).for_good());
    let unknown = End::of(23, "STORE_UNKNOWN", &["the code may have been used", "--attempt-id"]);
    let error = ends(&line.machine, &["verify", PHONE, &code], unknown).1;
    let id = error["attempt_id"].as_str().unwrap();
    assert!(error["hint"].as_str().unwrap().contains(&format!("otpctl verify {PHONE} --attempt-id {id}")), "{error}");
    assert!(!error.to_string().contains(&code), "{error}");
    line.proxy.heal();
    let again = ends(&line.machine, &["verify", PHONE, &code, "--attempt-id", id], YES).1;
    assert_eq!(again["replayed"], true);
    ends(&line.machine, &["verify", PHONE, &code], End::of(11, "", &[]));
    holds(&line.server);
}

#[test]
fn a_late_answer_is_waited_for_and_counted_once() {
    let line = Line::new();
    let late = |about| cut(On::Answer, Toxic::Latency(Duration::from_secs(3))).about(about);
    let code = sent(&line.machine, PHONE);
    // Longer than the client's own 500 ms: it is waited for, and not asked again.
    let slow = cut(On::Answer, Toxic::Latency(Duration::from_millis(900))).always();
    line.verifies(&wrong(&code), slow, NO);
    assert_eq!((failures(&line.server), line.proxy.connections()), (1, 2));
    line.verifies(&wrong(&code), late(COMMIT), NO);
    line.verifies(&wrong(&code), late(LOAD), NO);
    assert_eq!(failures(&line.server), 3, "each once");
    line.verifies(&code, late(COMMIT), YES);
    // And if it never becomes better:
    let code = sent(&line.machine, PHONE);
    line.proxy.inject(cut(On::Answer, Toxic::Silence).about(COMMIT).always());
    line.proxy.inject(cut(On::Answer, Toxic::Silence).about(LOAD).after(1).always());
    let unknown = End::of(23, "STORE_UNKNOWN", &["--attempt-id"]);
    let words = ["verify", PHONE, &code, "--timeout", "5s", "--attempt-id", "mine"];
    ends(&line.machine, &words, unknown);
    line.proxy.heal();
    ends(&line.machine, &words, YES);
    holds(&line.server);
}

#[test]
fn answers_in_slices_slow_or_cut_off_count_once() {
    let line = Line::new();
    for on in [On::Request, On::Answer] {
        line.sends_once(cut(on, Toxic::Slices(Duration::from_micros(10))).always());
        // An answer has two seconds.
        line.sends_once(cut(on, Toxic::Bandwidth(16_000)).about(COMMIT).always());
    }
    for about in [LOAD, COMMIT] {
        line.sends_once(cut(On::Answer, Toxic::SlowClose(Duration::from_millis(50))).about(about));
    }
    for bytes in [1, 4, 9, 25] {
        line.sends_once(cut(On::Answer, Toxic::Limit(bytes)).about(COMMIT));
        line.sends_once(cut(On::Answer, Toxic::Limit(bytes)).about(LOAD));
        let code = sent(&line.machine, PHONE);
        line.verifies(&wrong(&code), cut(On::Answer, Toxic::Limit(bytes)).about(COMMIT), NO);
        assert_eq!(failures(&line.server), 1);
        line.verifies(&code, cut(On::Answer, Toxic::Limit(bytes)).about(COMMIT), YES);
    }
    let code = sent(&line.machine, PHONE);
    line.verifies(&code, cut(On::Answer, Toxic::Slices(Duration::from_micros(10))).always(), YES);
}

/// The master that this Sentinel names.
fn named_by(port: u16, more: &str) -> String {
    format!("sentinel = {{ master = \"otp\", nodes = [\"127.0.0.1:{port}\"] }}\n{more}\n")
}

#[test]
fn a_master_that_goes_away_during_a_verify_is_replaced() {
    let watched = Watched::start();
    let machine = machine(&named_by(watched.sentinel.port(), ""));
    let code = sent(&machine, PHONE);
    let id = ["verify", PHONE, &code, "--attempt-id", "mine"];
    ends(&machine, &id, YES);
    until("the replica has it", || watched.replica.cli(&["GET", RECORD]).contains("\"used\""));
    watched.master.crash();
    let again = ends(&machine, &[&id[..], &["--timeout", "30s"]].concat(), YES).1;
    assert_eq!(again["replayed"], true, "the new master answers by the id");
    ends(&machine, &["verify", PHONE, &code], End::of(11, "", &[]));
    let next = sent(&machine, PHONE);
    ends(&machine, &["verify", PHONE, &next], YES);
    holds(&watched.replica);
}

#[test]
fn a_failover_without_durability_can_lose_an_acceptance() {
    let watched = Watched::start();
    let lenient = machine(&named_by(watched.sentinel.port(), ""));
    let strict = "durability = { wait_replicas = 1, wait_ms = 200, strict = true }";
    let strict = machine(&named_by(watched.sentinel.port(), strict));
    let codes = [sent(&lenient, PHONE), sent(&lenient, "+919876543211")];
    let record = |number: &str| format!("otpctl:{{+91987654321{number}}}:record");
    until("the replica has both", || watched.replica.cli(&["EXISTS", &record("0"), &record("1")]) == "2");
    // The replica is there, and takes nothing in.
    let replica = watched.replica.pid();
    signal(&replica, Signal::STOP);
    watched.master.cli(&["CLIENT", "KILL", "TYPE", "REPLICA"]);
    ends(&lenient, &["verify", PHONE, &codes[0]], YES);
    let unsure = End::of(23, "STORE_UNKNOWN", &["0 of 1 replicas"]);
    ends(&strict, &["verify", "+919876543211", &codes[1]], unsure);
    watched.master.crash();
    signal(&replica, Signal::CONT);
    // The window that docs/guarantees.md names: what no replica had is undone, and the code is taken once more.
    let long = ["--timeout", "30s"];
    ends(&lenient, &[&["verify", PHONE, &codes[0]], &long[..]].concat(), YES);
    // Who was told 23 was not told yes: for him this is the first.
    let alone = End::of(23, "STORE_UNKNOWN", &["replicas"]);
    ends(&strict, &[&["verify", "+919876543211", &codes[1]], &long[..]].concat(), alone);
    ends(&lenient, &["verify", PHONE, &codes[0]], End::of(11, "", &[]));
    holds(&watched.replica);
}

fn signal(pid: &str, signal: Signal) {
    kill_process(Pid::from_raw(pid.parse().unwrap()).unwrap(), signal).unwrap();
}

#[test]
fn no_sentinel_and_no_such_master_are_unreachable() {
    let nobody = machine(&named_by(closed_port(), ""));
    ends(&nobody, &["send", PHONE], End::of(20, "STORE_UNREACHABLE", &["no Sentinel names the master `otp`"]));
    let watched = Watched::start();
    let store = named_by(watched.sentinel.port(), "").replace("\"otp\"", "\"another\"");
    let stranger = machine(&store);
    ends(&stranger, &["send", PHONE], End::of(20, "STORE_UNREACHABLE", &["`another`"]));
    assert_eq!((nobody.outbox().len(), stranger.outbox().len()), (0, 0));
}

#[test]
fn a_server_that_evicts_what_is_counted_is_refused_where_protected() {
    let server = RedisServer::start_with(&["--maxmemory", "64mb", "--maxmemory-policy", "volatile-lru"]);
    let open = machine(&at(server.port()));
    let code = sent(&open, PHONE);
    let machine = machine_with(&format!("protected = true\nreveal = true\n{OUTBOX}"), &at(server.port()));
    let file = machine.config().to_str().unwrap().to_owned();
    let named = |words: &[&str], end: End| ends(&machine, &[words, &["--config", &file, "--yes"]].concat(), end);
    let refused = End::of(22, "STORE_NOT_READY", &["volatile-lru", "evict"]);
    named(&["send", PHONE], refused);
    named(&["verify", PHONE, &code], refused);
    assert_eq!((machine.outbox().len(), failures(&server)), (0, 0));
    let accepted = format!("{}\naccept_eviction_risk = true", at(server.port()));
    configure(&machine, &format!("protected = true\nreveal = true\n{OUTBOX}"), &accepted);
    named(&["verify", PHONE, &code], YES);
    holds(&server);
}

#[test]
fn a_server_that_lost_everything_is_reported() {
    let server = RedisServer::start();
    let machine = machine(&at(server.port()));
    let forget: [&dyn Fn(); 2] = [&|| assert_eq!(server.cli(&["FLUSHALL"]), "OK"), &|| {
        server.crash();
        server.again();
    }];
    for forget in forget {
        let code = sent(&machine, PHONE);
        forget();
        let answer = ends(&machine, &["verify", PHONE, &code], End::of(11, "", &[])).1;
        assert_eq!(answer["reason"], "never_issued");
        let shown = ends(&machine, &["inspect", PHONE], YES).1;
        assert!(shown["live_code"].is_null(), "{shown}");
        // A server that began with nothing is told of. Whether this phone had a code is only known by the code's id.
        assert_eq!((&shown["checks"][0]["id"], &shown["checks"][0]["status"]), (&json!("store_reset"), &json!("warn")));
        assert_eq!(shown["verdict"], "NEVER_REQUESTED", "{shown}");
        let id = machine.outbox().last().unwrap()["challenge_id"].as_str().unwrap().to_owned();
        let shown = ends(&machine, &["inspect", &id], YES).1;
        assert_eq!(shown["verdict"], "STORE_RESET");
        assert_eq!((&shown["checks"][0]["id"], &shown["checks"][0]["status"]), (&json!("store_reset"), &json!("fail")));
        // What was sent since then hides nothing.
        sent(&machine, PHONE);
        assert_eq!(ends(&machine, &["inspect", &id], YES).1["verdict"], "STORE_RESET");
        assert_eq!(ends(&machine, &["inspect", PHONE], YES).1["verdict"], "NO_REPORT");
        server.cli(&["FLUSHALL"]);
        holds(&server);
    }
}

#[test]
fn a_server_that_tells_nothing_of_itself_is_looked_at_all_the_same() {
    let server = RedisServer::start_with(&["--rename-command", "INFO", ""]);
    let machine = machine(&at(server.port()));
    let shown = ends(&machine, &["inspect", PHONE], YES).1;
    assert_eq!((&shown["live_code"], &shown["checks"]), (&json!(null), &json!([])));
    sent(&machine, PHONE);
    assert_eq!(ends(&machine, &["inspect", PHONE], YES).1["live_code"]["state"], "sent");
}

#[test]
fn a_store_clock_that_jumps_is_the_time_that_counts() {
    // A client's clock that is a day off is in tests/servers/cli/clocks.rs. Here it is the server's clock that jumps.
    for offset in ["+1h", "-1h"] {
        // Debian's server does not run under faketime: its allocator asks for the time too early.
        let server = RedisServer::make(Make::Redis8, &["--appendonly", "yes", "--appendfsync", "always"]);
        let machine = machine(&at(server.port()));
        let code = sent(&machine, PHONE);
        let ttl = || server.cli(&["PTTL", RECORD]).parse::<i64>().unwrap();
        assert!((1..=3_600_000).contains(&ttl()));
        server.crash();
        clock::sweep();
        server.again_under(&["faketime", "-f", offset]);
        if offset == "+1h" {
            // By its clock the code is over: nothing is ever accepted after its end.
            ends(&machine, &["verify", PHONE, &code], End::of(11, "", &[]));
        } else {
            ends(&machine, &["verify", PHONE, &wrong(&code)], NO);
        }
        let next = sent(&machine, PHONE);
        ends(&machine, &["verify", PHONE, &next], YES);
        holds(&server);
    }
}

#[test]
fn a_connection_that_is_never_answered_ends_with_the_time() {
    let line = Line::new();
    let code = sent(&line.machine, PHONE);
    line.proxy.inject(cut(On::Connecting, Toxic::Silence).always());
    let started = Instant::now();
    scope(|scope| {
        let verify = || ends(&line.machine, &["verify", PHONE, &code], End::of(20, "STORE_UNREACHABLE", &[]));
        let send = || ends(&line.machine, &["send", PHONE, "--timeout", "3s"], End::of(20, "STORE_UNREACHABLE", &[]));
        scope.spawn(verify);
        scope.spawn(send);
    });
    assert!(started.elapsed() < AT_ONCE, "{:?}", started.elapsed());
    line.proxy.heal();
    until("nothing is held", || line.proxy.struck() > 0);
    sleep(Duration::from_millis(10));
    one_is_taken(&line.machine, PHONE, 0);
    assert_eq!(codes(&line.machine).len(), 1);
    holds(&line.server);
}

#[test]
fn a_revoke_of_all_that_breaks_off_says_how_far_it_came() {
    let line = Line::new();
    for phone in ["+919876543210", "+919876543211"] {
        line.machine.run(&["issue", phone]).exits(0);
    }
    // One question for the page of phones; then one for each phone before its own change.
    line.proxy.inject(cut(On::Request, Toxic::Reset).about(LOAD).after(2).always());
    let partly = line.machine.run(&["revoke", "--all", "--yes", "--json"]).exits(19).json();
    let failed = &partly["failed"][0];
    assert_eq!((&partly["revoked"], &failed["code"]), (&1.into(), &"STORE_UNREACHABLE".into()), "{partly}");
    line.proxy.heal();
    let rest = ends(&line.machine, &["revoke", "--all", "--yes"], YES).1;
    assert_eq!(rest["revoked"], 1);
}
