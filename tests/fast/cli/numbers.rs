//! All spellings of a number are one phone, or none.
//! These need no server.

use crate::support::cli::{Machine, PHONE};

#[test]
fn a_region_reads_national_numbers() {
    let read = |settings: &str, typed: &str| Machine::with(settings).run(&["send", typed, "--dry-run", "--json"]);
    let home = "region = \"IN\"\n";
    for typed in ["9876543210", "919876543210", "09876543210", "+919876543210"] {
        let document = read(home, typed).exits(0).json();
        assert_eq!((&document["phone"], &document["country"]), (&PHONE.into(), &"IN".into()), "{typed}");
    }
    let document = read(home, "+14155550123").exits(0).json();
    assert_eq!((&document["phone"], &document["country"]), (&"+14155550123".into(), &"US".into()));
    let error = read(home, "14155550123").exits(2).error();
    assert!(!error.to_string().contains("+9114155550123"), "{error}");

    for typed in ["9876543210", "919876543210", "14155550123"] {
        let error = read("", typed).exits(2).error();
        assert!(error["hint"].is_string(), "{error}");
        let said = read("", typed);
        assert_eq!(said.stdout, "");
    }
    assert!(Machine::new().run(&["send", "9876543210"]).exits(2).stderr.contains("hint: "));
}

/// A cell that a spreadsheet took for a quantity is another number, or none.
#[test]
fn what_a_spreadsheet_made_of_a_phone_reaches_no_phone() {
    let machine = Machine::with("region = \"ID\"\n");
    for typed in ["08123456789.0", "8.12346E+09", "8,123,456,789", "8123456789.00"] {
        let error = machine.run(&["send", typed, "--json"]).exits(2).error();
        assert!(error["message"].as_str().unwrap().contains("spreadsheet"), "{error}");
        assert!(error["hint"].as_str().unwrap().contains("as text"), "{error}");
        machine.verify(typed, "123456").exits(2);
    }
    let lines = "08123456780\n08123456789.0\n";
    let many = machine.stdin(&["send", "--from", "-", "-o", "jsonl"], lines.as_bytes());
    many.exits(19);
}
