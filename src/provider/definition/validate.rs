//! Refuses what is well written and could not work: it would reach nobody, or a stranger, or ask about nothing.

use super::language::Template;
use super::model::{Body, Definition, ENCODING, EncodingChoice, GatewayPhoneFormat, Request, Unlisted};
use crate::otp::DeliveryState;
use crate::toml_tree::{ConfigError, Position};

impl Definition {
    /// As [`Self::parse`], and refuses also what is well written and could not work.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn checked(text: &str) -> Result<Self, ConfigError> {
        let definition = Self::parse(text)?;
        match definition.invalid() {
            Some(what) => Err(ConfigError::new(what).at(&Position::first())),
            None => Ok(definition),
        }
    }

    /// What is well written, and yet would reach nobody, or a stranger.
    fn invalid(&self) -> Option<String> {
        let request = &self.send.request;
        let filled = self.settings.iter().any(|setting| setting.template);
        let what = if self.title.trim().is_empty() {
            "`name` is empty"
        } else if !request.uses("phone") && !filled {
            "nothing in `send` uses `phone`, so no message would have a receiver"
        } else if !["text", "code"].iter().any(|name| request.uses(name)) && !filled {
            "nothing in `send` uses `text` or `code`, so no message would hold a code"
        } else if self.phone == GatewayPhoneFormat::National && self.countries.is_empty() {
            "`phone = \"national\"` needs `countries`: without its country a number is a stranger's in another"
        } else if let Some(status) = &self.status
            && !status.request.uses("id")
        {
            "nothing in `status.request` uses `id`, so it would not be about one message"
        } else if self.status.is_some() && self.send.id.is_none() {
            "`status` asks by the `id` of a message, and `send.id` does not say where an answer has it"
        } else if (self.status.is_some() || self.reports.is_some())
            && !self.delivery.states.values().any(|state| *state == DeliveryState::Delivered)
        {
            "`delivery.states.delivered` says of no word that a message arrived"
        } else {
            return self.unanswered().map(str::to_owned);
        };
        Some(what.to_owned())
    }

    /// A question that every definition must answer, and that this one leaves open or answers against itself.
    fn unanswered(&self) -> Option<&'static str> {
        let hidden = self.settings.iter().any(|setting| setting.name == ENCODING);
        let told = self.send.request.uses(ENCODING) && !hidden;
        let what = match self.encoding {
            None => {
                "`encoding` is missing: `encoding = \"automatic\"` where the gateway finds out by itself which texts need \
                 Unicode, else `encoding = \"told\"` and `{{ encoding }}` (gsm7 or ucs2) in `send`"
            }
            Some(EncodingChoice::Told) if hidden => {
                "the setting `encoding` hides the variable that `encoding = \"told\"` needs in `send`"
            }
            Some(EncodingChoice::Told) if !told => {
                "`encoding = \"told\"`, and nothing in `send` uses `encoding`: a text in Hindi would arrive as question marks"
            }
            Some(EncodingChoice::Automatic) if told => {
                "`send` uses `encoding`, so say `encoding = \"told\"`; `automatic` is for gateways that find it out"
            }
            _ => match self.errors.unlisted {
                None if self.errors.code.is_some() => {
                    "`errors.unlisted` is missing: `\"refused\"` where the gateway documents that whatever is not its yes was \
                     not sent, else `\"unknown\"`"
                }
                Some(Unlisted::Refused) if self.errors.code.is_none() && self.send.refused.is_none() => {
                    "`errors.unlisted = \"refused\"` needs `errors.code` or `send.refused`: where else is a no to be seen?"
                }
                _ => return None,
            },
        };
        Some(what)
    }
}

impl Request {
    /// Whether any part of it uses this name.
    fn uses(&self, name: &str) -> bool {
        let named = |fields: &[(String, Template)]| fields.iter().any(|(_, template)| template.uses(name));
        let body = match &self.body {
            Body::None => false,
            Body::Json(tree) => tree.uses(name),
            Body::Form(fields) => named(fields),
        };
        body || self.path.iter().any(|segment| segment.uses(name)) || named(&self.query) || named(&self.headers)
    }
}
