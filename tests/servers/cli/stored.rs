//! What the store holds: never a code, nothing without an end, and nothing in doubt after a crash.
//! These need a server or another program.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use serde_json::Value;

use crate::each_store::stored::{LETTERS, WRONG, files};
use crate::servers::redis::RedisServer;
use crate::support::cli::{FREE, Machine, PHONE, wrong_codes};
use crate::support::until::until;

/// `redis-cli MONITOR` into a file.
struct Monitor(Child);

impl Monitor {
    fn start(server: &RedisServer, file: &Path) -> Self {
        let port = server.port().to_string();
        let out = fs::File::create(file).unwrap();
        let child = Command::new("redis-cli").args(["-p", &port, "MONITOR"]).stdin(Stdio::null()).stdout(out).spawn();
        let monitor = Self(child.unwrap());
        until("MONITOR", || fs::read_to_string(file).unwrap().starts_with("OK"));
        monitor
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn keys(server: &RedisServer) -> Vec<String> {
    server.cli(&["--scan"]).lines().map(str::to_owned).collect()
}

/// Every value of every key.
fn values(server: &RedisServer) -> String {
    let value = |key: &String| match server.cli(&["TYPE", key]).as_str() {
        "string" => server.cli(&["GET", key]),
        "list" => server.cli(&["LRANGE", key, "0", "-1"]),
        "hash" => server.cli(&["HGETALL", key]),
        "stream" => server.cli(&["XRANGE", key, "-", "+"]),
        other => panic!("{key} is a {other}"),
    };
    keys(server).iter().map(value).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_code_never_reaches_redis() {
    let words = ["--appendonly", "yes", "--appendfsync", "always", "--rdbcompression", "no"];
    let words = [&words as &[&str], &["--slowlog-log-slower-than", "0", "--slowlog-max-len", "10000"]].concat();
    let (server, replica) = (Arc::new(RedisServer::start_with(&words)), RedisServer::start_with(&words));
    replica.cli(&["REPLICAOF", "127.0.0.1", &server.port().to_string()]);
    until("the replica", || replica.cli(&["INFO", "replication"]).contains("master_link_status:up"));
    let machine = Machine::on(&server, &format!("{LETTERS}[providers.outbox]\npath = \"outbox.jsonl\"\n"));
    let (seen, seen_there) = (machine.path("monitor"), machine.path("monitor-of-replica"));
    let monitors = [Monitor::start(&server, &seen), Monitor::start(&replica, &seen_there)];

    let sent = machine.run(&["send", PHONE, "-vv", "--json"]);
    let id = sent.exits(0).json()["challenge_id"].as_str().unwrap().to_owned();
    let outbox = fs::metadata(machine.path(".config/otpctl/outbox.jsonl")).unwrap();
    assert_eq!(outbox.mode() & 0o777, 0o600, "the one file with a code is its owner's alone");
    let code = machine.outbox()[0]["code"].as_str().unwrap().to_owned();
    // What was said, where, and a word by which it is seen that the place tells of the send at all.
    let mut said = vec![("stderr of send".to_owned(), sent.words(), "otpctl")];
    let steps: [&[&str]; 3] = [&[], &["verify", PHONE, WRONG, "-vv"], &["verify", PHONE, &code, "-vv"]];
    for step in steps {
        if !step.is_empty() {
            let ran = machine.run(step);
            assert_eq!(ran.code, if step[2] == code { 0 } else { 10 });
            said.push(("verify".to_owned(), ran.words(), "for +919876543210"));
        }
        assert_eq!(server.cli(&["WAIT", "1", "5000"]), "1");
        for (name, server) in [("the server", &*server), ("the replica", &replica)] {
            server.cli(&["SAVE"]);
            said.push((format!("a value of {name}"), values(server), &id));
            said.push((format!("a file of {name}"), files(server.dir()), &id));
            said.push((
                format!("SLOWLOG of {name}"),
                server.cli(&["SLOWLOG", "GET", "-1"]),
                "otpctl:{+919876543210}:record",
            ));
        }
    }
    // `MONITOR` shows this one last.
    for (server, file) in [(&*server, &seen), (&replica, &seen_there)] {
        server.cli(&["ECHO", "over"]);
        until("the end of MONITOR", || fs::read_to_string(file).unwrap().contains("\"over\""));
    }
    drop(monitors);
    said.push(("MONITOR".to_owned(), fs::read_to_string(&seen).unwrap(), &id));
    said.push(("MONITOR of the replica".to_owned(), fs::read_to_string(&seen_there).unwrap(), &id));
    for (place, text, proof) in &said {
        assert!(!text.contains(&code) && !text.contains(WRONG), "{place} has a code");
        assert!(text.contains(proof), "{place} does not even have {proof}: {text}");
    }
}

/// Of all phones: how the names begin, and for how many days they are kept.
const SHARED: [(&str, i64); 2] = [("otpctl:{feed:", 7), ("otpctl:{stats:", 41)];

#[test]
fn only_declared_keys_remain_and_each_has_an_end() {
    let machine = Machine::on_redis(
        "[code]\nttl = \"2s\"\n[timeline]\nkeep = \"1m\"\n\
         [limits]\ncooldown = []\nper_phone = { \"2s\" = 3 }\nper_prefix = { \"2s\" = 9 }\nper_country = { \"2s\" = 9 }\n",
    );
    let server = machine.redis();
    let ends = || -> Vec<(String, i64)> {
        let end = |key: String| (server.cli(&["PTTL", &key]).parse().unwrap(), key);
        keys(server).into_iter().map(end).map(|(ttl, key)| (key, ttl)).collect()
    };
    let hold = |declared: &[(&str, i64)]| {
        for (key, ttl) in ends() {
            let own = declared.iter().find(|(name, _)| *name == key).map(|(_, most)| *most);
            let shared = SHARED.iter().find(|(begin, _)| key.starts_with(begin)).map(|(_, days)| days * 86_400_000);
            let most = own.or(shared).unwrap_or_else(|| panic!("{key} is not declared"));
            // -2: it ended since it was listed.
            assert!(ttl == -2 || (1..=most).contains(&ttl), "{key} has {ttl} ms");
        }
    };
    machine.run(&["send", PHONE]).exits(0);
    let timeline = ("otpctl:{+919876543210}:timeline", 60_000);
    // A counter over many phones is kept for two of its windows.
    let counters = [("otpctl:{prefix:+91987654}:sends", 4_000), ("otpctl:{country:IN}:counts", 4_000)];
    hold(&[("otpctl:{+919876543210}:record", 2_000), timeline, counters[0], counters[1]]);
    until("the end of a code that nobody typed", || {
        ends().iter().all(|(key, _)| key == timeline.0 || SHARED.iter().any(|(begin, _)| key.starts_with(begin)))
    });

    let code = machine.run(&["send", PHONE, "--ttl", "10s", "--idempotency-key", "once"]).exits(0).sms_code();
    let wrong = wrong_codes(&code).next().unwrap();
    machine.verify(PHONE, &wrong).exits(10);
    let request = keys(server).into_iter().find(|key| key.ends_with(":request")).expect("the key of the request");
    let request = (request.as_str(), 86_400_000);
    // Wrong codes are remembered for 30 days, an idempotency key for one.
    hold(&[("otpctl:{+919876543210}:record", 30 * 86_400_000), timeline, counters[0], counters[1], request]);
    machine.verify(PHONE, &code).exits(0);
    hold(&[("otpctl:{+919876543210}:record", 86_400_000), timeline, counters[0], counters[1], request]);

    // A day later, for every key alike, nothing of the phone is left.
    for (key, ttl) in ends() {
        server.cli(&["PEXPIRE", &key, &(ttl - 86_400_000).to_string()]);
    }
    assert!(
        keys(server).iter().all(|key| SHARED.iter().any(|(begin, _)| key.starts_with(begin))),
        "{:?}",
        keys(server)
    );
}

#[test]
fn the_user_map_and_a_hard_lock_have_no_end() {
    let machine = Machine::on_redis("[limits]\nlocks = { 1 = \"hard\" }\n");
    let server = machine.redis();
    machine.run(&["user", "link", "u_1", PHONE]).exits(0);
    let code = machine.send(PHONE);
    machine.verify(PHONE, &wrong_codes(&code).next().unwrap()).exits(12);
    let endless: BTreeSet<String> = keys(server).into_iter().filter(|key| server.cli(&["PTTL", key]) == "-1").collect();
    let declared = ["otpctl:{+919876543210}:record", "otpctl:{+919876543210}:users", "otpctl:{user:u_1}:phones"];
    assert_eq!(endless, declared.map(str::to_owned).into());

    machine.run(&["unlock", PHONE]).exits(0);
    machine.run(&["user", "unlink", "u_1", PHONE]).exits(0);
    for key in keys(server) {
        let ttl: i64 = server.cli(&["PTTL", &key]).parse().unwrap();
        let shared = SHARED.iter().find(|(begin, _)| key.starts_with(begin)).map(|(_, days)| *days);
        let is_history = key.ends_with(":links") || key.ends_with(":former");
        let days = shared.unwrap_or(if is_history { 365 } else { 7 });
        assert!((1..=days * 86_400_000).contains(&ttl), "{key} has {ttl} ms");
    }
}

#[test]
fn a_code_has_its_end_from_the_first_instant() {
    let machine = Machine::on_redis("");
    let look = format!(
        "for key in $(redis-cli -p {port} --scan); do echo $key $(redis-cli -p {port} PTTL $key); done > seen",
        port = machine.redis().port()
    );
    let program = machine.program("look", &look);
    // When the provider is called, nothing but the reservation has been written.
    machine.configure(&format!(
        "[policy]\ncountries = [\"IN\"]\n[limits]\nper_phone = {{}}\ncooldown = []\n\
         [providers.look]\nkind = \"command\"\nargv = [{program:?}]\n"
    ));
    machine.run(&["send", PHONE, "--ttl", "90s"]).exits(0);
    let seen = fs::read_to_string(machine.path("seen")).unwrap();
    let end = |line: &'_ str| line.split_once(' ').unwrap().1.parse::<i64>().unwrap();
    assert!(seen.lines().all(|line| end(line) > 0), "{seen}");
    let record = seen.lines().find(|line| line.contains(":record ")).expect("the record");
    assert!((60_000..=90_000).contains(&end(record)), "{seen}");
}

#[test]
fn a_record_without_a_mac_takes_no_code() {
    let machine = Machine::on_redis(FREE);
    let server = machine.redis();
    let key = format!("otpctl:{{{PHONE}}}:record");
    let change = |change: &dyn Fn(&mut Value)| {
        let code = machine.send(PHONE);
        let mut record: Value = serde_json::from_str(&server.cli(&["GET", &key])).unwrap();
        let challenges = record["purposes"]["login"]["challenges"].as_array_mut().unwrap();
        change(challenges.last_mut().unwrap());
        assert_eq!(server.cli(&["SET", &key, &record.to_string(), "KEEPTTL"]), "OK");
        machine.verify(PHONE, &code)
    };
    let tag = |tag: &'static str| move |challenge: &mut Value| challenge["mac"]["tag"] = tag.into();
    change(&|challenge| drop(challenge.as_object_mut().unwrap().remove("mac"))).exits(10);
    change(&|challenge| challenge["mac"] = Value::Null).exits(10);
    change(&tag("")).exits(10);
    change(&tag("AAAA")).exits(10);
    change(&tag("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")).exits(10);
    change(&|challenge| {
        let whole = challenge["mac"]["tag"].as_str().unwrap();
        challenge["mac"]["tag"] = whole[..whole.len() - 4].into();
    })
    .exits(10);
    for strange in [Value::from(""), Value::from(0), Value::from(true), Value::Array(Vec::new())] {
        change(&|challenge| challenge["mac"] = strange.clone()).exits(24);
        machine.redis().cli(&["DEL", &key]);
    }
    // Unchanged, it is taken.
    change(&|_| ()).exits(0);
}
