//! Whether a send would be allowed now, and if not, which rule refuses it and until when: for whoever asks without
//! sending. It goes by the same functions as the send itself.

use super::PhoneState;
use super::reserve::refused_by_limits;
use super::send_rule::SendRule;
use crate::otp::counter::{Counter, Full};
use crate::otp::record::{PURPOSES, PurposeState};
use crate::otp::{Denied, Limits, Moment, Purpose};

/// Whether a send would be allowed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Allowance {
    /// It would.
    pub allowed: bool,
    /// What refuses it. Of several, the one that ends last: before that, no other send can succeed.
    pub rule: Option<SendRule>,
    /// Until when; `None` where no time helps, or it is not known.
    #[serde(serialize_with = "crate::otp::time::rfc3339_or_null")]
    pub until: Option<Moment>,
}

/// What a send is held to beside the phone's own record.
#[derive(Debug, Clone, Copy)]
pub struct PendingLimit<'a> {
    /// What the policy says of the number.
    pub policy: Result<(), Denied>,
    /// The sends to its prefix; `None`: it is not known.
    pub prefix: Option<&'a Counter>,
    /// The sends to its country.
    pub country: Option<&'a Counter>,
    /// The end of the number, where close numbers are looked for.
    pub last_four: Option<u16>,
}

/// Whether a code for this purpose could be sent now.
#[must_use]
pub fn allowance(
    known: &PhoneState,
    now: Moment,
    limits: &Limits,
    purpose: &Purpose,
    held: &PendingLimit<'_>,
) -> Allowance {
    let refused = |rule, until| Allowance { allowed: false, rule: Some(rule), until };
    if let Err(denied) = held.policy {
        return refused(SendRule::of(denied), None);
    }
    let none = PurposeState::default();
    let purpose_state = known.record.purposes.get(purpose).unwrap_or(&none);
    let mut found: Vec<(SendRule, Option<Moment>)> = Vec::new();
    found.extend(purpose_state.lock(now).map(|lock| (SendRule::Lock, lock.until)));
    let sending = purpose_state.live(now).filter_map(|live| live.lease_until).find(|until| *until > now);
    found.extend(sending.map(|until| (SendRule::UnderWay, Some(until))));
    let mut record = known.record.clone();
    record.sweep(now);
    if record.purposes.len() >= PURPOSES && !record.purposes.contains_key(purpose) {
        found.push((SendRule::Purposes, None));
    }
    found.extend(refused_by_limits(&record, now, limits).map(|(rule, until)| (rule, Some(until))));
    let counters = [
        (held.prefix, &limits.per_prefix, held.last_four, SendRule::PerPrefix),
        (held.country, &limits.per_country, None, SendRule::PerCountry),
    ];
    for (counter, quotas, last_four, rule) in counters {
        let Some(counter) = counter else { continue };
        found.extend(counter.take(now, quotas, last_four).err().map(|full| match full {
            Full::Quota(_, until) => (rule, Some(until)),
            Full::Neighbors => (SendRule::Neighbors, None),
        }));
    }
    // What ends at no known time comes after everything that does.
    match found.into_iter().max_by_key(|(_, until)| (until.is_none(), *until)) {
        Some((rule, until)) => refused(rule, until),
        None => Allowance { allowed: true, rule: None, until: None },
    }
}
