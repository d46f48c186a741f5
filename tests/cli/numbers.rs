//! All spellings of a number are one phone, or none.

use super::PHONE;
use super::support::cli::{Machine, both_stores, wrong_codes};

/// Spellings of [`PHONE`] where the region is IN.
const SPELLINGS: [&str; 14] = [
    "+919876543210",
    "+91 98765 43210",
    "+91\u{a0}98765\u{a0}43210",
    "+91-98765-43210",
    "+91.98765.43210",
    "0091 98765 43210",
    "098765 43210",
    "9876543210",
    "919876543210",
    "\u{ff0b}\u{ff19}\u{ff11}\u{ff19}\u{ff18}\u{ff17}\u{ff16}\u{ff15}\u{ff14}\u{ff13}\u{ff12}\u{ff11}\u{ff10}",
    "+\u{669}\u{661}\u{669}\u{668}\u{667}\u{666}\u{665}\u{664}\u{663}\u{662}\u{661}\u{660}",
    "tel:+91-98765-43210",
    "+91 (0)98765 43210",
    "  +919876543210 ",
];

/// Each reads like it, and is none.
const REFUSED: [&str; 9] = [
    "+91 98765 4321",
    "+91 98765 432100",
    "++919876543210",
    "+91 98765 43210 ext 5",
    "+91 98765 43210;ext=5",
    "+91 98765 4321O",
    "9876543210, 9876543211",
    "+9191987654321000",
    "",
];

#[test]
fn t09_all_spellings_of_a_number_are_one_phone() {
    let settings =
        "region = \"IN\"\n[limits]\ncooldown = []\nper_phone = { \"1h\" = 14 }\nlocks = { 100 = \"hard\" }\n";
    both_stores(settings, |machine| {
        for (index, spelling) in SPELLINGS.iter().enumerate() {
            let code = machine.send(spelling);
            let wrong = wrong_codes(&code).next().unwrap();
            let answer = machine.verify(SPELLINGS[SPELLINGS.len() - 1 - index], &wrong).exits(10).json();
            assert_eq!(answer["phone"], PHONE);
            assert_eq!(answer["failures_consecutive"], index + 1, "one count of failures, {spelling}");
        }
        for spelling in SPELLINGS {
            let error = machine.run(&["send", spelling, "--json"]).exits(13).error();
            assert_eq!(error["code"], "RATE_LIMITED", "one count of sends, {spelling}");
        }
        for refused in REFUSED {
            machine.run(&["send", refused]).exits(2);
            machine.verify(refused, "123456").exits(2);
        }
        let listed = machine.run(&["list", "--json"]).exits(0).json();
        assert_eq!(listed["codes"].as_array().unwrap().len(), 1, "{listed}");
    });
}

#[test]
fn t14_a_region_reads_national_numbers() {
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
