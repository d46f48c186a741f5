//! `send --dry-run`: what a provider would refuse without asking anybody is told in the words of the send itself.
//! These hold on every store.

use serde_json::Value;

use super::on_each_store;
use crate::support::cli::{FREE, Machine, PHONE};
use crate::support::gateway::Gateway;

const ABROAD: &str = "+12025550125";

const TOOK: &str = r#"{"data":{"id":"m-1","to":[{"status":"queued"}]}}"#;

pub fn policy() -> String {
    format!("{FREE}[policy]\ncountries = [\"IN\", \"US\"]\ntypes = [\"mobile\", \"fixed_line_or_mobile\"]\n")
}

/// It reaches India only.
fn fast2sms(base_url: &str) -> String {
    format!("[providers.fast2sms]\napi_key = \"K3Y\"\nroute = \"otp\"\nbase_url = \"{base_url}\"\n")
}

fn telnyx(base_url: &str) -> String {
    format!("[providers.telnyx]\napi_key = \"KEY0123\"\nfrom = \"+13125550100\"\nbase_url = \"{base_url}\"\n")
}

/// A send that nobody takes ends alike, rehearsed and real. Gives the message.
#[track_caller]
pub fn alike(machine: &Machine, phone: &str, exit: i32) -> String {
    let rehearsed = machine.run(&["send", phone, "--json", "--dry-run"]).exits(exit).error();
    assert_eq!(machine.inspect(phone)["timeline"], Value::Array(Vec::new()), "nothing was written");
    let real = machine.run(&["send", phone, "--json"]).exits(exit).error();
    for field in ["code", "message", "hint", "outcome"] {
        assert_eq!(rehearsed[field], real[field], "{field}");
    }
    assert_eq!(rehearsed["challenge_id"], Value::Null);
    assert!(real["challenge_id"].is_string() && real["state"] == "failed", "{real}");
    real["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_number_that_no_provider_can_take_is_told_before() {
    let gateway = Gateway::start(200, r#"{"return":true,"request_id":"r-1","message":["sent"]}"#);
    on_each_store(&format!("{}{}", policy(), fast2sms(&gateway.base_url)), |machine| {
        let message = alike(machine, ABROAD, 25);
        assert!(message.contains("Fast2SMS accepts only numbers of IN"), "{message}");
    });
    assert_eq!(gateway.asked(), 0, "nobody was asked");
}

#[test]
fn the_next_of_the_route_takes_what_the_first_cannot() {
    let (first, second) = (Gateway::start(500, ""), Gateway::start(200, TOOK));
    let route = "[routes]\ndefault = [\"fast2sms\", \"telnyx\"]\n";
    let settings = format!("{}{route}{}{}", policy(), fast2sms(&first.base_url), telnyx(&second.base_url));
    on_each_store(&settings, |machine| {
        let plan = machine.run(&["send", ABROAD, "--json", "--dry-run"]).exits(0).json()["plan"].clone();
        assert_eq!(plan["asked_first"], "telnyx");
        let refused = &plan["refused"][0];
        assert_eq!((&refused["provider"], &refused["class"]), (&"fast2sms".into(), &"region".into()));
        let words = refused["message"].as_str().unwrap();
        let shown = machine.run(&["send", ABROAD, "--dry-run"]);
        assert!(shown.exits(0).stdout.contains(&format!("fast2sms: {words}")), "{shown:?}");
        let before = second.asked();
        let sent = machine.run(&["send", ABROAD, "--json"]);
        assert_eq!(sent.exits(0).json()["provider"], "telnyx");
        assert!(sent.stderr.contains(words), "{sent:?}");
        assert_eq!(second.asked(), before + 1);
        // At home nothing is refused.
        let plan = machine.run(&["send", PHONE, "--json", "--dry-run"]).exits(0).json()["plan"].clone();
        assert_eq!((&plan["asked_first"], plan["refused"].as_array().unwrap().len()), (&"fast2sms".into(), 0));
    });
    assert_eq!(first.asked(), 0, "the first was never asked");
}
