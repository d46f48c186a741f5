//! `wait` and `send --wait`: what becomes of an SMS, from the gateway's status call, from reports and from the store.

use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::support::cli::{Machine, Ran, both_stores};
use super::support::gateway::Gateway;
use super::{FREE, PHONE};

const SID: &str = "SM11111111111111111111111111111111";
const ACCOUNT: &str = "AC00000000000000000000000000000001";

/// A gateway of Twilio's kind: it takes every message, and answers questions after it by these words, the last of them
/// for ever. A word is a state, a state and a code, or an HTTP status.
struct Twilio {
    gateway: Gateway,
    /// When each question came.
    asked: Arc<Mutex<Vec<Instant>>>,
}

impl Twilio {
    fn saying(words: &[&str]) -> Self {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let times = Arc::clone(&asked);
        let gateway = Gateway::replying(move |_, request| {
            if request.starts_with("POST ") {
                return ("201 Created".to_owned(), format!(r#"{{"sid":"{SID}","status":"queued"}}"#));
            }
            let mut times = times.lock().unwrap();
            let word = words.get(times.len()).or(words.last()).unwrap();
            times.push(Instant::now());
            if let Ok(status) = word.parse::<u16>() {
                return (format!("{status} No"), r#"{"code":20003,"message":"Authenticate"}"#.to_owned());
            }
            let (state, code) = word.split_once(' ').unwrap_or((word, "null"));
            ("200 OK".to_owned(), format!(r#"{{"sid":"{SID}","status":"{state}","error_code":{code}}}"#))
        });
        Self { gateway, asked }
    }

    fn settings(&self) -> String {
        format!(
            "{FREE}[policy]\ncountries = [\"IN\"]\n[providers.twilio]\naccount_sid = \"{ACCOUNT}\"\n\
             auth_token = \"0a1b2c3dsecret4e5f\"\nfrom = \"+15005550006\"\nbase_url = \"{}\"\n",
            self.gateway.base_url
        )
    }

    fn asked(&self) -> Vec<Instant> {
        self.asked.lock().unwrap().clone()
    }

    /// The code in the newest SMS.
    fn code(&self) -> String {
        let sent = self.gateway.requests().into_iter().rfind(|request| request.starts_with("POST ")).unwrap();
        let text = sent.split("Body=").nth(1).unwrap();
        text.chars().take(6).collect()
    }
}

/// Runs it in the background.
fn start(machine: &Machine, words: &[&str]) -> Child {
    machine.command(words).stdin(Stdio::null()).spawn().unwrap()
}

/// Its exit code and its document.
fn end(child: Child) -> (i32, Value) {
    let output = child.wait_with_output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let document = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}"));
    (output.status.code().unwrap_or(-1), document)
}

fn wait(machine: &Machine, words: &[&str]) -> Ran {
    machine.run(&[&["wait", PHONE, "--json"], words].concat())
}

#[test]
fn the_gateway_is_asked_until_it_says_delivered() {
    let mut machines = 0;
    let twilio = Twilio::saying(&["queued", "sent", "delivered", "queued", "sent", "delivered"]);
    both_stores(&twilio.settings(), |machine| {
        machine.run(&["send", PHONE]).exits(0);
        let before = twilio.asked().len();
        let waited = wait(machine, &[]).exits(0).json();
        assert_eq!((&waited["schema"], &waited["result"]), (&"otpctl.wait/1".into(), &"reached".into()));
        assert_eq!((&waited["for"], &waited["reached"]), (&"delivered".into(), &true.into()));
        assert_eq!((&waited["delivery_state"], &waited["delivery_word"]), (&"delivered".into(), &"delivered".into()));
        assert_eq!((&waited["asked_provider"], &waited["code_valid"]), (&true.into(), &true.into()));
        assert_eq!((&waited["provider_message_id"], &waited["phone"]), (&SID.into(), &PHONE.into()));
        // At once, then with growing pauses: never more often.
        let times = &twilio.asked()[before..];
        let [first, second, third] = times else { panic!("asked {} times", times.len()) };
        assert!(*second - *first >= Duration::from_secs(1), "{:?}", *second - *first);
        assert!(*third - *second >= Duration::from_millis(1500), "{:?}", *third - *second);
        // What is final is not asked for again.
        wait(machine, &[]).exits(0);
        assert_eq!(twilio.asked().len(), before + 3);
        let timeline = machine.inspect(PHONE)["timeline"].as_array().unwrap().clone();
        let told: Vec<&Value> = timeline.iter().filter(|event| event["event"] == "delivery").collect();
        let results: Vec<&str> = told.iter().rev().map(|event| event["result"].as_str().unwrap()).collect();
        assert_eq!(results, ["accepted", "sent", "delivered"], "news, and nothing but news");
    });
    machines += 2;
    let path = format!("GET /2010-04-01/Accounts/{ACCOUNT}/Messages/{SID}.json ");
    let questions = twilio.gateway.requests().into_iter().filter(|request| request.starts_with("GET "));
    assert_eq!(questions.map(|request| assert!(request.starts_with(&path), "{request}")).count(), 3 * machines);
}

#[test]
fn f46_a_final_no_is_told_with_its_reason() {
    for (code, reason, part) in [
        ("30003", "handset_off", "switched off"),
        ("30005", "unknown_number", "does not know the number"),
        ("30006", "landline", "landline"),
        ("30007", "filtered", "spam"),
    ] {
        let twilio = Twilio::saying(&["sent", &format!("undelivered {code}")]);
        let machine = Machine::with(&twilio.settings());
        machine.run(&["send", PHONE]).exits(0);
        let waited = wait(&machine, &[]).exits(17).json();
        assert_eq!((&waited["result"], &waited["reached"]), (&"undelivered".into(), &false.into()));
        assert_eq!((&waited["delivery_state"], &waited["delivery_word"]), (&"failed".into(), &"undelivered".into()));
        assert_eq!((&waited["delivery_reason"], &waited["delivery_code"]), (&reason.into(), &code.into()));
        assert!(waited["reason_text"].as_str().unwrap().contains(part), "{waited}");
        assert_eq!(waited["code_valid"], true, "the code may still be read out");
        let told = machine.run(&["wait", PHONE]);
        assert!(
            told.exits(17).stdout.contains(&format!("was not delivered: {}", waited["reason_text"].as_str().unwrap()))
        );
        assert!(told.stderr.starts_with("hint: "), "{}", told.stderr);
        let shown = machine.run(&["inspect", PHONE]).exits(0).stdout.clone();
        assert!(shown.lines().next().unwrap().contains(part), "{shown}");
        machine.verify(PHONE, &twilio.code()).exits(0);
        // Whoever typed the code has it, whatever the gateway says.
        wait(&machine, &[]).exits(0);
    }
}

#[test]
fn f47_without_a_report_the_last_known_state_is_told() {
    let twilio = Twilio::saying(&["sent"]);
    both_stores(&twilio.settings(), |machine| {
        machine.run(&["send", PHONE]).exits(0);
        let began = Instant::now();
        let waited = wait(machine, &["--timeout", "4s"]).exits(18).json();
        assert!(began.elapsed() < Duration::from_secs(4), "it ends by itself: {:?}", began.elapsed());
        assert!(began.elapsed() > Duration::from_secs(3), "{:?}", began.elapsed());
        assert_eq!((&waited["result"], &waited["delivery_state"]), (&"timeout".into(), &"sent".into()));
        assert_eq!((&waited["state"], &waited["code_valid"]), (&"sent".into(), &true.into()));
        let told = machine.run(&["wait", PHONE, "--timeout", "2s"]);
        let words = &told.exits(18).stdout;
        assert!(words.contains("Last known: sent, says twilio.") && words.contains("The code is valid for"), "{words}");
        machine.verify(PHONE, &twilio.code()).exits(0);
    });
}

#[test]
fn a_gateway_that_does_not_answer_ends_no_wait() {
    let twilio = Twilio::saying(&["401", "500", "delivered"]);
    let machine = Machine::with(&twilio.settings());
    machine.run(&["send", PHONE]).exits(0);
    let waited = wait(&machine, &[]);
    assert_eq!(waited.exits(0).json()["delivery_state"], "delivered");
    let warnings = waited.stderr.lines().filter(|line| line.contains("does not say")).count();
    assert_eq!((warnings, twilio.asked().len()), (1, 3), "{}", waited.stderr);
    assert!(!waited.stderr.contains("0a1b2c3dsecret4e5f"), "{}", waited.stderr);
}

#[test]
fn the_store_is_watched_while_a_gateway_thinks() {
    let gateway = Gateway::replying(|_, request| {
        if request.starts_with("GET ") {
            sleep(Duration::from_secs(8));
        }
        ("201 Created".to_owned(), format!(r#"{{"sid":"{SID}","status":"queued"}}"#))
    });
    let twilio = Twilio { gateway, asked: Arc::default() };
    let machine = Machine::with(&twilio.settings());
    machine.run(&["send", PHONE]).exits(0);
    let code = twilio.code();
    let waiting = start(&machine, &["wait", PHONE, "--json"]);
    sleep(Duration::from_millis(800));
    machine.verify(PHONE, &code).exits(0);
    let began = Instant::now();
    let (exit, waited) = end(waiting);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!((exit, &waited["state"], &waited["asked_provider"]), (0, &"used".into(), &true.into()));
}

#[test]
fn a_provider_without_a_status_call_is_warned_of_and_the_store_is_watched() {
    both_stores(FREE, |machine| {
        let code = machine.send(PHONE);
        let waiting = start(machine, &["wait", PHONE, "--json", "--timeout", "20s"]);
        sleep(Duration::from_millis(800));
        machine.verify(PHONE, &code).exits(0);
        let began = Instant::now();
        let (exit, waited) = end(waiting);
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
        assert_eq!((exit, &waited["state"], &waited["asked_provider"]), (0, &"used".into(), &false.into()));
        machine.send(PHONE);
        let waited = machine.run(&["wait", PHONE, "--timeout", "2s"]);
        assert_eq!(waited.exits(18).stderr.matches("console has no status call").count(), 1, "{}", waited.stderr);
    });
}

#[test]
fn a_wait_for_a_code_ends_as_the_code_does() {
    both_stores(FREE, |machine| {
        let goal = |goal: &str, exit: i32| {
            let waited = machine.run(&["wait", PHONE, "--for", goal, "--timeout", "20s", "--json"]);
            let warned = waited.stderr.contains("console has no status call");
            assert_eq!(warned, goal == "delivered", "{goal}: {}", waited.stderr);
            waited.exits(exit).json()
        };
        // Used.
        let code = machine.send(PHONE);
        let waiting = start(machine, &["wait", PHONE, "--for", "verified", "--json"]);
        sleep(Duration::from_millis(700));
        machine.verify(PHONE, &code).exits(0);
        let (exit, waited) = end(waiting);
        assert_eq!((exit, &waited["result"], &waited["code_valid"]), (0, &"reached".into(), &false.into()));
        let waited = goal("expired", 11);
        assert_eq!((&waited["result"], &waited["reason"]), (&"no_code".into(), &"used".into()));
        // Revoked in the middle.
        machine.send(PHONE);
        let waiting = start(machine, &["wait", PHONE, "--for", "verified", "--json"]);
        sleep(Duration::from_millis(700));
        machine.run(&["revoke", PHONE]).exits(0);
        let (exit, waited) = end(waiting);
        assert_eq!((exit, &waited["reason"]), (11, &"revoked".into()));
        assert_eq!(goal("expired", 11)["reason"], "revoked");
        // Replaced while it is waited for by its id.
        let first = machine.run(&["send", PHONE, "--json"]).exits(0).json();
        let id = first["challenge_id"].as_str().unwrap();
        let waiting = start(machine, &["wait", id, "--for", "delivered", "--json"]);
        sleep(Duration::from_millis(700));
        machine.send(PHONE);
        let (exit, waited) = end(waiting);
        assert_eq!((exit, &waited["reason"], &waited["phone"]), (11, &"superseded".into(), &"+91*******210".into()));
        // Over.
        machine.run(&["send", PHONE, "--ttl", "2s"]).exits(0);
        assert_eq!(goal("expired", 0)["state"], "sent");
        assert_eq!(goal("verified", 11)["reason"], "expired");
        assert_eq!(goal("delivered", 11)["reason"], "expired");
        assert_eq!(goal("accepted", 0)["result"], "reached");
    });
}

#[test]
fn a_short_wait_says_how_short_it_was() {
    both_stores(FREE, |machine| {
        machine.send(PHONE);
        for (time, least, most) in [("500ms", 0.2, 0.5), ("1s", 0.5, 1.0), ("2500ms", 1.9, 2.5)] {
            let told = machine.run(&["wait", PHONE, "--timeout", time]);
            let words = told.exits(18).stdout.clone();
            let said: f64 = words.split(" after ").nth(1).unwrap().split(" s.").next().unwrap().parse().unwrap();
            assert!((least..=most).contains(&said), "{time}: {words}");
        }
        for zero in ["0", "0s", "0ms"] {
            let error = machine.run(&["wait", PHONE, "--timeout", zero, "--json"]).exits(2).error();
            assert!(error["message"].as_str().unwrap().contains("more than zero"), "{error}");
        }
    });
}

#[test]
fn a_code_that_ends_at_the_very_end_of_the_wait_has_ended() {
    both_stores(FREE, |machine| {
        for (goal, exit, result) in [("expired", 0, "reached"), ("verified", 11, "no_code")] {
            machine.run(&["send", PHONE, "--ttl", "2s"]).exits(0);
            // The last look at the store comes half a second before the end, and the code ends after it.
            let words = ["wait", PHONE, "--for", goal, "--timeout", "2300ms", "--json"];
            assert_eq!(machine.run(&words).exits(exit).json()["result"], result);
            machine.run(&["send", PHONE, "--ttl", "6s"]).exits(0);
            assert_eq!(machine.run(&words).exits(18).json()["result"], "timeout");
        }
    });
}

#[test]
fn a_code_that_leaves_the_store_is_gone() {
    let machine = Machine::on_redis(FREE);
    machine.send(PHONE);
    for (goal, exit) in [("delivered", 11), ("verified", 11)] {
        machine.send(PHONE);
        let waiting = start(&machine, &["wait", PHONE, "--for", goal, "--json"]);
        sleep(Duration::from_millis(1000));
        machine.redis().cli(&["FLUSHALL"]);
        let (code, waited) = end(waiting);
        assert_eq!((code, &waited["reason"], &waited["code_valid"]), (exit, &"never_issued".into(), &false.into()));
    }
}

#[test]
fn of_a_dead_code_the_gateway_is_asked_once_more() {
    let twilio = Twilio::saying(&["sent", "delivered"]);
    let machine = Machine::with(&twilio.settings());
    machine.run(&["send", PHONE]).exits(0);
    machine.run(&["revoke", PHONE]).exits(0);
    let began = Instant::now();
    let waited = wait(&machine, &[]).exits(11).json();
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!((&waited["reason"], &waited["delivery_state"]), (&"revoked".into(), &"sent".into()));
    assert_eq!(wait(&machine, &[]).exits(0).json()["delivery_state"], "delivered");
}

#[test]
fn a_send_under_way_in_another_process_is_waited_for() {
    let machine = Machine::with(&format!(
        "{FREE}[policy]\ncountries = [\"IN\"]\n[providers.slow]\nkind = \"command\"\n\
         argv = [\"/bin/sh\", \"-c\", \"cat > sms; sleep 2; echo m-1\"]\n"
    ));
    let sending = start(&machine, &["send", PHONE, "--json"]);
    while !machine.path("sms").exists() {
        sleep(Duration::from_millis(20));
    }
    let waited = wait(&machine, &["--for", "accepted"]).exits(0).json();
    assert_eq!((&waited["state"], &waited["provider_message_id"]), (&"sent".into(), &"m-1".into()));
    assert_eq!(end(sending).0, 0);
}

#[test]
fn a_send_that_was_refused_is_not_waited_for() {
    let machine = Machine::with(&format!(
        "{FREE}[policy]\ncountries = [\"IN\"]\n[providers.closed]\nkind = \"command\"\n\
         argv = [\"/bin/sh\", \"-c\", \"echo account closed >&2; exit 1\"]\n"
    ));
    machine.run(&["send", PHONE]).exits(25);
    for goal in ["accepted", "delivered", "verified", "expired"] {
        let waited = wait(&machine, &["--for", goal]).exits(17).json();
        assert!(waited["reason_text"].as_str().unwrap().contains("account closed"), "{waited}");
        assert_eq!((&waited["state"], &waited["delivery_state"]), (&"failed".into(), &Value::Null));
    }
}

#[test]
fn there_is_nothing_to_wait_for() {
    let machine = Machine::with(FREE);
    let error = wait(&machine, &[]).exits(14).error();
    assert_eq!(error["hint"], format!("otpctl send {PHONE}"));
    let sent = machine.run(&["send", PHONE, "--json", "--purpose", "payment"]).exits(0).json();
    wait(&machine, &[]).exits(14);
    wait(&machine, &["--purpose", "payment", "--for", "accepted"]).exits(0);
    let id = sent["challenge_id"].as_str().unwrap();
    let waited = machine.run(&["wait", id, "--for", "accepted", "--json"]).exits(0).json();
    assert_eq!(waited["purpose"], "payment");
    machine.run(&["wait", id, "--purpose", "login", "--for", "accepted"]).exits(14);
    machine.run(&["wait", PHONE, "--for", "nosuch"]).exits(2);
    machine.run(&["wait", "ch_nosuch"]).exits(14);
    machine.run(&["wait"]).exits(2);
}

#[test]
fn an_interrupted_wait_ends_at_once() {
    let machine = Machine::with(FREE);
    machine.send(PHONE);
    for (words, said) in [
        (&["wait", PHONE, "--json"][..], "interrupted"),
        (&["send", "+919876543211", "--wait", "--json"][..], "the SMS was sent"),
    ] {
        let waiting = start(&machine, words);
        sleep(Duration::from_millis(1200));
        let began = Instant::now();
        kill_process(Pid::from_child(&waiting), Signal::INT).unwrap();
        let output = waiting.wait_with_output().unwrap();
        assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(130), &b""[..]));
        let stderr = String::from_utf8(output.stderr).unwrap();
        let error: Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
        assert!(error["message"].as_str().unwrap().contains(said), "{error}");
        let id = error["challenge_id"].as_str();
        assert_eq!(id.is_some_and(|id| id.starts_with("ch_")), words[0] == "send", "{error}");
    }
}

#[test]
fn a_send_can_wait_for_its_end() {
    let twilio = Twilio::saying(&["sent", "delivered", "sent", "undelivered 30003", "sent"]);
    let machine = Machine::with(&twilio.settings());
    let sent = machine.run(&["send", PHONE, "--wait", "--json"]).exits(0).json();
    assert_eq!((&sent["schema"], &sent["wait_result"]), (&"otpctl.send/1".into(), &"reached".into()));
    assert_eq!((&sent["delivery_state"], &sent["state"]), (&"delivered".into(), &"sent".into()));
    let sent = machine.run(&["send", PHONE, "--wait=delivered"]);
    assert!(sent.exits(17).stdout.contains("was not delivered: the handset is switched off"), "{}", sent.stdout);
    let asked = twilio.asked().len();
    let sent = machine.run(&["send", PHONE, "--wait=accepted", "--json"]).exits(0).json();
    assert_eq!((&sent["wait_result"], &sent["delivery_state"]), (&"reached".into(), &Value::Null));
    assert_eq!(twilio.asked().len(), asked, "the gateway has just said so");
    let sent = machine.run(&["send", PHONE, "--wait=verified", "--timeout", "3s"]);
    let hint = sent.exits(18).stderr.lines().find_map(|line| line.strip_prefix("hint: ")).unwrap().to_owned();
    assert!(hint.starts_with("otpctl wait ch_") && hint.ends_with(" --for verified"), "{hint}");
    let plain = machine.run(&["send", PHONE, "--json"]).exits(0).json();
    for field in ["wait_result", "delivery_state", "delivery_word", "delivery_reason", "reason_text"] {
        assert_eq!(plain.get(field), Some(&Value::Null), "{field}");
    }
    machine.run(&["send", PHONE, "--wait=expired"]).exits(2);
    machine.run(&["send", "--from", "-", "--wait"]).exits(2);
    let planned = machine.run(&["send", PHONE, "--wait", "--dry-run", "--json"]).exits(0).json();
    assert_eq!(planned["wait_result"], Value::Null);
}

#[test]
fn a_rehearsed_wait_asks_nobody_and_keeps_nothing() {
    let twilio = Twilio::saying(&["delivered"]);
    let machine = Machine::with(&twilio.settings());
    machine.run(&["send", PHONE]).exits(0);
    let waited = wait(&machine, &["--dry-run", "--timeout", "2s"]).exits(18).json();
    assert_eq!((&waited["asked_provider"], &waited["delivery_state"]), (&false.into(), &Value::Null));
    assert_eq!(twilio.asked().len(), 0);
}

#[test]
fn a_gateways_unknown_words_are_shown_and_never_obeyed() {
    let twilio = Twilio::saying(&[r"parked\u001b[2J"]);
    let machine = Machine::with(&twilio.settings());
    machine.run(&["send", PHONE]).exits(0);
    let waited = wait(&machine, &["--timeout", "2s"]).exits(18).json();
    assert_eq!(waited["delivery_state"], Value::Null);
    assert!(waited["delivery_word"].as_str().unwrap().starts_with("parked"), "{waited}");
    for words in [&["wait", PHONE, "--timeout", "2s"][..], &["inspect", PHONE], &["list"]] {
        let said = machine.run(words).words();
        assert!(!said.contains('\u{1b}'), "{said}");
    }
    assert!(machine.run(&["inspect", PHONE]).exits(0).stdout.contains("parked"));
}

#[test]
fn a_wait_for_the_sms_of_a_printed_code_ends_at_once() {
    both_stores(FREE, |machine| {
        machine.run(&["issue", PHONE]).exits(0);
        for goal in ["delivered", "accepted"] {
            let began = Instant::now();
            let waited = machine.run(&["wait", PHONE, "--for", goal, "--json"]).exits(17).json();
            assert!(began.elapsed() < Duration::from_secs(20), "it waits for nothing");
            assert_eq!((&waited["result"], &waited["waited_seconds"]), (&"undelivered".into(), &0.into()), "{waited}");
            assert_eq!(waited["code_valid"], true, "{waited}");
        }
        let told = machine.run(&["wait", PHONE]);
        assert!(told.exits(17).stdout.contains("was printed"), "{told:?}");
        // The code itself may still be used.
        machine.run(&["wait", PHONE, "--for", "verified", "--timeout", "1s"]).exits(18);
    });
}
