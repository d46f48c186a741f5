//! What support does with a customer on the line.

use super::codes::without_server;
use super::masks::ANY_CODE;
use super::page::Page;
use crate::each_store::wait::Twilio;
use crate::support::cli::{FREE, PHONE};

const OTHER: &str = "+919876543211";
/// The id of a code of another store.
const STRANGER: &str = "ch_aaaaaaaaaaaaaaaaaaaaaaaaaa";
/// Long enough for a busy machine to look at the store and at the gateway.
const LONG: &str = "3s";

pub fn inspect(page: &mut Page) {
    let mut scene = page.scene("Nothing happened yet.", FREE);
    scene.run(&["inspect", PHONE]);
    scene.run(&["inspect", PHONE, "--json"]);
    scene.run(&["inspect", "+91987"]);
    scene.run(&["inspect", "ch_nosuch"]);
    scene.run(&["inspect", STRANGER]);
    scene.run(&["inspect", "user:u_1"]);
    scene.run(&["inspect"]);

    let mut scene = page.scene("A live code, one wrong code, and a user.", FREE);
    scene.machine.run(&["user", "link", "u_1", PHONE]).exits(0);
    let code = scene.code(PHONE);
    let wrong = scene.wrong(&code);
    scene.machine.run(&["verify", PHONE, &wrong]).exits(10);
    scene.run(&["inspect", PHONE]);
    scene.run(&["inspect", "user:u_1", "--json"]);

    let mut scene = page.scene("A lock.", &format!("{FREE}locks = {{ 1 = \"15m\" }}\n"));
    let code = scene.code(PHONE);
    let wrong = scene.wrong(&code);
    scene.machine.run(&["verify", PHONE, &wrong]);
    scene.run(&["inspect", PHONE]);

    let mut scene = page.scene("The code was used.", FREE);
    let code = scene.code(PHONE);
    scene.machine.run(&["verify", PHONE, &code]).exits(0);
    scene.run(&["inspect", PHONE]);

    let undelivered = Twilio::saying(&["undelivered 30003"]);
    let mut scene = page.scene("The gateway could not deliver the SMS.", &undelivered.settings());
    scene.machine.run(&["send", PHONE]).exits(0);
    scene.machine.run(&["wait", PHONE]).exits(17);
    scene.run(&["inspect", PHONE]);

    page.scene_on("No store is there.", without_server()).run(&["inspect", PHONE]);
}

pub fn revoke(page: &mut Page) {
    let mut scene = page.scene("A live code.", FREE);
    scene.code(PHONE);
    scene.run(&["revoke", PHONE, "--dry-run"]);
    scene.run(&["revoke", PHONE]);
    scene.run(&["revoke", PHONE]);
    scene.run(&["revoke", PHONE, "--json"]);
    scene.run(&["revoke", PHONE, "--must-exist"]);
    scene.run(&["revoke", PHONE, "--must-exist", "--json"]);
    scene.code(PHONE);
    scene.run(&["revoke", PHONE, "--json"]);

    let mut scene = page.scene("What cannot be read or found.", FREE);
    scene.run(&["revoke"]);
    scene.run(&["revoke", "+91987"]);
    scene.run(&["revoke", "ch_nosuch"]);
    scene.run(&["revoke", STRANGER]);
    scene.run(&["revoke", "user:u_1"]);
    scene.run(&["revoke", PHONE, "--all"]);

    let mut scene = page.scene("Many.", FREE);
    for phone in [PHONE, OTHER] {
        scene.code(phone);
    }
    scene.run(&["revoke", "--all"]);
    scene.typed(&["revoke", "--from", "-", "--concurrency", "1"], &format!("{PHONE}\nnot a phone\n"));
    scene.run(&["revoke", "--all", "--yes"]);
    scene.run(&["revoke", "--all", "--yes", "--json"]);
    scene.run(&["revoke", PHONE, "not a phone", "--json"]);

    page.scene("A protected file.", &format!("protected = true\n{FREE}")).run(&["revoke", PHONE]);
}

pub fn unlock(page: &mut Page) {
    let mut scene = page.scene("A lock after one wrong code.", &format!("{FREE}locks = {{ 1 = \"15m\" }}\n"));
    scene.code(PHONE);
    scene.machine.run(&["verify", PHONE, ANY_CODE]);
    scene.run(&["unlock", PHONE, "--dry-run"]);
    scene.run(&["unlock", PHONE]);
    scene.run(&["unlock", PHONE]);
    scene.run(&["unlock", PHONE, "--json"]);
    scene.run(&["unlock", PHONE, "--limits"]);
    scene.run(&["unlock", "+91987"]);
    scene.run(&["unlock", "user:u_1"]);
    scene.run(&["unlock"]);
}

pub fn events(page: &mut Page) {
    let mut scene = page.scene("Nothing happened yet.", FREE);
    scene.run(&["events"]);
    scene.run(&["events", "--json"]);
    scene.run(&["events", PHONE, "-o", "human"]);
    scene.run(&["events", "--since", "yesterday"]);
    scene.run(&["events", "--type", "sms"]);
    scene.run(&["events", "--limit", "0"]);
    scene.run(&["events", "--follow", "--json"]);
    scene.run(&["events", "+91987"]);

    let mut scene = page.scene("Two phones, a wrong code and a user.", FREE);
    let code = scene.code(PHONE);
    scene.code(OTHER);
    let wrong = scene.wrong(&code);
    scene.machine.run(&["verify", PHONE, &wrong]).exits(10);
    scene.machine.run(&["user", "link", "u_1", OTHER]).exits(0);
    scene.run(&["events", "-o", "human"]);
    scene.run(&["events", "--type", "verify,user"]);
    scene.run(&["events", "--limit", "1", "--unmask"]);
    scene.run(&["events", PHONE, "--type", "verify", "--json"]);
    scene.run(&["events", PHONE, "--since", "1h", "-o", "human"]);
    scene.run(&["events", "--since", "2100-01-01T00:00:00Z"]);

    page.scene_on("No store is there.", without_server()).run(&["events"]);
}

pub fn stats(page: &mut Page) {
    let mut scene = page.scene("Nothing happened yet.", FREE);
    scene.run(&["stats"]);
    scene.run(&["stats", "--json"]);
    scene.run(&["stats", "--by", "operator"]);
    scene.run(&["stats", "--since", "41d"]);
    scene.run(&["stats", "--by", "day"]);
    scene.run(&["stats", "--prometheus", "--json"]);

    let undelivered = Twilio::saying(&["undelivered 30003"]);
    let mut scene = page.scene("A message that was not delivered.", &undelivered.settings());
    scene.machine.run(&["send", PHONE]).exits(0);
    scene.machine.run(&["wait", PHONE]).exits(17);
    scene.run(&["stats"]);
    scene.run(&["stats", "--by", "provider", "--json"]);
    scene.run(&["stats", "--by", "range", "-o", "jsonl"]);
    scene.run(&["stats", "--by", "channel", "--prometheus"]);
    scene.run(&["stats", "--html", "page.html"]);

    page.scene_on("No store is there.", without_server()).run(&["stats"]);
}

pub fn list(page: &mut Page) {
    let mut scene = page.scene("Nothing yet.", FREE);
    scene.run(&["list"]);
    scene.run(&["list", "--json"]);
    scene.run(&["list", "-o", "jsonl"]);
    scene.run(&["list", "--state", "dead"]);
    scene.run(&["list", "--country", "XX"]);
    scene.run(&["list", "--cursor", "nonsense"]);

    let mut scene = page.scene("A live code, and a locked phone.", &format!("{FREE}locks = {{ 1 = \"15m\" }}\n"));
    scene.code(PHONE);
    scene.code(OTHER);
    scene.machine.run(&["verify", OTHER, ANY_CODE]);
    scene.run(&["list", "--state", "locked"]);
    scene.run(&["list", "--state", "locked", "--json"]);
    scene.machine.run(&["revoke", OTHER]).exits(0);
    scene.run(&["list"]);
    scene.run(&["list", "--json"]);
    scene.run(&["list", "-o", "jsonl", "--unmask"]);
    scene.run(&["list", "--country", "AE"]);
}

pub fn wait(page: &mut Page) {
    let delivered = Twilio::saying(&["delivered"]);
    let mut scene = page.scene("The gateway delivered it.", &delivered.settings());
    scene.machine.run(&["send", PHONE]).exits(0);
    scene.run(&["wait", PHONE]);
    scene.run(&["wait", PHONE, "--json"]);

    let undelivered = Twilio::saying(&["undelivered 30003"]);
    let mut scene = page.scene("The gateway could not deliver it.", &undelivered.settings());
    scene.machine.run(&["send", PHONE]).exits(0);
    scene.run(&["wait", PHONE]);
    scene.run(&["wait", PHONE, "--json"]);
    scene.run(&["send", PHONE, "--wait"]);

    let mut scene = page.scene("The `console` provider knows nothing of delivery.", FREE);
    scene.run(&["wait", PHONE]);
    let code = scene.code(PHONE);
    scene.run(&["wait", PHONE, "--timeout", LONG]);
    scene.run(&["wait", PHONE, "--for", "accepted"]);
    scene.machine.run(&["verify", PHONE, &code]).exits(0);
    scene.run(&["wait", PHONE, "--for", "verified"]);
    scene.run(&["wait", PHONE, "--for", "expired"]);
    scene.run(&["wait", PHONE, "--for", "never"]);
    scene.run(&["wait", PHONE, "--timeout", "0s"]);
    scene.run(&["wait", "ch_nosuch"]);
    scene.run(&["wait", STRANGER]);
    scene.run(&["wait", "+91987"]);
    scene.run(&["wait"]);
}
