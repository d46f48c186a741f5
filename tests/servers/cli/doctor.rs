//! `doctor` on machines that are well, and on machines with one thing wrong.
//! These need a server or another program.

use serde_json::Value;

use crate::servers::clock;
use crate::servers::redis::{Make, RedisServer};
use crate::support::cli::{Machine, PEPPER, PHONE};
use crate::support::doctor::{checks, complaints, doctor, on, says};

#[test]
fn a_redis_that_keeps_everything_is_well() {
    let machine = Machine::on_redis("");
    let ran = doctor(&machine);
    ran.exits(0);
    assert_eq!(complaints(&ran), ["store.persistence"]);
    machine.redis().cli(&["CONFIG", "SET", "appendonly", "yes"]);
    let ran = doctor(&machine);
    assert_eq!(complaints(&ran), [""; 0]);
    says(&ran, "store.server", "ok", "Redis ");
    says(&ran, "store.tls", "ok", "within this machine");
    assert_eq!(machine.redis().cli(&["DBSIZE"]), "0");
    assert!(!ran.words().contains(PEPPER), "{ran:?}");
}

#[test]
fn a_redis_that_evicts_limits_is_told_and_refused_where_protected() {
    let machine = Machine::on_redis("");
    machine.redis().cli(&["CONFIG", "SET", "appendonly", "yes"]);
    machine.redis().cli(&["CONFIG", "SET", "maxmemory-policy", "volatile-lru"]);
    assert_eq!(complaints(&doctor(&machine)), [""; 0], "without a limit nothing is evicted");
    machine.redis().cli(&["CONFIG", "SET", "maxmemory", "100mb"]);
    let open = doctor(&machine);
    says(open.exits(0), "store.eviction", "warn", "volatile-lru");

    machine.configure("protected = true\nreveal = true\n");
    let config = machine.config();
    let named = |words: &[&str]| machine.run(&[&["--config", config.to_str().unwrap()], words].concat());
    let closed = named(&["doctor", "--json"]);
    says(closed.exits(22), "store.eviction", "fail", "noeviction");
    says(&closed, "store.reach", "ok", "answers");
    named(&["send", PHONE, "--yes"]).exits(22);
}

#[test]
fn what_a_redis_user_may_not_do_is_told() {
    let server = RedisServer::start();
    let may = |words: &[&str]| {
        let user = ["ACL", "SETUSER", "asha", "reset", "on", ">s3cret-of-asha"];
        assert_eq!(server.cli(&[&user[..], words].concat()), "OK");
        let machine = on(&server.url(), "username = \"asha\"\npassword = \"s3cret-of-asha\"\n");
        let ran = doctor(&machine);
        assert!(!ran.words().contains("s3cret-of-asha"), "{ran:?}");
        ran
    };
    let reader = may(&["%R~otpctl:*", "+eval_ro", "+get", "+time", "+info"]);
    says(reader.exits(21), "store.reach", "ok", "answers");
    says(&reader, "store.commit", "fail", "eval");
    let half = ["~otpctl:*", "+eval", "+eval_ro", "+get", "+time", "+info", "+lpush", "+ltrim", "+pexpire", "+del"];
    says(may(&half).exits(21), "store.commit", "fail", "SET");
    let whole = [&half[..], &["+set", "-info"]].concat();
    let blind = may(&whole);
    says(blind.exits(0), "store.server", "warn", "info");
    says(&blind, "store.commit", "ok", "accepts changes");
    let wrong = on(&server.url(), "username = \"asha\"\npassword = \"wrong-0ne\"\n");
    let ran = doctor(&wrong);
    says(ran.exits(21), "store.reach", "fail", "authentication failed");
    assert!(!ran.words().contains("wrong-0ne"), "{ran:?}");
}

#[test]
fn a_replica_and_a_full_memory_are_not_ready() {
    let master = RedisServer::start();
    let machine = Machine::on_redis("");
    machine.redis().cli(&["REPLICAOF", "127.0.0.1", &master.port().to_string()]);
    let ran = doctor(&machine);
    says(ran.exits(22), "store.role", "fail", "is a replica");
    says(&ran, "store.commit", "fail", "READONLY");
    machine.redis().cli(&["REPLICAOF", "NO", "ONE"]);
    machine.redis().cli(&["CONFIG", "SET", "maxmemory", "1"]);
    says(doctor(&machine).exits(22), "store.commit", "fail", "OOM");
}

#[test]
fn clocks_that_differ_are_told_and_change_nothing() {
    let machine = Machine::on_redis("");
    machine.redis().cli(&["CONFIG", "SET", "appendonly", "yes"]);
    let skewed = |offset: &str| {
        let output = clock::off(&machine, offset, &["doctor", "--json"]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let checks = document["checks"].as_array().unwrap().clone();
        checks.into_iter().find(|check| check["id"] == "store.clock").unwrap()
    };
    for (offset, words) in [("-30s", "ahead of"), ("+1d", "behind")] {
        let clock = skewed(offset);
        assert_eq!(clock["status"], "warn", "{clock}");
        assert!(clock["detail"].as_str().unwrap().contains(words), "{clock}");
    }
    assert_eq!(skewed("-2s")["status"], "ok");
}

#[test]
fn who_only_looks_is_told_what_he_cannot_do_and_that_is_no_failure() {
    for make in [Make::Redis, Make::Redis6] {
        let server = RedisServer::make(make, &[]);
        let machine = on(&server.url(), "username = \"asha\"\npassword = \"s3cret-of-asha\"\n");
        let printed = machine.run(&["store", "acl", "--role", "support", "--user", "asha"]);
        let words: Vec<&str> = printed.exits(0).stdout.split_whitespace().collect();
        assert_eq!(server.cli(&words), "OK", "{printed:?}");
        assert_eq!(server.cli(&["ACL", "SETUSER", "asha", ">s3cret-of-asha"]), "OK");
        let ran = doctor(&machine);
        says(ran.exits(0), "store.commit", "warn", "send, issue, verify, revoke");
        says(&ran, "store.commit", "warn", "store acl --role operator");
        says(&ran, "store.persistence", "unknown", "redis-cli -h 127.0.0.1 -p");
        assert!(!ran.words().contains("the password is"), "{ran:?}");

        // A user who lacks one of the commands is broken, and not meant to be so.
        let printed = machine.run(&["store", "acl", "--role", "operator", "--user", "asha"]);
        let words: Vec<&str> = printed.exits(0).stdout.split_whitespace().collect();
        assert_eq!(server.cli(&[&words[..], &["-ltrim"]].concat()), "OK");
        says(doctor(&machine).exits(21), "store.commit", "fail", "LTRIM");
        assert_eq!(server.cli(&words), "OK");
        says(doctor(&machine).exits(0), "store.commit", "ok", "accepts changes");
        assert_eq!(server.cli(&["DBSIZE"]), "0");

        // Who lacks what lists need is told what ends with 21.
        let printed = machine.run(&["store", "acl", "--role", "ci", "--user", "asha"]);
        let words: Vec<&str> = printed.exits(0).stdout.split_whitespace().collect();
        assert_eq!(server.cli(&words), "OK");
        says(doctor(&machine).exits(0), "store.rights", "warn", "inspect, list, user list, store check");
    }
}

#[test]
fn an_error_about_rights_says_nothing_of_passwords() {
    let server = RedisServer::start();
    server.cli(&["ACL", "SETUSER", "asha", "reset", "on", ">s3cret-of-asha", "~otpctl:*", "+get"]);
    let machine = on(&server.url(), "username = \"asha\"\npassword = \"s3cret-of-asha\"\n");
    let ran = machine.run(&["verify", PHONE, "123456"]);
    assert!(ran.exits(21).stderr.contains("store acl") && !ran.stderr.contains("password"), "{ran:?}");
    says(doctor(&machine).exits(21), "store.reach", "fail", "store acl --role operator");
}

#[test]
fn warnings_are_an_exit_code_where_that_is_asked_for_and_problems_stand_alone() {
    let machine = Machine::on_redis("");
    says(doctor(&machine).exits(0), "store.persistence", "warn", "");
    let strict = machine.run(&["doctor", "--strict", "--json"]);
    says(strict.exits(22), "store.persistence", "warn", "");
    let problems = machine.run(&["doctor", "--problems"]);
    assert_eq!(problems.exits(0).stdout.lines().count(), 1, "{problems:?}");
    assert!(problems.stdout.starts_with("warn\tstore.persistence\t"), "{problems:?}");
    machine.redis().cli(&["CONFIG", "SET", "appendonly", "yes"]);
    machine.run(&["doctor", "--strict", "--json"]).exits(0);
    let none = machine.run(&["doctor", "--problems", "--json"]);
    assert_eq!(none.exits(0).json()["checks"].as_array().unwrap().len(), 0);
    assert!(none.json()["summary"]["ok"].as_u64().unwrap() > 9, "{none:?}");
}

#[test]
fn a_redis_6_is_well() {
    let server = RedisServer::make(Make::Redis6, &["--appendonly", "yes"]);
    let machine = on(&server.url(), "");
    let ran = doctor(&machine);
    ran.exits(0);
    assert_eq!(complaints(&ran), [""; 0]);
    says(&ran, "store.server", "ok", "Redis 6.");
    assert_eq!(server.cli(&["DBSIZE"]), "0");
}

#[test]
fn on_a_terminal_each_check_is_a_line_where_it_fits_and_what_to_do_is_whole() {
    let machine = Machine::on_redis("");
    let lines = super::screens::screen(&machine, 80, &["doctor"]);
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{lines:#?}");
    let count = checks(&doctor(&machine)).len();
    assert!(lines.len() <= count + 4, "{lines:#?}");
    let port = machine.redis().port();
    let fix = format!("redis-cli -h 127.0.0.1 -p {port} CONFIG SET appendonly yes");
    assert!(lines.iter().any(|line| line.trim() == format!("-> {fix}")), "{lines:#?}");
    assert_eq!(*lines.last().unwrap(), format!("{} ok, 1 warning", count - 1));
    let narrow = super::screens::screen(&machine, 40, &["doctor", "--problems"]);
    assert!(narrow.iter().any(|line| line.ends_with(&fix)), "{narrow:#?}");
}

#[test]
fn codes_that_another_program_keeps_in_plain_text_are_told_and_can_be_removed() {
    let machine = Machine::on_redis("");
    let redis = machine.redis();
    // The keys of an application that is about to move to the native layout, in the same database.
    redis.cli(&["SET", &format!("otp:{PHONE}"), "042917", "EX", "300"]);
    redis.cli(&["SET", "otp:+919876543211", "314159", "EX", "300"]);
    let code = machine.send(PHONE);
    machine.verify(PHONE, &code).exits(0);
    machine.run(&["inspect", PHONE]).exits(0);
    machine.run(&["list"]).exits(0);
    let ran = doctor(&machine);
    says(
        ran.exits(0),
        "store.keys.plaintext_code",
        "warn",
        "2 keys: anyone who can read this store can read this code",
    );
    says(&ran, "store.keys.plaintext_code", "warn", "otpctl store purge --only plaintext_code --dry-run");
    assert!(!ran.words().contains("042917") && !ran.words().contains("314159"), "{ran:?}");
    machine.run(&["store", "purge", "--yes"]).exits(0);
    assert_eq!(redis.cli(&["EXISTS", "otp:+919876543211"]), "1", "it goes only where it is named");
    machine.run(&["store", "purge", "--only", "plaintext_code", "--yes"]).exits(0);
    assert_eq!(redis.cli(&["EXISTS", "otp:+919876543211", &format!("otp:{PHONE}")]), "0");
    says(doctor(&machine).exits(0), "store.keys", "ok", "nothing is wrong");
}

#[test]
fn keys_without_a_lifetime_and_a_feed_that_may_not_be_written_are_told() {
    let machine = Machine::on_redis("");
    machine.send(PHONE);
    machine.redis().cli(&["PERSIST", &format!("otpctl:{{{PHONE}}}:record")]);
    says(doctor(&machine).exits(0), "store.keys.no_ttl", "warn", "1 key: it has no lifetime");

    let server = RedisServer::start();
    let machine = on(&server.url(), "username = \"asha\"\npassword = \"s3cret-of-asha\"\n");
    let printed = machine.run(&["store", "acl", "--role", "operator", "--user", "asha"]);
    let words: Vec<&str> = printed.exits(0).stdout.split_whitespace().collect();
    assert_eq!(server.cli(&[&words[..], &[">s3cret-of-asha"]].concat()), "OK");
    assert!(!checks(&doctor(&machine)).contains_key("store.feed"));
    assert_eq!(server.cli(&["ACL", "SETUSER", "asha", "-xadd"]), "OK");
    says(doctor(&machine).exits(0), "store.feed", "warn", "XADD");
    machine.send(PHONE);
}
