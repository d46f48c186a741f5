//! What may be wrong with our own keys: their type, their content, their lifetime, and the index of users and phones.

use std::time::Duration;

use super::{FoundIssue, Issue, StaleEntry};
use crate::operations::{OperationError, Operations};
use crate::otp::brake::KNOWN;
use crate::otp::circuit::Circuit;
use crate::otp::counter::Counter;
use crate::otp::feedback::FeedbackTrouble;
use crate::otp::link_history::HISTORY_KEPT;
use crate::otp::policy_entry::{CallingPolicy, PhonePolicy, PolicyIndex, REMOVAL_KEPT};
use crate::otp::user::Age;
use crate::otp::{
    AuditHead, Event, FormerPhones, Limits, LinkHistory, LockLength, MAX_TTL, MAX_WINDOW, Phone, Phones, Record,
    Stored, Ttl, Unreadable, UserId, Users, is_plain,
};
use crate::store::{FEED_KEPT, Key, KeySnapshot, OwnKey, Owner, StoreKey};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// No sums are kept longer.
const SUMS_KEPT: Duration = Duration::from_secs(41 * 24 * 60 * 60);

/// What a key needs, by what is in it.
enum Needs {
    /// To be there forever.
    Forever,
    /// An end, at most so far away; and whether it is over.
    End(Duration, bool),
}

/// It cannot be read, and why.
struct Unread(Issue, Option<String>);

/// A user and a phone that belong together by one of the two sides.
struct Pair {
    user: UserId,
    phone: Phone,
    sight: KeySnapshot,
}

impl Operations<'_> {
    pub(super) async fn check_own_keys(&self, keys: &[Key]) -> Result<Vec<FoundIssue>, OperationError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let (mut found, mut by_user, mut by_phone) = (Vec::new(), Vec::new(), Vec::new());
        for sight in self.store.read_keys(keys).await?.into_iter().flatten() {
            let Owner::Ours(own) = &sight.key.owner else {
                found.push(FoundIssue::new(Issue::UnknownKey, &sight));
                continue;
            };
            match self.needs(own, &sight) {
                Ok(needs) => found.extend(lifetime(&needs, &sight)),
                Err(Unread(issue, detail)) => {
                    found.push(FoundIssue { detail, ..FoundIssue::new(issue, &sight) });
                    continue;
                }
            }
            let pair =
                |user: &UserId, phone: &Phone| Pair { user: user.clone(), phone: phone.clone(), sight: sight.clone() };
            match own {
                OwnKey::Value(StoreKey::Phones(user)) => {
                    let phones = Phones::read(sight.text()).unwrap_or_default().phones;
                    let phones = phones.iter().filter_map(|phone| Phone::parse(phone, None).ok());
                    by_user.extend(phones.map(|phone| pair(user, &phone)));
                }
                OwnKey::Value(StoreKey::Users(phone)) => {
                    let users = Users::read(sight.text()).unwrap_or_default().users;
                    by_phone.extend(users.iter().map(|link| pair(&link.user, phone)));
                }
                OwnKey::Value(_) | OwnKey::Timeline(_) | OwnKey::Feed(_) => {}
            }
        }
        found.extend(self.not_their_phones(by_user).await?);
        found.extend(self.not_in_the_index(by_phone).await?);
        Ok(found)
    }

    /// Reads what is in it.
    #[expect(clippy::too_many_lines, reason = "each kind of key has an arm")]
    fn needs(&self, own: &OwnKey, sight: &KeySnapshot) -> Result<Needs, Unread> {
        let kind = own.kind();
        if sight.kind != kind {
            return Err(Unread(Issue::WrongType, Some(format!("a {}, not a {kind}", sight.kind))));
        }
        // Another file may have longer windows.
        let end = |most: Duration, ttl: Ttl| match ttl {
            Ttl::For(needed) => Needs::End(most.max(needed), false),
            ttl => Needs::End(most, ttl == Ttl::Expired),
        };
        // An entry has the end that it was given, however far away that is.
        let entry = |ttl: Ttl| if ttl == Ttl::Forever { Needs::Forever } else { end(REMOVAL_KEPT, ttl) };
        let limits = self.limits;
        Ok(match own {
            OwnKey::Value(StoreKey::Record(_)) => match read::<Record>(sight)?.ttl(sight.now, limits) {
                Ttl::Forever => Needs::Forever,
                ttl => end(longest(limits), ttl),
            },
            OwnKey::Value(StoreKey::Users(_)) => match read::<Users>(sight)?.ttl() {
                Ttl::For(most) => Needs::End(most, false),
                _ => Needs::Forever,
            },
            OwnKey::Value(StoreKey::Policy(_)) => entry(read::<PhonePolicy>(sight)?.ttl(sight.now)),
            OwnKey::Value(StoreKey::CallingPolicy(_)) => entry(read::<CallingPolicy>(sight)?.ttl(sight.now)),
            OwnKey::Value(StoreKey::PolicyIndex(_)) => read::<PolicyIndex>(sight).map(|_| Needs::Forever)?,
            OwnKey::Value(StoreKey::Phones(_)) => read::<Phones>(sight).map(|_| Needs::Forever)?,
            OwnKey::Value(StoreKey::LinkHistory(_)) => {
                read::<LinkHistory>(sight)?;
                Needs::End(HISTORY_KEPT, false)
            }
            OwnKey::Value(StoreKey::FormerPhones(_)) => {
                read::<FormerPhones>(sight)?;
                Needs::End(HISTORY_KEPT, false)
            }
            OwnKey::Value(StoreKey::Prefix(_) | StoreKey::Country(_)) => {
                let quotas = limits.per_prefix.iter().chain(&limits.per_country);
                let window = quotas.map(|quota| quota.window).max().unwrap_or(DAY);
                end(window * 2, read::<Counter>(sight)?.ttl(sight.now))
            }
            OwnKey::Value(StoreKey::Provider(_)) => end(HOUR, read::<Circuit>(sight)?.ttl(sight.now)),
            OwnKey::Value(StoreKey::Feedback(_)) => {
                end(FeedbackTrouble::KEPT, read::<FeedbackTrouble>(sight)?.ttl(sight.now))
            }
            OwnKey::Value(StoreKey::AuditHead(_)) => {
                read::<AuditHead>(sight)?;
                Needs::End(AuditHead::KEPT, false)
            }
            OwnKey::Value(StoreKey::Request(_)) => {
                sight.text().map_or(Ok(()), is_plain).map_err(unread)?;
                Needs::End(DAY, false)
            }
            OwnKey::Value(
                StoreKey::Stats(..) | StoreKey::StatsIndex(_) | StoreKey::CountryTrust(_) | StoreKey::RangeTrust(_),
            ) => {
                numbers(sight)?;
                Needs::End(SUMS_KEPT, false)
            }
            OwnKey::Value(StoreKey::CountrySends(_) | StoreKey::ChannelSends(_) | StoreKey::Spend(_)) => {
                numbers(sight)?;
                Needs::End(MAX_WINDOW * 2, false)
            }
            OwnKey::Value(StoreKey::Seen(_)) => {
                numbers(sight)?;
                Needs::End(KNOWN, false)
            }
            OwnKey::Feed(_) => Needs::End(FEED_KEPT, false),
            // Never read from a name of ours.
            OwnKey::Value(StoreKey::App(_)) => return Err(Unread(Issue::UnknownKey, None)),
            OwnKey::Timeline(_) => {
                let newest: Option<Event> = sight.parts.first().and_then(|line| Event::read(line));
                let newest = newest.ok_or_else(|| Unread(Issue::Unreadable, Some("its newest event".to_owned())))?;
                Needs::End(self.timeline_kept, newest.latest().after(self.timeline_kept) <= sight.now)
            }
        })
    }

    /// The index of a user may name a phone too many after a crash.
    async fn not_their_phones(&self, pairs: Vec<Pair>) -> Result<Vec<FoundIssue>, OperationError> {
        let cell = |pair: &Pair| StoreKey::Users(pair.phone.clone());
        let has = |pair: &Pair, bytes: Option<&[u8]>| Users::read(bytes).map(|users| users.has(&pair.user));
        let lost = self.unlike(pairs, cell, has).await?;
        Ok(lost.into_iter().map(leftover).collect())
    }

    /// It never names one too few, unless somebody else took it away.
    async fn not_in_the_index(&self, pairs: Vec<Pair>) -> Result<Vec<FoundIssue>, OperationError> {
        let cell = |pair: &Pair| StoreKey::Phones(pair.user.clone());
        let has = |pair: &Pair, bytes: Option<&[u8]>| Phones::read(bytes).map(|phones| phones.has(&pair.phone));
        let lost = self.unlike(pairs, cell, has).await?;
        Ok(lost.into_iter().map(|pair| pair.found(Issue::MissingIndex)).collect())
    }

    /// Those whose other side does not have them, and whose own side still is what was seen: else a command came between
    /// the two looks. A side that cannot be read is told when it goes by itself.
    async fn unlike(
        &self,
        pairs: Vec<Pair>,
        cell: impl Fn(&Pair) -> StoreKey,
        has: impl Fn(&Pair, Option<&[u8]>) -> Result<bool, Unreadable>,
    ) -> Result<Vec<Pair>, OperationError> {
        if pairs.is_empty() {
            return Ok(Vec::new());
        }
        let groups: Vec<Vec<StoreKey>> = pairs.iter().map(|pair| vec![cell(pair)]).collect();
        let loaded = self.load_reachable(&groups).await?;
        let lost = pairs.into_iter().zip(&loaded).filter_map(|(pair, loaded)| {
            let other = loaded.as_ref().ok()?.values.first().and_then(Option::as_deref);
            (has(&pair, other) == Ok(false)).then_some(pair)
        });
        let lost: Vec<Pair> = lost.collect();
        if lost.is_empty() {
            return Ok(lost);
        }
        let keys: Vec<Key> = lost.iter().map(|pair| pair.sight.key.clone()).collect();
        let seen = self.store.read_keys(&keys).await?;
        let still = |pair: &Pair, seen: Option<KeySnapshot>| seen.is_some_and(|seen| seen.text() == pair.sight.text());
        Ok(lost.into_iter().zip(seen).filter_map(|(pair, seen)| still(&pair, seen).then_some(pair)).collect())
    }
}

impl Pair {
    fn found(self, issue: Issue) -> FoundIssue {
        let found = FoundIssue::new(issue, &self.sight).detail(format!("user:{}", self.user));
        FoundIssue { pair: Some((self.user, self.phone)), ..found }
    }
}

/// An entry of an index that leads nowhere, and whether a link may still need it.
fn leftover(pair: Pair) -> FoundIssue {
    let phones = Phones::read(pair.sight.text()).unwrap_or_default();
    let (age, mark) = (phones.age(&pair.phone, pair.sight.now), phones.mark(&pair.phone).cloned());
    let user = pair.user.clone();
    let found = FoundIssue { stale_entry: Some(StaleEntry { mark, age }), ..pair.found(Issue::StaleIndex) };
    match age {
        Age::UnderWay => found.detail(format!("user:{user}; a link of the last 24 h, which may still be running")),
        Age::Old | Age::Unknown => found,
    }
}

/// Sums are numbers. Those of a hash that is too large to be read whole are not looked at.
fn numbers(sight: &KeySnapshot) -> Result<(), Unread> {
    let number = |sum: &[u8]| std::str::from_utf8(sum).is_ok_and(|sum| sum.parse::<i64>().is_ok());
    match sight.fields() {
        Some(fields) if !fields.iter().all(|(_, sum)| number(sum)) => Err(Unread(Issue::Unreadable, None)),
        _ => Ok(()),
    }
}

fn read<T: Stored>(sight: &KeySnapshot) -> Result<T, Unread> {
    let text = sight.text().ok_or_else(|| Unread(Issue::Unreadable, Some("it is far too large".to_owned())))?;
    T::read(Some(text)).map_err(unread)
}

fn unread(unreadable: Unreadable) -> Unread {
    match unreadable {
        Unreadable::Newer(newer) => Unread(Issue::UnknownVersion, Some(newer.to_string())),
        Unreadable::Shape => Unread(Issue::Unreadable, None),
    }
}

fn lifetime(needs: &Needs, sight: &KeySnapshot) -> Option<FoundIssue> {
    // Two clocks, and the time that a commit is on its way.
    let slack = Duration::from_secs(60);
    match (needs, sight.ttl) {
        (Needs::Forever, None) => None,
        (Needs::Forever, Some(ttl)) => {
            Some(FoundIssue::new(Issue::EndingLife, sight).detail(format!("it ends in {} s", ttl.as_secs())))
        }
        (Needs::End(_, true), None) => Some(FoundIssue::new(Issue::Over, sight)),
        (Needs::End(_, false), None) => Some(FoundIssue::new(Issue::NoLife, sight)),
        (Needs::End(most, _), Some(ttl)) if ttl > most.saturating_add(slack) => {
            let text = format!("{} s, where {} s is the longest", ttl.as_secs(), most.as_secs());
            Some(FoundIssue::new(Issue::LongLife, sight).detail(text))
        }
        (Needs::End(..), Some(_)) => None,
    }
}

/// The longest life that a record may be given under these limits.
fn longest(limits: &Limits) -> Duration {
    let locks = limits.locks.iter().filter_map(|step| match step.length {
        LockLength::For(span) => Some(span),
        LockLength::Hard => None,
    });
    let spans = limits.per_phone.iter().map(|quota| quota.window).chain(limits.cooldown.iter().copied()).chain(locks);
    spans.chain([limits.quiet(), limits.failures_kept, MAX_TTL, DAY]).max().unwrap_or(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otp::Moment;

    fn sight(name: &str, ttl: Option<u64>) -> KeySnapshot {
        KeySnapshot {
            key: Key { name: name.into(), owner: Owner::Unknown },
            now: Moment::from_millis(1_790_000_000_000),
            kind: "string".to_owned(),
            ttl: ttl.map(Duration::from_secs),
            size: 0,
            parts: Vec::new(),
        }
    }

    #[test]
    fn a_lifetime_is_judged_by_what_is_in_the_key() {
        let judged =
            |needs: Needs, ttl| lifetime(&needs, &sight("{+919876543210}:record", ttl)).map(|found| found.issue);
        assert_eq!(judged(Needs::Forever, None), None);
        assert_eq!(judged(Needs::Forever, Some(5)), Some(Issue::EndingLife));
        assert_eq!(judged(Needs::End(DAY, false), None), Some(Issue::NoLife));
        assert_eq!(judged(Needs::End(DAY, true), None), Some(Issue::Over));
        assert_eq!(judged(Needs::End(DAY, true), Some(86_460)), None);
        assert_eq!(judged(Needs::End(DAY, false), Some(86_461)), Some(Issue::LongLife));
    }

    #[test]
    fn a_record_lives_as_long_as_the_longest_of_the_limits() {
        let limits = Limits::default();
        assert_eq!(longest(&limits), limits.failures_kept);
        let none = Limits { per_phone: vec![], locks: vec![], cooldown: vec![], failures_kept: MAX_TTL, ..limits };
        assert_eq!(longest(&none), DAY);
    }
}
