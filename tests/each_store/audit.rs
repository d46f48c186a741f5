//! What is done is recorded before and after it, by every command that changes something, and nothing is done that cannot
//! be recorded. These hold on every store.

use std::fs;

use serde_json::Value;

use super::on_each_store;
use crate::support::audit::{AUDIT, added, findings, lines, records, write_lines};
use crate::support::cli::{FREE, Machine, PHONE, set_mode, wrong_codes};

const OUTBOX: &str = "[providers.outbox]\npath = \"outbox.jsonl\"\n";

/// A pair of records: what was meant, and how it ended.
fn pair(records: &[Value]) -> (&Value, &Value) {
    let [intent, outcome] = records else { panic!("not a pair: {records:?}") };
    assert_eq!((&intent["phase"], &outcome["phase"]), (&"intent".into(), &"outcome".into()));
    assert_eq!((&outcome["intent"], &intent["result"]), (&intent["seq"], &Value::Null));
    for same in ["command", "phone", "reason", "detail", "who", "host"] {
        assert_eq!(intent[same], outcome[same], "{same}");
    }
    (intent, outcome)
}

#[test]
fn every_change_has_an_intent_and_an_outcome() {
    on_each_store(&format!("{FREE}{OUTBOX}{AUDIT}"), |machine| {
        let code = |machine: &Machine| machine.outbox().last().unwrap()["code"].as_str().unwrap().to_owned();
        let record = |words: &[&str], result: &str| {
            let added = added(machine, || drop(machine.run(&[words, &["--reason", "ticket 7"]].concat())));
            let (intent, outcome) = pair(&added);
            assert_eq!(outcome["result"], result, "{words:?}");
            assert_eq!(intent["reason"], "ticket 7");
            assert!(words.join(" ").starts_with(intent["command"].as_str().unwrap()), "{words:?}: {intent}");
            (intent.clone(), outcome.clone())
        };
        let (sent, ended) = record(&["send", PHONE], "OK");
        let reference = machine.run(&["list", "--json"]).json()["codes"][0]["ref"].clone();
        assert!(reference.is_string() && sent["phone"] == reference, "{sent}");
        assert!(ended["challenge_id"].as_str().unwrap().starts_with("ch_"), "{ended}");
        let wrong = wrong_codes(&code(machine)).next().unwrap();
        record(&["verify", PHONE, &wrong], "WRONG_CODE");
        record(&["verify", PHONE, &code(machine)], "OK");
        record(&["verify", PHONE, &code(machine)], "NO_CODE");
        record(&["send", PHONE, "--user", "nosuch"], "NOT_FOUND");
        record(&["issue", PHONE], "OK");
        record(&["wait", PHONE, "--for", "verified", "--timeout", "1s"], "WAIT_TIMEOUT");
        let (_, revoked) = record(&["revoke", PHONE], "OK");
        assert_eq!(revoked["count"], 1);
        let (linked, _) = record(&["user", "link", "u_1", PHONE], "OK");
        assert_eq!(linked["detail"], "u_1");
        record(&["user", "move", "u_1", "+919876543211"], "OK");
        record(&["user", "unlink", "u_1", "+919876543211"], "OK");
        let (unlocked, _) = record(&["unlock", PHONE, "--limits"], "OK");
        assert_eq!((&unlocked["detail"], &unlocked["phone"]), (&"--limits".into(), &reference));
        let (all, _) = record(&["revoke", "--all", "--yes"], "OK");
        assert_eq!((&all["detail"], &all["phone"]), (&"--all".into(), &Value::Null));
        record(&["store", "purge", "--yes"], "OK");
        let report = format!("{{\"phone\":\"{PHONE}\",\"message_id\":\"m\",\"state\":\"delivered\"}}\n");
        let added = added(machine, || drop(machine.stdin(&["delivery", "record"], report.as_bytes())));
        assert_eq!(pair(&added).1["command"], "delivery record");

        let text = fs::read_to_string(machine.path("audit.jsonl")).unwrap();
        for secret in [PHONE, "9876543210", wrong.as_str()]
            .into_iter()
            .map(str::to_owned)
            .chain(machine.outbox().iter().map(|line| line["code"].as_str().unwrap().to_owned()))
        {
            assert!(!text.contains(&secret), "{secret} is in the audit");
        }
        assert_eq!(findings(machine), []);
    });
}

#[test]
fn many_are_recorded_phone_by_phone_where_they_are_named() {
    on_each_store(&format!("{FREE}{OUTBOX}{AUDIT}"), |machine| {
        let phones = "+919876543210\n+919876543211\nnot a phone\n";
        let sent = added(machine, || {
            machine.stdin(&["send", "--from", "-", "--concurrency", "1"], phones.as_bytes()).exits(19);
        });
        assert_eq!(sent.len(), 4);
        assert_ne!(sent[0]["phone"], sent[2]["phone"]);
        let revoked = added(machine, || {
            machine.run(&["revoke", PHONE, "+919876543211"]).exits(0);
        });
        assert_eq!(
            revoked.iter().map(|record| record["count"].clone()).collect::<Vec<_>>(),
            [Value::Null, 1.into(), Value::Null, 1.into()]
        );
    });
}

#[test]
fn who_looks_or_rehearses_is_not_recorded_and_who_unmasks_is() {
    on_each_store(&format!("{FREE}{OUTBOX}{AUDIT}"), |machine| {
        machine.run(&["user", "link", "u_1", PHONE]).exits(0);
        machine.run(&["send", PHONE]).exits(0);
        let looked = added(machine, || {
            for words in [
                &["inspect", PHONE][..],
                &["list"],
                &["user", "show", "u_1"],
                &["user", "list"],
                &["store", "check"],
                &["config", "show", "--unmask"],
                &["version", "--unmask"],
                &["send", PHONE, "--dry-run"],
                &["issue", PHONE, "--dry-run"],
                &["revoke", PHONE, "--dry-run"],
                &["unlock", PHONE, "--dry-run"],
                &["user", "unlink", "u_1", "--dry-run"],
                &["store", "purge", "--dry-run"],
                &["audit", "verify"],
                &["audit", "anchor"],
            ] {
                machine.run(words).exits(0);
            }
        });
        assert_eq!(looked, [Value::Null; 0]);
        for words in
            [&["list", "--unmask"][..], &["inspect", "user:u_1", "--unmask"], &["user", "show", "u_1", "--unmask"]]
        {
            let unmasked = added(machine, || assert!(machine.run(words).exits(0).stdout.contains(PHONE), "{words:?}"));
            assert_eq!(pair(&unmasked).0["detail"], "--unmask", "{words:?}");
        }
    });
}

#[test]
fn t34_what_cannot_be_recorded_is_not_done() {
    on_each_store(&format!("{FREE}{OUTBOX}{AUDIT}"), |machine| {
        fs::create_dir(machine.path("audit.jsonl")).unwrap();
        for words in [
            &["send", PHONE][..],
            &["issue", PHONE],
            &["verify", PHONE, "123456"],
            &["unlock", PHONE],
            &["revoke", PHONE],
            &["user", "link", "u_1", PHONE],
            &["store", "purge", "--yes"],
            &["list", "--unmask"],
        ] {
            let ran = machine.run(&[words, &["--json"]].concat());
            let error = ran.exits(28).error();
            assert_eq!((&error["code"], &error["outcome"]), (&"AUDIT_FAILED".into(), &"not_done".into()), "{words:?}");
        }
        let many = machine.stdin(&["send", "--from", "-"], format!("{PHONE}\n").as_bytes());
        assert!(many.exits(19).stdout.contains("28"), "{many:?}");
        assert!(machine.outbox().is_empty());
        let screen = machine.inspect(PHONE);
        assert_eq!((&screen["timeline"], &screen["live_code"]), (&Value::Array(Vec::new()), &Value::Null));
        assert_eq!(machine.run(&["store", "check", "--json"]).json()["ours"], 0, "no key");
    });
}

#[test]
fn t34_a_folder_that_is_read_only_stops_a_send() {
    on_each_store(&format!("{FREE}{OUTBOX}[audit]\nfile = \"../../log/audit.jsonl\"\n"), |machine| {
        fs::create_dir(machine.path("log")).unwrap();
        set_mode(&machine.path("log"), 0o555);
        let refused = machine.run_without_power(&["send", PHONE, "--json"]);
        assert_eq!(refused.exits(28).error()["outcome"], "not_done", "{refused:?}");
        assert!(machine.outbox().is_empty());
        set_mode(&machine.path("log"), 0o755);
        machine.run_without_power(&["send", PHONE]).exits(0);
    });
}

#[test]
fn t41_an_unlock_is_recorded_with_its_reason_and_in_the_timeline() {
    on_each_store(&format!("{FREE}{OUTBOX}{AUDIT}"), |machine| {
        machine.run(&["send", PHONE]).exits(0);
        let code = machine.outbox()[0]["code"].as_str().unwrap().to_owned();
        for wrong in wrong_codes(&code).take(5) {
            machine.run(&["verify", PHONE, &wrong]);
        }
        let unlocked = added(machine, || {
            machine.run(&["unlock", PHONE, "--reason", "she knew her birthday"]).exits(0);
        });
        let (intent, outcome) = pair(&unlocked);
        assert_eq!((&intent["reason"], &outcome["result"]), (&"she knew her birthday".into(), &"OK".into()));
        let event = machine.inspect(PHONE)["timeline"][0].clone();
        assert_eq!((&event["event"], &event["reason"]), (&"unlock".into(), &intent["reason"]));
        assert!(event["by"].as_str().unwrap().starts_with(intent["who"]["user"].as_str().unwrap()), "{event}");
    });
}

#[test]
fn an_older_file_with_its_older_lock_is_missed_by_the_store() {
    on_each_store(&format!("{FREE}{OUTBOX}{AUDIT}"), |machine| {
        machine.run(&["send", PHONE]).exits(0);
        let [file, lock] = ["audit.jsonl", "audit.jsonl.lock"].map(|name| machine.path(name));
        let before = [&file, &lock].map(|path| fs::read(path).unwrap());
        machine.run(&["send", PHONE]).exits(0);
        let anchored = machine.run(&["audit", "anchor", "--json"]).exits(0).json();
        assert_eq!((&anchored["seq"], &anchored["store_seq"]), (&4.into(), &4.into()), "{anchored}");
        assert_eq!(findings(machine), []);
        for (path, bytes) in [&file, &lock].into_iter().zip(before) {
            fs::write(path, bytes).unwrap();
        }
        assert_eq!(findings(machine), [("cut_tail".to_owned(), 3)]);
        machine.run(&["audit", "anchor"]).exits(28);
        // New records take the place of the old ones: the store knows another one by this number.
        for _ in 0..2 {
            machine.run(&["send", PHONE]).exits(0);
        }
        let is_found = |machine: &Machine| assert_eq!(findings(machine), [("restamped".to_owned(), 4)]);
        is_found(machine);
        // What the store knows is kept, and not moved on over the other chain.
        machine.run(&["audit", "anchor"]).exits(28);
        machine.run(&["send", PHONE]).exits(0);
        machine.run(&["audit", "anchor"]).exits(28);
        is_found(machine);
        // An anchor that was kept elsewhere knows it too.
        let anchor = anchored["anchor"].as_str().unwrap();
        let text = machine.run(&["audit", "verify", "audit.jsonl", "--anchor", anchor]);
        assert!(text.exits(28).stdout.contains("restamped"), "{text:?}");
    });
}

#[test]
fn t32_what_was_changed_in_the_file_is_found() {
    on_each_store(&format!("{FREE}{OUTBOX}{AUDIT}"), |machine| {
        for _ in 0..3 {
            machine.run(&["send", PHONE]).exits(0);
        }
        let whole = lines(machine);
        let changed = |change: &dyn Fn(&mut Vec<String>)| {
            let mut lines = whole.clone();
            change(&mut lines);
            write_lines(machine, &lines);
            findings(machine)
        };
        let found = |kind: &str, line: u64| [(kind.to_owned(), line)];
        assert_eq!(changed(&|lines| lines[3] = lines[3].replacen("OK", "LOCKED", 1)), found("edited", 4));
        assert_eq!(changed(&|lines| drop(lines.remove(2))), found("deleted", 3));
        assert_eq!(changed(&|lines| lines.truncate(4)), found("cut_tail", 5));
        assert_eq!(changed(&|lines| lines.swap(2, 3)).first().unwrap(), &found("reordered", 3)[0]);
        let restamped = changed(&|lines| {
            // With a MAC that anybody can make.
            let (body, _) = lines[5].rsplit_once(",\"mac\":\"").unwrap();
            lines[5] = format!("{},\"mac\":\"{}\"}}", body.replacen("OK", "LOCKED", 1), "A".repeat(43));
        });
        assert_eq!(restamped, found("restamped", 6));
        assert_eq!(changed(&|_| ()), []);
        assert_eq!(records(machine).len(), 6);
    });
}
