//! Whether a send would be allowed now, and if not, which rule refuses it and until when. The send itself goes by it, and so
//! does whoever asks without sending.

use std::collections::BTreeMap;

use super::PhoneState;
use super::reserve::{SendRefused, blocked, within_limits};
use super::send_rule::SendRule;
use crate::otp::brake::{BrakeMode, Cell, KNOWN, brake};
use crate::otp::counter::{Counter, SumCounter};
use crate::otp::money::{Cost, Currency};
use crate::otp::policy_entry::{CallingPolicy, PolicyEffect, deciding};
use crate::otp::record::{PURPOSES, PurposeState};
use crate::otp::{Channel, Denied, Limits, Moment, Phone, Policy, Purpose, Quota};

/// Whether a send would be allowed now.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Allowance {
    /// It would.
    pub allowed: bool,
    /// What refuses it. Of several, the one that ends last: before that, no other send can succeed.
    pub rule: Option<SendRule>,
    /// Until when; `None` where no time helps, or it is not known.
    #[serde(serialize_with = "crate::otp::time::rfc3339_or_null")]
    pub until: Option<Moment>,
    /// Which limit it is, or who blocked it, when and why.
    pub reason: Option<String>,
    /// What would refuse it, if the file did not only observe it.
    pub would_refuse: Option<SendRule>,
    /// The refusal itself.
    #[serde(skip)]
    pub refused: Option<SendRefused>,
}

/// What a send is held to beside the phone's own record.
#[derive(Debug, Clone, Copy)]
pub struct SendContext<'a> {
    pub phone: &'a Phone,
    pub purpose: &'a Purpose,
    /// What the file allows.
    pub policy: &'a Policy,
    pub limits: &'a Limits,
    /// Whether an SMS may really go out: only then close numbers are looked for.
    pub real: bool,
    /// The entries of its calling code; `None`: they are not known.
    pub calling: Option<&'a CallingPolicy>,
    /// The sends to its prefix; `None`: they are not known.
    pub prefix: Option<&'a Counter>,
    /// The sends to its country; likewise.
    pub country: Option<&'a SumCounter>,
    /// The channels of its route; empty: nothing is held to their caps.
    pub channels: &'a [Channel],
    /// The messages to all numbers, by those of the channels that have a cap and could be read.
    pub sums: &'a BTreeMap<Channel, SumCounter>,
    /// What it costs where it goes first; `None`: that is not known, or it is counted already.
    pub cost: Option<&'a Cost>,
    /// What all messages cost, by those of the currencies that have a cap and could be read.
    pub spent: &'a BTreeMap<Currency, SumCounter>,
    /// The sends to strangers of its range and of its country, where brakes look at them.
    pub cells: Option<(&'a Cell, &'a Cell)>,
    /// The number verified a code in the last 90 days, for no user.
    pub seen: bool,
}

/// Whether a number verified a code in the last 90 days: for a user, or for none.
#[must_use]
pub fn is_known(known: &PhoneState, now: Moment, seen: bool) -> bool {
    let verified = known.users.users.iter().filter_map(|link| link.verified_at);
    seen || verified.into_iter().any(|verified| verified.after(KNOWN) > now)
}

impl SendContext<'_> {
    /// The end of the number, where close numbers are looked for: only where an SMS costs money, and only of strangers.
    #[must_use]
    pub fn last_four(&self, known: &PhoneState, now: Moment) -> Option<u16> {
        let looks = self.real && self.policy.brakes != BrakeMode::Off && !is_known(known, now, self.seen);
        looks.then(|| self.phone.last_four())
    }

    /// What looks like SMS pumping, whether or not the file stops that.
    fn pumping(&self, known: &PhoneState, now: Moment) -> Option<Denied> {
        let last_four = self.last_four(known, now)?;
        if self.prefix.is_some_and(|counter| counter.is_run(now, last_four)) {
            return Some(Denied::Neighbors);
        }
        let (range, country) = self.cells?;
        brake(range, country, now).map(Denied::Brake)
    }
}

impl Allowance {
    fn of(refused: Option<SendRefused>) -> Self {
        Self {
            allowed: refused.is_none(),
            rule: refused.as_ref().and_then(SendRefused::rule),
            until: refused.as_ref().and_then(SendRefused::until),
            reason: refused.as_ref().and_then(SendRefused::reason),
            would_refuse: None,
            refused,
        }
    }
}

/// Whether a policy entry lifts what the file and the brakes refuse.
#[must_use]
pub fn is_lifted(known: &PhoneState, now: Moment, context: &SendContext<'_>) -> bool {
    let entry = deciding(context.phone, &known.policy, context.calling, now);
    entry.is_some_and(|(_, entry)| entry.effect == PolicyEffect::Allow)
}

/// Whether a code could be sent now.
#[must_use]
pub fn allowance(known: &PhoneState, now: Moment, context: &SendContext<'_>) -> Allowance {
    let entry = deciding(context.phone, &known.policy, context.calling, now);
    let is_allowed = match entry {
        Some((scope, entry)) if entry.effect == PolicyEffect::Block => {
            return Allowance::of(Some(blocked(scope, entry)));
        }
        entry => entry.is_some(),
    };
    let pumping = if is_allowed { None } else { context.pumping(known, now) };
    let (stopped, observed) = match context.policy.brakes {
        BrakeMode::Enforce => (pumping, None),
        BrakeMode::Observe | BrakeMode::Off => (None, pumping),
    };
    let refused = refusal(known, now, context, is_allowed, stopped);
    Allowance { would_refuse: observed.as_ref().map(SendRule::of), ..Allowance::of(refused) }
}

/// The channels that have no room for another message now, and until when.
#[must_use]
pub fn full_channels(
    sums: &BTreeMap<Channel, SumCounter>,
    now: Moment,
    limits: &Limits,
) -> BTreeMap<Channel, (Quota, Moment)> {
    let full = |(channel, counter): (&Channel, &SumCounter)| {
        let caps = limits.caps.get(channel).map(Vec::as_slice).unwrap_or_default();
        Some((*channel, counter.full(now, caps)?))
    };
    sums.iter().filter_map(full).collect()
}

/// The cap that refuses it, where no channel of its route has room: the one that has some first.
fn capped(context: &SendContext<'_>, now: Moment) -> Option<Denied> {
    let full = full_channels(context.sums, now, context.limits);
    let each =
        context.channels.iter().map(|channel| full.get(channel).map(|(quota, until)| (*channel, *quota, *until)));
    let all: Vec<(Channel, Quota, Moment)> = each.collect::<Option<_>>()?;
    all.into_iter().min_by_key(|(.., until)| *until).map(|(channel, quota, until)| Denied::Cap(channel, quota, until))
}

/// The cap on what is spent that has no room for this message.
fn overspent(context: &SendContext<'_>, now: Moment) -> Option<Denied> {
    let cost = context.cost?;
    let (spent, caps) = (context.spent.get(&cost.currency)?, context.limits.spend.get(&cost.currency)?);
    let (cap, until) = spent.overspent(now, caps, cost.amount)?;
    Some(Denied::Spend(cost.currency.clone(), cap, until))
}

/// The first rule that refuses it for good, else the one that ends last. `stopped`: what the brakes stop.
fn refusal(
    known: &PhoneState,
    now: Moment,
    context: &SendContext<'_>,
    is_allowed: bool,
    stopped: Option<Denied>,
) -> Option<SendRefused> {
    let SendContext { phone, purpose, policy, limits, .. } = *context;
    if !is_allowed && let Err(denied) = policy.check(phone, is_known(known, now, context.seen)) {
        return Some(SendRefused::Denied(denied));
    }
    let none = PurposeState::default();
    let purpose_state = known.record.purposes.get(purpose).unwrap_or(&none);
    if let Some(lock) = purpose_state.lock(now) {
        return Some(SendRefused::Locked(lock.until));
    }
    let mut found: Vec<SendRefused> = Vec::new();
    let sending = purpose_state.live(now).filter_map(|live| live.lease_until).find(|until| *until > now);
    found.extend(sending.map(SendRefused::UnderWay));
    let mut record = known.record.clone();
    record.sweep(now);
    if record.purposes.len() >= PURPOSES && !record.purposes.contains_key(purpose) {
        found.push(SendRefused::Purposes);
    }
    found.extend(within_limits(&record, now, limits).err());
    let prefix = context.prefix.and_then(|counter| counter.full(now, &limits.per_prefix));
    found.extend(prefix.map(|(quota, until)| SendRefused::PerPrefix(quota, until)));
    let country = context.country.and_then(|counter| counter.full(now, &limits.per_country));
    found.extend(country.map(|(quota, until)| SendRefused::PerCountry(quota, until)));
    found.extend(capped(context, now).map(SendRefused::Denied));
    found.extend(overspent(context, now).map(SendRefused::Denied));
    found.extend(stopped.map(SendRefused::Denied));
    // What ends at no known time comes after everything that does.
    found.into_iter().max_by_key(|refused| (refused.until().is_none(), refused.until()))
}
