//! Providers, and what became of the SMS that they accepted.

use super::codes::NOBODY;
use super::page::Page;
use crate::each_store::delivery_reports::{gateways, send};
use crate::each_store::provider_faults::{NO, policy, twilio, two};
use crate::support::cli::{FREE, PHONE};
use crate::support::gateway::{DEFINITION, Gateway};

/// What Twilio says of an account.
const BALANCE: &str = r#"{"balance":"17.25","currency":"USD"}"#;

const CUSTOM: &str = "[policy]\ncountries = [\"IN\"]\n[providers.ours]\ndefinition = \"ours.toml\"\n\
    token = \"t0k3n\"\nbase_url = \"http://127.0.0.1:1\"\n";

fn configured(base_url: &str) -> String {
    format!("{}{}", policy(), twilio("twilio", base_url))
}

pub fn list(page: &mut Page) {
    let mut scene = page.scene("No file.", "");
    scene.run(&["provider", "list"]);
    scene.run(&["provider", "list", "--json"]);
    scene.run(&["provider", "list", "--all"]);
    let mut scene = page.scene("A gateway.", &configured(NOBODY));
    scene.run(&["provider", "list"]);
    scene.run(&["provider", "list", "--json"]);
}

pub fn show(page: &mut Page) {
    let mut scene = page.scene("A custom definition.", CUSTOM);
    scene.machine.write(".config/otpctl/ours.toml", DEFINITION);
    scene.run(&["provider", "show", "ours"]);
    scene.run(&["provider", "show", "ours", "--json"]);
    scene.run(&["provider", "show", "console"]);
    scene.run(&["provider", "show", "twillio"]);
    scene.run(&["provider", "show", "nosuch", "--json"]);
    scene.run(&["provider", "show"]);
}

pub fn check(page: &mut Page) {
    let mut scene = page.scene("Definitions, good and bad.", "");
    scene.machine.write("ours.toml", DEFINITION);
    scene.run(&["provider", "check", "ours.toml"]);
    scene.run(&["provider", "check", "ours.toml", "--json"]);
    scene.machine.write("bad.toml", &DEFINITION.replace("accepted", "acepted"));
    scene.run(&["provider", "check", "bad.toml"]);
    scene.run(&["provider", "check", "bad.toml", "--json"]);
    scene.machine.write("worse.toml", &DEFINITION.replace("{{ text }}", "{{ txt }}"));
    scene.run(&["provider", "check", "worse.toml"]);
    scene.run(&["provider", "check", "absent.toml"]);
    scene.run(&["provider", "check"]);
}

pub fn test(page: &mut Page) {
    let mut scene = page.scene("No file.", "");
    scene.run(&["provider", "test", "console"]);
    scene.run(&["provider", "test", "console", "--json"]);
    scene.run(&["provider", "test", "nosuch"]);
    scene.run(&["provider", "test"]);
    let account = Gateway::start(200, BALANCE);
    page.scene("A gateway says yes.", &configured(&account.base_url)).run(&["provider", "test", "twilio"]);
    let refusing = Gateway::start(401, NO);
    let mut scene = page.scene("A gateway refuses the account.", &configured(&refusing.base_url));
    scene.run(&["provider", "test", "twilio"]);
    scene.run(&["provider", "test", "twilio", "--json"]);
    let mut scene = page.scene("No gateway listens.", &configured(NOBODY));
    scene.run(&["provider", "test", "twilio"]);
}

pub fn balance(page: &mut Page) {
    let mut scene = page.scene("No file.", "");
    scene.run(&["provider", "balance"]);
    scene.run(&["provider", "balance", "console"]);
    scene.run(&["provider", "balance", "nosuch"]);
    let rich = Gateway::start(200, BALANCE);
    let mut scene = page.scene("A gateway tells what is left.", &configured(&rich.base_url));
    scene.run(&["provider", "balance"]);
    scene.run(&["provider", "balance", "twilio", "--json"]);
    let refusing = Gateway::start(401, NO);
    let both = two(&rich.base_url, &refusing.base_url, "");
    let mut scene = page.scene("One of two gateways refuses the account.", &both);
    scene.run(&["provider", "balance"]);
    scene.run(&["provider", "balance", "--json"]);
    scene.run(&["provider", "balance", "second"]);
}

pub fn delivery_record(page: &mut Page) {
    let (_gateway, settings) = gateways();
    let mut scene = page.scene("Twilio accepted an SMS as SM1.", &settings);
    send(&scene.machine, &[PHONE]);
    let report = |state: &str| format!("{{\"phone\":\"{PHONE}\",\"message_id\":\"SM1\",\"state\":\"{state}\"}}\n");
    scene.typed(&["delivery", "record"], &report("sent"));
    scene.typed(&["delivery", "record"], &report("sent"));
    scene.typed(&["delivery", "record", "--json"], &report("delivered"));
    let twilio = ["delivery", "record", "--provider", "twilio"];
    scene.typed(&twilio, "MessageSid=SM1&MessageStatus=delivered&To=%2B919876543210&From=%2B15005550006\n");
    scene.typed(&twilio, "nonsense\n");
    scene.typed(&["delivery", "record"], &report("read"));
    scene.typed(&["delivery", "record", "--json"], "nonsense\n");
    scene.typed(&["delivery", "record"], "");
    scene.typed(&["delivery", "record"], &report("delivered").replace("SM1", "SM9"));
    scene.typed(&["delivery", "record"], &(report("delivered").replace("SM1", "SM9") + &report("delivered")));
    scene.typed(&["delivery", "record", "--provider", "nosuch"], &report("sent"));
    let mut scene = page.scene("The provider has no delivery reports.", FREE);
    scene.typed(&["delivery", "record", "--provider", "console"], "{}\n");
}
