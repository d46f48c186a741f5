//! Redis users by what people do: each gets what `store acl` prints, and can do his part and nothing else.
//! These need a server or another program.

use std::sync::Arc;

use crate::servers::redis::{Make, RedisServer};
use crate::support::cli::{FREE, Machine, PEPPER, PHONE, Ran};

/// A machine whose file names this user, under a prefix.
fn machine_of(server: &RedisServer, user: &str, prefix: &str) -> Machine {
    let machine = Machine::new();
    machine.write("pepper", PEPPER);
    machine.write("password", &format!("secret-of-{user}\n"));
    machine.write(
        ".config/otpctl/otpctl.toml",
        &format!(
            "{FREE}[providers.outbox]\npath = \"../../outbox.jsonl\"\n\
             [code]\npeppers = [{{ id = \"1\", file = \"../../pepper\" }}]\n\
             [store.redis]\nurl = \"{}\"\nprefix = \"{prefix}\"\nusername = \"{user}\"\n\
             password = {{ file = \"../../password\" }}\n",
            server.url()
        ),
    );
    machine
}

/// Gives a role's rules to a Redis user as an owner would: pasted into `redis-cli`.
fn with_role(server: &RedisServer, role: &str) -> Machine {
    let user = format!("otpctl-{role}");
    let machine = machine_of(server, &user, "otpctl");
    let printed = machine.run(&["store", "acl", "--role", role]);
    assert_eq!(printed.code, 0, "{printed:?}");
    assert!(printed.stderr.contains(&format!("ACL SETUSER {user} '>…'")), "{printed:?}");
    let words: Vec<&str> = printed.stdout.split_whitespace().collect();
    assert_eq!(server.cli(&words), "OK", "{printed:?}");
    assert_eq!(server.cli(&["ACL", "SETUSER", &user, &format!(">secret-of-{user}")]), "OK");
    assert_eq!(server.cli(&words), "OK", "twice is as good as once, and the password stays");
    machine
}

fn refused(ran: &Ran, command: &str, user: &str) {
    assert_eq!((ran.code, ran.stdout.as_str()), (21, ""), "{ran:?}");
    assert!(ran.stderr.contains(command) && ran.stderr.contains(user), "{ran:?}");
    assert!(!ran.stderr.contains("secret-of"), "{ran:?}");
}

#[test]
fn each_role_does_its_part_and_no_more() {
    let server = Arc::new(RedisServer::start());
    let owner = Machine::on(&server, FREE);
    assert_eq!(owner.run(&["user", "link", "asha", PHONE]).code, 0);
    assert_eq!(owner.run(&["issue", PHONE]).code, 0);
    server.cli(&["SET", "other", "somebody's"]);

    let support = with_role(&server, "support");
    for look in [&["inspect", PHONE][..], &["list"], &["user", "show", "asha"], &["user", "list"], &["store", "check"]]
    {
        assert_eq!(support.run(look).code, 0, "{look:?}");
    }
    for change in [
        &["send", PHONE][..],
        &["issue", PHONE],
        &["verify", PHONE, "000000"],
        &["revoke", PHONE],
        &["user", "link", "b", PHONE],
    ] {
        refused(&support.run(change), "'eval'", "otpctl-support");
    }
    assert!(!support.path("outbox.jsonl").exists(), "no SMS");

    let ci = with_role(&server, "ci");
    assert_eq!(ci.run(&["send", PHONE, "--idempotency-key", "build-1"]).code, 0);
    assert_eq!(ci.run(&["verify", PHONE, "000000"]).code, 10);
    refused(&ci.run(&["list"]), "'scan'", "otpctl-ci");
    refused(&ci.run(&["inspect", PHONE]), "'lrange'", "otpctl-ci");
    refused(&ci.run(&["store", "check"]), "'scan'", "otpctl-ci");

    for role in ["operator", "admin"] {
        let machine = with_role(&server, role);
        for (words, code) in [
            (&["send", PHONE][..], 0),
            (&["verify", PHONE, "000000"], 10),
            (&["revoke", PHONE], 0),
            (&["unlock", PHONE], 0),
            (&["user", "link", role, PHONE], 0),
            (&["inspect", PHONE], 0),
            (&["list"], 0),
        ] {
            let ran = machine.run(words);
            assert_eq!(ran.code, code, "{role}: {ran:?}");
        }
    }
    who_may_purge(&server, &support);
    only_what_is_needed(&server);
}

#[test]
fn each_role_does_its_part_on_redis_6_and_no_more() {
    let server = Arc::new(RedisServer::make(Make::Redis6, &[]));
    let owner = Machine::on(&server, FREE);
    assert_eq!(owner.run(&["user", "link", "asha", PHONE]).code, 0);
    assert_eq!(owner.run(&["issue", PHONE]).code, 0);
    let support = with_role(&server, "support");
    for look in [&["inspect", PHONE][..], &["list"], &["user", "show", "asha"], &["user", "list"], &["store", "check"]]
    {
        assert_eq!(support.run(look).code, 0, "{look:?}");
    }
    let before = server.cli(&["GET", "otpctl:{+919876543210}:record"]);
    for (change, command) in [
        (&["send", PHONE][..], "'set'"),
        (&["issue", PHONE], "'set'"),
        (&["verify", PHONE, "000000"], "'set'"),
        (&["revoke", PHONE], "'pexpire'"),
        (&["user", "link", "b", PHONE], "'set'"),
    ] {
        let ran = support.run(change);
        refused(&ran, command, "otpctl-support");
        assert!(!ran.stderr.contains("script"), "{ran:?}");
    }
    assert_eq!(server.cli(&["GET", "otpctl:{+919876543210}:record"]), before);
    let ci = with_role(&server, "ci");
    assert_eq!(ci.run(&["send", PHONE, "--idempotency-key", "build-1"]).code, 0);
    assert_eq!(ci.run(&["verify", PHONE, "000000"]).code, 10);
    refused(&ci.run(&["list"]), "'scan'", "otpctl-ci");
    for role in ["operator", "admin"] {
        let machine = with_role(&server, role);
        for (words, code) in
            [(&["send", PHONE][..], 0), (&["verify", PHONE, "000000"], 10), (&["revoke", PHONE], 0), (&["list"], 0)]
        {
            let ran = machine.run(words);
            assert_eq!(ran.code, code, "{role}: {ran:?}");
        }
    }
    server.cli(&["SET", "otpctl:odd", "1"]);
    let purge = ["store", "purge", "--only", "unknown_key", "--yes"];
    assert_eq!(support.run(&purge).code, 21);
    with_role(&server, "admin").run(&purge).exits(0);
    assert_eq!(server.cli(&["EXISTS", "otpctl:odd"]), "0");
}

/// What is odd is seen by all who look, and removed by an admin; what applications keep is seen by neither.
fn who_may_purge(server: &RedisServer, support: &Machine) {
    server.cli(&["SET", "otpctl:odd", "1"]);
    server.cli(&["SET", "otp:+919876543299", "4821"]);
    let purge = ["store", "purge", "--only", "unknown_key,plaintext_code", "--yes"];
    let checked = support.run(&["store", "check", "--json"]);
    let document = checked.exits(0).json();
    assert_eq!(document["findings"][0]["id"], "unknown_key", "{document}");
    assert_eq!(document["findings"].as_array().unwrap().len(), 1, "{document}");
    assert!(document["not_looked_at"].as_str().unwrap().contains("NOPERM"), "{document}");
    assert!(checked.stderr.contains("warning: only otpctl's own keys are scanned"), "{checked:?}");
    refused(&support.run(&purge), "'eval'", "otpctl-support");
    refused(&with_role(server, "operator").run(&purge), "can't run this command", "otpctl-operator");
    assert_eq!(with_role(server, "admin").run(&purge).exits(0).stdout.lines().count(), 1);
    assert_eq!(
        (server.cli(&["EXISTS", "otpctl:odd"]), server.cli(&["EXISTS", "otp:+919876543299"])),
        ("0".into(), "1".into())
    );
}

/// What nobody of them may, whatever client he takes.
fn only_what_is_needed(server: &RedisServer) {
    let may = |role: &str, words: &[&str]| {
        let user = format!("otpctl-{role}");
        let login = ["--user", &user, "--pass", &format!("secret-of-{user}"), "--no-auth-warning"];
        !server.cli(&[&login[..], words].concat()).contains("NOPERM")
    };
    for role in ["support", "operator", "admin", "ci"] {
        for words in [
            &["GET", "other"][..],
            &["SET", "other", "mine"],
            &["EVAL_RO", "return redis.call('GET', KEYS[1])", "1", "other"],
            &["KEYS", "*"],
            &["FLUSHALL"],
            &["CONFIG", "SET", "maxmemory", "1"],
            &["ACL", "LIST"],
            &["MONITOR"],
            &["PUBLISH", "channel", "text"],
        ] {
            assert!(!may(role, words), "{role}: {words:?}");
        }
        let key = "otpctl:{+919876543210}:record";
        assert!(may(role, &["GET", key]));
        assert_eq!(may(role, &["SET", "otpctl:x", "1"]), role != "support", "{role}");
        assert_eq!(may(role, &["INFO", "memory"]), role != "ci", "{role}");
        assert_eq!(may(role, &["CONFIG", "GET", "save"]), role == "admin", "{role}");
    }
    // A script is no way around: Redis checks what it calls.
    assert!(!may("support", &["EVAL", "return redis.call('SET', KEYS[1], '1')", "1", "otpctl:x"]));
    let elsewhere = machine_of(server, "otpctl-operator", "elsewhere");
    refused(&elsewhere.run(&["verify", PHONE, "000000"]), "NOPERM", "otpctl-operator");
}
