//! What an SMSC says of a message after it took it: its states, and the receipts that it delivers (SMPP 3.4 §5.2.28,
//! appendix B).

use std::collections::BTreeMap;

use rusmpp_core::pdus::owned::DeliverSm;
use rusmpp_core::tlvs::owned::TlvValue;

use super::super::outcome::{HandedIn, Malformed, is_id};
use super::super::redact::Redactor;
use crate::otp::{DeliveryReason, DeliveryReport, DeliveryState};

/// The bits of `esm_class` that tell a receipt from a message that a person wrote (§5.2.12).
const RECEIPT: u8 = 0x24;

/// The states: their numbers in a PDU, and what they are called in the text of a receipt.
const STATES: [(u8, &str, Option<DeliveryState>, Option<DeliveryReason>); 9] = [
    (0, "SCHEDLD", Some(DeliveryState::Accepted), None),
    (1, "ENROUTE", Some(DeliveryState::Sent), None),
    (2, "DELIVRD", Some(DeliveryState::Delivered), None),
    (3, "EXPIRED", Some(DeliveryState::Failed), Some(DeliveryReason::Expired)),
    (4, "DELETED", Some(DeliveryState::Failed), Some(DeliveryReason::Cancelled)),
    (5, "UNDELIV", Some(DeliveryState::Failed), None),
    (6, "ACCEPTD", Some(DeliveryState::Sent), None),
    (7, "UNKNOWN", None, None),
    (8, "REJECTD", Some(DeliveryState::Failed), None),
];

/// What is known of one SMSC's way to speak of messages.
#[derive(Default)]
pub(super) struct Manner {
    pub(super) ids: Ids,
    /// What its own error codes mean, without leading zeros.
    pub(super) reasons: BTreeMap<String, DeliveryReason>,
}

/// How the id in a receipt follows from the id that the message was taken with. Some SMSCs write one in hexadecimal
/// and the other in decimal digits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Ids {
    #[default]
    Same,
    Decimal,
    Hex,
}

impl Ids {
    /// Whether a receipt with this id is about the message with that one.
    fn match_of(self, receipt: &str, message: &str) -> bool {
        let translated = match self {
            Self::Same => Some(message.to_owned()),
            Self::Decimal => u64::from_str_radix(message, 16).ok().map(|number| number.to_string()),
            Self::Hex => message.parse().ok().map(|number: u64| format!("{number:x}")),
        };
        let bare = |id: &str| id.trim_start_matches('0').to_ascii_lowercase();
        translated.is_some_and(|id| bare(&id) == bare(receipt))
    }
}

/// A receipt, as it was written.
#[derive(Debug, PartialEq, Eq)]
struct Receipt {
    id: String,
    state: String,
    error: Option<String>,
}

/// Reads a receipt's text. What the person was sent may stand at its end, and is not looked at.
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
    let of = by_parameter.as_deref().or(text.as_ref().map(|receipt| receipt.id.as_str()))?;
    if !manner.ids.match_of(of, id) {
        return None;
    }
    let error = text.as_ref().and_then(|receipt| receipt.error.clone());
    match (text, state) {
        (Some(receipt), _) => Some(report(&receipt.state, error, manner, redactor)),
        (None, Some(number)) => Some(numbered(number, error, manner, redactor)),
        (None, None) => None,
    }
}

/// The receipts that an application was delivered and hands in, one a line.
pub(super) fn handed_in(text: &str, manner: &Manner, redactor: &Redactor) -> Result<Vec<HandedIn>, Malformed> {
    let read = |line: &str| {
        let receipt = read(line).ok_or(Malformed::NoReport)?;
        let message_id = Some(receipt.id).filter(|id| is_id(id)).ok_or(Malformed::NoId)?;
        Ok(HandedIn { message_id, phone: None, report: report(&receipt.state, receipt.error, manner, redactor) })
    };
    let reports = text.lines().filter(|line| !line.trim().is_empty()).map(read).collect::<Result<Vec<_>, _>>()?;
    if reports.is_empty() { Err(Malformed::NoReport) } else { Ok(reports) }
}

/// A state by its number.
pub(super) fn numbered(number: u8, error: Option<String>, manner: &Manner, redactor: &Redactor) -> DeliveryReport {
    let known = STATES.iter().find(|(state, ..)| *state == number);
    let word = known.map_or_else(|| number.to_string(), |(_, word, ..)| (*word).to_owned());
    report(&word, error, manner, redactor)
}

fn report(word: &str, error: Option<String>, manner: &Manner, redactor: &Redactor) -> DeliveryReport {
    let known = STATES.iter().find(|(_, known, ..)| word.eq_ignore_ascii_case(known));
    let (state, reason) = known.map_or((None, None), |(_, _, state, reason)| (*state, *reason));
    // All zeros: nothing went wrong.
    let error = error.filter(|error| error.chars().any(|digit| digit != '0'));
    let own = error.as_deref().and_then(|error| manner.reasons.get(error.trim_start_matches('0'))).copied();
    let reason = if state == Some(DeliveryState::Failed) { own.or(reason) } else { None };
    let code = error.map(|error| redactor.clean(&error));
    DeliveryReport { state, word: redactor.clean(word), reason, code, said: None }
}

#[cfg(test)]
mod tests {
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
        assert!(Ids::Same.match_of("00AB", "ab") && !Ids::Same.match_of("16", "10"));
        assert!(Ids::Decimal.match_of("16", "10") && Ids::Hex.match_of("1F", "31"));
        assert!(!Ids::Decimal.match_of("16", "no number"));
    }

    #[test]
    fn a_code_of_the_smsc_has_the_reason_that_the_settings_give_it() {
        let reasons = BTreeMap::from([("27".to_owned(), DeliveryReason::HandsetOff)]);
        let manner = Manner { ids: Ids::Same, reasons };
        let said = |word: &str, error: &str| report(word, Some(error.to_owned()), &manner, &Redactor::default());
        let failed = said("UNDELIV", "027");
        assert_eq!((failed.reason, failed.code.as_deref()), (Some(DeliveryReason::HandsetOff), Some("027")));
        assert_eq!(
            said("DELIVRD", "000"),
            DeliveryReport { word: "DELIVRD".into(), ..DeliveryReport::of(DeliveryState::Delivered) }
        );
        assert_eq!((said("odd\u{1b}", "1").state, said("odd\u{1b}", "1").word.as_str()), (None, "odd\\u{1b}"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_stops_the_reader(text in "(id:|stat:|err:|text:|é|\\PC| ){0,20}") {
            let _ = read(&text);
        }
    }
}
