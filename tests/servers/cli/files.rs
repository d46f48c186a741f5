//! A file that others may read, write or replace is not believed.
//! These need a server or another program.

use std::fs;

use crate::support::cli::{Machine, PHONE, set_mode};

#[test]
fn a_database_of_another_program_is_left_as_it_is() {
    let sqlite = |machine: &Machine, sql: &str| {
        let path = machine.path("theirs.db");
        let run = std::process::Command::new("python3")
            .args(["-c", "import sqlite3,sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])"])
            .args([path.as_os_str(), sql.as_ref()])
            .status();
        assert!(run.unwrap().success());
        set_mode(&path, 0o600);
    };
    for sql in [
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);",
        "CREATE TABLE event (id INTEGER PRIMARY KEY);",
        "PRAGMA journal_mode = WAL; CREATE TABLE users (id INTEGER PRIMARY KEY);",
        "CREATE TABLE users (id INTEGER); PRAGMA user_version = 1;",
        "PRAGMA user_version = 7;",
        "PRAGMA application_id = 252006674;",
        "CREATE TABLE cell (name TEXT); CREATE TABLE event (id); CREATE TABLE timeline (name); CREATE VIEW more AS SELECT 1;",
    ] {
        let machine = Machine::with("[store.embedded]\npath = \"../../theirs.db\"\n");
        sqlite(&machine, sql);
        let before = fs::read(machine.path("theirs.db")).unwrap();
        for words in [&["send", PHONE][..], &["inspect", PHONE], &["list"], &["store", "check"]] {
            let error = machine.run(&[words, &["--json"]].concat()).exits(30).error();
            assert!(error["message"].as_str().unwrap().contains("another program"), "{sql}: {error}");
        }
        assert_eq!(fs::read(machine.path("theirs.db")).unwrap(), before, "{sql}");
    }
    // A file of the first release, which has no name of its own in it, and an empty one.
    let machine = Machine::with("[store.embedded]\npath = \"../../theirs.db\"\n");
    machine.write("theirs.db", "");
    let code = machine.send(PHONE);
    sqlite(&machine, "PRAGMA application_id = 0;");
    machine.run(&["verify", PHONE, &code]).exits(0);
}
