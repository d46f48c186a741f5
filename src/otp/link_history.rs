//! What became of the map over the months: who linked a phone to a user, who unlinked it, when and why.
//!
//! The timeline of a phone says the same, for as long as it explains a login. A number that changed hands has to be seen
//! for much longer, so the changes of the map are kept here as well, in the same lines. They are in the phone's slot, and
//! written in the same step as the map itself ([`LinkHistory`]). The user's slot has only the numbers that the user had
//! before ([`FormerPhones`]): one gets there in the write that takes it out of the index, so that a phone which is or was
//! the user's is always in one of the two, whichever command was killed between its steps.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::persist::{More, Stored, Ttl, Version};
use super::{Event, EventKind, Moment, Phone};

/// The version of the format of either.
const VERSION: u64 = 1;
/// The number of newest changes that are kept of a phone.
pub const CHANGES_KEPT: usize = 50;
/// The number of phones that are kept of those that a user had.
pub const FORMER_KEPT: usize = 64;
/// How long a change is kept.
pub const HISTORY_KEPT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The result of an event that says that a user was linked.
pub const LINKED: &str = "linked";
/// The result of one that says that a user was unlinked.
pub const UNLINKED: &str = "unlinked";

/// The changes of the users of one phone, in the phone's own slot.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkHistory {
    v: Version<VERSION>,
    /// The lines as a timeline has them, the newest first. What a newer version added to one is carried as it is.
    #[serde(default)]
    changes: Vec<Box<RawValue>>,
    /// What newer versions added to it.
    #[serde(default, skip_serializing_if = "More::is_empty")]
    more: More,
}

impl Stored for LinkHistory {
    const VERSION: u64 = VERSION;
}

/// Whether an event is a change of the map that is kept.
fn is_kept(event: &Event) -> bool {
    event.event == EventKind::User && matches!(event.result.as_str(), LINKED | UNLINKED)
}

impl LinkHistory {
    /// This history after these events, the oldest first; `None`: none of them is a change of the map. What is too old
    /// goes.
    #[must_use]
    pub fn after(&self, events: &[Event], now: Moment) -> Option<Self> {
        let new = events.iter().filter(|event| is_kept(event)).rev();
        let new: Vec<Box<RawValue>> = new.filter_map(|event| serde_json::value::to_raw_value(event).ok()).collect();
        if new.is_empty() {
            return None;
        }
        let is_young =
            |line: &RawValue| Event::read(line.get().as_bytes()).is_none_or(|event| event.at.after(HISTORY_KEPT) > now);
        let old = self.changes.iter().filter(|line| is_young(line)).cloned();
        let changes = new.into_iter().chain(old).take(CHANGES_KEPT).collect();
        Some(Self { v: Version, changes, more: self.more.clone() })
    }

    /// The changes that are not too old, the newest first. One that cannot be read hides no other.
    #[must_use]
    pub fn changes(&self, now: Moment) -> Vec<Event> {
        let read = self.changes.iter().filter_map(|line| Event::read(line.get().as_bytes()));
        read.filter(|event| event.at.after(HISTORY_KEPT) > now).collect()
    }

    /// As long as its newest change.
    #[must_use]
    pub fn ttl(&self) -> Ttl {
        if self.changes.is_empty() { Ttl::Expired } else { Ttl::For(HISTORY_KEPT) }
    }
}

/// The phones that a user had, in the user's slot: an index of where to look. A phone's own history decides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormerPhones {
    v: Version<VERSION>,
    /// +E.164, the newest first.
    #[serde(default)]
    phones: Vec<String>,
    /// What newer versions added to it.
    #[serde(default, skip_serializing_if = "More::is_empty")]
    more: More,
}

impl Stored for FormerPhones {
    const VERSION: u64 = VERSION;
}

impl FormerPhones {
    /// With phones that the user had until now.
    #[must_use]
    pub fn with(&self, left: &[String]) -> Self {
        let old = self.phones.iter().filter(|phone| !left.contains(phone));
        let phones = left.iter().chain(old).take(FORMER_KEPT).cloned().collect();
        Self { v: Version, phones, more: self.more.clone() }
    }

    /// The phones.
    pub fn named(&self) -> impl Iterator<Item = Phone> {
        self.phones.iter().filter_map(|phone| Phone::parse(phone, None).ok())
    }

    /// As long as what it leads to may be kept.
    #[must_use]
    pub fn ttl(&self) -> Ttl {
        if self.phones.is_empty() { Ttl::Expired } else { Ttl::For(HISTORY_KEPT) }
    }
}

/// A user who had a phone, and has it no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerUser {
    /// The user's id, as the event has it.
    pub user: String,
    /// Since when; `None`: that was not kept.
    pub linked_at: Option<Moment>,
    /// The event that ended it.
    pub unlinked: Event,
}

/// The users who had a phone and are none of the `present` ones, who had it last first. `changes`: the newest first.
#[must_use]
pub fn former_users(changes: &[Event], present: impl Fn(&str) -> bool) -> Vec<FormerUser> {
    let mut former: Vec<FormerUser> = Vec::new();
    for (at, event) in changes.iter().enumerate() {
        let Some(user) = event.detail.as_deref().filter(|_| event.result == UNLINKED) else { continue };
        if present(user) || former.iter().any(|known| known.user == user) {
            continue;
        }
        let before = changes.iter().skip(at + 1).find(|earlier| earlier.detail.as_deref() == Some(user));
        let linked_at = before.filter(|earlier| earlier.result == LINKED).map(|earlier| earlier.at);
        former.push(FormerUser { user: user.to_owned(), linked_at, unlinked: event.clone() });
    }
    former
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60 * 1000;

    fn change(day: i64, result: &str, user: &str) -> Event {
        let event = Event::new(Moment::from_millis(day * DAY), EventKind::User, result);
        event.detail(user.to_owned()).because(Some("moved")).done_by(Some("asha"), Some("7-ab"))
    }

    #[test]
    fn changes_are_kept_for_a_year_and_no_more_than_there_is_room_for() {
        let none = LinkHistory::default();
        let now = |day: i64| Moment::from_millis(day * DAY);
        let other = Event::new(now(1), EventKind::User, "link_canceled");
        assert!(none.after(&[other, Event::new(now(1), EventKind::Send, "sent")], now(1)).is_none());
        assert_eq!(none.ttl(), Ttl::Expired);
        let first = none.after(&[change(1, LINKED, "a"), change(1, UNLINKED, "a")], now(1)).unwrap();
        assert_eq!(first.changes(now(1)), [change(1, UNLINKED, "a"), change(1, LINKED, "a")]);
        assert_eq!(first.ttl(), Ttl::For(HISTORY_KEPT));
        assert_eq!(first.changes(now(366)), []);
        let later = first.after(&[change(366, LINKED, "b")], now(366)).unwrap();
        assert_eq!(later.changes(now(366)), [change(366, LINKED, "b")]);
        let many = (0..80)
            .fold(later, |history, n| history.after(&[change(367, LINKED, &format!("u{n}"))], now(367)).unwrap());
        let kept = many.changes(now(367));
        assert_eq!((kept.len(), kept[0].detail.as_deref()), (CHANGES_KEPT, Some("u79")));
        let read = LinkHistory::read(Some(&many.write())).unwrap();
        assert_eq!(read.changes(now(367)), kept);
    }

    #[test]
    fn what_a_newer_version_says_of_a_change_is_carried() {
        let line = r#"{"at":1,"event":"user","result":"linked","detail":"a","brand_new":{ "x":1 }}"#;
        let stored = format!(r#"{{"v":1,"changes":[{line}],"more":{{"y":2}}}}"#);
        let history = LinkHistory::read(Some(stored.as_bytes())).unwrap();
        let now = Moment::from_millis(2);
        assert_eq!(history.changes(now).len(), 1);
        let next = history.after(&[Event { at: now, ..change(0, UNLINKED, "a") }], now).unwrap();
        let written = String::from_utf8(next.write()).unwrap();
        assert!(written.contains(line) && written.contains(r#""more":{"y":2}"#), "{written}");
        assert!(LinkHistory::read(Some(br#"{"v":2,"changes":[]}"#)).is_err());
        assert!(LinkHistory::read(Some(br#"{"v":1,"changes":[],"x":1}"#)).is_err());
    }

    #[test]
    fn whoever_had_the_phone_is_told_once_and_by_the_last_time() {
        let changes = [
            change(9, LINKED, "b"),
            change(8, UNLINKED, "a"),
            change(7, UNLINKED, "b"),
            change(6, LINKED, "a"),
            change(5, UNLINKED, "a"),
            change(4, UNLINKED, "c"),
        ];
        let told = |present: &[&str]| -> Vec<(String, Option<i64>, i64)> {
            let former = former_users(&changes, |user| present.contains(&user));
            let day = |at: Moment| at.millis() / DAY;
            former.into_iter().map(|one| (one.user, one.linked_at.map(day), day(one.unlinked.at))).collect()
        };
        let (a, b, c) = (("a".into(), Some(6), 8), ("b".into(), None, 7), ("c".into(), None, 4));
        assert_eq!(told(&["b"]), [a.clone(), c.clone()]);
        assert_eq!(told(&[]), [a, b, c], "one whose link is no longer known");
    }

    #[test]
    fn the_phones_that_a_user_had_are_kept_the_newest_first() {
        let number = |n: usize| format!("+9198765432{n:02}");
        let mut former = FormerPhones::default();
        for n in 0..70 {
            former = former.with(&[number(n)]);
        }
        former = former.with(&[number(50)]);
        let named: Vec<String> = former.named().map(|phone| phone.as_str().to_owned()).collect();
        assert_eq!((named.len(), &named[0], &named[1]), (FORMER_KEPT, &number(50), &number(69)));
        assert_eq!(named.iter().filter(|one| **one == number(50)).count(), 1);
        assert_eq!(FormerPhones::read(Some(&former.write())).unwrap(), former);
    }
}
