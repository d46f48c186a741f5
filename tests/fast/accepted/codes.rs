//! Codes are made, sent and checked.

use super::masks::ANY_CODE;
use super::page::Page;
use crate::each_store::assertions::{assertion, keyed};
use crate::each_store::provider_faults::{LANDLINE, NO, TOOK, policy, twilio, two};
use crate::support::cli::{FREE, Machine, PEPPER, PHONE};
use crate::support::gateway::Gateway;

const OTHER: &str = "+919876543211";

/// A store that is not there.
pub const NO_SERVER: &str =
    "[store.redis]\nurl = \"redis://127.0.0.1:1\"\n[code]\npeppers = [{ id = \"1\", file = \"pepper\" }]\n";

/// A machine on that store.
pub fn without_server() -> Machine {
    let machine = Machine::with(NO_SERVER);
    machine.write(".config/otpctl/pepper", PEPPER);
    machine
}

/// A gateway that is not there: nobody listens on this port.
pub const NOBODY: &str = "http://127.0.0.1:1";

fn gateway(base_url: &str) -> String {
    format!("{}{}", policy(), twilio("twilio", base_url))
}

pub fn send(page: &mut Page) {
    let mut scene = page.scene("No configuration file.", "");
    scene.run(&["send", PHONE]);
    scene.run(&["send", PHONE]);
    scene.run(&["send", PHONE, "--json"]);

    let mut scene = page.scene("No limits.", FREE);
    scene.run(&["send", PHONE, "--json"]);
    scene.run(&["send", PHONE, "--dry-run"]);
    scene.run(&["send", PHONE, "--wait=accepted"]);
    scene.run(&["send", PHONE, "--idempotency-key", "order-7"]);
    scene.run(&["send", PHONE, "--idempotency-key", "order-7"]);
    scene.run(&["send", PHONE, "--idempotency-key", "order-7", "--purpose", "signup"]);

    let mut scene = page.scene("What cannot be read.", FREE);
    scene.run(&["send"]);
    scene.run(&["send", "9876543210"]);
    scene.run(&["send", "+91987"]);
    scene.run(&["send", "+91987", "--json"]);
    scene.run(&["send", "pöbel"]);
    scene.run(&["send", PHONE, "--provider", "nosuch"]);
    scene.run(&["send", PHONE, "--lang", "xx"]);
    scene.run(&["send", PHONE, "--ttl", "1h"]);
    scene.run(&["send", PHONE, "--ttl", "soon"]);
    scene.run(&["send", PHONE, "--purpose", "A B"]);
    scene.run(&["send", PHONE, "--wait", "delivered"]);
    scene.run(&["send", PHONE, "--wait=read"]);
    scene.run(&["send", PHONE, "--from", "-"]);
    scene.run(&["send", "user:u_1"]);
    scene.run(&["send", "u_1"]);

    sends_that_are_refused(page);
    sends_of_many(page);
    sends_by_gateways(page);
    let mut scene = page.scene("A protected file.", &format!("protected = true\n{FREE}"));
    scene.run(&["send", PHONE]);
    scene.run(&["send", PHONE, "-c", ".config/otpctl/otpctl.toml"]);
    scene.run(&["send", PHONE, "-c", ".config/otpctl/otpctl.toml", "--yes"]);
    page.scene_on("No store is there.", without_server()).run(&["send", PHONE]);
}

fn sends_that_are_refused(page: &mut Page) {
    let mut scene = page.scene("The user `u_1` has two phones.", FREE);
    for phone in [PHONE, OTHER] {
        scene.machine.run(&["user", "link", "u_1", phone]).exits(0);
    }
    scene.run(&["send", "user:u_1"]);
    scene.run(&["send", "user:u_1", "--json"]);
    scene.run(&["send", PHONE, "--user", "u_2"]);

    let mut scene = page.scene("A lock after two wrong codes.", &format!("{FREE}locks = {{ 2 = \"15m\" }}\n"));
    let code = scene.code(PHONE);
    let wrong = scene.wrong(&code);
    for _ in 0..2 {
        scene.machine.run(&["verify", PHONE, &wrong]);
    }
    scene.run(&["send", PHONE]);

    let quota = "[limits]\ncooldown = []\nper_phone = { \"1d\" = 1 }\n";
    let mut scene = page.scene("One SMS a day.", quota);
    scene.code(PHONE);
    scene.run(&["send", PHONE]);

    let mut scene = page.scene("Only some countries.", &format!("{FREE}[policy]\ncountries = [\"AE\"]\n"));
    scene.run(&["send", PHONE]);
    scene.run(&["send", PHONE, "--json"]);
    let mut scene = page.scene("Only mobile numbers.", &format!("{FREE}[policy]\ntypes = [\"mobile\"]\n"));
    scene.run(&["send", "+912223456789"]);
}

fn sends_of_many(page: &mut Page) {
    let mut scene = page.scene("Many: a line that is no phone among others.", FREE);
    let lines = format!("{PHONE}\nnot a phone\n{OTHER}\n");
    scene.typed(&["send", "--from", "-", "--concurrency", "1"], &lines);
    scene.typed(&["send", "--from", "-", "--concurrency", "1", "--json"], &lines);
    scene.typed(&["send", "--from", "-", "--concurrency", "1", "-o", "jsonl"], &lines);
    scene.typed(&["send", "--from", "-"], "");
    scene.run(&["send", "--from", "absent.txt"]);
    scene.typed(&["send", "--from", "-"], "phone,purposs\n");
    scene.typed(&["send", "--from", "-"], "+919876543210,login\n");
    scene
        .typed(&["send", "--from", "-", "--max-errors", "1", "--concurrency", "1"], &format!("not a phone\n{PHONE}\n"));
    scene.run(&["send", "--from", "-", "--rate", "fast"]);
    scene.run(&["send", PHONE, "--rate", "5/s"]);
}

fn sends_by_gateways(page: &mut Page) {
    let taken = Gateway::start(201, TOOK);
    page.scene("A gateway accepts it.", &gateway(&taken.base_url)).run(&["send", PHONE]);
    for (what, status, body) in
        [("A gateway refuses the account.", 401, NO), ("A gateway refuses the number.", 400, LANDLINE)]
    {
        let refusing = Gateway::start(status, body);
        let mut scene = page.scene(what, &gateway(&refusing.base_url));
        scene.run(&["send", PHONE]);
        scene.run(&["send", PHONE, "--json"]);
    }
    let mut scene = page.scene("No gateway listens.", &gateway(NOBODY));
    scene.run(&["send", PHONE]);
    scene.run(&["send", PHONE, "--json"]);
    let silent = Gateway::in_turn(&[("", "")]);
    let mut scene = page.scene("A gateway hangs up without an answer.", &gateway(&silent.base_url));
    scene.run(&["send", PHONE]);
    scene.run(&["send", PHONE, "--json"]);
    let refusing = Gateway::start(401, NO);
    let mut scene =
        page.scene("The first of two gateways refuses the account.", &two(&refusing.base_url, &taken.base_url, ""));
    scene.run(&["send", PHONE]);
}

pub fn issue(page: &mut Page) {
    let mut scene = page.scene("No limits.", FREE);
    scene.run(&["issue", PHONE]);
    scene.run(&["issue", PHONE, "--json"]);
    scene.run(&["issue", PHONE, "--dry-run"]);
    scene.run(&["issue"]);
    scene.run(&["issue", "+91987"]);
    scene.run(&["issue", PHONE, "--ttl", "1h"]);
    scene.run(&["issue", "user:u_1"]);

    let mut scene = page.scene("The limits of a new machine.", "");
    scene.run(&["issue", PHONE]);
    scene.run(&["issue", PHONE]);

    let config = ["-c", ".config/otpctl/otpctl.toml"];
    let mut scene = page.scene("A protected file.", &format!("protected = true\n{FREE}"));
    scene.run(&[&["issue", PHONE][..], &config].concat());
    let mut scene =
        page.scene("A protected file that lets codes be seen.", &format!("protected = true\nreveal = true\n{FREE}"));
    scene.run(&["issue", PHONE]);
    scene.run(&["issue", PHONE, "--reason", "on the phone"]);
    scene.run(&[&["issue", PHONE, "--reason", "on the phone"][..], &config].concat());
    scene.run(&[&["issue", PHONE, "--reason", "on the phone", "--yes"][..], &config].concat());
}

pub fn verify(page: &mut Page) {
    let mut scene = page.scene("A live code.", FREE);
    let code = scene.code(PHONE);
    let wrong = scene.wrong(&code);
    scene.run(&["verify", PHONE, &wrong]);
    scene.run(&["verify", PHONE, &wrong, "--json"]);
    scene.run(&["verify", PHONE, &code, "--dry-run"]);
    scene.run(&["verify", PHONE, &code]);
    scene.run(&["verify", PHONE, &code]);
    scene.run(&["verify", PHONE, &code, "--json"]);

    let mut scene = page.scene("From standard input, and with an id to repeat it by.", FREE);
    let code = scene.code(PHONE);
    let wrong = scene.wrong(&code);
    scene.typed(&["verify", PHONE, "--attempt-id", "form-1"], &format!("{wrong}\n"));
    scene.run(&["verify", PHONE, &wrong, "--attempt-id", "form-1"]);
    scene.run(&["verify", PHONE, &code, "--attempt-id", "form-1"]);
    scene.typed(&["verify", PHONE, "-"], "");
    scene.typed(&["verify", PHONE], &format!("{code}\n"));

    let mut scene = page.scene("No code, and what is no code.", FREE);
    scene.run(&["verify", PHONE, ANY_CODE]);
    scene.run(&["verify", PHONE, ANY_CODE, "--json"]);
    scene.run(&["verify", PHONE, "12345"]);
    scene.run(&["verify", PHONE, "12345", "--json"]);
    scene.run(&["verify", PHONE, "12345a"]);
    scene.run(&["verify", "+91987", ANY_CODE]);
    scene.run(&["verify"]);

    let mut scene = page.scene("A code that a newer one replaced, and one that was revoked.", FREE);
    let old = scene.code(PHONE);
    let new = scene.code(PHONE);
    scene.run(&["verify", PHONE, &old]);
    scene.machine.run(&["revoke", PHONE]).exits(0);
    scene.run(&["verify", PHONE, &new]);

    let mut scene = page.scene("Two attempts, and a lock after three wrong codes.", &locking());
    let code = scene.code(PHONE);
    let wrong = scene.wrong(&code);
    scene.run(&["verify", PHONE, &wrong]);
    scene.run(&["verify", PHONE, &wrong]);
    scene.run(&["verify", PHONE, &code]);
    scene.code(PHONE);
    scene.run(&["verify", PHONE, ANY_CODE]);
    scene.run(&["verify", PHONE, ANY_CODE]);
    scene.run(&["verify", PHONE, ANY_CODE, "--json"]);

    let mut scene = page.scene("Users.", FREE);
    let code = scene.code(PHONE);
    scene.run(&["verify", PHONE, &code, "--require-user"]);
    scene.run(&["verify", PHONE, &code, "--user", "u_1"]);
    scene.run(&["verify", "user:u_1", &code]);
    scene.machine.run(&["user", "link", "u_1", PHONE]).exits(0);
    scene.run(&["verify", "user:u_1", &code]);
    for user in ["u_1", "u_2"] {
        scene.machine.run(&["user", "link", user, PHONE]).exits(0);
    }
    let code = scene.code(PHONE);
    scene.run(&["verify", PHONE, &code, "--require-user"]);

    asserts(page);
    page.scene_on("No store is there.", without_server()).run(&["verify", PHONE, ANY_CODE]);
}

fn asserts(page: &mut Page) {
    let settings = format!("{FREE}{}", assertion(""));
    let mut scene = page.scene("An assertion for an application.", &settings);
    keyed(&scene.machine);
    scene.machine.run(&["user", "link", "u_1", PHONE]).exits(0);
    let code = scene.code(PHONE);
    let wrong = scene.wrong(&code);
    scene.run(&["verify", PHONE, &code, "--assert", "shop"]);
    scene.run(&["verify", PHONE, &wrong, "--assert", "erp"]);
    scene.run(&["verify", PHONE, &code, "--assert", "erp"]);
    let code = scene.code(PHONE);
    scene.run(&["verify", PHONE, &code, "--assert", "erp", "--json"]);
    let code = scene.machine.run(&["issue", PHONE]).exits(0).stdout.trim().to_owned();
    scene.run(&["verify", PHONE, &code, "--assert", "erp"]);
    let code = scene.code(OTHER);
    scene.run(&["verify", OTHER, &code, "--assert", "erp"]);
    let mut scene = page.scene("No [assertion] in the file.", FREE);
    scene.run(&["verify", PHONE, ANY_CODE, "--assert", "erp"]);
}

pub fn deliver(page: &mut Page) {
    let mut scene = page.scene("A code of another server, on standard input.", FREE);
    scene.typed(&["deliver", PHONE], "aB34cd");
    scene.typed(&["deliver", PHONE, "--json"], "aB34cd");
    scene.typed(&["deliver", PHONE, "--dry-run"], "aB34cd");
    scene.run(&["verify", PHONE, ANY_CODE]);
    scene.run(&["revoke", PHONE]);

    let mut scene = page.scene("What cannot be read.", FREE);
    scene.typed(&["deliver", PHONE], "");
    scene.typed(&["deliver", PHONE], "123");
    scene.typed(&["deliver", PHONE], "12 34");
    scene.typed(&["deliver", PHONE, "--json"], "123");
    scene.typed(&["deliver", PHONE, "123456"], "123456");
    scene.typed(&["deliver", "+91987"], "123456");
    scene.typed(&["deliver"], "123456");

    let mut scene = page.scene("The limits of a new machine.", "");
    scene.typed(&["deliver", PHONE], "123456");
    scene.typed(&["deliver", PHONE], "123456");
}

pub fn outcome(page: &mut Page) {
    let mut scene = page.scene("Of nothing, and of a delivered code.", FREE);
    scene.run(&["outcome", PHONE, "verified"]);
    scene.machine.stdin(&["deliver", PHONE], b"aB34cd").exits(0);
    scene.run(&["outcome", PHONE, "verified", "--dry-run"]);
    scene.run(&["outcome", PHONE, "verified"]);
    scene.run(&["outcome", PHONE, "verified", "--json"]);
    scene.run(&["outcome", PHONE, "abandoned"]);
    scene.run(&["outcome", PHONE, "forgotten"]);
    scene.run(&["outcome", PHONE]);

    let mut scene = page.scene("Of a code that was made here.", FREE);
    let issued = scene.machine.run(&["issue", PHONE, "--json"]).exits(0).json();
    scene.run(&["outcome", PHONE, "verified"]);
    scene.run(&["outcome", issued["challenge_id"].as_str().unwrap(), "verified"]);
}

fn locking() -> String {
    format!("{FREE}locks = {{ 3 = \"15m\" }}\n[code]\nmax_attempts = 2\n")
}
