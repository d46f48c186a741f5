//! `store check` and `store purge`: each thing that may be wrong is made by hand, found, and removed if it is to be; and
//! nothing else is touched.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::servers::machine::embedded_and_redis;
use crate::servers::redis::RedisServer;
use crate::support::cli::{Machine, PHONE, Ran};
use crate::support::many::memory;

/// A whole life of a phone, so that everything of ours is there once.
fn lived_in(machine: &Machine) {
    machine.run(&["user", "link", "asha", PHONE]).exits(0);
    let code = machine.send(PHONE);
    machine.verify(PHONE, "000000");
    machine.verify(PHONE, &code).exits(0);
    machine.run(&["send", "+919876543211", "--idempotency-key", "k"]).exits(0);
}

/// How many keys of each finding there are.
fn counts(ran: &Ran) -> BTreeMap<String, u64> {
    let document = ran.json();
    let findings = document["findings"].as_array().unwrap();
    findings.iter().map(|one| (one["id"].as_str().unwrap().to_owned(), one["count"].as_u64().unwrap())).collect()
}

fn check(machine: &Machine) -> BTreeMap<String, u64> {
    counts(&machine.run(&["store", "check", "--json"]))
}

/// The findings of one key alone.
fn of_key(machine: &Machine, key: &str) -> Vec<String> {
    let lines = machine.run(&["store", "check", "-o", "jsonl", "--unmask"]).stdout;
    let rows = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_it = rows.filter(|row| row["key"] == key);
    let mut found: Vec<String> = of_it.map(|row| row["finding"].as_str().unwrap().to_owned()).collect();
    found.sort();
    found
}

fn keys(server: &RedisServer) -> Vec<String> {
    let mut keys: Vec<String> = server.cli(&["--scan"]).lines().map(str::to_owned).collect();
    keys.sort();
    keys
}

/// Everything in the server, whatever its type.
fn dump(server: &RedisServer) -> Vec<(String, String)> {
    keys(server).into_iter().map(|key| (key.clone(), server.cli(&["DUMP", &key]))).collect()
}

#[test]
fn what_otpctl_writes_itself_is_as_it_should_be() {
    embedded_and_redis("", |machine| {
        assert_eq!(machine.run(&["store", "check"]).exits(0).stdout, "");
        lived_in(machine);
        let ran = machine.run(&["store", "check", "--json"]);
        let document = ran.exits(0).json();
        assert_eq!((&document["ok"], &document["findings"]), (&true.into(), &Value::Array(Vec::new())), "{document}");
        assert!(document["ours"].as_u64().unwrap() >= 5, "{document}");
        assert_eq!(document["keys"], document["ours"]);
        let purged = machine.run(&["store", "purge", "--yes", "--json"]);
        assert_eq!(purged.exits(0).json()["removed"], 0);
    });
}

#[test]
fn each_thing_that_may_be_wrong_with_our_keys_is_found() {
    let machine = Machine::on_redis("");
    lived_in(&machine);
    let server = machine.redis();
    let (record, users) = ("otpctl:{+919876543210}:record", "otpctl:{+919876543210}:users");
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("otpctl:{+919876543221}:record", &["SET", "", r#"{"v":1}"#], &["over"]),
        ("otpctl:{+919876543222}:record", &["SET", "", r#"{"v":2}"#], &["unknown_version"]),
        ("otpctl:{+919876543223}:record", &["SET", "", "4821"], &["unreadable"]),
        ("otpctl:{+919876543224}:record", &["HSET", "", "otp", "4821"], &["wrong_type"]),
        ("otpctl:{+919876543225}:timeline", &["SET", "", "x"], &["wrong_type"]),
        ("otpctl:{+919876543226}:timeline", &["LPUSH", "", "x"], &["unreadable"]),
        ("otpctl:{+919876543227}:users", &["SADD", "", "asha"], &["wrong_type"]),
        ("otpctl:{+919876543228}:users", &["SET", "", r#"{"v":1,"users":[]}"#], &["no_ttl"]),
        ("otpctl:{country:IN}:counts", &["PERSIST", ""], &["no_ttl"]),
        ("otpctl:{request:0a}:request", &["SET", "", "x"], &["no_ttl"]),
        ("otpctl:{provider:msg91}:circuit", &["SET", "", r#"{"v":1}"#, "EX", "99999"], &["long_ttl"]),
        ("otpctl:{user:ravi}:phones", &["SET", "", r#"{"v":1,"phones":["+919876543210"]}"#], &["stale_index"]),
        ("otpctl:odd", &["SET", "", "x", "EX", "9"], &["unknown_key"]),
        ("otpctl:{+91}:record", &["SET", "", "x"], &["unknown_key"]),
        (record, &["EXPIRE", "", "99999999"], &["long_ttl"]),
        (users, &["EXPIRE", "", "999"], &["unexpected_ttl"]),
    ];
    for (key, words, _) in cases {
        let words: Vec<&str> = words.iter().map(|word| if word.is_empty() { *key } else { *word }).collect();
        assert!(!server.cli(&words).contains("ERR"), "{words:?}");
    }
    for (key, _, expected) in cases {
        assert_eq!(of_key(&machine, key), *expected, "{key}");
    }
    server.cli(&["DEL", "otpctl:{user:asha}:phones"]);
    assert_eq!(of_key(&machine, users), ["missing_index", "unexpected_ttl"]);
    assert_eq!(machine.run(&["store", "check"]).code, 24, "some of it makes commands fail");

    let row = |finding: &str| {
        let document = machine.run(&["store", "check", "--json"]).json();
        document["rows"].as_array().unwrap().iter().find(|row| row["finding"] == finding).unwrap().clone()
    };
    let stale = row("stale_index");
    let fix: Vec<&str> = stale["fix"].as_str().unwrap().split(' ').skip(1).collect();
    machine.run(&fix);
    assert_eq!(server.cli(&["EXISTS", "otpctl:{user:ravi}:phones"]), "0", "the fix mends it");
    let missing = row("missing_index");
    let fix: Vec<&str> = missing["fix"].as_str().unwrap().split(' ').skip(1).collect();
    machine.run(&fix);
    assert_eq!(of_key(&machine, users), ["unexpected_ttl"], "and this one");
    let ending = machine.run(&["store", "check", "--json", "--unmask"]).json();
    let row = ending["rows"].as_array().unwrap().iter().find(|row| row["finding"] == "unexpected_ttl").unwrap();
    assert_eq!(row["fix"], "redis-cli PERSIST 'otpctl:{+919876543210}:users'");
    server.cli(&["PERSIST", users]);
    assert_eq!(of_key(&machine, users), [""; 0]);

    let before = keys(server).len();
    let all = "wrong_type,unreadable,unknown_key,over";
    let purged = machine.run(&["store", "purge", "--only", all, "--yes", "--json"]);
    assert_eq!(purged.exits(0).json()["removed"], 7, "{purged:?}");
    assert_eq!(keys(server).len(), before - 7);
    let kept = check(&machine);
    assert_eq!(kept["wrong_type"], 1, "users stay, whatever they are: {kept:?}");
    assert_eq!(kept["unknown_version"], 1, "another version knows what it is: {kept:?}");
}

/// Keys of applications: what is found of each.
const THEIRS: &[(&[&str], &str)] = &[
    (&["SET", "otp:+919876543210", "4821", "EX", "300"], "plaintext_code"),
    (&["SET", "otp:+919876543211", "4821"], "code_no_ttl plaintext_code"),
    (&["SET", ":1:otp:hash:+919876543210", "9f86d081884c7d659a2feaa0c55ad015"], "code_no_ttl"),
    (&["SET", "sms:code:13812345678", "482113", "EX", "99999"], "code_long_ttl plaintext_code"),
    (&["SET", "otp:login:sms:a@b.c", r#"{"otp":"4821"}"#, "EX", "60"], "plaintext_code"),
    (&["HSET", "OTP:app:one", "otp", "482113", "to", "x"], "code_no_ttl plaintext_code"),
    (&["HSET", "OTP:app:two", "closed", "1"], "otpgateway_orphan"),
    (&["SET", "otp:attempts:+919876543210", "1"], "limit_no_ttl"),
    (&["SET", "otp:attempts:+919876543219", "1"], "orphan_counter"),
    (&["SET", "otp:attempts:+919876543218", "1", "EX", "60"], ""),
    (&["SET", "otp:cooldown:login:ab12", "1"], "limit_no_ttl"),
    (&["SET", "session:4821", "4821"], ""),
    (&["SET", "otp:settings:host", "smtp.example.com"], ""),
    (&["LPUSH", "otp:queue:1", "4821"], ""),
];

#[test]
fn what_applications_keep_is_found_and_is_left_alone_until_it_is_named() {
    let machine = Machine::on_redis("");
    lived_in(&machine);
    let server = machine.redis();
    for (words, _) in THEIRS {
        assert!(!server.cli(words).contains("ERR"), "{words:?}");
    }
    for (words, expected) in THEIRS {
        assert_eq!(of_key(&machine, words[1]).join(" "), *expected, "{}", words[1]);
    }
    let ran = machine.run(&["store", "check"]);
    assert_eq!(ran.code, 0, "commands work beside it");
    for secret in ["4821", "482113", "9876543210", "13812345678", "9f86d081"] {
        let named = THEIRS.iter().any(|(words, _)| words[1].contains(secret) && secret == "4821");
        assert!(named || !ran.words().contains(secret), "{secret}: {}", ran.words());
    }

    let before = dump(server);
    let dry = machine.run(&["store", "purge", "--dry-run", "--json"]);
    assert_eq!((&dry.exits(0).json()["removed"], &dry.json()["dry_run"]), (&1.into(), &true.into()), "{dry:?}");
    let named = ["store", "purge", "--only", "plaintext_code", "--dry-run", "--json"];
    assert_eq!(machine.run(&named).json()["removed"], 5);
    assert_eq!(machine.run(&["store", "purge"]).code, 32, "nobody was asked");
    assert_eq!(dump(server), before, "none of these removed anything");

    machine.run(&["store", "purge", "--yes"]).exits(0);
    let left: Vec<_> = before.iter().filter(|(key, _)| key != "OTP:app:two").cloned().collect();
    assert_eq!(dump(server), left, "alone it removes what nobody needs");
    machine.run(&["store", "purge", "--only", "plaintext_code", "--limit", "2", "--yes"]).exits(0);
    assert_eq!(check(&machine)["plaintext_code"], 3);
    let ids = "plaintext_code,code_no_ttl,limit_no_ttl,orphan_counter";
    machine.run(&["store", "purge", "--only", ids, "--yes"]).exits(0);
    assert_eq!(check(&machine).len(), 0);
    let ours = |all: &[(String, String)]| {
        let fits = |(key, _): &&(String, String)| key.starts_with("otpctl:");
        all.iter().filter(fits).cloned().collect::<Vec<_>>()
    };
    assert_eq!(ours(&dump(server)), ours(&before));
    let others = ["otp:attempts:+919876543218", "otp:queue:1", "otp:settings:host", "session:4821"];
    assert_eq!(keys(server).into_iter().filter(|key| !key.starts_with("otpctl:")).collect::<Vec<_>>(), others);
    for wrong in ["no_ttl", "unknown_version", "everything", ""] {
        assert_eq!(machine.run(&["store", "purge", "--only", wrong, "--yes"]).code, 2, "{wrong}");
    }
}

#[test]
fn a_protected_file_must_be_named_to_purge() {
    let machine = Machine::on_redis("protected = true");
    let file = machine.config();
    machine.redis().cli(&["HSET", "OTP:a:b", "closed", "1"]);
    machine.run(&["store", "check"]).exits(0);
    assert_eq!(machine.run(&["store", "purge", "--yes"]).code, 32);
    assert_eq!(machine.redis().cli(&["EXISTS", "OTP:a:b"]), "1");
    machine.run(&["--config", file.to_str().unwrap(), "store", "purge", "--yes"]).exits(0);
    assert_eq!(machine.redis().cli(&["EXISTS", "OTP:a:b"]), "0");
}

#[test]
fn the_file_of_the_embedded_store_is_checked_too() {
    let machine = Machine::new();
    lived_in(&machine);
    let file = machine.path(".local/state/otpctl/otpctl.db");
    let sql = "
import sqlite3, sys
file = sqlite3.connect(sys.argv[1])
file.execute('INSERT INTO cell VALUES (?, ?, NULL)', ('{+919876543221}:record', b'{\"v\":1}'))
file.execute('INSERT INTO cell VALUES (?, ?, NULL)', ('{+919876543222}:record', b'junk'))
file.execute('INSERT INTO cell VALUES (?, ?, NULL)', ('odd', b'junk'))
file.execute('DELETE FROM timeline')
file.execute(\"UPDATE cell SET expires_at = 4000000000000 WHERE name LIKE '%:users'\")
file.commit()
";
    let done = Command::new("python3").args(["-c", sql]).arg(&file).status().unwrap();
    assert!(done.success());
    let ran = machine.run(&["store", "check", "--json"]);
    // Two timelines have lost their end: the phone's and the feed's.
    let expected = [("no_ttl", 3), ("over", 1), ("unexpected_ttl", 1), ("unknown_key", 1), ("unreadable", 1)];
    assert_eq!(ran.code, 24);
    assert_eq!(counts(&ran), expected.map(|(id, count)| (id.to_owned(), count)).into());
    machine.run(&["store", "purge", "--yes"]).exits(0);
    machine.run(&["store", "purge", "--only", "unreadable,unknown_key", "--yes"]).exits(0);
    let left = check(&machine);
    assert_eq!(left.keys().collect::<Vec<_>>(), ["no_ttl", "unexpected_ttl"]);
    machine.run(&["inspect", PHONE]).exits(0);
}

/// The keys that are made for each number, and their value.
type Made<'a> = (fn(u32) -> String, &'a str);

/// Sets a key for each number, all at once.
fn fill(server: &RedisServer, numbers: std::ops::Range<u32>, values: &[Made<'_>]) {
    let port = server.port().to_string();
    let mut pipe = Command::new("redis-cli");
    let mut pipe =
        pipe.args(["-p", &port, "--pipe"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("redis-cli runs");
    let mut commands = String::new();
    for (key, value) in numbers.flat_map(|n| values.iter().map(move |(key, value)| (key(n), value))) {
        let words = ["SET", &key, value].map(|word| format!("${}\r\n{word}\r\n", word.len())).concat();
        commands.extend(["*3\r\n", &words]);
    }
    pipe.stdin.take().unwrap().write_all(commands.as_bytes()).unwrap();
    assert!(pipe.wait().unwrap().success());
}

fn code_key(n: u32) -> String {
    format!("otp:+9198765{n:05}")
}

fn record_key(n: u32) -> String {
    format!("otpctl:{{+9198765{n:05}}}:record")
}

#[test]
fn whoever_interrupts_a_purge_is_told_how_far_it_came() {
    let machine = Machine::on_redis("");
    fill(machine.redis(), 0..5_000, &[(code_key, "482113")]);
    let purge = ["store", "purge", "--only", "plaintext_code", "--yes", "-o", "jsonl"];
    let mut child = machine.command(&purge).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    out.read_line(&mut first).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&first).unwrap()["removed"], true);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let rows = out.lines().count() + 1;
    let ended = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(130), "{stderr}");
    let error: Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
    assert_eq!(error["outcome"], "unknown", "{error}");
    let left: usize = machine.redis().cli(&["DBSIZE"]).parse().unwrap();
    let message = error["message"].as_str().unwrap();
    let told = message.split_whitespace().find_map(|word| word.parse::<usize>().ok()).unwrap();
    assert!((rows..=5_000 - left).contains(&told) && left > 0, "{rows} rows, {left} left: {message}");
}

#[test]
fn twenty_thousand_keys_go_by_in_little_memory() {
    let machine = Machine::on_redis("");
    let server = machine.redis();
    let record = format!(r#"{{"v":1,"streak":"{}"}}"#, "x".repeat(2000));
    let values: &[Made<'_>] = &[(code_key, "482113"), (record_key, &record)];
    let most = |format: &str| memory(&machine, &format!("store check -o {format}"));
    fill(server, 0..1_000, values);
    let few = most("json");
    fill(server, 1_000..10_000, values);
    assert_eq!(server.cli(&["DBSIZE"]), "20000");
    let many = most("json");
    // 18 MB more went by.
    assert!(many < few + 4_000, "{few} kB for 2 000 keys, {many} kB for 20 000");
    let counted = check(&machine);
    assert!(counted["plaintext_code"] == 10_000 && counted["unreadable"] == 10_000, "{counted:?}");
    let rows = machine.run(&["store", "check", "--json", "--limit", "3"]).json()["rows"].as_array().unwrap().len();
    assert_eq!(rows, 9, "three of each of three findings");

    // Whoever has seen enough closes the pipe.
    let some = ["store", "check", "-o", "jsonl", "--match", "otpctl:*987650*"];
    let mut child = machine.command(&some).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&first).unwrap()["schema"], "otpctl.store_check_row/1");
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(24), &b""[..]));
}

#[test]
fn a_store_that_fails_on_the_way_is_told() {
    let server = Arc::new(RedisServer::start());
    let machine = Machine::on(&server, "");
    server.cli(&["SHUTDOWN", "NOSAVE"]);
    for format in ["json", "jsonl"] {
        for words in [&["store", "check"][..], &["store", "purge", "--yes"]] {
            let ran = machine.run(&[words, &["-o", format, "--timeout", "2s"]].concat());
            assert_eq!(ran.code, 20, "{ran:?}");
            assert_eq!(ran.error()["code"], "STORE_UNREACHABLE");
        }
    }
}
