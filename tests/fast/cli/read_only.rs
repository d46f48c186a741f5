//! The embedded store where nothing can be written: what is there is read, all of it, and every change says why it is not
//! made.
//! These need no server.

use std::fs;

use crate::support::cli::{Machine, PHONE, set_mode};
use crate::support::read_only::{FOLDER, content};

#[test]
fn what_is_written_meanwhile_is_seen_through_a_read_only_mount() {
    let machine = Machine::with(crate::support::cli::FREE);
    for round in 0..3 {
        machine.send(&format!("+9198765432{round:02}"));
        let Some(ran) = machine.run_read_only(FOLDER, &["list", "--json"]) else { return };
        assert_eq!(ran.exits(0).json()["codes"].as_array().unwrap().len(), round + 1, "{ran:?}");
    }
}

#[test]
fn reading_makes_no_store() {
    let machine = Machine::new();
    let before = content(&machine.path(""));
    for (words, exit) in [
        (&["inspect", PHONE] as &[&str], 0),
        (&["list"], 0),
        (&["user", "list"], 0),
        (&["user", "show", "u_1"], 14),
        (&["config", "check"], 0),
        (&["doctor"], 0),
        (&["store", "check"], 0),
        (&["store", "purge", "--dry-run"], 0),
        (&["inspect", "user:u_1"], 14),
    ] {
        machine.run(words).exits(exit);
        assert_eq!(content(&machine.path("")), before, "{words:?}");
    }
    machine.send(PHONE);
    machine.run(&["inspect", PHONE]).exits(0);
    // Without the lock of those who write, and without a new one.
    fs::remove_file(machine.path(FOLDER).join("otpctl.lock")).unwrap();
    machine.run(&["list"]).exits(0);
    machine.run(&["doctor"]).exits(0);
    assert!(!machine.path(FOLDER).join("otpctl.lock").exists());
}

#[test]
fn a_machine_where_no_store_can_be_made_has_none_and_says_so() {
    let machine = Machine::new();
    set_mode(&machine.path(""), 0o700);
    machine.write(".local/state/other/x", "");
    // The program has to be there before the folder is closed.
    machine.run_without_power(&["version"]).exits(0);
    set_mode(&machine.path(".local/state"), 0o500);
    assert_eq!(machine.run_without_power(&["list", "--json"]).exits(0).json()["codes"].as_array().unwrap().len(), 0);
    machine.run_without_power(&["inspect", PHONE]).exits(0);
    machine.run_without_power(&["doctor"]).exits(22);
    for words in [["send", PHONE], ["revoke", PHONE], ["unlock", PHONE]] {
        let ran = machine.run_without_power(&[&words[..], &["--json"]].concat());
        // Where nothing is, there is nothing to revoke.
        if words[0] == "send" {
            assert!(ran.exits(22).error()["message"].as_str().unwrap().contains("read-only"), "{ran:?}");
        } else {
            assert!(ran.code == 0 || ran.code == 22, "{ran:?}");
        }
    }
    set_mode(&machine.path(".local/state"), 0o700);
}
