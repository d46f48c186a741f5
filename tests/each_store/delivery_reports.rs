//! `delivery record`: what a vendor told the application, in its own form or in ours.
//! These hold on every store.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use super::on_each_store;
use crate::support::cli::{FREE, Machine, PHONE, Ran};
use crate::support::gateway::Gateway;

const OTHER: &str = "+919876543211";

pub const ACCOUNT: &str = "AC00000000000000000000000000000001";

/// Twilio and MSG91; each message has an id of its own: `SM1`, `SM2` …, and `m1`, `m2` ….
pub fn gateways() -> (Gateway, String) {
    let gateway = Gateway::replying(|turn, request| {
        let id = turn + 1;
        if request.starts_with("POST /2010-04-01/") {
            ("201 Created".to_owned(), format!(r#"{{"sid":"SM{id}","status":"queued"}}"#))
        } else {
            ("200 OK".to_owned(), format!(r#"{{"message":"m{id}","type":"success"}}"#))
        }
    });
    let url = &gateway.base_url;
    let settings = format!(
        "{FREE}[policy]\ncountries = [\"IN\"]\n[routes]\ndefault = [\"twilio\"]\n\
         [providers.twilio]\naccount_sid = \"{ACCOUNT}\"\nauth_token = \"0a1b2c3dsecret4e5f\"\nfrom = \"+15005550006\"\n\
         base_url = \"{url}\"\n\
         [providers.msg91]\nauthkey = \"387421A\"\ntemplate_id = \"64b1f0c2d6fc0551a1b2c3d4\"\n\
         variables = {{ var1 = \"{{{{ code }}}}\" }}\nbase_url = \"{url}\"\n"
    );
    (gateway, settings)
}

/// Sends, and gives the ids of the challenge and of the message.
pub fn send(machine: &Machine, words: &[&str]) -> (String, String) {
    let sent = machine.run(&[&["send", "--json"], words].concat()).exits(0).json();
    let text = |field: &str| sent[field].as_str().unwrap().to_owned();
    (text("challenge_id"), text("provider_message_id"))
}

/// Hands in a form of Twilio's.
pub fn twilio(machine: &Machine, id: &str, phone: &str, status: &str, code: &str) -> Ran {
    let phone = phone.replace('+', "%2B");
    let form = format!("MessageSid={id}&MessageStatus={status}&To={phone}&From=%2B15005550006&ErrorCode={code}\n");
    machine.stdin(&["delivery", "record", "--provider", "twilio", "--json"], form.as_bytes())
}

/// Hands in reports of our own form.
pub fn own(machine: &Machine, reports: &[Value]) -> Ran {
    let lines = reports.iter().fold(String::new(), |mut lines, report| {
        writeln!(lines, "{report}").unwrap();
        lines
    });
    machine.stdin(&["delivery", "record", "--json"], lines.as_bytes())
}

pub fn counts(ran: &Ran) -> [u64; 3] {
    let document = ran.exits(0).json();
    assert_eq!(document["schema"], "otpctl.delivery_record/1");
    ["recorded", "unchanged", "refused"].map(|field| document[field].as_u64().unwrap())
}

/// The events of a phone that are about deliveries, the oldest first.
pub fn told(machine: &Machine, phone: &str) -> Vec<String> {
    let timeline = machine.inspect(phone)["timeline"].as_array().unwrap().clone();
    let told = timeline.iter().rev().filter(|event| event["event"] == "delivery");
    told.map(|event| event["result"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_report_twice_changes_nothing() {
    let (_gateway, settings) = gateways();
    on_each_store(&settings, |machine| {
        let (challenge, id) = send(machine, &[PHONE]);
        assert_eq!(counts(&twilio(machine, &id, PHONE, "sent", "")), [1, 0, 0]);
        assert_eq!(counts(&twilio(machine, &id, PHONE, "sent", "")), [0, 1, 0]);
        let recorded = twilio(machine, &id, PHONE, "undelivered", "30003").exits(0).json();
        let row = &recorded["reports"][0];
        assert_eq!((&row["result"], &row["challenge_id"]), (&"recorded".into(), &challenge.into()));
        assert_eq!((&row["delivery_state"], &row["delivery_reason"]), (&"failed".into(), &"handset_off".into()));
        // The vendor wrote the number, and not the caller.
        assert_eq!(row["phone"], "+91*******210");
        assert_eq!(counts(&twilio(machine, &id, PHONE, "undelivered", "30003")), [0, 1, 0]);
        assert_eq!(told(machine, PHONE), ["sent", "failed"]);
        let shown = machine.inspect(PHONE);
        let delivery = &shown["deliveries"][0];
        assert_eq!(
            (&delivery["delivery_state"], &delivery["delivery_word"]),
            (&"failed".into(), &"undelivered".into())
        );
        assert!(delivery["reported_at"].is_string(), "{delivery}");
        assert!(shown["summary"].as_str().unwrap().contains("did not arrive: the handset is switched off"), "{shown}");
    });
}

#[test]
fn reports_out_of_order_never_go_back() {
    let (_gateway, settings) = gateways();
    on_each_store(&settings, |machine| {
        let (_, id) = send(machine, &[PHONE]);
        let say = |status: &str| counts(&twilio(machine, &id, PHONE, status, ""));
        assert_eq!(say("sent"), [1, 0, 0]);
        assert_eq!(say("queued"), [0, 1, 0]);
        assert_eq!(say("delivered"), [1, 0, 0]);
        for late in ["sent", "undelivered", "queued", "delivered"] {
            assert_eq!(say(late), [0, 1, 0], "{late}");
        }
        assert_eq!(told(machine, PHONE), ["sent", "delivered"]);
        assert_eq!(machine.run(&["list", "--json"]).exits(0).json()["codes"][0]["delivery_state"], "delivered");
        // All of them at once are one step, and the same.
        let (_, id) = send(machine, &[OTHER]);
        let report = |state: &str| json!({"phone": OTHER, "message_id": id, "state": state});
        assert_eq!(counts(&own(machine, &["delivered", "failed", "sent"].map(report))), [1, 2, 0]);
    });
}

#[test]
fn forged_reports_and_those_for_another_number_are_refused_and_told() {
    let (_gateway, settings) = gateways();
    on_each_store(&settings, |machine| {
        let (challenge, id) = send(machine, &[PHONE]);
        let (theirs, _) = send(machine, &[OTHER]);
        let before = machine.inspect(OTHER)["deliveries"].clone();
        for ran in [
            twilio(machine, "SM99", PHONE, "delivered", ""),
            twilio(machine, &id, OTHER, "delivered", ""),
            twilio(machine, &id, "+91987", "delivered", ""),
            own(machine, &[json!({"phone": PHONE, "message_id": "SM99", "state": "failed"})]),
            own(machine, &[json!({"phone": PHONE, "provider": "msg91", "message_id": id, "state": "failed"})]),
            own(machine, &[json!({"challenge_id": theirs, "message_id": id, "state": "failed"})]),
            own(machine, &[json!({"phone": OTHER, "challenge_id": challenge, "state": "failed"})]),
            own(machine, &[json!({"challenge_id": "ch_nosuch", "state": "failed"})]),
        ] {
            assert_eq!(counts(&ran), [0, 0, 1]);
            assert!(ran.stderr.starts_with("warning: refused: no SMS to "), "{}", ran.stderr);
        }
        assert_eq!(machine.inspect(OTHER)["deliveries"], before);
        assert_eq!(told(machine, OTHER), ["refused"; 3]);
        assert_eq!(told(machine, PHONE), ["refused"; 3]);
        assert_eq!(machine.inspect(PHONE)["deliveries"][0]["delivery_state"], Value::Null);
        // A number that never had a code leaves no trace at all.
        let stranger = "+919876543299";
        assert_eq!(counts(&twilio(machine, &id, stranger, "delivered", "")), [0, 0, 1]);
        assert_eq!(machine.inspect(stranger)["timeline"], json!([]));
    });
}

#[test]
fn a_report_ends_the_wait_of_another_process() {
    let (_gateway, settings) = gateways();
    on_each_store(&settings, |machine| {
        for (state, exit) in [("delivered", 0), ("failed", 17)] {
            let (_, id) = send(machine, &[PHONE, "--provider", "msg91"]);
            let mut waiting = machine.command(&["wait", PHONE, "--json"]).stdin(Stdio::null()).spawn().unwrap();
            sleep(Duration::from_millis(800));
            assert!(waiting.try_wait().unwrap().is_none(), "nothing is known yet");
            let report = json!({"phone": PHONE, "provider": "msg91", "message_id": id, "state": state,
                "reason": (state == "failed").then_some("do_not_disturb"), "code": "9"});
            assert_eq!(counts(&own(machine, &[report])), [1, 0, 0]);
            let output = waiting.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(exit));
            let waited: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!((&waited["delivery_state"], &waited["asked_provider"]), (&state.into(), &false.into()));
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert_eq!(stderr.matches("msg91 has no status call").count(), 1, "{stderr}");
        }
    });
}

#[test]
fn a_code_is_a_code_and_words_are_words() {
    let (_gateway, settings) = gateways();
    on_each_store(&settings, |machine| {
        let (challenge, id) = send(machine, &[PHONE, "--provider", "msg91"]);
        let report = json!({"requestId": id, "number": "919876543210", "status": "9", "desc": "NDNC"}).to_string();
        let words = ["delivery", "record", "--provider", "msg91", "--json"];
        let row = machine.stdin(&words, report.as_bytes()).exits(0).json()["reports"][0].clone();
        let waited = machine.run(&["wait", &challenge, "--json"]).exits(17).json();
        let kept = machine.inspect(PHONE)["deliveries"][0].clone();
        for document in [&row, &waited, &kept] {
            assert_eq!((&document["delivery_code"], &document["delivery_said"]), (&"9".into(), &"NDNC".into()));
            let text = document["reason_text"].as_str().unwrap();
            assert!(text.ends_with("register (9: NDNC)"), "{text}");
        }
        // Our own form says them apart too.
        let (challenge, _) = send(machine, &[OTHER]);
        let report = json!({"challenge_id": challenge, "state": "failed", "code": "27", "said": "Absent"});
        let row = own(machine, &[report]).exits(0).json()["reports"][0].clone();
        assert_eq!((&row["delivery_code"], &row["delivery_said"]), (&"27".into(), &"Absent".into()));
        assert_eq!(row["reason_text"], "27: Absent");
    });
}

#[test]
fn a_rehearsal_says_in_every_row_that_nothing_was_recorded() {
    let (_gateway, settings) = gateways();
    on_each_store(&settings, |machine| {
        let (first, _) = send(machine, &[PHONE]);
        let (second, _) = send(machine, &[OTHER]);
        let line = |id: &str| json!({"challenge_id": id, "state": "delivered"}).to_string() + "\n";
        let text = line(&first) + &line(&second) + &line("ch_nosuch");
        let rehearse = |form: &[&str]| {
            let ran = machine.stdin(&[&["delivery", "record", "--dry-run"], form].concat(), text.as_bytes());
            ran.exits(0);
            ran
        };
        let document = rehearse(&["--json"]).json();
        let results: Vec<&str> =
            document["reports"].as_array().unwrap().iter().map(|row| row["result"].as_str().unwrap()).collect();
        assert_eq!(results, ["would_record", "would_record", "refused"]);
        assert_eq!((&document["recorded"], &document["dry_run"]), (&2.into(), &true.into()));
        for row in rehearse(&["-o", "jsonl"]).stdout.lines().take(2) {
            assert!(row.contains(r#""result":"would_record""#), "{row}");
        }
        assert_eq!(rehearse(&[]).stdout.matches("would record\t").count(), 2);
        assert_eq!(told(machine, PHONE), [""; 0]);
    });
}

#[test]
fn of_the_same_report_in_eight_processes_one_is_news() {
    let (_gateway, settings) = gateways();
    on_each_store(&settings, |machine| {
        let (challenge, _) = send(machine, &[PHONE]);
        let report = json!({"challenge_id": challenge, "state": "delivered"}).to_string();
        let start = |_| {
            let words = ["delivery", "record", "--json", "--timeout", "30s"];
            let mut child = machine.command(&words).stdin(Stdio::piped()).spawn().unwrap();
            child.stdin.take().unwrap().write_all(report.as_bytes()).unwrap();
            child
        };
        let children: Vec<Child> = (0..8).map(start).collect();
        let recorded = children.into_iter().map(|child| {
            let output = child.wait_with_output().unwrap();
            let document: Value = serde_json::from_slice(&output.stdout).unwrap();
            document["recorded"].as_u64().unwrap()
        });
        assert_eq!(recorded.sum::<u64>(), 1);
        assert_eq!(told(machine, PHONE), ["delivered"]);
    });
}

#[test]
fn another_event_of_the_same_webhook_is_not_a_report_and_no_failure() {
    let (_gateway, settings) = gateways();
    on_each_store(&settings, |machine| {
        let (_, id) = send(machine, &[PHONE]);
        let record = |body: &str, words: &[&str]| {
            machine.stdin(&[&["delivery", "record", "--provider", "twilio"], words].concat(), body.as_bytes())
        };
        let inbound =
            "SmsMessageSid=SM9&SmsStatus=received&Body=Hello&MessageSid=SM9&From=%2B919876543210&To=%2B15005550006";
        let document = record(inbound, &["--json"]).exits(0).json();
        assert_eq!((&document["not_reports"], &document["recorded"]), (&1.into(), &0.into()));
        let row = &document["reports"][0];
        assert_eq!((&row["result"], &row["event"]), (&"not_a_report".into(), &"inbound message".into()));
        assert_eq!((&row["phone"], &row["reported_word"]), (&Value::Null, &Value::Null));
        assert!(!document.to_string().contains("9876543210"), "nothing of it is shown: {document}");
        let line = record(inbound, &["-o", "jsonl"]).exits(0).stdout.clone();
        let row: Value = serde_json::from_str(line.trim()).unwrap();
        assert_eq!((&row["schema"], &row["result"]), (&"otpctl.delivery_record_row/1".into(), &"not_a_report".into()));
        let said = record(inbound, &[]).exits(0).stdout.clone();
        assert_eq!(said, "Not a delivery report (inbound message): nothing to record.\n");
        assert_eq!(told(machine, PHONE), Vec::<String>::new(), "nothing is recorded of it");
        // A report still is one, and garbage still is none.
        assert_eq!(counts(&twilio(machine, &id, PHONE, "delivered", "")), [1, 0, 0]);
        for garbage in ["", "hello", "{", "[]", "{}", "a=b", "MessageSid=SM1", "null", "<xml/>", "event=click"] {
            record(garbage, &["--json"]).exits(2);
        }
    });
}
