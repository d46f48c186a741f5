//! What is told of the next send is what the next send meets.
//! These hold on every store.

use serde_json::Value;

use super::on_each_store;
use crate::support::cli::{FREE, Machine, PHONE};

const NEXT: &str = "+919876543211";

/// What `inspect` says of the next send; a rehearsal of it says the same.
#[track_caller]
pub fn told(machine: &Machine, phone: &str, rule: &str) -> Value {
    let send = machine.inspect(phone)["send"].clone();
    assert_eq!((&send["allowed"], &send["rule"]), (&false.into(), &rule.into()), "{send}");
    let rehearsed = machine.run(&["send", phone, "--dry-run", "--json"]);
    assert!([12, 13, 16].contains(&rehearsed.code), "{rehearsed:?}");
    assert_eq!(rehearsed.error()["send"], send, "a rehearsal says what `inspect` says");
    send
}

#[test]
fn inspect_tells_which_rule_the_next_send_meets() {
    let limits = "[limits]\ncooldown = []\nper_phone = { \"1h\" = 9 }\n";
    on_each_store(&format!("{limits}per_prefix = {{ \"1h\" = 1 }}\n"), |machine| {
        assert_eq!(machine.inspect(NEXT)["send"]["allowed"], true);
        let plan = machine.run(&["send", NEXT, "--dry-run", "--json"]).exits(0).json()["plan"].clone();
        assert_eq!(plan["send"], machine.inspect(NEXT)["send"]);
        machine.send(PHONE);
        assert!(told(machine, NEXT, "per_prefix")["until"].is_string());
        machine.run(&["send", NEXT]).exits(13);
        assert!(machine.run(&["inspect", NEXT]).exits(0).stdout.contains("too many to this prefix"));
        let unlocked = machine.run(&["unlock", PHONE, "--limits", "--json"]).exits(0).json();
        assert_eq!(unlocked["send"]["rule"], "per_prefix", "what still holds is told: {unlocked}");
        assert!(machine.run(&["unlock", PHONE, "--limits"]).exits(0).stdout.contains("too many to this prefix"));
    });
    on_each_store(&format!("{limits}per_prefix = {{}}\nper_country = {{ \"1h\" = 1 }}\n"), |machine| {
        machine.send(PHONE);
        told(machine, NEXT, "per_country");
        machine.run(&["send", NEXT]).exits(13);
    });
    on_each_store("", |machine| {
        machine.send(PHONE);
        let until = told(machine, PHONE, "cooldown")["until"].clone();
        assert!(until.is_string());
        machine.run(&["send", PHONE]).exits(13);
        let unlocked = machine.run(&["unlock", PHONE, "--limits", "--json"]).exits(0).json();
        let free = serde_json::json!(
            { "allowed": true, "rule": null, "until": null, "reason": null, "would_refuse": null }
        );
        assert_eq!(unlocked["send"], free);
        machine.run(&["send", PHONE]).exits(0);
    });
}

#[test]
fn inspect_tells_what_the_policy_and_a_lock_refuse() {
    on_each_store(&format!("{FREE}[policy]\ncountries = [\"AE\", \"US\"]\n"), |machine| {
        assert!(told(machine, PHONE, "country")["until"].is_null());
        machine.run(&["send", PHONE]).exits(16);
    });
    on_each_store(&format!("{FREE}[policy]\ntypes = [\"fixed_line\"]\n"), |machine| {
        told(machine, PHONE, "type");
        machine.run(&["send", PHONE]).exits(16);
    });
    on_each_store(&FREE.replace("[limits]", "[limits]\nlocks = { 1 = \"hard\" }"), |machine| {
        let right = machine.send(PHONE);
        let wrong = if right == "111111" { "222222" } else { "111111" };
        machine.verify(PHONE, wrong);
        told(machine, PHONE, "lock");
        machine.run(&["send", PHONE]).exits(12);
    });
}

#[test]
fn a_live_code_of_another_purpose_is_pointed_to() {
    on_each_store(FREE, |machine| {
        let code = machine.run(&["send", PHONE, "--purpose", "signup"]).exits(0).sms_code();
        let answer = machine.verify(PHONE, &code).exits(11).json();
        assert_eq!(answer["reason"], "never_issued");
        let told = machine.run(&["verify", PHONE, &code]);
        let hint = format!("hint: a code for purpose `signup` is live: otpctl verify {PHONE} --purpose signup\n");
        assert!(told.exits(11).stderr.ends_with(&hint), "{told:?}");
    });
}
