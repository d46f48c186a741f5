//! `list`: which codes are live, who is locked, whose SMS failed, and why.
//! These hold on every store.

use serde_json::{Value, json};

use super::on_each_store;
use crate::support::cli::{FREE, Machine, PHONE, wrong_codes};
use crate::support::gateway::Gateway;

const OTHER: &str = "+919876543211";

fn rows(machine: &Machine, words: &[&str]) -> Vec<Value> {
    let listed = machine.run(&[&["list", "--json", "--unmask"], words].concat());
    listed.exits(0).json()["codes"].as_array().unwrap().clone()
}

fn told(rows: &[Value]) -> Vec<[&str; 3]> {
    let text = |row: &'_ Value, name: &str| -> &'static str {
        Box::leak(row[name].as_str().unwrap_or_default().to_owned().into_boxed_str())
    };
    rows.iter().map(|row| [text(row, "phone"), text(row, "state"), text(row, "why")]).collect()
}

#[test]
fn sms_that_failed_are_listed_with_why() {
    let gateway = Gateway::start(422, r#"{"errors":[{"code":"40310","title":"Invalid 'to' address"}]}"#);
    let telnyx = format!(
        "[policy]\ncountries = [\"IN\"]\n[routes]\ndefault = [\"console\", \"main\"]\n[providers.console]\n\
         [providers.main]\nkind = \"telnyx\"\napi_key = \"KEY0123\"\nfrom = \"+13125550100\"\nbase_url = \"{}\"\n",
        gateway.base_url
    );
    on_each_store(&format!("{FREE}{telnyx}"), |machine| {
        machine.run(&["send", PHONE, "--provider", "main", "--json"]).exits(25);
        let sent = machine.run(&["send", OTHER, "--json"]).exits(0).json();
        let report = json!({"challenge_id": sent["challenge_id"], "state": "failed", "reason": "handset_off"});
        machine.stdin(&["delivery", "record"], report.to_string().as_bytes()).exits(0);
        let failed = rows(machine, &["--state", "failed"]);
        let mut seen = told(&failed);
        seen.sort_unstable();
        assert_eq!(seen.len(), 2, "{failed:?}");
        assert!(seen[0][..2] == [PHONE, "failed"] && seen[0][2].starts_with("not sent: main: "), "{seen:?}");
        let why = "not delivered: the handset is switched off or out of reach";
        assert_eq!(seen[1], [OTHER, "sent", why]);
        let off = failed.iter().find(|row| row["phone"] == OTHER).unwrap();
        assert_eq!((&off["provider"], &off["delivery_reason"]), (&json!("console"), &json!("handset_off")));
        assert!(off["since"].is_string(), "{off}");
        assert_eq!(rows(machine, &["--state", "failed", "--since", "1h"]).len(), 2);
        assert_eq!(rows(machine, &["--state", "failed", "--since", "1ms"]).len(), 0);
        machine.run(&["list", "--since", "soon"]).exits(2);
        // A code that was typed has arrived, whatever its gateway reports.
        let code = sent["challenge_id"].as_str().unwrap().to_owned();
        assert_eq!(rows(machine, &[]).iter().filter(|row| row["challenge_id"] == code.as_str()).count(), 1);
    });
}

#[test]
fn a_lock_is_listed_with_its_reason_and_a_live_code_with_what_is_left() {
    on_each_store(&format!("{FREE}locks = {{ 2 = \"15m\" }}\n"), |machine| {
        let right = machine.send(PHONE);
        let wrong: Vec<String> = wrong_codes(&right).take(2).collect();
        machine.verify(PHONE, &wrong[0]).exits(10);
        let live = rows(machine, &[]);
        assert_eq!(told(&live), [[PHONE, "sent", "sent by console; 4 of 5 attempts left"]]);
        assert_eq!((&live[0]["attempts_left"], &live[0]["failures_consecutive"]), (&json!(4), &json!(1)));
        machine.verify(PHONE, &wrong[1]).exits(12);
        let locked = rows(machine, &["--state", "locked"]);
        assert_eq!(told(&locked), [[PHONE, "locked", "2 consecutive wrong codes"]]);
        assert!(locked[0]["since"].as_str() < locked[0]["expires_at"].as_str(), "{locked:?}");
        assert_eq!(rows(machine, &["--state", "locked", "--since", "1m"]).len(), 1);
    });
}

#[test]
fn everything_is_listed_in_every_form() {
    on_each_store(FREE, |machine| {
        let phones = [PHONE, OTHER, "+919876543212", "+919876543213"];
        for phone in phones {
            machine.run(&["issue", phone, "--json"]).exits(0);
        }
        let all = machine.run(&["list", "--limit", "0", "--json", "--unmask"]).exits(0).json();
        assert_eq!(all["schema"], "otpctl.list/1");
        assert_eq!((&all["next_cursor"], &all["interrupted"]), (&Value::Null, &json!(false)));
        let sorted = |rows: &[Value]| {
            let mut phones: Vec<String> = rows.iter().map(|row| row["phone"].as_str().unwrap().to_owned()).collect();
            phones.sort_unstable();
            phones
        };
        let listed = all["codes"].as_array().unwrap();
        assert_eq!(sorted(listed), phones);
        let page = rows(machine, &[]);
        assert_eq!(sorted(&page), phones);
        let fields = |row: &Value| row.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(fields(&listed[0]), fields(&page[0]));

        // From where a page ended.
        let first = machine.run(&["list", "--limit", "1", "--json", "--unmask"]).exits(0).json();
        let cursor = first["next_cursor"].as_str().unwrap();
        let rest = machine.run(&["list", "--limit", "0", "--json", "--unmask", "--cursor", cursor]).exits(0).json();
        let both = [first["codes"].as_array().unwrap().clone(), rest["codes"].as_array().unwrap().clone()].concat();
        assert_eq!(sorted(&both), phones);
        machine.run(&["list", "--limit", "0", "--cursor", "nonsense"]).exits(2);

        let lines = machine.run(&["list", "--limit", "0", "-o", "jsonl"]).exits(0).stdout.clone();
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines.len() == 4 && lines.iter().all(|line| line["schema"] == "otpctl.list_row/1"), "{lines:?}");
        assert!(lines.iter().all(|line| line["phone"].as_str().unwrap().contains('*')), "{lines:?}");
        let human = machine.run(&["list", "--limit", "0"]).exits(0).stdout.clone();
        assert!(human.lines().count() == 4 && human.lines().all(|line| line.split('\t').count() == 8), "{human}");
        // A reference is accepted where a phone is.
        let reference = lines[0]["ref"].as_str().unwrap().to_owned();
        assert_eq!(machine.run(&["revoke", &reference, "--json"]).exits(0).json()["revoked"], 1);

        let none = machine.run(&["list", "--limit", "0", "--country", "US", "--json"]).exits(0).json();
        assert_eq!((&none["codes"], &none["skipped"]), (&json!([]), &json!([])));
        assert_eq!(machine.run(&["list", "--limit", "0", "--country", "IN", "-o", "jsonl"]).stdout.lines().count(), 3);
    });
}
