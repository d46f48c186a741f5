//! The SMS gateways behind one trait: a message goes in, one of three outcomes comes out.
//!
//! A gateway with an HTTP interface is a definition in `catalog/`, sent by the engine in `http`; only what is not HTTP is
//! code. Providers know neither store nor rules, and print nothing.

mod catalog;
mod command;
mod console;
mod definition;
mod http;
mod kind;
mod outbox;
mod outcome;
mod redact;
mod settings;
mod smpp;
mod test_number;
mod tls;

use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::Instant;

pub use definition::{Definition, DefinitionError, Features, Problem, SenderKind, SettingSpec, SettingType};
pub use kind::Kind;
pub use outcome::{
    Amount, Class, DeliveryCallback, Indeterminate, Malformed, Outcome, QueryError, QueryResult, Receipt, Refusal,
    WebhookBody,
};
pub use settings::{OpenError, Setting, Settings};
pub use test_number::{NAME as TEST_NUMBER, TestOutcome, open as open_test_number};

use crate::otp::suggest::nearest;
use crate::otp::{DeliveryReport, Message, Moment, Phone};

/// One configured way to a phone.
///
/// The law of `send`: it is one attempt and ends by the deadline. [`Outcome::Refused`] means that the message was
/// surely not sent; wherever that is not sure, the outcome is [`Outcome::Unknown`]. No text in an outcome holds the
/// code, a secret setting or a character that a terminal obeys.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The name that it is configured under.
    fn name(&self) -> &str;

    /// Whether the text of the SMS lives at the gateway, which takes variables only.
    fn holds_text(&self) -> bool {
        false
    }

    /// What it can do beside sending.
    fn capabilities(&self) -> Capabilities;

    /// Whether the gateway takes the same challenge twice for once, so that a send without an answer may be repeated.
    fn is_idempotent(&self) -> bool {
        false
    }

    /// What is odd about its settings, although they may work.
    fn warning(&self) -> Option<String> {
        None
    }

    /// What it would refuse without asking anybody, in the words that [`Self::send`] would refuse it with; `None`: only
    /// the gateway can tell.
    fn refuses(&self, _message: &Message<'_>) -> Option<Refusal> {
        None
    }

    /// Tries once to hand the message to the gateway.
    async fn send(&self, message: &Message<'_>, deadline: Instant) -> Outcome;

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

/// Where providers take the time from that a request is signed with.
pub type Clock = Arc<dyn Fn() -> Moment + Send + Sync>;

/// What providers take from outside.
#[derive(Clone)]
pub struct Context {
    /// Takes one message of the `console` provider, without a line break at its end.
    pub console: Sink,
    /// The machine's time. A request that is signed is only good for minutes.
    pub clock: Clock,
    /// The folders in which programs are looked for, as in `PATH`.
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
    /// Whether the text lives at the gateway, which takes variables only.
    pub template_sender: bool,
    /// What else it can do than send.
    pub can: Capabilities,
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
    /// Tell the application what became of a message, in a form that can be read.
    pub reports: bool,
}

/// All kinds that `kind = "…"` can name: those in code, then the catalogue, sorted.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    [console::KIND, outbox::KIND, command::KIND, smpp::KIND].into_iter().chain(catalog::kinds())
}

/// What is known of a kind; `None` where there is no such kind. The catalogue's own definitions are tested to parse,
/// so one that does not is no kind.
#[must_use]
pub fn describe(kind: &str) -> Option<Description> {
    match kind {
        console::KIND => Some(console::description()),
        outbox::KIND => Some(outbox::description()),
        command::KIND => Some(command::description()),
        smpp::KIND => Some(smpp::description()),
        _ => catalog::definition(kind)?.ok().map(|definition| definition.describe(kind)),
    }
}

/// Whether messages of this kind leave the machine and may cost money; it reads no definition.
#[must_use]
pub fn is_real(kind: &str) -> bool {
    !matches!(kind, console::KIND | outbox::KIND)
}

/// Whether a code is shown on this machine, instead of being sent to its receiver.
#[must_use]
pub fn shows_codes(kind: &str) -> bool {
    matches!(kind, console::KIND | outbox::KIND)
}

/// Opens a provider. Nothing is connected to and nothing is sent.
///
/// # Errors
/// An unknown kind, and the first setting that is wrong. No error quotes a value.
pub fn open(name: &str, kind: &str, settings: Settings, context: &Context) -> Result<Box<dyn Provider>, OpenError> {
    match kind {
        console::KIND => console::open(name, &settings, context),
        outbox::KIND => outbox::open(name, &settings),
        command::KIND => command::open(name, &settings, context),
        smpp::KIND => smpp::open(name, &settings),
        _ => match catalog::definition(kind) {
            Some(definition) => open_defined(name, definition?, settings, context),
            None => {
                Err(OpenError::UnknownKind { kind: kind.to_owned(), near: nearest(kind, kinds()).map(str::to_owned) })
            }
        },
    }
}

/// Opens a provider by a definition that does not stand in the catalogue.
///
/// # Errors
/// The first setting that is wrong. No error quotes a value.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the settings hold secrets, and are wiped when this is done with them"
)]
pub fn open_defined(
    name: &str,
    definition: Definition,
    settings: Settings,
    context: &Context,
) -> Result<Box<dyn Provider>, OpenError> {
    http::open(name, definition, &settings, context)
}
