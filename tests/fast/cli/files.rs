//! A file that others may read, write or replace is not believed.
//! These need no server.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown, symlink};

use crate::support::cli::{FREE, Machine, PEPPER, PHONE, set_mode};

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
fn a_file_that_others_may_read_holds_no_secret() {
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
fn a_key_file_is_its_owners_alone() {
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
fn a_file_of_another_user_is_not_believed() {
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
fn a_link_that_anybody_could_place_is_not_followed() {
    let machine = Machine::with("region = \"IN\"\n");
    let open = machine.path("open");
    fs::create_dir(&open).unwrap();
    set_mode(&open, 0o1777);
    let link = open.join("otpctl.toml");
    symlink(machine.config(), &link).unwrap();
    refused(&machine, &["--config", link.to_str().unwrap()], "pass the file itself");
    let key = machine.write("key", PEPPER);
    let link_to_key = open.join("key");
    symlink(&key, &link_to_key).unwrap();
    machine.configure(&format!("[code]\npeppers = [{{ id = \"1\", file = {link_to_key:?} }}]\n"));
    refused(&machine, &[], "pass the file itself");
    // In your own folder, a link is your own word.
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
        assert!(error["message"].as_str().unwrap().contains("exists already"), "{error}");
        assert!(error["hint"].as_str().unwrap().ends_with("config check"), "{error}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "region = \"IN\"\n");
}

/// Runs a command that may hang if something is wrong, and ends it then.
#[track_caller]
fn ends(machine: &Machine, words: &[&str]) -> (i32, String) {
    let mut command = machine.command(words);
    // What hangs is killed with its output, so the output goes to a file.
    let said = machine.path("said");
    let file = fs::File::create(&said).unwrap();
    let mut child = command.stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap();
    for _ in 0..600 {
        if let Some(status) = child.try_wait().unwrap() {
            return (status.code().unwrap_or(-1), fs::read_to_string(said).unwrap());
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    panic!("otpctl {} hangs", words.join(" "));
}

fn pipe(path: &std::path::Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Neither a pipe, which nobody writes to, nor a device without an end is read, wherever a file is named.
#[test]
fn only_regular_files_of_a_size_are_read() {
    let redis = "[store.redis]\nurl = \"rediss://127.0.0.1:1\"\n";
    let pepper = "[code]\npeppers = [{ id = \"1\", env = \"HOME\" }]\n[policy]\ncountries = [\"IN\"]\n";
    let smpp = "[providers.smpp]\nhost = \"127.0.0.1\"\nport = 1\nsystem_id = \"a\"\npassword = \"b\"\n";
    let settings = [
        format!("{redis}tls = {{ ca = FILE }}\n{pepper}"),
        format!("{redis}tls = {{ cert = FILE, key = FILE }}\n{pepper}"),
        format!("{redis}password = {{ file = FILE }}\n{pepper}"),
        "[code]\npeppers = [{ id = \"1\", file = FILE }]\n".to_owned(),
        format!("{smpp}tls = {{ ca = FILE }}\n[policy]\ncountries = [\"IN\"]\n"),
        "[providers.own]\ndefinition = FILE\n[policy]\ncountries = [\"IN\"]\n".to_owned(),
        "[providers.telnyx]\napi_key = { file = FILE }\nfrom = \"+13125550100\"\n[policy]\ncountries = [\"IN\"]\n"
            .to_owned(),
    ];
    let machine = Machine::new();
    let fifo = machine.path("fifo");
    pipe(&fifo);
    for file in [fifo.to_str().unwrap(), "/dev/zero", "/dev/tty", machine.path("").to_str().unwrap()] {
        for settings in &settings {
            machine.configure(&settings.replace("FILE", &format!("{file:?}")));
            for words in [&["send", PHONE][..], &["config", "check"], &["doctor"]] {
                let (code, said) = ends(&machine, words);
                assert!(code == 30 || words[0] == "doctor" && code != 0, "{words:?}: {code}: {said}");
                assert!(said.contains("not a regular file"), "{settings} {words:?}: {said}");
            }
        }
        machine.configure(&format!("{FREE}[providers.outbox]\npath = {file:?}\n"));
        let (code, said) = ends(&machine, &["send", PHONE]);
        assert!(code == 26 && said.contains("not a regular file"), "{code}: {said}");
        machine.configure(&format!("[store.embedded]\npath = {file:?}\n"));
        let (code, said) = ends(&machine, &["send", PHONE]);
        assert!(code == 20 && said.contains("not a regular file"), "{code}: {said}");
        for words in [&["provider", "check", file][..], &["--config", file, "config", "show"]] {
            let (code, said) = ends(&machine, words);
            assert!(code == 30 && said.contains("not a regular file"), "{words:?} {code}: {said}");
        }
    }
    // A file that is too long for what it is.
    let long = machine.write("long", &"#".repeat((1 << 20) + 1));
    let (code, said) = ends(&machine, &["provider", "check", long.to_str().unwrap()]);
    assert!(code == 30 && said.contains("is larger than"), "{code}: {said}");
}

#[test]
fn an_outbox_that_others_can_open_gets_no_code() {
    let machine = Machine::with("[providers.outbox]\npath = \"outbox.jsonl\"\n");
    let outbox = machine.write(".config/otpctl/outbox.jsonl", "");
    for mode in [0o666, 0o644, 0o640, 0o620, 0o602] {
        set_mode(&outbox, mode);
        refused(&machine, &[], &format!("chmod 600 {}", outbox.display()));
        machine.run(&["config", "check"]).exits(30);
    }
    fs::remove_file(&outbox).unwrap();
    let elsewhere = machine.write("elsewhere", "");
    symlink(&elsewhere, &outbox).unwrap();
    refused(&machine, &[], &format!("rm {}", outbox.display()));
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "");
    fs::remove_file(&outbox).unwrap();
    // Through a folder that anybody could have put there.
    let open = machine.path("open");
    fs::create_dir(&open).unwrap();
    set_mode(&open, 0o1777);
    symlink(machine.path(""), open.join("folder")).unwrap();
    machine.configure(&format!("[providers.outbox]\npath = {:?}\n", open.join("folder/outbox.jsonl")));
    refused(&machine, &[], "pass the file itself");
    machine.configure("[providers.outbox]\npath = \"outbox.jsonl\"\n");
    machine.run(&["send", PHONE]).exits(0);
    assert_eq!((machine.outbox().len(), fs::metadata(&outbox).unwrap().mode() & 0o777), (1, 0o600));
}

/// The database holds who asked for codes, and its log what was written last.
#[test]
fn a_database_that_others_can_open_is_not_used() {
    let machine = Machine::new();
    machine.send(PHONE);
    for name in ["otpctl.db", "otpctl.db-wal", "otpctl.db-shm", "otpctl.lock"] {
        let file = machine.path(".local/state/otpctl").join(name);
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600, "{name}");
        for mode in [0o660, 0o606, 0o640, 0o604] {
            set_mode(&file, mode);
            let error = machine.run(&["inspect", PHONE, "--json"]).exits(30).error();
            let fix = format!("run: chmod 600 {}", file.display());
            assert!(error["message"].as_str().unwrap().contains(&fix), "{error}");
        }
        set_mode(&file, 0o600);
        if fs::metadata(&file).unwrap().uid() == 0 {
            chown(&file, Some(4711), None).unwrap();
            let error = machine.run(&["inspect", PHONE, "--json"]).exits(30).error();
            assert!(error["message"].as_str().unwrap().contains("chown root"), "{error}");
            chown(&file, Some(0), None).unwrap();
        }
    }
    machine.run(&["inspect", PHONE]).exits(0);
    // A link where SQLite would write.
    let beside = machine.path(".local/state/otpctl/otpctl.db-journal");
    symlink(machine.path("elsewhere"), &beside).unwrap();
    machine.run(&["inspect", PHONE]).exits(30);
}
