//! Brings together what a diagnosis is made from: what was read, and what the file says.

use crate::app::App;
use crate::config::SettingSource;
use crate::error::Error;
use crate::layout::{Finding, Layout, Operation};
use crate::operations::{Counters, DataLoss, Nearby};
use crate::otp::circuit::Circuit;
use crate::otp::diagnosis::{Block, Keeper, Lost, NearNumber, QuotaUse, RouteProvider};
use crate::otp::policy_entry::{PolicyEffect, Scope, deciding};
use crate::otp::rules::PhoneState;
use crate::otp::{Moment, Phone, Quota};

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
    phone: &Phone,
    (circuits, now): (&[Circuit], Moment),
    asked: Option<&str>,
) -> Result<Vec<RouteProvider>, Error> {
    let settings = app.settings()?;
    let names = route_names(app, phone)?;
    let own = asked.filter(|asked| !names.contains(asked) && settings.providers.contains_key(*asked));
    let known = names.iter().zip(circuits.iter().map(Some).chain(std::iter::repeat(None)));
    let provider = |name: &str, circuit: Option<&Circuit>| {
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
    Ok(known.map(|(name, circuit)| provider(name, circuit)).chain(own.map(|own| provider(own, None))).collect())
}

/// The names of the providers of a phone's route.
pub(super) fn route_names<'a>(app: &'a App, phone: &Phone) -> Result<Vec<&'a str>, Error> {
    Ok(app.settings()?.routes.of(phone).0.iter().map(String::as_str).collect())
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
