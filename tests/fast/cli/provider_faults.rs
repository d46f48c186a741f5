//! What must happen when a gateway fails: exit code, error, how often it was asked, and what is left in the store.
//! These need no server.

use std::time::{Duration, Instant};

use crate::each_store::provider_faults::{LANDLINE, NO, TOOK, code, policy, twilio, two, words};
use crate::support::cli::{Machine, PHONE};
use crate::support::gateway::Gateway;

const BIRD_TOOK: &str = r#"{"id":"b1d00000-0000-0000-0000-000000000001","status":"accepted"}"#;

const STOPPED: &str = r#"{"code":21610,"message":"Attempt to send to unsubscribed recipient","status":400}"#;

#[test]
fn an_idempotent_gateway_is_asked_again_with_the_same_key() {
    let gateway = Gateway::in_turn(&[("502 X", ""), ("", ""), ("202 X", BIRD_TOOK)]);
    let bird = format!(
        "[providers.bird]\napi_key = \"bk_eu1_x\"\nregion = \"eu1\"\nfrom = \"Example\"\nbase_url = \"{}\"\n",
        gateway.base_url
    );
    let machine = Machine::with(&format!("{}{bird}", policy()));
    machine.run(&["send", PHONE]).exits(0);
    let keys: Vec<_> = gateway.requests().iter().map(|request| header(request, "idempotency-key")).collect();
    assert_eq!(keys.len(), 3);
    assert!(keys[0].starts_with("ch_") && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    let bodies: Vec<_> =
        gateway.requests().iter().map(|request| request.split_once("\r\n\r\n").unwrap().1.to_owned()).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]), "the same message");
}

fn header(request: &str, name: &str) -> String {
    let lines = request.lines().filter_map(|line| line.split_once(": "));
    lines
        .filter(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.to_owned())
        .next()
        .unwrap_or_default()
}

#[test]
fn retry_after_is_honoured_when_it_fits_and_else_the_next_is_asked() {
    let busy = Gateway::in_turn(&[("429 X\r\nretry-after: 1", "{}"), ("201 X", TOOK)]);
    let second = Gateway::start(201, TOOK);
    let machine = Machine::with(&two(&busy.base_url, &second.base_url, ""));
    let started = Instant::now();
    let sent = machine.run(&["send", PHONE, "--json"]).exits(0).json();
    assert_eq!((sent["provider"].as_str(), busy.asked(), second.asked()), (Some("first"), 2, 0));
    assert!(started.elapsed() >= Duration::from_secs(1), "{:?}", started.elapsed());
    let codes: Vec<_> = busy.requests().iter().map(|request| code(request)).collect();
    assert_eq!(codes[0], codes[1], "the same code");

    let busy = Gateway::in_turn(&[("503 X\r\nretry-after: 60", "{}")]);
    machine.configure(&two(&busy.base_url, &second.base_url, ""));
    let started = Instant::now();
    let sent = machine.run(&["send", PHONE, "--json", "--timeout", "10s"]).exits(0).json();
    assert_eq!((sent["provider"].as_str(), busy.asked()), (Some("second"), 1));
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn a_refused_account_goes_on_to_the_next() {
    let (first, second) = (Gateway::start(401, NO), Gateway::start(201, TOOK));
    let machine = Machine::with(&two(&first.base_url, &second.base_url, ""));
    assert_eq!(machine.run(&["send", PHONE, "--json"]).exits(0).json()["provider"], "second");
}

#[test]
fn a_refused_receiver_goes_nowhere_else() {
    for body in [LANDLINE, STOPPED] {
        let (first, second) = (Gateway::start(400, body), Gateway::start(201, TOOK));
        let machine = Machine::with(&two(&first.base_url, &second.base_url, ""));
        machine.run(&["send", PHONE]).exits(25);
        assert_eq!(second.asked(), 0);
        assert!(words(&machine.inspect(PHONE)).contains("216"), "the reason is kept");
    }
}

/// A gateway of the user's that answers a 403 with this body, then the second one.
fn forbidding(body: &'static str, statuses: &str) -> (Gateway, Gateway, Machine) {
    let (first, second) = (Gateway::start(403, body), Gateway::start(201, TOOK));
    let own = format!(
        "name = \"Ours\"\nencoding = \"automatic\"\n[send]\nrequest = \"POST /sms\"\n\
         json = {{ to = \"{{{{ phone }}}}\", text = \"{{{{ text }}}}\" }}\naccepted = \"body.id\"\nid = \"body.id\"\n\
         [errors]\ncode = \"body.code\"\nmessage = \"body.message\"\nunlisted = \"unknown\"\n{statuses}"
    );
    let machine = Machine::with(&format!(
        "{}[routes]\ndefault = [\"ours\", \"second\"]\npass_over = {{ after = 2, for = \"60s\" }}\n\
         [providers.ours]\ndefinition = \"ours.toml\"\nbase_url = \"{}\"\n{}",
        policy(),
        first.base_url,
        twilio("second", &second.base_url)
    ));
    machine.write(".config/otpctl/ours.toml", &own);
    (first, second, machine)
}

#[test]
fn a_403_about_one_country_does_not_have_the_gateway_passed_over_for_all() {
    for (body, statuses, asked) in [
        (r#"{"message":"not to this country"}"#, "[errors.statuses]\nregion = [403]\n", 4),
        (r#"{"code":"77","message":"not to this network"}"#, "", 4),
        (r#"{"message":"key disabled"}"#, "", 2),
    ] {
        let (first, second, machine) = forbidding(body, statuses);
        for _ in 0..4 {
            assert_eq!(machine.run(&["send", PHONE, "--json"]).exits(0).json()["provider"], "second");
        }
        assert_eq!((first.asked(), second.asked()), (asked, 4), "{body}");
    }
}

#[test]
fn a_gateway_that_works_again_is_forgiven_and_the_last_one_is_never_passed_over() {
    let first = Gateway::in_turn(&[("401 X", NO), ("201 X", TOOK), ("401 X", NO)]);
    let second = Gateway::start(201, TOOK);
    let machine = Machine::with(&two(&first.base_url, &second.base_url, "pass_over = { after = 2, for = \"60s\" }\n"));
    for expected in ["second", "first", "second", "second"] {
        assert_eq!(machine.run(&["send", PHONE, "--json"]).exits(0).json()["provider"], expected);
    }
    assert_eq!(first.asked(), 4);
    let alone = Gateway::start(401, NO);
    machine.configure(&format!(
        "{}[routes]\npass_over = {{ after = 1, for = \"60s\" }}\n{}",
        policy(),
        twilio("alone", &alone.base_url)
    ));
    for _ in 0..3 {
        machine.run(&["send", PHONE]).exits(25);
    }
    assert_eq!(alone.asked(), 3);
}

#[test]
fn a_refusal_of_the_receiver_says_nothing_of_the_gateway() {
    let (first, second) = (Gateway::start(400, LANDLINE), Gateway::start(201, TOOK));
    let machine = Machine::with(&two(&first.base_url, &second.base_url, "pass_over = { after = 1, for = \"60s\" }\n"));
    for _ in 0..3 {
        machine.run(&["send", PHONE]).exits(25);
    }
    assert_eq!((first.asked(), second.asked()), (3, 0));
}

#[test]
fn one_that_is_passed_over_is_asked_when_no_other_takes_the_message() {
    let first = Gateway::in_turn(&[("401 X", NO), ("201 X", TOOK)]);
    let second = Gateway::in_turn(&[("201 X", TOOK), ("401 X", NO)]);
    let machine = Machine::with(&two(&first.base_url, &second.base_url, "pass_over = { after = 1, for = \"60s\" }\n"));
    let send = || machine.run(&["send", PHONE, "--json"]).exits(0).json()["provider"].clone();
    assert_eq!((send(), send()), ("second".into(), "first".into()));
    assert_eq!((first.asked(), second.asked()), (2, 2), "the second was asked first");
}

#[test]
fn two_that_may_have_sent_are_both_told() {
    let (first, second) = (Gateway::in_turn(&[("", "")]), Gateway::in_turn(&[("500 X", "")]));
    let machine = Machine::with(&two(&first.base_url, &second.base_url, "failover_on_unknown = true\n"));
    machine.run(&["send", PHONE]).exits(27);
    let told = words(&machine.inspect(PHONE));
    assert!(["first: ", "second: ", "possible double SMS"].iter().all(|part| told.contains(part)), "{told}");
}

#[test]
fn how_long_a_busy_gateway_asks_to_wait_is_passed_on() {
    let busy = Gateway::in_turn(&[("429 X\r\nretry-after: 3600", "{}")]);
    let machine = Machine::with(&format!("{}{}", policy(), twilio("twilio", &busy.base_url)));
    let error = machine.run(&["send", PHONE, "--json"]).exits(26).error();
    assert_eq!(error["retry_after_seconds"], 3600, "{error}");
}
