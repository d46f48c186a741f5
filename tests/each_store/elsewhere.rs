//! Codes that another server makes and checks: they go out under the rules of a send, nothing of them is kept, and how they
//! ended is told. These hold on every store.

use serde_json::{Value, json};

use super::on_each_store;
use crate::each_store::diagnosis::stored::everything;
use crate::support::audit::{AUDIT, added};
use crate::support::cli::{FREE, Machine, PHONE, Ran};
use crate::support::gateway::Gateway;
use crate::support::until::until;

const OUTBOX: &str = "[providers.outbox]\npath = \"outbox.jsonl\"\n";
const CODE: &str = "aB34cd";

fn free() -> String {
    format!("{FREE}{OUTBOX}")
}

fn delivered(machine: &Machine, more: &[&str]) -> Value {
    machine.stdin(&[&["deliver", PHONE, "--json"], more].concat(), CODE.as_bytes()).exits(0).json()
}

fn ended(machine: &Machine, words: &[&str]) -> Ran {
    machine.run(&[&["outcome", PHONE, "--json"], words].concat())
}

#[test]
fn a_code_goes_out_as_it_is_and_nothing_of_it_is_kept() {
    on_each_store(&format!("{}{AUDIT}", free()), |machine| {
        let records = added(machine, || {
            let sent = delivered(machine, &[]);
            assert_eq!(sent["schema"], "otpctl.deliver/1");
            assert_eq!((&sent["state"], &sent["provider"]), (&json!("sent"), &json!("outbox")), "{sent}");
            for field in
                ["sends_left_today", "resend_allowed_at", "segments", "replayed", "idempotency_key", "wait_result"]
            {
                assert!(sent.get(field).is_some(), "{field}, as `send` has it: {sent}");
            }
        });
        assert_eq!(records[0]["command"], "deliver", "{records:?}");
        assert_eq!(machine.outbox()[0]["code"], CODE, "letter by letter, and in the one place that is made for it");
        let kept = format!("{:?}", everything(machine));
        let seen = machine.inspect(PHONE).to_string();
        let audit = serde_json::to_string(&records).unwrap();
        for text in [&kept, &seen, &audit] {
            assert!(!text.contains(CODE) && !text.contains(&CODE.to_uppercase()), "{text}");
        }
        // Nor anything that a code could be compared with.
        assert!(!kept.contains("\\\"mac\\\"") && !kept.contains("\"mac\""), "{kept}");
    });
}

#[test]
fn what_cannot_be_a_code_is_refused_before_anything_is_opened() {
    on_each_store(&free(), |machine| {
        for code in ["", "\n", "123", "1234567890123", "12 34", "12-34", "1234\u{660}", "12\n34", &"1".repeat(70)] {
            let ran = machine.stdin(&["deliver", PHONE], code.as_bytes());
            assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{code:?}: {ran:?}");
        }
        machine.stdin(&["deliver", "+91987"], b"1234").exits(2);
        // A code on the command line could be read by every process.
        machine.stdin(&["deliver", PHONE, "1234"], b"1234").exits(2);
        assert!(machine.outbox().is_empty());
        for code in ["1234", "ABCDEFGHIJKL", "1234\n", "12345\r\n"] {
            machine.stdin(&["deliver", PHONE], code.as_bytes()).exits(0);
        }
        let codes: Vec<Value> = machine.outbox().iter().map(|line| line["code"].clone()).collect();
        assert_eq!(codes, ["1234", "ABCDEFGHIJKL", "1234", "12345"]);
    });
}

#[test]
fn the_rules_of_a_send_hold() {
    let settings = format!("[limits]\ncooldown = [\"30s\"]\n[policy]\ncountries = [\"IN\"]\n{OUTBOX}");
    on_each_store(&settings, |machine| {
        delivered(machine, &[]);
        let error = machine.stdin(&["deliver", PHONE, "--json"], b"1234").exits(13).error();
        assert!(error["retry_after_seconds"].as_u64().is_some_and(|wait| wait <= 30), "{error}");
        machine.run(&["send", PHONE]).exits(13);
        assert_eq!(machine.stdin(&["deliver", "+12125550100"], b"1234").code, 16, "the country");
        machine.run(&["policy", "block", "+919876543211"]).exits(0);
        assert_eq!(machine.stdin(&["deliver", "+919876543211"], b"1234").code, 16, "blocked");
        let planned = machine.stdin(&["deliver", "+919876543212", "--dry-run", "--json"], CODE.as_bytes());
        let planned = planned.exits(0).json();
        assert!(planned["plan"]["text"].as_str().unwrap().starts_with("000000 is your"), "{planned}");
        assert_eq!(machine.outbox().len(), 1, "one SMS in all");
        assert_eq!(machine.inspect("+919876543211")["verdict"], "BLOCKED");
    });
}

#[test]
fn a_gateway_that_fails_is_followed_by_the_next() {
    let failing = Gateway::start(500, "{}");
    let twilio = crate::each_store::provider_faults::twilio("first", &failing.base_url);
    let settings =
        format!("{FREE}[policy]\ncountries = [\"IN\"]\n[routes]\ndefault = [\"first\", \"outbox\"]\n{twilio}{OUTBOX}");
    on_each_store(&settings, |machine| {
        let ran = machine.stdin(&["deliver", PHONE, "--json"], CODE.as_bytes());
        let is_next = ran.code == 0 && ran.json()["provider"] == "outbox";
        // A server's error leaves a doubt with some gateways: then it is told, as `send` tells it.
        assert!(is_next || ran.code == 27, "{ran:?}");
        assert_eq!(failing.requests().iter().filter(|request| request.contains(CODE)).count(), failing.asked());
    });
}

#[test]
fn the_same_request_sends_once() {
    on_each_store(&free(), |machine| {
        let key = ["--idempotency-key", "hook-7"];
        let first = delivered(machine, &key);
        let again = delivered(machine, &key);
        assert_eq!((&again["replayed"], &again["challenge_id"]), (&json!(true), &first["challenge_id"]));
        assert_eq!(machine.outbox().len(), 1);
        // A key is of one kind of request.
        machine.run(&["send", PHONE, "--ttl", "10m", "--idempotency-key", "hook-7"]).exits(15);
    });
}

#[test]
fn such_a_code_is_not_checked_here_and_counts_nothing() {
    on_each_store(&free(), |machine| {
        machine.run(&["user", "link", "u_1", PHONE]).exits(0);
        delivered(machine, &[]);
        let before = everything(machine);
        for code in ["123456", "000000"] {
            let error = machine.run(&["verify", PHONE, code, "--json"]).exits(16).error();
            assert!(error["message"].as_str().unwrap().contains("checked elsewhere"), "{error}");
            assert_eq!(error["outcome"], "not_done");
        }
        let revoked = machine.run(&["revoke", PHONE, "--json"]).exits(0).json();
        assert_eq!(revoked["revoked"], 0, "it stays valid where it is checked");
        assert!(everything(machine) == before, "nothing is counted");
        // Our own codes are checked beside it, and a wrong one ends nothing of the other server's.
        machine.run(&["send", PHONE]).exits(0);
        machine.verify(PHONE, machine.outbox().last().unwrap()["code"].as_str().unwrap()).exits(0);
        let seen = machine.inspect(PHONE);
        assert_eq!(ended(machine, &["verified"]).exits(0).json()["replayed"], false, "{seen}");
    });
}

#[test]
fn how_it_ended_counts_once() {
    on_each_store(&free(), |machine| {
        machine.run(&["user", "link", "u_1", PHONE]).exits(0);
        ended(machine, &["verified"]).exits(14);
        let sent = delivered(machine, &[]);
        let id = sent["challenge_id"].as_str().unwrap();
        let told = ended(machine, &["verified", "--dry-run"]).exits(0).json();
        assert_eq!(told["dry_run"], true);
        let told = ended(machine, &["verified"]).exits(0).json();
        let expected = json!({ "schema": "otpctl.outcome/1", "challenge_id": id, "phone": PHONE, "purpose": "login",
            "user": "u_1", "outcome": "verified", "replayed": false, "dry_run": false });
        assert_eq!(told, expected);
        assert_eq!(ended(machine, &["verified"]).exits(0).json()["replayed"], true);
        assert_eq!(ended(machine, &["verified", "--challenge", id]).exits(0).json()["replayed"], true);
        assert_eq!(machine.run(&["outcome", id, "verified", "--json"]).exits(0).json()["replayed"], true);
        ended(machine, &["abandoned"]).exits(15);
        ended(machine, &["forgotten"]).exits(2);
        let other = delivered(machine, &[])["challenge_id"].as_str().unwrap().to_owned();
        machine.run(&["outcome", id, "verified", "--challenge", &other]).exits(2);
        ended(machine, &["abandoned"]).exits(0);
        let stats = machine.run(&["stats", "--json"]).exits(0).json();
        let row = &stats["rows"][0];
        assert_eq!((&row["sent"], &row["verified"]), (&json!(2), &json!(1)), "{stats}");
        let user = machine.run(&["user", "show", "u_1", "--json"]).exits(0).json();
        assert!(user["phones"][0]["verified_at"].is_string(), "{user}");
        let events = machine.run(&["events", PHONE, "--json"]).exits(0).json();
        let verify: Vec<(&Value, &Value)> = events["events"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|event| event["event"] == "verify")
            .map(|event| (&event["result"], &event["checked_by"]))
            .collect();
        assert_eq!(verify.len(), 2, "{events}");
        assert!(verify.iter().all(|(_, by)| **by == "application"), "{events}");
        // It is waited for as any other.
        machine.run(&["wait", id, "--for", "verified", "--timeout", "1s"]).exits(0);
        // Nothing is told of a code that was made here.
        let own = machine.run(&["issue", PHONE, "--json"]).exits(0).json()["challenge_id"].as_str().unwrap().to_owned();
        ended(machine, &["verified", "--challenge", &own]).exits(16);
    });
}

#[test]
fn whoever_is_told_of_is_no_stranger_to_the_brakes() {
    let gateway = Gateway::start(200, super::limits::TAKEN);
    let policy =
        "[limits]\ncooldown = []\nper_phone = { \"1h\" = 90 }\n[policy]\ncountries = [\"IN\"]\nbrakes = \"enforce\"\n";
    on_each_store(&super::limits::telnyx(&gateway, policy), |machine| {
        let stranger = |n: usize| format!("+919876{:02}{:04}", n % 100, 1000 + n * 61);
        let deliver = |n: usize| machine.stdin(&["deliver", &stranger(n)], b"561166");
        for n in 0..20 {
            deliver(n).exits(0);
        }
        deliver(20).exits(16);
        machine.run(&["outcome", &stranger(7), "verified"]).exits(0);
        deliver(7).exits(0);
        deliver(20).exits(0);
    });
}

#[test]
fn a_gateway_that_asks_for_it_is_told_how_a_code_ended_elsewhere() {
    let gateway = Gateway::replying(|_, request| {
        let answer = if request.contains("/Feedback.json") { "{}" } else { crate::each_store::provider_faults::TOOK };
        ("201 Created".to_owned(), answer.to_owned())
    });
    let twilio = crate::each_store::provider_faults::twilio("main", &gateway.base_url);
    let settings = format!("{}{twilio}feedback = true\n", crate::each_store::provider_faults::policy());
    on_each_store(&settings, |machine| {
        let told = || gateway.requests().iter().filter(|request| request.contains("/Feedback.json")).count();
        let before = told();
        machine.stdin(&["deliver", PHONE], b"561166").exits(0);
        ended(machine, &["verified"]).exits(0);
        until("the gateway is told", || told() == before + 1);
        ended(machine, &["verified"]).exits(0);
        assert_eq!(told(), before + 1, "once");
    });
}

#[test]
fn the_desk_sees_the_delivery_and_who_checks_the_code() {
    on_each_store(&free(), |machine| {
        let id = delivered(machine, &["--ttl", "1s"])["challenge_id"].as_str().unwrap().to_owned();
        let seen = machine.inspect(PHONE);
        assert_eq!(seen["verdict"], "NO_REPORT", "{seen}");
        let live = &seen["live_code"];
        assert_eq!((&live["checked_by"], &live["attempts_left"]), (&json!("application"), &Value::Null), "{live}");
        let screen = machine.run(&["inspect", PHONE]).exits(0).stdout.clone();
        assert!(screen.contains("checked by your application"), "{screen}");
        std::thread::sleep(std::time::Duration::from_millis(1100));
        for target in [PHONE, &id] {
            let seen = machine.inspect(target);
            assert_eq!(seen["verdict"], "NOT_SEEN_HERE", "{seen}");
            assert!(seen["summary"].as_str().unwrap().contains("your application checks it"), "{seen}");
        }
        ended(machine, &["abandoned"]).exits(0);
        let seen = machine.inspect(PHONE);
        assert_eq!(seen["verdict"], "EXPIRED_BEFORE_ENTRY", "{seen}");
        assert!(seen["summary"].as_str().unwrap().starts_with("Nobody typed the code"), "{seen}");
        delivered(machine, &[]);
        ended(machine, &["verified"]).exits(0);
        let seen = machine.inspect(PHONE);
        assert_eq!(seen["verdict"], "ALREADY_VERIFIED", "{seen}");
        assert!(seen["summary"].as_str().unwrap().contains("as your application told"), "{seen}");
        let next = seen["next"].to_string();
        assert!(
            !next.contains("otpctl send") && !next.contains("otpctl issue"),
            "its server makes the next one: {next}"
        );
    });
}
