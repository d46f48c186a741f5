//! What must happen when a gateway fails: exit code, error, how often it was asked, and what is left in the store.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::support::cli::{Machine, both_stores};
use super::support::gateway::Gateway;
use super::support::redis::free_port;
use super::{FREE, PHONE};

const TOOK: &str = r#"{"sid":"SM11111111111111111111111111111111","status":"queued","num_segments":"1"}"#;
const BIRD_TOOK: &str = r#"{"id":"b1d00000-0000-0000-0000-000000000001","status":"accepted"}"#;
const NO: &str = r#"{"code":20003,"message":"Authenticate","status":401}"#;
const LANDLINE: &str = r#"{"code":21614,"message":"'To' number is not a valid mobile number","status":400}"#;
const STOPPED: &str = r#"{"code":21610,"message":"Attempt to send to unsubscribed recipient","status":400}"#;

fn policy() -> String {
    format!("{FREE}[policy]\ncountries = [\"IN\"]\n")
}

fn twilio(name: &str, base_url: &str) -> String {
    format!(
        "[providers.{name}]\nkind = \"twilio\"\naccount_sid = \"AC00000000000000000000000000000001\"\n\
         auth_token = \"0a1b2c3d\"\nfrom = \"+15005550006\"\nbase_url = \"{base_url}\"\n"
    )
}

/// Two gateways, tried in this order.
fn two(first: &str, second: &str, more: &str) -> String {
    let routes = format!("[routes]\ndefault = [\"first\", \"second\"]\n{more}");
    format!("{}{routes}{}{}", policy(), twilio("first", first), twilio("second", second))
}

fn closed() -> String {
    format!("http://127.0.0.1:{}", free_port())
}

/// The code in a request to Twilio.
fn code(request: &str) -> String {
    let body = request.split_once("\r\n\r\n").unwrap().1;
    body.split('&').find_map(|field| field.strip_prefix("Body=")).unwrap()[..6].to_owned()
}

fn words(shown: &Value) -> String {
    shown["timeline"].to_string() + &shown["deliveries"].to_string()
}

/// The end of a send, and what a verify of the code that went out says then.
struct Fault {
    name: &'static str,
    answers: &'static [(&'static str, &'static str)],
    exit: i32,
    code: &'static str,
    calls: usize,
    verify: i32,
}

const FAULTS: &[Fault] = &[
    Fault { name: "f39 no answer", answers: &[("", "")], exit: 27, code: "PROVIDER_UNKNOWN", calls: 1, verify: 0 },
    Fault { name: "f40 500", answers: &[("500 X", "{}")], exit: 27, code: "PROVIDER_UNKNOWN", calls: 1, verify: 0 },
    Fault { name: "f40 502", answers: &[("502 X", "<p>")], exit: 27, code: "PROVIDER_UNKNOWN", calls: 1, verify: 0 },
    Fault { name: "f40 504", answers: &[("504 X", "")], exit: 27, code: "PROVIDER_UNKNOWN", calls: 1, verify: 0 },
    Fault {
        name: "f42 throttled, and no time to wait",
        answers: &[("429 X\r\nretry-after: 3600", "{}")],
        exit: 26,
        code: "PROVIDER_DOWN",
        calls: 1,
        verify: 11,
    },
    Fault {
        name: "f43 wrong key",
        answers: &[("401 X", NO)],
        exit: 25,
        code: "PROVIDER_REFUSED",
        calls: 1,
        verify: 11,
    },
    Fault {
        name: "f44 landline",
        answers: &[("400 X", LANDLINE)],
        exit: 25,
        code: "PROVIDER_REFUSED",
        calls: 1,
        verify: 11,
    },
    Fault {
        name: "f45 yes without an id",
        answers: &[("201 X", r#"{"status":"queued"}"#)],
        exit: 27,
        code: "PROVIDER_UNKNOWN",
        calls: 1,
        verify: 0,
    },
    Fault {
        name: "f45 yes in another language",
        answers: &[("201 X", "<html>042917</html>")],
        exit: 27,
        code: "PROVIDER_UNKNOWN",
        calls: 1,
        verify: 0,
    },
];

#[test]
fn f39_to_f45_each_fault_ends_as_it_must() {
    for fault in FAULTS {
        let (gateway, after) = (Gateway::in_turn(fault.answers), std::cell::Cell::new(0));
        both_stores(&format!("{}{}", policy(), twilio("twilio", &gateway.base_url)), |machine| {
            let error = machine.run(&["send", PHONE, "--json"]).exits(fault.exit).error();
            assert_eq!(error["code"], fault.code, "{}: {error}", fault.name);
            let asked = gateway.requests();
            assert_eq!(asked.len() - after.get(), fault.calls, "{}", fault.name);
            after.set(asked.len());
            let shown = machine.inspect(PHONE);
            assert_eq!(shown["live_code"].is_object(), fault.verify == 0, "{}: {shown}", fault.name);
            assert_eq!(shown["deliveries"].as_array().unwrap().len(), 1, "{}: {shown}", fault.name);
            assert!(!error.to_string().contains("042917"), "{}: a body is not shown", fault.name);
            machine.verify(PHONE, &code(asked.last().unwrap())).exits(fault.verify);
        });
    }
}

#[test]
fn f40_an_idempotent_gateway_is_asked_again_with_the_same_key() {
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
fn f41_nobody_there_goes_on_to_the_next_with_the_same_code() {
    let second = Gateway::start(201, TOOK);
    both_stores(&two(&closed(), &second.base_url, ""), |machine| {
        assert_eq!(machine.run(&["send", PHONE, "--json"]).exits(0).json()["provider"], "second");
        machine.verify(PHONE, &code(second.requests().last().unwrap())).exits(0);
    });
}

#[test]
fn f42_retry_after_is_honoured_when_it_fits_and_else_the_next_is_asked() {
    let busy = Gateway::in_turn(&[("429 X\r\nretry-after: 1", "{}"), ("201 X", TOOK)]);
    let second = Gateway::start(201, TOOK);
    let machine = Machine::with(&two(&busy.base_url, &second.base_url, ""));
    let started = Instant::now();
    let sent = machine.run(&["send", PHONE, "--json"]).exits(0).json();
    assert_eq!((sent["provider"].as_str(), busy.requests().len(), second.requests().len()), (Some("first"), 2, 0));
    assert!(started.elapsed() >= Duration::from_secs(1), "{:?}", started.elapsed());
    let codes: Vec<_> = busy.requests().iter().map(|request| code(request)).collect();
    assert_eq!(codes[0], codes[1], "the same code");

    let busy = Gateway::in_turn(&[("503 X\r\nretry-after: 60", "{}")]);
    machine.configure(&two(&busy.base_url, &second.base_url, ""));
    let started = Instant::now();
    let sent = machine.run(&["send", PHONE, "--json", "--timeout", "10s"]).exits(0).json();
    assert_eq!((sent["provider"].as_str(), busy.requests().len()), (Some("second"), 1));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn f43_a_refused_account_goes_on_to_the_next() {
    let (first, second) = (Gateway::start(401, NO), Gateway::start(201, TOOK));
    let machine = Machine::with(&two(&first.base_url, &second.base_url, ""));
    assert_eq!(machine.run(&["send", PHONE, "--json"]).exits(0).json()["provider"], "second");
}

#[test]
fn f44_a_refused_receiver_goes_nowhere_else() {
    for body in [LANDLINE, STOPPED] {
        let (first, second) = (Gateway::start(400, body), Gateway::start(201, TOOK));
        let machine = Machine::with(&two(&first.base_url, &second.base_url, ""));
        machine.run(&["send", PHONE]).exits(25);
        assert_eq!(second.requests().len(), 0);
        assert!(words(&machine.inspect(PHONE)).contains("216"), "the reason is kept");
    }
}

#[test]
fn f49_after_an_unknown_end_the_next_is_asked_where_the_owner_allows_it() {
    let (first, second) = (Gateway::in_turn(&[("", "")]), Gateway::start(201, TOOK));
    both_stores(&two(&first.base_url, &second.base_url, "failover_on_unknown = true\n"), |machine| {
        let sent = machine.run(&["send", PHONE, "--json"]).exits(0).json();
        assert_eq!((sent["provider"].as_str(), sent["state"].as_str()), (Some("second"), Some("sent")));
        let (one, other) = (code(first.requests().last().unwrap()), code(second.requests().last().unwrap()));
        assert_eq!(one, other, "the same code");
        assert!(words(&machine.inspect(PHONE)).contains("possible double SMS"));
        machine.verify(PHONE, &one).exits(0);
    });
    let refusing = Gateway::start(401, NO);
    let machine = Machine::with(&two(&first.base_url, &refusing.base_url, "failover_on_unknown = true\n"));
    machine.run(&["send", PHONE]).exits(27);
}

#[test]
fn a_gateway_that_fails_again_and_again_is_passed_over_by_all_processes() {
    let (first, second) = (Gateway::start(401, NO), Gateway::start(201, TOOK));
    let settings = two(&first.base_url, &second.base_url, "pass_over = { after = 2, for = \"2s\" }\n");
    let machine = Machine::on_redis(&settings);
    let other = machine.elsewhere();
    let send = |machine: &Machine| machine.run(&["send", PHONE, "--json"]).exits(0).json()["provider"].clone();
    assert_eq!((send(&machine), send(&other)), ("second".into(), "second".into()));
    assert_eq!(first.requests().len(), 2);
    assert_eq!(send(&machine), "second");
    assert_eq!(first.requests().len(), 2, "it is passed over");
    let plan = other.run(&["send", PHONE, "--json", "--dry-run"]).exits(0).json()["plan"].clone();
    assert_eq!(
        (&plan["passed_over"][0]["provider"], &plan["route_by"]),
        (&"first".into(), &"default".into()),
        "{plan}"
    );
    assert!(plan["limits_left"]["phone"].is_number(), "{plan}");
    assert!(words(&machine.inspect(PHONE)).contains("passed over until"), "support can see why");
    std::thread::sleep(Duration::from_millis(2100));
    send(&other);
    assert_eq!(first.requests().len(), 3, "it is tried again when the time is over");
    send(&other);
    assert_eq!(first.requests().len(), 3, "and passed over at once when it fails again");
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
        assert_eq!((first.requests().len(), second.requests().len()), (asked, 4), "{body}");
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
    assert_eq!(first.requests().len(), 4);
    let alone = Gateway::start(401, NO);
    machine.configure(&format!(
        "{}[routes]\npass_over = {{ after = 1, for = \"60s\" }}\n{}",
        policy(),
        twilio("alone", &alone.base_url)
    ));
    for _ in 0..3 {
        machine.run(&["send", PHONE]).exits(25);
    }
    assert_eq!(alone.requests().len(), 3);
}

#[test]
fn a_refusal_of_the_receiver_says_nothing_of_the_gateway() {
    let (first, second) = (Gateway::start(400, LANDLINE), Gateway::start(201, TOOK));
    let machine = Machine::with(&two(&first.base_url, &second.base_url, "pass_over = { after = 1, for = \"60s\" }\n"));
    for _ in 0..3 {
        machine.run(&["send", PHONE]).exits(25);
    }
    assert_eq!((first.requests().len(), second.requests().len()), (3, 0));
}

#[test]
fn test_numbers_end_as_the_file_says() {
    let number = |last: &str, outcome: &str| {
        format!(
            "[[test_numbers]]\nphone = \"+120255501{last}\"\ncode = \"424242\"\nvalid_until = 2099-01-01\n\
             outcome = \"{outcome}\"\n"
        )
    };
    let numbers: String = [
        ("01", "delivered"),
        ("02", "undelivered:handset_off"),
        ("03", "unknown"),
        ("04", "slow:1s"),
        ("05", "slow:1m"),
    ]
    .map(|(last, outcome)| number(last, outcome))
    .concat();
    let gateway = Gateway::start(201, TOOK);
    both_stores(&format!("{}{numbers}{}", policy(), twilio("twilio", &gateway.base_url)), |machine| {
        let policy_free = format!("{FREE}{numbers}");
        machine.configure(&policy_free);
        let send = |last: &str| machine.run(&["send", &format!("+120255501{last}"), "--json", "--timeout", "4s"]);
        assert_eq!(send("01").exits(0).json()["state"], "sent");
        assert_eq!(send("02").exits(0).json()["state"], "sent");
        send("03").exits(27);
        let started = Instant::now();
        send("04").exits(0);
        assert!(started.elapsed() >= Duration::from_secs(1));
        send("05").exits(27);
        let shown = |last: &str| machine.inspect(&format!("+120255501{last}"));
        assert!(words(&shown("01")).contains("test number"), "{}", shown("01"));
        machine.verify("+12025550103", "424242").exits(0);
    });
    assert_eq!(gateway.requests().len(), 0, "nobody is ever asked");
}

#[test]
fn one_that_is_passed_over_is_asked_when_no_other_takes_the_message() {
    let first = Gateway::in_turn(&[("401 X", NO), ("201 X", TOOK)]);
    let second = Gateway::in_turn(&[("201 X", TOOK), ("401 X", NO)]);
    let machine = Machine::with(&two(&first.base_url, &second.base_url, "pass_over = { after = 1, for = \"60s\" }\n"));
    let send = || machine.run(&["send", PHONE, "--json"]).exits(0).json()["provider"].clone();
    assert_eq!((send(), send()), ("second".into(), "first".into()));
    assert_eq!((first.requests().len(), second.requests().len()), (2, 2), "the second was asked first");
}

#[test]
fn f49_two_that_may_have_sent_are_both_told() {
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
