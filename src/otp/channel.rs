//! By which way a code reaches its owner, and what a sentence calls one delivery on it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A way to a person: what a provider sends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
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
        }
        assert_eq!(Channel::named("SMS"), None);
        assert_eq!(Channel::noun_of("pigeon"), "the message");
        assert_eq!(Channel::default(), Channel::Sms);
    }
}
