//! What a protected file does not do, and any other is warned of.
//! These need no server.

use serde_json::Value;

use crate::each_store::protected::{finding, named};
use crate::support::cli::{Machine, PEPPER, PHONE};
use crate::support::gateway::Gateway;

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
        let sent = gateway.asked();
        machine.configure(&format!("protected = true\n[limits]\n{limits}\n{telnyx}"));
        assert_eq!(finding(&machine, key).as_deref(), Some("fail"), "{limits}");
        for words in [&["send", PHONE, "--json"][..], &["verify", PHONE, "123456", "--json"]] {
            let error = named(&machine, words).exits(30).error();
            let (message, hint) = (error["message"].as_str().unwrap(), error["hint"].as_str().unwrap());
            assert!(message.contains(&format!("otpctl.toml:3: {key}: ")), "{error}");
            assert!(hint.contains("under [limits]"), "{error}");
        }
        assert_eq!(gateway.asked(), sent);
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
