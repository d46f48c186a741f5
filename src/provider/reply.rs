//! The reply to one attempt to send: accepted, refused and why, or unknown.

use std::fmt;
use std::time::Duration;

use crate::otp::{DeliveryReport, ReportIds};

/// The reply to one attempt. There is no fourth case, and no error: a provider always answers with one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderReply {
    /// The gateway accepted the message. Acceptance is not delivery.
    Accepted(Receipt),
    /// The message was not sent.
    Refused(Refusal),
    /// The message may have been sent: the request, or a part of it, was on its way and no usable answer came.
    Unknown(Indeterminate),
}

impl ProviderReply {
    /// The outcome in one word.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Refused(_) => "refused",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// A gateway's confirmation that it accepted the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The gateway's id of the message, by which its state can be queried.
    pub id: Option<String>,
    /// How many SMS the gateway says that it makes of the text.
    pub segments: Option<u32>,
    /// What became of it, where the gateway knows that at once.
    pub report: Option<DeliveryReport>,
}

/// The answer to a question that sends nothing, and may be asked again.
pub type QueryResult<T> = Result<T, QueryError>;

/// Why there is no answer to a question that sends nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryError {
    /// The gateway has no such call.
    NotOffered,
    /// It refused, or gave no answer that can be used.
    Refused(Refusal),
}

/// What is left on an account, as the gateway writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount {
    /// The number, as text: nothing is lost by rounding.
    pub amount: String,
    /// The currency or unit, where the gateway says it.
    pub currency: Option<String>,
}

/// One delivery report that the application received and passes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryCallback {
    /// The gateway's id of the message.
    pub message_id: String,
    /// How this id follows from the one that the gateway gave when it accepted the message.
    pub ids: ReportIds,
    /// The receiver, as the gateway writes it; `None` where its reports do not say.
    pub phone: Option<String>,
    /// What it says.
    pub report: DeliveryReport,
}

/// What a gateway sent to the application in one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookBody {
    pub reports: Vec<DeliveryCallback>,
    /// What the gateway calls the other events in it, such as a message that came in.
    pub other_events: Vec<String>,
}

impl From<Vec<DeliveryCallback>> for WebhookBody {
    fn from(reports: Vec<DeliveryCallback>) -> Self {
        Self { reports, other_events: Vec::new() }
    }
}

/// Why a delivery report cannot be read. Nothing of it is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It is not known how this provider's reports are written.
    #[error("otpctl cannot read the delivery reports of this provider")]
    NotOffered,
    /// It holds no report as this provider writes them.
    #[error("this is not a delivery report of this provider")]
    NoReport,
    /// A report without the id of its message.
    #[error("a delivery report has no message id")]
    NoId,
    /// A report without a state.
    #[error("a delivery report has no state")]
    NoState,
}

/// Whether this is an id and not a sentence: what is in an id's place goes into records, reports and URLs.
pub(super) fn is_id(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.chars().all(|character| character.is_ascii_graphic())
}

/// Why a message was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The kind of reason, the same for all gateways.
    pub class: Class,
    /// The gateway's own code, cleaned as the message is.
    pub code: Option<String>,
    /// The gateway's words, without the code, keys and full phone number: one line, safe for a terminal, of at most about
    /// 200 characters.
    pub message: String,
    /// How long the gateway asks to wait.
    pub retry_after: Option<Duration>,
    /// What to do about this very code, where the definition of the gateway knows more than the class does.
    pub advice: Option<String>,
}

impl Refusal {
    /// A refusal with nothing but its class and its reason.
    #[must_use]
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self { class, code: None, message: message.into(), retry_after: None, advice: None }
    }

    /// The gateway's words, with its code behind them where it has one.
    #[must_use]
    pub fn words(&self) -> String {
        let code = self.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
        format!("{}{code}", self.message)
    }

    /// The time was over before anybody was asked.
    pub(super) fn late() -> Self {
        let advice = Some("give the command more time: --timeout 60s".to_owned());
        Self { advice, ..Self::new(Class::Unreachable, "no time was left to send") }
    }

    /// The next step for a person: the definition's advice for this code, else that of the class.
    #[must_use]
    pub fn hint(&self) -> &str {
        self.advice.as_deref().unwrap_or_else(|| self.class.hint())
    }
}

/// Why nobody can say whether the message was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indeterminate {
    /// What happened, in our words; never the answer's body.
    pub why: String,
}

/// The kinds of reasons for a refusal, the same for all gateways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// The key, the account or its allowed addresses.
    Credentials,
    /// No money left.
    Balance,
    /// The sender's number or name, or its registration.
    Sender,
    /// The text or the template.
    Content,
    /// The receiver's number cannot take a message.
    Recipient,
    /// The receiver does not use this channel: nothing is wrong with the number or the gateway.
    NotOnChannel,
    /// The receiver asked for no more messages.
    OptedOut,
    /// The account may not send to this region.
    Region,
    /// Too much at once.
    Throttled,
    /// No connection was made.
    Unreachable,
    /// Trouble of the gateway's own; only where its definition says that this code means "not sent".
    ServerError,
    /// Anything else.
    Other,
}

impl Class {
    /// All classes, in the order of their declaration.
    pub const ALL: [Self; 12] = [
        Self::Credentials,
        Self::Balance,
        Self::Sender,
        Self::Content,
        Self::Recipient,
        Self::NotOnChannel,
        Self::OptedOut,
        Self::Region,
        Self::Throttled,
        Self::Unreachable,
        Self::ServerError,
        Self::Other,
    ];

    /// The name, as in definitions and in documents: `opted_out`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Balance => "balance",
            Self::Sender => "sender",
            Self::Content => "content",
            Self::Recipient => "recipient",
            Self::NotOnChannel => "not_on_channel",
            Self::OptedOut => "opted_out",
            Self::Region => "region",
            Self::Throttled => "throttled",
            Self::Unreachable => "unreachable",
            Self::ServerError => "server_error",
            Self::Other => "other",
        }
    }

    /// The class of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }

    /// Whether the same send may work later as it is (`PROVIDER_DOWN`); else something must be fixed first
    /// (`PROVIDER_REFUSED`).
    #[must_use]
    pub fn is_down(self) -> bool {
        matches!(self, Self::Unreachable | Self::Throttled | Self::ServerError)
    }

    /// Whether the reason is the receiver, not the gateway: another gateway would refuse the same, or should.
    #[must_use]
    pub fn about_recipient(self) -> bool {
        matches!(self, Self::Recipient | Self::OptedOut)
    }

    /// Whether it is about the gateway or the account, so that the next message would end the same.
    #[must_use]
    pub fn about_gateway(self) -> bool {
        matches!(
            self,
            Self::Credentials | Self::Balance | Self::Sender | Self::Throttled | Self::Unreachable | Self::ServerError
        )
    }

    /// The next step, in plain language.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::Credentials => "check the provider's key, and which addresses it may be used from",
            Self::Balance => "top up the account at the provider",
            Self::Sender => "check the sender (number, name or header) and its registration at the provider",
            Self::Content => "compare the text or template with what is registered at the provider",
            Self::Recipient => "check the number: the provider says that it cannot take a message",
            Self::NotOnChannel => "send it another way: add a provider of SMS or calls to the route",
            Self::OptedOut => "the receiver asked for no more messages; only the receiver can undo that (START)",
            Self::Region => "allow this country in the provider's account, or route it to another provider",
            Self::Throttled => "wait, then send again",
            Self::Unreachable => "check base_url and the network, then send again",
            Self::ServerError => "the provider has trouble; send again later",
            Self::Other => "look the code up in the provider's documentation",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
