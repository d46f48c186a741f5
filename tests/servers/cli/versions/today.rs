//! Each interesting state of a store: how it comes about, and what it means ever after. What makes it today has to write
//! the same fields as the fixture has.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use super::{Fixture, OTHER, RECORD, SETTINGS, attempt, fixtures, folder, issue, reading, settings, timeline};
use crate::support::cli::{Machine, PHONE, Ran, wrong_codes};
use crate::support::until::until;

/// One interesting state of a store: how it comes about, and what it means ever after.
pub(super) fn case(
    name: &str,
    make: impl Fn(&Machine) -> Vec<(&'static str, String)>,
    means: impl Fn(&Machine, &Fixture),
) {
    case_in("", name, make, means);
}

/// The same, with these further lines of `[store.redis]`.
fn case_in(
    store: &str,
    name: &str,
    make: impl Fn(&Machine) -> Vec<(&'static str, String)>,
    means: impl Fn(&Machine, &Fixture),
) {
    let machine = Machine::laid_out(store, &settings(""));
    let facts = make(&machine);
    let today = Fixture::of(name, machine.redis(), &facts);
    let shape_of = |path: &Path| Fixture::read(path).shape();
    let write = |path: &Path| fs::write(path, today.text()).unwrap();
    for path in fixtures(&format!("{name}.txt"), &today.shape(), shape_of, write) {
        let fixture = Fixture::read(&path);
        means(&reading(store, &fixture), &fixture);
    }
}

/// What `inspect` shows of the newest code of a phone: its state, and how its SMS ended.
pub(super) fn newest(machine: &Machine, phone: &str) -> Value {
    machine.inspect(phone)["deliveries"][0].clone()
}

#[track_caller]
pub(super) fn answers(ran: &Ran, code: i32, result: &str, reason: Option<&str>) {
    let answer = ran.exits(code).json();
    assert_eq!((&answer["result"], &answer["reason"]), (&json!(result), &json!(reason)), "{answer}");
}

#[test]
fn a_code_that_was_printed_is_read_ever_after() {
    case(
        "issued",
        |machine| {
            let issued = machine.run(&["issue", PHONE, "--json"]).exits(0).json();
            let (code, id) = (issued["code"].as_str().unwrap(), issued["challenge_id"].as_str().unwrap());
            let listed = machine.run(&["list", "--json"]).exits(0).json();
            let of_phone = listed["codes"][0]["ref"].as_str().unwrap();
            vec![("code", code.to_owned()), ("challenge", id.to_owned()), ("ref", of_phone.to_owned())]
        },
        |machine, fixture| {
            assert_eq!(machine.inspect(PHONE)["live_code"]["state"], "issued");
            // Ids are opened by the pepper alone, whatever the store has.
            for id in ["challenge", "ref"] {
                let screen = machine.inspect(fixture.fact(id));
                assert_eq!(screen["live_code"]["challenge_id"], fixture.fact("challenge"), "{screen}");
            }
            let listed = machine.run(&["list", "--json"]).exits(0).json();
            assert_eq!(
                (&listed["codes"][0]["state"], &listed["codes"][0]["ref"]),
                (&"issued".into(), &fixture.fact("ref").into())
            );
            let code = fixture.fact("code");
            answers(&attempt(machine, &wrong_codes(code).next().unwrap(), &[]), 10, "wrong", None);
            answers(&attempt(machine, code, &[]), 0, "ok", None);
            answers(&attempt(machine, code, &[]), 11, "no_code", Some("used"));
            assert_eq!(timeline(machine, PHONE), ["verify no_code", "verify ok", "verify wrong", "send issued"]);
        },
    );
}

#[test]
fn a_code_that_was_sent_is_read_ever_after() {
    case(
        "sent",
        |machine| {
            machine.configure(&format!("{SETTINGS}[routes]\ndefault = [\"outbox\"]\n"));
            machine.run(&["send", PHONE, "--purpose", "reset", "--ttl", "250s"]).exits(0);
            let code = machine.outbox()[0]["code"].as_str().unwrap().to_owned();
            machine.configure(&settings(""));
            machine.run(&["send", OTHER]).exits(0);
            vec![("code", code)]
        },
        |machine, fixture| {
            let sent = newest(machine, OTHER);
            assert_eq!((&sent["state"], &sent["provider"]), (&"sent".into(), &"works".into()), "{sent}");
            assert_eq!(sent["provider_message_id"], "message-1", "{sent}");
            // The wait after a send holds.
            let refused = machine.run(&["send", OTHER, "--json"]).exits(13).error();
            assert!(refused["retry_after_seconds"].as_u64().is_some_and(|wait| (1..=30).contains(&wait)), "{refused}");
            let limits = machine.inspect(PHONE)["limits"].to_string();
            assert!(limits.contains("phone") && limits.contains("prefix"), "{limits}");
            answers(&attempt(machine, fixture.fact("code"), &[]), 11, "no_code", Some("never_issued"));
            answers(&attempt(machine, fixture.fact("code"), &["--purpose", "reset"]), 0, "ok", None);
        },
    );
}

#[test]
fn a_code_whose_sender_was_killed_is_read_ever_after() {
    case(
        "pending",
        |machine| {
            let mut sending =
                machine.command(&["send", PHONE, "--provider", "slow"]).stderr(Stdio::null()).spawn().unwrap();
            until("it is reserved", || machine.redis().cli(&["EXISTS", RECORD]) == "1");
            sending.kill().unwrap();
            sending.wait().unwrap();
            Vec::new()
        },
        |machine, _| {
            assert_eq!(machine.inspect(PHONE)["live_code"]["state"], "pending");
            let listed = machine.run(&["list", "--state", "pending", "--json"]).exits(0).json();
            assert_eq!(listed["codes"].as_array().unwrap().len(), 1, "{listed}");
            assert_eq!(machine.run(&["revoke", PHONE, "--json"]).exits(0).json()["revoked"], 1);
        },
    );
}

#[test]
fn a_send_of_each_other_end_is_read_ever_after() {
    case(
        "not_sent",
        |machine| {
            machine.run(&["send", PHONE, "--provider", "closed"]).exits(25);
            machine.run(&["send", OTHER, "--provider", "breaks", "--idempotency-key", "once"]).exits(27);
            Vec::new()
        },
        |machine, _| {
            let (closed, broken) = (newest(machine, PHONE), newest(machine, OTHER));
            assert_eq!((&closed["state"], &broken["state"]), (&"failed".into(), &"unknown".into()));
            assert!(closed["detail"].as_str().unwrap().contains("account closed"), "{closed}");
            assert_eq!(machine.inspect(OTHER)["live_code"]["state"], "unknown");
            let listed = machine.run(&["list", "--state", "unknown", "--json"]).exits(0).json();
            assert_eq!(listed["codes"].as_array().unwrap().len(), 1, "{listed}");
            // The same send again is told how the first one ended, and sends nothing.
            machine.run(&["send", OTHER, "--provider", "breaks", "--idempotency-key", "once"]).exits(27);
            machine.run(&["send", PHONE, "--provider", "works"]).exits(0);
        },
    );
}

#[test]
fn answers_to_attempts_are_read_ever_after() {
    case(
        "attempts",
        |machine| {
            let code = issue(machine, &[]);
            let wrong = wrong_codes(&code).next().unwrap();
            attempt(machine, &wrong, &["--attempt-id", "at_wrong"]).exits(10);
            attempt(machine, &code, &["--attempt-id", "at_right"]).exits(0);
            let last = issue(machine, &[]);
            attempt(machine, &wrong_codes(&last).next().unwrap(), &["--attempt-id", "at_last"]).exits(10);
            vec![("code", code), ("wrong", wrong), ("last", last)]
        },
        |machine, fixture| {
            let (code, wrong) = (fixture.fact("code"), fixture.fact("wrong"));
            answers(&attempt(machine, wrong, &["--attempt-id", "at_wrong"]), 10, "wrong", None);
            let again = attempt(machine, code, &["--attempt-id", "at_right"]);
            answers(&again, 0, "ok", None);
            assert_eq!(again.json()["replayed"], true);
            attempt(machine, wrong, &["--attempt-id", "at_right"]).exits(15);
            let third = wrong_codes(fixture.fact("last")).nth(1).unwrap();
            let counted = attempt(machine, &third, &[]).exits(10).json();
            assert_eq!(
                (&counted["failures_consecutive"], &counted["attempts_left"]),
                (&2.into(), &3.into()),
                "{counted}"
            );
        },
    );
}

#[test]
fn a_code_that_was_replaced_or_revoked_is_read_ever_after() {
    case(
        "ended",
        |machine| {
            let first = issue(machine, &[]);
            let second = issue(machine, &[]);
            let reset = issue(machine, &["--purpose", "reset"]);
            machine.run(&["revoke", PHONE, "--purpose", "reset", "--reason", "lost"]).exits(0);
            vec![("first", first), ("second", second), ("reset", reset)]
        },
        |machine, fixture| {
            answers(&attempt(machine, fixture.fact("first"), &[]), 10, "wrong", Some("superseded_code"));
            answers(&attempt(machine, fixture.fact("reset"), &["--purpose", "reset"]), 11, "no_code", Some("revoked"));
            answers(&attempt(machine, fixture.fact("second"), &[]), 0, "ok", None);
        },
    );
}

#[test]
fn failures_and_locks_are_read_ever_after() {
    case(
        "locked",
        |machine| {
            let code = issue(machine, &[]);
            for wrong in wrong_codes(&code).take(5) {
                machine.verify(PHONE, &wrong);
            }
            machine.configure(&settings("[limits]\nlocks = { 1 = \"1h\" }\n"));
            let timed = issue(machine, &["--purpose", "timed"]);
            attempt(machine, &wrong_codes(&timed).next().unwrap(), &["--purpose", "timed"]).exits(12);
            machine.configure(&settings("[limits]\nlocks = { 1 = \"hard\" }\n"));
            let hard = issue(machine, &["--purpose", "hard"]);
            attempt(machine, &wrong_codes(&hard).next().unwrap(), &["--purpose", "hard"]).exits(12);
            vec![("code", code), ("timed", timed), ("hard", hard)]
        },
        |machine, fixture| {
            answers(&attempt(machine, fixture.fact("code"), &[]), 12, "locked", Some("attempts_exhausted"));
            let timed = attempt(machine, fixture.fact("timed"), &["--purpose", "timed"]);
            answers(&timed, 12, "locked", Some("timed_lock"));
            assert!(timed.json()["locked_until"].is_string());
            answers(&attempt(machine, fixture.fact("hard"), &["--purpose", "hard"]), 12, "locked", Some("hard_lock"));
            assert_eq!(machine.redis().cli(&["PTTL", RECORD]), "-1");
            let listed = machine.run(&["list", "--state", "locked", "--json"]).exits(0).json();
            assert_eq!(listed["codes"].as_array().unwrap().len(), 2, "{listed}");
            machine.run(&["unlock", PHONE, "--purpose", "hard"]).exits(0);
            attempt(machine, fixture.fact("hard"), &["--purpose", "hard"]).exits(0);
            assert_ne!(machine.redis().cli(&["PTTL", RECORD]), "-1");
            // What was counted before the code goes on with the next one.
            let next = issue(machine, &[]);
            let counted = attempt(machine, &wrong_codes(&next).next().unwrap(), &[]).exits(10).json();
            assert_eq!(counted["failures_consecutive"], 6, "{counted}");
        },
    );
}

#[test]
fn what_became_of_an_sms_is_read_ever_after() {
    case(
        "reported",
        |machine| {
            let mut reports = String::new();
            for (phone, state) in [(PHONE, "delivered"), (OTHER, "failed")] {
                let sent = machine.run(&["send", phone, "--json"]).exits(0).json();
                let mut report = json!({"phone": phone, "challenge_id": sent["challenge_id"], "state": state});
                if state == "failed" {
                    report["reason"] = "handset_off".into();
                    report["code"] = "27".into();
                    report["said"] = "absent subscriber".into();
                }
                writeln!(reports, "{report}").unwrap();
            }
            machine.stdin(&["delivery", "record", "--json"], reports.as_bytes()).exits(0);
            Vec::new()
        },
        |machine, _| {
            let (delivered, failed) = (newest(machine, PHONE), newest(machine, OTHER));
            assert_eq!(
                (&delivered["delivery_state"], &failed["delivery_state"]),
                (&"delivered".into(), &"failed".into())
            );
            assert_eq!(
                (&failed["delivery_reason"], &failed["delivery_code"]),
                (&"handset_off".into(), &"27".into()),
                "{failed}"
            );
            machine.run(&["wait", PHONE, "--for", "delivered", "--timeout", "1s"]).exits(0);
            machine.run(&["wait", OTHER, "--for", "delivered", "--timeout", "1s"]).exits(17);
            assert_eq!(timeline(machine, OTHER), ["delivery failed", "send sent", "send pending"]);
        },
    );
}

#[test]
fn a_send_that_may_be_asked_for_again_is_read_ever_after() {
    let keyed = ["send", PHONE, "--idempotency-key", "once", "--json"];
    case(
        "keyed",
        |machine| {
            let id = machine.run(&keyed).exits(0).json()["challenge_id"].as_str().unwrap().to_owned();
            // As many codes after it as make its own be dropped: the key keeps what came of it.
            for _ in 0..6 {
                issue(machine, &[]);
            }
            vec![("challenge", id)]
        },
        |machine, fixture| {
            let again = machine.run(&keyed).exits(0).json();
            assert_eq!(
                (&again["replayed"], &again["challenge_id"]),
                (&true.into(), &fixture.fact("challenge").into()),
                "{again}"
            );
            machine.run(&[&keyed[..], &["--ttl", "99s"]].concat()).exits(15);
        },
    );
}

#[test]
fn users_of_phones_are_read_ever_after() {
    case(
        "users",
        |machine| {
            for (user, phone) in [("u_1", PHONE), ("u_2", PHONE), ("u_1", OTHER), ("u 3", OTHER), ("u 3", PHONE)] {
                machine.run(&["user", "link", user, phone, "--reason", "asked"]).exits(0);
            }
            machine.run(&["user", "unlink", "u 3", PHONE]).exits(0);
            machine.run(&["user", "unlink", "u 3", OTHER]).exits(0);
            let used = issue(machine, &["--user", "u_2"]);
            attempt(machine, &used, &[]).exits(0);
            vec![("code", issue(machine, &["--user", "u_1"]))]
        },
        |machine, fixture| {
            let shown = machine.run(&["user", "show", "u_1", "--json", "--unmask"]).exits(0).json();
            let phones: Vec<&Value> = shown["phones"].as_array().unwrap().iter().map(|phone| &phone["phone"]).collect();
            assert_eq!(phones, [PHONE, OTHER], "{shown}");
            let users = machine.inspect(PHONE)["users"].clone();
            assert!(users[0]["verified_at"].is_null() && users[1]["verified_at"].is_string(), "{users}");
            let listed = machine.run(&["user", "list", "--json"]).exits(0).stdout.clone();
            assert!(listed.contains("u_1") && listed.contains("u_2") && !listed.contains("u 3"), "{listed}");
            answers(&attempt(machine, fixture.fact("code"), &["--user", "u_2"]), 11, "no_code", Some("used"));
            attempt(machine, fixture.fact("code"), &["--user", "u_1"]).exits(0);
            assert_eq!(machine.run(&["store", "check", "--json"]).exits(0).json()["findings"], json!([]));
            machine.run(&["user", "move", "u_1", "+919876543212"]).exits(0);
            machine.run(&["user", "show", OTHER]).exits(14);
        },
    );
}

#[test]
fn a_move_that_was_killed_half_way_is_read_ever_after() {
    case(
        "moving",
        |machine| {
            machine.run(&["user", "link", "u_1", PHONE]).exits(0);
            // The second of its steps fails at the old phone, as if it had been killed there.
            let record = format!("otpctl:{{{PHONE}}}:record");
            machine.redis().cli(&["LPUSH", &record, "in the way"]);
            assert_ne!(machine.run(&["user", "move", "u_1", OTHER]).code, 0);
            machine.redis().cli(&["DEL", &record]);
            Vec::new()
        },
        |machine, _| {
            machine.run(&["user", "show", PHONE]).exits(0);
            machine.run(&["user", "show", OTHER]).exits(0);
            machine.run(&["user", "move", "u_1", OTHER]).exits(0);
            machine.run(&["user", "show", PHONE]).exits(14);
            machine.run(&["user", "show", OTHER]).exits(0);
        },
    );
}

#[test]
fn what_is_counted_over_many_phones_is_read_ever_after() {
    case(
        "counters",
        |machine| {
            for last in 0..4 {
                machine.run(&["send", &format!("+91987654321{last}")]).exits(0);
            }
            Vec::new()
        },
        |machine, fixture| {
            // Five neighbors are a run, and four are remembered.
            machine.configure(&settings("").replace("[policy]\n", "[policy]\nbrakes = \"enforce\"\n"));
            machine.run(&["send", "+919876543214"]).exits(16);
            machine.configure(&settings("[limits]\nper_prefix = { \"1h\" = 4 }\n"));
            machine.run(&["send", "+919876549999"]).exits(13);
            // What the first versions counted for a country is not read on: it is one window at most.
            if fixture.held.iter().any(|held| held.key.ends_with(":counts")) {
                machine.configure(&settings("[limits]\nper_prefix = {}\nper_country = { \"1h\" = 4 }\n"));
                machine.run(&["send", "+919876599999"]).exits(13);
            }
        },
    );
}

#[test]
fn failures_of_a_gateway_are_read_ever_after() {
    let paused =
        format!("{SETTINGS}[routes]\ndefault = [\"busy\", \"works\"]\npass_over = {{ after = 2, for = \"60s\" }}\n");
    case(
        "circuit",
        |machine| {
            machine.configure(&paused);
            machine.run(&["send", PHONE]).exits(0);
            machine.run(&["send", OTHER]).exits(0);
            Vec::new()
        },
        |machine, _| {
            machine.configure(&paused);
            let doctor = machine.run(&["doctor", "--json"]).json();
            let of_it = doctor["checks"].as_array().unwrap().iter().find(|check| check["id"] == "providers.busy");
            assert_eq!(of_it.unwrap()["status"], "warn", "{doctor}");
            let sent = machine.run(&["send", "+919876543212"]);
            assert!(!sent.exits(0).stderr.contains("exit status 75"), "it is not asked: {sent:?}");
        },
    );
}

#[test]
fn a_code_beside_an_application_is_read_ever_after() {
    let key = format!("otp:{PHONE}");
    let set = |machine: &Machine, code: &str| machine.redis().cli(&["SET", &key, code, "EX", "300"]);
    case_in(
        "layout = \"frappe\"",
        "adopted",
        |machine| {
            // One of the application's own, one of ours, and one of its own again.
            set(machine, "0421");
            attempt(machine, "0422", &[]).exits(10);
            let ours = issue(machine, &[]);
            attempt(machine, &ours, &[]).exits(0);
            issue(machine, &[]);
            set(machine, "0423");
            attempt(machine, "0424", &[]).exits(10);
            let id = machine.inspect(PHONE)["live_code"]["challenge_id"].as_str().unwrap().to_owned();
            vec![("code", "0423".to_owned()), ("challenge", id)]
        },
        |machine, fixture| {
            let screen = machine.inspect(PHONE);
            assert_eq!(screen["live_code"]["challenge_id"], fixture.fact("challenge"), "{screen}");
            assert_eq!(machine.inspect(fixture.fact("challenge"))["live_code"], screen["live_code"]);
            let counted = attempt(machine, "0425", &[]).exits(10).json();
            assert_eq!(counted["failures_consecutive"], 2, "{counted}");
            attempt(machine, fixture.fact("code"), &[]).exits(0);
        },
    );
}

/// What no build of today writes any more.
#[test]
fn what_earlier_builds_left_out_is_read_as_they_meant_it() {
    let fixture = Fixture::read(&folder().join("earlier/fields.txt"));
    let machine = reading("", &fixture);
    let again = machine.run(&["send", PHONE, "--user", "u_1", "--idempotency-key", "once", "--json"]).exits(0).json();
    assert_eq!((&again["replayed"], &again["state"]), (&true.into(), &"sent".into()), "{again}");
    let wrong = attempt(&machine, &wrong_codes(fixture.fact("code")).next().unwrap(), &[]).exits(10).json();
    assert_eq!(wrong["failures_consecutive"], 3, "{wrong}");
    attempt(&machine, fixture.fact("code"), &[]).exits(0);
    assert_eq!(machine.run(&["store", "check", "--json"]).exits(0).json()["findings"], json!([]));
    machine.run(&["user", "move", "u_1", OTHER]).exits(0);
    machine.run(&["user", "show", PHONE]).exits(14);
}
