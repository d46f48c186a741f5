//! What an application is handed: an assertion for one audience, of a user who typed a code that was sent to him. These hold
//! on every store.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::on_each_store;
use crate::each_store::diagnosis::stored::everything;
use crate::support::audit::{AUDIT, added};
use crate::support::cli::{FREE, Machine, PHONE, set_mode, wrong_codes};

const OTHER: &str = "+919876543211";
const OUTBOX: &str = "[providers.outbox]\npath = \"outbox.jsonl\"\n";
/// An Ed25519 key, as it is made by the command that a hint names.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIL9YHTCB4IexMyFcN/2u4ZbqxeUqwGp9CPzms0JlnYrv\n-----END PRIVATE KEY-----\n";

/// `[assertion]` of a file.
pub fn assertion(more: &str) -> String {
    format!(
        "[assertion]\nkey = {{ file = \"assertion.pem\" }}\nissuer = \"https://otp.example.com\"\n\
         audiences = [\"erp\", \"crm\"]\n{more}"
    )
}

fn settings() -> String {
    format!("{FREE}{OUTBOX}{}", assertion(""))
}

/// The key lies beside the file.
pub fn keyed(machine: &Machine) {
    keyed_with(machine, KEY);
}

fn keyed_with(machine: &Machine, text: &str) {
    set_mode(&machine.write(".config/otpctl/assertion.pem", text), 0o600);
}

fn ready(machine: &Machine) -> String {
    keyed(machine);
    machine.run(&["user", "link", "asha", PHONE]).exits(0);
    machine.run(&["send", PHONE]).exits(0);
    machine.outbox().last().unwrap()["code"].as_str().unwrap().to_owned()
}

pub fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap_or_else(|| panic!("{token:?} is no JWT"));
    serde_json::from_slice(&BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap()).unwrap()
}

#[test]
fn a_right_code_gives_an_assertion_and_nothing_else_on_stdout() {
    on_each_store(&format!("{}{AUDIT}", settings()), |machine| {
        let code = ready(machine);
        let wrong = wrong_codes(&code).next().unwrap();
        let ran = machine.run(&["verify", PHONE, &wrong, "--assert", "erp", "--json"]);
        assert_eq!(ran.exits(10).json()["assertion"], Value::Null);
        let records = added(machine, || {
            let ran = machine.run(&["verify", PHONE, &code, "--assert", "erp"]);
            let token = ran.exits(0).stdout.strip_suffix('\n').unwrap();
            let told = claims(token);
            for (claim, value) in [
                ("iss", json!("https://otp.example.com")),
                ("sub", json!("asha")),
                ("aud", json!("erp")),
                ("amr", json!(["otp", "sms"])),
                ("phone_number", json!(PHONE)),
            ] {
                assert_eq!(told[claim], value, "{told}");
            }
            assert_eq!(told["exp"].as_i64().unwrap() - told["iat"].as_i64().unwrap(), 60);
            assert_eq!(told.as_object().unwrap().len(), 8, "{told}");
            assert!(ran.stderr.contains("it tells erp that this is user asha"), "{ran:?}");
        });
        assert_eq!(records[0]["detail"], "--assert erp", "{records:?}");
        let events = machine.run(&["events", PHONE, "--json"]).exits(0).json();
        assert!(events.to_string().contains("assertion for erp"), "{events}");
        assert!(!events.to_string().contains("eyJ"), "the assertion itself is kept nowhere");
        machine.run(&["verify", PHONE, &code, "--assert", "erp"]).exits(11);
    });
}

#[test]
fn what_is_not_asserted_spends_nothing() {
    on_each_store(&settings(), |machine| {
        let code = ready(machine);
        let before = everything(machine);
        let error = machine.run(&["verify", PHONE, &code, "--assert", "shop", "--json"]).exits(16).error();
        assert!(error["hint"].as_str().unwrap().contains("erp, crm"), "{error}");
        set_mode(&machine.path(".config/otpctl/assertion.pem"), 0o644);
        let error = machine.run(&["verify", PHONE, &code, "--assert", "erp", "--json"]).exits(30).error();
        assert!(error["hint"].as_str().unwrap().starts_with("chmod 600"), "{error}");
        keyed_with(machine, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
        let error = machine.run(&["verify", PHONE, &code, "--assert", "erp", "--json"]).exits(30).error();
        assert!(error["hint"].as_str().unwrap().contains("genpkey -algorithm ed25519"), "{error}");
        keyed(machine);
        assert!(everything(machine) == before, "nothing is spent");
        machine.run(&["verify", PHONE, &code, "--assert", "erp"]).exits(0);
        // Of a phone of nobody, and of one of two.
        machine.run(&["send", OTHER]).exits(0);
        let code = machine.outbox().last().unwrap()["code"].as_str().unwrap().to_owned();
        machine.run(&["verify", OTHER, &code, "--assert", "erp"]).exits(14);
        for user in ["asha", "ravi"] {
            machine.run(&["user", "link", user, OTHER]).exits(0);
        }
        machine.run(&["send", OTHER]).exits(0);
        let code = machine.outbox().last().unwrap()["code"].as_str().unwrap().to_owned();
        machine.run(&["verify", OTHER, &code, "--assert", "erp"]).exits(15);
        let token = machine.run(&["verify", OTHER, &code, "--assert", "erp", "--user", "ravi"]);
        assert_eq!(claims(token.exits(0).stdout.trim())["sub"], "ravi");
    });
}

#[test]
fn a_code_that_was_printed_is_refused_before_it_is_spent() {
    let numbers = "[[test_numbers]]\nphone = \"+12025550100\"\ncode = \"424242\"\nvalid_until = 2099-01-01\n";
    on_each_store(&format!("{}{numbers}", settings()), |machine| {
        keyed(machine);
        machine.run(&["user", "link", "asha", PHONE]).exits(0);
        let code = machine.run(&["issue", PHONE]).exits(0).stdout.trim().to_owned();
        let wrong = wrong_codes(&code).next().unwrap();
        let before = everything(machine);
        for typed in [&code, &wrong] {
            let error = machine.run(&["verify", PHONE, typed, "--assert", "erp", "--json"]).exits(16).error();
            assert!(error["message"].as_str().unwrap().contains("was printed"), "{error}");
        }
        assert!(everything(machine) == before, "nothing is spent");
        machine.run(&["verify", PHONE, &code]).exits(0);
        // The code of a test number is in the file.
        machine.run(&["user", "link", "test", "+12025550100"]).exits(0);
        machine.run(&["send", "+12025550100"]).exits(0);
        machine.run(&["verify", "+12025550100", "424242", "--assert", "erp"]).exits(16);
        machine.configure(&format!("{FREE}{OUTBOX}{}{numbers}", assertion("allow_issued = true\n")));
        let token = machine.run(&["verify", "+12025550100", "424242", "--assert", "erp"]).exits(0).stdout.clone();
        assert_eq!(claims(token.trim())["sub"], "test");
        let code = machine.run(&["issue", PHONE]).exits(0).stdout.trim().to_owned();
        let token = machine.run(&["verify", PHONE, &code, "--assert", "erp"]).exits(0).stdout.clone();
        assert_eq!(claims(token.trim())["amr"], json!(["otp"]), "it went out on no channel");
        let found = machine.run(&["config", "check", "--json"]).exits(0).json().to_string();
        assert!(found.contains("assertion.allow_issued"), "{found}");
    });
}

#[test]
fn the_same_attempt_gives_the_same_assertion() {
    on_each_store(&settings(), |machine| {
        let code = ready(machine);
        let ask = |audience: &str| {
            machine.run(&["verify", PHONE, &code, "--assert", audience, "--attempt-id", "form-1", "--json"])
        };
        let first = ask("erp").exits(0).json();
        let again = ask("erp").exits(0).json();
        assert_eq!((&first["replayed"], &again["replayed"]), (&json!(false), &json!(true)));
        assert_eq!(first["assertion"], again["assertion"]);
        assert_eq!(first["assertion_expires_at"], again["assertion_expires_at"]);
        // For another application it is another question, and so it is without an assertion.
        ask("crm").exits(15);
        machine.run(&["verify", PHONE, &code, "--attempt-id", "form-1"]).exits(15);
        machine.run(&["verify", PHONE, &code, "--require-user", "--attempt-id", "form-1"]).exits(15);
    });
}

#[test]
fn a_number_that_nobody_typed_is_not_in_it() {
    on_each_store(&settings(), |machine| {
        for (more, number) in [(&[][..], Value::Null), (&["--unmask"][..], json!(PHONE))] {
            let code = ready(machine);
            let words = [&["verify", "user:asha", &code, "--assert", "erp"], more].concat();
            let told = claims(machine.run(&words).exits(0).stdout.trim());
            assert_eq!((&told["sub"], &told["phone_number"]), (&json!("asha"), &number), "{told}");
        }
    });
}

#[test]
fn the_key_is_in_nothing_that_is_printed() {
    on_each_store(&format!("{}{AUDIT}", settings()), |machine| {
        let code = ready(machine);
        let set = machine.run(&["config", "jwks"]).exits(0).stdout.clone();
        let set: Value = serde_json::from_str(&set).unwrap();
        assert_eq!((&set["keys"][0]["alg"], &set["keys"][0]["use"]), (&json!("EdDSA"), &json!("sig")), "{set}");
        let document = machine.run(&["config", "jwks", "--json"]).exits(0).json();
        assert_eq!((&document["schema"], &document["keys"]), (&json!("otpctl.jwks/1"), &set["keys"]));
        for words in [
            &["config", "jwks", "-vv"][..],
            &["config", "show", "--origin", "-vv"],
            &["config", "check", "-vv"],
            &["doctor", "-vv"],
            &["verify", PHONE, &code, "--assert", "erp", "-vv"],
            &["verify", PHONE, &code, "--assert", "erp", "-vv", "--json"],
        ] {
            let ran = machine.run(words);
            let printed = format!("{}{}", ran.stdout, ran.stderr);
            assert!(!printed.contains("L9YHTCB4") && !printed.contains("PRIVATE KEY"), "{words:?}: {printed}");
        }
        keyed_with(machine, &KEY.replace("MC4C", "MC4D"));
        for words in [&["config", "jwks"][..], &["config", "check"], &["doctor"]] {
            let ran = machine.run(words);
            ran.exits(30);
            let printed = format!("{}{}", ran.stdout, ran.stderr);
            assert!(printed.contains("genpkey -algorithm ed25519"), "{words:?}: {printed}");
            assert!(!printed.contains("L9YHTCB4"), "{printed}");
        }
        machine.configure(FREE);
        machine.run(&["config", "jwks"]).exits(30);
        machine.run(&["verify", PHONE, &code, "--assert", "erp"]).exits(30);
    });
}
