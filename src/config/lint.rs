//! What loads and is easily got wrong: an SMS to India needs the ids of its DLT registration, and a route goes on in time.

use std::time::Duration;

use super::settings::Settings;
use crate::otp::duration::spelled;
use crate::otp::{Country, CountryState};
use crate::provider::Description;

/// How the definitions call what carriers in India ask for.
const DLT: [&str; 2] = ["India: DLT", "DLT id of"];

/// The settings of DLT that providers for India take and do not have: the name of the provider, and the setting.
pub(super) fn missing_dlt(settings: &Settings) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let names = routed_to_india(settings);
    for name in names {
        let Some(provider) = settings.providers.get(name) else { continue };
        let Some(description) = provider.kind.describe().filter(|own| own.features.dlt) else { continue };
        let missing = missing(&description, |setting| provider.entries.contains_key(setting));
        found.extend(missing.into_iter().map(|setting| (name.clone(), setting.to_owned())));
    }
    found
}

/// What is probably not meant of the routes that go on when a message is not delivered: the key, what, and what to do.
pub(super) fn routes(settings: &Settings) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for (key, route) in settings.routes.all() {
        let key = format!("routes.{key}");
        let whole: Duration = route.iter().filter_map(|entry| entry.unless_delivered).sum();
        if whole >= settings.code.ttl {
            let why = format!("its last provider is asked after {}, when the code has expired", spelled(whole));
            found.push((key.clone(), why, "shorten `unless_delivered`, or set a longer `ttl` under [code]".to_owned()));
        }
        for pair in route.windows(2) {
            let [before, after] = pair else { continue };
            let can = settings.providers.get(&before.provider).and_then(|own| own.kind.describe()).map(|own| own.can);
            if after.unless_delivered.is_some() && can.is_some_and(|can| !can.status && !can.reports) {
                let why = format!(
                    "{} never says whether a message was delivered, so {} always follows it",
                    before.provider, after.provider
                );
                let hint = format!(
                    "write {:?} alone, or put it behind a provider that says what it delivered",
                    after.provider
                );
                found.push((key.clone(), why, hint));
            }
        }
    }
    found
}

/// The providers of the routes to India, where numbers there may be sent to.
fn routed_to_india(settings: &Settings) -> Vec<&String> {
    let Ok(india) = "IN".parse::<Country>() else { return Vec::new() };
    let reaches =
        settings.policy.countries.as_ref().is_none_or(|countries| countries.of(Some(india)) != CountryState::Deny);
    if !reaches {
        return Vec::new();
    }
    let routes = &settings.routes;
    let country = routes.by_country.get(&india).unwrap_or(&routes.default);
    let prefixes = routes.by_prefix.iter().filter(|(prefix, _)| prefix.starts_with("+91"));
    let entries =
        country.iter().chain(prefixes.flat_map(|(_, route)| route)).chain(routes.by_purpose.values().flatten());
    let mut names: Vec<&String> = entries.map(|entry| &entry.provider).collect();
    names.sort();
    names.dedup();
    names
}

/// Whether our own text goes to India by a gateway, so that it has to be registered there.
pub(super) fn sends_text_to_india(settings: &Settings) -> bool {
    routed_to_india(settings).into_iter().filter_map(|name| settings.providers.get(name)).any(|provider| {
        let described = provider.kind.describe().filter(|_| provider.kind.is_real());
        described.is_some_and(|own| own.features.dlt && !own.template_sender)
    })
}

fn missing(description: &Description, is_set: impl Fn(&str) -> bool) -> Vec<&str> {
    let settings = description.settings.iter().filter(|setting| {
        let help = setting.help.as_deref().unwrap_or_default();
        !setting.required && DLT.iter().any(|words| help.starts_with(words)) && !is_set(&setting.name)
    });
    settings.map(|setting| setting.name.as_str()).collect()
}
