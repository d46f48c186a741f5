//! What is allowed: limits on sends, locks after failures, lifetimes, which numbers at all.

use std::collections::BTreeMap;
use std::time::Duration;

use super::brake::{BrakeMode, BrakeStop};
use super::duration::spelled;
use super::money::{Amount, Currency};
use super::policy_entry::{PolicyEntry, Scope, at_the_second};
use super::{Channel, Country, Moment, NumberType, Phone};

/// No more sends than this in one window of one phone: the record keeps the time of each, and stays small.
pub const MAX_PER_PHONE: u32 = 100;

/// The longest lifetime of a code (NIST SP 800-63B-4 §3.1.3.2; OWASP ASVS 6.5.5).
pub const MAX_TTL: Duration = Duration::from_secs(600);

/// The longest window of a quota. What is kept for windows is kept for this one, whatever the file of a command says:
/// another file may have longer ones.
pub const MAX_WINDOW: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// The longest wait between two sends.
pub const MAX_COOLDOWN: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest timed lock, and the longest time for which failures count.
pub const MAX_LOCK: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// A limit within a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The length of the window.
    pub window: Duration,
    /// How many it holds.
    pub limit: u32,
}

/// The most that may be spent in some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpendCap {
    /// The last so long.
    pub window: Duration,
    /// So much.
    pub most: Amount,
}

/// How long a lock lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockLength {
    /// It ends by itself.
    For(Duration),
    /// Only `unlock` ends it.
    Hard,
}

/// A lock after this many consecutive failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockStep {
    /// Consecutive failures.
    pub failures: u32,
    /// What they bring.
    pub length: LockLength,
}

/// The limits of `[limits]`. All hold on the canonical number, over all purposes, processes and hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The wait after the first send, the second, …; the last one repeats. Empty: none.
    pub cooldown: Vec<Duration>,
    /// Sends to one phone.
    pub per_phone: Vec<Quota>,
    /// Sends to one prefix: the number less its last four digits.
    pub per_prefix: Vec<Quota>,
    /// Sends to one country.
    pub per_country: Vec<Quota>,
    /// By channel, messages to all numbers together: what is left where nothing else tells an attacker from customers.
    pub caps: BTreeMap<Channel, Vec<Quota>>,
    /// By currency, what all messages whose prices are known may cost together.
    pub spend: BTreeMap<Currency, Vec<SpendCap>>,
    /// Locks, by consecutive failures, in rising order.
    pub locks: Vec<LockStep>,
    /// Failures are forgotten this long after the last one. A success or `unlock` forgets them at once.
    pub failures_kept: Duration,
}

const fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

const fn quota(window: Duration, limit: u32) -> Quota {
    Quota { window, limit }
}

impl Default for Limits {
    fn default() -> Self {
        let lock = |failures, length| LockStep { failures, length };
        Self {
            cooldown: vec![Duration::from_secs(30), Duration::from_secs(60), Duration::from_secs(120)],
            per_phone: vec![quota(minutes(10), 3), quota(minutes(60), 5), quota(minutes(24 * 60), 10)],
            per_prefix: vec![quota(minutes(60), 20), quota(minutes(24 * 60), 60)],
            per_country: vec![quota(minutes(60), 200), quota(minutes(24 * 60), 2000)],
            caps: BTreeMap::new(),
            spend: BTreeMap::new(),
            locks: vec![
                lock(10, LockLength::For(minutes(15))),
                lock(20, LockLength::For(minutes(60))),
                lock(30, LockLength::For(minutes(24 * 60))),
                lock(100, LockLength::Hard),
            ],
            failures_kept: minutes(30 * 24 * 60),
        }
    }
}

impl Limits {
    /// The longest window of a quota on one phone.
    pub(super) fn longest_window(&self) -> Duration {
        self.per_phone.iter().map(|quota| quota.window).max().unwrap_or_default()
    }

    /// The longest step of the cooldown.
    pub(super) fn longest_cooldown(&self) -> Duration {
        self.cooldown.iter().max().copied().unwrap_or_default()
    }

    /// The longest timed lock; the longest of all where there is none.
    pub(super) fn longest_lock(&self) -> Duration {
        let timed = self.locks.iter().filter_map(|step| match step.length {
            LockLength::For(length) => Some(length),
            LockLength::Hard => None,
        });
        timed.max().unwrap_or(MAX_LOCK)
    }

    /// The cooldown starts again at its first step after this long without a send: ten times its longest step.
    #[must_use]
    pub fn quiet(&self) -> Duration {
        self.longest_cooldown() * 10
    }
}

/// Whether numbers of a country may be sent to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CountryState {
    /// All of them.
    Allow,
    /// Those that verified a code in the last 90 days.
    VerifiedOnly,
    /// None of them.
    #[default]
    Deny,
}

impl CountryState {
    /// All states, by their words in the file.
    pub const NAMED: [(&'static str, Self); 3] =
        [("allow", Self::Allow), ("verified_only", Self::VerifiedOnly), ("deny", Self::Deny)];

    /// Its word in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::NAMED.iter().find(|(_, state)| *state == self).map_or("deny", |(name, _)| name)
    }
}

/// The state of every country.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Countries {
    /// Those that are named.
    pub named: BTreeMap<Country, CountryState>,
    /// All others, and numbers of no country.
    pub others: CountryState,
}

impl Countries {
    /// These are allowed, and no others.
    #[must_use]
    pub fn only(allowed: impl IntoIterator<Item = Country>) -> Self {
        let named = allowed.into_iter().map(|country| (country, CountryState::Allow)).collect();
        Self { named, others: CountryState::Deny }
    }

    /// The state of a number's country.
    #[must_use]
    pub fn of(&self, country: Option<Country>) -> CountryState {
        country.and_then(|country| self.named.get(&country)).copied().unwrap_or(self.others)
    }

    /// Whether nothing at all may be sent.
    #[must_use]
    pub fn deny_all(&self) -> bool {
        self.others == CountryState::Deny && self.named.values().all(|state| *state == CountryState::Deny)
    }

    /// Whether a number that verified before may be sent to where others may not.
    #[must_use]
    pub fn ask_who_verified(&self) -> bool {
        self.named.values().chain([&self.others]).any(|state| *state == CountryState::VerifiedOnly)
    }
}

/// Which numbers may be sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The state of each country. `None`: every country is allowed, which holds only while no real provider is configured.
    pub countries: Option<Countries>,
    /// The allowed types of number.
    pub types: Vec<NumberType>,
    /// What the brakes and the rule against close numbers do.
    pub brakes: BrakeMode,
}

impl Default for Policy {
    fn default() -> Self {
        let types = vec![NumberType::Mobile, NumberType::FixedLineOrMobile, NumberType::FixedLine];
        Self { countries: None, types, brakes: BrakeMode::default() }
    }
}

/// Why the policy refuses a number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// An entry blocks it.
    #[error("{}", blocked(.0, .1, &at_the_second, &|at| at.to_the_second()))]
    Blocked(Scope, Box<PolicyEntry>),
    /// The receiver asked for no more messages.
    #[error("blocked {}", .0.origin(at_the_second))]
    OptedOut(Box<PolicyEntry>),
    /// The country is not on the list.
    #[error("sends to {0} are not allowed")]
    Country(Country),
    /// The number did not verify a code in the last 90 days.
    #[error("sends to {0} are allowed only to numbers that verified a code in the last 90 days")]
    VerifiedOnly(Country),
    /// A number of no country, such as a satellite phone's.
    #[error("sends to numbers of no country are not allowed")]
    NoCountry,
    /// The type is not on the list.
    #[error("sends to {} numbers are not allowed", .0.as_str())]
    Type(NumberType),
    /// Neighboring numbers, one after the other: how SMS pumping looks.
    #[error("blocked: looks like SMS pumping (5 close numbers in 10 min)")]
    Neighbors,
    /// Too few of the codes that went to its range or country were entered.
    #[error("{0}")]
    Brake(BrakeStop),
    /// So many messages went out on this channel that no more may, until then.
    #[error("{}", used_up(&format!("this channel ({_0})"), *_1))]
    Cap(Channel, Quota, Moment),
    /// So much was spent that this message would be too much, until then.
    #[error("no more than {} {} may be spent in {}", .1.most, .0, spelled(.1.window))]
    Spend(Currency, SpendCap, Moment),
}

impl Denied {
    /// The same sentence with moments as a screen has them: `when` tells one with how far away it is, `clock` alone.
    #[must_use]
    pub fn words(&self, when: &dyn Fn(Moment) -> String, clock: &dyn Fn(Moment) -> String) -> String {
        match self {
            Self::Blocked(scope, entry) => blocked(scope, entry, when, clock),
            Self::OptedOut(entry) => format!("blocked {}", entry.origin(when)),
            other => other.to_string(),
        }
    }

    /// Until when, where that is known.
    #[must_use]
    pub fn until(&self) -> Option<Moment> {
        match self {
            Self::Blocked(_, entry) => entry.until,
            Self::Brake(stop) => Some(stop.until),
            Self::Cap(_, _, until) | Self::Spend(_, _, until) => Some(*until),
            _ => None,
        }
    }
}

/// What is blocked, where it is more than the phone; by whom, why, and until when.
fn blocked(
    scope: &Scope,
    entry: &PolicyEntry,
    when: &dyn Fn(Moment) -> String,
    clock: &dyn Fn(Moment) -> String,
) -> String {
    let what = match scope {
        Scope::Phone(_) => String::new(),
        Scope::Prefix(prefix) => format!("numbers that begin with {prefix} are "),
        Scope::Country(country) => format!("sends to {country} are "),
    };
    format!("{what}blocked {}; {}", entry.origin(when), entry.ends(clock))
}

/// The sentence of a quota that is used up.
#[must_use]
pub fn used_up(whom: &str, quota: Quota) -> String {
    let seconds = quota.window.as_secs();
    let window = match seconds {
        0 => format!("{} ms", quota.window.as_millis()),
        _ if seconds.is_multiple_of(86_400) => format!("{} d", seconds / 86_400),
        _ if seconds.is_multiple_of(3600) => format!("{} h", seconds / 3600),
        _ if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        _ => format!("{seconds} s"),
    };
    let codes = if quota.limit == 1 { "code" } else { "codes" };
    format!("{whom} has reached its limit of {} {codes} in {window}", quota.limit)
}

impl Policy {
    /// Whether a number may be sent to at all, before any limit is looked at. `is_known`: it verified a code in the last 90
    /// days.
    ///
    /// # Errors
    /// The first rule that refuses it.
    pub fn check(&self, phone: &Phone, is_known: bool) -> Result<(), Denied> {
        let country = phone.country();
        match (self.countries.as_ref().map_or(CountryState::Allow, |countries| countries.of(country)), country) {
            (CountryState::Allow, _) => {}
            (CountryState::VerifiedOnly, _) if is_known => {}
            (CountryState::VerifiedOnly, Some(country)) => return Err(Denied::VerifiedOnly(country)),
            (CountryState::Deny, Some(country)) => return Err(Denied::Country(country)),
            (_, None) => return Err(Denied::NoCountry),
        }
        if self.types.contains(&phone.kind()) { Ok(()) } else { Err(Denied::Type(phone.kind())) }
    }
}
