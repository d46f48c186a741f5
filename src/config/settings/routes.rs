//! Which providers a number's messages go to, in which order.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::otp::circuit::BreakerPolicy;
use crate::otp::duration::spelled;
use crate::otp::{Country, Phone, Purpose};

/// `[routes]`: providers in the order to try them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routes {
    /// For every number and purpose without its own route.
    pub default: Vec<RouteEntry>,
    /// By country.
    pub by_country: BTreeMap<Country, Vec<RouteEntry>>,
    /// By the first digits of a number, with its plus: `+9198`.
    pub by_prefix: BTreeMap<String, Vec<RouteEntry>>,
    /// By what a code is for, written `purpose:signup`.
    pub by_purpose: BTreeMap<Purpose, Vec<RouteEntry>>,
    /// Whether the next provider is tried even if the one before may have sent.
    pub failover_on_unknown: bool,
    /// When a provider that fails is skipped; `None`: never.
    pub pass_over: Option<BreakerPolicy>,
}

/// One provider of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteEntry {
    /// Its name in the configuration.
    pub provider: String,
    /// `send --wait` goes on to it when the message before is not delivered in this time; `None`: it is only asked where
    /// the one before did not send.
    pub unless_delivered: Option<Duration>,
}

impl RouteEntry {
    /// As it is written in the file.
    #[must_use]
    pub fn shown(&self) -> Value {
        match self.unless_delivered {
            None => self.provider.as_str().into(),
            Some(wait) => json!({ "provider": self.provider, "unless_delivered": spelled(wait) }),
        }
    }
}

impl fmt::Display for RouteEntry {
    /// For people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.provider)?;
        self.unless_delivered.map_or(Ok(()), |wait| write!(f, " unless delivered in {}", spelled(wait)))
    }
}

/// Why a route is a number's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoutedBy {
    /// What the code is for has a route.
    Purpose(Purpose),
    /// Its first digits have one.
    Prefix(String),
    /// Its country has one.
    Country(Country),
    /// None of them has.
    Default,
}

impl fmt::Display for RoutedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Purpose(purpose) => write!(f, "purpose {purpose}"),
            Self::Prefix(prefix) => write!(f, "prefix {prefix}"),
            Self::Country(country) => write!(f, "country {country}"),
            Self::Default => f.write_str("default"),
        }
    }
}

impl Routes {
    /// The providers for a number and a purpose, in the order in which they are tried, and why these: the route of the
    /// purpose, else of the longest prefix that has one, else of the country, else the default.
    #[must_use]
    pub fn of(&self, phone: &Phone, purpose: &Purpose) -> (&[RouteEntry], RoutedBy) {
        if let Some((purpose, route)) = self.by_purpose.get_key_value(purpose) {
            return (route, RoutedBy::Purpose(purpose.clone()));
        }
        let fits = |(prefix, _): &(&String, &Vec<RouteEntry>)| phone.as_str().starts_with(prefix.as_str());
        if let Some((prefix, route)) = self.by_prefix.iter().filter(fits).max_by_key(|(prefix, _)| prefix.len()) {
            return (route, RoutedBy::Prefix(prefix.clone()));
        }
        match phone.country().and_then(|country| Some((country, self.by_country.get(&country)?))) {
            Some((country, route)) => (route, RoutedBy::Country(country)),
            None => (&self.default, RoutedBy::Default),
        }
    }

    /// The providers that a number's messages may go to, each once: those of one purpose first, then of any other.
    #[must_use]
    pub fn every<'a>(&'a self, phone: &Phone, purpose: &Purpose) -> Vec<&'a str> {
        let others = self.by_purpose.keys().chain([purpose]).flat_map(|purpose| self.of(phone, purpose).0);
        let mut names: Vec<&str> = Vec::new();
        for entry in self.of(phone, purpose).0.iter().chain(others) {
            if !names.contains(&entry.provider.as_str()) {
                names.push(&entry.provider);
            }
        }
        names
    }

    /// Every route with its key in `[routes]`, the default first.
    pub fn all(&self) -> impl Iterator<Item = (String, &[RouteEntry])> {
        let countries = self.by_country.iter().map(|(country, route)| (country.to_string(), route.as_slice()));
        let prefixes = self.by_prefix.iter().map(|(prefix, route)| (prefix.clone(), route.as_slice()));
        let purposes = self.by_purpose.iter().map(|(purpose, route)| (format!("{PURPOSE}{purpose}"), route.as_slice()));
        let default = std::iter::once(("default".to_owned(), self.default.as_slice()));
        default.chain(countries).chain(prefixes).chain(purposes)
    }

    /// The keys of the routes that a provider is in.
    pub fn with<'a>(&'a self, provider: &'a str) -> impl Iterator<Item = String> + 'a {
        let has = move |route: &[RouteEntry]| route.iter().any(|entry| entry.provider == provider);
        self.all().filter(move |(_, route)| has(route)).map(|(key, _)| key)
    }
}

/// What the key of a purpose's route begins with.
pub const PURPOSE: &str = "purpose:";
