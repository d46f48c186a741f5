//! Text from outside drives no terminal.
//! These need no server.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::cli::{Machine, PHONE};
use crate::support::gateway::Gateway;
use crate::support::hostile::{FORMATS, assert_inert, hostile};

#[test]
fn a_providers_words_drive_no_terminal() {
    let body = json!({"errors": [{"code": hostile(), "title": hostile(), "detail": hostile()}]}).to_string();
    let (refuses, garbles) = (Gateway::start(400, &body), Gateway::start(200, &hostile()));
    let machine = Machine::new();
    let program = machine.program("evil", &format!("cat > /dev/null; printf '%s' '{}' >&2; exit 1", hostile()));
    let telnyx = "kind = \"telnyx\"\napi_key = \"KEY0\"\nfrom = \"+13125550100\"";
    machine.configure(&format!(
        "[policy]\ncountries = [\"IN\"]\n\
         [limits]\ncooldown = []\nper_phone = {{}}\nper_prefix = {{}}\nper_country = {{}}\n\
         [routes]\ndefault = [\"refuses\"]\n\
         [providers.refuses]\n{telnyx}\nbase_url = \"{}\"\n\
         [providers.garbles]\n{telnyx}\nbase_url = \"{}\"\n\
         [providers.program]\nkind = \"command\"\nargv = [{program:?}]\n",
        refuses.base_url, garbles.base_url
    ));
    for format in FORMATS {
        for provider in ["refuses", "garbles", "program"] {
            let ran = machine.run(&[&["send", PHONE, "--provider", provider] as &[&str], format].concat());
            assert!(matches!(ran.code, 25..=27), "{ran:?}");
            assert!(ran.words().contains("evil") || provider == "garbles", "{ran:?}");
            assert_inert(&ran);
        }
    }
    for format in FORMATS {
        let ran = machine.run(&[&["inspect", PHONE] as &[&str], format].concat());
        assert!(ran.exits(0).stdout.contains("evil"), "{ran:?}");
        assert_inert(&ran);
    }
}

#[test]
fn a_files_name_and_words_drive_no_terminal() {
    let machine = Machine::new();
    let name = hostile();
    for format in FORMATS {
        let ran = machine.run(&[&["--config", &name, "config", "check"] as &[&str], format].concat());
        assert_inert(ran.exits(30));
        let ran = machine.run(&[&["--profile", &name, "config", "check"] as &[&str], format].concat());
        assert!(matches!(ran.code, 2 | 30), "{ran:?}");
        assert_inert(&ran);
    }
    // TOML writes control characters as escapes.
    let escaped = "evil\\u001b[2J\\u009b31m\\u202elive";
    for settings in [
        format!("\"{escaped}\" = 1\n"),
        format!("region = \"{escaped}\"\n"),
        format!("[providers.\"{escaped}\"]\nkind = \"console\"\n"),
        format!("[routes]\ndefault = [\"{escaped}\"]\n"),
        format!("[message]\napp = \"{escaped}\"\n"),
        format!("[message]\ntext = \"{{{{ code }}}} {escaped}\"\n"),
        format!("[message.lang.\"{escaped}\"]\ntext = \"{{{{ code }}}}\"\n"),
        format!("[providers.outbox]\npath = \"{escaped}/x\"\n"),
    ] {
        machine.configure(&settings);
        for format in FORMATS {
            for words in [
                &["config", "check"] as &[&str],
                &["config", "show", "--origin"],
                &["provider", "list"],
                &["send", PHONE],
            ] {
                assert_inert(&machine.run(&[words, format].concat()));
            }
        }
    }
}

#[test]
fn a_question_drives_no_terminal() {
    let machine = Machine::new();
    let name = format!("{}.toml", hostile().replace('\r', ""));
    machine.write(&name, "protected = true\n[store.embedded]\npath = \"codes.db\"\n");
    let name = machine.path(&name);
    // `script` gives the command a terminal.
    let line = format!("{} --color never --config '{}' send {PHONE}", env!("CARGO_BIN_EXE_otpctl"), name.display());
    let mut terminal = Command::new("script");
    terminal.args(["-qec", &line, "/dev/null"]).env_clear().env("HOME", machine.path("")).env("PATH", "/usr/bin:/bin");
    let mut asked = terminal.env("SHELL", "/bin/sh").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    asked.stdin.take().unwrap().write_all(b"n\n").unwrap();
    let output = asked.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(32), "{text:?}");
    assert!(text.contains("evil") && text.contains("[y/N]"), "{text:?}");
    // The terminal itself ends lines with CR LF.
    let words = text.replace("\r\n", "");
    assert!(!words.contains(otpctl::otp::escape::is_unsafe), "{words:?}");
}

/// What is told of files with `-vv` is as harmless as the rest.
#[test]
fn a_log_drives_no_terminal() {
    let machine = Machine::new();
    let name = hostile().replace('\r', "");
    let folder = machine.path(&name);
    machine.write(
        &format!("{name}/otpctl.toml"),
        "[providers.outbox]\npath = \"outbox.jsonl\"\n[store.embedded]\npath = \"codes.db\"\n",
    );
    let config = folder.join("otpctl.toml");
    for format in [&["-v"] as &[&str], &["-vv"], &["-vvv", "--json"]] {
        for words in [
            &["send", PHONE] as &[&str],
            &["inspect", PHONE],
            &["config", "check"],
            &["provider", "test", "outbox"],
            &["doctor"],
        ] {
            let ran = machine.run(&[&["--config", config.to_str().unwrap()], words, format].concat());
            assert!(ran.stderr.contains("evil") || ran.stdout.contains("evil"), "{ran:?}");
            assert_inert(&ran);
        }
    }
}
