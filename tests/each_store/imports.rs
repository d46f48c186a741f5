//! `user import`, `user export` and `user list` over many users.
//! These hold on every store.

use serde_json::{Value, json};

use super::on_each_store;
use crate::support::cli::{Machine, PHONE, Ran};

const OTHER: &str = "+919876543211";
const THIRD: &str = "+919876543212";
const FOURTH: &str = "+919876543213";
const FIFTH: &str = "+919876543214";

/// What is linked, as the documents of the export have it, in an order that does not change.
fn exported(machine: &Machine) -> Vec<[Value; 4]> {
    let ran = machine.run(&["user", "export", "--unmask", "-o", "jsonl"]);
    let row = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        assert_eq!(row["schema"], "otpctl.user_export_row/1");
        ["user", "phone", "linked_at", "verified_at"].map(|field| row[field].clone())
    };
    let mut rows: Vec<[Value; 4]> = ran.exits(0).stdout.lines().map(row).collect();
    rows.sort_by_key(|row| format!("{row:?}"));
    rows
}

/// The pairs alone.
fn pairs(machine: &Machine) -> Vec<String> {
    let pair = |row: &[Value; 4]| format!("{} {}", row[0].as_str().unwrap(), row[1].as_str().unwrap());
    exported(machine).iter().map(pair).collect()
}

fn link(machine: &Machine, pairs: &[(&str, &str)]) {
    for (user, phone) in pairs {
        machine.run(&["user", "link", user, phone]).exits(0);
    }
}

/// The lines of an import, by their numbers: what became of each, and how it exits.
fn lines(document: &Value) -> Vec<(u64, String, u64)> {
    let line = |row: &Value| {
        let (number, exit) = (row["line_number"].as_u64().unwrap(), row["exit"].as_u64().unwrap());
        (number, row["status"].as_str().unwrap().to_owned(), exit)
    };
    document["results"].as_array().unwrap().iter().map(line).collect()
}

fn totals(document: &Value) -> [u64; 6] {
    ["added", "moved", "unchanged", "duplicates", "conflicts", "failed"]
        .map(|name| document["totals"][name].as_u64().unwrap())
}

#[test]
fn an_export_that_is_imported_elsewhere_is_the_same_map() {
    on_each_store("", |machine| {
        let long = "x".repeat(200);
        let users = ["u_1", "a, b", "say \"hi\"", "#7", "ä ö", "'", "919876543299", &long];
        for (n, user) in users.iter().enumerate() {
            link(machine, &[(user, &format!("+9198765432{:02}", n + 20))]);
        }
        link(machine, &[("u_1", PHONE), ("u_2", PHONE), ("a, b", OTHER)]);
        let code = machine.send(THIRD);
        machine.verify(THIRD, &code).exits(0);
        let code = machine.send(OTHER);
        machine.verify(OTHER, &code).exits(0);
        let before = exported(machine);
        assert_eq!(before.iter().filter(|row| row[3].is_string()).count(), 1, "one was verified: {before:?}");
        for format in [&["--unmask"][..], &["--unmask", "-o", "jsonl"]] {
            let list = machine.run(&[&["user", "export"], format].concat()).exits(0).stdout.clone();
            let other = crate::machine_on_a_store("");
            let told = other.stdin(&["user", "import", "-", "--json"], list.as_bytes()).exits(0).json();
            assert_eq!(totals(&told), [11, 0, 0, 0, 0, 0], "{told}");
            assert_eq!(exported(&other), before);
            let again = other.stdin(&["user", "import", "-", "--json"], list.as_bytes()).exits(0).json();
            assert_eq!((totals(&again), again["results"].clone()), ([0, 0, 11, 0, 0, 0], json!([])));
        }
        // Under the same pepper references are enough.
        let masked = machine.run(&["user", "export"]).exits(0).stdout.clone();
        assert!(masked.contains("+91*******210,ph_") && !masked.contains(PHONE), "{masked}");
        assert!(masked.starts_with("user,phone,ref,linked_at,verified_at\n"), "{masked}");
        let told = machine.stdin(&["user", "import", "-", "--json"], masked.as_bytes()).exits(0).json();
        assert_eq!(totals(&told), [0, 0, 11, 0, 0, 0], "{told}");
    });
}

#[test]
#[expect(clippy::too_many_lines, reason = "one list with each kind of line")]
fn what_would_change_is_told_first_and_conflicts_stay() {
    on_each_store("region = \"IN\"\n", |machine| {
        link(machine, &[("asha", PHONE), ("ravi", OTHER), ("mina", THIRD), ("mina", FOURTH), ("kiran", FIFTH)]);
        let list = "\u{feff}Phone;User;note\n\
            # A comment, and the empty line below, are no pairs.\n\
            \n\
            098765 43210;asha;unchanged\n\
            +91 98765 43220;asha2;new\n\
            +919876543221;ravi;moved\n\
            +919876543222;mina;which of two\n\
            +919876543214;tara;taken\n\
            +919876543220;asha2;again\n\
            +9198765;x;no number\n\
            +919876543223;;no user\n\
            \"+919876543224;open quote;\n";
        let path = machine.write("users.csv", list);
        let path = path.to_str().unwrap();
        let before = exported(machine);
        let dry = machine.run(&["user", "import", path, "--dry-run", "--json"]).exits(19).json();
        assert_eq!((&dry["schema"], &dry["totals"]["dry_run"]), (&"otpctl.user_import/1".into(), &true.into()));
        assert_eq!(totals(&dry), [1, 1, 1, 1, 2, 3]);
        let expected = [
            (5, "added", 0),
            (6, "moved", 0),
            (7, "conflict", 15),
            (8, "conflict", 15),
            (9, "duplicate", 0),
            (10, "failed", 2),
            (11, "failed", 2),
            (12, "failed", 2),
        ];
        let expected: Vec<_> = expected.map(|(line, word, exit)| (line, word.to_owned(), exit)).to_vec();
        assert_eq!(lines(&dry), expected);
        assert_eq!(exported(machine), before, "a rehearsal");
        let done = machine.run(&["user", "import", path, "--json", "--reason", "from HR"]).exits(19).json();
        assert_eq!((lines(&done), totals(&done)), (expected, [1, 1, 1, 1, 2, 3]));
        assert_eq!((&done["done"], &done["failed"]), (&4.into(), &5.into()));
        assert_eq!(done["results"][1]["from"], json!(["+91*******211"]));
        let taken = &done["results"][3];
        assert_eq!((&taken["taken_from"], &taken["error"]["code"]), (&json!(["kiran"]), &"CONFLICT".into()));
        assert!(taken["error"]["hint"].as_str().unwrap().contains("--replace"), "{taken}");
        let expected = [
            "asha +919876543210",
            "asha2 +919876543220",
            "kiran +919876543214",
            "mina +919876543212",
            "mina +919876543213",
            "ravi +919876543221",
        ];
        assert_eq!(pairs(machine), expected);
        let history = machine.run(&["user", "show", "ravi", "--history", "--json"]).exits(0).json();
        assert_eq!(history["history"][0]["reason"], "from HR");
        // The file wins where somebody says so, and only in what it gives.
        let done = machine.run(&["user", "import", path, "--replace", "--json"]).exits(19).json();
        assert_eq!(totals(&done), [0, 2, 3, 1, 0, 3]);
        let expected = [
            "asha +919876543210",
            "asha2 +919876543220",
            "mina +919876543222",
            "ravi +919876543221",
            "tara +919876543214",
        ];
        assert_eq!(pairs(machine), expected);
        assert_eq!(machine.run(&["store", "check", "--json"]).exits(0).json()["findings"], json!([]));
    });
}

/// Whoever reads it at a terminal or in a pipe.
fn said(ran: &Ran) -> String {
    format!("{}{}", ran.stdout, ran.stderr)
}

#[test]
fn the_phones_that_a_list_gives_a_user_are_no_moves_from_each_other() {
    on_each_store("", |machine| {
        link(machine, &[("asha", PHONE), ("asha", OTHER)]);
        // Of two phones one stays, and the other is not in the list.
        let list = format!("user,phone\nasha,{OTHER}\nravi,{FOURTH}\nasha,{THIRD}\nmina,{FOURTH}\n");
        let dry = machine.stdin(&["user", "import", "-", "--dry-run", "--json"], list.as_bytes()).exits(0).json();
        assert_eq!(totals(&dry), [2, 1, 1, 0, 0, 0], "{dry}");
        let done = machine.stdin(&["user", "import", "-", "--json"], list.as_bytes()).exits(0).json();
        assert_eq!(totals(&done), [2, 1, 1, 0, 0, 0], "{done}");
        let expected =
            [format!("asha {OTHER}"), format!("asha {THIRD}"), format!("mina {FOURTH}"), format!("ravi {FOURTH}")];
        assert_eq!(pairs(machine), expected);
        // A user with one phone who gets two of the list.
        let list = format!("user,phone\nravi,{PHONE}\nravi,+919876543230\n");
        let done = machine.stdin(&["user", "import", "-", "--json"], list.as_bytes()).exits(0).json();
        assert_eq!(totals(&done), [1, 1, 0, 0, 0, 0], "{done}");
        assert_eq!(machine.run(&["user", "show", "ravi", "--json"]).json()["phones"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn a_list_that_says_nothing_of_users_is_refused_whole() {
    on_each_store("", |machine| {
        for (list, word) in [
            ("u_1,+919876543210\n", "user"),
            ("user\nu_1\n", "phone"),
            ("phone\n+919876543210\n", "user"),
            ("{\"user\":\"u_1\"\n", "object"),
        ] {
            let ran = machine.stdin(&["user", "import", "-"], list.as_bytes());
            assert!([2, 19].contains(&ran.code) && said(&ran).contains(word), "{list}: {ran:?}");
        }
        let nothing = machine.stdin(&["user", "import", "-", "--json"], b"").exits(0).json();
        assert_eq!(totals(&nothing), [0; 6]);
        machine.run(&["user", "import", "/nosuch"]).exits(2);
        let masked = machine.stdin(&["user", "import", "-"], b"user,phone\nu_1,+91*******210\n");
        assert!(said(masked.exits(19)).contains("export with --unmask"), "{masked:?}");
        let foreign = b"user,phone,ref\nu_1,,ph_mfrggzdfmztwq2lknnwg23tpoa\n";
        machine.stdin(&["user", "import", "-"], foreign).exits(19);
        assert_eq!(pairs(machine), Vec::<String>::new());
        machine.run(&["user", "list", "--cursor", "nonsense"]).exits(2);
    });
}

#[test]
fn a_protected_file_asks_before_a_list_changes_the_map() {
    on_each_store("protected = true\n", |machine| {
        let config = machine.config();
        let named = |words: &[&str]| [&["-c", config.to_str().unwrap()], words].concat().join(" ");
        let run = |words: &[&str], list: &[u8]| {
            let line = named(words);
            machine.stdin(&line.split(' ').collect::<Vec<_>>(), list)
        };
        let list = format!("user,phone\nasha,{PHONE}\n");
        let ran = run(&["user", "import", "-"], list.as_bytes());
        assert!(ran.exits(32).stderr.contains("confirmation required"), "{ran:?}");
        machine.stdin(&["user", "import", "-", "--yes"], list.as_bytes()).exits(32);
        run(&["user", "import", "-", "--dry-run"], list.as_bytes()).exits(0);
        assert!(run(&["user", "export"], b"").exits(0).stdout.lines().count() == 1);
        run(&["user", "import", "-", "--yes"], list.as_bytes()).exits(0);
    });
}

#[test]
fn all_users_are_listed_as_they_come() {
    on_each_store("", |machine| {
        let lines = (0..450).map(|n| format!("u_{n:03},+91987654{n:04}\n"));
        let list = std::iter::once("user,phone\n".to_owned()).chain(lines).collect::<Vec<_>>().concat();
        machine.stdin(&["user", "import", "-"], list.as_bytes()).exits(0);
        let rows = machine.run(&["user", "list", "--limit", "0", "-o", "jsonl"]).exits(0).stdout.clone();
        assert_eq!(rows.lines().count(), 450);
        let all = machine.run(&["user", "list", "--limit", "0", "--json"]).exits(0).json();
        assert_eq!((all["users"].as_array().unwrap().len(), &all["next_cursor"]), (450, &Value::Null));
        assert!(all["users"][0].get("schema").is_none(), "{}", all["users"][0]);
        let (mut seen, mut cursor) = (std::collections::BTreeSet::new(), None::<String>);
        loop {
            let mut words = vec!["user", "list", "--limit", "150", "--json"];
            words.extend(cursor.iter().flat_map(|cursor| ["--cursor", cursor]));
            let page = machine.run(&words).exits(0).json();
            seen.extend(page["users"].as_array().unwrap().iter().map(|row| row["user"].as_str().unwrap().to_owned()));
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), 450);
    });
}
