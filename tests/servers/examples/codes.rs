//! Recipes that send and cancel codes.

use std::fs;

use serde_json::Value;

use super::{SHELLS, recipe};
use crate::support::cli::{FREE, Machine, PHONE};

const OUTBOX: &str = "[policy]\ncountries = [\"IN\"]\n[providers.outbox]\npath = \"outbox.jsonl\"\n";

fn machine() -> Machine {
    Machine::on_redis(&format!("{FREE}{OUTBOX}[audit]\nfile = \"audit.jsonl\"\n"))
}

#[test]
fn a_job_of_ci_logs_in_with_the_code_of_its_own_send() {
    for shell in SHELLS {
        let machine = machine();
        let outbox = machine.path(".config/otpctl/outbox.jsonl");
        let environment = [("OUTBOX", outbox.to_str().unwrap())];
        // Another job uses the same file.
        machine.run(&["send", "+919876543211"]).exits(0);
        recipe(&machine, shell, &["ci-login.sh", PHONE, "otpctl", "verify", PHONE], &environment).exits(0);
        assert_eq!(machine.inspect(PHONE)["verdict"], "ALREADY_VERIFIED");
        // What logs in says no.
        recipe(&machine, shell, &["ci-login.sh", PHONE, "otpctl", "verify", "+919876543211"], &environment).exits(10);
        // It ends well, and did not ask for the code.
        let unused = recipe(&machine, shell, &["ci-login.sh", PHONE, "true"], &environment).exits(18);
        assert!(unused.stderr.contains("did not use the code (18)"), "{unused:?}");
        // Nothing is sent there, so nobody logs in.
        recipe(&machine, shell, &["ci-login.sh", "+14155550123", "touch", "logged-in"], &environment).exits(16);
        assert!(!machine.path("logged-in").exists());
    }
}

#[test]
fn many_phones_get_one_code_each_however_often_it_is_started() {
    for shell in SHELLS {
        let machine = machine();
        let phones = "9876543210\n# a comment\n+919876543210\n+919876543211\n12\n+14155550123\n+919876543212\n";
        machine.write("phones", phones);
        recipe(&machine, shell, &["bulk-notice.sh", "relogin", "phones"], &[]).exits(19);
        // Everything has ended, well or not.
        recipe(&machine, shell, &["bulk-notice.sh", "relogin", "phones"], &[]).exits(0);
        let mut sent: Vec<String> = machine.outbox().iter().map(|sms| sms["phone"].to_string()).collect();
        sent.sort();
        assert_eq!(sent, ["\"+919876543210\"", "\"+919876543211\"", "\"+919876543212\""]);
        let lines = |name: &str| -> Vec<String> {
            let text = fs::read_to_string(machine.path(name)).unwrap();
            let lines = text.lines().map(|line| line.split('\t').take(2).collect::<Vec<_>>().join(" "));
            // They come as they end.
            let mut lines: Vec<String> = lines.collect();
            lines.sort();
            lines
        };
        assert_eq!(lines("relogin.done"), ["+919876543210 0", "+919876543211 0", "+919876543212 0"]);
        assert!(lines("relogin.again").is_empty());
        // Without a region no country is known of a number without a plus.
        assert_eq!(lines("relogin.never"), ["+14155550123 16", "12 2", "9876543210 2"]);
    }
}

#[test]
fn a_line_that_is_worth_another_start_is_told_apart() {
    for shell in SHELLS {
        let machine = machine();
        machine.configure(&format!("[limits]\ncooldown = [\"10m\"]\n{OUTBOX}"));
        machine.run(&["send", PHONE]).exits(0);
        machine.write("phones", &format!("{PHONE}\n+919876543211\n"));
        recipe(&machine, shell, &["bulk-notice.sh", "relogin", "phones"], &[]).exits(19);
        let again = fs::read_to_string(machine.path("relogin.again")).unwrap();
        assert!(again.starts_with(&format!("{PHONE}\t13\t")), "{again}");
        machine.run(&["unlock", "--limits", PHONE]).exits(0);
        recipe(&machine, shell, &["bulk-notice.sh", "relogin", "phones"], &[]).exits(0);
        assert_eq!(machine.outbox().len(), 3, "the one before, and one for each line");
        assert_eq!(fs::read_to_string(machine.path("relogin.again")).unwrap(), "");
        assert_eq!(fs::read_to_string(machine.path("relogin.never")).unwrap(), "");
        // A file that is not there is no batch at all.
        recipe(&machine, shell, &["bulk-notice.sh", "other", "absent"], &[]).exits(2);
    }
}

#[test]
fn in_an_emergency_codes_are_canceled_and_numbers_blocked_and_the_audit_says_why() {
    for shell in SHELLS {
        let machine = machine();
        machine.run(&["send", PHONE]).exits(0);
        machine.run(&["send", "+919999988888"]).exits(0);
        let codes: Vec<String> = machine.outbox().iter().map(|sms| sms["code"].as_str().unwrap().to_owned()).collect();
        recipe(&machine, shell, &["emergency-revoke.sh", "ticket 4711", "+9198765", "LV"], &[]).exits(0);
        for (phone, code) in [PHONE, "+919999988888"].into_iter().zip(&codes) {
            assert_eq!(machine.verify(phone, code).exits(11).json()["reason"], "revoked");
        }
        machine.run(&["send", PHONE]).exits(16);
        machine.run(&["send", "+919999988888"]).exits(0);
        let audit = fs::read_to_string(machine.path(".config/otpctl/audit.jsonl")).unwrap();
        let records: Vec<Value> = audit.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for (command, detail) in [("policy block", "block LV"), ("revoke", "--all")] {
            let is =
                |record: &&Value| record["command"] == command && record["detail"].as_str().unwrap().contains(detail);
            let found: Vec<&Value> = records.iter().filter(is).collect();
            assert_eq!(found.len(), 2, "an intent and an outcome of {command}: {audit}");
            assert!(found.iter().all(|record| record["reason"] == "ticket 4711"), "{audit}");
        }
        machine.run(&["audit", "verify"]).exits(0);
    }
}

#[test]
fn an_emergency_that_left_a_code_says_so() {
    for shell in SHELLS {
        let mut machine = machine();
        machine.run(&["send", PHONE]).exits(0);
        let redis = machine.server.clone().unwrap().process.downcast::<crate::servers::redis::RedisServer>().unwrap();
        redis.cli(&["SET", "otpctl:{+919876543211}:record", r#"{"v":99}"#]);
        let some = recipe(&machine, shell, &["emergency-revoke.sh", "ticket 4711"], &[]).exits(19);
        assert!(some.stderr.contains("some codes still work"), "{some:?}");
        assert_eq!(machine.inspect(PHONE)["verdict"], "REVOKED");
        machine.variable("OTPCTL_REASON", "");
        redis.crash();
        recipe(&machine, shell, &["emergency-revoke.sh", "ticket 4711"], &[("OTPCTL_TIMEOUT", "10s")]).exits(20);
    }
}

#[test]
fn what_the_embedded_store_keeps_goes_on_in_a_redis() {
    for shell in SHELLS {
        let machine = Machine::on_redis("");
        let url = machine.server.clone().unwrap().url;
        machine.write("old.toml", "[store.embedded]\npath = \"old/otpctl.db\"\n");
        machine.write(
            "new.toml",
            &format!("[store.redis]\nurl = \"{url}\"\n[code]\npeppers = [{{ id = \"1\", file = \"pepper\" }}]\n"),
        );
        let at = |file: &str, words: &[&str]| machine.run(&[words, &["--config", file]].concat());
        let code = at("old.toml", &["-q", "issue", PHONE]).exits(0).stdout.trim().to_owned();
        at("old.toml", &["user", "link", "u_1", "+919876543211"]).exits(0);
        let moved = || recipe(&machine, shell, &["embedded-to-redis.sh", "old.toml", "new.toml"], &[]);
        // The file of the new store does not name the pepper of the old one yet, and is told how to.
        let told = moved().exits(30).stderr;
        let id = told.split('`').find(|word| word.starts_with("own-")).unwrap().to_owned();
        let peppers = format!("peppers = [{{ id = \"{id}\", file = \"old/pepper\" }}]");
        machine.write("new.toml", &format!("[store.redis]\nurl = \"{url}\"\n[code]\n{peppers}\n"));
        moved().exits(0);
        // What was made meanwhile comes by the second time, and nothing comes twice.
        let late = at("old.toml", &["-q", "issue", "+919876543212"]).exits(0).stdout.trim().to_owned();
        moved().exits(0);
        for (phone, code) in [(PHONE, &code), ("+919876543212", &late)] {
            at("new.toml", &["verify", phone, code]).exits(0);
        }
        at("new.toml", &["user", "show", "u_1"]).exits(0);
        // A code that was used there is not brought back to life.
        let conflict = moved().exits(19);
        assert!(conflict.stderr.contains("is in both stores"), "{conflict:?}");
        at("new.toml", &["verify", PHONE, &code]).exits(11);
    }
}
