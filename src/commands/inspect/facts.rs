//! Brings together what a diagnosis is made from: what was read, and what the file says.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::app::App;
use crate::config::SettingSource;
use crate::error::Error;
use crate::layout::{Finding, Layout, Operation};
use crate::operations::{Counters, DataLoss, Nearby};
use crate::otp::circuit::Circuit;
use crate::otp::diagnosis::{Block, History, Keeper, Lost, NearNumber, QuotaUse, RouteProvider, Share, Sums};
use crate::otp::policy_entry::{PolicyEffect, Scope, deciding};
use crate::otp::rules::PhoneState;
use crate::otp::stats::{By, Cell, Counts, half_hour, rows, total};
use crate::otp::{Channel, Moment, Phone, Purpose, Quota};

/// The settings that say from whom an SMS comes, as its receiver sees it.
const SENDERS: [&str; 9] =
    ["sender", "from", "sender_id", "sender_name", "header", "mask", "originator", "source", "src"];

pub(super) fn lost(loss: Option<DataLoss>) -> Option<Lost> {
    loss.map(|loss| match loss {
        DataLoss::Code(made) => Lost::Code(made),
        DataLoss::Everything(began) => Lost::Everything(began),
    })
}

/// How far the quotas are used up.
pub(super) fn quotas(app: &App, known: &PhoneState, now: Moment, counters: &Counters) -> Result<Vec<QuotaUse>, Error> {
    let limits = &app.settings()?.limits;
    let sends = |quota: &Quota| known.record.sends.iter().filter(|sent| sent.after(quota.window) > now).count();
    let mut list: Vec<QuotaUse> = Vec::new();
    list.extend(limits.per_phone.iter().map(|quota| QuotaUse {
        rule: "per_phone",
        window: quota.window,
        used: Some(u32::try_from(sends(quota)).unwrap_or(u32::MAX)),
        most: quota.limit,
    }));
    let mut shared = |rule, quotas: &[Quota], left: &dyn Fn(&[Quota]) -> Option<u32>| {
        list.extend(quotas.iter().map(|quota| {
            let left = left(std::slice::from_ref(quota));
            QuotaUse { rule, window: quota.window, used: left.map(|left| quota.limit - left), most: quota.limit }
        }));
    };
    let (prefix, country) = (counters.prefix.as_ref(), counters.tally.country.as_ref());
    shared("per_prefix", &limits.per_prefix, &|only| prefix.and_then(|counter| counter.left(now, only)));
    shared("per_country", &limits.per_country, &|only| country.and_then(|counter| counter.left(now, only)));
    Ok(list)
}

/// The policy entry that stops every send to the phone.
pub(super) fn blocks(
    phone: &Phone,
    argument: &str,
    (known, now): (&PhoneState, Moment),
    counters: &Counters,
) -> Vec<Block> {
    let found = deciding(phone, &known.policy, counters.calling.as_ref(), now);
    let found = found.filter(|(_, entry)| entry.effect == PolicyEffect::Block);
    let block = found.map(|(scope, entry)| {
        let (subject, words) = match scope {
            Scope::Phone(_) => (argument.to_owned(), "this number".to_owned()),
            Scope::Prefix(prefix) => (prefix.to_string(), format!("numbers that begin with {prefix}")),
            Scope::Country(country) => (country.to_string(), country.to_string()),
        };
        let reason = entry.opted_out.as_ref().map(|provider| format!("the receiver texted STOP ({provider})"));
        Block {
            subject,
            words,
            at: entry.since,
            by: entry.by.clone(),
            reason: reason.or_else(|| entry.reason.clone()),
            until: entry.until,
        }
    });
    block.into_iter().collect()
}

/// The providers of a phone's route, with what is known of their failures. `asked`: the one that has the SMS.
pub(super) fn route(
    app: &App,
    (phone, purpose): (&Phone, &Purpose),
    (circuits, now): (&BTreeMap<String, Circuit>, Moment),
    asked: Option<&str>,
) -> Result<Vec<RouteProvider>, Error> {
    let settings = app.settings()?;
    let names: Vec<&str> = settings.routes.of(phone, purpose).0.iter().map(|entry| entry.provider.as_str()).collect();
    let own = asked.filter(|asked| !names.contains(asked) && settings.providers.contains_key(*asked));
    let provider = |name: &str| {
        let circuit = circuits.get(name);
        let configured = settings.providers.get(name);
        // What a kind can do is read from its definition, which is not done for nothing.
        let can = (Some(name) == asked).then(|| configured?.kind.describe()).flatten().map(|own| own.can);
        let sender = configured.and_then(|own| SENDERS.iter().find_map(|name| own.entries.get(*name)));
        RouteProvider {
            name: name.to_owned(),
            reports: can.is_some_and(|can| can.status || can.reports),
            sender: match sender {
                Some(SettingSource::Plain(value)) => value.as_str().map(str::to_owned),
                _ => None,
            },
            skipped_until: circuit.and_then(|circuit| circuit.passed_over(now)),
            failures: circuit.map_or(0, |circuit| circuit.failures),
            why: circuit.map_or_else(String::new, |circuit| circuit.why.clone()),
        }
    };
    Ok(names.iter().copied().chain(own).map(provider).collect())
}

/// Those of them whose numbers are worth reading: an SMS really goes out. A route has few, and the first ones matter.
pub(super) fn counted<'a>(app: &App, names: &[&'a str]) -> Result<Vec<(&'a str, Channel)>, Error> {
    const MOST: usize = 3;
    let settings = app.settings()?;
    let real = |name: &&'a str| {
        let own = settings.providers.get(*name).filter(|own| own.kind.is_real())?;
        Some((*name, own.channel))
    };
    Ok(names.iter().filter_map(real).take(MOST).collect())
}

/// How deliveries went: in the last hour, and in the day before it. `provider`: the one that has the SMS.
pub(super) fn history(phone: &Phone, cells: &[Cell], now: Moment, provider: Option<&str>) -> History {
    const HOUR: Duration = Duration::from_secs(3600);
    const ENOUGH: u64 = 20;
    let last_hour = half_hour(now.before(HOUR));
    let (range, country) = (phone.range(), phone.country().map(|country| country.to_string()));
    let of = |provider: &str| -> Vec<Cell> {
        cells.iter().filter(|cell| cell.route.provider == provider).cloned().collect()
    };
    let sums = |counts: &Counts| Sums {
        sent: counts.sent + counts.unknown,
        delivered: counts.delivered,
        entered: counts.verified,
    };
    let mut shares = Vec::new();
    for name in cells.iter().map(|cell| cell.route.provider.as_str()).collect::<BTreeSet<_>>() {
        let (recent, before): (Vec<Cell>, Vec<Cell>) =
            of(name).into_iter().partition(|cell| cell.half_hour >= last_hour);
        let in_range = |cells: &[Cell]| {
            let own = rows(cells, By::Range).into_iter().find(|(name, _)| name.as_deref() == Some(range));
            own.map_or_else(Sums::default, |(_, counts)| sums(&counts))
        };
        let share = |place: String, now, before| Share { provider: name.to_owned(), place, now, before };
        let place = country.clone().unwrap_or_else(|| format!("+{}", phone.calling_code()));
        shares.push(share(place, sums(&total(&recent)), sums(&total(&before))));
        shares.push(share(format!("numbers like {range}"), in_range(&recent), in_range(&before)));
    }
    let all = total(cells);
    let enough = |counts: &Counts| counts.delivered >= ENOUGH;
    let within = |part| all.delivered_within(part).filter(|_| enough(&all)).map(Duration::from_secs_f64);
    let own = provider.map(|provider| total(&of(provider))).filter(enough);
    let percent = own.map(|own| (own.verified.saturating_mul(100) / own.delivered.max(1)).min(100));
    let entered = percent.and_then(|percent| u32::try_from(percent).ok()).map(|percent| f64::from(percent) / 100.0);
    History { usual: within(0.5), p95: within(0.95), entered, shares }
}

/// What can be done with the codes here.
pub(super) fn keeper<'a>(app: &'a App, layout: &'a dyn Layout, findings: &[Finding]) -> Result<Keeper<'a>, Error> {
    let settings = app.settings()?;
    let can = |operation| layout.allows(operation).is_ok();
    Ok(Keeper {
        app: layout.is_foreign().then(|| layout.name()),
        locked: findings.contains(&Finding::Locked),
        sends: can(Operation::Issue),
        prints: can(Operation::Issue) && (!settings.protected || settings.reveal),
        checks: can(Operation::Verify),
        unlocks: can(Operation::Unlock),
    })
}

/// The numbers that may have been meant, as they may be shown.
pub(super) async fn near(app: &App, found: Vec<Nearby>) -> Vec<NearNumber> {
    let mut near = Vec::with_capacity(found.len());
    for Nearby { phone, how, at } in found {
        let shown = app.display(&phone, false);
        let Some(argument) = app.reference(&phone).await else { continue };
        near.push(NearNumber { shown, argument, at, how });
    }
    near
}
