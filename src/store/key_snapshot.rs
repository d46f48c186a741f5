//! Every key of a store, those of other programs in the same database too: what was seen of each, and which of ours it is.

use std::time::Duration;

use super::key::{StoreKey, decoded};
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
}

impl OwnKey {
    /// The reverse of [`StoreKey::name`] and of a timeline's name; `None`: we have no such key.
    #[must_use]
    pub fn read(name: &str) -> Option<Self> {
        let (inside, end) = name.strip_prefix('{')?.rsplit_once("}:")?;
        let phone = || Phone::parse(inside, None).ok().filter(|phone| phone.as_str() == inside);
        let marked = |mark: &str| inside.strip_prefix(mark).filter(|rest| !rest.is_empty()).map(str::to_owned);
        let own = match end {
            "record" => Self::Value(StoreKey::Record(phone()?)),
            "users" => Self::Value(StoreKey::Users(phone()?)),
            "policy" => Self::Value(match marked("calling:") {
                Some(code) => StoreKey::CallingPolicy(code.parse().ok()?),
                None => StoreKey::Policy(phone()?),
            }),
            "index" => Self::Value(StoreKey::PolicyIndex(marked("policies:")?.parse().ok()?)),
            "timeline" => Self::Timeline(phone()?),
            "phones" => Self::Value(StoreKey::Phones(UserId::new(&decoded(&marked("user:")?)?).ok()?)),
            "sends" => Self::Value(match marked("prefix:") {
                Some(prefix) => StoreKey::Prefix(prefix),
                None => StoreKey::Country(marked("country:")?),
            }),
            "request" => Self::Value(StoreKey::Request(marked("request:")?)),
            "circuit" => Self::Value(StoreKey::Provider(decoded(&marked("provider:")?)?)),
            _ => return None,
        };
        // A number may be written in several ways, and a key has one name.
        let is_named = |own: &Self| !matches!(own, Self::Value(key) if key.name() != name);
        Some(own).filter(is_named)
    }

    /// Its phone, where it is one phone's.
    #[must_use]
    pub fn phone(&self) -> Option<&Phone> {
        match self {
            Self::Value(StoreKey::Record(phone) | StoreKey::Users(phone) | StoreKey::Policy(phone))
            | Self::Timeline(phone) => Some(phone),
            Self::Value(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::key::timeline_name;

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
            StoreKey::Prefix("+91987654".to_owned()),
            StoreKey::Country("+881".to_owned()),
            StoreKey::Request("0a".to_owned()),
            StoreKey::Provider("msg 91".to_owned()),
        ] {
            assert_eq!(OwnKey::read(&cell.name()), Some(OwnKey::Value(cell)));
        }
        assert_eq!(OwnKey::read(&timeline_name(&phone)), Some(OwnKey::Timeline(phone)));
        for other in [
            "",
            "{calling:091}:policy",
            "{policies:7}:index",
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
