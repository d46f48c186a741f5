//! The provider that sends nothing: it shows the SMS to whoever sits in front of the program.

use async_trait::async_trait;
use tokio::time::Instant;

use super::open_error::OpenError;
use super::reply::{Class, ProviderReply, QueryResult, Receipt, Refusal};
use super::{Capabilities, Context, Description, Features, Provider, Sink};
use crate::http::Settings;
use crate::otp::redact::escaped_lines;
use crate::otp::{Channel, Message};

/// The kind's name.
pub(super) const KIND: &str = "console";

struct Console {
    name: String,
    sink: Sink,
}

/// It gets no delivery reports.
const CAPABILITIES: Capabilities =
    Capabilities { status: false, balance: false, test: true, reports: false, revoke: false };

pub(super) fn description() -> Description {
    Description {
        kind: KIND.to_owned(),
        title: "Console".to_owned(),
        docs: None,
        settings: Vec::new(),
        real: false,
        template_sender: false,
        can: CAPABILITIES,
        channel: Channel::Sms,
        features: Features::default(),
    }
}

pub(super) fn open(name: &str, settings: &Settings, context: &Context) -> Result<Box<dyn Provider>, OpenError> {
    settings.only(&[])?;
    Ok(Box::new(Console { name: name.to_owned(), sink: context.console.clone() }))
}

#[async_trait]
impl Provider for Console {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    async fn send(&self, message: &Message<'_>, _deadline: Instant) -> ProviderReply {
        let shown = (self.sink)(&format!("SMS to {}: {}", message.to.as_str(), escaped_lines(message.text)));
        if let Err(error) = shown {
            let why = format!("the SMS could not be shown: {}", error.kind());
            return ProviderReply::Refused(Refusal::new(Class::Unreachable, why));
        }
        ProviderReply::Accepted(Receipt { id: Some(message.challenge_id.to_owned()), segments: None, report: None })
    }

    async fn test(&self, _deadline: Instant) -> QueryResult<Option<String>> {
        Ok(Some("it shows each SMS on stderr and sends none".to_owned()))
    }
}
