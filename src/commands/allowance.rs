//! Whether a code could be sent now: for the commands that tell it without sending.

use std::collections::BTreeSet;

use crate::app::App;
use crate::error::Error;
use crate::operations::Counters;
use crate::otp::rules::{Allowance, PhoneState, SendContext, allowance};
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
        cells: counters.tally.cells.as_ref().map(|(range, country)| (range, country)),
        seen: counters.tally.seen,
    };
    Ok(allowance(known, now, &context))
}

/// When the next send is allowed, and what it waits for.
pub(super) fn words(allowance: &Allowance, now: Moment) -> String {
    let Some(rule) = allowance.rule else { return "now".to_owned() };
    match allowance.until {
        Some(until) => format!("{}: {}", when(until, now), rule.words()),
        None => format!("refused: {}", rule.words()),
    }
}
