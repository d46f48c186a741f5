//! `wait` and `send --wait`: what becomes of an SMS, from the gateway's status call, from reports and from the store.
//! These need no server.

use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::each_store::wait::{SID, Twilio, end, start, wait};
use crate::support::AT_ONCE;
use crate::support::cli::{FREE, Machine, PHONE};
use crate::support::gateway::Gateway;
use crate::support::until::until;

#[test]
fn a_final_no_is_told_with_its_reason() {
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
        assert!(shown.lines().nth(2).unwrap().contains(part), "{shown}");
        machine.verify(PHONE, &twilio.code()).exits(0);
        // Whoever typed the code has it, whatever the gateway says.
        wait(&machine, &[]).exits(0);
    }
}

#[test]
fn a_gateway_that_does_not_answer_ends_no_wait() {
    let twilio = Twilio::saying(&["401", "500", "delivered"]);
    let machine = Machine::with(&twilio.settings());
    machine.run(&["send", PHONE]).exits(0);
    let waited = wait(&machine, &[]);
    assert_eq!(waited.exits(0).json()["delivery_state"], "delivered");
    let warnings = waited.stderr.lines().filter(|line| line.contains("does not tell")).count();
    assert_eq!((warnings, twilio.asked().len()), (1, 3), "{}", waited.stderr);
    assert!(!waited.stderr.contains("0a1b2c3dsecret4e5f"), "{}", waited.stderr);
}

#[test]
fn the_store_is_watched_while_a_gateway_thinks() {
    let gateway = Gateway::replying(|_, request| {
        while request.starts_with("GET ") {
            // It thinks for as long as the tests run.
            std::thread::park();
        }
        ("201 Created".to_owned(), format!(r#"{{"sid":"{SID}","status":"queued"}}"#))
    });
    let twilio = Twilio { gateway, asked: Arc::default() };
    let machine = Machine::with(&twilio.settings());
    machine.run(&["send", PHONE]).exits(0);
    let code = twilio.code();
    let waiting = start(&machine, &["wait", PHONE, "--json"]);
    until("the gateway is asked", || twilio.gateway.requests().iter().any(|request| request.starts_with("GET ")));
    machine.verify(PHONE, &code).exits(0);
    let began = Instant::now();
    let (exit, waited) = end(waiting);
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    assert_eq!((exit, &waited["state"], &waited["asked_provider"]), (0, &"used".into(), &true.into()));
}

#[test]
fn of_a_dead_code_the_gateway_is_asked_once_more() {
    let twilio = Twilio::saying(&["sent", "delivered"]);
    let machine = Machine::with(&twilio.settings());
    machine.run(&["send", PHONE]).exits(0);
    machine.run(&["revoke", PHONE]).exits(0);
    let began = Instant::now();
    let waited = wait(&machine, &[]).exits(11).json();
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
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
    until("it is sent", || machine.path("sms").exists());
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
    machine.run(&["wait", "ch_aaaaaaaaaaaaaaaaaaaaaaaaaa"]).exits(14);
    machine.run(&["wait"]).exits(2);
}

#[test]
fn an_interrupted_wait_ends_at_once() {
    let machine = Machine::with(FREE);
    machine.send(PHONE);
    for (words, said) in [
        (&["wait", PHONE, "--json"][..], "interrupted"),
        (&["send", "+919876543211", "--wait", "--json"][..], "the code was sent; only the wait ended"),
    ] {
        let waiting = start(&machine, words);
        sleep(Duration::from_millis(1200));
        let began = Instant::now();
        kill_process(Pid::from_child(&waiting), Signal::INT).unwrap();
        let output = waiting.wait_with_output().unwrap();
        assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
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
