//! What a protected file does not do, and any other is warned of.

use serde_json::Value;

use super::PHONE;
use super::support::cli::{Machine, PEPPER, Ran, both_stores};
use super::support::gateway::Gateway;

/// Named, and confirmed.
fn named(machine: &Machine, words: &[&str]) -> Ran {
    let config = machine.config();
    machine.run(&[&["--config", config.to_str().unwrap(), "--yes"], words].concat())
}

/// How a finding of `config check` is graded.
fn finding(machine: &Machine, key: &str) -> Option<String> {
    let checked = named(machine, &["config", "check", "--json"]).json();
    let findings = checked["findings"].as_array().unwrap().iter();
    let graded = findings.filter(|finding| finding["key"] == *key && finding["status"] != "ok");
    graded.map(|finding| finding["status"].as_str().unwrap().to_owned()).next()
}

#[test]
fn a_protected_file_shows_no_code_unless_it_says_so() {
    for provider in ["[providers.outbox]\npath = \"outbox.jsonl\"\n", "[providers.console]\n", ""] {
        both_stores(&format!("protected = true\n{provider}"), |machine| {
            for words in [&["send", PHONE][..], &["send", PHONE, "--dry-run"]] {
                let ran = named(machine, words);
                assert!(ran.exits(30).stderr.contains("reveal = true"), "{ran:?}");
                assert!(!ran.words().contains("SMS to"), "{ran:?}");
            }
            assert!(machine.outbox().is_empty());
            let name = if provider.contains("outbox") { "outbox" } else { "console" };
            named(machine, &["send", PHONE, "--provider", name]).exits(30);
            assert_eq!(finding(machine, &format!("providers.{name}")).as_deref(), Some("fail"));
            machine.configure(&format!("protected = true\nreveal = true\n{provider}"));
            named(machine, &["send", PHONE]).exits(0);
            assert_eq!(finding(machine, &format!("providers.{name}")), None);
        });
    }
}

#[test]
fn a_protected_file_does_not_work_without_limits() {
    let gateway = Gateway::start(200, &serde_json::json!({"data": {"id": "m-1"}}).to_string());
    let telnyx = format!(
        "[policy]\ncountries = [\"IN\"]\n[providers.telnyx]\napi_key = \"KEY0\"\nfrom = \"+13125550100\"\nbase_url = \"{}\"\n",
        gateway.base_url
    );
    for (limits, key) in [
        ("locks = {}", "limits.locks"),
        ("locks = { 10 = \"15m\" }", "limits.locks"),
        ("locks = { 10 = \"15m\", 100 = \"366d\" }", "limits.locks"),
        ("cooldown = []", "limits.cooldown"),
        ("per_phone = {}", "limits.per_phone"),
        ("per_prefix = {}", "limits.per_prefix"),
        ("per_country = {}", "limits.per_country"),
    ] {
        let machine = Machine::with(&format!("[limits]\n{limits}\n{telnyx}"));
        machine.run(&["send", PHONE]).exits(0);
        assert_eq!(finding(&machine, key).as_deref(), Some("warn"), "{limits}");
        let sent = gateway.requests().len();
        machine.configure(&format!("protected = true\n[limits]\n{limits}\n{telnyx}"));
        assert_eq!(finding(&machine, key).as_deref(), Some("fail"), "{limits}");
        for words in [&["send", PHONE, "--json"][..], &["verify", PHONE, "123456", "--json"]] {
            let error = named(&machine, words).exits(30).error();
            let (message, hint) = (error["message"].as_str().unwrap(), error["hint"].as_str().unwrap());
            assert!(message.contains(&format!("otpctl.toml:3: {key}: ")), "{error}");
            assert!(hint.contains("under [limits]"), "{error}");
        }
        assert_eq!(gateway.requests().len(), sent);
        // What ends codes works whatever the limits are.
        named(&machine, &["inspect", PHONE]).exits(0);
        named(&machine, &["revoke", PHONE]).exits(0);
        named(&machine, &["unlock", PHONE]).exits(0);
    }
    let machine = Machine::with(&format!("protected = true\n{telnyx}"));
    named(&machine, &["send", PHONE]).exits(0);
    // Without a provider that costs money, only guessing is held.
    let machine = Machine::with("[limits]\ncooldown = []\nper_phone = {}\nper_prefix = {}\nper_country = {}\n");
    assert_eq!(finding(&machine, "limits.per_phone"), None);
}

#[test]
fn a_protected_file_wants_a_pepper_that_cannot_be_guessed() {
    let weak = "a".repeat(44);
    let outbox = "reveal = true\n[providers.outbox]\npath = \"outbox.jsonl\"\n";
    for (pepper, warned) in [(weak.as_str(), true), ("0101010101010101010101010101010101", true), (PEPPER, false)] {
        let code = "[code]\npeppers = [{ id = \"1\", file = \"pepper\" }]\n";
        let machine = Machine::with(&format!("{outbox}{code}"));
        machine.write(".config/otpctl/pepper", pepper);
        machine.run(&["send", PHONE]).exits(0);
        assert_eq!(finding(&machine, "code.peppers.1").as_deref(), warned.then_some("warn"), "{pepper}");
        machine.configure(&format!("protected = true\n{outbox}{code}"));
        assert_eq!(finding(&machine, "code.peppers.1").as_deref(), warned.then_some("fail"), "{pepper}");
        for words in [&["verify", PHONE, "123456"][..], &["issue", PHONE, "--reason", "r"]] {
            let ran = named(&machine, words);
            assert_eq!(ran.code == 30, warned, "{ran:?}");
            assert!(!warned || ran.stderr.contains("head -c 32 /dev/urandom"), "{ran:?}");
            assert!(!ran.words().contains(pepper), "{ran:?}");
        }
    }
    // The pepper of the embedded store, where somebody wrote one letter into it.
    let machine = Machine::with("reveal = true\n");
    machine.write(".local/state/otpctl/pepper", "x\n");
    machine.send(PHONE);
    assert_eq!(finding(&machine, "code.peppers").as_deref(), Some("warn"));
    machine.configure("protected = true\nreveal = true\n");
    assert_eq!(finding(&machine, "code.peppers").as_deref(), Some("fail"));
    let error: Value = named(&machine, &["verify", PHONE, "123456", "--json"]).exits(30).error();
    assert!(error["message"].as_str().unwrap().contains("has 1 characters"), "{error}");
}
