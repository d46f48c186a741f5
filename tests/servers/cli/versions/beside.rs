//! The states that came with directories, channels and codes made elsewhere: how each comes about, and what it means ever
//! after.

use serde_json::{Value, json};

use super::today::{answers, case, newest};
use super::{OTHER, RECORD, attempt, settings, timeline};
use crate::each_store::channels::{ALL_SILENT, Behavior, Vendors, route};
use crate::each_store::provider_faults::{NO, TOOK, code, policy, twilio};
use crate::support::cli::{FREE, Machine, PHONE, wrong_codes};
use crate::support::gateway::Gateway;
use crate::support::until::until;

/// What is remembered of a gateway that did not take feedback.
const FEEDBACK: &str = "otpctl:{provider:main}:feedback";

#[test]
fn feedback_that_a_gateway_did_not_take_is_read_ever_after() {
    let refuses = || {
        Gateway::replying(|_, request| {
            let is_feedback = request.contains("/Feedback.json");
            let (head, body) = if is_feedback { ("401 X", NO) } else { ("201 Created", TOOK) };
            (head.to_owned(), body.to_owned())
        })
    };
    let file = |gateway: &Gateway| format!("{}{}feedback = true\n", policy(), twilio("main", &gateway.base_url));
    let send_and_verify = |machine: &Machine, gateway: &Gateway| {
        machine.run(&["send", PHONE]).exits(0);
        let request = gateway.requests().into_iter().rfind(|request| request.contains("/Messages.json")).unwrap();
        machine.verify(PHONE, &code(&request)).exits(0);
    };
    case(
        "feedback",
        |machine| {
            let gateway = refuses();
            machine.configure(&file(&gateway));
            send_and_verify(machine, &gateway);
            until("it is remembered", || machine.redis().cli(&["EXISTS", FEEDBACK]) == "1");
            Vec::new()
        },
        |machine, _| {
            let gateway = refuses();
            machine.configure(&file(&gateway));
            let shown = || {
                let doctor = machine.run(&["doctor", "--json"]).json();
                let checks = doctor["checks"].as_array().unwrap().clone();
                let own = checks.into_iter().find(|check| check["id"] == "providers.main.feedback");
                own.map(|own| own["detail"].as_str().unwrap().to_owned()).unwrap_or_default()
            };
            assert!(shown().contains("on 1 code") && shown().contains("Authenticate (20003)"), "{}", shown());
            send_and_verify(machine, &gateway);
            until("it is counted on", || shown().contains("on 2 codes"));
            assert_eq!(machine.run(&["store", "check", "--json"]).exits(0).json()["findings"], json!([]));
        },
    );
}

#[test]
fn the_messages_of_a_code_that_went_out_by_several_channels_are_read_ever_after() {
    case(
        "escalated",
        |machine| {
            let vendors = Vendors::new(Behavior { sms: "delivered", ..ALL_SILENT });
            machine.configure(&vendors.settings(&format!("{FREE}{}", route("1s"))));
            machine.run(&["send", PHONE, "--wait"]).exits(0);
            vec![("code", vendors.codes().pop().unwrap())]
        },
        |machine, fixture| {
            let deliveries = machine.inspect(PHONE)["deliveries"].clone();
            let of = |channel: &str| {
                let mut all = deliveries.as_array().unwrap().iter();
                all.find(|own| own["channel"] == channel).unwrap_or_else(|| panic!("{deliveries}")).clone()
            };
            assert_eq!((&of("sms")["provider"], &of("sms")["delivery_state"]), (&"twilio".into(), &"delivered".into()));
            assert_eq!(
                (&of("whatsapp")["provider"], &of("whatsapp")["delivery_state"]),
                (&"whatsapp".into(), &Value::Null)
            );
            // A report finds the message that it is about, beside the one that matters most.
            let id = &of("whatsapp")["provider_message_id"];
            let report = json!({"phone": PHONE, "message_id": id, "state": "failed", "reason": "handset_off"});
            machine.stdin(&["delivery", "record", "--json"], report.to_string().as_bytes()).exits(0);
            assert_eq!(timeline(machine, PHONE)[0], "delivery failed");
            assert_eq!(newest(machine, PHONE)["delivery_state"], "delivered", "the code has arrived all the same");
            answers(&attempt(machine, fixture.fact("code"), &[]), 0, "ok", None);
        },
    );
}

#[test]
fn a_code_that_another_server_checks_is_read_ever_after() {
    case(
        "elsewhere",
        |machine| {
            machine.stdin(&["deliver", PHONE], b"aB34cd").exits(0);
            machine.stdin(&["deliver", OTHER], b"aB34ce").exits(0);
            machine.run(&["outcome", OTHER, "abandoned"]).exits(0);
            Vec::new()
        },
        |machine, _| {
            assert_eq!(attempt(machine, "345678", &[]).exits(16).error()["code"], "POLICY");
            let told = |phone: &str, outcome: &str| machine.run(&["outcome", phone, outcome, "--json"]);
            assert_eq!(told(OTHER, "abandoned").exits(0).json()["replayed"], true, "it was told before");
            told(OTHER, "verified").exits(15);
            assert_eq!(told(PHONE, "verified").exits(0).json()["replayed"], false);
            assert_eq!(machine.inspect(PHONE)["verdict"], "ALREADY_VERIFIED");
        },
    );
}

/// A file whose directory gives this answer for every phone.
fn asking(answer: &str) -> String {
    let program = format!("cat > /dev/null; echo '{answer}'");
    settings(&format!(
        "[user]\ndirectories = [\"people\"]\n[directory.people]\nkind = \"command\"\nargv = [\"/bin/sh\", \"-c\", {program:?}]\n"
    ))
}

#[test]
fn a_code_that_is_bound_to_what_a_directory_said_is_read_ever_after() {
    let asha = format!(r#"{{"users":[{{"user":"asha","phone":"{PHONE}"}}]}}"#);
    let ravi = asha.replace("asha", "ravi");
    case(
        "directory",
        |machine| {
            machine.configure(&asking(&asha));
            let code = machine.run(&["issue", PHONE]).exits(0).stdout.trim().to_owned();
            let record: Value = serde_json::from_str(&machine.redis().cli(&["GET", RECORD])).unwrap();
            let version = &record["purposes"]["login"]["challenges"][0]["mapping"];
            assert!(version.as_i64().is_some_and(|version| version < 0), "never a time: {record}");
            vec![("code", code)]
        },
        |machine, fixture| {
            let code = fixture.fact("code");
            let wrong = wrong_codes(code).next().unwrap();
            // Who asks no directory, as every version before them, accepts no such code, nor one that has another answer.
            attempt(machine, code, &[]).exits(14);
            machine.configure(&asking(&ravi));
            answers(&attempt(machine, code, &[]), 11, "no_code", Some("superseded"));
            machine.configure(&asking(&asha));
            answers(&attempt(machine, &wrong, &[]), 10, "wrong", None);
            let yes = attempt(machine, code, &["--require-user"]);
            answers(&yes, 0, "ok", None);
            assert_eq!(yes.json()["user"], "asha");
        },
    );
}
