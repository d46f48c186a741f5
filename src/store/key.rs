//! The names under which values are stored.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::otp::{Phone, UserId};

/// The place of one value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum StoreKey {
    /// A phone's codes and counts.
    Record(Phone),
    Users(Phone),
    /// The policy entry of a phone.
    Policy(Phone),
    /// A user's phones.
    Phones(UserId),
    /// Who linked the phone to users and unlinked it.
    LinkHistory(Phone),
    /// The phones that a user had.
    FormerPhones(UserId),
    /// The sends to a prefix: the number less its last four digits.
    Prefix(String),
    /// The sends to a country.
    Country(String),
    /// The policy entries of the prefixes and countries of a calling code.
    CallingPolicy(u16),
    /// A part of the index of the phones that have a policy entry.
    PolicyIndex(u8),
    /// What an idempotency key was used for, by its hash.
    Request(String),
    /// The failures of a provider, by its name in the configuration.
    Provider(String),
    /// What a provider was not told of how its codes ended, by its name in the configuration.
    Feedback(String),
    /// What became of the codes of a country in the half hour that begins at this second, on the way of a provider and a
    /// channel: sums.
    Stats(String, i64, String, String),
    /// Which sums of statistics there are of the day that begins at this second: sums.
    StatsIndex(i64),
    /// The sends and the verified codes of a country, for the brakes: sums.
    CountryTrust(String),
    /// Those of a range, the number less its last six digits: sums.
    RangeTrust(String),
    /// The newest record of an audit, by the name of its file.
    AuditHead(String),
    /// The sends to a country, by windows: sums.
    CountrySends(String),
    /// That a phone verified a code lately: sums.
    Seen(Phone),
    /// The messages of a channel, by windows: sums.
    ChannelSends(String),
    /// What messages cost in a currency, by windows: sums of millionths of its unit.
    Spend(String),
    /// A key of the application's own, by its whole name. Its value is what the layout writes: type,
    /// expiry and content as one, so its lifetime is the one in it.
    App(String),
}

impl StoreKey {
    /// The name of the key in a store, without the store's own prefix. What is in braces is the Redis Cluster
    /// hash tag: it is the same for all keys of one phone.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Record(phone) => format!("{{{}}}:record", phone.as_str()),
            Self::Users(phone) => format!("{{{}}}:users", phone.as_str()),
            Self::Policy(phone) => format!("{{{}}}:policy", phone.as_str()),
            Self::Phones(user) => format!("{{user:{}}}:phones", encoded(user.as_str())),
            Self::LinkHistory(phone) => format!("{{{}}}:links", phone.as_str()),
            Self::FormerPhones(user) => format!("{{user:{}}}:former", encoded(user.as_str())),
            Self::Prefix(prefix) => format!("{{prefix:{prefix}}}:sends"),
            Self::Country(country) => format!("{{country:{country}}}:sends"),
            Self::CallingPolicy(code) => format!("{{calling:{code}}}:policy"),
            Self::PolicyIndex(part) => format!("{{policies:{part:02}}}:index"),
            Self::Request(hash) => format!("{{request:{hash}}}:request"),
            Self::Provider(name) => format!("{{provider:{}}}:circuit", encoded(name)),
            Self::Feedback(name) => format!("{{provider:{}}}:feedback", encoded(name)),
            Self::Stats(country, half_hour, provider, channel) => {
                format!("{{stats:{country}}}:{half_hour}:{}|{}", encoded(provider), encoded(channel))
            }
            Self::StatsIndex(day) => format!("{{stats:index}}:{day}"),
            Self::CountryTrust(country) => format!("{{country:{country}}}:trust"),
            Self::RangeTrust(range) => format!("{{range:{range}}}:trust"),
            Self::AuditHead(file) => format!("{{audit:{file}}}:head"),
            Self::CountrySends(country) => format!("{{country:{country}}}:counts"),
            Self::Seen(phone) => format!("{{{}}}:seen", phone.as_str()),
            Self::ChannelSends(channel) => format!("{{channel:{}}}:counts", encoded(channel)),
            Self::Spend(currency) => format!("{{spend:{}}}:counts", encoded(currency)),
            Self::App(key) => key.clone(),
        }
    }

    /// Whether it is a hash of sums, which is added to and never set.
    #[must_use]
    pub fn is_sums(&self) -> bool {
        matches!(
            self,
            Self::Stats(..)
                | Self::StatsIndex(_)
                | Self::CountryTrust(_)
                | Self::RangeTrust(_)
                | Self::CountrySends(_)
                | Self::Seen(_)
                | Self::ChannelSends(_)
                | Self::Spend(_)
        )
    }

    /// Whether it is not ours.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        matches!(self, Self::App(_))
    }
}

/// The name of a phone's timeline.
pub(super) fn timeline_name(phone: &Phone) -> String {
    format!("{{{}}}:timeline", phone.as_str())
}

/// The name of a shard of the feed.
pub(super) fn feed_name(shard: usize) -> String {
    format!("{{feed:{shard}}}:events")
}

/// What a name keeps as it is: the characters that mean nothing to Redis Cluster, to `SCAN` patterns and to a terminal.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'@').remove(b'+').remove(b'-');

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// The reverse of [`encoded`]; `None` for a name that it never makes.
pub(super) fn decoded(name: &str) -> Option<String> {
    let text = percent_decode_str(name).decode_utf8().ok()?.into_owned();
    (encoded(&text) == name).then_some(text)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// The names that all versions so far have stored.
    fn written_out(text: &str) -> String {
        text.bytes().fold(String::new(), |mut name, byte| {
            if byte.is_ascii_alphanumeric() || b"_.@+-".contains(&byte) {
                name.push(char::from(byte));
            } else {
                write!(name, "%{byte:02X}").unwrap();
            }
            name
        })
    }

    #[test]
    fn every_byte_of_a_name_is_stored_as_it_always_was() {
        // Every byte that a text can have is in one of these.
        let letters = ('\0'..='\u{7FF}').chain(('\u{800}'..='\u{10FFFF}').step_by(0x400)).chain(['\u{10FFFF}']);
        let mut all = String::new();
        for letter in letters {
            let text = letter.to_string();
            assert_eq!(encoded(&text), written_out(&text), "{text:?}");
            assert_eq!(decoded(&encoded(&text)).as_deref(), Some(text.as_str()));
            all.push(letter);
        }
        let bytes: std::collections::HashSet<u8> = all.bytes().collect();
        assert!((0..=0xF4).filter(|byte| !matches!(byte, 0xC0 | 0xC1)).all(|byte| bytes.contains(&byte)));
        assert_eq!(encoded(&all), written_out(&all));
        assert_eq!(decoded(&encoded(&all)), Some(all));
    }

    #[test]
    fn what_is_never_stored_is_no_name() {
        for name in ["%", "%4", "%zz", "%+1", "a%2fb", "%41", "a b", "%FF"] {
            assert_eq!(decoded(name), None, "{name}");
        }
    }
}
