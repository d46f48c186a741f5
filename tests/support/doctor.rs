//! `doctor` on machines that are well, and on machines with one thing wrong.
//! What its tests share.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::cli::{FREE, Machine, PEPPER, Ran};

/// (status, exit, detail and fix) of each check.
pub fn checks(ran: &Ran) -> BTreeMap<String, (String, Value, String)> {
    let document = ran.json();
    assert_eq!(document["schema"], "otpctl.doctor/1");
    assert_eq!(document["worst"], ran.code);
    assert_eq!(document["ok"], ran.code == 0);
    let one = |check: &Value| {
        let text = |name: &str| check[name].as_str().unwrap_or_default().to_owned();
        assert_eq!(check["exit"].is_null(), check["status"] != "fail", "{check}");
        assert!(check["status"] == "ok" || check["fix"].is_string(), "{check}");
        (text("id"), (text("status"), check["exit"].clone(), format!("{} | {}", text("detail"), text("fix"))))
    };
    document["checks"].as_array().unwrap().iter().map(one).collect()
}

pub fn doctor(machine: &Machine) -> Ran {
    machine.run(&["doctor", "--json", "-vv"])
}

/// Fails unless one check is so, and says these words.
#[track_caller]
pub fn says(ran: &Ran, id: &str, status: &str, words: &str) {
    let checks = checks(ran);
    let (found, _, text) = checks.get(id).unwrap_or_else(|| panic!("no {id}: {checks:?}"));
    assert!(found == status && text.contains(words), "{id}: {found}: {text}");
}

/// What is not as it should be.
pub fn complaints(ran: &Ran) -> Vec<String> {
    checks(ran).into_iter().filter(|(_, (status, ..))| status != "ok").map(|(id, _)| id).collect()
}

/// On a Redis, as somebody.
pub fn on(url: &str, more: &str) -> Machine {
    let machine = Machine::with(&format!(
        "{FREE}[code]\npeppers = [{{ id = \"1\", file = \"pepper\" }}]\n[store.redis]\nurl = \"{url}\"\n{more}"
    ));
    machine.write(".config/otpctl/pepper", PEPPER);
    machine
}
