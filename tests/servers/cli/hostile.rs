//! Text from outside drives no terminal.
//! These need a server or another program.

use serde_json::{Value, json};

use crate::support::cli::{Machine, PHONE};
use crate::support::hostile::{FORMATS, assert_inert, hostile};

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
fn text_in_a_record_drives_no_terminal() {
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
fn garbage_in_redis_drives_no_terminal() {
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
