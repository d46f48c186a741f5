//! Who a phone belongs to: the users of a phone, and conversely the phones of a user.
//!
//! # Two sides in two slots
//!
//! The map (the users of a phone) is in the phone's slot and decides. The index (the phones of a user) is in the user's
//! slot and only leads to it. On a Cluster no transaction spans both, so they are kept together by the order of the
//! steps. At every moment, whichever commands run, wait or were killed: **a phone that has a user is in the user's index.** The
//! index may name a phone too many, never one too few.
//!
//! * `link` reads the version of the phone's map, writes the phone into the index under a fresh [`Mark`], and only then
//!   changes the map, if its version is still the one that was read. If not, it starts again.
//! * `unlink` reads the mark in the index, changes the map, and then removes the entry if it still has that mark. Where
//!   the phone is not the user's but its entry is young, a link may be between its two steps: `unlink` then gives the map
//!   a new version, which makes that link start again and name the phone anew.
//! * `move` names its phone and marks all others as leaving in one write of the index, which puts all moves of a user in
//!   an order. It then links its phone, and unlinks the others as long as their marks are its own: a later command that
//!   names one of them takes it over. The user has both numbers for a moment, and never none.
//! * A reader takes from the index what the phones' own sides confirm. If one does not, it reads both again until two
//!   readings agree.
//! * An entry without a link is left by a command that was killed. The next `link`, `unlink` or `move` of the pair
//!   clears it; `store purge` may when it is older than [`UNDER_WAY`], since no link confirms an entry that it wrote
//!   more than [`CONFIRMED_WITHIN`] ago.

use std::collections::BTreeMap;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::persist::{More, Stored, Ttl, Version};
use super::{Moment, Phone, Randomness, RandomnessFailed, UserId};

/// The version of the format of either side.
const VERSION: u64 = 1;
/// The number of users that may share a phone.
pub const USERS_PER_PHONE: usize = 32;
/// The number of phones that may belong to a user.
pub const PHONES_PER_USER: usize = 32;
/// How long an empty map is remembered: longer than any code is valid, so that no code sees the same version twice.
const EMPTY_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// A link changes the map at most this long after it wrote the index; later, it writes the index again first.
pub const CONFIRMED_WITHIN: Duration = Duration::from_secs(60 * 60);
/// Until then an entry of the index that leads nowhere may belong to a link that is still running.
pub const UNDER_WAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The users of one phone, in the phone's own slot: this side decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Users {
    v: Version<VERSION>,
    /// Changes with every link and unlink: codes are bound to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Moment>,
    /// In the order of their links.
    #[serde(default)]
    pub users: Vec<Link>,
    /// What newer versions added to it.
    #[serde(default, skip_serializing_if = "More::is_empty")]
    pub more: More,
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
    /// What newer versions added to it.
    #[serde(default, skip_serializing_if = "More::is_empty")]
    pub more: More,
}

impl Link {
    /// A link of this moment, on which no code was verified yet.
    #[must_use]
    pub fn new(user: &UserId, linked_at: Moment) -> Self {
        Self { user: user.clone(), linked_at, verified_at: None, more: More::default() }
    }
}

impl Stored for Users {
    const VERSION: u64 = VERSION;
}

impl Default for Users {
    fn default() -> Self {
        Self { v: Version, version: None, users: Vec::new(), more: More::default() }
    }
}

impl Users {
    /// A map has no end; an empty one is soon forgotten.
    #[must_use]
    pub fn ttl(&self) -> Ttl {
        if self.users.is_empty() { Ttl::For(EMPTY_KEPT) } else { Ttl::Forever }
    }

    /// The link of this user.
    #[must_use]
    pub fn link_of(&self, user: &UserId) -> Option<&Link> {
        self.users.iter().find(|link| link.user == *user)
    }

    /// Whether this user has the phone.
    #[must_use]
    pub fn has(&self, user: &UserId) -> bool {
        self.link_of(user).is_some()
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

/// The phones of one user: an index. It may name a phone too many, never one too few; the phone's own side is asked before
/// it is believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phones {
    v: Version<VERSION>,
    /// +E.164, in the order of their links.
    #[serde(default)]
    pub phones: Vec<String>,
    /// By number, who wrote the entry last. Entries that versions without marks wrote have none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub marks: BTreeMap<String, Mark>,
    /// What newer versions added to it.
    #[serde(default, skip_serializing_if = "More::is_empty")]
    pub more: More,
}

/// Identifies one write of an entry of the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Random, and new with each writing.
    pub id: String,
    /// When a link wrote the entry last, by the clock of the store; `None`: a version without marks did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named_at: Option<Moment>,
    /// The user was moved to another phone, and this one may be about to be unlinked: until its map has a new version.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leaving: bool,
}

/// Whether a link may be running that wrote an entry of the index and has not changed the map yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// It may: the entry is younger than [`UNDER_WAY`].
    UnderWay,
    /// It cannot.
    Old,
    /// A version without marks wrote the entry.
    Unknown,
}

impl Stored for Phones {
    const VERSION: u64 = VERSION;
}

impl Default for Phones {
    fn default() -> Self {
        Self { v: Version, phones: Vec::new(), marks: BTreeMap::new(), more: More::default() }
    }
}

impl Phones {
    /// The text of a new mark.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn mark_id(randomness: &dyn Randomness) -> Result<String, RandomnessFailed> {
        let mut bytes = [0_u8; 12];
        randomness.fill(&mut bytes)?;
        Ok(BASE64URL_NOPAD.encode(&bytes))
    }

    /// Whether the index names this phone.
    #[must_use]
    pub fn has(&self, phone: &Phone) -> bool {
        self.phones.iter().any(|known| known == phone.as_str())
    }

    /// The mark of this phone's entry.
    #[must_use]
    pub fn mark(&self, phone: &Phone) -> Option<&Mark> {
        self.marks.get(phone.as_str()).filter(|_| self.has(phone))
    }

    /// The phones that it names.
    pub fn named(&self) -> impl Iterator<Item = Phone> {
        self.phones.iter().filter_map(|phone| Phone::parse(phone, None).ok())
    }

    /// The other phones that it names.
    pub fn others(&self, phone: &Phone) -> impl Iterator<Item = Phone> {
        let others = self.phones.iter().filter(|known| *known != phone.as_str());
        others.filter_map(|phone| Phone::parse(phone, None).ok())
    }

    /// Names a phone, under a new mark. One that was leaving is so until [`Self::stay`].
    pub fn name(&mut self, phone: &Phone, id: &str, now: Moment) {
        let leaving = self.mark(phone).is_some_and(|mark| mark.leaving);
        if !self.has(phone) {
            self.phones.push(phone.as_str().to_owned());
        }
        let mark = Mark { id: id.to_owned(), named_at: Some(now), leaving };
        self.marks.insert(phone.as_str().to_owned(), mark);
    }

    /// A phone is not leaving any more, if it still has the mark of this id. Returns whether it was.
    pub fn stay(&mut self, phone: &Phone, id: &str) -> bool {
        let mark = self.marks.get_mut(phone.as_str()).filter(|mark| mark.id == id && mark.leaving);
        mark.is_some_and(|mark| {
            mark.leaving = false;
            true
        })
    }

    /// Marks a phone that it names as about to be unlinked, and gives the mark.
    pub fn leave(&mut self, phone: &Phone, id: &str) -> Option<Mark> {
        let named_at = self.mark(phone).and_then(|mark| mark.named_at);
        let mark = Mark { id: id.to_owned(), named_at, leaving: true };
        self.has(phone).then(|| {
            self.marks.insert(phone.as_str().to_owned(), mark.clone());
            mark
        })
    }

    /// Removes a phone whose entry still has this mark, or still has none. Returns whether it did.
    pub fn forget(&mut self, phone: &Phone, mark: Option<&Mark>) -> bool {
        let is_it = self.has(phone) && self.mark(phone).map(|mark| &mark.id) == mark.map(|mark| &mark.id);
        if is_it {
            self.phones.retain(|known| known != phone.as_str());
            self.marks.remove(phone.as_str());
        }
        is_it
    }

    /// Whether a link of this phone may be running.
    #[must_use]
    pub fn age(&self, phone: &Phone, now: Moment) -> Age {
        match self.mark(phone).and_then(|mark| mark.named_at) {
            None => Age::Unknown,
            Some(named_at) if named_at.after(UNDER_WAY) > now => Age::UnderWay,
            Some(_) => Age::Old,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(last: char) -> Phone {
        Phone::parse(&format!("+91987654321{last}"), None).unwrap()
    }

    #[test]
    fn an_entry_goes_only_under_the_mark_that_was_read() {
        let (now, one, two) = (Moment::from_millis(1_790_000_000_000), phone('1'), phone('2'));
        let mut index = Phones::read(Some(br#"{"v":1,"phones":["+919876543211"]}"#)).unwrap();
        assert_eq!((index.mark(&one), index.age(&one, now)), (None, Age::Unknown));
        index.name(&one, "a", now);
        assert!(!index.forget(&one, None), "it was named anew");
        let first = index.mark(&one).cloned();
        index.name(&one, "b", now);
        assert!(!index.forget(&one, first.as_ref()));
        index.name(&two, "c", now);
        let leaving = index.leave(&one, "d");
        assert_eq!(leaving.as_ref().map(|mark| (mark.leaving, mark.named_at)), Some((true, Some(now))));
        index.name(&one, "n", now);
        assert!(index.mark(&one).is_some_and(|mark| mark.leaving), "until somebody says that it stays");
        assert!(!index.stay(&one, "d") && index.stay(&one, "n") && !index.stay(&one, "n"));
        let leaving = index.leave(&one, "d");
        assert!(index.forget(&one, leaving.as_ref()) && !index.has(&one) && index.has(&two));
        assert_eq!(index.leave(&one, "e"), None);
        assert!(!index.forget(&one, None), "what is not there is not removed");
    }

    #[test]
    fn an_entry_is_old_when_no_link_can_still_confirm_it() {
        let (now, one) = (Moment::from_millis(1_790_000_000_000), phone('1'));
        let mut index = Phones::default();
        index.name(&one, "a", now);
        assert_eq!(index.age(&one, now.before(UNDER_WAY)), Age::UnderWay, "the clock was set back");
        assert_eq!(index.age(&one, now.after(UNDER_WAY).before(Duration::from_millis(1))), Age::UnderWay);
        assert_eq!(index.age(&one, now.after(UNDER_WAY)), Age::Old);
        assert!(UNDER_WAY >= CONFIRMED_WITHIN * 2);
    }

    #[test]
    fn an_index_without_marks_is_read_and_written_as_before() {
        let bytes = br#"{"v":1,"phones":["+919876543211"]}"#;
        assert_eq!(Phones::read(Some(bytes)).unwrap().write(), bytes);
    }
}
