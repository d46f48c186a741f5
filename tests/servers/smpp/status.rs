//! What became of a message: the SMSC's answers to a query, its receipts, and the ones that are passed on stdin.

use std::time::Duration;

use otpctl::otp::{DeliveryReason, DeliveryReport, DeliveryState};
use otpctl::provider::{Class, Malformed, QueryError, QueryResult, open};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::smsc::{PASSWORD, Smsc};
use crate::support::provider::{Letter, context, settings};

/// What a provider says of the message `m1`, when the SMSC answers a query so and delivers these messages.
async fn status(query: Value, delivered: Value, more: Value) -> (QueryResult<DeliveryReport>, Smsc) {
    let smsc = Smsc::start(json!({"query": query, "deliver": delivered}));
    let phone = Letter::new().phone;
    let report = smsc.provider(&more).status("m1", &phone, Instant::now() + Duration::from_secs(5)).await;
    (report, smsc)
}

fn told(
    state: Option<DeliveryState>,
    word: &str,
    reason: Option<DeliveryReason>,
    code: Option<&str>,
) -> DeliveryReport {
    DeliveryReport { state, word: word.to_owned(), reason, code: code.map(str::to_owned), said: None, operator: None }
}

#[tokio::test]
async fn the_state_of_a_message_can_be_asked_for() {
    use DeliveryState::{Delivered, Failed, Sent};
    let expired = Some(DeliveryReason::Expired);
    for (query, expected) in [
        (json!({"state": 1}), told(Some(Sent), "ENROUTE", None, None)),
        (json!({"state": 2}), told(Some(Delivered), "DELIVRD", None, None)),
        (json!({"state": 3}), told(Some(Failed), "EXPIRED", expired, None)),
        (json!({"state": 5, "error": 27}), told(Some(Failed), "UNDELIV", None, Some("27"))),
        (json!({"state": 7}), told(None, "UNKNOWN", None, None)),
        (json!({"state": 99}), told(None, "99", None, None)),
    ] {
        let more = json!({"source": "IOTRDY", "registered_delivery": false});
        let (report, mut smsc) = status(query, json!([]), more).await;
        assert_eq!(report, Ok(expected));
        let query = smsc.event("query");
        assert_eq!(
            json!([query["message_id"], query["source_addr_ton"], query["source_addr"]]),
            json!(["m1", 5, "IOTRDY"])
        );
        smsc.event("unbind");
    }
    let (report, _) = status(json!({"status": 0x67}), json!([]), json!({})).await;
    let Err(QueryError::Refused(refusal)) = report else { panic!("{report:?}") };
    assert_eq!(refusal.code.as_deref(), Some("ESME_RQUERYFAIL"));
}

#[tokio::test]
async fn a_receipt_that_is_delivered_meanwhile_counts() {
    let text =
        "id:M1 sub:001 dlvrd:000 submit date:2611221200 done date:2611221201 stat:UNDELIV err:027 text:042917 is";
    let failed = json!([{"short_message": text}]);
    // An SMSC that knows no query_sm, and one that knows less than the receipt.
    for query in [json!({"status": 0x03}), json!({"state": 1})] {
        let (report, mut smsc) = status(query, failed.clone(), json!({"reasons": {"27": "handset_off"}})).await;
        let reason = Some(DeliveryReason::HandsetOff);
        assert_eq!(report, Ok(told(Some(DeliveryState::Failed), "UNDELIV", reason, Some("027"))));
        assert_eq!(smsc.event("delivered")["status"], 0);
    }
    // By its parameters alone; and after the answer to the query.
    let parameters = json!({"short_message": "", "receipted_message_id": "m1", "message_state": 2});
    let late = json!({"status": 0x67, "deliver": [parameters.clone()]});
    for (query, delivered) in [(json!({"status": 0x67}), json!([parameters])), (late, json!([]))] {
        let (report, _) = status(query, delivered, json!({})).await;
        assert_eq!(report, Ok(told(Some(DeliveryState::Delivered), "DELIVRD", None, None)));
    }
}

#[tokio::test]
async fn a_receipt_of_another_message_is_left_to_its_reader() {
    // Of another message; not a receipt, although it reads like one; a message that a person wrote.
    for message in [
        json!({"short_message": "id:m2 stat:DELIVRD err:000"}),
        json!({"short_message": "id:m1 stat:DELIVRD err:000", "esm_class": 0}),
        json!({"short_message": "STOP", "esm_class": 0}),
    ] {
        let (report, mut smsc) = status(json!({"state": 1}), json!([message]), json!({})).await;
        assert_eq!(report, Ok(told(Some(DeliveryState::Sent), "ENROUTE", None, None)));
        assert_eq!(smsc.event("delivered")["status"], 0x64);
    }
}

#[tokio::test]
async fn ids_may_be_written_in_another_way_in_receipts() {
    let smsc =
        Smsc::start(json!({"query": {"status": 0x67}, "deliver": [{"short_message": "id:2748 stat:DELIVRD err:000"}]}));
    let provider = smsc.provider(&json!({"receipt_ids": "decimal"}));
    let report = provider.status("ABC", &Letter::new().phone, Instant::now() + Duration::from_secs(5)).await;
    assert_eq!(report.unwrap().state, Some(DeliveryState::Delivered));
}

#[tokio::test]
async fn a_test_binds_and_sends_nothing() {
    let end = || Instant::now() + Duration::from_secs(5);
    let mut smsc = Smsc::start(json!({}));
    assert_eq!(smsc.provider(&json!({})).test(end()).await, Ok(None));
    assert_eq!(smsc.events().len(), 2, "bind and unbind");
    let smsc = Smsc::start(json!({"password": "an0ther"}));
    let refused = smsc.provider(&json!({})).test(end()).await;
    assert!(
        matches!(&refused, Err(QueryError::Refused(refusal)) if refusal.class == Class::Credentials),
        "{refused:?}"
    );
    assert_eq!(smsc.provider(&json!({})).balance(end()).await, Err(QueryError::NotOffered));
}

#[test]
fn receipts_that_the_application_was_sent_can_be_handed_in() {
    let all = settings(json!({"host": "smsc.internal", "system_id": "example", "password": PASSWORD}));
    let provider = open("s", "smpp", all, &context()).unwrap();
    let text = "id:m1 sub:001 dlvrd:001 stat:DELIVRD err:000 text:042917\n\nid:m2 stat:REJECTD err:011\n";
    let read: Vec<_> =
        provider.reports(text).unwrap().reports.into_iter().map(|one| (one.message_id, one.report)).collect();
    let expected = [
        ("m1".to_owned(), told(Some(DeliveryState::Delivered), "DELIVRD", None, None)),
        ("m2".to_owned(), told(Some(DeliveryState::Failed), "REJECTD", None, Some("011"))),
    ];
    assert_eq!(read, expected);
    assert_eq!(provider.reports("\n"), Err(Malformed::NoReport));
    assert_eq!(provider.reports("{}"), Err(Malformed::NoReport));
}
