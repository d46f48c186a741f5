//! A message as requests: one `submit_sm` for each part, encoded, addressed, and numbered.

use rusmpp_core::pdus::owned::SubmitSm;
use rusmpp_core::tlvs::TlvTag;
use rusmpp_core::tlvs::owned::{MessageSubmissionRequestTlvValue as Parameter, TlvValue};
use rusmpp_core::types::owned::{AnyOctetString, COctetString, OctetString};
use rusmpp_core::values::owned::{MessagePayload, ServiceType};
use rusmpp_core::values::{DataCoding, EsmClass, RegisteredDelivery};
use sha2::{Digest, Sha256};

use super::account::{Account, Long, Reference};
use crate::otp::Message;
use crate::otp::text::{Encoding, cut, segments};

/// `esm_class` with the bit that says that the text begins with a header (SMPP 3.4 §5.2.12).
const WITH_HEADER: u8 = 0x40;

/// The requests for a message, in the order of its parts, or why there can be none.
pub(super) fn requests(message: &Message<'_>, account: &Account) -> Result<Vec<SubmitSm>, &'static str> {
    let encoding = segments(message.text).encoding;
    // With `sar_…` the SMSC makes the header, and no SMSC is known to make a longer one than usual.
    let header = if account.long == Long::Udh(Reference::Long) { 7 } else { 6 };
    let parts = cut(message.text, encoding, header);
    let total = u8::try_from(parts.len()).map_err(|_| "the text is too long for SMS")?;
    let base = base(message, account, encoding)?;
    if total == 1 {
        return Ok(vec![with_text(base, encoding.octets(message.text))?]);
    }
    if account.long == Long::Payload {
        let whole = AnyOctetString::from_vec(encoding.octets(message.text));
        let payload = Parameter::MessagePayload(MessagePayload::new(whole));
        return Ok(vec![base_with(base, [payload])]);
    }
    let reference = reference(message.challenge_id);
    let numbered = (1..=total).zip(parts);
    numbered
        .map(|(number, part)| one(base.clone(), account.long, reference, (number, total), encoding.octets(part)))
        .collect()
}

/// The number that the parts of one text share. It is drawn from the challenge, so no two texts to one phone that are
/// under way at once are likely to have the same.
fn reference(challenge_id: &str) -> u16 {
    let hash = Sha256::digest(challenge_id);
    u16::from_be_bytes([hash[0], hash[1]])
}

/// One of several parts.
fn one(
    base: SubmitSm,
    long: Long,
    reference: u16,
    (number, total): (u8, u8),
    text: Vec<u8>,
) -> Result<SubmitSm, &'static str> {
    let [high, low] = reference.to_be_bytes();
    // TS 23.040 §9.2.3.24.1 and §9.2.3.24.8: the length of the header, the element, its length, and what it says.
    let header = match long {
        Long::Udh(Reference::Short) => vec![5, 0, 3, low, total, number],
        Long::Udh(Reference::Long) => vec![6, 8, 4, high, low, total, number],
        Long::Sar | Long::Payload => {
            let numbers = [
                Parameter::SarMsgRefNum(reference),
                Parameter::SarTotalSegments(total),
                Parameter::SarSegmentSeqnum(number),
            ];
            return with_text(base_with(base, numbers), text);
        }
    };
    let mut base = base;
    base.esm_class = EsmClass::from(WITH_HEADER);
    with_text(base, [header, text].concat())
}

fn with_text(base: SubmitSm, text: Vec<u8>) -> Result<SubmitSm, &'static str> {
    Ok(base.with_short_message(OctetString::from_vec(text).map_err(|_| "the text is too long for one message")?))
}

fn base_with(mut base: SubmitSm, parameters: impl IntoIterator<Item = Parameter>) -> SubmitSm {
    for parameter in parameters {
        base.push_tlv(parameter);
    }
    base
}

/// All but the text.
fn base(message: &Message<'_>, account: &Account, encoding: Encoding) -> Result<SubmitSm, &'static str> {
    let to = COctetString::from_string(message.to.digits().to_owned()).map_err(|_| "the number is too long")?;
    let coding = match encoding {
        Encoding::Gsm7 => DataCoding::from(account.data_coding),
        Encoding::Ucs2 => DataCoding::Ucs2,
    };
    let submit = SubmitSm::builder()
        .service_type(ServiceType::new(account.service_type.clone()))
        .source_addr_ton(account.source.ton)
        .source_addr_npi(account.source.npi)
        .source_addr(account.source.address.clone())
        .dest_addr_ton(account.destination_ton)
        .dest_addr_npi(account.destination_npi)
        .destination_addr(to)
        // Said in full: the library's default sets a bit.
        .esm_class(EsmClass::from(0))
        .validity_period(account.validity_period.clone())
        .registered_delivery(RegisteredDelivery::from(u8::from(account.registered_delivery)))
        .data_coding(coding)
        .build();
    let registered = account.parameters.iter().map(|(tag, value)| Parameter::Other {
        tag: TlvTag::from(*tag),
        value: AnyOctetString::from_slice(value.as_bytes()),
    });
    Ok(base_with(submit, registered))
}

/// What an SMSC says in words beside a status (`additional_status_info_text`, §5.3.2.11).
pub(super) fn words(parameters: &[rusmpp_core::tlvs::owned::Tlv]) -> Option<String> {
    parameters.iter().find_map(|parameter| match parameter.value() {
        Some(TlvValue::AdditionalStatusInfoText(text)) => Some(text.as_str().to_owned()),
        _ => None,
    })
}
