//! What a newer version wrote, as it may come to be: it is told from what is broken, it stops nothing but itself, and
//! nothing of it is lost.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Fixture, OTHER, RECORD, SETTINGS, UPDATE, attempt, folder, reading, timeline};
use crate::support::cli::{Machine, PHONE, wrong_codes};

/// A machine on a server that holds what a newer version would write.
fn newer(name: &str) -> (Machine, Fixture) {
    let fixture = Fixture::read(&folder().join("newer").join(format!("{name}.txt")));
    (reading("", &fixture), fixture)
}

/// What a key holds.
fn get(machine: &Machine, key: &str) -> String {
    machine.redis().cli(&["GET", key])
}

#[test]
fn a_record_of_a_newer_version_is_refused_and_left_as_it_is() {
    for (name, why) in [
        ("version", "it was written by a newer otpctl (record version 2; this one reads up to 1)"),
        ("state", "it was written by a newer otpctl (this one does not know `paused`)"),
        ("field", "it was written by a newer otpctl (this one does not know `channel`)"),
    ] {
        let (machine, fixture) = newer(name);
        let before = get(&machine, RECORD);
        let code = machine.run(&["issue", OTHER]).exits(0).stdout.trim().to_owned();
        for words in [
            &["verify", PHONE, fixture.fact("code")] as &[&str],
            &["send", PHONE],
            &["issue", PHONE],
            &["inspect", PHONE],
            &["revoke", PHONE],
            &["unlock", PHONE],
            &["wait", PHONE, "--for", "verified", "--timeout", "1s"],
        ] {
            let error = machine.run(&[words, &["--json"]].concat()).exits(24).error();
            assert!(error["message"].as_str().unwrap().ends_with(why), "{words:?}: {error}");
            assert_eq!((&error["code"], &error["hint"]), (&"STORE_DATA".into(), &UPDATE.into()), "{words:?}: {error}");
            assert_eq!(error["outcome"], "not_done", "{error}");
        }
        // What goes over many goes on, and names it.
        let listed = machine.run(&["list", "--json", "--unmask"]).exits(19).json();
        assert_eq!(
            (&listed["codes"][0]["phone"], &listed["skipped"][0]["phone"]),
            (&OTHER.into(), &PHONE.into()),
            "{listed}"
        );
        let check = machine.run(&["store", "check", "--json", "--unmask"]).exits(24).json();
        assert_eq!(check["findings"][0]["id"], "unknown_version", "{check}");
        assert_eq!((&check["rows"][0]["key"], &check["rows"][0]["fix"]), (&RECORD.into(), &UPDATE.into()), "{check}");
        assert_eq!(machine.run(&["store", "purge", "--yes", "--json"]).exits(0).json()["removed"], 0);
        assert!(machine.run(&["doctor"]).exits(24).stdout.contains("unknown_version"));
        machine.run(&["user", "list"]).exits(0);
        let revoked = machine.run(&["revoke", "--all", "--yes", "--json"]).exits(19).json();
        assert_eq!((&revoked["revoked"], revoked["failed"].as_array().unwrap().len()), (&1.into(), 1), "{revoked}");
        attempt(&machine, &code, &[]).exits(24);
        machine.run(&["verify", OTHER, &code]).exits(11);
        assert_eq!(get(&machine, RECORD), before, "not touched, not counted");
    }
}

#[test]
fn users_of_a_newer_version_are_refused_and_left_as_they_are() {
    let (machine, fixture) = newer("users");
    let (users, index) = (format!("otpctl:{{{PHONE}}}:users"), "otpctl:{user:u_2}:phones");
    let before = (get(&machine, &users), get(&machine, index));
    for words in [
        &["verify", PHONE, fixture.fact("code")] as &[&str],
        &["user", "link", "u_9", PHONE],
        &["user", "unlink", "u_1", PHONE],
        &["user", "show", PHONE],
        &["user", "link", "u_2", OTHER],
        &["user", "show", "user:u_2"],
    ] {
        let error = machine.run(&[words, &["--json"]].concat()).exits(24).error();
        assert!(error["message"].as_str().unwrap().contains("written by a newer otpctl"), "{words:?}: {error}");
        assert_eq!(error["hint"], UPDATE, "{words:?}: {error}");
    }
    let listed = machine.run(&["user", "list", "--json"]).exits(19).json();
    assert!(listed["users"].to_string().contains("u_1"), "{listed}");
    assert_eq!((get(&machine, &users), get(&machine, index)), before);
    // An index that cannot be read keeps nobody from taking a phone away, and is left to those who can read it.
    machine.run(&["user", "unlink", "u_2", OTHER]).exits(0);
    assert_eq!(get(&machine, index), before.1);
}

#[test]
fn what_a_newer_version_counts_is_not_written_over() {
    let (machine, _) = newer("counts");
    let country = "otpctl:{country:IN}:sends";
    let (circuit, request) = ("otpctl:{provider:busy}:circuit", "otpctl:{request:nb6kop3ksjbq4dy55yamwkzbda}:request");
    let before = [country, circuit, request].map(|key| get(&machine, key));
    let keyed = ["send", PHONE, "--idempotency-key", "once", "--json"];
    let error = machine.run(&keyed).exits(24).error();
    assert!(error["message"].as_str().unwrap().contains("record version 2; this one reads up to 1"), "{error}");
    // Nobody reads the count of a country that is kept so any more. A gateway is asked although its failures cannot be read.
    let limits = "[limits]\nper_country = {}\ncooldown = []\n";
    let busy = "[routes]\ndefault = [\"busy\", \"works\"]\npass_over = { after = 1, for = \"60s\" }\n";
    machine.configure(&format!("{SETTINGS}{busy}{limits}"));
    machine.run(&keyed).exits(24);
    let sent = machine.run(&["send", PHONE]);
    assert!(sent.exits(0).stderr.contains("exit status 75"), "{sent:?}");
    assert_eq!([country, circuit, request].map(|key| get(&machine, key)), before);
    let check = machine.run(&["store", "check", "--json"]).exits(24).json();
    assert_eq!(
        (&check["findings"][0]["id"], &check["findings"][0]["count"]),
        (&"unknown_version".into(), &3.into()),
        "{check}"
    );
}

#[test]
fn an_event_of_a_newer_version_hides_no_other() {
    let (machine, fixture) = newer("timeline");
    let shown = ["unknown done", "unknown ", "unknown ", "send issued"];
    assert_eq!(timeline(&machine, PHONE), shown);
    machine.run(&["inspect", PHONE]).exits(0);
    assert_eq!(machine.run(&["store", "check", "--json"]).exits(0).json()["findings"], json!([]));
    attempt(&machine, fixture.fact("code"), &[]).exits(0);
    assert_eq!(timeline(&machine, PHONE)[1..], shown);
    let lines = machine.redis().cli(&["LRANGE", &format!("otpctl:{{{PHONE}}}:timeline"), "1", "-1"]);
    assert_eq!(lines.lines().collect::<Vec<_>>(), fixture.held[1].lines, "none is lost");
}

#[test]
fn what_a_newer_version_adds_and_may_be_ignored_is_carried() {
    let (machine, fixture) = newer("more");
    let users = format!("otpctl:{{{PHONE}}}:users");
    // Where it is, of what is written again and again: the fixture says in each place where it stands.
    let kept = |key: &str| {
        fn gather(value: &Value, found: &mut BTreeSet<String>) {
            match value {
                Value::Object(fields) => {
                    found.extend(fields.get("more").map(ToString::to_string));
                    fields.values().for_each(|value| gather(value, found));
                }
                Value::Array(items) => items.iter().for_each(|item| gather(item, found)),
                _ => {}
            }
        }
        let mut found = BTreeSet::new();
        gather(&serde_json::from_str(&get(&machine, key)).unwrap(), &mut found);
        found
    };
    let all =
        [RECORD, &users, "otpctl:{user:u_1}:phones", "otpctl:{country:IN}:sends", "otpctl:{prefix:+91987654}:sends"];
    let before = all.map(kept);
    assert_eq!(before.clone().map(|found| found.len()), [5, 2, 1, 1, 1]);
    let wrong = wrong_codes(fixture.fact("code")).next().unwrap();
    attempt(&machine, &wrong, &["--user", "u_1"]).exits(10);
    attempt(&machine, fixture.fact("code"), &["--user", "u_1"]).exits(0);
    let report = json!({"phone": PHONE, "message_id": "message-1", "state": "delivered"}).to_string();
    machine.stdin(&["delivery", "record", "--json"], report.as_bytes()).exits(0);
    machine.run(&["issue", PHONE]).exits(0);
    machine.run(&["send", OTHER]).exits(0);
    machine.run(&["revoke", PHONE]).exits(0);
    machine.run(&["unlock", PHONE]).exits(0);
    machine.run(&["user", "link", "u_2", PHONE]).exits(0);
    machine.run(&["user", "unlink", "u_2", PHONE]).exits(0);
    machine.run(&["user", "link", "u_1", OTHER]).exits(0);
    assert_eq!(all.map(kept), before);
    let record: Value = serde_json::from_str(&get(&machine, RECORD)).unwrap();
    assert_eq!(record["purposes"]["login"]["challenges"].as_array().unwrap().len(), 2, "it was written: {record}");
}

#[test]
fn a_message_of_a_newer_version_hides_no_other_and_is_carried() {
    let (machine, fixture) = newer("messages");
    let deliveries = machine.inspect(PHONE)["deliveries"].clone();
    assert_eq!(deliveries.as_array().unwrap().len(), 2, "{deliveries}");
    let report = json!({"phone": PHONE, "message_id": "wamid.0", "state": "failed", "reason": "handset_off"});
    machine.stdin(&["delivery", "record", "--json"], report.to_string().as_bytes()).exits(0);
    attempt(&machine, fixture.fact("code"), &[]).exits(0);
    let record: Value = serde_json::from_str(&get(&machine, RECORD)).unwrap();
    let others = record["purposes"]["login"]["challenges"][0]["more"]["others"].clone();
    assert_eq!(others[0], json!({"provider": "rcs", "outcome": "accepted", "read_at": 5}), "{others}");
    assert_eq!(others.as_array().unwrap().len(), 2, "{others}");
}

#[test]
fn feedback_of_a_newer_version_is_left_as_it_is() {
    let (machine, _) = newer("feedback");
    let key = "otpctl:{provider:main}:feedback";
    let before = get(&machine, key);
    machine.run(&["doctor"]);
    let check = machine.run(&["store", "check", "--json", "--unmask"]).exits(24).json();
    assert_eq!(
        (&check["findings"][0]["id"], &check["rows"][0]["key"]),
        (&"unknown_version".into(), &key.into()),
        "{check}"
    );
    assert_eq!(machine.run(&["store", "purge", "--yes", "--json"]).exits(0).json()["removed"], 0);
    assert_eq!(get(&machine, key), before);
}
