//! Whose phone it is where the store's own map does not say: an application's own table, here in SQLite, and a program.

use rusqlite::Connection;
use serde_json::Value;

use super::on_each_store;
use crate::support::cli::{FREE, Machine, PHONE, Ran};

/// Another number of the same country.
const OTHER: &str = "+919876543211";

/// The application's table, as the article has it.
fn table(machine: &Machine, name: &str, rows: &[(&str, &str)]) {
    let connection = Connection::open(machine.path(name)).unwrap();
    connection
        .execute_batch("create table if not exists tabUser (name text, mobile_no text, enabled integer default 1)")
        .unwrap();
    connection.execute_batch("delete from tabUser").unwrap();
    for (user, phone) in rows {
        connection.execute("insert into tabUser (name, mobile_no) values (?, ?)", [user, phone]).unwrap();
    }
}

/// The table of a directory on that file.
fn directory(machine: &Machine, name: &str, file: &str) -> String {
    let path = machine.path(file).display().to_string();
    format!(
        "[directory.{name}]\nkind = \"sql\"\nurl = \"sqlite://{path}\"\n\
         by_phone = \"select name, mobile_no from tabUser where enabled = 1 and mobile_no in (:spellings)\"\n\
         by_user = \"select name, mobile_no from tabUser where enabled = 1 and name = :user\"\n"
    )
}

/// A file that asks these directories, and sends into an outbox.
fn asks(machine: &Machine, directories: &str, tables: &str) {
    machine.configure(&format!(
        "region = \"IN\"\n{FREE}[providers.outbox]\npath = \"../../outbox.jsonl\"\n[policy]\ncountries = [\"IN\"]\n\
         [user]\ndirectories = {directories}\n{tables}"
    ));
}

/// One directory, `accounts`, with these rows.
fn with_accounts(machine: &Machine, rows: &[(&str, &str)]) {
    table(machine, "app.db", rows);
    asks(machine, "[\"accounts\"]", &directory(machine, "accounts", "app.db"));
}

/// Sends a code, and gives the document and the code.
fn sent(machine: &Machine, words: &[&str]) -> (Value, String) {
    let document = machine.run(&[&["send", PHONE, "--json"], words].concat()).exits(0).json();
    let outbox = std::fs::read_to_string(machine.path("outbox.jsonl")).unwrap();
    let line: Value = serde_json::from_str(outbox.lines().last().unwrap()).unwrap();
    (document, line["code"].as_str().unwrap().to_owned())
}

fn verify(machine: &Machine, target: &str, code: &str, words: &[&str]) -> (i32, Value) {
    let ran = machine.run(&[&["verify", target, code, "--json"], words].concat());
    let document = if ran.stdout.is_empty() { ran.error() } else { ran.json() };
    (ran.code, document)
}

fn wrong(code: &str) -> String {
    crate::support::cli::wrong_codes(code).next().unwrap()
}

#[test]
fn the_user_is_the_one_that_the_application_has_in_any_spelling() {
    on_each_store("", |machine| {
        with_accounts(machine, &[("asha@example.com", "098765 43210"), ("ravi@example.com", "98765-43211")]);
        for spelling in [PHONE, "9876543210", "098765 43210"] {
            let shown = machine.run(&["user", "show", spelling, "--json"]).exits(0).json();
            assert_eq!(shown["users"][0]["user"], "asha@example.com", "{spelling}: {shown}");
        }
        let (document, code) = sent(machine, &[]);
        assert_eq!(document["user"], "asha@example.com");
        let (exit, no) = verify(machine, PHONE, &wrong(&code), &[]);
        assert_eq!((exit, &no["attempts_left"]), (10, &4.into()), "{no}");
        let (exit, error) = verify(machine, PHONE, &code, &["--user", "ravi@example.com"]);
        assert_eq!((exit, &error["code"]), (14, &"NOT_FOUND".into()), "{error}");
        let (exit, yes) = verify(machine, PHONE, &code, &["--require-user"]);
        assert_eq!((exit, &yes["user"], &yes["attempts_left"]), (0, &"asha@example.com".into(), &4.into()), "{yes}");
        // By the user, who has the phone in the application alone.
        let (_, code) = sent(machine, &[]);
        let (exit, yes) = verify(machine, "user:asha@example.com", &code, &[]);
        assert_eq!(
            (exit, &yes["user"], &yes["phone"]),
            (0, &"asha@example.com".into(), &"+91*******210".into()),
            "{yes}"
        );
    });
}

#[test]
fn nobody_is_an_answer_unless_a_user_is_needed() {
    on_each_store("", |machine| {
        with_accounts(machine, &[("ravi", OTHER), ("gone", "")]);
        machine.run(&["send", PHONE, "--user", "ravi"]).exits(14);
        let (document, code) = sent(machine, &[]);
        assert_eq!(document["user"], Value::Null);
        for words in [&["--require-user"] as &[&str], &["--user", "ravi"]] {
            let (exit, error) = verify(machine, PHONE, &code, words);
            assert_eq!((exit, &error["outcome"]), (14, &"not_done".into()), "{words:?}: {error}");
        }
        let (exit, yes) = verify(machine, PHONE, &code, &[]);
        assert_eq!((exit, &yes["user"], &yes["attempts_left"]), (0, &Value::Null, &5.into()), "{yes}");
    });
}

#[test]
fn which_of_several_users_it_is_is_not_guessed() {
    on_each_store("", |machine| {
        with_accounts(machine, &[("asha", "+91 98765 43210"), ("ravi", "09876543210")]);
        let (document, code) = sent(machine, &[]);
        assert_eq!(document["user"], Value::Null);
        let (exit, error) = verify(machine, PHONE, &code, &[]);
        assert_eq!((exit, &error["candidates"]), (15, &serde_json::json!(["user:asha", "user:ravi"])), "{error}");
        let (exit, yes) = verify(machine, PHONE, &code, &["--user", "ravi"]);
        assert_eq!((exit, &yes["user"], &yes["attempts_left"]), (0, &"ravi".into(), &5.into()), "{yes}");
        // A code that says whose it is needs no further word.
        let (_, code) = sent(machine, &["--user", "asha"]);
        let (exit, yes) = verify(machine, PHONE, &code, &[]);
        assert_eq!((exit, &yes["user"]), (0, &"asha".into()), "{yes}");
    });
}

#[test]
fn a_phone_that_changed_hands_has_no_code_any_more() {
    on_each_store("", |machine| {
        with_accounts(machine, &[("asha", PHONE)]);
        let (_, code) = sent(machine, &[]);
        table(machine, "app.db", &[("ravi", PHONE)]);
        let (exit, no) = verify(machine, PHONE, &code, &[]);
        assert_eq!((exit, &no["reason"]), (11, &"superseded".into()), "{no}");
        // Another spelling of the same number is the same phone.
        table(machine, "app.db", &[("asha", "098765-43210")]);
        let (exit, yes) = verify(machine, PHONE, &code, &[]);
        assert_eq!((exit, &yes["user"]), (0, &"asha".into()), "{yes}");
        // A user who is gone: T13.
        let (_, code) = sent(machine, &[]);
        table(machine, "app.db", &[]);
        assert_eq!(verify(machine, PHONE, &code, &[]).0, 14);
        // A phone of nobody that somebody has now.
        let (_, code) = sent(machine, &[]);
        table(machine, "app.db", &[("ravi", PHONE)]);
        let (exit, no) = verify(machine, PHONE, &code, &[]);
        assert_eq!((exit, &no["reason"]), (11, &"superseded".into()), "{no}");
        // The own map decides where it has a user, and what it said and says no more has changed too.
        let (_, code) = sent(machine, &[]);
        machine.run(&["user", "link", "u_1", PHONE]).exits(0);
        assert_eq!(verify(machine, PHONE, &code, &[]).0, 11);
        machine.run(&["user", "unlink", "u_1", PHONE]).exits(0);
        assert_eq!(verify(machine, PHONE, &code, &[]).0, 11);
    });
}

/// That a directory is down, which no command takes for having no user.
#[track_caller]
fn says_that_it_is_down(ran: &Ran) {
    let error = ran.error();
    let message = error["message"].as_str().unwrap_or_default();
    assert!(ran.code == 20 && message.contains("the directory `accounts` is unreachable"), "{ran:?}");
    assert_eq!(error["outcome"], "not_done");
}

#[test]
fn a_directory_that_is_down_spends_nothing() {
    on_each_store("", |machine| {
        with_accounts(machine, &[("asha", PHONE)]);
        let (_, code) = sent(machine, &[]);
        assert_eq!(verify(machine, PHONE, &wrong(&code), &["--attempt-id", "mine"]).0, 10);
        std::fs::rename(machine.path("app.db"), machine.path("away.db")).unwrap();
        for words in [
            &["verify", PHONE, &code] as &[&str],
            &["verify", PHONE, &wrong(&code)],
            &["send", PHONE],
            &["issue", PHONE],
        ] {
            says_that_it_is_down(&machine.run(&[words, &["--json"]].concat()));
        }
        says_that_it_is_down(&machine.run(&["verify", "user:asha", &code, "--json"]));
        // What is answered without knowing whose phone it is needs nobody.
        let (exit, again) = verify(machine, PHONE, &wrong(&code), &["--attempt-id", "mine"]);
        assert_eq!((exit, &again["replayed"]), (10, &true.into()), "{again}");
        assert_eq!(verify(machine, OTHER, &code, &[]).0, 11);
        machine.run(&["list"]).exits(0);
        // `inspect` goes on, and says so.
        let inspected = machine.run(&["inspect", PHONE, "--json"]).exits(0).json();
        assert_eq!(inspected["verdict"], "WRONG_CODE", "{inspected}");
        let accounts = &inspected["directories"][0];
        assert_eq!(
            (&accounts["directory"], &accounts["status"], &accounts["users"]),
            (&"accounts".into(), &"fail".into(), &Value::Null)
        );
        let shown = machine.run(&["inspect", PHONE]);
        shown.exits(0);
        assert!(shown.stdout.contains("user not known"), "{}", shown.stdout);
        let doctor = machine.run(&["doctor", "--json"]).exits(20).json();
        let check =
            doctor["checks"].as_array().unwrap().iter().find(|check| check["id"] == "directory.accounts").unwrap();
        assert_eq!(check["status"], "fail", "{check}");
        std::fs::rename(machine.path("away.db"), machine.path("app.db")).unwrap();
        machine.run(&["doctor"]).exits(0);
        let inspected = machine.run(&["inspect", PHONE, "--json"]).exits(0).json();
        assert_eq!(inspected["directories"][0]["users"], serde_json::json!(["asha"]), "{inspected}");
        let (exit, yes) = verify(machine, PHONE, &code, &[]);
        assert_eq!((exit, &yes["user"], &yes["attempts_left"]), (0, &"asha".into(), &4.into()), "{yes}");
    });
}

#[test]
fn they_are_asked_in_their_order_after_the_own_map() {
    on_each_store("", |machine| {
        table(machine, "first.db", &[("ravi", OTHER)]);
        table(machine, "second.db", &[("asha", PHONE), ("other", OTHER)]);
        let tables = directory(machine, "accounts", "first.db") + &directory(machine, "crm", "second.db");
        asks(machine, "[\"accounts\", \"crm\"]", &tables);
        assert_eq!(sent(machine, &[]).0["user"], "asha");
        // What the first one has, the second is not asked for.
        let document = machine.run(&["send", OTHER, "--json"]).exits(0).json();
        assert_eq!(document["user"], "ravi");
        // The first may have it: that the second has it is no answer.
        std::fs::remove_file(machine.path("first.db")).unwrap();
        says_that_it_is_down(&machine.run(&["send", PHONE, "--json"]));
        machine.run(&["user", "link", "u_1", PHONE]).exits(0);
        let (document, code) = sent(machine, &[]);
        assert_eq!(document["user"], "u_1");
        assert_eq!(verify(machine, PHONE, &code, &["--require-user"]).0, 0);
    });
}

#[test]
fn a_user_with_several_phones_there_is_not_guessed_either() {
    on_each_store("", |machine| {
        with_accounts(machine, &[("asha", PHONE), ("asha", OTHER), ("ravi", OTHER)]);
        let error = machine.run(&["send", "user:asha", "--json"]).exits(15).error();
        assert_eq!(error["candidates"].as_array().map(Vec::len), Some(2), "{error}");
        machine.run(&["send", "user:nobody"]).exits(14);
        let document = machine.run(&["send", "user:ravi", "--json"]).exits(0).json();
        assert_eq!((&document["user"], &document["phone"]), (&"ravi".into(), &"+91*******211".into()), "{document}");
    });
}

#[test]
fn a_program_can_be_a_directory() {
    on_each_store("", |machine| {
        let script = "cat >question\ncase $(cat question) in\n\
            *'\"ask\":\"by_phone\"'*'\"09876543210\"'*) echo '{\"users\":[{\"user\":\"asha\",\"phone\":\"098765 43210\"}]}';;\n\
            *'\"ask\":\"by_user\"'*'\"user\":\"asha\"'*) echo '{\"users\":[{\"user\":\"asha\",\"phone\":\"098765 43210\"}]}';;\n\
            *) echo '{\"users\":[]}';; esac";
        let argv = machine.program("whose", script);
        let of = |argv: &str| {
            format!(
                "[directory.accounts]\nkind = \"command\"\nargv = [\"{argv}\"]\nanswers = [\"by_phone\", \"by_user\"]\n"
            )
        };
        asks(machine, "[\"accounts\"]", &of(&argv));
        let (document, code) = sent(machine, &[]);
        assert_eq!(document["user"], "asha");
        assert_eq!(verify(machine, "user:asha", &code, &[]).0, 0);
        for (script, exit, words) in [
            ("echo 'no LDAP today' >&2; exit 1", 20, "the directory `accounts` is unreachable: no LDAP today"),
            ("echo later >&2; exit 75", 22, "the directory `accounts` is not ready: later"),
            ("echo asha", 24, "the directory `accounts` cannot be used"),
            ("echo '{\"users\":[{\"user\":\"a\\u0007\",\"phone\":\"+919876543210\"}]}'", 24, "it gave the user id"),
        ] {
            let argv = machine.program("whose", script);
            asks(machine, "[\"accounts\"]", &of(&argv));
            let error = machine.run(&["send", PHONE, "--json"]).exits(exit).error();
            assert!(error["message"].as_str().unwrap_or_default().contains(words), "{error}");
        }
    });
}
