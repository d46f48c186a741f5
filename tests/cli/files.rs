//! A file that others may read, write or replace is not believed.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown, symlink};

use super::PHONE;
use super::support::cli::{Machine, PEPPER, set_mode};

/// Refused, with the line that mends it.
#[track_caller]
fn refused(machine: &Machine, words: &[&str], fix: &str) {
    let words = [words, &["send", PHONE, "--json"]].concat();
    let error = machine.run(&words).exits(30).error();
    assert_eq!(error["code"], "CONFIG");
    let hint = error["hint"].as_str().unwrap_or_default();
    assert!(hint.contains(fix), "{error}");
    assert!(!error.to_string().contains(PEPPER), "{error}");
}

#[test]
fn t25_a_file_that_others_may_read_holds_no_secret() {
    let literal = format!("[code]\npeppers = [{{ id = \"1\", value = \"{PEPPER}\" }}]\n");
    for (settings, mode) in [
        (literal.as_str(), 0o644),
        (&literal, 0o640),
        (&literal, 0o604),
        ("[providers.telnyx]\napi_key = \"KEY0123456789\"\nfrom = \"+13125550100\"\n", 0o644),
    ] {
        let machine = Machine::with(settings);
        let config = machine.config();
        set_mode(&config, mode);
        refused(&machine, &[], &format!("chmod 600 {}", config.display()));
        set_mode(&config, 0o600);
        machine.run(&["config", "show"]).exits(0);
    }
    // Without a secret in it, it may be read, and not written.
    let machine = Machine::with("region = \"IN\"\n");
    set_mode(&machine.config(), 0o644);
    machine.send(PHONE);
    for mode in [0o664, 0o646, 0o666] {
        set_mode(&machine.config(), mode);
        refused(&machine, &[], "chmod 600");
    }
}

#[test]
fn t25_a_key_file_is_its_owners_alone() {
    for settings in [
        "[code]\npeppers = [{ id = \"1\", file = KEY }]\n",
        "[store.redis]\nurl = \"redis://127.0.0.1\"\npassword = { file = KEY }\n[code]\npeppers = [{ id = \"1\", env = \"HOME\" }]\n",
        "[providers.telnyx]\napi_key = { file = KEY }\nfrom = \"+13125550100\"\n[policy]\ncountries = [\"IN\"]\n",
    ] {
        let machine = Machine::new();
        let key = machine.write("key", PEPPER);
        machine.configure(&settings.replace("KEY", &format!("{key:?}")));
        for mode in [0o644, 0o640, 0o620, 0o602] {
            set_mode(&key, mode);
            refused(&machine, &[], &format!("chmod 600 {}", key.display()));
        }
        for mode in [0o400, 0o600] {
            set_mode(&key, mode);
            let checked = machine.run(&["config", "check"]);
            assert!(!checked.words().contains("chmod"), "{checked:?}");
        }
    }

    // The pepper that the embedded store made for itself, too.
    let machine = Machine::new();
    machine.send(PHONE);
    let own = machine.path(".local/state/otpctl/pepper");
    assert_eq!(fs::metadata(&own).unwrap().mode() & 0o777, 0o600);
    set_mode(&own, 0o644);
    refused(&machine, &[], &format!("chmod 600 {}", own.display()));
}

#[test]
fn t25_a_file_of_another_user_is_not_believed() {
    let machine = Machine::new();
    let key = machine.write("key", PEPPER);
    machine.configure(&format!("[code]\npeppers = [{{ id = \"1\", file = {key:?} }}]\n"));
    if fs::metadata(&key).unwrap().uid() != 0 {
        // Only root can give a file away; anybody else has one of root's that is no secret of his.
        return refused(&machine, &["--config", "/etc/shadow"], "");
    }
    for file in [machine.config(), key] {
        chown(&file, Some(4711), None).unwrap();
        refused(&machine, &[], &format!("chown root {}", file.display()));
        chown(&file, Some(0), None).unwrap();
    }
    machine.send(PHONE);
}

#[test]
fn t25_a_link_that_anybody_could_place_is_not_followed() {
    let machine = Machine::with("region = \"IN\"\n");
    let open = machine.path("open");
    fs::create_dir(&open).unwrap();
    set_mode(&open, 0o1777);
    let link = open.join("otpctl.toml");
    symlink(machine.config(), &link).unwrap();
    refused(&machine, &["--config", link.to_str().unwrap()], "name the file itself");
    let key = machine.write("key", PEPPER);
    let link_to_key = open.join("key");
    symlink(&key, &link_to_key).unwrap();
    machine.configure(&format!("[code]\npeppers = [{{ id = \"1\", file = {link_to_key:?} }}]\n"));
    refused(&machine, &[], "name the file itself");
    // In a folder of one's own, a link is one's own word.
    symlink(&key, machine.path("link")).unwrap();
    machine.configure(&format!("[code]\npeppers = [{{ id = \"1\", file = {:?} }}]\n", machine.path("link")));
    machine.send(PHONE);
}

#[test]
fn a_file_that_is_there_is_not_started_anew() {
    let machine = Machine::new();
    let file = machine.config().with_file_name("first.toml");
    let word = file.to_str().unwrap();
    let would = machine.run(&["config", "init", word, "--dry-run", "--json"]).exits(0).json();
    assert_eq!((&would["path"], file.exists()), (&word.into(), false));
    machine.run(&["config", "init", word]).exits(0);
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    machine.run(&["config", "check", "--config", word]).exits(0);
    fs::write(&file, "region = \"IN\"\n").unwrap();
    for words in [&["config", "init", word, "--json"][..], &["config", "init", word, "--dry-run", "--json"]] {
        let error = machine.run(words).exits(30).error();
        assert!(error["message"].as_str().unwrap().contains("is there already"), "{error}");
        assert!(error["hint"].as_str().unwrap().ends_with("config check"), "{error}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "region = \"IN\"\n");
}
