//! What a definition says, as the engine uses it.

use std::collections::BTreeMap;

use super::super::reply::Class;
use crate::http::{Each, Expression, Request, Service, Template};
use crate::otp::{Channel, Country, DeliveryReason, DeliveryState};

/// What a message gives to templates.
pub(in crate::provider) const MESSAGE: [&str; 11] = [
    "phone",
    "text",
    "code",
    "app",
    "ttl_minutes",
    "purpose",
    "lang",
    "challenge_id",
    ENCODING,
    "calling_code",
    "national",
];

/// Those of them that a setting of the same name replaces: definitions may have had such settings before.
pub(in crate::provider) const REPLACEABLE: [&str; 3] = [ENCODING, "calling_code", "national"];

/// The variable with the encoding that the text needs. A setting of this name replaces it.
pub(in crate::provider) const ENCODING: &str = "encoding";

/// A checked definition of one gateway.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    pub(in crate::provider) title: String,
    pub(in crate::provider) docs: Option<String>,
    /// Its address, its settings, and how requests authenticate.
    pub(in crate::provider) service: Service,
    pub(in crate::provider) phone: GatewayPhoneFormat,
    /// `None`: the definition does not say, which [`Self::checked`] refuses.
    pub(in crate::provider) encoding: Option<EncodingChoice>,
    /// The only countries that it reaches; empty: no such limit is known.
    pub(in crate::provider) countries: Vec<Country>,
    /// By which way its messages reach people.
    pub(in crate::provider) channel: Channel,
    pub(in crate::provider) template_sender: bool,
    pub(in crate::provider) warnings: Vec<WarningRule>,
    pub(in crate::provider) send: Send,
    pub(in crate::provider) status: Option<Status>,
    pub(in crate::provider) reports: Option<Reports>,
    /// What the words of both mean.
    pub(in crate::provider) delivery: DeliveryMap,
    pub(in crate::provider) balance: Option<Balance>,
    pub(in crate::provider) test: Option<Test>,
    pub(in crate::provider) feedback: Option<Feedback>,
    /// How a message is taken back.
    pub(in crate::provider) revoke: Option<Revoke>,
    pub(in crate::provider) errors: Errors,
    pub(in crate::provider) features: Features,
}

/// What messages through a gateway can be like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Features {
    /// What a message can come from; empty: nothing is known.
    pub senders: Vec<SenderKind>,
    /// Whether it takes the ids of India's DLT registration: entity, header, template.
    pub dlt: bool,
    /// How many characters one request may hold, where the vendor says so.
    pub longest: Option<u32>,
}

/// What a message can come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SenderKind {
    /// A full phone number.
    Number,
    /// A short code.
    ShortCode,
    /// A name, or an Indian header.
    Alphanumeric,
    /// Whichever number of a pool the gateway chooses.
    Pool,
    /// What is registered with the template.
    Template,
}

impl SenderKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Number, Self::ShortCode, Self::Alphanumeric, Self::Pool, Self::Template];

    /// The word in definitions and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::ShortCode => "short_code",
            Self::Alphanumeric => "alphanumeric",
            Self::Pool => "pool",
            Self::Template => "template",
        }
    }
}

/// How a gateway writes phone numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::provider) enum GatewayPhoneFormat {
    E164,
    Digits,
    National,
}

/// Who decides that a text needs Unicode (UCS-2). A gateway that takes it for GSM-7 sends question marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::provider) enum EncodingChoice {
    /// The gateway, by the text or by its own template.
    Automatic,
    /// We, by the text: the request uses the variable `encoding`.
    Told,
}

/// What a code in no list means in a 2xx that is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::provider) enum Unlisted {
    /// The gateway documents that all but its accepted answers mean not sent.
    Refused,
    /// The message may have been sent.
    Unknown,
}

/// When the value of a setting is probably not what was meant.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::provider) struct WarningRule {
    pub(in crate::provider) setting: String,
    pub(in crate::provider) when: Expression,
    pub(in crate::provider) say: String,
    pub(in crate::provider) hint: Option<String>,
}

/// A setting whose value is probably not what was meant, although it may work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingWarning {
    /// Which one.
    pub setting: String,
    /// What looks wrong. It holds no value.
    pub text: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// How to send, and how to tell whether the message was accepted.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::provider) struct Send {
    pub(in crate::provider) request: Request,
    pub(in crate::provider) accepted: Expression,
    pub(in crate::provider) refused: Option<Expression>,
    pub(in crate::provider) doubtful: Option<Expression>,
    pub(in crate::provider) id: Option<Expression>,
    pub(in crate::provider) id_optional: bool,
    pub(in crate::provider) segments: Option<Expression>,
    pub(in crate::provider) idempotent: bool,
}

/// How to read a refusal.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::provider) struct Errors {
    pub(in crate::provider) code: Option<Expression>,
    pub(in crate::provider) message: Option<Expression>,
    /// `None`: the definition does not say, which [`Definition::checked`] refuses.
    pub(in crate::provider) unlisted: Option<Unlisted>,
    pub(in crate::provider) classes: BTreeMap<String, Class>,
    /// By HTTP status, where no code says more.
    pub(in crate::provider) statuses: BTreeMap<u16, Class>,
    /// In lower case, in the order of the definition: the first that is found decides.
    pub(in crate::provider) phrases: Vec<(String, Class)>,
    pub(in crate::provider) hints: BTreeMap<String, String>,
}

/// What the gateway's codes for states and reasons mean, in answers and in reports.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::provider) struct DeliveryMap {
    pub(in crate::provider) states: BTreeMap<String, DeliveryState>,
    /// `delivered` is there. It may be empty: then the gateway never says that a message arrived.
    pub(in crate::provider) names_delivered: bool,
    pub(in crate::provider) reasons: BTreeMap<String, DeliveryReason>,
    /// Parts of the words of a reason, in lower case, in the order of the definition: the first that is found decides.
    pub(in crate::provider) phrases: Vec<(String, DeliveryReason)>,
}

/// How to query the delivery of a message.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::provider) struct Status {
    pub(in crate::provider) request: Request,
    pub(in crate::provider) fields: StateFields,
}

/// Where an answer or a report has the state of the message.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::provider) struct StateFields {
    pub(in crate::provider) state: Expression,
    /// The code of the reason.
    pub(in crate::provider) reason: Option<Expression>,
    /// The reason in the gateway's words.
    pub(in crate::provider) words: Option<Expression>,
    /// The network of the receiver.
    pub(in crate::provider) operator: Option<Expression>,
}

/// How to take a message back.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::provider) struct Revoke {
    pub(in crate::provider) request: Request,
    /// Whether it was done; absent: by the HTTP status.
    pub(in crate::provider) ok: Option<Expression>,
}

/// How to query the balance of the account.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::provider) struct Balance {
    pub(in crate::provider) request: Request,
    pub(in crate::provider) amount: Expression,
    pub(in crate::provider) currency: Option<Expression>,
}

/// One call that costs nothing and shows that the settings work.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::provider) struct Test {
    pub(in crate::provider) request: Request,
    pub(in crate::provider) ok: Expression,
    pub(in crate::provider) says: Option<Expression>,
}

/// How the gateway's delivery reports to the application are read.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::provider) struct Reports {
    /// From the body to the reports in it.
    pub(in crate::provider) each: Each,
    /// What the gateway calls the event; without a value, or without this, it is a report.
    pub(in crate::provider) event: Option<Expression>,
    /// The events that are reports.
    pub(in crate::provider) events: Vec<String>,
    /// The country of numbers that are written without their country code.
    pub(in crate::provider) country: Option<Country>,
    pub(in crate::provider) id: Expression,
    pub(in crate::provider) phone: Option<Expression>,
    pub(in crate::provider) fields: StateFields,
}

/// How the gateway is told how the code of a message ended.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::provider) struct Feedback {
    pub(in crate::provider) request: Request,
    /// Where the call is, if it is elsewhere.
    pub(in crate::provider) base_url: Option<Template>,
    /// Whether it can also be told of a code that nobody verified.
    pub(in crate::provider) abandoned: bool,
}
