//! What an SMSC reports about a message after it accepted it: its states, and the receipts that it delivers (SMPP 3.4 §5.2.28,
//! appendix B).

use std::collections::BTreeMap;

use rusmpp_core::pdus::owned::DeliverSm;
use rusmpp_core::tlvs::owned::TlvValue;

use super::super::reply::{DeliveryCallback, Malformed, is_id};
use crate::otp::redact::Redactor;
use crate::otp::{DeliveryReason, DeliveryReport, DeliveryState, ReportIds};

/// The bits of `esm_class` that distinguish a receipt from a message that a person wrote (§5.2.12).
const RECEIPT: u8 = 0x24;

type Words = &'static [&'static str];

/// The states: their numbers in a PDU, and what they are called in the text of a receipt, first as SMPP abbreviates them,
/// then as SMSCs write them out. Case, spaces, hyphens and underscores make no difference.
const STATES: [(u8, Words, Option<DeliveryState>, Option<DeliveryReason>); 10] = [
    (0, &["SCHEDLD", "SCHEDULED"], Some(DeliveryState::Accepted), None),
    (1, &["ENROUTE", "SENT", "BUFFERED", "BUFFRED"], Some(DeliveryState::Sent), None),
    (2, &["DELIVRD", "DELIVERED", "DELIVERD"], Some(DeliveryState::Delivered), None),
    (3, &["EXPIRED"], Some(DeliveryState::Failed), Some(DeliveryReason::Expired)),
    (4, &["DELETED", "CANCELED", "CANCELLED"], Some(DeliveryState::Failed), Some(DeliveryReason::Cancelled)),
    (
        5,
        &["UNDELIV", "UNDELIVERABLE", "UNDELIVERED", "UNDELIVRD", "UNDLVRD", "NOTDELIVERED", "FAILED"],
        Some(DeliveryState::Failed),
        None,
    ),
    (6, &["ACCEPTD", "ACCEPTED"], Some(DeliveryState::Sent), None),
    (7, &["UNKNOWN"], None, None),
    (8, &["REJECTD", "REJECTED"], Some(DeliveryState::Failed), None),
    (9, &["SKIPPED"], Some(DeliveryState::Failed), None),
];

/// The state that a word means.
fn state_of(word: &str) -> Option<(Option<DeliveryState>, Option<DeliveryReason>)> {
    let bare = word.chars().filter(|character| !matches!(character, '_' | '-' | ' ')).collect::<String>();
    let known = STATES.iter().find(|(_, words, ..)| words.iter().any(|known| bare.eq_ignore_ascii_case(known)));
    known.map(|(_, _, state, reason)| (*state, *reason))
}

/// What is known about how one SMSC refers to messages.
#[derive(Default)]
pub(super) struct Manner {
    pub(super) ids: ReportIds,
    /// What its own error codes mean, without leading zeros.
    pub(super) reasons: BTreeMap<String, DeliveryReason>,
}

/// A receipt, as it was written.
#[derive(Debug, PartialEq, Eq)]
struct Receipt {
    id: String,
    state: String,
    error: Option<String>,
}

/// Reads a receipt's text. It may end with the text that was sent, which is ignored.
fn read(text: &str) -> Option<Receipt> {
    let lower = text.to_ascii_lowercase();
    let end = lower.find("text:").unwrap_or(text.len());
    let field = |name: &str| {
        let at = lower[..end].match_indices(name).find(|(at, _)| *at == 0 || lower.as_bytes()[at - 1] == b' ')?.0;
        text[at + name.len()..end].split_whitespace().next().map(str::to_owned)
    };
    Some(Receipt { id: field("id:")?, state: field("stat:")?, error: field("err:") })
}

/// What a delivered message says of the message with this id; `None` where it is no receipt, or another's.
pub(super) fn about(id: &str, delivered: &DeliverSm, manner: &Manner, redactor: &Redactor) -> Option<DeliveryReport> {
    if u8::from(delivered.esm_class) & RECEIPT == 0 {
        return None;
    }
    let (mut by_parameter, mut state, mut payload) = (None, None, None);
    for value in delivered.tlvs().iter().filter_map(|parameter| parameter.value()) {
        match value {
            TlvValue::ReceiptedMessageId(id) => by_parameter = Some(id.as_str().to_owned()),
            TlvValue::MessageState(number) => state = Some(u8::from(*number)),
            TlvValue::MessagePayload(text) => payload = Some(text.value.as_ref()),
            _ => {}
        }
    }
    let text = String::from_utf8_lossy(payload.unwrap_or_else(|| delivered.short_message().as_ref())).into_owned();
    let text = read(&text);
    // SMSCs write one of the two as they gave it, and the other differently.
    let ids = [by_parameter.as_deref(), text.as_ref().map(|receipt| receipt.id.as_str())];
    if !ids.into_iter().flatten().any(|of| manner.ids.fit(of, id)) {
        return None;
    }
    let error = text.as_ref().and_then(|receipt| receipt.error.clone());
    match (text, state) {
        // The word says more than the number, where it says anything.
        (Some(receipt), Some(number)) if state_of(&receipt.state).is_none_or(|(state, _)| state.is_none()) => {
            let known = numbered(number, error.clone(), manner, redactor);
            Some(if known.state.is_some() { known } else { report(&receipt.state, error, manner, redactor) })
        }
        (Some(receipt), _) => Some(report(&receipt.state, error, manner, redactor)),
        (None, Some(number)) => Some(numbered(number, error, manner, redactor)),
        (None, None) => None,
    }
}

/// The receipts that an application received and passes on, one per line.
pub(super) fn handed_in(text: &str, manner: &Manner, redactor: &Redactor) -> Result<Vec<DeliveryCallback>, Malformed> {
    let read = |line: &str| {
        let receipt = read(line).ok_or(Malformed::NoReport)?;
        let message_id = Some(receipt.id).filter(|id| is_id(id)).ok_or(Malformed::NoId)?;
        let report = report(&receipt.state, receipt.error, manner, redactor);
        Ok(DeliveryCallback { message_id, ids: manner.ids, phone: None, report })
    };
    let reports = text.lines().filter(|line| !line.trim().is_empty()).map(read).collect::<Result<Vec<_>, _>>()?;
    if reports.is_empty() { Err(Malformed::NoReport) } else { Ok(reports) }
}

/// A state by its number.
pub(super) fn numbered(number: u8, error: Option<String>, manner: &Manner, redactor: &Redactor) -> DeliveryReport {
    let known = STATES.iter().find(|(state, ..)| *state == number);
    let word = known.map_or_else(|| number.to_string(), |(_, words, ..)| words[0].to_owned());
    report(&word, error, manner, redactor)
}

fn report(word: &str, error: Option<String>, manner: &Manner, redactor: &Redactor) -> DeliveryReport {
    let (state, reason) = state_of(word).unwrap_or_default();
    // All zeros: nothing went wrong.
    let error = error.filter(|error| error.chars().any(|digit| digit != '0'));
    let own = error.as_deref().and_then(|error| manner.reasons.get(error.trim_start_matches('0'))).copied();
    let reason = if state == Some(DeliveryState::Failed) { own.or(reason) } else { None };
    let code = error.map(|error| redactor.clean(&error));
    DeliveryReport { state, word: redactor.clean(word), reason, code, said: None, operator: None }
}

#[cfg(test)]
mod tests {
    use rusmpp_core::tlvs::owned::MessageDeliveryRequestTlvValue as TlvValueOf;
    use rusmpp_core::types::owned::{COctetString, OctetString};
    use rusmpp_core::values::{EsmClass, MessageState};

    use super::*;

    #[test]
    fn a_receipt_is_read_as_appendix_b_writes_it() {
        let text = "id:0123456789 sub:001 dlvrd:001 submit date:2611221200 done date:2611221201 stat:UNDELIV err:027 \
                    text:id:evil stat:DELIVRD";
        let receipt = read(text).unwrap();
        assert_eq!(
            (receipt.id.as_str(), receipt.state.as_str(), receipt.error.as_deref()),
            ("0123456789", "UNDELIV", Some("027"))
        );
        assert_eq!(read("Id:a-1 Stat:delivrd").unwrap().id, "a-1");
        assert_eq!(read("your id:1 is fine"), None);
        assert_eq!(read("text:id:1 stat:DELIVRD"), None);
    }

    #[test]
    fn ids_are_compared_as_they_are_written() {
        assert!(ReportIds::Alike.fit("00AB", "ab") && !ReportIds::Alike.fit("16", "10"));
        assert!(ReportIds::Decimal.fit("16", "10") && ReportIds::Hex.fit("1F", "31"));
        assert!(!ReportIds::Decimal.fit("16", "no number"));
        assert!(ReportIds::Decimal.fit("340282366920938463463374607431768211455", &"f".repeat(32)));
        assert!(ReportIds::Exact.fit("ab", "ab") && !ReportIds::Exact.fit("AB", "ab"));
    }

    #[test]
    fn a_code_of_the_smsc_has_the_reason_that_the_settings_give_it() {
        let reasons = BTreeMap::from([("27".to_owned(), DeliveryReason::HandsetOff)]);
        let manner = Manner { ids: ReportIds::Alike, reasons };
        let said = |word: &str, error: &str| report(word, Some(error.to_owned()), &manner, &Redactor::default());
        let failed = said("UNDELIV", "027");
        assert_eq!((failed.reason, failed.code.as_deref()), (Some(DeliveryReason::HandsetOff), Some("027")));
        assert_eq!(
            said("DELIVRD", "000"),
            DeliveryReport { word: "DELIVRD".into(), ..DeliveryReport::of(DeliveryState::Delivered) }
        );
        assert_eq!((said("odd\u{1b}", "1").state, said("odd\u{1b}", "1").word.as_str()), (None, "odd\\u{1b}"));
    }

    #[test]
    fn a_state_may_be_written_out() {
        use DeliveryState::{Accepted, Delivered, Failed, Sent};
        for (words, state) in [
            (&["DELIVRD", "DELIVERED", "Delivered"][..], Some(Delivered)),
            (&["UNDELIV", "UNDELIVERABLE", "undelivered", "REJECTED", "REJECTD", "EXPIRED", "DELETED"], Some(Failed)),
            (&["ACCEPTED", "ACCEPTD", "EN_ROUTE", "en-route"], Some(Sent)),
            (&["SCHEDULED"], Some(Accepted)),
            (&["UNKNOWN", "HELD"], None),
        ] {
            for word in words {
                assert_eq!(report(word, None, &Manner::default(), &Redactor::default()).state, state, "{word}");
            }
        }
    }

    /// A receipt in a `deliver_sm`, with a text and parameters.
    fn delivered(text: &str, parameters: Vec<TlvValueOf>) -> DeliverSm {
        let text = OctetString::from_slice(text.as_bytes()).unwrap();
        let message = DeliverSm::builder().esm_class(EsmClass::from(0x04)).short_message(text).build();
        parameters.into_iter().fold(message, |mut message, parameter| {
            message.push_tlv(parameter);
            message
        })
    }

    #[test]
    fn either_id_of_a_receipt_may_be_the_one_of_the_message() {
        let by = |id: &str| TlvValueOf::ReceiptedMessageId(COctetString::from_string(id.to_owned()).unwrap());
        let manner = Manner { ids: ReportIds::Decimal, ..Manner::default() };
        let told = |id: &str, message: &DeliverSm, manner: &Manner| {
            about(id, message, manner, &Redactor::default()).and_then(|report| report.state)
        };
        let message = delivered("id:31 stat:DELIVRD", vec![by("1F")]);
        assert_eq!(told("1F", &message, &manner), Some(DeliveryState::Delivered));
        let message = delivered("id:4711 stat:DELIVRD", vec![by("01f")]);
        let same = Manner { ids: ReportIds::Alike, ..Manner::default() };
        assert_eq!(told("1F", &message, &same), Some(DeliveryState::Delivered));
        assert_eq!(told("2F", &message, &same), None);
    }

    #[test]
    fn the_number_of_a_state_counts_where_its_word_is_not_known() {
        let state = |number: u8| TlvValueOf::MessageState(MessageState::from(number));
        let told = |text: &str, number: u8| {
            let message = delivered(text, vec![state(number)]);
            let manner = Manner { ids: ReportIds::Alike, ..Manner::default() };
            about("1", &message, &manner, &Redactor::default()).unwrap()
        };
        assert_eq!(told("id:1 stat:GOTIT", 2).state, Some(DeliveryState::Delivered));
        assert_eq!(told("id:1 stat:UNKNOWN", 5).state, Some(DeliveryState::Failed));
        // A word that is known says more than the number.
        assert_eq!(told("id:1 stat:EXPIRED", 5).reason, Some(DeliveryReason::Expired));
        assert_eq!((told("id:1 stat:GOTIT", 7).state, told("id:1 stat:GOTIT", 7).word.as_str()), (None, "GOTIT"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_stops_the_reader(text in "(id:|stat:|err:|text:|é|\\PC| ){0,20}") {
            let _ = read(&text);
        }
    }
}
