//! A command that is stopped at each of its questions to the store says of itself only what is true: `not_done` where
//! nothing was done, `done` where all of it was.

use std::io::Write as _;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::harness::{FREE, at, codes, machine, sent};
use super::{PHONE, RECORD};
use crate::servers::machine::embedded_and_redis;
use crate::servers::proxy::{Fault, On, Proxy, Toxic};
use crate::servers::redis::RedisServer;
use crate::support::PATIENCE;
use crate::support::cli::{Machine, wrong_codes};

const OTHER: &str = "+919876543211";
const OTHERS: &str = "otpctl:{+919876543211}:record";
const USERS: &str = "otpctl:{+919876543210}:users";
const OTHERS_USERS: &str = "otpctl:{+919876543211}:users";

/// How much of what was asked for is done, as the store itself has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Real {
    Nothing,
    Part,
    All,
}

/// A Redis, a way to it that can be cut, and a machine at the other end.
struct Setup {
    server: RedisServer,
    proxy: Proxy,
    machine: Machine,
}

/// A command that writes.
struct Case {
    name: &'static str,
    /// What stands before it; gives the words of the command, and what stands on its standard input.
    ready: fn(&Setup) -> (Vec<String>, String),
    real: fn(&Setup) -> Real,
}

fn words(words: &[&str]) -> (Vec<String>, String) {
    (words.iter().map(|word| (*word).to_owned()).collect(), String::new())
}

impl Setup {
    fn record(&self, key: &str) -> String {
        self.server.cli(&["GET", key])
    }

    /// In how many of the two phones' records these words stand.
    fn of_two(&self, words: &str) -> Real {
        match [RECORD, OTHERS].iter().filter(|key| self.record(key).contains(words)).count() {
            0 => Real::Nothing,
            1 => Real::Part,
            _ => Real::All,
        }
    }

    fn all_if(all: bool) -> Real {
        if all { Real::All } else { Real::Nothing }
    }

    fn link_two(&self) {
        for phone in [PHONE, OTHER] {
            self.machine.run(&["user", "link", "u_1", phone]).exits(0);
        }
    }

    fn issue_two(&self) {
        for phone in [PHONE, OTHER] {
            self.machine.run(&["issue", phone]).exits(0);
        }
    }
}

const CASES: &[Case] = &[
    Case {
        name: "send",
        ready: |_| words(&["send", PHONE, "--idempotency-key", "once"]),
        real: |setup| match (codes(&setup.machine).len(), setup.record(RECORD).contains("\"id\":\"ch_")) {
            (0, false) => Real::Nothing,
            (0, true) => Real::Part,
            _ => Real::All,
        },
    },
    Case {
        name: "issue",
        ready: |_| words(&["issue", PHONE]),
        real: |setup| Setup::all_if(setup.record(RECORD).contains("\"id\":\"ch_")),
    },
    Case {
        name: "verify, right",
        ready: |setup| {
            let code = sent(&setup.machine, PHONE);
            words(&["verify", PHONE, &code, "--attempt-id", "mine"])
        },
        real: |setup| Setup::all_if(setup.record(RECORD).contains("\"used\"")),
    },
    Case {
        name: "verify, wrong",
        ready: |setup| {
            let code = sent(&setup.machine, PHONE);
            words(&["verify", PHONE, &wrong_codes(&code).next().unwrap(), "--attempt-id", "mine"])
        },
        real: |setup| Setup::all_if(setup.record(RECORD).contains("\"failures\":1")),
    },
    Case {
        name: "revoke",
        ready: |setup| {
            setup.issue_two();
            words(&["revoke", PHONE])
        },
        real: |setup| Setup::all_if(setup.record(RECORD).contains("\"revoked\"")),
    },
    Case {
        name: "revoke two",
        ready: |setup| {
            setup.issue_two();
            words(&["revoke", PHONE, OTHER])
        },
        real: |setup| setup.of_two("\"revoked\""),
    },
    Case {
        name: "revoke all",
        ready: |setup| {
            setup.issue_two();
            words(&["revoke", "--all", "--yes"])
        },
        real: |setup| setup.of_two("\"revoked\""),
    },
    Case {
        name: "unlock",
        ready: |setup| {
            let code = sent(&setup.machine, PHONE);
            setup.machine.verify(PHONE, &wrong_codes(&code).next().unwrap()).exits(10);
            words(&["unlock", PHONE])
        },
        real: |setup| Setup::all_if(setup.record(RECORD).contains("\"failures\":0")),
    },
    Case {
        name: "user link",
        ready: |_| words(&["user", "link", "u_1", PHONE]),
        real: |setup| Setup::all_if(setup.record(USERS).contains("u_1")),
    },
    Case {
        name: "user unlink",
        ready: |setup| {
            setup.machine.run(&["user", "link", "u_1", PHONE]).exits(0);
            words(&["user", "unlink", "u_1", PHONE])
        },
        real: |setup| Setup::all_if(!setup.record(USERS).contains("u_1")),
    },
    Case {
        name: "user unlink from two",
        ready: |setup| {
            setup.link_two();
            words(&["user", "unlink", "u_1", "--yes"])
        },
        real: |setup| match [USERS, OTHERS_USERS].iter().filter(|key| setup.record(key).contains("u_1")).count() {
            2 => Real::Nothing,
            1 => Real::Part,
            _ => Real::All,
        },
    },
    Case {
        name: "user move",
        ready: |setup| {
            setup.machine.run(&["user", "link", "u_1", OTHER]).exits(0);
            words(&["user", "move", "u_1", PHONE])
        },
        real: |setup| match [USERS, OTHERS_USERS].map(|key| setup.record(key).contains("u_1")) {
            [false, _] => Real::Nothing,
            [true, true] => Real::Part,
            [true, false] => Real::All,
        },
    },
    Case {
        name: "store purge",
        ready: |setup| {
            setup.server.cli(&["SET", "otp:+919876543210", "042917"]);
            words(&["store", "purge", "--only", "plaintext_code", "--yes"])
        },
        real: |setup| Setup::all_if(setup.record("otp:+919876543210").is_empty()),
    },
    Case {
        name: "delivery record",
        ready: |setup| {
            let ids = [PHONE, OTHER].map(|phone| {
                let report = setup.machine.run(&["send", phone, "--json"]).exits(0).json();
                report["challenge_id"].as_str().unwrap().to_owned()
            });
            let report = |id: &String| format!("{{\"challenge_id\":\"{id}\",\"state\":\"delivered\"}}\n");
            (words(&["delivery", "record"]).0, ids.iter().map(report).collect())
        },
        real: |setup| setup.of_two("\"delivered\""),
    },
];

fn started(machine: &Machine, words: &[String], input: &str) -> Child {
    let mut child = machine.command(words).stdin(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child
}

fn terminate(child: &Child) {
    kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), Signal::TERM).unwrap();
}

/// Runs the command with its question of this number held, before it is asked or before it is answered. `false`: it
/// asked less.
fn stopped(setup: &Setup, case: &Case, on: On, number: usize, by_signal: bool) -> bool {
    // Its time is to be over at that question, and not before it on a busy machine.
    let times: &[u64] = if by_signal { &[0] } else { &[400, 2_000, 10_000] };
    times.iter().any(|millis| stopped_after(setup, case, on, number, (!by_signal).then_some(*millis)))
}

/// The same, with this time for the command; `None`: until a signal ends it.
fn stopped_after(setup: &Setup, case: &Case, on: On, number: usize, millis: Option<u64>) -> bool {
    let by_signal = millis.is_none();
    setup.server.cli(&["FLUSHALL"]);
    let _ = std::fs::remove_file(setup.machine.path(".config/otpctl/outbox.jsonl"));
    let (mut words, input) = (case.ready)(setup);
    if case.name == "delivery record" || case.name.starts_with("verify") || case.name == "unlock" {
        let _ = std::fs::remove_file(setup.machine.path(".config/otpctl/outbox.jsonl"));
    }
    words.push("--json".to_owned());
    words.extend(millis.map(|millis| format!("--timeout={millis}ms")));
    let before = setup.proxy.struck();
    setup.proxy.inject(Fault::new(on, Toxic::Silence).after(number));
    let mut child = started(&setup.machine, &words, &input);
    let patience = Instant::now() + PATIENCE;
    while by_signal && setup.proxy.struck() == before && child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < patience, "{}: it neither asks nor ends", case.name);
        std::thread::sleep(Duration::from_millis(2));
    }
    if by_signal && setup.proxy.struck() > before {
        terminate(&child);
    }
    let output = child.wait_with_output().unwrap();
    setup.proxy.heal();
    let was_struck = setup.proxy.struck() > before;
    // It came to its end, and said how.
    if !output.stdout.is_empty() || !was_struck && by_signal {
        return was_struck;
    }
    let stderr = String::from_utf8(output.stderr).unwrap();
    let error: Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
    let real = (case.real)(setup);
    let about = format!("{}, {on:?} {number}, by signal: {by_signal}: {real:?}, told {error}", case.name);
    match error["outcome"].as_str().unwrap() {
        "not_done" => assert_eq!(real, Real::Nothing, "{about}"),
        "done" => assert_eq!(real, Real::All, "{about}"),
        "unknown" => {}
        _ => panic!("{about}"),
    }
    if by_signal {
        assert_eq!(output.status.code(), Some(143), "{about}");
    } else if real != Real::Nothing {
        assert!([19, 23, 27].contains(&output.status.code().unwrap()), "{about}");
    }
    // Whatever was begun can be asked for.
    if error["outcome"] != "not_done" {
        let id = |field: &str| error[field].as_str().is_some_and(|id| !id.is_empty());
        assert!(case.name != "send" || id("challenge_id") && error["idempotency_key"] == "once", "{about}");
        assert!(case.name != "issue" || id("challenge_id"), "{about}");
        assert!(!case.name.starts_with("verify") || error["attempt_id"] == "mine", "{about}");
    }
    was_struck
}

fn at_every_question(by_signal: bool, ons: &[On]) {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let machine = machine(&at(proxy.port()));
    let setup = Setup { server, proxy, machine };
    for case in CASES {
        for on in ons {
            let most = (0..40).take_while(|number| stopped(&setup, case, *on, *number, by_signal)).count();
            assert!((2..40).contains(&most), "{}: it asks {most} times", case.name);
        }
    }
}

#[test]
fn a_command_that_is_terminated_at_any_question_says_only_what_is_true() {
    at_every_question(true, &[On::Request, On::Answer]);
}

#[test]
fn a_command_whose_time_is_over_at_any_question_says_only_what_is_true() {
    at_every_question(false, &[On::Answer]);
}

#[test]
fn a_batch_that_is_stopped_prints_what_is_known_of_each_line() {
    embedded_and_redis("", |machine| {
        let script = machine.program("third", "echo >>asked; [ $(wc -l <asked) -lt 3 ] || exec sleep 60");
        let provider = format!("[providers.third]\nkind = \"command\"\nargv = [\"{script}\"]\n");
        machine.configure(&format!("{FREE}[policy]\ncountries = [\"IN\"]\n{provider}"));
        for (turn, format) in ["json", "jsonl"].into_iter().enumerate() {
            let _ = std::fs::remove_file(machine.path("asked"));
            let phones = [0, 1, 2, 3].map(|line| format!("+91987{turn}{line}54321"));
            machine.write("phones", &phones.join("\n"));
            let key = format!("key {turn}");
            let words =
                ["send", "--from", "phones", "--idempotency-key", &key, "-o", format, "--yes", "--concurrency", "1"];
            let child = machine.command(&words).spawn().unwrap();
            let asked = || std::fs::read_to_string(machine.path("asked")).unwrap_or_default().lines().count();
            crate::support::until::until("the third is asked", || asked() == 3);
            terminate(&child);
            let output = child.wait_with_output().unwrap();
            let (stdout, stderr) =
                (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
            assert_eq!(output.status.code(), Some(143), "{stdout}{stderr}");
            let rows: Vec<Value> = if format == "json" {
                let document: Value = serde_json::from_str(&stdout).unwrap();
                assert_eq!((&document["done"], &document["failed"]), (&2.into(), &1.into()), "{document}");
                document["results"].as_array().unwrap().clone()
            } else {
                stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
            };
            let exits: Vec<i64> = rows.iter().map(|row| row["exit"].as_i64().unwrap()).collect();
            assert_eq!(exits, [0, 0, 27], "{stdout}");
            let (done, last) = (&rows[1]["result"], &rows[2]["error"]);
            assert!(done["challenge_id"].as_str().unwrap().starts_with("ch_"), "{done}");
            assert_eq!((&last["outcome"], &rows[2]["line"]), (&"unknown".into(), &phones[2].as_str().into()), "{last}");
            assert!(last["challenge_id"].as_str().unwrap().starts_with("ch_"), "{last}");
            let error: Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
            assert_eq!((&error["exit"], &error["outcome"]), (&143.into(), &"unknown".into()), "{error}");
            assert!(error["message"].as_str().unwrap().contains("2 lines were done"), "{error}");
        }
    });
}
