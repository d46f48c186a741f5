//! `[routes]`: which providers are asked, in which order, and when a message that is not delivered is followed by another.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::de::DeValue;

use super::country::country_named;
use super::keys;
use super::settings::{PURPOSE, ProviderSettings, RouteEntry, Routes};
use crate::otp::circuit::BreakerPolicy;
use crate::otp::{MAX_TTL, Purpose, suggest};
use crate::toml_tree::{ConfigError, Node, Table};

/// When a provider is skipped if the file does not say: after five consecutive failures, for a minute.
const BREAKER_POLICY: BreakerPolicy = BreakerPolicy { after: 5, pause: Duration::from_secs(60) };

/// Reads the routes.
///
/// # Errors
/// The first thing that is wrong.
pub(super) fn read(root: &Table<'_>, providers: &BTreeMap<String, ProviderSettings>) -> Result<Routes, ConfigError> {
    let mut routes = Routes {
        default: Vec::new(),
        by_country: BTreeMap::new(),
        by_prefix: BTreeMap::new(),
        by_purpose: BTreeMap::new(),
        failover_on_unknown: false,
        pass_over: Some(BREAKER_POLICY),
    };
    let table = root.table("routes")?;
    for node in table.iter().flat_map(Table::nodes) {
        match node.name {
            "default" => routes.default = route(&node, providers)?,
            "failover_on_unknown" => routes.failover_on_unknown = node.flag()?,
            "pass_over" => routes.pass_over = pass_over(&node)?,
            prefix if prefix.starts_with('+') => {
                let digits = &prefix[1..];
                if !(1..=14).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(node.refuse("expected a plus and the first digits of a number, such as \"+9198\""));
                }
                routes.by_prefix.insert(prefix.to_owned(), route(&node, providers)?);
            }
            name if name.starts_with(PURPOSE) => {
                let purpose = Purpose::new(&name[PURPOSE.len()..]).map_err(|error| node.refuse(error.to_string()))?;
                routes.by_purpose.insert(purpose, route(&node, providers)?);
            }
            name => {
                let country = country_named(name).map_err(|meant| no_route(&node, meant))?;
                routes.by_country.insert(country, route(&node, providers)?);
            }
        }
    }
    if routes.default.is_empty() {
        routes.default = match providers.keys().collect::<Vec<_>>().as_slice() {
            [only] => vec![RouteEntry { provider: (*only).clone(), unless_delivered: None }],
            several => {
                let names: Vec<String> = several.iter().map(|name| format!("{name:?}")).collect();
                let message = "several providers are configured, and `routes.default` is missing";
                return Err(table
                    .as_ref()
                    .unwrap_or(root)
                    .refuse(message)
                    .hint(format!("under [routes]: default = [{}], in the order to try them", names.join(", "))));
            }
        };
    }
    Ok(routes)
}

fn no_route(node: &Node<'_>, mut meant: String) -> ConfigError {
    if meant.is_empty() {
        meant = suggest::meant(node.name, keys::ROUTES);
    }
    node.refuse(format!(
        "expected `default`, the two letters of a country, a prefix such as \"+9198\", or \"purpose:signup\"{meant}"
    ))
}

fn pass_over(node: &Node<'_>) -> Result<Option<BreakerPolicy>, ConfigError> {
    let table = node.table()?;
    table.only(&keys::PASS_OVER)?;
    let mut rule = BREAKER_POLICY;
    if let Some(node) = table.get("after") {
        rule.after = node.number(0..=1000)?;
    }
    if let Some(node) = table.get("for") {
        rule.pause = node.duration(Duration::from_secs(1)..=Duration::from_secs(15 * 60))?;
    }
    Ok((rule.after > 0).then_some(rule))
}

fn route(node: &Node<'_>, providers: &BTreeMap<String, ProviderSettings>) -> Result<Vec<RouteEntry>, ConfigError> {
    let mut route: Vec<RouteEntry> = Vec::new();
    for item in node.list("providers such as [\"console\"]")? {
        let (name, unless_delivered) = match item.value {
            DeValue::Table(_) => {
                let table = item.table()?;
                table.only(&keys::ROUTE_ENTRY)?;
                let wait = table.require("unless_delivered")?;
                if route.is_empty() {
                    return Err(wait.refuse("the first provider of a route is asked at once: write its name alone"));
                }
                (table.require("provider")?, Some(wait.duration(Duration::from_secs(1)..=MAX_TTL)?))
            }
            _ => (item, None),
        };
        let provider = name.text()?;
        if !providers.contains_key(provider) {
            let known: Vec<&str> = providers.keys().map(String::as_str).collect();
            let meant = suggest::meant(provider, known.iter().copied());
            return Err(name
                .refuse(format!("no provider of this name is configured{meant}"))
                .hint(format!("configured: {}; add another with its own table, [providers.NAME]", known.join(", "))));
        }
        if route.iter().any(|known| known.provider == provider) {
            return Err(name.refuse("this provider is in the route twice"));
        }
        route.push(RouteEntry { provider: provider.to_owned(), unless_delivered });
    }
    if route.is_empty() {
        return Err(node.refuse("expected at least one provider"));
    }
    Ok(route)
}
