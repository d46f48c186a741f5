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
