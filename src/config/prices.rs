//! `price` and `currency` of a provider: what it takes for a message, by who receives it.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::country::country_named;
use crate::otp::money::{Amount, Currency, PriceList};
use crate::toml_tree::{ConfigError, Node, Table};

/// The keys of a provider that say what it takes.
pub(super) const KEYS: [&str; 2] = ["price", "currency"];

/// What the table of a provider says of it; `None`: nothing.
pub(super) fn read(table: &Table<'_>) -> Result<Option<PriceList>, ConfigError> {
    let Some(node) = table.get("price") else {
        return match table.get("currency") {
            Some(node) => Err(node.refuse("`currency` needs `price`, which says how much")),
            None => Ok(None),
        };
    };
    let Some(of) = table.get("currency") else {
        return Err(node.refuse("`currency` is missing, such as \"EUR\""));
    };
    let currency = currency(&of, of.text()?)?;
    let mut list = PriceList { currency, by_prefix: BTreeMap::new(), by_country: BTreeMap::new(), default: None };
    for entry in node.table()?.nodes() {
        let price = amount(&entry)?;
        match entry.name {
            "default" => list.default = Some(price),
            prefix if prefix.starts_with('+') => {
                let digits = &prefix[1..];
                if !(1..=14).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(entry.refuse("expected a plus and the first digits of a number, such as \"+9198\""));
                }
                list.by_prefix.insert(prefix.to_owned(), price);
            }
            name => {
                let country = country_named(name).map_err(|meant| {
                    let expected = "expected `default`, the two letters of a country, or a prefix such as \"+9198\"";
                    entry.refuse(format!("{expected}{meant}"))
                })?;
                list.by_country.insert(country, price);
            }
        }
    }
    Ok(Some(list))
}

/// An amount, in quotes or as a number: its digits are taken as they are written.
pub(super) fn amount(node: &Node<'_>) -> Result<Amount, ConfigError> {
    let amount = match node.value {
        DeValue::String(text) => Amount::read(text),
        DeValue::Float(number) => Amount::read(number.as_str()),
        DeValue::Integer(number) if number.radix() == 10 => Amount::read(number.as_str()),
        _ => None,
    };
    amount.ok_or_else(|| node.refuse("expected an amount such as 0.0045, with at most six digits behind the point"))
}

/// A currency. `node`: where it is in the file.
pub(super) fn currency(node: &Node<'_>, code: &str) -> Result<Currency, ConfigError> {
    Currency::named(code).ok_or_else(|| node.refuse("expected the three letters of a currency, such as \"EUR\""))
}
