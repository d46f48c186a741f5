//! `user link`, `user move` and `user unlink` as scripts and hooks meet them.
//! These need a server or another program.

use crate::each_store::users::NEW;
use crate::faults::harness::machine;
use crate::servers::deployments::Cluster;
use crate::servers::redis::Make;
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

/// The keys of a user and of a phone are in two slots, which are on two nodes as often as not.
#[test]
fn the_map_and_its_history_are_whole_on_a_cluster() {
    const PAIRS: usize = 60;
    let cluster = Cluster::start(Make::Redis);
    let nodes: Vec<String> = cluster.ports.iter().map(|port| format!("\"127.0.0.1:{port}\"")).collect();
    let machine = machine(&format!("nodes = [{}]", nodes.join(", ")));
    let text = std::fs::read_to_string(machine.config()).unwrap();
    machine.write(".config/otpctl/otpctl.toml", &format!("{text}\n[user]\nnotify_on_change = true\n"));
    let number = |n: usize| format!("+9198765432{n:02}");
    let list = |shift: usize| -> String {
        let lines = (0..PAIRS / 2).map(|n| format!("u_{n},{}\n", number((n * 2 + shift) % 100)));
        format!("user,phone\n{}", lines.collect::<String>())
    };
    let import = |shift: usize| machine.stdin(&["user", "import", "-", "--json"], list(shift).as_bytes());
    let first = import(0).exits(0).json();
    assert_eq!(first["totals"]["added"], PAIRS / 2);
    let moved = import(1).exits(0).json();
    assert_eq!(moved["totals"]["moved"], PAIRS / 2, "{moved}");
    let states = moved["results"].as_array().unwrap().iter().map(|row| &row["notified"][0]["state"]);
    assert!(states.clone().all(|state| state == "sent"), "{:?}", states.collect::<Vec<_>>());
    for n in [0, 7, 29] {
        let user = format!("u_{n}");
        let shown = machine.run(&["user", "show", &user, "--history", "--unmask", "--json"]).exits(0).json();
        let phones: std::collections::BTreeSet<&str> =
            shown["history"].as_array().unwrap().iter().map(|one| one["phone"].as_str().unwrap()).collect();
        assert_eq!(phones, [number(n * 2), number(n * 2 + 1)].iter().map(String::as_str).collect());
        let former = machine.run(&["user", "show", &number(n * 2), "--history", "--json"]).exits(0).json();
        assert_eq!((&former["users"], &former["former_users"][0]["user"]), (&serde_json::json!([]), &user.into()));
    }
    let exported = machine.run(&["user", "export", "--unmask"]).exits(0).stdout.clone();
    assert_eq!(exported.lines().count(), PAIRS / 2 + 1);
    let again = machine.stdin(&["user", "import", "-", "--json"], exported.as_bytes()).exits(0).json();
    assert_eq!(again["totals"]["unchanged"], PAIRS / 2);
    let listed = machine.run(&["user", "list", "--limit", "0", "-o", "jsonl"]).exits(0).stdout.clone();
    assert_eq!(listed.lines().count(), PAIRS / 2);
    assert_eq!(machine.run(&["store", "check", "--json"]).exits(0).json()["findings"], serde_json::json!([]));
}
