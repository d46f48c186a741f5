//! What is told of the next send is what the next send meets.
//! These need no server.

use crate::each_store::allowance::told;
use crate::support::cli::{FREE, Machine};
use crate::support::gateway::Gateway;

#[test]
fn inspect_tells_of_close_numbers_before_the_send_does() {
    let gateway = Gateway::start(200, r#"{"data":{"id":"m-1"}}"#);
    let machine = Machine::with(&format!(
        "{FREE}[policy]\ncountries = [\"IN\"]\nbrakes = \"enforce\"\n[providers.telnyx]\napi_key = \"KEY0123\"\nfrom = \"+13125550100\"\n\
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
    assert!(text["detail"].as_str().unwrap().contains("1 segment, 52 GSM-7 characters"), "{text}");
}

/// What bash offers for the last of these words.
fn completed(machine: &Machine, words: &[&str]) -> String {
    let script = machine.run(&["completions", "bash"]).exits(0).stdout.clone();
    let file = machine.write("completion", &script);
    machine.write("a-file-here", "");
    let program = machine.path("bin/otpctl");
    if !program.exists() {
        std::fs::create_dir_all(machine.path("bin")).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_otpctl"), &program).unwrap();
    }
    let typed = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
    let (last, before) = (words[words.len() - 1], words[words.len() - 2]);
    let line = format!(
        "compopt() {{ :; }}; source '{}'; COMP_WORDS=({typed}); COMP_CWORD={}; COMP_TYPE=9
         _clap_complete_otpctl otpctl '{last}' '{before}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        file.display(),
        words.len() - 1
    );
    let ran = std::process::Command::new("bash")
        .args(["-c", &line])
        .current_dir(machine.path(""))
        .env_clear()
        .env("HOME", machine.path(""))
        .env("PATH", format!("{}:/usr/bin:/bin", machine.path("bin").display()))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stderr), "");
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
