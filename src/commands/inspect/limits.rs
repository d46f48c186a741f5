//! What the limits on sends leave to a phone, and when the next is allowed.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::operations::Counters;
use crate::otp::duration::spelled;
use crate::otp::money::{Amount, Currency};
use crate::otp::rules::budget;
use crate::otp::time::rfc3339_or_null;
use crate::otp::{Channel, Limits, Moment, Quota, Record};
use crate::output::{Cell, Table};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Limit {
    limit: &'static str,
    /// Of a cap: the channel whose messages to all numbers it limits.
    channel: Option<Channel>,
    /// Of a cap on what is spent: in which currency `used` and `most` are.
    currency: Option<Currency>,
    window_seconds: Option<u64>,
    used: Option<Figure>,
    most: Option<Figure>,
    #[serde(serialize_with = "rfc3339_or_null")]
    allowed_at: Option<Moment>,
}

/// How much of a limit there is, or is used.
#[derive(Clone, Copy)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(untagged))]
enum Figure {
    Count(u32),
    Money(#[cfg_attr(test, schemars(with = "f64"))] Amount),
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => serializer.serialize_u32(*count),
            Self::Money(amount) => serializer.serialize_f64(amount.units()),
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Money(amount) => amount.fmt(f),
        }
    }
}

/// The cooldown, each quota of the phone's own, and those that it shares with its prefix and its country.
pub(super) fn of(record: &Record, now: Moment, limits: &Limits, counters: &Counters) -> Vec<Limit> {
    let budget = budget(record, now, limits);
    let mut list = vec![Limit {
        limit: "cooldown",
        channel: None,
        currency: None,
        window_seconds: None,
        used: None,
        most: None,
        allowed_at: Some(record.cooldown_until.map_or(now, |until| until.max(now))),
    }];
    list.extend(limits.per_phone.iter().map(|quota| {
        let used = record.sends.iter().filter(|sent| sent.after(quota.window) > now).count();
        let used = u32::try_from(used).unwrap_or(u32::MAX);
        Limit {
            limit: "per_phone",
            channel: None,
            currency: None,
            window_seconds: Some(quota.window.as_secs()),
            used: Some(Figure::Count(used)),
            most: Some(Figure::Count(quota.limit)),
            allowed_at: Some(if used < quota.limit { now } else { budget.allowed_at.max(now) }),
        }
    }));
    let (prefix, country) = (counters.prefix.as_ref(), counters.tally.country.as_ref());
    let of_prefix = |only: &[Quota]| prefix.map(|counter| (counter.left(now, only), counter.full(now, only)));
    let of_country = |only: &[Quota]| country.map(|counter| (counter.left(now, only), counter.full(now, only)));
    list.extend(shared("per_prefix", &limits.per_prefix, now, of_prefix));
    list.extend(shared("per_country", &limits.per_country, now, of_country));
    for (channel, caps) in &limits.caps {
        let counter = counters.tally.channels.get(channel);
        let of_all = |only: &[Quota]| counter.map(|counter| (counter.left(now, only), counter.full(now, only)));
        list.extend(shared("cap", caps, now, of_all).map(|limit| Limit { channel: Some(*channel), ..limit }));
    }
    for (currency, caps) in &limits.spend {
        let counter = counters.tally.spent.get(currency);
        // When the smallest amount fits again: what the next message costs, its route says.
        let least = Amount::of_millionths(1);
        list.extend(caps.iter().map(|cap| Limit {
            limit: "spend",
            channel: None,
            currency: Some(currency.clone()),
            window_seconds: Some(cap.window.as_secs()),
            used: counter.map(|counter| Figure::Money(counter.spent(now, cap.window))),
            most: Some(Figure::Money(cap.most)),
            allowed_at: counter.map(|counter| {
                let over = counter.overspent(now, std::slice::from_ref(cap), least);
                over.map_or(now, |(_, until)| until)
            }),
        }));
    }
    list
}

/// What is left of quotas, and which of them is used up until when.
type Left = (Option<u32>, Option<(Quota, Moment)>);

/// Quotas over many phones; of a counter that cannot be read, nothing is known.
fn shared(
    name: &'static str,
    quotas: &[Quota],
    now: Moment,
    counter: impl Fn(&[Quota]) -> Option<Left>,
) -> impl Iterator<Item = Limit> {
    let row = move |quota: &Quota| {
        let known = counter(std::slice::from_ref(quota));
        let left = known.and_then(|(left, _)| left);
        Limit {
            limit: name,
            channel: None,
            currency: None,
            window_seconds: Some(quota.window.as_secs()),
            used: left.map(|left| Figure::Count(quota.limit - left)),
            most: Some(Figure::Count(quota.limit)),
            allowed_at: known.map(|(_, full)| full.map_or(now, |(_, until)| until)),
        }
    };
    quotas.iter().map(row)
}

pub(super) fn table(limits: &[Limit], now: Moment) -> Table {
    let mut table = Table::new(&["LIMIT", "WINDOW", "USED", "NEXT SEND"], "none");
    for limit in limits {
        let window = limit.window_seconds.map(|seconds| spelled(Duration::from_secs(seconds)));
        let window = window.unwrap_or_else(|| "-".to_owned());
        let used = limit.used.zip(limit.most).map_or_else(|| "-".to_owned(), |(used, most)| format!("{used}/{most}"));
        let used = limit.currency.as_ref().map_or(used.clone(), |currency| format!("{used} {currency}"));
        let name = match limit.limit {
            "spend" => "spent on messages",
            "per_phone" => "sends to this phone",
            "per_prefix" => "sends to close numbers",
            "per_country" => "sends to this country",
            "cap" => limit.channel.map_or("messages to all numbers", |channel| channel.to_everybody()),
            _ => "wait between sends",
        };
        table.row([Cell::from(name), window.into(), used.into(), Cell::time_or(limit.allowed_at, now, "-")]);
    }
    table
}
