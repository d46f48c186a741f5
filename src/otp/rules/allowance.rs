//! Whether a send would be allowed now, and if not, which rule refuses it and until when. The send itself goes by it, and so
//! does whoever asks without sending.

use super::PhoneState;
use super::reserve::{SendRefused, blocked, within_limits};
use super::send_rule::SendRule;
use crate::otp::counter::{Counter, Full};
use crate::otp::policy_entry::{CallingPolicy, PolicyEffect, deciding};
use crate::otp::record::{PURPOSES, PurposeState};
use crate::otp::{Denied, Limits, Moment, Phone, Policy, Purpose};

/// Whether a send would be allowed now.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
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
    pub country: Option<&'a Counter>,
}

impl SendContext<'_> {
    /// The end of the number, where close numbers are looked for.
    #[must_use]
    pub fn last_four(&self) -> Option<u16> {
        self.real.then(|| self.phone.last_four())
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

/// Whether a code could be sent now.
#[must_use]
pub fn allowance(known: &PhoneState, now: Moment, context: &SendContext<'_>) -> Allowance {
    Allowance::of(refusal(known, now, context))
}

fn refusal(known: &PhoneState, now: Moment, context: &SendContext<'_>) -> Option<SendRefused> {
    let SendContext { phone, purpose, policy, limits, .. } = *context;
    let entry = deciding(phone, &known.policy, context.calling, now);
    let is_allowed = match entry {
        Some((scope, entry)) if entry.effect == PolicyEffect::Block => return Some(blocked(scope, entry)),
        entry => entry.is_some(),
    };
    if !is_allowed && let Err(denied) = policy.check(phone) {
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
    let last_four = context.last_four().filter(|_| !is_allowed);
    if let Some(counter) = context.prefix {
        found.extend(counter.take(now, &limits.per_prefix, last_four).err().map(|full| match full {
            Full::Quota(quota, until) => SendRefused::PerPrefix(quota, until),
            Full::Neighbors => SendRefused::Denied(Denied::Neighbors),
        }));
    }
    if let Some(counter) = context.country
        && let Err(Full::Quota(quota, until)) = counter.take(now, &limits.per_country, None)
    {
        found.push(SendRefused::PerCountry(quota, until));
    }
    // What ends at no known time comes after everything that does.
    found.into_iter().max_by_key(|refused| (refused.until().is_none(), refused.until()))
}
