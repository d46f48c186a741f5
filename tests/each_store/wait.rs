//! `wait` and `send --wait`: what becomes of an SMS, from the gateway's status call, from reports and from the store.
//! These hold on every store.

use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::on_each_store;
use crate::support::AT_ONCE;
use crate::support::cli::{FREE, Machine, PHONE, Ran};
use crate::support::gateway::Gateway;

pub const SID: &str = "SM11111111111111111111111111111111";

pub const ACCOUNT: &str = "AC00000000000000000000000000000001";

/// A gateway of Twilio's kind: it takes every message, and answers questions after it by these words, the last of them
/// forever. A word is a state, a state and a code, or an HTTP status.
pub struct Twilio {
    pub gateway: Gateway,
    /// When each question came.
    pub asked: Arc<Mutex<Vec<Instant>>>,
}

impl Twilio {
    pub fn saying(words: &[&str]) -> Self {
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

    pub fn settings(&self) -> String {
        format!(
            "{FREE}[policy]\ncountries = [\"IN\"]\n[providers.twilio]\naccount_sid = \"{ACCOUNT}\"\n\
             auth_token = \"0a1b2c3dsecret4e5f\"\nfrom = \"+15005550006\"\nbase_url = \"{}\"\n",
            self.gateway.base_url
        )
    }

    pub fn asked(&self) -> Vec<Instant> {
        self.asked.lock().unwrap().clone()
    }

    /// The code in the newest SMS.
    pub fn code(&self) -> String {
        let sent = self.gateway.requests().into_iter().rfind(|request| request.starts_with("POST ")).unwrap();
        let text = sent.split("Body=").nth(1).unwrap();
        text.chars().take(6).collect()
    }
}

/// Runs it in the background.
pub fn start(machine: &Machine, words: &[&str]) -> Child {
    machine.command(words).stdin(Stdio::null()).spawn().unwrap()
}

/// Its exit code and its document.
pub fn end(child: Child) -> (i32, Value) {
    let output = child.wait_with_output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let document = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}"));
    (output.status.code().unwrap_or(-1), document)
}

pub fn wait(machine: &Machine, words: &[&str]) -> Ran {
    machine.run(&[&["wait", PHONE, "--json"], words].concat())
}

#[test]
fn the_gateway_is_asked_until_it_says_delivered() {
    let twilio = Twilio::saying(&["queued", "sent", "delivered"]);
    on_each_store(&twilio.settings(), |machine| {
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
    let path = format!("GET /2010-04-01/Accounts/{ACCOUNT}/Messages/{SID}.json ");
    let questions = twilio.gateway.requests().into_iter().filter(|request| request.starts_with("GET "));
    assert_eq!(questions.map(|request| assert!(request.starts_with(&path), "{request}")).count(), 3);
}

#[test]
fn without_a_report_the_last_known_state_is_told() {
    let twilio = Twilio::saying(&["sent"]);
    on_each_store(&twilio.settings(), |machine| {
        machine.run(&["send", PHONE]).exits(0);
        let began = Instant::now();
        let waited = wait(machine, &["--timeout", "4s"]).exits(18).json();
        assert!(began.elapsed() < AT_ONCE, "it ends by itself: {:?}", began.elapsed());
        assert!(began.elapsed() > Duration::from_secs(3), "{:?}", began.elapsed());
        assert_eq!((&waited["result"], &waited["delivery_state"]), (&"timeout".into(), &"sent".into()));
        assert_eq!((&waited["state"], &waited["code_valid"]), (&"sent".into(), &true.into()));
        let told = machine.run(&["wait", PHONE, "--timeout", "2s"]);
        let words = &told.exits(18).stdout;
        assert!(words.contains("Last known: sent, says twilio.") && words.contains("The code expires in"), "{words}");
        machine.verify(PHONE, &twilio.code()).exits(0);
    });
}

#[test]
fn a_provider_without_a_status_call_is_warned_of_and_the_store_is_watched() {
    on_each_store(FREE, |machine| {
        let code = machine.send(PHONE);
        let waiting = start(machine, &["wait", PHONE, "--json", "--timeout", "5m"]);
        sleep(Duration::from_millis(800));
        machine.verify(PHONE, &code).exits(0);
        let began = Instant::now();
        let (exit, waited) = end(waiting);
        assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
        assert_eq!((exit, &waited["state"], &waited["asked_provider"]), (0, &"used".into(), &false.into()));
        machine.send(PHONE);
        let waited = machine.run(&["wait", PHONE, "--timeout", "2s"]);
        assert_eq!(waited.exits(18).stderr.matches("console has no status call").count(), 1, "{}", waited.stderr);
    });
}

#[test]
fn a_wait_for_a_code_ends_as_the_code_does() {
    on_each_store(FREE, |machine| {
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
    on_each_store(FREE, |machine| {
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
    on_each_store(FREE, |machine| {
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
fn a_wait_for_the_sms_of_a_printed_code_ends_at_once() {
    on_each_store(FREE, |machine| {
        machine.run(&["issue", PHONE]).exits(0);
        for goal in ["delivered", "accepted"] {
            let began = Instant::now();
            let waited = machine.run(&["wait", PHONE, "--for", goal, "--json", "--timeout", "5m"]).exits(17).json();
            assert!(began.elapsed() < AT_ONCE, "it waits for nothing");
            assert_eq!((&waited["result"], &waited["waited_seconds"]), (&"undelivered".into(), &0.into()), "{waited}");
            assert_eq!(waited["code_valid"], true, "{waited}");
        }
        let told = machine.run(&["wait", PHONE]);
        assert!(told.exits(17).stdout.contains("was printed"), "{told:?}");
        // The code itself may still be used.
        machine.run(&["wait", PHONE, "--for", "verified", "--timeout", "1s"]).exits(18);
    });
}
