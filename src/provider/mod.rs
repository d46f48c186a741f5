//! The SMS gateways behind one trait: a message goes in, one of three replies comes out.
//!
//! A gateway with an HTTP interface is a definition in `catalog/`, which `gateway` sends through the engine in
//! [`crate::http`]; only what is not HTTP is
//! code. Providers know neither store nor rules, and print nothing.

mod catalog;
mod command;
mod console;
mod definition;
mod gateway;
mod kind;
mod open_error;
mod outbox;
mod registry;
mod reply;
mod smpp;
mod test_number;

use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::Instant;

pub use definition::{Definition, Features, SenderKind, SettingWarning};
pub use kind::Kind;
pub use open_error::OpenError;
pub use registry::{describe, is_real, kinds, open, open_defined, shows_codes};
pub use reply::{
    Amount, Class, DeliveryCallback, Indeterminate, Malformed, ProviderReply, QueryError, QueryResult, Receipt,
    Refusal, WebhookBody,
};
pub use test_number::{NAME as TEST_NUMBER, TestOutcome, open as open_test_number};

pub use crate::http::{Machine, Setting, SettingError, SettingSpec, SettingType, Settings};
use crate::otp::{Channel, DeliveryReport, Message, Phone};

/// One configured provider.
///
/// The contract of `send`: it is one attempt and ends by the deadline. [`ProviderReply::Refused`] means that the message was
/// not sent; if that is not certain, the reply is [`ProviderReply::Unknown`]. No text in a reply contains the
/// code, a secret setting or a character that a terminal obeys.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The name that it is configured under.
    fn name(&self) -> &str;

    /// By which way its messages reach people.
    fn channel(&self) -> Channel {
        Channel::default()
    }

    /// Whether the text of the message is stored at the gateway, which accepts variables only.
    fn holds_text(&self) -> bool {
        false
    }

    /// What it can do beside sending.
    fn capabilities(&self) -> Capabilities;

    /// Whether the gateway sends the same challenge only once, so that a send without an answer may be repeated.
    fn is_idempotent(&self) -> bool {
        false
    }

    /// What is suspicious about its settings, although they may work.
    fn warning(&self) -> Option<String> {
        None
    }

    /// What it would refuse without a request, in the words that [`Self::send`] would use; `None`: only
    /// the gateway knows.
    fn refuses(&self, _message: &Message<'_>) -> Option<Refusal> {
        None
    }

    /// Makes one attempt to pass the message to the gateway.
    async fn send(&self, message: &Message<'_>, deadline: Instant) -> ProviderReply;

    /// Asks what became of a message, by the id that the gateway gave it.
    async fn status(&self, _message_id: &str, _to: &Phone, _deadline: Instant) -> QueryResult<DeliveryReport> {
        Err(QueryError::NotOffered)
    }

    /// Asks what is left on the account.
    async fn balance(&self, _deadline: Instant) -> QueryResult<Amount> {
        Err(QueryError::NotOffered)
    }

    /// Makes one real call that costs nothing and shows that the settings work; what the gateway said of them, where it
    /// said more than yes. A provider that calls nobody looks whether it could do its work, and says what that is.
    async fn test(&self, _deadline: Instant) -> QueryResult<Option<String>> {
        Err(QueryError::NotOffered)
    }

    /// Asks it to take a message back, whose code was revoked. Whether the receiver has seen it, nobody knows.
    ///
    /// # Errors
    /// When it cannot, or refuses.
    async fn revoke(&self, _message_id: &str, _to: &Phone, _deadline: Instant) -> QueryResult<()> {
        Err(QueryError::NotOffered)
    }

    /// Tells the gateway how the code of a message ended: whether somebody verified it. A gateway that cannot be told of a
    /// code that nobody verified is not asked.
    async fn feedback(&self, _message_id: &str, _to: &Phone, _verified: bool, _deadline: Instant) -> QueryResult<()> {
        Err(QueryError::NotOffered)
    }

    /// Reads what the gateway sent to the application, as it came: JSON, a form or a query. Delivery reports, and other
    /// events that come to the same URL.
    ///
    /// # Errors
    /// When it sends none, or this is neither.
    fn reports(&self, _body: &str) -> Result<WebhookBody, Malformed> {
        Err(Malformed::NotOffered)
    }
}

/// Where the `console` provider's messages go.
pub type Sink = Arc<dyn Fn(&str) -> std::io::Result<()> + Send + Sync>;

/// What providers take from outside.
#[derive(Clone)]
pub struct Context {
    /// Takes one message of the `console` provider, without a line break at its end.
    pub console: Sink,
    /// The machine's time and random bytes, for requests that are signed.
    pub machine: Machine,
    /// The folders in which programs are searched, as in `PATH`.
    pub path: OsString,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").finish_non_exhaustive()
    }
}

/// What is known of a kind of provider before it is configured.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// Its name in the configuration, such as `msg91`.
    pub kind: String,
    /// Its name for people, such as `MSG91`.
    pub title: String,
    /// The documentation of its API.
    pub docs: Option<String>,
    /// The settings that it takes, in the order that they are best written in.
    pub settings: Vec<SettingSpec>,
    /// Whether messages leave the machine and may cost money.
    pub real: bool,
    /// Whether the text is stored at the gateway, which accepts variables only.
    pub template_sender: bool,
    /// What else it can do than send.
    pub can: Capabilities,
    /// By which way its messages reach people.
    pub channel: Channel,
    /// What its messages can be like.
    pub features: Features,
}

/// What a kind of provider can do beside sending.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column of a table")]
pub struct Capabilities {
    /// Say what became of a message.
    pub status: bool,
    /// Say what is left on the account.
    pub balance: bool,
    /// Show that its settings work, at no cost.
    pub test: bool,
    /// Report to the application what became of a message, in a form that can be read.
    pub reports: bool,
    /// Take a message back.
    pub revoke: bool,
}
