//! The file of the embedded store: one of today is read by every later version, and one of a newer version is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use otpctl::otp::Moment;
use serde_json::{Value, json};

use super::{Fixture, Held, OTHER, UPDATE, fixtures, issue, settings, versions};
use crate::servers::clock;

use crate::support::cli::{FREE, Machine, PHONE, set_mode};

/// Where the embedded store is.
const STATE: &str = ".local/state/otpctl";

/// What a file of the embedded store holds, as if it were a server, and how it is laid out.
fn embedded(path: &Path, at: Moment) -> (Fixture, BTreeSet<String>) {
    let file = rusqlite::Connection::open(path).unwrap();
    let rows = |sql: &str| -> Vec<(String, Vec<u8>, Option<i64>)> {
        let mut query = file.prepare(sql).unwrap();
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        query.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let mut held = Vec::<Held>::new();
    for (key, value, ttl) in rows("SELECT name, value, expires_at FROM cell ORDER BY name") {
        held.push(Held { key, ttl, kind: "string".to_owned(), lines: vec![text(value)] });
    }
    let events =
        "SELECT timeline, body, expires_at FROM event JOIN timeline ON name = timeline ORDER BY timeline, id DESC";
    for (key, line, ttl) in rows(events) {
        match held.last_mut().filter(|held| held.key == key) {
            Some(held) => held.lines.push(text(line)),
            None => held.push(Held { key, ttl, kind: "list".to_owned(), lines: vec![text(line)] }),
        }
    }
    // The feed and the statistics are only ever added to; what is counted is in fields that are named after their windows.
    held.retain(|held| !["{feed:", "{stats:", ":counts"].iter().any(|part| held.key.contains(part)));
    let pragma = |name: &str| file.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).unwrap();
    let mut layout: BTreeSet<String> =
        ["user_version", "application_id"].map(|name| format!("{name} {}", pragma(name))).into();
    for (name, sql, _) in rows("SELECT name, CAST(coalesce(sql, '') AS BLOB), NULL FROM sqlite_schema") {
        layout.insert(format!("{name}: {}", text(sql)));
    }
    (Fixture { name: "embedded".to_owned(), at, facts: BTreeMap::new(), held }, layout)
}

/// The same for a machine of today: its log is folded into the file first.
fn folded(machine: &Machine) -> PathBuf {
    let path = machine.path(STATE).join("otpctl.db");
    let file = rusqlite::Connection::open(&path).unwrap();
    file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    path
}

/// A machine whose embedded store is this one.
fn housing(folder: &Path) -> Machine {
    let mut machine = Machine::with(&settings(""));
    machine.variable("TZ", "UTC");
    for name in ["otpctl.db", "pepper"] {
        let copy = machine.write(&format!("{STATE}/{name}"), "");
        fs::write(copy, fs::read(folder.join(name)).unwrap()).unwrap();
    }
    set_mode(&machine.path(STATE), 0o700);
    machine
}

#[test]
fn a_file_of_the_embedded_store_is_read_ever_after() {
    let machine = Machine::with(&settings(""));
    machine.run(&["user", "link", "u_1", PHONE]).exits(0);
    let code = issue(&machine, &["--user", "u_1"]);
    let now = Moment::from_millis(jiff::Timestamp::now().as_millisecond() / 1000 * 1000 + 1000);
    let file = folded(&machine);
    let shape_of = |file: &Path| {
        let (then, layout) = embedded(file, now);
        then.shape().into_iter().chain(layout).collect::<BTreeSet<String>>()
    };
    let then = |folder: &Path| shape_of(&housing(folder).path(STATE).join("otpctl.db"));
    let write = |folder: &Path| {
        fs::create_dir(folder).unwrap();
        fs::copy(&file, folder.join("otpctl.db")).unwrap();
        fs::copy(machine.path(STATE).join("pepper"), folder.join("pepper")).unwrap();
        fs::write(folder.join("facts.txt"), format!("at {}\ncode {code}\n", now.millis())).unwrap();
    };
    for folder in fixtures("embedded", &shape_of(&file), then, write) {
        let fixture = Fixture::read(&folder.join("facts.txt"));
        let at = format!("@{}", fixture.at.to_the_second().replace('T', " ").replace('Z', ""));
        let machine = housing(&folder);
        let ran = |words: &[&str]| {
            let output = clock::off(&machine, &at, words);
            let text = String::from_utf8(output.stdout).unwrap();
            (output.status.code().unwrap(), serde_json::from_str::<Value>(&text).unwrap_or_default())
        };
        let (code, screen) = ran(&["inspect", PHONE, "--json"]);
        assert_eq!(
            (code, &screen["live_code"]["state"], &screen["users"][0]["user"]),
            (0, &"issued".into(), &"u_1".into())
        );
        assert_eq!(screen["timeline"].as_array().unwrap().len(), 2, "{screen}");
        let (code, answer) = ran(&["verify", PHONE, fixture.fact("code"), "--json"]);
        assert_eq!((code, &answer["user"]), (0, &"u_1".into()), "{answer}");
        assert_eq!(ran(&["store", "check", "--json"]).1["findings"], json!([]));
    }
}

#[test]
fn a_file_of_a_newer_version_is_refused_and_left_as_it_is() {
    for change in ["", "ALTER TABLE cell RENAME TO kept; DROP TABLE event;"] {
        let newest = versions().into_iter().map(|version| version.join("embedded")).rfind(|folder| folder.exists());
        let machine = housing(&newest.unwrap());
        let path = machine.path(STATE).join("otpctl.db");
        let file = rusqlite::Connection::open(&path).unwrap();
        file.execute_batch(&format!("{change} PRAGMA user_version = 2; PRAGMA wal_checkpoint(TRUNCATE);")).unwrap();
        drop(file);
        let before = fs::read(&path).unwrap();
        for words in [
            &["send", PHONE] as &[&str],
            &["issue", PHONE],
            &["verify", PHONE, "123456"],
            &["inspect", PHONE],
            &["list"],
            &["revoke", PHONE],
            &["revoke", "--all", "--yes"],
            &["unlock", PHONE],
            &["user", "link", "u_2", PHONE],
            &["user", "list"],
            &["store", "check"],
            &["store", "purge", "--yes"],
        ] {
            let error = machine.run(&[words, &["--json"]].concat()).exits(24).error();
            let said = error["message"].as_str().unwrap();
            assert!(said.contains("was written by a newer otpctl (file version 2; this one reads up to 1)"), "{said}");
            assert_eq!((&error["hint"], &error["outcome"]), (&UPDATE.into(), &"not_done".into()), "{words:?}: {error}");
        }
        let doctor = machine.run(&["doctor", "--json"]).exits(24).json();
        assert!(doctor.to_string().contains("written by a newer otpctl"), "{doctor}");
        assert_eq!(fs::read(&path).unwrap(), before);
        assert!(!machine.path(STATE).join("otpctl.lock").exists(), "nothing is made beside it");
    }
}

#[test]
fn a_file_that_a_newer_version_takes_over_is_not_written_any_more() {
    let machine = Machine::with(FREE);
    let path = machine.path(STATE).join("otpctl.db");
    let mut batch = machine.command(&["send", "--from", "-", "-o", "jsonl"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut lines = batch.stdin.take().unwrap();
    writeln!(lines, "{PHONE}").unwrap();
    let file = loop {
        let open = rusqlite::Connection::open_with_flags(&path, rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE);
        let marked = open.and_then(|open| {
            let events: i64 =
                open.query_row("SELECT count(*) FROM event WHERE timeline NOT LIKE '{feed:%'", [], |row| row.get(0))?;
            Ok((open, events))
        });
        match marked {
            Ok((open, 2)) => break open,
            _ => sleep(Duration::from_millis(20)),
        }
    };
    file.execute_batch("PRAGMA user_version = 2;").unwrap();
    writeln!(lines, "{OTHER}").unwrap();
    drop(lines);
    let output = batch.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(19), "{said}");
    assert!(said.lines().nth(1).unwrap().contains("file version 2"), "{said}");
    let cells: i64 = file.query_row("SELECT count(*) FROM cell WHERE name LIKE '{+%'", [], |row| row.get(0)).unwrap();
    assert_eq!(cells, 1, "the second left nothing");
}
