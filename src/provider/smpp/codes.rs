//! What the status of a response means: SMPP 3.4 §5.1.3, and the codes of an SMSC's own.

use std::collections::BTreeMap;

use super::super::reply::{Class, Refusal};
use crate::otp::redact::Redactor;

/// The codes of SMPP 3.4, and those of SMPP 5.0 that SMSCs answer older sessions with.
const CODES: &[(u32, &str, Class, &str)] = &[
    (0x01, "ESME_RINVMSGLEN", Class::Content, "the length of the message is invalid"),
    (0x02, "ESME_RINVCMDLEN", Class::Other, "the length of the request is invalid"),
    (0x03, "ESME_RINVCMDID", Class::Other, "the request is not known"),
    (0x04, "ESME_RINVBNDSTS", Class::Other, "the session is not bound for this request"),
    (0x05, "ESME_RALYBND", Class::Throttled, "the account has all the sessions that it may have"),
    (0x08, "ESME_RSYSERR", Class::ServerError, "the SMSC has an error of its own"),
    (0x0A, "ESME_RINVSRCADR", Class::Sender, "the sender is invalid"),
    (0x0B, "ESME_RINVDSTADR", Class::Recipient, "the receiver's number is invalid"),
    (0x0C, "ESME_RINVMSGID", Class::Other, "the message id is invalid"),
    (0x0D, "ESME_RBINDFAIL", Class::Credentials, "the bind failed"),
    (0x0E, "ESME_RINVPASWD", Class::Credentials, "the password is wrong"),
    (0x0F, "ESME_RINVSYSID", Class::Credentials, "the system id is not known"),
    (0x14, "ESME_RMSGQFUL", Class::Throttled, "the queue of the SMSC is full"),
    (0x15, "ESME_RINVSERTYP", Class::Other, "the service type is invalid"),
    (0x43, "ESME_RINVESMCLASS", Class::Other, "the ESM class is invalid"),
    (0x45, "ESME_RSUBMITFAIL", Class::Other, "the message could not be submitted"),
    (0x48, "ESME_RINVSRCTON", Class::Sender, "the type of number of the sender is invalid"),
    (0x49, "ESME_RINVSRCNPI", Class::Sender, "the numbering plan of the sender is invalid"),
    (0x50, "ESME_RINVDSTTON", Class::Other, "the type of number of the receiver is invalid"),
    (0x51, "ESME_RINVDSTNPI", Class::Other, "the numbering plan of the receiver is invalid"),
    (0x53, "ESME_RINVSYSTYP", Class::Credentials, "the system type is invalid"),
    (0x58, "ESME_RTHROTTLED", Class::Throttled, "too many messages at once"),
    (0x61, "ESME_RINVSCHED", Class::Other, "the time of delivery is invalid"),
    (0x62, "ESME_RINVEXPIRY", Class::Other, "the validity period is invalid"),
    (0x64, "ESME_RX_T_APPN", Class::ServerError, "the SMSC cannot accept it now"),
    (0x65, "ESME_RX_P_APPN", Class::Other, "the SMSC will not accept it"),
    (0x66, "ESME_RX_R_APPN", Class::Other, "the SMSC rejects it"),
    (0x67, "ESME_RQUERYFAIL", Class::Other, "the message could not be looked up"),
    (0xC0, "ESME_RINVOPTPARSTREAM", Class::Other, "the optional parameters cannot be read"),
    (0xC1, "ESME_ROPTPARNOTALLWD", Class::Other, "an optional parameter is not allowed"),
    (0xC2, "ESME_RINVPARLEN", Class::Other, "the length of a parameter is invalid"),
    (0xC3, "ESME_RMISSINGOPTPARAM", Class::Content, "an optional parameter is missing"),
    (0xC4, "ESME_RINVOPTPARAMVAL", Class::Content, "the value of an optional parameter is invalid"),
    (0xFE, "ESME_RDELIVERYFAILURE", Class::Other, "the message could not be delivered"),
    (0xFF, "ESME_RUNKNOWNERR", Class::Other, "the SMSC gives no reason"),
    (0x100, "ESME_RSERTYPUNAUTH", Class::Credentials, "the account may not use this service type"),
    (0x101, "ESME_RPROHIBITED", Class::Credentials, "the account may not do this"),
    (0x102, "ESME_RSERTYPUNAVAIL", Class::ServerError, "the service type is not available"),
    (0x104, "ESME_RINVDCS", Class::Content, "the data coding is invalid"),
];

/// A refusal by an SMSC. `own` is what the settings say of codes, `said` the SMSC's words where it has some.
pub(super) fn refusal(status: u32, own: &BTreeMap<u32, Class>, said: Option<&str>, redactor: &Redactor) -> Refusal {
    let known = CODES.iter().find(|(code, ..)| *code == status);
    let class = own.get(&status).copied().or(known.map(|(_, _, class, _)| *class)).unwrap_or(Class::Other);
    let code = known.map_or_else(|| format!("0x{status:08X}"), |(_, name, ..)| (*name).to_owned());
    let said = said.map(|said| redactor.clean(said)).filter(|said| !said.is_empty());
    let words = || known.map_or("a custom code of this SMSC", |(_, _, _, words)| *words).to_owned();
    Refusal { code: Some(code), advice: advice(status, class), ..Refusal::new(class, said.unwrap_or_else(words)) }
}

/// What to do, where SMPP knows more than the class does.
fn advice(status: u32, class: Class) -> Option<String> {
    let advice = match (status, class) {
        (0x05, _) => "end another session of the account, or ask for more of them",
        (0x0D, Class::Credentials) => {
            "check system_id, password and system_type, from which addresses the account may be used, and how often at \
             once"
        }
        (_, Class::Credentials) => "check system_id, password and system_type",
        (0x50 | 0x51, _) => "check destination_ton and destination_npi",
        (0x62, _) => "check validity_period",
        (0xC3 | 0xC4, _) => "check entity_id, template_id and telemarketer_id, and the tags that the SMSC wants",
        (0x400.., Class::Other) => "look the code up in the SMSC's documentation; `errors` can say what it means",
        _ => return None,
    };
    Some(advice.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_names_each_code_once() {
        assert!(CODES.is_sorted_by(|one, next| one.0 < next.0));
    }

    #[test]
    fn the_settings_and_the_words_of_the_smsc_win() {
        let refused =
            |status, said| refusal(status, &BTreeMap::from([(0x411, Class::Balance)]), said, &Redactor::default());
        assert_eq!(refused(0x411, None).class, Class::Balance);
        assert_eq!(refused(0x58, None).class, Class::Throttled);
        assert_eq!(refused(0x0B, Some("no such\u{1b} number")).message, "no such\\u{1b} number");
        let unknown = refused(0x412, None);
        assert_eq!((unknown.class, unknown.code.as_deref()), (Class::Other, Some("0x00000412")));
        assert!(unknown.hint().contains("`errors`"));
    }
}
