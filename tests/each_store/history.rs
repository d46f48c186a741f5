//! What happened, told by `events` and counted by `stats`.
//! These hold on every store.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::Value;

use super::on_each_store;
use crate::each_store::wait::Twilio;
use crate::support::cli::{FREE, Machine, PHONE, wrong_codes};

const OTHER: &str = "+919876543211";

/// The events in JSON Lines, as a pipe gets them.
fn events(machine: &Machine, words: &[&str]) -> Vec<Value> {
    let ran = machine.run(&[&["events"], words].concat());
    let text = ran.exits(0).stdout.clone();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn told(events: &[Value]) -> Vec<String> {
    let word = |event: &Value, name: &str| event[name].as_str().unwrap_or("-").to_owned();
    events.iter().map(|own| format!("{} {} {}", word(own, "phone"), word(own, "event"), word(own, "result"))).collect()
}

#[test]
fn the_feed_has_the_events_of_all_phones_masked_and_newest_last() {
    on_each_store(FREE, |machine| {
        let code = machine.send(PHONE);
        machine.send(OTHER);
        machine.verify(PHONE, &wrong_codes(&code).next().unwrap()).exits(10);
        machine.verify(PHONE, &code).exits(0);
        let all = events(machine, &[]);
        let expected = ["send pending", "send sent", "send pending", "send sent", "verify wrong", "verify ok"];
        let results = told(&all);
        let results: Vec<&str> = results.iter().map(|line| line.split_once(' ').unwrap().1).collect();
        assert_eq!(results, expected);
        for event in &all {
            assert_eq!(event["schema"], "otpctl.event/1");
            let phone = event["phone"].as_str().unwrap();
            assert!(phone.contains("***"), "{phone}");
            let reference = event["ref"].as_str().unwrap();
            let own = events(machine, &[reference, "--limit", "1"]);
            assert_eq!(own[0]["phone"], phone, "its reference leads to it");
        }
        assert_eq!(told(&events(machine, &["--unmask", "--limit", "1"])), [format!("{PHONE} verify ok")]);
        assert_eq!(told(&events(machine, &["--type", "verify", "--unmask", "--limit", "5"])).len(), 2);
        assert_eq!(events(machine, &["--since", "2100-01-01T00:00:00Z"]).len(), 0);
        assert_eq!(events(machine, &["--since", "1h"]).len(), 6);
        let document = machine.run(&["events", "--json", "--limit", "2"]).exits(0).json();
        assert_eq!(document["schema"], "otpctl.events/1");
        assert_eq!(document["events"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn a_phone_is_told_by_its_own_timeline_and_a_code_by_its_own_events() {
    on_each_store(FREE, |machine| {
        machine.send(PHONE);
        let first = machine.inspect(PHONE)["live_code"]["challenge_id"].as_str().unwrap().to_owned();
        machine.send(PHONE);
        machine.send(OTHER);
        let own = events(machine, &[PHONE]);
        assert_eq!(told(&own).len(), 4);
        assert!(told(&own).iter().all(|line| line.starts_with(&format!("{PHONE} send "))), "{own:?}");
        let of_code = events(machine, &[&first]);
        assert_eq!(of_code.len(), 2, "{of_code:?}");
        assert!(of_code.iter().all(|event| event["challenge_id"] == first.as_str()));
        assert_eq!(events(machine, &[OTHER, "--type", "verify"]).len(), 0);
    });
}

#[test]
fn who_follows_sees_each_event_as_it_happens_and_ends_with_the_pipe() {
    on_each_store(FREE, |machine| {
        machine.send(PHONE);
        for words in [&["events", "--follow", "--unmask"][..], &["events", PHONE, "--follow"]] {
            let before = machine.inspect(PHONE)["timeline"].as_array().unwrap().len();
            let mut following = machine.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
            let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
            for _ in 0..before {
                assert_eq!(next()["phone"], PHONE);
            }
            machine.run(&["revoke", PHONE]).exits(0);
            assert_eq!(next()["event"], "revoke");
            machine.send(PHONE);
            assert_eq!((next()["result"].clone(), next()["result"].clone()), ("pending".into(), "sent".into()));
            drop(lines);
            let ended = following.wait_with_output().unwrap();
            assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
        }
    });
}

fn stats(machine: &Machine, by: &str) -> Value {
    machine.run(&["stats", "--by", by, "--json"]).exits(0).json()
}

#[test]
fn what_was_sent_and_used_is_counted_by_each_dimension() {
    let settings = "[limits]\ncooldown = [\"1h\"]\nper_prefix = {}\nper_country = {}\n";
    on_each_store(settings, |machine| {
        let code = machine.send(PHONE);
        machine.run(&["send", PHONE]).exits(13);
        machine.run(&["send", PHONE]).exits(13);
        machine.send(OTHER);
        machine.send("+12025550123");
        machine.verify(PHONE, &wrong_codes(&code).next().unwrap()).exits(10);
        machine.verify(PHONE, &code).exits(0);
        let all = stats(machine, "country");
        assert_eq!((all["schema"].as_str(), all["by"].as_str()), (Some("otpctl.stats/1"), Some("country")));
        assert!(all["from"].as_str() < all["to"].as_str(), "{all}");
        let [india, america] = all["rows"].as_array().unwrap().as_slice() else { panic!("{all}") };
        for (field, number) in [
            ("requested", 4),
            ("refused", 2),
            ("sent", 2),
            ("unknown", 0),
            ("delivered", 0),
            ("failed", 0),
            ("verified", 1),
        ] {
            assert_eq!(india[field], number, "{field}: {india}");
        }
        assert_eq!((india["country"].as_str(), india["conversion"].as_f64()), (Some("IN"), Some(0.5)));
        assert_eq!(india["refused_by"], serde_json::json!({ "cooldown": 2 }));
        assert_eq!((america["country"].as_str(), america["sent"].as_u64()), (Some("US"), Some(1)));
        assert_eq!((india["delivery_p50_seconds"].clone(), india["spend"].clone()), (Value::Null, Value::Null));
        assert_eq!(all["total"]["sent"], 3);
        for (by, name, sent) in [("provider", "console", 3), ("channel", "sms", 3), ("range", "+919876", 2)] {
            let rows = stats(machine, by);
            assert_eq!(
                (rows["rows"][0][by].as_str(), rows["rows"][0]["sent"].as_u64()),
                (Some(name), Some(sent)),
                "{rows}"
            );
        }
        assert_eq!(stats(machine, "operator")["rows"], serde_json::json!([]));
        let sent: u64 =
            stats(machine, "hour")["rows"].as_array().unwrap().iter().filter_map(|row| row["sent"].as_u64()).sum();
        assert_eq!(sent, 3);
    });
}

#[test]
fn what_a_gateway_says_of_an_sms_is_counted_with_its_reason() {
    let gateway = Twilio::saying(&["undelivered 30003"]);
    on_each_store(&gateway.settings(), |machine| {
        machine.run(&["send", PHONE]).exits(0);
        machine.run(&["wait", PHONE]).exits(17);
        let row = stats(machine, "country")["rows"][0].clone();
        assert_eq!((row["sent"].as_u64(), row["failed"].as_u64()), (Some(1), Some(1)), "{row}");
        assert_eq!(row["failed_by"], serde_json::json!({ "handset_off": 1 }));
        let text = machine.run(&["stats", "--by", "provider", "--prometheus"]).exits(0).words();
        assert!(text.contains("otpctl_failed{provider=\""), "{text}");
        assert!(text.contains("reason=\"handset_off\"} 1"), "{text}");
    });
}

#[test]
fn a_delivered_sms_has_a_time_to_delivery() {
    let gateway = Twilio::saying(&["delivered"]);
    on_each_store(&gateway.settings(), |machine| {
        machine.run(&["send", PHONE]).exits(0);
        machine.run(&["wait", PHONE]).exits(0);
        let row = stats(machine, "provider")["rows"][0].clone();
        assert_eq!(row["delivered"], 1, "{row}");
        let (half, most) =
            (row["delivery_p50_seconds"].as_f64().unwrap(), row["delivery_p95_seconds"].as_f64().unwrap());
        assert!(half > 0.1 && half < 60.0 && (half - most).abs() < f64::EPSILON, "{row}");
    });
}
