//! What anybody may post to an application's webhook is no delivery report of any gateway, and breaks none of them.

use otpctl::provider::{Malformed, Provider, describe};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::contracts::{catalog, with_its_settings};

fn readers() -> Vec<(&'static str, Box<dyn Provider>)> {
    let kinds = catalog().filter(|kind| describe(kind).unwrap().can.reports);
    kinds.map(|kind| (kind, with_its_settings(kind))).collect()
}

#[test]
fn what_is_no_report_is_none_for_every_gateway() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let odd =
        ["", " ", "x", "1", "null", "true", "\"data\"", "[]", "{}", "[1]", "[[]]", "[{}]", "a=b", "data=", "data=1"];
    let nested = [
        json!({"data": null}),
        json!({"data": [[]]}),
        json!({"data": {"payload": []}}),
        json!({"results": {}}),
        json!({"results": [null, 5, "x"]}),
        json!({"event": {"messageStatusUpdate": "x"}}),
        json!({"response": "[{"}),
        json!({"statuses": [{"recipients": null}]}),
    ];
    let bodies = odd.map(str::to_owned).into_iter().chain(nested.iter().map(Value::to_string)).chain([deep]);
    let readers = readers();
    assert!(!readers.is_empty());
    for body in bodies {
        for (kind, reader) in &readers {
            let start: String = body.chars().take(60).collect();
            assert!(reader.reports(&body).is_err(), "{kind} reads a report out of {start}");
        }
    }
}

#[test]
fn an_event_of_a_kind_that_nobody_listed_is_another_event() {
    // Where the gateway names its events, whatever it comes to send is none of its delivery reports.
    let named = [
        (
            "telnyx",
            json!({"data": {"event_type": "message.something", "payload": {"id": "m1", "to": [{"status": "x"}]}}}),
        ),
        ("bird", json!({"type": "whatsapp.something", "data": {"sms_id": "m1"}})),
        ("sinch", json!({"type": "mo_binary", "batch_id": "b1", "status": "x"})),
        ("aws_sms", json!({"eventType": "VOICE_COMPLETED", "messageId": "m1"})),
        ("infobip", json!({"notificationType": "SOMETHING"})),
        ("clickatell", json!({"event": {"something": [{}]}})),
    ];
    for (kind, body) in named {
        let read = with_its_settings(kind).reports(&body.to_string()).unwrap();
        assert_eq!((read.reports.len(), read.other_events.len()), (0, 1), "{kind}: {read:?}");
    }
}

#[test]
fn other_events_between_reports_take_none_of_them_away() {
    let body = json!({"results": [
        {"messageId": "m1", "to": "919876543210", "status": {"groupName": "DELIVERED", "name": "DELIVERED_TO_HANDSET"}},
        {"messageId": "in1", "from": "919876543210", "text": "hello", "receivedAt": "2026-11-22T12:00:00.000+0000"},
        {"odd": 1},
    ]});
    let read = with_its_settings("infobip").reports(&body.to_string()).unwrap();
    assert_eq!(read.reports.len(), 1, "{read:?}");
    assert_eq!((read.reports[0].message_id.as_str(), read.other_events), ("m1", vec!["inbound message".to_owned()]));
}

#[test]
fn the_name_of_another_event_shows_nothing_that_a_terminal_obeys() {
    let body = json!({"data": {"event_type": "x\u{1b}]52;c;evil\u{7}\u{202e}"}});
    let read = with_its_settings("telnyx").reports(&body.to_string()).unwrap();
    assert!(!read.other_events[0].contains(otpctl::otp::escape::is_unsafe), "{read:?}");
}

#[test]
fn a_gateway_that_tells_nothing_reads_nothing() {
    for kind in catalog().filter(|kind| !describe(kind).unwrap().can.reports) {
        assert_eq!(with_its_settings(kind).reports("{}").unwrap_err(), Malformed::NotOffered, "{kind}");
    }
}

/// JSON of the names that the gateways use, in any shape.
fn json_like() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z0-9=%\\[{\"]{0,12}".prop_map(Value::from),
        Just(Value::from("delivered")),
    ];
    let names = [
        "data",
        "id",
        "status",
        "to",
        "payload",
        "results",
        "messageId",
        "error",
        "name",
        "report",
        "requestId",
        "event",
        "state",
        "errors",
        "statuses",
        "code",
        "type",
        "number",
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(names.to_vec()), inner, 0..6)
                .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

#[test]
fn no_shape_of_json_breaks_a_reader() {
    let readers = readers();
    let holds = |body: Value| {
        for (kind, reader) in &readers {
            // Whatever it is taken for, each report that comes of it has an id.
            let read = reader.reports(&body.to_string()).unwrap_or_default();
            prop_assert!(read.reports.iter().all(|report| !report.message_id.is_empty()), "{kind}");
        }
        Ok(())
    };
    TestRunner::default().run(&json_like(), holds).unwrap();
}
