//! Brakes against SMS pumping: strangers whose codes nobody enters are stopped, customers are not.
//! These hold on every store.

use serde_json::Value;

use super::limits::{TAKEN, refused, telnyx};
use super::on_each_store;
use crate::support::cli::{Machine, PHONE};
use crate::support::gateway::Gateway;

/// So many unverified sends to strangers of one range in an hour stop the next.
const FLOOR: usize = 20;

/// Numbers of one range, far from each other.
fn stranger(n: usize) -> String {
    format!("+919876{:02}{:04}", n % 100, 1000 + n * 61)
}

fn settings(gateway: &Gateway, policy: &str) -> String {
    let limits = "[limits]\ncooldown = []\nper_phone = { \"1h\" = 90 }\nper_country = { \"1h\" = 900 }\n";
    telnyx(gateway, &format!("{limits}[policy]\ncountries = [\"IN\"]\n{policy}"))
}

/// The code that the gateway was given last.
fn code(gateway: &Gateway) -> String {
    let request = gateway.requests().last().unwrap().clone();
    let at = request.find(" is your").unwrap();
    request[at - 6..at].to_owned()
}

/// A number that verified a code, of another range than the strangers'.
fn verified(machine: &Machine, gateway: &Gateway, phone: &str) {
    machine.run(&["send", phone]).exits(0);
    machine.run(&["verify", phone, &code(gateway)]).exits(0);
}

fn would(machine: &Machine, phone: &str) -> Value {
    machine.run(&["policy", "show", phone, "--json"]).exits(0).json()["send"].clone()
}

#[test]
fn strangers_whose_codes_nobody_enters_are_stopped_and_customers_are_not() {
    let gateway = Gateway::start(200, TAKEN);
    on_each_store(&settings(&gateway, "brakes = \"enforce\"\n"), |machine| {
        // A customer of the range, with no user; and one with.
        let (customer, linked) = (stranger(90), stranger(91));
        verified(machine, &gateway, &customer);
        machine.run(&["user", "link", "u_1", &linked]).exits(0);
        verified(machine, &gateway, &linked);
        for n in 0..FLOOR {
            machine.run(&["send", &stranger(n)]).exits(0);
        }
        let asked = gateway.asked();
        let next = stranger(FLOOR);
        let error = refused(&machine.run(&["send", &next, "--json"]), 16, "POLICY");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("2 of 22 codes to new numbers of its range") && message.contains("hour"), "{error}");
        assert!(error["retry_after_seconds"].as_u64().is_some_and(|wait| (1..=7200).contains(&wait)), "{error}");
        let send = would(machine, &next);
        assert_eq!((&send["allowed"], &send["rule"]), (&false.into(), &"brake".into()), "{send}");
        assert_eq!(machine.inspect(&next)["send"], send);
        machine.run(&["send", &next, "--dry-run"]).exits(16);
        assert_eq!(gateway.asked(), asked, "zero calls");
        // Neither stopped nor counted.
        for known in [&customer, &linked] {
            machine.run(&["send", known]).exits(0);
        }
        machine.run(&["send", PHONE.replace("9198", "9178").as_str()]).exits(0);
        machine.run(&["policy", "allow", &next, "--until", "1h"]).exits(0);
        machine.run(&["send", &next]).exits(0);
        machine.run(&["send", &stranger(FLOOR + 1)]).exits(16);
    });
}

#[test]
fn a_stranger_who_verifies_is_credited_with_all_of_his_sends() {
    let gateway = Gateway::start(200, TAKEN);
    on_each_store(&settings(&gateway, "brakes = \"enforce\"\n"), |machine| {
        for n in 0..FLOOR - 1 {
            machine.run(&["send", &stranger(n)]).exits(0);
        }
        let late = stranger(50);
        machine.run(&["send", &late]).exits(0);
        assert_eq!(would(machine, &late)["rule"], "brake");
        machine.run(&["verify", &late, &code(&gateway)]).exits(0);
        assert_eq!(would(machine, &stranger(51))["allowed"], true, "one of twenty was entered");
        machine.run(&["send", &stranger(51)]).exits(0);
        assert_eq!(would(machine, &stranger(52))["rule"], "brake");
    });
}

#[test]
fn what_no_provider_accepted_tells_the_brakes_nothing() {
    let gateway = Gateway::start(401, "{}");
    on_each_store(
        &settings(&gateway, "brakes = \"enforce\"\n[routes]\npass_over = { after = 999, for = \"1s\" }\n"),
        |machine| {
            for n in 0..FLOOR + 2 {
                machine.run(&["send", &stranger(n)]).exits(25);
            }
        },
    );
}

#[test]
fn what_would_be_stopped_is_told_where_the_file_observes() {
    let gateway = Gateway::start(200, TAKEN);
    on_each_store(&settings(&gateway, ""), |machine| {
        for n in 0..=FLOOR {
            machine.run(&["send", &stranger(n)]).exits(0);
        }
        let told = |n: usize| {
            let timeline = machine.inspect(&stranger(n))["timeline"].as_array().unwrap().clone();
            timeline.iter().find(|event| event["result"] == "sent").unwrap()["would_refuse"].clone()
        };
        assert_eq!((told(FLOOR - 1), told(FLOOR)), (Value::Null, "brake".into()));
        let send = would(machine, &stranger(FLOOR + 1));
        assert_eq!((&send["allowed"], &send["would_refuse"]), (&true.into(), &"brake".into()), "{send}");
    });
    on_each_store(&settings(&gateway, "brakes = \"off\"\n"), |machine| {
        for n in 0..=FLOOR {
            machine.run(&["send", &stranger(n)]).exits(0);
        }
        assert_eq!(would(machine, &stranger(FLOOR + 1))["would_refuse"], Value::Null);
    });
}

#[test]
fn a_country_may_be_open_to_those_who_verified_before() {
    let gateway = Gateway::start(200, TAKEN);
    let countries = |state: &str| {
        let policy = format!("[policy]\ncountries = {{ IN = \"{state}\", AE = \"deny\" }}\n");
        telnyx(&gateway, &format!("[limits]\ncooldown = []\n{policy}"))
    };
    on_each_store(&countries("allow"), |machine| {
        verified(machine, &gateway, PHONE);
        machine.configure(&countries("verified_only"));
        machine.run(&["send", PHONE]).exits(0);
        let error = refused(&machine.run(&["send", &stranger(1), "--json"]), 16, "POLICY");
        assert!(error["message"].as_str().unwrap().contains("only to numbers that verified"), "{error}");
        assert_eq!(would(machine, &stranger(1))["rule"], "country");
        assert_eq!(would(machine, "+971501234567")["rule"], "country");
    });
}

/// Where another server checks the codes and nobody records how they ended, everybody is a stranger.
#[test]
fn brakes_that_never_see_a_code_verified_are_told_by_doctor() {
    let gateway = Gateway::start(200, TAKEN);
    on_each_store(&settings(&gateway, "brakes = \"enforce\"\n"), |machine| {
        let check = || {
            let doctor = machine.run(&["doctor", "--json"]).json();
            doctor["checks"].as_array().unwrap().iter().find(|check| check["id"] == "policy.brakes").cloned()
        };
        let phones: Vec<String> = (0..FLOOR).map(stranger).collect();
        machine.write("phones", &phones[1..].join("\n"));
        machine.run(&["send", "--from", "phones", "--yes"]).exits(0);
        assert_eq!(check(), None, "of so few nobody has to be verified");
        machine.run(&["send", &phones[0]]).exits(0);
        let told = check().unwrap();
        assert_eq!((told["status"].as_str(), told["fix"].is_string()), (Some("warn"), true), "{told}");
        machine.run(&["verify", &phones[0], &code(&gateway)]).exits(0);
        assert_eq!(check(), None);
    });
}
