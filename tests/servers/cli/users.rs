//! `user link`, `user move` and `user unlink` as scripts and hooks meet them.
//! These need a server or another program.

use crate::each_store::users::NEW;
use crate::support::cli::{Machine, PHONE};

#[test]
fn an_entry_that_leads_nowhere_is_swept_from_among_others() {
    let machine = Machine::on_redis("");
    machine.run(&["user", "link", "asha", PHONE]).exits(0);
    let key = "otpctl:{user:asha}:phones";
    let index: serde_json::Value = serde_json::from_str(&machine.redis().cli(&["GET", key])).unwrap();
    let mut with = index.clone();
    for (number, mark) in [
        (NEW, serde_json::json!({ "id": "old", "named_at": 1_700_000_000_000_i64 })),
        ("+919876543212", serde_json::json!({ "id": "young", "named_at": 4_000_000_000_000_i64 })),
    ] {
        with["phones"].as_array_mut().unwrap().push(number.into());
        with["marks"][number] = mark;
    }
    machine.redis().cli(&["SET", key, &with.to_string()]);
    let check = machine.run(&["store", "check", "--json"]).exits(0).json();
    assert_eq!((&check["findings"][0]["id"], &check["findings"][0]["count"]), (&"stale_index".into(), &2.into()));
    assert!(check["rows"].to_string().contains("which may still be running"), "{check}");
    let purge = ["store", "purge", "--yes", "--json"];
    assert_eq!(machine.run(&[&purge[..], &["--dry-run"]].concat()).exits(0).json()["removed"], 1);
    assert_eq!(machine.run(&purge).exits(0).json()["removed"], 1);
    let named = ["store", "purge", "--only", "stale_index", "--yes", "--json"];
    assert_eq!(machine.run(&named).exits(0).json()["removed"], 0, "a link may be running");
    let left: serde_json::Value = serde_json::from_str(&machine.redis().cli(&["GET", key])).unwrap();
    assert_eq!(left["phones"], serde_json::json!([PHONE, "+919876543212"]));
    assert_eq!(left["marks"][PHONE], index["marks"][PHONE]);
    machine.run(&["user", "unlink", "asha", "+919876543212"]).exits(14);
    assert_eq!(machine.run(&["store", "check", "--json"]).exits(0).json()["findings"], serde_json::json!([]));
    machine.run(&["user", "show", "asha"]).exits(0);
}

#[test]
fn a_phone_can_be_taken_away_though_the_index_cannot_be_read() {
    let machine = Machine::on_redis("");
    machine.run(&["user", "link", "asha", PHONE]).exits(0);
    for broken in ["junk", r#"{"v":2,"phones":[]}"#] {
        machine.redis().cli(&["SET", "otpctl:{user:asha}:phones", broken]);
        machine.run(&["user", "link", "asha", PHONE]).exits(24);
        machine.run(&["user", "show", PHONE]).exits(0);
    }
    machine.run(&["user", "unlink", "asha", PHONE]).exits(0);
    machine.run(&["user", "show", PHONE]).exits(14);
}
