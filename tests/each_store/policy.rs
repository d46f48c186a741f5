//! What operators block and allow, and what receivers ask for with STOP.
//! These hold on every store.

use serde_json::{Value, json};

use super::delivery_reports::{gateways, send as send_by_twilio, twilio};
use super::limits::{TAKEN, refused, telnyx};
use super::on_each_store;
use crate::support::cli::{FREE, Machine, PHONE};
use crate::support::gateway::Gateway;
use crate::support::until::until;

const OTHER: &str = "+919876543211";
const FAR: &str = "+917876543210";
const ABROAD: &str = "+971501234567";

/// What `policy show`, `inspect` and the send itself say, which is the same.
#[track_caller]
fn stands(machine: &Machine, phone: &str, rule: &str) -> Value {
    let shown = machine.run(&["policy", "show", phone, "--json"]).exits(0).json();
    assert_eq!((&shown["schema"], &shown["phone"]), (&"otpctl.policy/1".into(), &phone.into()));
    let send = &shown["send"];
    assert_eq!(
        (&send["allowed"], &send["rule"]),
        (&rule.is_empty().into(), &json!((!rule.is_empty()).then_some(rule)))
    );
    assert_eq!(&machine.inspect(phone)["send"], send, "inspect says the same");
    let exit = match rule {
        "" => 0,
        "lock" => 12,
        "cooldown" | "per_phone" | "per_prefix" | "per_country" => 13,
        _ => 16,
    };
    machine.run(&["send", phone, "--dry-run"]).exits(exit);
    shown
}

#[test]
fn a_blocked_phone_gets_no_sms_and_says_who_blocked_it() {
    let gateway = Gateway::start(200, TAKEN);
    on_each_store(&telnyx(&gateway, &format!("{FREE}[policy]\ncountries = [\"IN\"]\n")), |machine| {
        let asked = gateway.asked();
        let reason = ["--reason", "fraud, ticket 12"];
        let blocked = machine.run(&[&["policy", "block", PHONE, "--until", "24h", "--json"][..], &reason].concat());
        let entry = blocked.exits(0).json()["entry"].clone();
        assert_eq!((&entry["effect"], &entry["reason"]), (&"block".into(), &"fraud, ticket 12".into()), "{entry}");
        let by = entry["by"].as_str().unwrap().to_owned();
        let error = refused(&machine.run(&["send", "+91 98765 43210", "--json"]), 16, "POLICY");
        let message = error["message"].as_str().unwrap();
        for told in [by.as_str(), "fraud, ticket 12", &entry["since"].as_str().unwrap()[..19], "; until 2"] {
            assert!(message.contains(told), "{told}: {error}");
        }
        assert_eq!(error["command"], format!("otpctl policy remove {PHONE}"));
        assert!(error["retry_after_seconds"].as_u64().is_some_and(|wait| (80_000..=86_400).contains(&wait)), "{error}");
        let shown = stands(machine, PHONE, "blocked");
        assert_eq!((&shown["send"]["until"], &shown["entry"]["by"]), (&entry["until"], &by.into()));
        stands(machine, OTHER, "");
        assert_eq!(gateway.asked(), asked, "zero calls");

        let timeline = machine.inspect(PHONE)["timeline"].clone();
        let event = timeline.as_array().unwrap().iter().find(|event| event["event"] == "policy").unwrap().clone();
        assert_eq!((&event["result"], &event["reason"]), (&"blocked".into(), &"fraud, ticket 12".into()));
        assert_eq!((&event["until"], &event["by"]), (&entry["until"], &entry["by"]));

        let removed = machine.run(&["policy", "remove", PHONE, "--json"]).exits(0).json();
        assert_eq!(removed["entry"]["effect"], "block");
        assert_eq!(machine.run(&["policy", "remove", PHONE, "--json"]).exits(0).json()["entry"], Value::Null);
        machine.run(&["send", PHONE]).exits(0);
    });
}

#[test]
fn a_block_ends_when_its_time_is_over() {
    on_each_store(FREE, |machine| {
        machine.run(&["policy", "block", PHONE, "--until", "500ms"]).exits(0);
        machine.run(&["policy", "block", "+9178", "--until", "500ms"]).exits(0);
        for phone in [PHONE, FAR] {
            // How much of the half second is left, the machine decides.
            until("the block ends", || match machine.run(&["send", phone]).code {
                16 => false,
                code => code == 0 || panic!("{code}"),
            });
        }
        assert_eq!(machine.run(&["policy", "list", "--json"]).exits(0).json()["entries"], json!([]));
        for over in ["2020-01-01T00:00:00Z", "0s", "soon"] {
            machine.run(&["policy", "block", PHONE, "--until", over]).exits(2);
        }
    });
}

#[test]
fn the_most_specific_entry_decides() {
    on_each_store(&format!("{FREE}[policy]\ncountries = [\"IN\"]\n"), |machine| {
        stands(machine, ABROAD, "country");
        machine.run(&["policy", "allow", "AE"]).exits(0);
        stands(machine, ABROAD, "");
        machine.run(&["policy", "block", "IN", "--reason", "pumping"]).exits(0);
        assert_eq!(stands(machine, FAR, "blocked")["entry"]["country"], "IN");
        let error = refused(&machine.run(&["send", FAR, "--json"]), 16, "POLICY");
        assert!(error["message"].as_str().unwrap().contains("sends to IN are blocked"), "{error}");
        assert_eq!(error["command"], "otpctl policy remove IN");
        machine.run(&["policy", "allow", "+9198", "--until", "1h"]).exits(0);
        stands(machine, PHONE, "");
        machine.run(&["policy", "block", "+919876"]).exits(0);
        assert_eq!(stands(machine, PHONE, "blocked")["entry"]["prefix"], "+919876");
        machine.run(&["policy", "allow", PHONE]).exits(0);
        assert_eq!(stands(machine, PHONE, "")["entry"]["effect"], "allow");
        stands(machine, OTHER, "blocked");
        for whom in ["AE", "in", "+9198", "+91 98-76", PHONE] {
            let removed = machine.run(&["policy", "remove", whom, "--json"]).exits(0).json();
            assert!(removed["entry"].is_object(), "{whom}: {removed}");
        }
        stands(machine, ABROAD, "country");
        stands(machine, PHONE, "");
    });
}

#[test]
fn an_allow_lifts_no_limit_and_no_lock() {
    let limits = "[limits]\ncooldown = [\"10m\"]\nlocks = { 1 = \"hard\" }\nper_prefix = { \"1h\" = 1 }\n";
    on_each_store(&format!("{limits}[policy]\ntypes = [\"fixed_line\"]\n"), |machine| {
        stands(machine, PHONE, "type");
        machine.run(&["policy", "allow", "IN"]).exits(0);
        machine.run(&["policy", "allow", PHONE]).exits(0);
        machine.run(&["send", PHONE]).exits(0);
        stands(machine, OTHER, "per_prefix");
        machine.run(&["unlock", PHONE, "--limits"]).exits(0);
        let code = machine.run(&["issue", FAR]).exits(0).stdout.trim().to_owned();
        let wrong = if code == "111111" { "222222" } else { "111111" };
        machine.verify(FAR, wrong).exits(12);
        machine.run(&["policy", "allow", FAR]).exits(0);
        stands(machine, FAR, "lock");
    });
    on_each_store("", |machine| {
        machine.run(&["policy", "allow", PHONE]).exits(0);
        machine.run(&["send", PHONE]).exits(0);
        stands(machine, PHONE, "cooldown");
    });
}

#[test]
fn the_list_names_every_entry_and_shows_no_number() {
    on_each_store(FREE, |machine| {
        for whom in [PHONE, OTHER, "+9198", "AE", "+1"] {
            machine.run(&["policy", "block", whom]).exits(0);
        }
        machine.run(&["policy", "allow", ABROAD, "--until", "1h", "--reason", "known"]).exits(0);
        machine.run(&["policy", "remove", OTHER]).exits(0);
        let listed = machine.run(&["policy", "list", "--json"]);
        listed.exits(0);
        assert!(!listed.stdout.contains("876543") && !listed.stdout.contains("1234567"), "{}", listed.stdout);
        let entries = listed.json()["entries"].as_array().unwrap().clone();
        let names: Vec<&str> = entries.iter().map(|entry| entry["scope"].as_str().unwrap()).collect();
        assert_eq!(names, ["prefix", "prefix", "country", "phone", "phone"], "{entries:?}");
        let allowed = &entries[3];
        assert_eq!((&allowed["effect"], &allowed["reason"]), (&"allow".into(), &"known".into()), "the newest first");
        let reference = entries[4]["ref"].as_str().unwrap();
        assert_eq!(stands(machine, PHONE, "blocked")["ref"], reference);
        machine.run(&["policy", "remove", reference]).exits(0);
        stands(machine, PHONE, "blocked");
        machine.run(&["policy", "remove", "+9198"]).exits(0);
        stands(machine, PHONE, "");
        assert!(machine.run(&["policy", "list", "--unmask"]).exits(0).stdout.contains(ABROAD));
        assert_eq!(machine.run(&["policy", "list", "-o", "jsonl"]).exits(0).stdout.lines().count(), 3);
    });
}

#[test]
fn what_is_neither_a_number_nor_a_prefix_blocks_nothing() {
    on_each_store(&format!("region = \"IN\"\n{FREE}"), |machine| {
        for (typed, words) in [
            ("+91987654321", "at most 7 digits"),
            ("9198", ""),
            ("+", ""),
            ("XX", "ISO 3166-1"),
            ("+0", ""),
            ("user:nobody", "has no phone"),
        ] {
            let ran = machine.run(&["policy", "block", typed]);
            assert!((ran.code == 2 || ran.code == 14) && ran.words().contains(words), "{typed}: {ran:?}");
        }
        assert_eq!(machine.run(&["policy", "list", "--json"]).exits(0).json()["entries"], json!([]));
        machine.run(&["policy", "block", "098765 43210"]).exits(0);
        stands(machine, PHONE, "blocked");
    });
}

#[test]
fn a_receiver_who_opted_out_is_asked_no_more() {
    let stop = r#"{"errors":[{"code":"40300","title":"Blocked due to STOP message","detail":"STOP"}]}"#;
    let gateway = Gateway::start(400, stop);
    on_each_store(&telnyx(&gateway, &format!("{FREE}[policy]\ncountries = [\"IN\"]\n")), |machine| {
        let asked = gateway.asked();
        machine.run(&["send", PHONE]).exits(25);
        assert_eq!(gateway.asked(), asked + 1);
        let error = refused(&machine.run(&["send", PHONE, "--json"]), 16, "POLICY");
        assert!(error["message"].as_str().unwrap().contains("asked for no more messages (telnyx)"), "{error}");
        assert_eq!(gateway.asked(), asked + 1, "the gateway is not asked again");
        assert_eq!(stands(machine, PHONE, "opted_out")["entry"]["opted_out"], "telnyx");
        let timeline = machine.inspect(PHONE)["timeline"].to_string();
        assert!(timeline.contains("\"opted_out\""), "{timeline}");
        machine.run(&["policy", "remove", PHONE]).exits(0);
        machine.run(&["send", PHONE]).exits(25);
        assert_eq!(gateway.asked(), asked + 2);
        // What an operator blocked for good stays his.
        machine.run(&["policy", "block", OTHER, "--reason", "mine"]).exits(0);
        assert_eq!(stands(machine, OTHER, "blocked")["entry"]["reason"], "mine");
    });
}

#[test]
fn a_report_that_the_receiver_opted_out_is_kept() {
    let (_gateway, settings) = gateways();
    on_each_store(&settings, |machine| {
        let (_, id) = send_by_twilio(machine, &[PHONE]);
        stands(machine, PHONE, "");
        twilio(machine, &id, PHONE, "undelivered", "21610").exits(0);
        assert_eq!(stands(machine, PHONE, "opted_out")["entry"]["opted_out"], "twilio");
    });
}

#[test]
fn a_rehearsal_changes_no_entry() {
    on_each_store(FREE, |machine| {
        let told = machine.run(&["policy", "block", PHONE, "--dry-run"]).exits(0).stdout.clone();
        assert!(told.starts_with("Would block"), "{told}");
        stands(machine, PHONE, "");
        machine.run(&["policy", "block", PHONE]).exits(0);
        machine.run(&["policy", "remove", PHONE, "--dry-run"]).exits(0);
        machine.run(&["policy", "allow", PHONE, "--dry-run"]).exits(0);
        stands(machine, PHONE, "blocked");
    });
}

#[test]
fn a_protected_file_allows_nothing_for_good_without_a_reason() {
    on_each_store(&format!("protected = true\n{FREE}"), |machine| {
        let config = machine.config();
        let named = |words: &[&str]| machine.run(&[&["--config", config.to_str().unwrap(), "--yes"], words].concat());
        let error = named(&["policy", "allow", PHONE, "--json"]).exits(32).error();
        assert!(error["hint"].as_str().unwrap().contains("--reason"), "{error}");
        named(&["policy", "allow", PHONE, "--until", "1h"]).exits(0);
        named(&["policy", "allow", PHONE, "--reason", "known"]).exits(0);
        named(&["policy", "block", PHONE]).exits(0);
        machine.run(&["policy", "remove", PHONE]).exits(32);
    });
}

#[test]
fn many_at_once_lose_no_entry() {
    on_each_store(FREE, |machine| {
        let phones: Vec<String> = (0..8).map(|n| format!("+9198765{n}3210")).collect();
        let block = |phone: &String| vec!["policy".to_owned(), "block".to_owned(), phone.clone()];
        // All of them are in one part of the index.
        let runs: Vec<Vec<String>> = phones.iter().map(block).collect();
        assert!(machine.at_once(&runs).iter().all(|ran| ran.code == 0));
        let listed = machine.run(&["policy", "list", "--json"]).exits(0).json();
        assert_eq!(listed["entries"].as_array().unwrap().len(), 8, "{listed}");
    });
}
