//! Names that others choose, and texts that nobody should: they meet nothing but themselves.
//! These hold on every store.

use super::on_each_store;
use crate::support::cli::{FREE, PHONE};

/// Ids that an application may have, each made to be mistaken for another.
const ODD: [&str; 15] =
    ["a", "A", "a:b", "a:phones", "*", "?", "[a]", "{a}", "a}", "%61", "a b", "ä", "a\u{308}", "#1@x", "--json"];

#[test]
fn odd_user_ids_do_not_meet() {
    on_each_store("", |machine| {
        let phone = |n: usize| format!("+91987654{n:04}");
        for (n, name) in ODD.iter().enumerate() {
            machine.run(&["user", "link", "--json", "--", name, &phone(n)]).exits(0);
        }
        for (n, name) in ODD.iter().enumerate() {
            let shown = machine.run(&["user", "show", "--json", "--unmask", "--", name]).exits(0).json();
            assert_eq!((&shown["user"], &shown["phones"][0]["phone"]), (&(*name).into(), &phone(n).into()));
            assert_eq!(shown["phones"].as_array().unwrap().len(), 1, "{name}");
        }
        let listed = machine.run(&["user", "list", "--json"]).exits(0).stdout.clone();
        for name in &ODD {
            assert!(listed.contains(&serde_json::to_string(name).unwrap()), "{name} in {listed}");
        }
    });
}

#[test]
fn purposes_that_look_alike_are_different() {
    on_each_store(FREE, |machine| {
        let code = machine.run(&["send", PHONE, "--purpose", "pay.a"]).exits(0).sms_code();
        for purpose in ["pay", "pay.", "pay_a", "pay-a", "pay.a.a"] {
            machine.run(&["verify", PHONE, &code, "--purpose", purpose]).exits(11);
        }
        machine.run(&["verify", PHONE, &code, "--purpose", "pay.a"]).exits(0);
    });
}
