//! What is refused costs nothing: limits and policy before any provider, locks before any code.
//! These hold on every store.

use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use super::on_each_store;
use crate::support::cli::{FREE, PHONE, Ran, wrong_codes};
use crate::support::gateway::Gateway;

pub const TAKEN: &str =
    r#"{"data":{"id":"40385f64-5717-4562-b3fc-2c963f66afa6","to":[{"status":"queued"}],"parts":1}}"#;

/// A provider that counts, behind these limits and countries.
pub fn telnyx(gateway: &Gateway, rest: &str) -> String {
    let settings = "api_key = \"KEY0123\"\nfrom = \"+13125550100\"";
    format!("{rest}\n[providers.telnyx]\n{settings}\nbase_url = \"{}\"\n", gateway.base_url)
}

pub fn refused(ran: &Ran, exit: i32, code: &str) -> Value {
    let error = ran.exits(exit).error();
    assert_eq!((&error["code"], &error["outcome"]), (&code.into(), &"not_done".into()), "{error}");
    error
}

#[test]
fn a_refused_number_costs_nothing() {
    let gateway = Gateway::start(200, TAKEN);
    let limits = "[limits]\ncooldown = []\nper_prefix = { \"1h\" = 2 }\n[policy]\ncountries = [\"IN\", \"GB\"]\n";
    on_each_store(&telnyx(&gateway, limits), |machine| {
        let asked = gateway.asked();
        let send = |phone: &str| machine.run(&["send", phone, "--json"]);
        for (phone, why) in [("+971501234567", "a country"), ("+44 909 879 0000", "a premium rate")] {
            refused(&send(phone), 16, "POLICY");
            assert_eq!(gateway.asked(), asked, "{why}");
        }
        send("+919876500100").exits(0);
        send("+919876503100").exits(0);
        let error = refused(&send("+919876507100"), 13, "RATE_LIMITED");
        assert!(error["retry_after_seconds"].as_u64().is_some_and(|wait| (1..=7200).contains(&wait)), "{error}");
        assert_eq!(gateway.asked(), asked + 2, "two of the prefix, and no third");
        let timeline = machine.inspect("+919876507100")["timeline"].as_array().unwrap().clone();
        let told = ["event", "result", "rule", "count"].map(|name| &timeline[0][name]);
        assert_eq!(
            (serde_json::json!(told), timeline.len()),
            (serde_json::json!(["send", "refused", "per_prefix", 1]), 1)
        );
    });
}

#[test]
fn a_cap_stops_everybody_and_an_allow_does_not_lift_it() {
    let gateway = Gateway::start(200, TAKEN);
    let limits = "[limits]\ncooldown = []\ncaps = { sms = { \"1h\" = 2 } }\n[policy]\ncountries = [\"IN\", \"GB\"]\n";
    on_each_store(&telnyx(&gateway, limits), |machine| {
        let asked = gateway.asked();
        let send = |phone: &str| machine.run(&["send", phone, "--json"]);
        send("+919876500100").exits(0);
        send("+442071838750").exits(0);
        machine.run(&["policy", "allow", PHONE]).exits(0);
        let error = refused(&send(PHONE), 16, "POLICY");
        assert!(error["message"].as_str().unwrap().contains("limit of 2 codes in 1 h"), "{error}");
        assert!(error["retry_after_seconds"].as_u64().is_some_and(|wait| (1..=7200).contains(&wait)), "{error}");
        assert_eq!(gateway.asked(), asked + 2, "two, to whatever country, and no third");
        let told = machine.run(&["policy", "show", PHONE, "--json"]).exits(0).json();
        assert_eq!((&told["send"]["allowed"], &told["send"]["rule"]), (&false.into(), &"cap".into()), "{told}");
        assert_eq!(machine.inspect(PHONE)["verdict"], "POLICY_REFUSED");
        // What is printed costs no SMS.
        machine.run(&["issue", PHONE]).exits(0);
    });
}

#[test]
fn a_run_of_neighbors_stops() {
    let gateway = Gateway::start(200, TAKEN);
    let policy = "[policy]\ncountries = [\"IN\"]\nbrakes = \"enforce\"\n";
    on_each_store(&telnyx(&gateway, &format!("{FREE}{policy}")), |machine| {
        let asked = gateway.asked();
        for number in 0..4 {
            machine.run(&["send", &format!("+9198765001{number}0"), "--json"]).exits(0);
        }
        refused(&machine.run(&["send", "+919876500140", "--json"]), 16, "POLICY");
        refused(&machine.run(&["send", "+919876500105", "--json", "--dry-run"]), 16, "POLICY");
        assert_eq!(gateway.asked(), asked + 4);
    });
}

#[test]
fn two_sends_at_once_are_one_sms() {
    let gateway = Gateway::start(200, TAKEN);
    on_each_store(&telnyx(&gateway, "[policy]\ncountries = [\"IN\"]\n"), |machine| {
        let before = gateway.asked();
        let ran = machine.at_once(&[vec!["send", PHONE, "--json"], vec!["send", "+91 98765 43210", "--json"]]);
        let mut codes: Vec<i32> = ran.iter().map(|ran| ran.code).collect();
        codes.sort_unstable();
        assert_eq!((codes, gateway.asked() - before), (vec![0, 13], 1), "{ran:?}");
    });
}

#[test]
fn a_success_clears_its_own_count_and_no_other() {
    on_each_store(FREE, |machine| {
        let other = "+919876543211";
        let wrong = |phone: &str, purpose: &str| {
            let code = machine.run(&["send", phone, "--purpose", purpose]).exits(0).sms_code();
            let typed = wrong_codes(&code).next().unwrap();
            machine.run(&["verify", phone, &typed, "--purpose", purpose]).exits(10);
            code
        };
        let right = wrong(PHONE, "login");
        let pay = wrong(PHONE, "pay");
        let theirs = wrong(other, "login");
        let failures = |ran: &Ran| ran.json()["failures_consecutive"].clone();
        assert_eq!(failures(machine.verify(PHONE, &right).exits(0)), 0);
        let typed = wrong_codes(&pay).next().unwrap();
        let ran = machine.run(&["verify", PHONE, &typed, "--purpose", "pay", "--json"]);
        assert_eq!(failures(ran.exits(10)), 2, "another purpose of the phone");
        let typed = wrong_codes(&theirs).next().unwrap();
        assert_eq!(failures(machine.verify(other, &typed).exits(10)), 2, "another phone");
        let right = machine.send(PHONE);
        let typed = wrong_codes(&right).next().unwrap();
        assert_eq!(failures(machine.verify(PHONE, &typed).exits(10)), 1, "its own began anew");
    });
}

#[test]
fn a_superseded_code_is_told_and_counted() {
    on_each_store(FREE, |machine| {
        let old = machine.send(PHONE);
        let new = loop {
            let new = machine.send(PHONE);
            if new != old {
                break new;
            }
        };
        let answer = machine.verify(PHONE, &old).exits(10).json();
        assert_eq!((&answer["result"], &answer["reason"]), (&"wrong".into(), &"superseded_code".into()));
        assert_eq!((&answer["failures_consecutive"], &answer["attempts_left"]), (&1.into(), &4.into()));
        machine.verify(PHONE, &new).exits(0);
    });
}

#[test]
fn a_lock_is_timed_and_of_one_phone_and_purpose() {
    let settings = format!("{FREE}locks = {{ 3 = \"2s\", 5 = \"hard\" }}\n");
    on_each_store(&settings, |machine| {
        let right = machine.send(PHONE);
        let mut wrong = wrong_codes(&right);
        let mut fail = |exit| machine.verify(PHONE, &wrong.next().unwrap()).exits(exit).json();
        fail(10);
        fail(10);
        let answer = fail(12);
        assert_eq!((&answer["reason"], &answer["result"]), (&"timed_lock".into(), &"locked".into()));
        machine.verify(PHONE, &right).exits(12);
        refused(&machine.run(&["send", PHONE, "--json"]), 12, "LOCKED");
        let pay = machine.run(&["send", PHONE, "--purpose", "pay"]).exits(0).sms_code();
        machine.run(&["verify", PHONE, &pay, "--purpose", "pay"]).exits(0);
        let theirs = machine.send("+919876543211");
        machine.verify("+919876543211", &theirs).exits(0);
        sleep(Duration::from_millis(2100));
        assert_eq!(fail(10)["failures_consecutive"], 4, "the lock is over, the count is not");
        assert_eq!(fail(12)["reason"], "hard_lock");
        let listed = machine.run(&["list", "--state", "locked", "--unmask", "--json"]).exits(0).json();
        assert_eq!(listed["codes"][0]["phone"], PHONE);
    });
}

#[test]
fn unlock_is_written_down_with_its_reason() {
    on_each_store(&format!("{FREE}locks = {{ 2 = \"hard\" }}\n"), |machine| {
        let right = machine.send(PHONE);
        let wrong: Vec<_> = wrong_codes(&right).take(2).collect();
        machine.verify(PHONE, &wrong[0]).exits(10);
        machine.verify(PHONE, &wrong[1]).exits(12);
        machine.run(&["unlock", PHONE, "--purpose", "pay"]).exits(0);
        machine.verify(PHONE, &right).exits(12);
        machine.run(&["unlock", PHONE, "--reason", "called, ticket 4711"]).exits(0);
        let timeline = machine.inspect(PHONE)["timeline"].to_string();
        assert!(timeline.contains("called, ticket 4711"), "{timeline}");
        assert_eq!(machine.verify(PHONE, &right).exits(0).json()["failures_consecutive"], 0);
    });
}

#[test]
fn a_success_clears_failures_and_an_expired_code_does_not() {
    on_each_store(FREE, |machine| {
        let code = machine.run(&["send", PHONE, "--ttl", "2s"]).exits(0).sms_code();
        let wrong: Vec<_> = wrong_codes(&code).take(3).collect();
        machine.verify(PHONE, &wrong[0]).exits(10);
        machine.verify(PHONE, &wrong[1]).exits(10);
        sleep(Duration::from_millis(2100));
        let answer = machine.verify(PHONE, &code).exits(11).json();
        assert_eq!((&answer["reason"], &answer["failures_consecutive"]), (&"expired".into(), &2.into()));
        let code = machine.send(PHONE);
        let typed = wrong_codes(&code).next().unwrap();
        assert_eq!(machine.verify(PHONE, &typed).exits(10).json()["failures_consecutive"], 3);
        assert_eq!(machine.verify(PHONE, &code).exits(0).json()["failures_consecutive"], 0);
        let code = machine.send(PHONE);
        let typed = wrong_codes(&code).next().unwrap();
        assert_eq!(machine.verify(PHONE, &typed).exits(10).json()["failures_consecutive"], 1);
    });
}
