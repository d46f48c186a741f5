//! `user show`, `link`, `move`, `unlink` and `list` where an application's own directory keeps whose phone it is.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::on_each_store;
use crate::support::cli::{FREE, Machine, PHONE};

const OTHER: &str = "+919876543211";
const THIRD: &str = "+919876543212";

/// The application's table with these rows, and a file that asks it; `writes`: it may be written.
fn with_accounts(machine: &Machine, rows: &[(&str, &str)], writes: bool) {
    let connection = Connection::open(machine.path("app.db")).unwrap();
    connection.execute_batch("create table if not exists people (name text, phone text); delete from people").unwrap();
    for (user, phone) in rows {
        connection.execute("insert into people (name, phone) values (?, ?)", [user, phone]).unwrap();
    }
    let writing = "set_phone = \"update people set phone = :phone where name = :user\"\n\
        clear_phone = \"update people set phone = null where name = :user and phone in (:spellings)\"\n";
    machine.configure(&format!(
        "region = \"IN\"\n{FREE}[providers.outbox]\npath = \"outbox.jsonl\"\n[user]\ndirectories = [\"accounts\"]\n\
         notify_on_change = true\n[directory.accounts]\nkind = \"sql\"\nurl = \"sqlite://{}\"\n\
         by_phone = \"select name, phone from people where phone in (:spellings)\"\n\
         by_user = \"select name, phone from people where name = :user\"\n{}",
        machine.path("app.db").display(),
        if writes { writing } else { "" }
    ));
}

fn stored(machine: &Machine, user: &str) -> Option<String> {
    let connection = Connection::open(machine.path("app.db")).unwrap();
    connection.query_row("select phone from people where name = ?", [user], |row| row.get(0)).unwrap()
}

/// The field of each of these rows, with where it comes from.
fn sources(document: &Value, rows: &str, field: &str) -> Vec<(String, String)> {
    let word = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
    document[rows].as_array().unwrap().iter().map(|row| (word(row, field), word(row, "source"))).collect()
}

#[test]
fn each_fact_is_shown_with_where_it_comes_from() {
    on_each_store("", |machine| {
        with_accounts(machine, &[("asha", "098765 43210")], false);
        machine.run(&["user", "link", "ravi", PHONE]).exits(0);
        let shown = machine.run(&["user", "show", PHONE, "--json"]).exits(0).json();
        let both = [("ravi", "store"), ("asha", "accounts")].map(|(user, from)| (user.to_owned(), from.to_owned()));
        assert_eq!(sources(&shown, "users", "user"), both);
        assert_eq!((&shown["users"][1]["linked_at"], &shown["directories"][0]["status"]), (&Value::Null, &"ok".into()));
        let shown = machine.run(&["user", "show", "asha", "--json"]).exits(0).json();
        assert_eq!(sources(&shown, "phones", "phone"), [("+91*******210".to_owned(), "accounts".to_owned())]);
        assert!(machine.run(&["user", "show", "asha"]).exits(0).stdout.contains("\taccounts"));
        let list = machine.run(&["user", "list", "--json"]).exits(0).json();
        assert_eq!(sources(&list, "users", "user"), [("ravi".to_owned(), "store".to_owned())]);
        machine.run(&["user", "show", "nobody"]).exits(14);
        // One that is down is told, and the rest goes on.
        std::fs::remove_file(machine.path("app.db")).unwrap();
        std::fs::create_dir(machine.path("app.db")).unwrap();
        let down = machine.run(&["user", "show", PHONE, "--json"]);
        let document = down.exits(19).json();
        assert_eq!(
            (document["users"].as_array().unwrap().len(), &document["directories"][0]["status"]),
            (1, &"fail".into())
        );
        assert!(down.stderr.contains("accounts"), "{down:?}");
        let unknown = machine.run(&["user", "show", "asha", "--json"]);
        assert!((20..=24).contains(&unknown.code), "it is not known whether she has a phone: {unknown:?}");
    });
}

#[test]
fn a_phone_is_changed_where_it_is_kept() {
    on_each_store("", |machine| {
        with_accounts(machine, &[("asha", PHONE)], true);
        let same = machine.run(&["user", "link", "asha", PHONE, "--json"]).exits(0).json();
        assert_eq!((&same["already"], &same["phones"][0]["source"]), (&true.into(), &"accounts".into()));
        let more = machine.run(&["user", "link", "asha", OTHER]);
        assert!(more.exits(16).stderr.contains(&format!("user move asha {OTHER}")), "{more:?}");
        let dry = machine.run(&["user", "move", "asha", OTHER, "--dry-run", "--json"]).exits(0).json();
        assert_eq!((&dry["unlinked"], stored(machine, "asha")), (&json!(["+91*******210"]), Some(PHONE.to_owned())));
        let moved = machine.run(&["user", "move", "asha", OTHER, "--json"]).exits(0).json();
        assert_eq!(
            (&moved["phones"][0]["source"], &moved["notified"][0]["state"]),
            (&"accounts".into(), &"sent".into())
        );
        assert_eq!(stored(machine, "asha").as_deref(), Some(OTHER));
        assert_eq!(machine.outbox()[0]["phone"], PHONE);
        let again = machine.run(&["user", "move", "asha", OTHER, "--json"]).exits(0).json();
        assert_eq!(again["already"], true);
        machine.run(&["user", "unlink", "asha", THIRD]).exits(14);
        machine.run(&["user", "unlink", "asha", OTHER]).exits(0);
        assert_eq!(stored(machine, "asha"), None);
        machine.run(&["user", "unlink", "asha"]).exits(14);
        // Whom no directory knows, the store's own map keeps.
        machine.run(&["user", "link", "ravi", PHONE]).exits(0);
        let shown = machine.run(&["user", "show", "ravi", "--json"]).exits(0).json();
        assert_eq!(shown["phones"][0]["source"], "store");
    });
}

#[test]
fn what_is_kept_elsewhere_and_not_written_is_said_so() {
    on_each_store("", |machine| {
        with_accounts(machine, &[("asha", PHONE)], false);
        for words in
            [&["user", "link", "asha", OTHER][..], &["user", "move", "asha", OTHER], &["user", "unlink", "asha"]]
        {
            let ran = machine.run(words);
            assert!(ran.exits(16).stderr.contains("kept in the directory `accounts`"), "{ran:?}");
        }
        assert_eq!(stored(machine, "asha").as_deref(), Some(PHONE));
        assert_eq!(machine.outbox().len(), 0);
    });
}
