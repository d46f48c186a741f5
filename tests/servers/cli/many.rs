//! What goes over many stops at none of them: each has its own end, and what could not be done is named.
//! These need a server or another program.

use crate::support::cli::{FREE, Machine};
use crate::support::many::phone;

/// What makes a record that nobody understands.
const ODD: [&[&str]; 4] = [
    &["SET", "", "no record"],
    &["SET", "", r#"{"v":99}"#],
    &["SET", "", r#"{"v":1,"new":1}"#],
    &["HSET", "", "a", "b"],
];

/// A machine with live codes, some of whose records are spoiled.
fn spoiled(codes: usize) -> Machine {
    let machine = Machine::on_redis(FREE);
    for number in 0..codes {
        machine.send(&phone(number));
    }
    for (number, odd) in ODD.iter().enumerate() {
        let key = format!("otpctl:{{{}}}:record", phone(number * 3));
        machine.redis().cli(&["DEL", &key]);
        let command: Vec<&str> = odd.iter().map(|word| if word.is_empty() { key.as_str() } else { word }).collect();
        machine.redis().cli(&command);
    }
    machine
}

#[test]
fn a_record_that_is_not_understood_stops_no_revocation_of_others() {
    let machine = spoiled(16);
    let listed = machine.run(&["list", "--json", "--unmask"]).exits(19).json();
    assert_eq!(listed["codes"].as_array().unwrap().len(), 12, "{listed}");
    assert_eq!(listed["skipped"].as_array().unwrap().len(), 4, "{listed}");
    for one in listed["skipped"].as_array().unwrap() {
        assert_eq!((&one["code"], &one["exit"]), (&"STORE_DATA".into(), &24.into()), "{one}");
        machine.run(&["inspect", one["ref"].as_str().unwrap()]).exits(24);
    }
    let lines = machine.run(&["list", "-o", "jsonl"]);
    let skipped = lines.exits(19).stdout.lines().filter(|line| line.contains("otpctl.skipped/1")).count();
    assert_eq!(skipped, 4, "{lines:?}");
    assert!(lines.stderr.contains("warning: skipped ph_"), "{lines:?}");

    let rehearsed = machine.run(&["revoke", "--all", "--dry-run", "--json"]).exits(19).json();
    assert_eq!(rehearsed["revoked"], 12, "{rehearsed}");
    let revoked = machine.run(&["revoke", "--all", "--yes", "--json"]).exits(19).json();
    assert_eq!((&revoked["revoked"], revoked["failed"].as_array().unwrap().len()), (&12.into(), 4), "{revoked}");
    assert!(revoked["failed"][0]["ref"].as_str().unwrap().starts_with("ph_"), "{revoked}");
    let again = machine.run(&["revoke", "--all", "--yes"]);
    assert!(again.exits(19).stdout.starts_with("Revoked 0 codes"), "{again:?}");
    assert!(again.stderr.contains("hint: otpctl store check"), "{again:?}");
}

#[test]
fn of_several_phones_that_are_named_each_has_its_own_end() {
    let machine = spoiled(12);
    let phones: Vec<String> = (0..5).map(phone).collect();
    let words: Vec<&str> = ["revoke", "--json"].into_iter().chain(phones.iter().map(String::as_str)).collect();
    let revoked = machine.run(&words).exits(19).json();
    assert_eq!((&revoked["revoked"], revoked["failed"].as_array().unwrap().len()), (&3.into(), 2), "{revoked}");
    assert_eq!(revoked["failed"][0]["phone"], phones[0], "{revoked}");
    machine.run(&["revoke", &phones[0], "--json"]).exits(24);
}

#[test]
fn what_belongs_to_users_is_shown_as_far_as_it_can_be_read() {
    let machine = Machine::on_redis(FREE);
    for (user, number) in [("u_1", 1), ("u_1", 2), ("u_2", 3), ("u_3", 4)] {
        machine.run(&["user", "link", user, &phone(number)]).exits(0);
    }
    let redis = machine.redis();
    redis.cli(&["SET", &format!("otpctl:{{{}}}:users", phone(2)), "odd"]);
    redis.cli(&["SET", "otpctl:{user:u_3}:phones", "odd"]);
    redis.cli(&["HSET", "otpctl:{user:u_4}:phones", "odd", "type"]);
    // Codes that cannot be read hide no user.
    redis.cli(&["SET", &format!("otpctl:{{{}}}:record", phone(3)), "odd"]);
    let listed = machine.run(&["user", "list", "--json"]).exits(19).json();
    let users: Vec<&str> =
        listed["users"].as_array().unwrap().iter().map(|row| row["user"].as_str().unwrap()).collect();
    assert!(users.len() == 2 && users.contains(&"u_1") && users.contains(&"u_2"), "{listed}");
    assert_eq!(listed["skipped"].as_array().unwrap().len(), 3, "{listed}");
    let shown = machine.run(&["user", "show", "u_1", "--json"]).exits(19).json();
    assert_eq!(
        (shown["phones"].as_array().unwrap().len(), shown["skipped"].as_array().unwrap().len()),
        (1, 1),
        "{shown}"
    );
    // Which of the phones is meant is never guessed.
    machine.run(&["send", "user:u_1"]).exits(24);
}

#[test]
fn a_key_of_an_application_that_is_odd_stops_no_list_of_the_others() {
    let machine = Machine::laid_out("layout = { key = \"otp:{phone}\", phone = \"e164\" }", FREE);
    for number in 0..4 {
        machine.run(&["issue", &phone(number)]).exits(0);
    }
    machine.redis().cli(&["DEL", &format!("otp:{}", phone(2))]);
    machine.redis().cli(&["LPUSH", &format!("otp:{}", phone(2)), "odd"]);
    let listed = machine.run(&["list", "--json"]).exits(19).json();
    assert_eq!(
        (listed["codes"].as_array().unwrap().len(), listed["skipped"].as_array().unwrap().len()),
        (3, 1),
        "{listed}"
    );
    let revoked = machine.run(&["revoke", "--all", "--yes", "--json"]).exits(19).json();
    assert_eq!(revoked["revoked"], 3, "{revoked}");
}

#[test]
fn a_lookup_that_fails_stops_no_revocation_of_the_others() {
    let machine = Machine::on_redis(FREE);
    let redis = machine.redis();
    for number in [2, 3] {
        machine.run(&["user", "link", "u_2", &phone(number)]).exits(0);
    }
    redis.cli(&["SET", "otpctl:{user:u_3}:phones", "odd"]);
    redis.cli(&["HSET", "otpctl:{user:u_4}:phones", "odd", "type"]);
    for number in 0..2 {
        machine.send(&phone(number));
    }
    // What cannot be meant is told before anything is done.
    for wrong in ["98765", "user:"] {
        machine.run(&["revoke", &phone(0), wrong]).exits(2);
    }
    let wanted =
        ["user:nosuch", "user:u_2", &phone(0), "user:u_3", "ch_aaaaaaaaaaaaaaaaaaaaaaaaaa", "user:u_4", &phone(1)];
    let revoked = machine.run(&[&["revoke", "--json"], &wanted[..]].concat()).exits(19).json();
    assert_eq!(revoked["revoked"], 2, "{revoked}");
    let failed = revoked["failed"].as_array().unwrap();
    let ends: Vec<(&str, i64)> =
        failed.iter().map(|one| (one["phone"].as_str().unwrap(), one["exit"].as_i64().unwrap())).collect();
    let expected = [
        ("user:nosuch", 14),
        ("user:u_2", 15),
        ("user:u_3", 24),
        ("ch_aaaaaaaaaaaaaaaaaaaaaaaaaa", 14),
        ("user:u_4", 24),
    ];
    assert_eq!(ends, expected, "{revoked}");
    machine.run(&["revoke", "user:nosuch"]).exits(14);
}

#[test]
fn of_a_user_with_several_phones_each_is_named_whatever_can_be_read_of_it() {
    let machine = Machine::on_redis(FREE);
    for number in 1..=3 {
        machine.run(&["user", "link", "u_1", &phone(number)]).exits(0);
    }
    machine.redis().cli(&["SET", &format!("otpctl:{{{}}}:record", phone(1)), "odd"]);
    let named = |exit: i32| {
        let error = machine.run(&["inspect", "user:u_1", "--json"]).exits(exit).error();
        let candidates = error["candidates"].as_array().unwrap().iter();
        candidates.map(|named| named.as_str().unwrap().rsplit_once(' ').unwrap().1.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(named(15).len(), 3);
    machine.redis().cli(&["SET", &format!("otpctl:{{{}}}:users", phone(1)), "odd"]);
    assert_eq!(named(15).len(), 3, "the one that cannot be read too");
    machine.redis().cli(&["DEL", &format!("otpctl:{{{}}}:users", phone(2))]);
    machine.redis().cli(&["HSET", &format!("otpctl:{{{}}}:users", phone(2)), "a", "b"]);
    let last = named(24);
    assert_eq!(last.len(), 3, "whose the others are is not known");
    let ends: Vec<i32> = last.iter().map(|reference| machine.run(&["inspect", reference]).code).collect();
    assert_eq!((ends.iter().filter(|end| **end == 0).count(), ends.iter().filter(|end| **end == 24).count()), (1, 2));
}

#[test]
fn a_side_that_cannot_be_read_stops_no_check_of_the_store() {
    let machine = Machine::on_redis(FREE);
    for (user, number) in [("u_1", 1), ("u_2", 2), ("u_3", 3), ("u_4", 4)] {
        machine.run(&["user", "link", user, &phone(number)]).exits(0);
    }
    let redis = machine.redis();
    let users = |number: usize| format!("otpctl:{{{}}}:users", phone(number));
    // The other side of one pair is gone, those of others are of another type or unreadable.
    redis.cli(&["DEL", &users(1), &users(2), "otpctl:{user:u_3}:phones"]);
    redis.cli(&["HSET", &users(2), "a", "b"]);
    redis.cli(&["HSET", "otpctl:{user:u_3}:phones", "a", "b"]);
    redis.cli(&["SET", &users(4), "odd"]);
    let checked = machine.run(&["store", "check", "--json"]).exits(24).json();
    let count = |id: &str| {
        let finding = checked["findings"].as_array().unwrap().iter().find(|finding| finding["id"] == id);
        finding.map_or(0, |finding| finding["count"].as_u64().unwrap())
    };
    assert_eq!((count("wrong_type"), count("unreadable"), count("stale_index")), (2, 1, 1), "{checked}");
    machine.run(&["store", "purge", "--yes"]).exits(0);
}

#[test]
fn a_key_of_another_type_where_only_the_application_has_one_is_named() {
    let machine = Machine::laid_out("layout = { key = \"otp:{phone}\", phone = \"e164\" }", FREE);
    let key = |number: usize| format!("otp:{}", phone(number));
    machine.redis().cli(&["SET", &key(0), "482113", "EX", "300"]);
    machine.redis().cli(&["LPUSH", &key(1), "odd"]);
    let listed = machine.run(&["list", "--json"]).exits(19).json();
    let counts = [&listed["codes"], &listed["skipped"]].map(|rows| rows.as_array().unwrap().len());
    assert_eq!(counts, [1, 1], "{listed}");
    assert_eq!(machine.run(&["revoke", "--all", "--yes", "--json"]).exits(19).json()["revoked"], 1);
}
