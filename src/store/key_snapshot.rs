//! Every key of a store, those of other programs in the same database too: what was seen of each, and which of ours it is.

use std::time::Duration;

use super::key::{StoreKey, decoded, feed_name, timeline_name};
use crate::otp::{Moment, Phone, UserId};

/// The name of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// As the store has it.
    pub name: Vec<u8>,
    /// Whose it is.
    pub owner: Owner,
}

/// Whose a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    Ours(OwnKey),
    /// It has our prefix, and no name of ours.
    Unknown,
    /// Another program's.
    Other,
}

/// What was seen of a key at one moment. It may hold a code, so it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct KeySnapshot {
    pub key: Key,
    /// The store's time.
    pub now: Moment,
    /// Its type, as Redis calls it.
    pub kind: String,
    /// How long it will be there; `None`: forever.
    pub ttl: Option<Duration>,
    /// The bytes of a string, the fields of a hash, the items of a list.
    pub size: u64,
    /// The beginning of a string; fields and values of a small hash in turn; the first item of a list.
    pub parts: Vec<Vec<u8>>,
}

impl std::fmt::Debug for KeySnapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("KeySnapshot");
        shown.field("kind", &self.kind).field("ttl", &self.ttl).field("size", &self.size).finish_non_exhaustive()
    }
}

impl KeySnapshot {
    /// A string that was read to its end.
    #[must_use]
    pub fn text(&self) -> Option<&[u8]> {
        let text = self.parts.first().filter(|_| self.kind == "string")?;
        (u64::try_from(text.len()) == Ok(self.size)).then_some(text)
    }

    /// The fields of a hash with their values.
    #[must_use]
    pub fn fields(&self) -> Option<Vec<(&[u8], &[u8])>> {
        let pairs = self.parts.chunks_exact(2).map(|pair| (pair[0].as_slice(), pair[1].as_slice()));
        (self.kind == "hash" && !self.parts.is_empty()).then(|| pairs.collect())
    }

    /// Whether enough was read to notice a change.
    #[must_use]
    pub fn can_be_compared(&self) -> bool {
        !self.parts.is_empty()
    }
}

/// One of our own keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnKey {
    /// A value.
    Value(StoreKey),
    Timeline(Phone),
    /// A shard of the feed.
    Feed(usize),
}

impl OwnKey {
    /// The reverse of [`StoreKey::name`] and of a timeline's name; `None`: we have no such key.
    #[must_use]
    pub fn read(name: &str) -> Option<Self> {
        let (inside, end) = name.strip_prefix('{')?.rsplit_once("}:")?;
        let phone = || Phone::parse(inside, None).ok().filter(|phone| phone.as_str() == inside);
        let marked = |mark: &str| inside.strip_prefix(mark).filter(|rest| !rest.is_empty()).map(str::to_owned);
        let user = || UserId::new(&decoded(&marked("user:")?)?).ok();
        let own = match end {
            "record" => Self::Value(StoreKey::Record(phone()?)),
            "users" => Self::Value(StoreKey::Users(phone()?)),
            "policy" => Self::Value(match marked("calling:") {
                Some(code) => StoreKey::CallingPolicy(code.parse().ok()?),
                None => StoreKey::Policy(phone()?),
            }),
            "index" => Self::Value(StoreKey::PolicyIndex(marked("policies:")?.parse().ok()?)),
            "timeline" => Self::Timeline(phone()?),
            "phones" => Self::Value(StoreKey::Phones(user()?)),
            "former" => Self::Value(StoreKey::FormerPhones(user()?)),
            "links" => Self::Value(StoreKey::LinkHistory(phone()?)),
            "sends" => Self::Value(match marked("prefix:") {
                Some(prefix) => StoreKey::Prefix(prefix),
                None => StoreKey::Country(marked("country:")?),
            }),
            "request" => Self::Value(StoreKey::Request(marked("request:")?)),
            "circuit" => Self::Value(StoreKey::Provider(decoded(&marked("provider:")?)?)),
            "feedback" => Self::Value(StoreKey::Feedback(decoded(&marked("provider:")?)?)),
            "trust" => Self::Value(match marked("range:") {
                Some(range) => StoreKey::RangeTrust(range),
                None => StoreKey::CountryTrust(marked("country:")?),
            }),
            "head" => Self::Value(StoreKey::AuditHead(marked("audit:")?)),
            "counts" => Self::Value(match (marked("channel:"), marked("spend:")) {
                (Some(channel), _) => StoreKey::ChannelSends(decoded(&channel)?),
                (None, Some(currency)) => StoreKey::Spend(decoded(&currency)?),
                (None, None) => StoreKey::CountrySends(marked("country:")?),
            }),
            "seen" => Self::Value(StoreKey::Seen(phone()?)),
            "events" => Self::Feed(marked("feed:")?.parse().ok()?),
            _ => Self::stats(&marked("stats:")?, end)?,
        };
        // A number may be written in several ways, and a key has one name.
        Some(own).filter(|own| own.is_named(name))
    }

    /// A key of statistics, by what is in its braces and behind them.
    fn stats(inside: &str, end: &str) -> Option<Self> {
        if inside == "index" {
            return Some(Self::Value(StoreKey::StatsIndex(end.parse().ok()?)));
        }
        let (half_hour, route) = end.split_once(':')?;
        let (provider, channel) = route.split_once('|')?;
        let (provider, channel) = (decoded(provider)?, decoded(channel)?);
        Some(Self::Value(StoreKey::Stats(inside.to_owned(), half_hour.parse().ok()?, provider, channel)))
    }

    /// Whether this is its name, and not another spelling of it.
    fn is_named(&self, name: &str) -> bool {
        match self {
            Self::Value(key) => key.name() == name,
            Self::Timeline(phone) => timeline_name(phone) == name,
            Self::Feed(shard) => feed_name(*shard) == name,
        }
    }

    /// What Redis calls the type of such a key.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Value(key) if key.is_sums() => "hash",
            Self::Value(_) => "string",
            Self::Timeline(_) => "list",
            Self::Feed(_) => "stream",
        }
    }

    /// Its phone, where it is one phone's.
    #[must_use]
    pub fn phone(&self) -> Option<&Phone> {
        match self {
            Self::Value(
                StoreKey::Record(phone)
                | StoreKey::Users(phone)
                | StoreKey::Policy(phone)
                | StoreKey::LinkHistory(phone)
                | StoreKey::Seen(phone),
            )
            | Self::Timeline(phone) => Some(phone),
            Self::Value(_) | Self::Feed(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_ours_is_read_back_and_no_other() {
        let phone = Phone::parse("+919876543210", None).unwrap();
        for cell in [
            StoreKey::Record(phone.clone()),
            StoreKey::Users(phone.clone()),
            StoreKey::Policy(phone.clone()),
            StoreKey::CallingPolicy(91),
            StoreKey::PolicyIndex(7),
            StoreKey::Phones(UserId::new("a {b}:c").unwrap()),
            StoreKey::FormerPhones(UserId::new("a {b}:c").unwrap()),
            StoreKey::LinkHistory(phone.clone()),
            StoreKey::Prefix("+91987654".to_owned()),
            StoreKey::Country("+881".to_owned()),
            StoreKey::Request("0a".to_owned()),
            StoreKey::Provider("msg 91".to_owned()),
            StoreKey::Feedback("msg 91".to_owned()),
            StoreKey::Stats("IN".to_owned(), 1_790_000_400, "msg 91".to_owned(), "sms".to_owned()),
            StoreKey::Stats("+881".to_owned(), 0, String::new(), String::new()),
            StoreKey::StatsIndex(1_789_948_800),
            StoreKey::CountryTrust("IN".to_owned()),
            StoreKey::RangeTrust("+9198".to_owned()),
            StoreKey::AuditHead("a7".to_owned()),
            StoreKey::CountrySends("IN".to_owned()),
            StoreKey::Seen(phone.clone()),
            StoreKey::ChannelSends("sms".to_owned()),
            StoreKey::Spend("EUR".to_owned()),
        ] {
            assert_eq!(OwnKey::read(&cell.name()), Some(OwnKey::Value(cell)));
        }
        assert_eq!(OwnKey::read(&timeline_name(&phone)), Some(OwnKey::Timeline(phone)));
        assert_eq!(OwnKey::read(&feed_name(3)), Some(OwnKey::Feed(3)));
        for other in [
            "{calling:091}:policy",
            "{policies:7}:index",
            "{feed:+3}:events",
            "{feed:}:events",
            "{stats:index}:x",
            "{stats:IN}:5",
            "{stats:IN}:5:msg91",
            "{stats:}:5:a|b",
            "",
            "{+919876543210}:other",
            "{+0}:record",
            "+919876543210:record",
            "{user:}:phones",
            "{+919876543210}",
        ] {
            assert_eq!(OwnKey::read(other), None, "{other}");
        }
    }
}
