//! privacyIDEA, whose challenges are shown by the token that they belong to, and left alone.

use serde_json::Value;

use super::{Application, FREE, PHONE, machine};
use crate::support::cli::Machine;

const LAYOUT: &str = "layout = \"privacyidea\"";
const SERIAL: &str = "PISM0001";
/// What its keys hold and nobody is to see: the nonce, the encrypted data, and words of the session.
const HIDDEN: [&str; 3] = ["SECRET-NONCE", "SECRET-CIPHER", "challenge_declined"];

/// One whose phone has a token.
fn linked() -> Machine {
    let machine = machine(LAYOUT);
    machine.run(&["user", "link", SERIAL, PHONE]).exits(0);
    machine
}

fn challenges(machine: &Machine) -> Vec<Value> {
    machine.inspect(PHONE)["challenges"].as_array().unwrap().clone()
}

fn of<'a>(challenges: &'a [Value], transaction: &str) -> &'a Value {
    challenges.iter().find(|challenge| challenge["transaction_id"] == transaction).unwrap()
}

fn seconds(from: &Value, to: &Value) -> i64 {
    let at = |value: &Value| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second();
    at(to) - at(from)
}

#[test]
fn what_can_be_answered_is_told_from_what_cannot() {
    let machine = linked();
    let app = Application(&machine, "privacyidea");
    assert_eq!(challenges(&machine), Vec::<Value>::new());
    for (act, transaction) in [
        ("issue", "01"),
        ("issue", "02"),
        ("wrong", "02"),
        ("issue", "03"),
        ("right", "03"),
        ("issue", "04"),
        ("decline", "04"),
        ("issue", "05"),
        ("cancel", "05"),
        ("issue-brief", "06"),
    ] {
        assert_eq!(app.does(act, transaction), "done");
    }
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let all = challenges(&machine);
    let states = |transaction: &str| {
        let own = of(&all, transaction);
        let (state, tries) = (own["state"].as_str().unwrap(), own["tries"].as_u64().unwrap());
        (state, tries, own["answered"] == true, own["answerable"] == true)
    };
    assert_eq!(all.len(), 5, "one was cancelled: {all:?}");
    assert_eq!(states("01"), ("open", 0, false, true));
    assert_eq!(states("02"), ("open", 1, false, true));
    assert_eq!(states("03"), ("answered", 1, true, false));
    assert_eq!(states("04"), ("refused", 0, false, false));
    assert_eq!(states("06"), ("expired", 0, false, false));
    let first = of(&all, "01");
    assert_eq!(first["user"], SERIAL);
    assert_eq!(seconds(&first["created_at"], &first["expires_at"]), 120);
    assert!((29..=31).contains(&seconds(&first["expires_at"], &first["kept_until"])), "{first}");
    let live = machine.inspect(PHONE)["live_code"].clone();
    assert_eq!((&live["challenge_id"], &live["user"]), (&Value::from("02"), &Value::from(SERIAL)));
    assert!(live["attempts_left"].is_null() && live["purpose"].is_null(), "{live}");
    let said = machine.run(&["inspect", &format!("user:{SERIAL}")]);
    assert!(
        said.exits(0).stdout.contains("has a challenge of `PISM0001` that can be answered: 1 attempt so far"),
        "{said:?}"
    );
    assert!(said.stdout.contains("So can 1 older one."), "{said:?}");
}

#[test]
fn nothing_is_shown_but_what_is_named() {
    let machine = linked();
    let app = Application(&machine, "privacyidea");
    for act in ["issue-both", "decline"] {
        app.does(act, "01");
    }
    for words in [&["inspect", PHONE, "-vv"][..], &["inspect", PHONE, "--json", "-vv"], &["store", "check", "-vv"]] {
        let ran = machine.run(words);
        let all = format!("{}{}", ran.exits(0).stdout, ran.stderr);
        assert!(HIDDEN.iter().all(|hidden| !all.contains(hidden)), "{all}");
        assert!(!all.contains("PIPU0002"), "of another token of the transaction nothing is told: {all}");
    }
    let names = challenges(&machine)[0].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let known = [
        "answerable",
        "answered",
        "created_at",
        "expires_at",
        "expires_in_seconds",
        "kept_until",
        "state",
        "transaction_id",
        "tries",
        "user",
    ];
    assert_eq!(names, known);
    // Another layout has none, and says so.
    assert!(Machine::laid_out("layout = \"frappe\"", FREE).inspect(PHONE)["challenges"].is_null());
}

#[test]
fn the_names_of_both_versions_are_read() {
    let machine = linked();
    Application(&machine, "privacyidea_next").does("issue", "01");
    let ran = machine.run(&["inspect", PHONE, "--json"]);
    assert_eq!(ran.exits(0).json()["challenges"][0]["transaction_id"], "01");
    assert!(!ran.stderr.contains("two versions"), "{ran:?}");
    Application(&machine, "privacyidea").does("issue", "02");
    let ran = machine.run(&["inspect", PHONE, "--json"]);
    assert_eq!(ran.exits(0).json()["challenges"].as_array().unwrap().len(), 2);
    assert!(ran.json()["checks"].to_string().contains("mixed_versions"), "{ran:?}");
    assert!(ran.stderr.contains("two versions of privacyIDEA"), "{ran:?}");
}

#[test]
fn every_token_of_a_phone_is_looked_at_and_a_phone_without_one_is_told() {
    let machine = machine(LAYOUT);
    Application(&machine, "privacyidea").does("issue-both", "01");
    let ran = machine.run(&["inspect", PHONE]);
    assert!(ran.exits(0).stdout.contains("is not linked to a privacyIDEA token"), "{ran:?}");
    assert!(ran.stderr.contains(&format!("otpctl user link SERIAL {PHONE}")), "{ran:?}");
    machine.run(&["inspect", &format!("user:{SERIAL}")]).exits(14);
    for serial in [SERIAL, "PIPU0002", "a*b {c}:d", "0"] {
        machine.run(&["user", "link", serial, PHONE]).exits(0);
    }
    let all = challenges(&machine);
    let mut serials: Vec<&str> = all.iter().map(|own| own["user"].as_str().unwrap()).collect();
    serials.sort_unstable();
    assert_eq!(serials, ["PIPU0002", SERIAL]);
}

#[test]
fn nothing_is_done_but_looking() {
    let machine = linked();
    let app = Application(&machine, "privacyidea");
    app.does("issue", "01");
    let keys = || {
        let one = |key: &str| machine.redis().cli(&["DUMP", key]);
        [one("pi:challenge:v1:txn:01"), one("pi:challenge:v1:serial:PISM0001")]
    };
    let before = keys();
    let delivered = r#"{"phone":"+919876543210","message_id":"1","state":"delivered"}"#;
    let commands: [&[&str]; 11] = [
        &["send", PHONE],
        &["send", PHONE, "--dry-run"],
        &["issue", PHONE],
        &["verify", PHONE, "123456"],
        &["revoke", PHONE],
        &["revoke", "--all", "-y"],
        &["unlock", PHONE],
        &["unlock", PHONE, "--limits"],
        &["list"],
        &["list", "--state", "locked"],
        &["wait", PHONE, "--timeout", "1s"],
    ];
    for words in commands {
        for format in ["human", "json"] {
            let ran = machine.run(&[words, &["-o", format]].concat());
            assert!(ran.exits(16).stderr.contains("the layout `privacyidea` does not allow "), "{ran:?}");
            assert!(ran.stderr.contains("only it can end them") && ran.stdout.is_empty(), "{ran:?}");
        }
    }
    let marked = machine.stdin(&["delivery", "record"], delivered.as_bytes());
    assert!(marked.exits(16).stderr.contains("does not allow recording delivery reports"), "{marked:?}");
    assert_eq!(keys(), before);
}

#[test]
fn no_pepper_is_needed() {
    let machine = machine(LAYOUT);
    let url = machine.redis().url();
    machine.write(".config/otpctl/otpctl.toml", &format!("[store.redis]\nurl = \"{url}\"\n{LAYOUT}\n"));
    machine.run(&["user", "link", SERIAL, PHONE]).exits(0);
    Application(&machine, "privacyidea").does("issue", "01");
    assert_eq!(challenges(&machine).len(), 1);
    machine.run(&["config", "check"]).exits(0);
    for words in [&["send", PHONE][..], &["issue", PHONE], &["verify", PHONE, "123456"]] {
        machine.run(words).exits(16);
    }
}

#[test]
fn what_is_no_challenge_is_an_error_and_what_is_gone_is_nothing() {
    let machine = linked();
    let app = Application(&machine, "privacyidea");
    let (set, hash) = ("pi:challenge:v1:serial:PISM0001", "pi:challenge:v1:txn:02");
    let cli = |words: &[&str]| machine.redis().cli(words);
    app.does("issue", "01");
    cli(&["SADD", set, "02", "\u{1b}[2J"]);
    assert_eq!(challenges(&machine).len(), 1, "a transaction that is over stays in the set");
    cli(&["HSET", hash, "PIPU0002", "nonsense of another token"]);
    assert_eq!(challenges(&machine).len(), 1);
    let strange = |why: &str| {
        let ran = machine.run(&["inspect", PHONE, "--json"]);
        assert!(ran.exits(24).stdout.is_empty());
        let message = ran.error()["message"].to_string();
        assert!(message.contains(why) && message.contains("`pi:challenge:v1:"), "{ran:?}");
        assert_eq!(ran.error()["hint"], "otpctl store check");
        let check = machine.run(&["store", "check"]);
        assert!(check.exits(0).stdout.contains("challenge_unreadable"), "{check:?}");
    };
    for bad in ["", "{", "[]", r#"{"transaction_id":"02","serial":"PISM0001"}"#] {
        cli(&["HSET", hash, SERIAL, bad]);
        if bad.is_empty() {
            machine.run(&["inspect", PHONE]).exits(24);
        } else {
            strange("it is no challenge of privacyIDEA's");
        }
    }
    let first = cli(&["HGET", "pi:challenge:v1:txn:01", SERIAL]);
    cli(&["HSET", hash, SERIAL, &first]);
    strange("it has the challenge of another token or transaction");
    for (key, kind) in [(hash, "list"), (set, "list")] {
        cli(&["DEL", key]);
        cli(&["RPUSH", key, "x"]);
        strange(&format!("it is a {kind}"));
        cli(&["DEL", key]);
        cli(&["SADD", set, "02"]);
    }
}

#[test]
fn a_huge_set_is_cut_and_that_is_said() {
    let machine = linked();
    Application(&machine, "privacyidea").does("issue", "01");
    let script = "for i = 1, 100000 do redis.call('SADD', KEYS[1], 'gone-' .. i) end return 1";
    machine.redis().cli(&["EVAL", script, "1", "pi:challenge:v1:serial:PISM0001"]);
    let ran = machine.run(&["inspect", PHONE, "--json"]);
    assert!(ran.exits(0).json()["checks"].to_string().contains("challenges_cut"), "{ran:?}");
    assert!(ran.stderr.contains("`PISM0001` has 100001 transactions, and not all were read"), "{ran:?}");
}

#[test]
fn keys_that_live_and_end_are_no_findings() {
    let machine = linked();
    let app = Application(&machine, "privacyidea");
    app.does("issue-both", "01");
    Application(&machine, "privacyidea_next").does("issue", "02");
    let check = || machine.run(&["store", "check", "--json"]).exits(0).json();
    assert_eq!(check()["findings"].as_array().unwrap().len(), 0, "{}", check());
    machine.redis().cli(&["PERSIST", "pi:challenge:v1:txn:01"]);
    machine.redis().cli(&["PERSIST", "pi:challenge:serial:PISM0001"]);
    let found = check()["findings"].to_string();
    assert!(found.contains("challenge_no_ttl"), "{found}");
    machine.run(&["store", "purge", "-y"]).exits(0);
    assert_eq!(machine.redis().cli(&["EXISTS", "pi:challenge:v1:txn:01", "pi:challenge:serial:PISM0001"]), "2");
}

#[test]
fn a_user_of_redis_who_may_only_read_is_enough() {
    let machine = linked();
    Application(&machine, "privacyidea").does("issue", "01");
    for role in ["support", "operator"] {
        let rules = machine.run(&["store", "acl", "--role", role, "--user", role, "--json"]).exits(0).json();
        let rules = rules["acl"][0]["rules"].as_array().unwrap().clone();
        let own: Vec<&str> = rules.iter().map(|rule| rule.as_str().unwrap()).collect();
        assert!(own.iter().all(|rule| !rule.contains("pi:") || rule.starts_with("%R~pi:challenge:")), "{own:?}");
        let words = [&["ACL", "SETUSER", role, ">pass"], &own[..]].concat();
        assert_eq!(machine.redis().cli(&words), "OK");
        let mut other = machine.elsewhere();
        other.user(role, "pass");
        assert_eq!(challenges(&other).len(), 1);
        other.run(&["store", "check"]).exits(0);
        let doctor = other.run(&["doctor"]).stdout.clone();
        assert!(doctor.contains("privacyIDEA's challenges can be read"), "{doctor}");
    }
    assert_eq!(machine.redis().cli(&["ACL", "SETUSER", "support", "-srandmember"]), "OK");
    let mut other = machine.elsewhere();
    other.user("support", "pass");
    other.run(&["inspect", PHONE]).exits(21);
    let doctor = other.run(&["doctor"]);
    assert!(doctor.exits(21).stdout.contains("otpctl store acl --role support"), "{doctor:?}");
}

#[test]
fn of_its_keys_nothing_else_can_be_said() {
    let machine = machine("layout = { preset = \"privacyidea\" }");
    let shown = machine.run(&["config", "show", "--json"]).exits(0).stdout.clone();
    assert!(shown.contains("privacyidea") && shown.contains("store.redis.layout.allows"), "{shown}");
    let checked = machine.run(&["config", "check"]).exits(0).stdout.clone();
    assert!(checked.contains("privacyIDEA's challenges can only be shown"), "{checked}");
    for (lines, said) in [
        ("layout = { preset = \"privacyidea\", key = \"pi:{user}\" }", "remove this key"),
        ("layout = { preset = \"privacyidea\", keys = \"x\" }", "unknown key `keys`"),
        ("layout = \"privacyidee\"", "did you mean `privacyidea`?"),
    ] {
        let machine = Machine::laid_out(lines, "");
        let ran = machine.run(&["config", "check"]);
        assert!(ran.exits(30).stderr.contains(said), "{lines}: {ran:?}");
    }
}
