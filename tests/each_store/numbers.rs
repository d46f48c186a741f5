//! All spellings of a number are one phone, or none.
//! These hold on every store.

use super::on_each_store;
use crate::support::cli::{Machine, PHONE, wrong_codes};

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
fn all_spellings_of_a_number_are_one_phone() {
    let settings =
        "region = \"IN\"\n[limits]\ncooldown = []\nper_phone = { \"1h\" = 14 }\nlocks = { 100 = \"hard\" }\n";
    on_each_store(settings, |machine| {
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

/// What is linked decides what `user show` means, and never a rule of thumb: `9813130017` with a plus is a phone in Iran.
#[test]
fn user_show_does_not_guess_whose_number_a_text_is() {
    let (home, nowhere) = ("region = \"IN\"\n", "");
    on_each_store(home, |machine| {
        let shown = |typed: &str, exit| {
            let ran = machine.run(&["user", "show", typed, "--json"]);
            ran.exits(exit);
            if exit == 0 { ran.json() } else { ran.error() }
        };
        let nobody = shown("9813130017", 14);
        assert_eq!(nobody["hint"], "otpctl user link ID +919813130017");
        machine.run(&["user", "link", "u_1", "9813130017"]).exits(0);
        for typed in ["9813130017", "09813130017", "00919813130017", "+919813130017", "TEL:9813130017"] {
            let of_phone = shown(typed, 0);
            assert_eq!((&of_phone["schema"], &of_phone["phone"]), (&"otpctl.phone/1".into(), &"+919813130017".into()));
            assert_eq!(of_phone["users"][0]["user"], "u_1", "{typed}");
        }
        // An application may use numbers as ids: both are there now.
        machine.run(&["user", "link", "9813130017", PHONE]).exits(0);
        let both = shown("9813130017", 15);
        assert_eq!(both["candidates"], serde_json::json!(["user:9813130017", "+919813130017"]));
        assert_eq!(shown("user:9813130017", 0)["user"], "9813130017");
        assert_eq!(shown("+919813130017", 0)["users"][0]["user"], "u_1");
        machine.run(&["user", "link", "007", PHONE]).exits(0);
        assert_eq!(shown("007", 0)["user"], "007");
        assert_eq!(shown("user:nobody", 14)["hint"], "otpctl user link nobody PHONE");
    });
    let machine = Machine::with(nowhere);
    for typed in ["9813130017", "98131 30017", "14155550123"] {
        let error = machine.run(&["user", "show", typed, "--json"]).exits(14).error();
        let hint = error["hint"].as_str().unwrap();
        assert!(
            hint.contains("calling code") && hint.contains("`region`") && !error.to_string().contains("+98"),
            "{error}"
        );
    }
}
