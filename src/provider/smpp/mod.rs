//! The provider that speaks SMPP 3.4 to an SMSC: one session a message, bound, used and ended.
//!
//! What it takes is known in every build; the session itself is behind the feature `smpp`.

#[cfg(feature = "smpp")]
mod account;
#[cfg(feature = "smpp")]
mod ask;
#[cfg(feature = "smpp")]
mod codes;
#[cfg(feature = "smpp")]
mod connect;
#[cfg(feature = "smpp")]
mod receipt;
#[cfg(feature = "smpp")]
mod send;
#[cfg(feature = "smpp")]
mod session;
#[cfg(feature = "smpp")]
mod submit;
#[cfg(feature = "smpp")]
mod wire;

use serde_json::Value;

#[cfg(feature = "smpp")]
pub(super) use send::open;

use super::{Capabilities, Description, Features, SenderKind};
use crate::http::{SettingSpec, SettingType};
use crate::otp::Channel;

/// The kind's name.
pub(super) const KIND: &str = "smpp";

/// No SMSC says what is left on an account.
const CAPABILITIES: Capabilities =
    Capabilities { status: true, balance: false, test: true, reports: true, revoke: false };

/// The kind is known, and the error says what is missing.
#[cfg(not(feature = "smpp"))]
pub(super) fn open(
    _name: &str,
    _settings: &crate::http::Settings,
) -> Result<Box<dyn super::Provider>, super::open_error::OpenError> {
    Err(super::open_error::OpenError::NotBuilt { kind: KIND })
}

pub(super) fn description() -> Description {
    Description {
        kind: KIND.to_owned(),
        title: "SMPP 3.4".to_owned(),
        docs: Some("https://smpp.org/SMPP_v3_4_Issue1_2.pdf".to_owned()),
        settings: settings(),
        real: true,
        template_sender: false,
        can: CAPABILITIES,
        channel: Channel::Sms,
        features: Features {
            senders: vec![SenderKind::Number, SenderKind::ShortCode, SenderKind::Alphanumeric],
            dlt: true,
            longest: None,
        },
    }
}

fn settings() -> Vec<SettingSpec> {
    use SettingType::{Flag, Number, Table, Text, Tls};
    let plain = SettingSpec::new;
    let needed = |name, help| SettingSpec { required: true, ..plain(name, Text, help) };
    let usual = |name, holds, default: Value, help| SettingSpec { default: Some(default), ..plain(name, holds, help) };
    vec![
        needed("host", "name or address of the SMSC"),
        usual("port", Number, 2775.into(), "often 3550 with TLS"),
        plain("tls", Tls, "true, or { ca = \"ca.pem\" } for your own CA; required for a public host"),
        usual("bind", Text, "transceiver".into(), "or transmitter, which is not given delivery receipts"),
        needed("system_id", "the account's name, at most 15 characters"),
        SettingSpec {
            secret: true,
            ..needed("password", "SMPP 3.4 has at most 8 characters; a longer one is sent whole")
        },
        plain("system_type", Text, "where the SMSC asks for one"),
        plain("source", Text, "sender: a number, a short code or a name; absent: the account's"),
        plain("source_ton", Number, "type of number; absent: as the sender looks"),
        plain("source_npi", Number, "numbering plan; absent: as the sender looks"),
        usual("destination_ton", Number, 1.into(), "type of number of the receiver: international"),
        usual("destination_npi", Number, 1.into(), "numbering plan of the receiver: ISDN (E.164)"),
        plain("service_type", Text, "where the SMSC asks for one"),
        usual("registered_delivery", Flag, true.into(), "asks for a delivery receipt"),
        plain("validity_period", Text, "how long the message may wait at the SMSC, such as 5m"),
        usual("data_coding", Number, 0.into(), "what GSM-7 is called at the SMSC"),
        usual("long", Text, "udh".into(), "how a long text is sent: udh, sar, or payload, which the SMSC cuts"),
        usual("reference_bits", Number, 8.into(), "or 16: of the number that the parts of a long text share"),
        plain("entity_id", Text, "India: DLT entity id"),
        plain("template_id", Text, "India: DLT template id"),
        plain("telemarketer_id", Text, "India: DLT id, or hash of the chain, of the telemarketers"),
        usual("entity_tag", Number, 0x1400.into(), "tag of the parameter that carries it"),
        usual("template_tag", Number, 0x1401.into(), "tag of the parameter that carries it"),
        usual("telemarketer_tag", Number, 0x1402.into(), "tag of the parameter that carries it"),
        plain("errors", Table, "what codes of this SMSC mean, such as { \"0x411\" = \"balance\" }"),
        usual("receipt_ids", Text, "same".into(), "or decimal, hex: how receipts write the message id"),
        plain("reasons", Table, "what error codes in receipts mean, such as { 27 = \"handset_off\" }"),
        usual("timeout", Text, "30s".into(), "for the whole session"),
    ]
}
