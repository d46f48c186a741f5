//! Refuses a definition that is well formed and could not work: a message would reach nobody, or someone else.

use super::model::{Definition, ENCODING, EncodingChoice, GatewayPhoneFormat, Unlisted};
use crate::http::{SettingSpec, SettingType};
use crate::toml_tree::{ConfigError, Position};

impl Definition {
    /// As [`Self::parse`], and also refuses what is well formed and could not work.
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

    /// Why the definition could not work, if it is so.
    fn invalid(&self) -> Option<String> {
        let request = &self.send.request;
        let filled = self.service.settings().iter().any(|setting| setting.template);
        let what = if self.title.trim().is_empty() {
            "`name` is empty"
        } else if !["phone", "national"].iter().any(|name| request.uses(name)) && !filled {
            "nothing in `send` uses `phone` or `national`, so no message would have a recipient"
        } else if !["text", "code"].iter().any(|name| request.uses(name)) && !filled {
            "nothing in `send` uses `text` or `code`, so no message would contain a code"
        } else if self.phone == GatewayPhoneFormat::National && self.countries.is_empty() {
            "`phone = \"national\"` needs `countries`: in another country the number is someone else's"
        } else if let Some(status) = &self.status
            && !status.request.uses("id")
            && !status.fields.state.uses("id")
        {
            "nothing in `status.request` or `status.state` uses `id`, so it would not ask about one message"
        } else if self.status.is_some() && self.send.id.is_none() {
            "`status` asks by the `id` of a message, and `send.id` is missing"
        } else if let Some(feedback) = &self.feedback
            && !feedback.request.uses("id")
        {
            "nothing in `feedback.request` uses `id`, so it would not tell of one message"
        } else if self.revoke.as_ref().is_some_and(|revoke| !revoke.request.uses("id")) {
            "nothing in `revoke.request` uses `id`, so it would not take one message back"
        } else if self.feedback.is_some() && !self.service.settings().iter().any(is_switch) {
            "`feedback` needs the setting `feedback = { type = \"flag\" }`, which turns it on"
        } else if (self.status.is_some() || self.reports.is_some()) && !self.delivery.names_delivered {
            "`delivery.states.delivered` is missing: no state means that a message arrived; write `delivered = []` if the gateway never says so"
        } else {
            return self.unanswered().map(str::to_owned);
        };
        Some(what.to_owned())
    }

    /// A choice that every definition must make, and that this one leaves out or contradicts.
    fn unanswered(&self) -> Option<&'static str> {
        let hidden = self.service.settings().iter().any(|setting| setting.name == ENCODING);
        let told = self.send.request.uses(ENCODING) && !hidden;
        let what = match self.encoding {
            None => {
                "`encoding` is missing: set \"automatic\" if the gateway detects which texts need Unicode, else \"told\" \
                 with `{{ encoding }}` (gsm7 or ucs2) in `send`"
            }
            Some(EncodingChoice::Told) if hidden => {
                "the setting `encoding` hides the variable that `encoding = \"told\"` needs in `send`"
            }
            Some(EncodingChoice::Told) if !told => {
                "`encoding = \"told\"`, and nothing in `send` uses `encoding`: a text in Hindi would arrive as question marks"
            }
            Some(EncodingChoice::Automatic) if told => {
                "`send` uses `encoding`, so set `encoding = \"told\"`; `automatic` is for gateways that detect it"
            }
            _ => match self.errors.unlisted {
                None if self.errors.code.is_some() => {
                    "`errors.unlisted` is missing: set \"refused\" if the gateway documents that all but its accepted answers \
                     mean not sent, else \"unknown\""
                }
                Some(Unlisted::Refused) if self.errors.code.is_none() && self.send.refused.is_none() => {
                    "`errors.unlisted = \"refused\"` needs `errors.code` or `send.refused`, which tell a refusal"
                }
                _ => return None,
            },
        };
        Some(what)
    }
}

/// The setting that turns feedback on.
fn is_switch(setting: &SettingSpec) -> bool {
    setting.name == "feedback" && setting.holds == SettingType::Flag
}
