//! What gateways are told of how the codes that they delivered ended: after the answer, and never in its way.
//! These hold on every store.

use std::sync::mpsc::{Sender, channel};

use serde_json::Value;

use super::on_each_store;
use super::provider_faults::{NO, TOOK, code, policy, twilio};
use crate::support::cli::{Machine, PHONE};
use crate::support::gateway::Gateway;
use crate::support::until::until;

fn settings(gateway: &Gateway, feedback: &str) -> String {
    format!("{}{}{feedback}\n", policy(), twilio("main", &gateway.base_url))
}

/// A gateway that takes messages, and answers feedback with what these make of its number.
fn gateway(feedback: impl Fn(usize) -> (&'static str, &'static str) + Send + 'static) -> Gateway {
    let told = std::sync::atomic::AtomicUsize::new(0);
    Gateway::replying(move |_, request| {
        let (head, body) = if request.contains("/Feedback.json") {
            feedback(told.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
        } else {
            ("201 Created", TOOK)
        };
        (head.to_owned(), body.to_owned())
    })
}

fn told(gateway: &Gateway) -> Vec<String> {
    gateway.requests().into_iter().filter(|request| request.contains("/Feedback.json")).collect()
}

/// Sends a code; what the gateway was sent.
fn sent(machine: &Machine, gateway: &Gateway) -> String {
    machine.run(&["send", PHONE]).exits(0);
    gateway.requests().into_iter().rfind(|request| request.contains("/Messages.json")).unwrap()
}

fn check(machine: &Machine) -> Option<Value> {
    let shown = machine.run(&["doctor", "--json"]).json();
    let checks = shown["checks"].as_array().unwrap().clone();
    checks.into_iter().find(|check| check["id"] == "providers.main.feedback")
}

#[test]
fn a_gateway_is_told_once_of_a_code_that_was_verified() {
    let gateway = gateway(|_| ("201 Created", "{}"));
    on_each_store(&settings(&gateway, "feedback = true"), |machine| {
        let before = told(&gateway).len();
        let request = sent(machine, &gateway);
        assert!(request.contains("ProvideFeedback=true"), "{request}");
        machine.run(&["verify", PHONE, "000000"]).exits(10);
        let right = code(&request);
        machine.run(&["verify", PHONE, &right, "--attempt-id", "at_1"]).exits(0);
        until("the gateway is told", || told(&gateway).len() > before);
        // The same attempt again is the same answer, and a wrong code was none.
        machine.run(&["verify", PHONE, &right, "--attempt-id", "at_1"]).exits(0);
        let request = sent(machine, &gateway);
        machine.run(&["verify", PHONE, &code(&request)]).exits(0);
        until("the gateway is told of the second code", || told(&gateway).len() >= before + 2);
        let told = told(&gateway)[before..].to_vec();
        assert_eq!(told.len(), 2, "{told:?}");
        for request in told {
            let first = request.lines().next().unwrap();
            assert!(first.ends_with("/Messages/SM11111111111111111111111111111111/Feedback.json HTTP/1.1"), "{first}");
            assert!(request.ends_with("Outcome=confirmed"), "{request}");
        }
        assert_eq!(check(machine), None);
    });
}

#[test]
fn a_gateway_that_hangs_delays_no_answer() {
    // It answers feedback only when this test lets it, which is after `verify` has ended.
    let (release, released): (Sender<()>, _) = channel();
    let gateway = gateway(move |_| {
        let _ = released.recv();
        ("201 Created", "{}")
    });
    on_each_store(&settings(&gateway, "feedback = true"), |machine| {
        let before = told(&gateway).len();
        let request = sent(machine, &gateway);
        let output = machine.run(&["verify", PHONE, &code(&request), "--json"]);
        assert_eq!(output.exits(0).json()["result"], "ok");
        until("the gateway has the request, and has not answered it", || told(&gateway).len() == before + 1);
        assert_eq!(check(machine), None);
        release.send(()).unwrap();
    });
}

#[test]
fn feedback_that_is_not_taken_changes_no_exit_code_and_is_shown_by_doctor_until_it_is() {
    let gateway = gateway(|turn| if turn % 2 == 0 { ("401 X", NO) } else { ("201 Created", "{}") });
    on_each_store(&settings(&gateway, "feedback = true"), |machine| {
        let request = sent(machine, &gateway);
        let output = machine.run(&["verify", PHONE, &code(&request)]);
        assert_eq!(output.exits(0).stderr, "");
        until("doctor shows it", || check(machine).is_some());
        let shown = check(machine).unwrap();
        assert_eq!(shown["status"], "warn", "{shown}");
        let detail = shown["detail"].as_str().unwrap();
        assert!(detail.contains("on 1 code") && detail.contains("Authenticate (20003)"), "{detail}");
        assert!(shown["fix"].as_str().unwrap().contains("provider test main"), "{shown}");
        // It is known, has an end, and is no secret.
        let keys = machine.run(&["store", "check", "--json"]).exits(0).json();
        assert_eq!(keys["findings"].as_array().map(Vec::len), Some(0), "{keys}");
        let request = sent(machine, &gateway);
        machine.run(&["verify", PHONE, &code(&request)]).exits(0);
        until("doctor shows it no more", || check(machine).is_none());
    });
}

#[test]
fn a_gateway_whose_settings_do_not_want_it_is_told_nothing() {
    let gateway = gateway(|_| ("201 Created", "{}"));
    let other =
        format!("[routes]\ndefault = [\"main\", \"other\"]\n{}feedback = true\n", twilio("other", &gateway.base_url));
    on_each_store(&format!("{}{other}", settings(&gateway, "")), |machine| {
        let before = told(&gateway).len();
        let request = sent(machine, &gateway);
        assert!(!request.contains("ProvideFeedback"), "{request}");
        machine.run(&["verify", PHONE, &code(&request)]).exits(0);
        machine.run(&["send", PHONE, "--provider", "other"]).exits(0);
        let request = gateway.requests().into_iter().rfind(|request| request.contains("/Messages.json")).unwrap();
        machine.run(&["verify", PHONE, &code(&request)]).exits(0);
        until("the one that wants it is told", || told(&gateway).len() > before);
        assert_eq!(told(&gateway).len(), before + 1);
    });
}

#[test]
fn a_message_whose_code_is_revoked_is_taken_back_where_its_gateway_can() {
    let gateway = Gateway::replying(|_, request| {
        let sends = request.contains("/sendVerificationMessage");
        let result = if sends { r#"{"request_id":"107301"}"# } else { "true" };
        ("200 OK".to_owned(), format!(r#"{{"ok":true,"result":{result}}}"#))
    });
    let telegram = format!("[providers.telegram]\ntoken = \"AAEsecret9f8e7d\"\nbase_url = \"{}\"\n", gateway.base_url);
    on_each_store(&format!("{}{telegram}", policy()), |machine| {
        let asked = || {
            let requests = gateway.requests();
            requests.into_iter().filter(|request| request.contains("/revokeVerificationMessage")).collect::<Vec<_>>()
        };
        // Nothing is taken back of a code that was not sent, nor in a rehearsal.
        machine.run(&["issue", PHONE]).exits(0);
        machine.run(&["revoke", PHONE]).exits(0);
        machine.run(&["send", PHONE]).exits(0);
        machine.run(&["revoke", PHONE, "--dry-run"]).exits(0);
        assert_eq!(asked(), Vec::<String>::new());
        machine.run(&["revoke", PHONE]).exits(0);
        until("the gateway is asked", || asked().len() == 1);
        assert!(asked()[0].ends_with(r#"{"request_id":"107301"}"#), "{:?}", asked());
    });
}
