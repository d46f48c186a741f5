//! Refuses what is well written and could not work: it would reach nobody, or a stranger, or ask about nothing.

use super::{Body, Definition, DefinitionError, PhoneFormat, Problem, Request, Template};
use crate::otp::DeliveryState;

impl Definition {
    /// As [`Self::parse`], and refuses also what is well written and could not work.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn checked(text: &str) -> Result<Self, DefinitionError> {
        let definition = Self::parse(text)?;
        let senseless = |what: String| DefinitionError::at(text, 0, Problem::Senseless(what));
        definition.senseless().map_or(Ok(definition), |what| Err(senseless(what)))
    }

    /// What is well written, and yet would reach nobody, or a stranger.
    fn senseless(&self) -> Option<String> {
        let request = &self.send.request;
        let filled = self.settings.iter().any(|setting| setting.template);
        let what = if self.title.trim().is_empty() {
            "`name` is empty"
        } else if !request.uses("phone") && !filled {
            "nothing in `send` uses `phone`, so no message would have a receiver"
        } else if !["text", "code"].iter().any(|name| request.uses(name)) && !filled {
            "nothing in `send` uses `text` or `code`, so no message would hold a code"
        } else if self.phone == PhoneFormat::National && self.countries.is_empty() {
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
            return None;
        };
        Some(what.to_owned())
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
