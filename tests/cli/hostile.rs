//! Text from outside drives no terminal.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::PHONE;
use super::support::cli::{Machine, Ran};
use super::support::gateway::Gateway;

/// What a terminal obeys: set the clipboard, clear the screen, an 8-bit CSI, turn the text around, overwrite the line.
const HOSTILE: [&str; 6] = ["\u{1b}]52;c;aGk=\u{7}", "\u{1b}[2J", "\u{9b}31m", "\u{202e}", "\r", "\u{7f}\u{200b}\u{8}"];
const FORMATS: [&[&str]; 4] = [&[], &["--json"], &["-o", "jsonl"], &["-vvv"]];

fn hostile() -> String {
    format!("evil{}live", HOSTILE.concat())
}

/// Nothing in the bytes but text and line feeds.
#[track_caller]
fn assert_inert(ran: &Ran) {
    let words = ran.words().replace(['\n', '\t'], "");
    assert!(!words.contains(otpctl::otp::escape::is_unsafe), "{ran:?}");
}

#[test]
fn t26_a_providers_words_drive_no_terminal() {
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
fn t26_names_that_could_drive_a_terminal_are_refused() {
    let machine = Machine::new();
    let lang = hostile();
    for character in HOSTILE {
        let name = format!("u{character}1");
        for format in FORMATS {
            for words in [
                &["user", "link", &name, PHONE] as &[&str],
                &["user", "show", &name],
                &["send", PHONE, "--user", &name],
                &["send", PHONE, "--purpose", &name],
                &["send", PHONE, "--reason", &name],
                &["send", PHONE, "--lang", &lang],
                &["send", &name],
                &["send", &format!("user:{name}")],
                &["verify", PHONE, &name],
                &["verify", PHONE, "123456", "--attempt-id", &format!("{name}-12345678")],
                &["inspect", &format!("ch_{name}")],
                &["help", &name],
                &[&name],
                &[&format!("--{name}")],
            ] {
                let ran = machine.run(&[words, format].concat());
                assert!(matches!(ran.code, 2 | 14), "{ran:?}");
                assert_eq!(ran.stdout, "");
                assert_inert(&ran);
            }
        }
    }
}

#[test]
fn t26_a_files_name_and_words_drive_no_terminal() {
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

/// Every command that reads, in every format; `inspect` tells of it.
#[track_caller]
fn look(machine: &Machine, told: &str) {
    for format in FORMATS {
        for words in [
            &["inspect", PHONE] as &[&str],
            &["list"],
            &["verify", PHONE, "12345"],
            &["user", "show", "u_1"],
            &["user", "show", PHONE],
            &["user", "list"],
            &["revoke", PHONE, "--dry-run"],
        ] {
            let ran = machine.run(&[words, format].concat());
            assert_inert(&ran);
            assert!(words[0] != "inspect" || ran.words().contains(told), "{ran:?}");
        }
    }
}

#[test]
fn t26_text_in_a_record_drives_no_terminal() {
    let machine = Machine::on_redis("");
    let server = machine.redis();
    let [record, timeline] = ["record", "timeline"].map(|name| format!("otpctl:{{{PHONE}}}:{name}"));
    machine.run(&["user", "link", "u_1", PHONE]).exits(0);
    machine.run(&["send", PHONE]).exits(0);
    let event = json!({"at": 1, "event": "send", "result": hostile(), "detail": hostile(), "challenge_id": hostile(), "reason": hostile()});
    server.cli(&["LPUSH", &timeline, &event.to_string()]);
    look(&machine, "evil");
    server.cli(&["LPUSH", &timeline, &hostile()]);
    look(&machine, "");
    server.cli(&["DEL", &timeline]);

    let mut changed: Value = serde_json::from_str(&server.cli(&["GET", &record])).unwrap();
    let challenge = &mut changed["purposes"]["login"]["challenges"][0];
    challenge["id"] = hostile().into();
    challenge["delivery"] = json!({"provider": hostile(), "message_id": hostile(), "detail": hostile()});
    server.cli(&["SET", &record, &changed.to_string()]);
    look(&machine, "evil");
    changed["purposes"]["login"]["challenges"][0]["mac"]["key"] = hostile().into();
    server.cli(&["SET", &record, &changed.to_string()]);
    assert_inert(machine.verify(PHONE, "123456").exits(24));
    assert_inert(machine.run(&["verify", PHONE, "123456"]).exits(24));
}

#[test]
fn t26_garbage_in_redis_drives_no_terminal() {
    let machine = Machine::on_redis("");
    let server = machine.redis();
    let keys = ["record", "users"].map(|name| format!("otpctl:{{{PHONE}}}:{name}"));
    machine.run(&["user", "link", "u_1", PHONE]).exits(0);
    machine.run(&["send", PHONE]).exits(0);
    let hostile = hostile();
    for garbage in [
        hostile.clone(),
        json!({"v": 1, &hostile: 1}).to_string(),
        json!({"v": 2}).to_string(),
        json!([hostile]).to_string(),
    ] {
        for key in &keys {
            let held = server.cli(&["GET", key]);
            server.cli(&["SET", key, &garbage]);
            look(&machine, "");
            machine.verify(PHONE, "123456").exits(24);
            server.cli(&["SET", key, &held]);
        }
    }
    server.cli(&["DEL", &keys[0]]);
    for (name, value) in [
        (format!("{{+91{hostile}}}:record"), json!({"v": 1})),
        (format!("{{user:{hostile}}}:phones"), json!({"v": 1})),
        ("{user:u_2}:phones".to_owned(), json!({"v": 1, "phones": [hostile]})),
    ] {
        server.cli(&["SET", &format!("otpctl:{name}"), &value.to_string()]);
        look(&machine, "");
    }
}

#[test]
fn t26_a_question_drives_no_terminal() {
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
fn t26_a_log_drives_no_terminal() {
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
