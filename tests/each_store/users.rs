//! `user link`, `user move` and `user unlink` as scripts and hooks meet them.
//! These hold on every store.

use super::on_each_store;
use crate::support::cli::PHONE;

pub const NEW: &str = "+919876543211";

#[test]
fn linking_a_pair_that_is_there_succeeds_and_keeps_its_codes() {
    on_each_store("", |machine| {
        let first = machine.run(&["user", "link", "asha", PHONE, "--json"]).exits(0).json();
        assert_eq!((&first["already"], &first["shared_with"]), (&false.into(), &serde_json::json!([])));
        let code = machine.send(PHONE);
        let again = machine.run(&["user", "link", "asha", PHONE, "--json"]).exits(0).json();
        assert_eq!(again["already"], true);
        assert_eq!(again["phones"][0]["linked_at"], first["phones"][0]["linked_at"]);
        let said = machine.run(&["user", "link", "asha", PHONE]);
        assert_eq!(said.exits(0).stdout, format!("The user `asha` is already linked to {PHONE}.\n"));
        machine.verify(PHONE, &code).exits(0);
    });
}

#[test]
fn whoever_links_or_moves_to_a_phone_of_others_is_warned() {
    on_each_store("", |machine| {
        machine.run(&["user", "link", "asha", PHONE]).exits(0);
        let reference = machine.run(&["user", "show", PHONE, "--json"]).exits(0).json()["ref"].clone();
        let linked = machine.run(&["user", "link", "ravi", PHONE, "--json"]);
        assert_eq!(linked.exits(0).json()["shared_with"], serde_json::json!(["asha"]));
        assert!(linked.stderr.contains(&format!("{PHONE} is also linked to `asha`")), "{linked:?}");
        let moved = machine.run(&["user", "move", "mina", reference.as_str().unwrap()]);
        assert!(moved.exits(0).stderr.contains("+91*******210 is also linked to `asha`, `ravi`"), "{moved:?}");
        // Where numbers are ids, nobody typed these.
        machine.run(&["user", "link", "+919876543222", NEW]).exits(0);
        let masked = machine.run(&["user", "link", "mina", NEW]);
        assert!(masked.exits(0).stderr.contains("is also linked to `+91*******222`"), "{masked:?}");
        let quiet = machine.run(&["-q", "user", "link", "mina", NEW]);
        assert_eq!(quiet.exits(0).code, 0);
    });
}

#[test]
fn a_move_replaces_the_phone_of_a_user_in_one_command() {
    on_each_store("", |machine| {
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
        assert_eq!(said.exits(0).stdout, format!("The user `asha` already has {NEW} and no other phone.\n"));
        assert_eq!(machine.verify(NEW, &code).exits(0).json()["user"], "asha");
        assert!(machine.run(&["user", "move", "asha", "nonsense"]).exits(2).stdout.is_empty());
        let swapped = machine.run(&["user", "move", PHONE, "asha"]);
        assert!(swapped.exits(2).stderr.contains("user move asha"), "{swapped:?}");
    });
}

#[test]
fn a_number_that_is_given_to_another_user_logs_in_that_one_only() {
    on_each_store("", |machine| {
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
    on_each_store("", |machine| {
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
fn who_linked_and_unlinked_what_is_kept_and_shown() {
    on_each_store("", |machine| {
        machine.run(&["user", "link", "asha", PHONE, "--reason", "signed up"]).exits(0);
        machine.run(&["user", "move", "asha", NEW, "--reason", "new SIM"]).exits(0);
        let gone = machine.run(&["user", "show", PHONE]);
        assert!(gone.exits(14).stderr.contains("it was unlinked from `asha` "), "{gone:?}");
        assert!(gone.stderr.contains(&format!("user show {PHONE} --history")), "{gone:?}");
        machine.run(&["user", "link", "ravi", PHONE]).exits(0);
        let shown = machine.run(&["user", "show", PHONE]);
        assert!(shown.exits(0).stderr.contains("`asha` had this phone until "), "{shown:?}");
        let shown = machine.run(&["user", "show", PHONE, "--json"]).exits(0).json();
        assert_eq!((&shown["former_users"][0]["user"], &shown["history"]), (&"asha".into(), &serde_json::Value::Null));
        assert_eq!(shown["former_users"][0]["reason"], "new SIM");
        let of_phone = machine.run(&["user", "show", PHONE, "--history", "--json"]).exits(0).json();
        let told = |document: &serde_json::Value| -> Vec<String> {
            let line = |one: &serde_json::Value| {
                assert!(one["at"].is_string() && one["by"].is_string() && one["event"] == "user", "{one}");
                let word = |field: &str| one[field].as_str().unwrap_or("-").to_owned();
                format!("{} {} {} {}", word("result"), word("user"), word("phone"), word("reason"))
            };
            document["history"].as_array().unwrap().iter().map(line).collect()
        };
        let (asha, ravi) = (format!("asha {PHONE}"), format!("ravi {PHONE}"));
        let expected =
            [format!("linked {ravi} -"), format!("unlinked {asha} new SIM"), format!("linked {asha} signed up")];
        assert_eq!(told(&of_phone), expected);
        let of_user = machine.run(&["user", "show", "asha", "--history", "--json", "--unmask"]).exits(0).json();
        let mut of_user = told(&of_user);
        of_user.sort();
        let expected = [
            format!("linked {asha} signed up"),
            format!("linked asha {NEW} new SIM"),
            format!("unlinked {asha} new SIM"),
        ];
        assert_eq!(of_user, expected);
        let masked = machine.run(&["user", "show", "asha", "--history"]);
        assert!(masked.exits(0).stdout.contains("+91*******210") && !masked.stdout.contains(PHONE), "{masked:?}");
        // A user without a phone still has a past, and a number that nobody has.
        machine.run(&["user", "unlink", "asha"]).exits(0);
        machine.run(&["user", "show", "asha"]).exits(14);
        assert_eq!(
            machine.run(&["user", "show", "asha", "--history", "-o", "json"]).exits(0).json()["phones"],
            serde_json::json!([])
        );
        machine.run(&["user", "show", NEW, "--history"]).exits(0);
        machine.run(&["user", "show", "+919876543212", "--history"]).exits(14);
        let told = machine.run(&["inspect", PHONE, "--json"]).exits(0).json();
        assert_eq!((&told["also"][0], &told["former_users"][0]["user"]), (&"CHANGED_HANDS".into(), &"asha".into()));
        assert_eq!(machine.run(&["store", "check", "--json"]).exits(0).json()["findings"], serde_json::json!([]));
    });
}
