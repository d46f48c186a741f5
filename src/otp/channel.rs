//! By which way a code reaches its owner, and what a sentence calls one delivery on it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A way to a person: what a provider sends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// A text message.
    #[default]
    Sms,
    /// A message on WhatsApp.
    WhatsApp,
    /// A message on Telegram.
    Telegram,
    /// A call that reads the code out.
    Voice,
    /// A message of Rich Communication Services.
    Rcs,
}

/// What a sentence calls one delivery of which the channel is not known here, because a newer version wrote it.
const MESSAGE: &str = "the message";

impl Channel {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Sms, Self::WhatsApp, Self::Telegram, Self::Voice, Self::Rcs];

    /// The word in definitions, in the configuration and in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::WhatsApp => "whatsapp",
            Self::Telegram => "telegram",
            Self::Voice => "voice",
            Self::Rcs => "rcs",
        }
    }

    /// The channel of that word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == word)
    }

    /// What a sentence calls one delivery on it, as in "the SMS was not sent".
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Sms => "the SMS",
            Self::WhatsApp => "the WhatsApp message",
            Self::Telegram => "the Telegram message",
            Self::Voice => "the call",
            Self::Rcs => "the RCS message",
        }
    }

    /// The same at the beginning of a sentence.
    #[must_use]
    pub const fn capital(self) -> &'static str {
        match self {
            Self::Sms => "The SMS",
            Self::WhatsApp => "The WhatsApp message",
            Self::Telegram => "The Telegram message",
            Self::Voice => "The call",
            Self::Rcs => "The RCS message",
        }
    }

    /// The same without its article, as in "the newest SMS".
    #[must_use]
    pub fn bare(self) -> &'static str {
        let noun = self.noun();
        noun.strip_prefix("the ").unwrap_or(noun)
    }

    /// What the cap of a channel limits.
    #[must_use]
    pub const fn to_everybody(self) -> &'static str {
        match self {
            Self::Sms => "SMS to all numbers",
            Self::WhatsApp => "WhatsApp messages to all numbers",
            Self::Telegram => "Telegram messages to all numbers",
            Self::Voice => "calls to all numbers",
            Self::Rcs => "RCS messages to all numbers",
        }
    }

    /// What became of one that did not reach its receiver, as in "the SMS did not arrive".
    #[must_use]
    pub const fn missed(self) -> &'static str {
        match self {
            Self::Voice => "was not answered",
            Self::Sms | Self::WhatsApp | Self::Telegram | Self::Rcs => "did not arrive",
        }
    }

    /// What its receiver would have to use, where that is an app of its own.
    #[must_use]
    pub const fn app(self) -> Option<&'static str> {
        match self {
            Self::WhatsApp => Some("WhatsApp"),
            Self::Telegram => Some("Telegram"),
            Self::Sms | Self::Voice | Self::Rcs => None,
        }
    }

    /// The noun of a channel by its word; a word that only a newer version knows is a message.
    #[must_use]
    pub fn noun_of(word: &str) -> &'static str {
        Self::named(word).map_or(MESSAGE, Self::noun)
    }

    /// What a sentence calls several, as in "as many SMS went out as may".
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Sms => "SMS",
            Self::WhatsApp => "WhatsApp messages",
            Self::Telegram => "Telegram messages",
            Self::Voice => "calls",
            Self::Rcs => "RCS messages",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_leads_back_to_its_channel() {
        for channel in Channel::ALL {
            assert_eq!(Channel::named(channel.as_str()), Some(channel));
            assert_eq!(serde_json::to_value(channel).unwrap(), channel.as_str());
            assert_eq!(Channel::noun_of(channel.as_str()), channel.noun());
            assert_eq!(channel.capital().to_lowercase(), channel.noun().to_lowercase());
            assert_eq!(format!("the {}", channel.bare()), channel.noun());
        }
        assert_eq!(Channel::named("SMS"), None);
        assert_eq!(Channel::noun_of("pigeon"), "the message");
        assert_eq!(Channel::default(), Channel::Sms);
    }
}
