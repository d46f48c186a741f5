//! Whether a code could be sent now: for the commands that tell it without sending.

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
    let (route, _) = settings.routes.of(phone);
    let is_test = app.test_number(phone)?.is_some();
    let real = |name: &String| settings.providers.get(name).is_some_and(|provider| provider.kind.is_real());
    let mut channels: Vec<Channel> =
        route.iter().filter_map(|name| Some(settings.providers.get(name)?.channel)).collect();
    channels.dedup();
    let context = SendContext {
        phone,
        purpose,
        policy: &settings.policy,
        limits: &settings.limits,
        real: !is_test && route.iter().any(real),
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
