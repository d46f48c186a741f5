//! Which providers a number's messages go to, in which order.

use std::collections::BTreeMap;
use std::fmt;

use crate::otp::circuit::BreakerPolicy;
use crate::otp::{Country, Phone};

/// `[routes]`: providers in the order to try them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routes {
    /// For every country without its own route.
    pub default: Vec<String>,
    /// By country.
    pub by_country: BTreeMap<Country, Vec<String>>,
    /// By the first digits of a number, with its plus: `+9198`.
    pub by_prefix: BTreeMap<String, Vec<String>>,
    /// Whether the next provider is tried even if the one before may have sent.
    pub failover_on_unknown: bool,
    /// When a provider that fails is skipped; `None`: never.
    pub pass_over: Option<BreakerPolicy>,
}

/// Why a route is a number's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoutedBy {
    /// Its first digits have a route.
    Prefix(String),
    /// Its country has one.
    Country(Country),
    /// Neither has.
    Default,
}

impl fmt::Display for RoutedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix(prefix) => write!(f, "prefix {prefix}"),
            Self::Country(country) => write!(f, "country {country}"),
            Self::Default => f.write_str("default"),
        }
    }
}

impl Routes {
    /// The providers for a number, in the order in which they are tried, and why these: the longest prefix that has a
    /// route, else the country, else the default.
    #[must_use]
    pub fn of(&self, phone: &Phone) -> (&[String], RoutedBy) {
        let fits = |(prefix, _): &(&String, &Vec<String>)| phone.as_str().starts_with(prefix.as_str());
        if let Some((prefix, route)) = self.by_prefix.iter().filter(fits).max_by_key(|(prefix, _)| prefix.len()) {
            return (route, RoutedBy::Prefix(prefix.clone()));
        }
        match phone.country().and_then(|country| Some((country, self.by_country.get(&country)?))) {
            Some((country, route)) => (route, RoutedBy::Country(country)),
            None => (&self.default, RoutedBy::Default),
        }
    }

    /// Every route with its key in `[routes]`, the default first.
    pub fn all(&self) -> impl Iterator<Item = (String, &[String])> {
        let countries = self.by_country.iter().map(|(country, route)| (country.to_string(), route.as_slice()));
        let prefixes = self.by_prefix.iter().map(|(prefix, route)| (prefix.clone(), route.as_slice()));
        std::iter::once(("default".to_owned(), self.default.as_slice())).chain(countries).chain(prefixes)
    }
}
