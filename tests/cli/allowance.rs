//! What is told of the next send is what the next send meets.

use serde_json::Value;

use super::support::cli::{Machine, both_stores};
use super::support::gateway::Gateway;
use super::{FREE, PHONE};

const NEXT: &str = "+919876543211";

/// What `inspect` says of the next send.
#[track_caller]
fn told(machine: &Machine, phone: &str, rule: &str) -> Value {
    let send = machine.inspect(phone)["send"].clone();
    assert_eq!((&send["allowed"], &send["rule"]), (&false.into(), &rule.into()), "{send}");
    send
}

#[test]
fn inspect_tells_which_rule_the_next_send_meets() {
    let limits = "[limits]\ncooldown = []\nper_phone = { \"1h\" = 9 }\n";
    both_stores(&format!("{limits}per_prefix = {{ \"1h\" = 1 }}\n"), |machine| {
        assert_eq!(machine.inspect(NEXT)["send"]["allowed"], true);
        machine.send(PHONE);
        assert!(told(machine, NEXT, "per_prefix")["until"].is_string());
        machine.run(&["send", NEXT]).exits(13);
        assert!(machine.run(&["inspect", NEXT]).exits(0).stdout.contains("refused until"));
        let unlocked = machine.run(&["unlock", PHONE, "--limits", "--json"]).exits(0).json();
        assert_eq!(unlocked["send"]["rule"], "per_prefix", "what still holds is told: {unlocked}");
        assert!(machine.run(&["unlock", PHONE, "--limits"]).exits(0).stdout.contains("refused until"));
    });
    both_stores(&format!("{limits}per_prefix = {{}}\nper_country = {{ \"1h\" = 1 }}\n"), |machine| {
        machine.send(PHONE);
        told(machine, NEXT, "per_country");
        machine.run(&["send", NEXT]).exits(13);
    });
    both_stores("", |machine| {
        machine.send(PHONE);
        let until = told(machine, PHONE, "cooldown")["until"].clone();
        assert!(until.is_string());
        machine.run(&["send", PHONE]).exits(13);
        let unlocked = machine.run(&["unlock", PHONE, "--limits", "--json"]).exits(0).json();
        assert_eq!(unlocked["send"], serde_json::json!({ "allowed": true, "rule": null, "until": null }));
        machine.run(&["send", PHONE]).exits(0);
    });
}

#[test]
fn inspect_tells_what_the_policy_and_a_lock_refuse() {
    both_stores(&format!("{FREE}[policy]\ncountries = [\"AE\", \"US\"]\n"), |machine| {
        assert!(told(machine, PHONE, "country")["until"].is_null());
        machine.run(&["send", PHONE]).exits(16);
    });
    both_stores(&format!("{FREE}[policy]\ntypes = [\"fixed_line\"]\n"), |machine| {
        told(machine, PHONE, "type");
        machine.run(&["send", PHONE]).exits(16);
    });
    both_stores(&FREE.replace("[limits]", "[limits]\nlocks = { 1 = \"hard\" }"), |machine| {
        let right = machine.send(PHONE);
        let wrong = if right == "111111" { "222222" } else { "111111" };
        machine.verify(PHONE, wrong);
        told(machine, PHONE, "lock");
        machine.run(&["send", PHONE]).exits(12);
    });
}

#[test]
fn inspect_tells_of_close_numbers_before_the_send_does() {
    let gateway = Gateway::start(200, r#"{"data":{"id":"m-1"}}"#);
    let machine = Machine::with(&format!(
        "{FREE}[policy]\ncountries = [\"IN\"]\n[providers.telnyx]\napi_key = \"KEY0123\"\nfrom = \"+13125550100\"\n\
         base_url = \"{}\"\n",
        gateway.base_url
    ));
    for last in 1..5 {
        machine.run(&["send", &format!("+919876543{last:03}")]);
    }
    let next = "+919876543005";
    told(&machine, next, "neighbors");
    machine.run(&["send", next]).exits(16);
}

#[test]
fn a_live_code_of_another_purpose_is_pointed_to() {
    both_stores(FREE, |machine| {
        let code = machine.run(&["send", PHONE, "--purpose", "signup"]).exits(0).sms_code();
        let answer = machine.verify(PHONE, &code).exits(11).json();
        assert_eq!(answer["reason"], "never_issued");
        let told = machine.run(&["verify", PHONE, &code]);
        let hint = format!("hint: a code for the purpose `signup` is live: otpctl verify {PHONE} --purpose signup\n");
        assert!(told.exits(11).stderr.ends_with(&hint), "{told:?}");
    });
}

#[test]
fn a_text_that_no_route_sends_is_not_priced() {
    let machine = Machine::with(
        "[policy]\ncountries = [\"IN\"]\n[message]\napp = \"Example\"\n[providers.msg91]\nauthkey = \"x\"\n\
         template_id = \"64b000000000000000000000\"\nsender = \"IoTRDY\"\nvariables = { var2 = \"{{ code }}\" }\n",
    );
    let checked = machine.run(&["config", "check", "--json"]).json();
    let rows = checked["findings"].as_array().unwrap();
    let text = rows.iter().find(|row| row["key"] == "message.text").unwrap();
    assert!(text["detail"].as_str().unwrap().starts_with("not sent"), "{text}");
    let priced = Machine::new().run(&["config", "check", "--json"]).exits(0).json();
    let rows = priced["findings"].as_array().unwrap();
    let text = rows.iter().find(|row| row["key"] == "message.text").unwrap();
    assert!(text["detail"].as_str().unwrap().contains("1 SMS"), "{text}");
}

/// What bash offers for the last of these words.
fn completed(machine: &Machine, words: &[&str]) -> String {
    let script = machine.run(&["completions", "bash"]).exits(0).stdout.clone();
    let file = machine.write("completion", &script);
    machine.write("a-file-here", "");
    let typed = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
    let (last, before) = (words[words.len() - 1], words[words.len() - 2]);
    let line = format!(
        "compopt() {{ :; }}; source '{}'; COMP_WORDS=({typed}); COMP_CWORD={}; _otpctl otpctl '{last}' '{before}'; \
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        file.display(),
        words.len() - 1
    );
    let ran = std::process::Command::new("bash").args(["-c", &line]).current_dir(machine.path("")).output().unwrap();
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn completion_offers_files_only_for_what_is_a_file() {
    let machine = Machine::new();
    for words in
        [&["otpctl", "-p", ""][..], &["otpctl", "send", "--provider", ""], &["otpctl", "send", "--profile", ""]]
    {
        assert!(!completed(&machine, words).contains("a-file-here"), "{words:?}");
    }
    for words in [&["otpctl", "-c", ""][..], &["otpctl", "--config", ""], &["otpctl", "send", "--from", ""]] {
        assert!(completed(&machine, words).contains("a-file-here"), "{words:?}");
    }
}
