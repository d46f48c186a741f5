//! Who a phone belongs to: the users of a phone, and, the other way round, the phones of a user.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::stored::{Life, Stored, VERSION};
use super::{Moment, Phone, UserId};

/// So many users may share a phone.
pub const USERS_PER_PHONE: usize = 32;
/// So many phones may belong to a user.
pub const PHONES_PER_USER: usize = 32;
/// An empty map is remembered so long: longer than any code lives, so that its version never comes twice to one.
const EMPTY_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// The users of one phone, in the phone's own slot: this side decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Users {
    v: u8,
    /// Changes with every link and unlink: codes are bound to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Moment>,
    /// In the order of their links.
    #[serde(default)]
    pub users: Vec<Link>,
}

/// One user of a phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Who.
    pub user: UserId,
    /// Since when.
    pub linked_at: Moment,
    /// When the phone was last shown to be in this user's hands, by a right code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Moment>,
}

impl Stored for Users {}

impl Default for Users {
    fn default() -> Self {
        Self { v: VERSION, version: None, users: Vec::new() }
    }
}

impl Users {
    /// A map has no end; an empty one is soon forgotten.
    #[must_use]
    pub fn life(&self) -> Life {
        if self.users.is_empty() { Life::For(EMPTY_KEPT) } else { Life::Forever }
    }

    /// Whether this user has the phone.
    #[must_use]
    pub fn has(&self, user: &UserId) -> bool {
        self.users.iter().any(|link| link.user == *user)
    }

    /// The user, where there is exactly one.
    #[must_use]
    pub fn only(&self) -> Option<&UserId> {
        match self.users.as_slice() {
            [link] => Some(&link.user),
            _ => None,
        }
    }
}

/// The phones of one user: an index. It may name a phone too many after a crash, never one too few; the phone's own
/// side is asked before it is believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phones {
    v: u8,
    /// +E.164, in the order of their links.
    #[serde(default)]
    pub phones: Vec<String>,
}

impl Stored for Phones {}

impl Default for Phones {
    fn default() -> Self {
        Self { v: VERSION, phones: Vec::new() }
    }
}

impl Phones {
    /// With this phone; `None` where it is there already.
    #[must_use]
    pub fn with(&self, phone: &Phone) -> Option<Self> {
        let mut more = self.clone();
        (!self.phones.iter().any(|known| known == phone.as_str())).then(|| {
            more.phones.push(phone.as_str().to_owned());
            more
        })
    }

    /// Without this phone; `None` where it is not there.
    #[must_use]
    pub fn without(&self, phone: &Phone) -> Option<Self> {
        let mut fewer = self.clone();
        fewer.phones.retain(|known| known != phone.as_str());
        (fewer.phones.len() < self.phones.len()).then_some(fewer)
    }
}
