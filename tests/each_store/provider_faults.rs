//! What must happen when a gateway fails: exit code, error, how often it was asked, and what is left in the store.
//! These hold on every store.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::on_each_store;
use crate::support::cli::{FREE, Machine, PHONE};
use crate::support::gateway::Gateway;
use crate::support::port::closed_port;

pub const TOOK: &str = r#"{"sid":"SM11111111111111111111111111111111","status":"queued","num_segments":"1"}"#;

pub const NO: &str = r#"{"code":20003,"message":"Authenticate","status":401}"#;

pub const LANDLINE: &str = r#"{"code":21614,"message":"'To' number is not a valid mobile number","status":400}"#;

pub fn policy() -> String {
    format!("{FREE}[policy]\ncountries = [\"IN\"]\n")
}

pub fn twilio(name: &str, base_url: &str) -> String {
    format!(
        "[providers.{name}]\nkind = \"twilio\"\naccount_sid = \"AC00000000000000000000000000000001\"\n\
         auth_token = \"0a1b2c3d\"\nfrom = \"+15005550006\"\nbase_url = \"{base_url}\"\n"
    )
}

/// Two gateways, tried in this order.
pub fn two(first: &str, second: &str, more: &str) -> String {
    let routes = format!("[routes]\ndefault = [\"first\", \"second\"]\n{more}");
    format!("{}{routes}{}{}", policy(), twilio("first", first), twilio("second", second))
}

fn closed() -> String {
    format!("http://127.0.0.1:{}", closed_port())
}

/// The code in a request to Twilio.
pub fn code(request: &str) -> String {
    let body = request.split_once("\r\n\r\n").unwrap().1;
    body.split('&').find_map(|field| field.strip_prefix("Body=")).unwrap()[..6].to_owned()
}

pub fn words(shown: &Value) -> String {
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
    Fault { name: "no answer", answers: &[("", "")], exit: 27, code: "PROVIDER_UNKNOWN", calls: 1, verify: 0 },
    Fault { name: "500", answers: &[("500 X", "{}")], exit: 27, code: "PROVIDER_UNKNOWN", calls: 1, verify: 0 },
    Fault { name: "502", answers: &[("502 X", "<p>")], exit: 27, code: "PROVIDER_UNKNOWN", calls: 1, verify: 0 },
    Fault { name: "504", answers: &[("504 X", "")], exit: 27, code: "PROVIDER_UNKNOWN", calls: 1, verify: 0 },
    Fault {
        name: "throttled, and no time to wait",
        answers: &[("429 X\r\nretry-after: 3600", "{}")],
        exit: 26,
        code: "PROVIDER_DOWN",
        calls: 1,
        verify: 11,
    },
    Fault { name: "wrong key", answers: &[("401 X", NO)], exit: 25, code: "PROVIDER_REFUSED", calls: 1, verify: 11 },
    Fault {
        name: "landline",
        answers: &[("400 X", LANDLINE)],
        exit: 25,
        code: "PROVIDER_REFUSED",
        calls: 1,
        verify: 11,
    },
    Fault {
        name: "yes without an id",
        answers: &[("201 X", r#"{"status":"queued"}"#)],
        exit: 27,
        code: "PROVIDER_UNKNOWN",
        calls: 1,
        verify: 0,
    },
    Fault {
        name: "yes in another language",
        answers: &[("201 X", "<html>042917</html>")],
        exit: 27,
        code: "PROVIDER_UNKNOWN",
        calls: 1,
        verify: 0,
    },
];

#[test]
fn each_provider_fault_ends_as_it_must() {
    for fault in FAULTS {
        let (gateway, after) = (Gateway::in_turn(fault.answers), std::cell::Cell::new(0));
        on_each_store(&format!("{}{}", policy(), twilio("twilio", &gateway.base_url)), |machine| {
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
fn nobody_there_goes_on_to_the_next_with_the_same_code() {
    let second = Gateway::start(201, TOOK);
    on_each_store(&two(&closed(), &second.base_url, ""), |machine| {
        assert_eq!(machine.run(&["send", PHONE, "--json"]).exits(0).json()["provider"], "second");
        machine.verify(PHONE, &code(second.requests().last().unwrap())).exits(0);
    });
}

#[test]
fn after_an_unknown_end_the_next_is_asked_where_the_owner_allows_it() {
    let (first, second) = (Gateway::in_turn(&[("", "")]), Gateway::start(201, TOOK));
    on_each_store(&two(&first.base_url, &second.base_url, "failover_on_unknown = true\n"), |machine| {
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
    on_each_store(&format!("{}{numbers}{}", policy(), twilio("twilio", &gateway.base_url)), |machine| {
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
    assert_eq!(gateway.asked(), 0, "nobody is ever asked");
}
