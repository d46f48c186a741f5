//! What a diagnosis is made from: all that is known of a phone at one moment, read before and only looked at here.

use std::time::Duration;

use crate::otp::link_history::FormerUser;
use crate::otp::rules::{Allowance, PhoneState};
use crate::otp::{Event, Limits, Moment, Phone, UserId};

/// What a timeline says of a code that an application made by itself.
pub const MADE_BY_APP: &str = "the application made it";

/// All that is known.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The phone.
    pub phone: &'a Phone,
    /// Its number as it may be shown.
    pub shown: &'a str,
    /// What to type for what was asked about.
    pub argument: &'a str,
    /// What to type for the phone, where one code of it is not enough.
    pub phone_argument: &'a str,
    /// The one code that was asked about; `None`: the phone was.
    pub challenge: Option<&'a str>,
    /// Its record and users.
    pub known: &'a PhoneState,
    /// Its newest events, the newest first.
    pub timeline: &'a [Event],
    /// How long a timeline is kept after its last event.
    pub timeline_kept: Duration,
    /// The limits that hold.
    pub limits: &'a Limits,
    /// Whether a code could be sent now.
    pub send: &'a Allowance,
    /// How far the quotas are used up.
    pub quotas: &'a [QuotaUse],
    /// What the store lost.
    pub lost: Option<Lost>,
    /// Policy entries that stop every send to the phone now.
    pub blocks: &'a [Block],
    /// The providers for the phone, in the order in which they are tried.
    pub route: &'a [RouteProvider],
    /// How deliveries went lately.
    pub history: &'a History,
    /// Who keeps the codes, and what can be done with them here.
    pub keeper: Keeper<'a>,
    /// Users who had the phone and do not have it now, who had it last first.
    pub former: &'a [FormerUser],
    /// Numbers that may have been meant instead.
    pub near: &'a [NearNumber],
}

/// What the store lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// The code that was made at this time, by its id.
    Code(Moment),
    /// Everything that was there before the server was started at this time.
    Everything(Moment),
}

impl Lost {
    /// Whether it is known that a code was lost, and not only that one may have been.
    pub(super) fn is_one_code(self) -> bool {
        matches!(self, Self::Code(_))
    }
}

/// How far one quota is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaUse {
    /// Which: `per_phone`, `per_prefix` or `per_country`.
    pub rule: &'static str,
    /// Its window.
    pub window: Duration,
    /// The sends in it; `None`: it is not known.
    pub used: Option<u32>,
    /// How many it allows.
    pub most: u32,
}

/// A policy entry that stops sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What it is about, as the commands take it: a phone, a prefix or a country.
    pub subject: String,
    /// The same in words: `this number`, `numbers that begin with +9198`, `IN`.
    pub words: String,
    /// When it was made.
    pub at: Moment,
    /// Who made it.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Until when it holds; `None`: until somebody removes it.
    pub until: Option<Moment>,
}

/// A provider of the route.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RouteProvider {
    /// Its name in the configuration.
    pub name: String,
    /// Whether it ever says what became of an SMS.
    pub reports: bool,
    /// From whom its SMS come, as the receiver sees it.
    pub sender: Option<String>,
    /// Skipped until then.
    pub skipped_until: Option<Moment>,
    /// Consecutive failures.
    pub failures: u32,
    /// Why it failed last.
    pub why: String,
}

/// How deliveries went lately.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// The usual time to delivery; `None`: too few are known.
    pub usual: Option<Duration>,
    /// The time in which 95 of 100 are delivered.
    pub p95: Option<Duration>,
    /// The share of delivered codes that were entered, here.
    pub entered: Option<f64>,
    /// How the providers of the route did, now and before.
    pub shares: Vec<Share>,
}

/// How one provider did in a range, with an operator, or in a country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The provider.
    pub provider: String,
    /// Where, in words: `IN`, `numbers like +919876`.
    pub place: String,
    /// In the last 60 minutes.
    pub now: Sums,
    /// In the 24 hours before.
    pub before: Sums,
}

/// Sums of sends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// Handed to a provider.
    pub sent: u64,
    /// Reported as delivered.
    pub delivered: u64,
    /// Entered by their owners.
    pub entered: u64,
}

/// Who keeps the codes, and what can be done with them here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an operation that a layout allows or not")]
pub struct Keeper<'a> {
    /// The layout of the application that keeps them; `None`: they are ours alone.
    pub app: Option<&'a str>,
    /// The application itself has locked the phone.
    pub locked: bool,
    /// Codes can be sent.
    pub sends: bool,
    /// Codes can be printed.
    pub prints: bool,
    /// Codes can be checked.
    pub checks: bool,
    /// Locks can be cleared.
    pub unlocks: bool,
}

impl Default for Keeper<'_> {
    fn default() -> Self {
        Self { app: None, locked: false, sends: true, prints: true, checks: true, unlocks: true }
    }
}

/// A number for which a code was requested lately, and that may have been meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearNumber {
    /// As it may be shown.
    pub shown: String,
    /// What to type for it.
    pub argument: String,
    /// When a code was requested for it.
    pub at: Moment,
    /// How it is near.
    pub how: Nearness,
}

/// How a number is near to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Nearness {
    /// One digit is another one.
    Digit,
    /// Two neighbors are swapped.
    Swap,
    /// It is another phone of the same user.
    User(UserId),
}
