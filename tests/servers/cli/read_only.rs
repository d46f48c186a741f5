//! The embedded store where nothing can be written: what is there is read, all of it, and every change says why it is not
//! made.
//! These need a server or another program.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::support::cli::{Machine, PHONE, Ran, set_mode};
use crate::support::read_only::{FOLDER, content};

const OTHER: &str = "+919876543211";

/// All the ways of running a command where nothing can be written.
const WAYS: [Way; 3] = [Way::Disk, Way::Folder, Way::Files];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// A disk that is mounted read-only.
    Disk,
    /// A folder that the user may only read, with files that could be written.
    Folder,
    /// Files that the user may only read, too.
    Files,
}

/// What lies beside the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beside {
    /// What the last process left: the log holds all that was written.
    Log,
    /// As after a crash: the index of the log is of no use.
    StaleIndex,
    /// As after a crash, too: the last write of the log is half there.
    TornLog,
    /// The log, and no index of it, as in a copy.
    NoIndex,
    /// Nothing: the log was folded in.
    Nothing,
    /// A log with nothing in it.
    EmptyLog,
}

const BESIDE: [Beside; 6] =
    [Beside::Log, Beside::StaleIndex, Beside::TornLog, Beside::NoIndex, Beside::Nothing, Beside::EmptyLog];

/// A store in use, of which nothing can be written.
struct Closed {
    machine: Machine,
    code: String,
    way: Way,
}

impl Closed {
    fn new(way: Way, beside: Beside) -> Self {
        let machine = Machine::new();
        machine.run(&["user", "link", "u_1", PHONE]).exits(0);
        machine.send(OTHER);
        let code = machine.send(PHONE);
        let closed = Self { machine, code, way };
        closed.leave(beside);
        closed.close();
        closed
    }

    fn file(&self, end: &str) -> PathBuf {
        self.machine.path(FOLDER).join(format!("otpctl.db{end}"))
    }

    fn leave(&self, beside: Beside) {
        let (log, index) = (self.file("-wal"), self.file("-shm"));
        let written = fs::read(&log).unwrap();
        assert!(written.len() > 4096, "the log holds what was written");
        match beside {
            Beside::Log => {}
            Beside::StaleIndex => fs::write(&index, vec![7; 32768]).unwrap(),
            Beside::TornLog => {
                let torn = &written[written.len() - 4120..];
                fs::write(&log, [&written, &torn[..3000]].concat()).unwrap();
                fs::write(&index, []).unwrap();
            }
            Beside::NoIndex => fs::remove_file(&index).unwrap(),
            Beside::Nothing | Beside::EmptyLog => {
                let fold =
                    "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.execute('PRAGMA wal_checkpoint(TRUNCATE)')";
                let folded = Command::new("python3").args(["-c", fold]).arg(self.file("")).status().unwrap();
                assert!(folded.success() && !log.exists() && !index.exists());
                if beside == Beside::EmptyLog {
                    fs::write(&log, []).unwrap();
                    set_mode(&log, 0o600);
                }
            }
        }
    }

    fn close(&self) {
        if self.way == Way::Files {
            for entry in fs::read_dir(self.machine.path(FOLDER)).unwrap() {
                set_mode(&entry.unwrap().path(), 0o400);
            }
        }
        if self.way != Way::Disk {
            set_mode(&self.machine.path(FOLDER), 0o500);
        }
    }

    /// `None`: that takes root.
    fn run(&self, words: &[&str]) -> Option<Ran> {
        match self.way {
            Way::Disk => self.machine.run_read_only(FOLDER, words),
            Way::Folder | Way::Files => Some(self.machine.run_without_power(words)),
        }
    }

    /// Every file and what is in it, but the index of the log, which is nothing but memory that processes share.
    fn content(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        content(&self.machine.path(FOLDER))
    }
}

#[test]
fn everything_that_is_stored_is_read_where_nothing_can_be_written() {
    for (way, beside) in WAYS.into_iter().flat_map(|way| BESIDE.map(|beside| (way, beside))) {
        let closed = Closed::new(way, beside);
        let before = closed.content();
        let Some(inspected) = closed.run(&["inspect", PHONE, "--json"]) else { continue };
        let inspected = inspected.exits(0).json();
        let id = inspected["live_code"]["challenge_id"].as_str().expect("a live code").to_owned();
        assert_eq!(inspected["users"][0]["user"], "u_1", "{way:?} {beside:?}: {inspected}");
        let run = |words: &[&str], exit: i32| {
            let ran = closed.run(words).unwrap();
            assert_eq!(ran.code, exit, "{way:?} {beside:?} {ran:?}");
            ran
        };
        let listed = run(&["list", "--json"], 0).json();
        assert_eq!(listed["codes"].as_array().unwrap().len(), 2, "{way:?} {beside:?}: {listed}");
        run(&["inspect", &id], 0);
        run(&["inspect", "user:u_1"], 0);
        assert!(run(&["user", "show", "u_1"], 0).stdout.contains("+91*******210"));
        assert!(run(&["user", "list"], 0).stdout.contains("u_1"));
        run(&["config", "check"], 0);
        let checked = run(&["store", "check", "--json"], 0).json();
        assert!(checked["keys"].as_u64().unwrap() > 4, "{way:?} {beside:?}: {checked}");
        run(&["store", "purge", "--dry-run"], 0);
        let ran = run(&["doctor", "--json"], 22);
        let checks = ran.json()["checks"].as_array().unwrap().clone();
        let commit = checks.iter().find(|check| check["id"] == "store.commit").unwrap();
        assert!(commit["detail"].as_str().unwrap().contains("read-only"), "{way:?} {beside:?}: {commit}");
        assert!(commit["fix"].as_str().unwrap().contains("findmnt"), "{commit}");
        assert_eq!(closed.content(), before, "{way:?} {beside:?}: reading leaves everything as it is");
    }
}

#[test]
fn a_change_where_nothing_can_be_written_is_not_made_and_says_why() {
    for (way, beside) in WAYS.into_iter().flat_map(|way| [(way, Beside::Log), (way, Beside::Nothing)]) {
        let closed = Closed::new(way, beside);
        let before = closed.content();
        for words in [
            &["send", "+919876543212"] as &[&str],
            &["issue", "+919876543212"],
            &["verify", PHONE, &closed.code],
            &["verify", PHONE, "000000"],
            &["revoke", PHONE],
            &["unlock", PHONE, "--limits"],
            &["user", "link", "u_2", OTHER],
            &["user", "unlink", "u_1", PHONE],
            &["user", "move", "u_1", OTHER],
        ] {
            let Some(ran) = closed.run(&[words, &["--json", "--yes"]].concat()) else { continue };
            assert_eq!(ran.code, 22, "{way:?} {beside:?} {ran:?}");
            let error = ran.error();
            assert!(error["message"].as_str().unwrap().contains("read-only"), "{way:?} {beside:?}: {error}");
            assert_eq!((&error["code"], &error["outcome"]), (&"STORE_NOT_READY".into(), &"not_done".into()), "{error}");
            assert_eq!(error["hint"], "otpctl doctor", "{error}");
            assert!(!ran.stderr.contains("SMS to"), "{ran:?}");
        }
        assert_eq!(closed.content(), before, "{way:?} {beside:?}");
    }
}
