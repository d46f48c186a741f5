//! `user link`, `user move` and `user unlink` as scripts and hooks meet them.

use super::PHONE;
use super::support::cli::{Machine, both_stores};

const NEW: &str = "+919876543211";

#[test]
fn linking_a_pair_that_is_there_succeeds_and_keeps_its_codes() {
    both_stores("", |machine| {
        let first = machine.run(&["user", "link", "asha", PHONE, "--json"]).exits(0).json();
        assert_eq!((&first["already"], &first["shared_with"]), (&false.into(), &serde_json::json!([])));
        let code = machine.send(PHONE);
        let again = machine.run(&["user", "link", "asha", PHONE, "--json"]).exits(0).json();
        assert_eq!(again["already"], true);
        assert_eq!(again["phones"][0]["linked_at"], first["phones"][0]["linked_at"]);
        let said = machine.run(&["user", "link", "asha", PHONE]);
        assert_eq!(said.exits(0).stdout, format!("The user `asha` is linked to {PHONE} already.\n"));
        machine.verify(PHONE, &code).exits(0);
    });
}

#[test]
fn whoever_links_or_moves_to_a_phone_of_others_is_warned() {
    both_stores("", |machine| {
        machine.run(&["user", "link", "asha", PHONE]).exits(0);
        let reference = machine.run(&["user", "show", PHONE, "--json"]).exits(0).json()["ref"].clone();
        let linked = machine.run(&["user", "link", "ravi", PHONE, "--json"]);
        assert_eq!(linked.exits(0).json()["shared_with"], serde_json::json!(["asha"]));
        assert!(linked.stderr.contains(&format!("`asha` has {PHONE} too")), "{linked:?}");
        let moved = machine.run(&["user", "move", "mina", reference.as_str().unwrap()]);
        assert!(moved.exits(0).stderr.contains("`asha`, `ravi` have +91*******210 too"), "{moved:?}");
        // Where numbers are ids, nobody typed these.
        machine.run(&["user", "link", "+919876543222", NEW]).exits(0);
        let masked = machine.run(&["user", "link", "mina", NEW]);
        assert!(masked.exits(0).stderr.contains("`+91*******222` has"), "{masked:?}");
        let quiet = machine.run(&["-q", "user", "link", "mina", NEW]);
        assert_eq!(quiet.exits(0).code, 0);
    });
}

#[test]
fn a_move_replaces_the_phone_of_a_user_in_one_command() {
    both_stores("", |machine| {
        machine.run(&["user", "link", "asha", PHONE]).exits(0);
        let code = machine.send(PHONE);
        let dry = machine.run(&["user", "move", "asha", NEW, "--dry-run", "--json"]).exits(0).json();
        assert_eq!((&dry["dry_run"], &dry["unlinked"]), (&true.into(), &serde_json::json!(["+91*******210"])));
        assert_eq!(machine.run(&["user", "show", "asha", "--unmask", "--json"]).json()["phones"][0]["phone"], PHONE);
        let moved = machine.run(&["user", "move", "asha", NEW, "--json"]).exits(0).json();
        assert_eq!((&moved["schema"], &moved["already"]), (&"otpctl.user_move/1".into(), &false.into()));
        assert_eq!((&moved["phones"][0]["phone"], &moved["unlinked"][0]), (&NEW.into(), &"+91*******210".into()));
        let phones = machine.run(&["user", "show", "asha", "--unmask", "--json"]).json()["phones"].clone();
        assert_eq!((phones.as_array().unwrap().len(), &phones[0]["phone"]), (1, &NEW.into()));
        assert_ne!(machine.verify(PHONE, &code).code, 0, "the code of the old phone is dead");
        let code = machine.send(NEW);
        let again = machine.run(&["user", "move", "asha", NEW, "--json"]).exits(0).json();
        assert_eq!((&again["already"], &again["unlinked"]), (&true.into(), &serde_json::json!([])));
        let said = machine.run(&["user", "move", "asha", NEW]);
        assert_eq!(said.exits(0).stdout, format!("The user `asha` has {NEW} and no other phone already.\n"));
        assert_eq!(machine.verify(NEW, &code).exits(0).json()["user"], "asha");
        assert!(machine.run(&["user", "move", "asha", "nonsense"]).exits(2).stdout.is_empty());
        let swapped = machine.run(&["user", "move", PHONE, "asha"]);
        assert!(swapped.exits(2).stderr.contains("user move asha"), "{swapped:?}");
    });
}

#[test]
fn a_number_that_is_given_to_another_user_logs_in_that_one_only() {
    both_stores("", |machine| {
        machine.run(&["user", "move", "asha", PHONE]).exits(0);
        let old = machine.send(PHONE);
        machine.run(&["user", "move", "asha", NEW]).exits(0);
        machine.run(&["user", "move", "ravi", PHONE]).exits(0);
        machine.verify(PHONE, &old).exits(11);
        machine.run(&["unlock", "--limits", PHONE]).exits(0);
        let code = machine.send(PHONE);
        let answer = machine.run(&["verify", "--require-user", PHONE, &code, "--json"]).exits(0).json();
        assert_eq!(answer["user"], "ravi");
        machine.run(&["send", "user:asha", "--dry-run"]).exits(0);
        machine.run(&["user", "unlink", "asha"]).exits(0);
        machine.run(&["send", "user:asha", "--dry-run"]).exits(14);
    });
}

#[test]
fn links_and_unlinks_of_processes_at_once_leave_a_user_that_is_found() {
    both_stores("", |machine| {
        for n in 0..12 {
            let user = format!("u{n}");
            if n % 2 == 0 {
                machine.run(&["user", "link", &user, PHONE]).exits(0);
            }
            let words = |verb: &str| ["user", verb, &user, PHONE].map(str::to_owned).to_vec();
            let ran = machine.at_once(&[words("link"), words("unlink")]);
            assert!(ran[0].code == 0 && [0, 14].contains(&ran[1].code), "{ran:?}");
            let of_phone = machine.run(&["user", "show", PHONE, "--json"]);
            let linked = of_phone.code == 0
                && of_phone.json()["users"].as_array().unwrap().iter().any(|one| one["user"] == user);
            machine.run(&["user", "show", &user]).exits(if linked { 0 } else { 14 });
            machine.run(&["user", "unlink", &user, PHONE]);
        }
        assert_eq!(machine.run(&["store", "check", "--json"]).exits(0).json()["findings"], serde_json::json!([]));
    });
}

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
