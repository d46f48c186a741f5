//! Whether a code could be sent now: for the commands that tell it without sending.

use std::collections::BTreeSet;

use crate::app::App;
use crate::config::Settings;
use crate::error::Error;
use crate::operations::Counters;
use crate::otp::money::Cost;
use crate::otp::rules::{Allowance, PhoneState, SendContext, allowance};
use crate::otp::text::{Vars, segments};
use crate::otp::{Channel, Moment, Phone, Purpose};
use crate::output::when;

/// Whether a code for this purpose could be sent to a phone now, by all that holds for it.
///
/// # Errors
/// When the settings are wrong.
pub(super) fn of(
    app: &App,
    (phone, purpose): (&Phone, &Purpose),
    (known, now): (&PhoneState, Moment),
    counters: &Counters,
) -> Result<Allowance, Error> {
    let settings = app.settings()?;
    let (route, _) = settings.routes.of(phone, purpose);
    let is_test = app.test_number(phone)?.is_some();
    let configured = || route.iter().filter_map(|entry| settings.providers.get(&entry.provider));
    let channels: BTreeSet<Channel> = configured().map(|own| own.channel).collect();
    let channels: Vec<Channel> = channels.into_iter().collect();
    let cost = first_cost(app, settings, (phone, purpose));
    let context = SendContext {
        phone,
        purpose,
        policy: &settings.policy,
        limits: &settings.limits,
        real: !is_test && configured().any(|own| own.kind.is_real()),
        calling: counters.calling.as_ref(),
        prefix: counters.prefix.as_ref(),
        country: counters.tally.country.as_ref(),
        channels: &channels,
        sums: &counters.tally.channels,
        cost: cost.as_ref(),
        spent: &counters.tally.spent,
        cells: counters.tally.cells.as_ref().map(|(range, country)| (range, country)),
        seen: counters.tally.seen,
    };
    Ok(allowance(known, now, &context))
}

/// What a code costs at the first provider of its route, in as many parts as the usual text has; `None`: nothing limits it.
fn first_cost(app: &App, settings: &Settings, (phone, purpose): (&Phone, &Purpose)) -> Option<Cost> {
    let first = settings.routes.of(phone, purpose).0.first()?;
    let configured = settings.providers.get(&first.provider)?;
    let price = configured.price.as_ref()?.price(phone)?;
    settings.limits.spend.get(&price.currency)?;
    if configured.channel != Channel::Sms || configured.kind.describe()?.template_sender {
        return Some(price);
    }
    let code = "0".repeat(settings.code.spec.length);
    let ttl_minutes = settings.code.ttl.as_secs().div_ceil(60);
    let vars = Vars { code: &code, app: &settings.message.app, ttl_minutes, purpose: purpose.as_str(), lang: None };
    let text = app.template(None).ok()?.render(&vars).ok()?;
    let parts = u32::try_from(segments(&text).segments).unwrap_or(u32::MAX);
    Some(Cost { amount: price.amount.times(parts), ..price })
}

/// When the next send is allowed, and what it waits for.
pub(super) fn words(allowance: &Allowance, now: Moment) -> String {
    let Some(rule) = allowance.rule else { return "now".to_owned() };
    match allowance.until {
        Some(until) => format!("{}: {}", when(until, now), rule.words()),
        None => format!("refused: {}", rule.words()),
    }
}
