//! An account at an SMSC, as the settings describe it: each is held to what its field of a PDU can carry.

use std::collections::BTreeMap;
use std::time::Duration;

use rusmpp_core::types::owned::{COctetString, EmptyOrFullCOctetString};
use rusmpp_core::values::{Npi, Ton};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::Value;

use super::super::open_error::OpenError;
use super::super::reply::Class;
use super::connect::SmscAddress;
use super::receipt::Manner;
use crate::http::{Setting, SettingError, Settings, wrong};
use crate::otp::{DeliveryReason, ReportIds, Secret};
use crate::system::tls;
use crate::system::{FilePath, MAX_CERTIFICATES, Trust, read_text};

/// How long a session may take, unless the settings say otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The longest password that SMPP 3.4 knows (§5.2.2), in octets. Some SMSCs give longer ones, and want them whole.
pub(super) const USUAL_PASSWORD: usize = 8;

/// The longest that is sent.
const LONGEST_PASSWORD: usize = 64;

/// An account.
pub(super) struct Account {
    pub(super) place: SmscAddress,
    pub(super) transmitter: bool,
    pub(super) system_id: COctetString<1, 16>,
    pub(super) password: Secret,
    pub(super) system_type: COctetString<1, 13>,
    pub(super) source: Source,
    pub(super) destination_ton: Ton,
    pub(super) destination_npi: Npi,
    pub(super) service_type: COctetString<1, 6>,
    pub(super) registered_delivery: bool,
    pub(super) validity_period: EmptyOrFullCOctetString<17>,
    pub(super) data_coding: u8,
    pub(super) long: Long,
    /// Optional parameters of every message: their tags and values.
    pub(super) parameters: Vec<(u16, String)>,
    /// What codes of this SMSC mean.
    pub(super) errors: BTreeMap<u32, Class>,
    /// How it refers to messages that it accepted.
    pub(super) manner: Manner,
    pub(super) timeout: Duration,
}

/// Who a message is from.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) ton: Ton,
    pub(super) npi: Npi,
    pub(super) address: COctetString<1, 21>,
}

/// How a text of several parts is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Long {
    /// Parts with a header of ours.
    Udh(Reference),
    /// Parts that the SMSC makes the headers of, from `sar_…` parameters.
    Sar,
    /// Whole, in `message_payload`.
    Payload,
}

/// The length of the number that the parts of a text share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reference {
    Short,
    Long,
}

impl Account {
    /// What is sent as it is, and is no SMPP.
    pub(super) fn warning(&self) -> Option<&'static str> {
        (self.password.expose().len() > USUAL_PASSWORD)
            .then_some("SMPP 3.4 has passwords of at most 8 characters, and this one is longer: it is sent whole")
    }

    pub(super) fn read(settings: &Settings) -> Result<Self, OpenError> {
        let required = |name: &str| match settings.text(name)?.filter(|text| !text.is_empty()) {
            Some(text) => Ok(text.to_owned()),
            None => Err(SettingError::Missing(name.to_owned())),
        };
        let password = required("password")?;
        if password.len() > LONGEST_PASSWORD || !password.bytes().all(|byte| (1..=127).contains(&byte)) {
            return Err(wrong("password", "at most 64 ASCII characters").into());
        }
        let system_type = settings.text("system_type")?.unwrap_or_default();
        let service_type = settings.text("service_type")?.unwrap_or_default();
        Ok(Self {
            place: place(settings, required("host")?)?,
            transmitter: one_of(settings, "bind", &[("transceiver", false), ("transmitter", true)])?,
            system_id: field("system_id", &required("system_id")?, "at most 15 ASCII characters")?,
            password: Secret::new(password),
            system_type: field("system_type", system_type, "at most 12 ASCII characters")?,
            source: source(settings)?,
            destination_ton: octet(settings, "destination_ton", 1)?.into(),
            destination_npi: octet(settings, "destination_npi", 1)?.into(),
            service_type: field("service_type", service_type, "at most 5 ASCII characters")?,
            registered_delivery: settings.flag("registered_delivery")?.unwrap_or(true),
            validity_period: validity(settings)?,
            data_coding: octet(settings, "data_coding", 0)?,
            long: long(settings)?,
            parameters: parameters(settings)?,
            errors: errors(settings)?,
            manner: manner(settings)?,
            timeout: settings.duration("timeout")?.unwrap_or(TIMEOUT),
        })
    }
}

fn field<const MAX: usize>(
    name: &str,
    text: &str,
    expected: &'static str,
) -> Result<COctetString<1, MAX>, SettingError> {
    COctetString::from_string(text.to_owned()).map_err(|_| wrong(name, expected))
}

fn octet(settings: &Settings, name: &str, usual: u8) -> Result<u8, SettingError> {
    let number = settings.number(name, u8::MAX.into(), "a number from 0 to 255")?;
    Ok(number.and_then(|number| u8::try_from(number).ok()).unwrap_or(usual))
}

fn place(settings: &Settings, host: String) -> Result<SmscAddress, OpenError> {
    let port = settings.number("port", u16::MAX, "a number from 0 to 65535")?.unwrap_or(2775);
    let wrong_tls = || wrong("tls", "true, false, or a table such as { ca = \"ca.pem\" }");
    let config = match settings.0.get("tls") {
        None if tls::stays_inside(&host) => None,
        None => {
            let say = "the password and the codes would go over the internet unencrypted: set `tls = true`, or `tls = \
                       false` where the way is protected otherwise";
            return Err(SettingError::Needs(say.to_owned()).into());
        }
        Some(Setting::Plain(Value::Bool(false))) => None,
        Some(Setting::Plain(Value::Bool(true))) => Some(tls::usual()),
        Some(Setting::Authority(path)) => Some(tls::trusting(roots(path)?)),
        Some(_) => return Err(wrong_tls().into()),
    };
    let name = || ServerName::try_from(host.clone()).map_err(|_| wrong("host", "the name or address of a machine"));
    let tls = match config {
        Some(config) => Some((config.map_err(SettingError::Needs)?, name()?)),
        None => None,
    };
    Ok(SmscAddress { host, port, tls })
}

fn roots(path: &FilePath) -> Result<RootCertStore, OpenError> {
    let expected = "a file with the certificate of a CA, in PEM";
    let mut roots = RootCertStore::empty();
    let file = match read_text(path, MAX_CERTIFICATES, Trust::Owned) {
        Err(error) if error.missing => return Err(wrong("tls.ca", expected).into()),
        read => read?,
    };
    for certificate in CertificateDer::pem_slice_iter(file.text.as_bytes()) {
        let certificate = certificate.map_err(|_| wrong("tls.ca", expected))?;
        roots.add(certificate).map_err(|_| wrong("tls.ca", expected))?;
    }
    if roots.is_empty() { Err(wrong("tls.ca", expected).into()) } else { Ok(roots) }
}

fn source(settings: &Settings) -> Result<Source, SettingError> {
    let text = settings.text("source")?.unwrap_or_default();
    let (ton, npi, address) = look(text);
    Ok(Source {
        ton: octet(settings, "source_ton", ton)?.into(),
        npi: octet(settings, "source_npi", npi)?.into(),
        address: field("source", address, "at most 20 ASCII characters")?,
    })
}

/// The type of number and the numbering plan that most SMSCs want for a sender that looks like this (SMPP 3.4 §5.2.5,
/// §5.2.6): international and E.164, network specific for a short code, alphanumeric for a name.
fn look(source: &str) -> (u8, u8, &str) {
    let digits = source.strip_prefix('+').unwrap_or(source);
    let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match source {
        "" => (0, 0, ""),
        _ if !number => (5, 0, source),
        _ if source.len() <= 8 && digits == source => (3, 0, source),
        _ => (1, 1, digits),
    }
}

/// The time that a message may wait, from now on (SMPP 3.4 §7.1.1): `YYMMDDhhmmsstnnR`.
fn validity(settings: &Settings) -> Result<EmptyOrFullCOctetString<17>, SettingError> {
    let expected = "a duration from 1s to 30d, such as \"5m\"";
    let Some(span) = settings.duration("validity_period")? else { return Ok(EmptyOrFullCOctetString::empty()) };
    let seconds = span.as_secs();
    if !(1..=720 * 3600).contains(&seconds) {
        return Err(wrong("validity_period", expected));
    }
    let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60);
    let text = format!("0000{days:02}{hours:02}{minutes:02}{:02}000R\0", seconds % 60);
    EmptyOrFullCOctetString::from_vec(text.into_bytes()).map_err(|_| wrong("validity_period", expected))
}

fn long(settings: &Settings) -> Result<Long, SettingError> {
    let reference = match settings.number("reference_bits", 16, "8 or 16")? {
        None | Some(8) => Reference::Short,
        Some(16) => Reference::Long,
        Some(_) => return Err(wrong("reference_bits", "8 or 16")),
    };
    one_of(settings, "long", &[("udh", Long::Udh(reference)), ("sar", Long::Sar), ("payload", Long::Payload)])
}

/// One of a few words; the first where the setting is absent.
fn one_of<T: Copy>(settings: &Settings, name: &'static str, words: &[(&'static str, T)]) -> Result<T, SettingError> {
    let found = match settings.text(name)? {
        None => words.first(),
        Some(text) => words.iter().find(|(word, _)| *word == text),
    };
    let list = || words.iter().map(|(word, _)| format!("{word:?}")).collect::<Vec<_>>().join(", ");
    found.map(|(_, meant)| *meant).ok_or_else(|| SettingError::Needs(format!("`{name}` is one of {}", list())))
}

/// The ids of the DLT registration, as octets without an end mark.
fn parameters(settings: &Settings) -> Result<Vec<(u16, String)>, SettingError> {
    let mut parameters = Vec::new();
    for (name, tag, usual) in [
        ("entity_id", "entity_tag", 0x1400),
        ("template_id", "template_tag", 0x1401),
        ("telemarketer_id", "telemarketer_tag", 0x1402),
    ] {
        let tag = settings.number(tag, u16::MAX, "a number from 0 to 0xFFFF")?.unwrap_or(usual);
        if let Some(text) = settings.text(name)?.filter(|text| !text.is_empty()) {
            if !text.is_ascii() || text.len() > 255 {
                return Err(wrong(name, "at most 255 ASCII characters"));
            }
            parameters.push((tag, text.to_owned()));
        }
    }
    Ok(parameters)
}

fn errors(settings: &Settings) -> Result<BTreeMap<u32, Class>, SettingError> {
    let code = |text: &str| match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    };
    let expected = "a table of codes and classes, such as { \"0x411\" = \"balance\" }";
    meanings(settings, "errors", expected, code, Class::named)
}

fn manner(settings: &Settings) -> Result<Manner, SettingError> {
    let expected = "a table of codes and reasons, such as { 27 = \"handset_off\" }";
    let bare = |code: &str| Some(code.trim_start_matches('0').to_owned());
    let ids = one_of(
        settings,
        "receipt_ids",
        &[("same", ReportIds::Alike), ("decimal", ReportIds::Decimal), ("hex", ReportIds::Hex)],
    )?;
    Ok(Manner { ids, reasons: meanings(settings, "reasons", expected, bare, DeliveryReason::named)? })
}

/// A table that says what codes mean.
fn meanings<K: Ord, V>(
    settings: &Settings,
    name: &str,
    expected: &'static str,
    code: impl Fn(&str) -> Option<K>,
    meaning: impl Fn(&str) -> Option<V>,
) -> Result<BTreeMap<K, V>, SettingError> {
    let table = match settings.0.get(name) {
        None => return Ok(BTreeMap::new()),
        Some(Setting::Plain(Value::Object(table))) => table,
        Some(_) => return Err(wrong(name, expected)),
    };
    let entry = |(text, word): (&String, &Value)| Some((code(text)?, meaning(word.as_str()?)?));
    table.iter().map(entry).collect::<Option<_>>().ok_or_else(|| wrong(name, expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_what_it_looks_like() {
        assert_eq!(look("+13125550100"), (1, 1, "13125550100"));
        assert_eq!(look("13125550100"), (1, 1, "13125550100"));
        assert_eq!(look("56767"), (3, 0, "56767"));
        assert_eq!(look("IOTRDY"), (5, 0, "IOTRDY"));
        assert_eq!(look("+"), (5, 0, "+"));
        assert_eq!(look(""), (0, 0, ""));
    }

    #[test]
    fn a_validity_period_is_relative() {
        let written = |text: &str| {
            let value = Setting::Plain(Value::from(text));
            validity(&Settings([("validity_period".to_owned(), value)].into())).map(|period| period.to_string())
        };
        assert_eq!(written("5m").unwrap(), "000000000500000R");
        assert_eq!(written("1d2h3m4s").unwrap(), "000001020304000R");
        assert!(written("31d").is_err() && written("26h 3m").is_err() && written("500ms").is_err());
    }
}
