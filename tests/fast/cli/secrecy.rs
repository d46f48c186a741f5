//! No output ever shows a code, a key, or a number that the caller did not type.
//! These need no server.

use otpctl::otp::{Alphabet, CodeSpec, Pepper, Peppers, Phone, Secret};
use serde_json::Value;

use crate::support::cli::{Machine, PEPPER, PHONE};
use crate::support::secrecy::{FORMATS, KEY};

/// The environment of the process is told to nobody either.
#[test]
fn a_secret_of_the_environment_stays_there() {
    let mut machine = Machine::with(
        "[code]\npeppers = [{ id = \"1\", env = \"THE_PEPPER\" }]\n[providers.telnyx]\napi_key = { env = \"THE_KEY\" }\nfrom = \"+13125550100\"\n\
         [policy]\ncountries = [\"IN\"]\n",
    );
    machine.variable("THE_PEPPER", PEPPER);
    machine.variable("THE_KEY", KEY);
    for command in [&["config", "show", "--origin"] as &[&str], &["config", "check"], &["send", PHONE, "--dry-run"]] {
        for format in FORMATS {
            let ran = machine.run(&[command, format].concat());
            ran.exits(0);
            assert!(!ran.words().contains(PEPPER) && !ran.words().contains(KEY), "{ran:?}");
        }
    }
}

/// What a panic could print is what `Debug` says.
#[test]
fn secrets_are_redacted_where_a_panic_could_print_them() {
    let code = CodeSpec { alphabet: Alphabet::named("digits").unwrap(), length: 6 }.read("042917").unwrap();
    let pepper = Pepper { id: "2026b".to_owned(), key: Secret::new(PEPPER.to_owned()) };
    let peppers = Peppers::new(vec![pepper.clone()]).unwrap();
    let phone = Phone::parse(PHONE, None).unwrap();
    let said = format!("{code:?} {code:#?} {pepper:?} {peppers:#?} {phone:?} {:?}", Secret::new(KEY.to_owned()));
    for secret in ["042917", PEPPER, KEY, PHONE, &PHONE[3..]] {
        assert!(!said.contains(secret), "{said}");
    }
    let lost = Some((code, pepper, peppers, phone)).ok_or(()).map_or_else(Ok, Err);
    let caught = std::panic::catch_unwind(|| lost.unwrap());
    let text = caught.unwrap_err().downcast::<String>().unwrap();
    for secret in ["042917", PEPPER, PHONE, &PHONE[3..]] {
        assert!(text.contains("[redacted]") && !text.contains(secret), "{text}");
    }
}

#[test]
fn a_number_that_was_not_typed_is_shown_where_it_is_asked_for() {
    let machine = Machine::new();
    machine.run(&["user", "link", "u_1", PHONE]).exits(0);
    let number = |words: &[&str]| machine.run(words).exits(0).json()["phone"]["number"].clone();
    assert_eq!(number(&["inspect", "user:u_1", "--json"]), Value::from("+91*******210"));
    assert_eq!(number(&["inspect", "user:u_1", "--json", "--unmask"]), Value::from(PHONE));
    assert_eq!(number(&["inspect", PHONE, "--json"]), Value::from(PHONE));
}
