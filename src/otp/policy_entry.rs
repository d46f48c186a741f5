//! Policy entries: what an operator blocks or allows, and what a receiver asked for with STOP. They are kept in the store,
//! in addition to what the file says.
//!
//! # Two places in two slots
//!
//! The entry of a phone is in the phone's slot, and decides. An index in slots of its own only leads to it, for whoever
//! lists them. As with users, they are kept together by the order of the steps, so that **a phone that has an entry is in
//! the index**; the index may name a phone too many, never one too few.
//!
//! * Whoever sets an entry loads it, names the phone in the index under a fresh mark, and sets the entry only if it still
//!   is what was loaded. If not, it starts again.
//! * Whoever removes an entry reads the mark in the index, leaves in the place of the entry the time of its removal, and
//!   then removes the phone from the index if it still has that mark. The time makes an entry of before and one of after
//!   a removal differ, so that a step that began before it starts again.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::persist::{More, Stored, Ttl, Version};
use super::{Country, Moment, Phone, Prefix};

/// The version of the format of each of them.
const VERSION: u64 = 1;
/// The most prefixes and countries of one calling code that may have an entry: every send to it reads them.
pub const ENTRIES: usize = 200;
/// How long it is remembered that an entry was removed: longer than any command runs that began before.
pub const REMOVAL_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// The index is in so many parts, told apart by the last two digits of the numbers.
pub const PARTS: u8 = 100;

/// What an entry does to a send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyEffect {
    /// It is refused.
    Block,
    /// It is allowed, whatever the file's policy, the brakes and close numbers say.
    Allow,
}

impl PolicyEffect {
    /// As it is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Allow => "allow",
        }
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyEntry {
    /// What it does.
    pub effect: PolicyEffect,
    /// Since when.
    pub since: Moment,
    /// Until when; `None`: until it is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The receiver asked for no more messages, as this provider reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opted_out: Option<String>,
    /// The entry that holds again once this one is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<Box<PolicyEntry>>,
    /// What newer versions added to it.
    #[serde(default, skip_serializing_if = "More::is_empty")]
    pub more: More,
}

/// A moment of a sentence in a document: `at 2026-11-27T20:31:00Z`.
#[must_use]
pub fn at_the_second(at: Moment) -> String {
    format!("at {}", at.to_the_second())
}

impl PolicyEntry {
    /// A block because the receiver asked for no more messages.
    #[must_use]
    pub fn opt_out(since: Moment, provider: &str) -> Self {
        Self {
            effect: PolicyEffect::Block,
            since,
            until: None,
            by: None,
            reason: None,
            opted_out: Some(provider.to_owned()),
            then: None,
            more: More::default(),
        }
    }

    /// Whether it still holds.
    #[must_use]
    pub fn holds(&self, now: Moment) -> bool {
        self.until.is_none_or(|until| until > now)
    }

    /// This one, or the one that holds after it; `None`: neither holds.
    #[must_use]
    pub fn at(&self, now: Moment) -> Option<&Self> {
        if self.holds(now) { Some(self) } else { self.then.as_deref()?.at(now) }
    }

    /// When nothing of it holds any more; `None`: never.
    #[must_use]
    pub fn end(&self) -> Option<Moment> {
        let then = self.then.as_ref().map(|then| then.end());
        match (self.until, then) {
            (None, _) | (_, Some(None)) => None,
            (Some(until), None) => Some(until),
            (Some(until), Some(Some(then))) => Some(until.max(then)),
        }
    }

    /// In the place of this entry; one that ends earlier gives way to it again.
    #[must_use]
    pub fn over(self, before: Option<&Self>) -> Self {
        let outlasts = |before: &&Self| before.until.is_none_or(|end| self.until.is_some_and(|until| end > until));
        let then = before.filter(|_| self.until.is_some()).filter(outlasts);
        let then = then.map(|before| Box::new(Self { then: None, ..before.clone() }));
        Self { then, ..self }
    }

    /// Who made it and why, in one line: `by asha at 2026-11-27T20:31:00Z: fraud, ticket 12`. `when`: how a moment is told,
    /// such as `at 2026-11-27T20:31:00Z` or `2 h ago, at 20:31`.
    pub fn origin(&self, when: impl Fn(Moment) -> String) -> String {
        let when = when(self.since);
        let who = match (&self.opted_out, &self.by) {
            (Some(provider), _) => return format!("{when}: the receiver asked for no more messages ({provider})"),
            (None, Some(by)) => format!("by {by} {when}"),
            (None, None) => when,
        };
        match &self.reason {
            Some(reason) => format!("{who}: {reason}"),
            None => who,
        }
    }

    /// When it ends, for the end of a sentence. `clock`: how a moment alone is told.
    pub fn ends(&self, clock: impl Fn(Moment) -> String) -> String {
        self.until.map_or_else(|| "until it is removed".to_owned(), |until| format!("until {}", clock(until)))
    }
}

/// What is known of one phone's entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhonePolicy {
    v: Version<VERSION>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<PolicyEntry>,
    /// When the last one was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<Moment>,
    /// What newer versions added to it.
    #[serde(default, skip_serializing_if = "More::is_empty")]
    pub more: More,
}

/// The entries of the prefixes and countries of one calling code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallingPolicy {
    v: Version<VERSION>,
    /// By prefix (`+9198`) or country (`IN`).
    #[serde(default)]
    pub entries: BTreeMap<String, PolicyEntry>,
    /// What newer versions added to it.
    #[serde(default, skip_serializing_if = "More::is_empty")]
    pub more: More,
}

/// One part of the index: the phones that may have an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyIndex {
    v: Version<VERSION>,
    /// By number.
    #[serde(default)]
    pub phones: BTreeMap<String, Named>,
    /// What newer versions added to it.
    #[serde(default, skip_serializing_if = "More::is_empty")]
    pub more: More,
}

/// A phone in the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Random, and new each time that the phone is named.
    pub mark: String,
    /// The latest end of all entries that it was named for; `None`: one of them has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
}

macro_rules! stored {
    ($($name:ident { $($field:ident),* })*) => {
        $(
            impl Stored for $name {
                const VERSION: u64 = VERSION;
            }

            impl Default for $name {
                fn default() -> Self {
                    Self { v: Version, $($field: Default::default()),* }
                }
            }
        )*
    };
}

stored! {
    PhonePolicy { entry, removed_at, more }
    CallingPolicy { entries, more }
    PolicyIndex { phones, more }
}

impl PhonePolicy {
    /// The entry, if it still holds.
    #[must_use]
    pub fn held(&self, now: Moment) -> Option<&PolicyEntry> {
        self.entry.as_ref()?.at(now)
    }

    /// The same with this entry in the place of what was there.
    #[must_use]
    pub fn with(&self, entry: PolicyEntry) -> Self {
        Self { entry: Some(entry), removed_at: None, ..self.clone() }
    }

    /// The same without an entry.
    #[must_use]
    pub fn without(&self, now: Moment) -> Self {
        Self { entry: None, removed_at: Some(now), ..self.clone() }
    }

    /// How long it has to be kept.
    #[must_use]
    pub fn ttl(&self, now: Moment) -> Ttl {
        let end = match &self.entry {
            Some(entry) => match entry.end() {
                None => return Ttl::Forever,
                Some(until) => Some(until),
            },
            None => self.removed_at.map(|removed| removed.after(REMOVAL_KEPT)),
        };
        end.filter(|end| *end > now).map_or(Ttl::Expired, |end| Ttl::For(end.since(now)))
    }
}

impl CallingPolicy {
    /// How long it has to be kept.
    #[must_use]
    pub fn ttl(&self, now: Moment) -> Ttl {
        if self.entries.values().any(|entry| entry.end().is_none()) {
            return Ttl::Forever;
        }
        let end = self.entries.values().filter_map(PolicyEntry::end).max().filter(|end| *end > now);
        end.map_or(Ttl::Expired, |end| Ttl::For(end.since(now)))
    }

    /// Drops what is over.
    pub fn sweep(&mut self, now: Moment) {
        self.entries.retain(|_, entry| entry.at(now).is_some());
    }
}

impl PolicyIndex {
    /// The part that a phone is in.
    #[must_use]
    pub fn part(phone: &Phone) -> u8 {
        u8::try_from(phone.last_four() % u16::from(PARTS)).unwrap_or_default()
    }

    /// Names a phone for an entry with this end, and drops those whose entries are long over.
    pub fn name(&mut self, phone: &Phone, mark: String, until: Option<Moment>, now: Moment) {
        self.phones.retain(|_, named| named.until.is_none_or(|until| until.after(REMOVAL_KEPT) > now));
        let before = self.phones.get(phone.as_str()).map(|named| named.until);
        // Which of two commands sets its entry last is not known: the later end counts.
        let until = before.map_or(until, |before| before.zip(until).map(|(before, own)| before.max(own)));
        self.phones.insert(phone.as_str().to_owned(), Named { mark, until });
    }

    /// Removes a phone that still has this mark. Returns whether it did.
    pub fn forget(&mut self, phone: &Phone, mark: &str) -> bool {
        let is_it = self.phones.get(phone.as_str()).is_some_and(|named| named.mark == mark);
        if is_it {
            self.phones.remove(phone.as_str());
        }
        is_it
    }
}

/// What an entry is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    Phone(Phone),
    Prefix(Prefix),
    Country(Country),
}

impl Scope {
    /// The calling code and the name of its entry there; `None`: it is a phone's.
    #[must_use]
    pub fn calling(&self) -> Option<(u16, String)> {
        match self {
            Self::Phone(_) => None,
            Self::Prefix(prefix) => Some((prefix.calling_code(), prefix.as_str().to_owned())),
            Self::Country(country) => Some((country.calling_code(), country.to_string())),
        }
    }
}

/// The entry that decides for a phone: its own, else that of the longest prefix, else its country's.
#[must_use]
pub fn deciding<'a>(
    phone: &Phone,
    own: &'a PhonePolicy,
    calling: Option<&'a CallingPolicy>,
    now: Moment,
) -> Option<(Scope, &'a PolicyEntry)> {
    if let Some(entry) = own.held(now) {
        return Some((Scope::Phone(phone.clone()), entry));
    }
    let calling = calling?;
    // Longer names of the same number come later.
    let covers = |name: &str| name.starts_with('+') && phone.as_str().starts_with(name);
    let held = |(name, entry): (&'a String, &'a PolicyEntry)| Some((name, entry.at(now)?));
    let prefixes = calling.entries.iter().filter(|(name, _)| covers(name)).filter_map(held);
    if let Some((name, entry)) = prefixes.max_by_key(|(name, _)| name.len())
        && let Ok(prefix) = name.parse()
    {
        return Some((Scope::Prefix(prefix), entry));
    }
    let country = phone.country()?;
    let entry = calling.entries.get(country.as_str())?.at(now)?;
    Some((Scope::Country(country), entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_millis(1_790_000_000_000);
    const HOUR: Duration = Duration::from_secs(3600);

    fn entry(effect: PolicyEffect, until: Option<Moment>) -> PolicyEntry {
        PolicyEntry { effect, until, opted_out: None, ..PolicyEntry::opt_out(NOW, "p") }
    }

    fn phone(number: &str) -> Phone {
        Phone::parse(number, None).unwrap()
    }

    #[test]
    fn the_most_specific_entry_that_holds_decides() {
        let (one, other) = (phone("+919876543210"), phone("+917876543210"));
        let block = entry(PolicyEffect::Block, None);
        let allow = entry(PolicyEffect::Allow, None);
        let over = entry(PolicyEffect::Block, Some(NOW));
        let entries = [("IN", &allow), ("+91", &block), ("+9198", &allow), ("+919876", &block), ("+9198765", &over)];
        let entries = entries.into_iter().map(|(name, entry)| (name.to_owned(), entry.clone())).collect();
        let calling = CallingPolicy { entries, ..CallingPolicy::default() };
        let none = PhonePolicy::default();
        let decides = |phone: &Phone, own: &PhonePolicy, calling: Option<&CallingPolicy>| {
            deciding(phone, own, calling, NOW).map(|(scope, entry)| (scope, entry.effect))
        };
        let prefix = |text: &str| Scope::Prefix(text.parse().unwrap());
        assert_eq!(decides(&one, &none, Some(&calling)), Some((prefix("+919876"), PolicyEffect::Block)));
        assert_eq!(decides(&other, &none, Some(&calling)), Some((prefix("+91"), PolicyEffect::Block)));
        let own = none.with(allow.clone());
        assert_eq!(decides(&one, &own, Some(&calling)), Some((Scope::Phone(one.clone()), PolicyEffect::Allow)));
        assert_eq!(decides(&one, &own.without(NOW), None), None);
        let only = CallingPolicy { entries: [("IN".to_owned(), allow)].into(), ..CallingPolicy::default() };
        let country = Scope::Country("IN".parse().unwrap());
        assert_eq!(decides(&one, &none.with(over), Some(&only)), Some((country, PolicyEffect::Allow)));
    }

    #[test]
    fn an_entry_is_kept_as_long_as_it_holds_and_its_removal_for_a_day() {
        let policy = PhonePolicy::default();
        assert_eq!(policy.ttl(NOW), Ttl::Expired);
        assert_eq!(policy.with(entry(PolicyEffect::Block, None)).ttl(NOW), Ttl::Forever);
        let timed = policy.with(entry(PolicyEffect::Block, Some(NOW.after(HOUR))));
        assert_eq!((timed.ttl(NOW), timed.ttl(NOW.after(HOUR))), (Ttl::For(HOUR), Ttl::Expired));
        let removed = timed.without(NOW);
        assert_eq!((removed.ttl(NOW), removed.held(NOW)), (Ttl::For(REMOVAL_KEPT), None));
        assert_eq!(PhonePolicy::read(Some(&timed.write())), Ok(timed));
    }

    #[test]
    fn an_entry_that_ends_earlier_gives_way_again() {
        let (block, later) = (entry(PolicyEffect::Block, None), NOW.after(HOUR));
        let policy = PhonePolicy::default().with(entry(PolicyEffect::Allow, Some(later)).over(Some(&block)));
        let effect = |policy: &PhonePolicy, now| policy.held(now).map(|entry| entry.effect);
        assert_eq!(effect(&policy, NOW), Some(PolicyEffect::Allow));
        assert_eq!((effect(&policy, later), policy.ttl(NOW)), (Some(PolicyEffect::Block), Ttl::Forever));
        let longer = entry(PolicyEffect::Block, Some(later.after(HOUR)));
        let policy = PhonePolicy::default().with(entry(PolicyEffect::Allow, Some(later)).over(Some(&longer)));
        assert_eq!((effect(&policy, later), policy.ttl(NOW)), (Some(PolicyEffect::Block), Ttl::For(HOUR * 2)));
        let for_good = entry(PolicyEffect::Allow, None).over(Some(&block));
        assert_eq!(for_good.then, None, "nothing comes after it");
        let shorter = entry(PolicyEffect::Block, Some(NOW.after(HOUR / 2)));
        assert_eq!(entry(PolicyEffect::Allow, Some(later)).over(Some(&shorter)).then, None);
    }

    #[test]
    fn the_index_names_a_phone_too_many_and_never_one_too_few() {
        let (one, two) = (phone("+919876543210"), phone("+919876543310"));
        assert_eq!((PolicyIndex::part(&one), PolicyIndex::part(&two)), (10, 10));
        let mut index = PolicyIndex::default();
        index.name(&one, "a".to_owned(), Some(NOW.after(HOUR)), NOW);
        index.name(&one, "b".to_owned(), Some(NOW), NOW);
        assert_eq!(index.phones[one.as_str()].until, Some(NOW.after(HOUR)), "the later end");
        index.name(&one, "c".to_owned(), None, NOW);
        index.name(&one, "d".to_owned(), Some(NOW), NOW);
        assert_eq!(index.phones[one.as_str()].until, None, "one of them has no end");
        assert!(!index.forget(&one, "c") && index.forget(&one, "d") && !index.forget(&one, "d"));
        index.name(&one, "e".to_owned(), Some(NOW), NOW);
        index.name(&two, "f".to_owned(), None, NOW.after(REMOVAL_KEPT).before(Duration::from_millis(1)));
        assert_eq!(index.phones.len(), 2);
        index.name(&two, "g".to_owned(), None, NOW.after(REMOVAL_KEPT));
        assert_eq!(index.phones.len(), 1, "what is long over goes with the next write");
    }
}
