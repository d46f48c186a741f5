//! What a message costs: whole millionths of a currency's unit, so that a sum of any number of them is exact.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::{Country, Phone};

/// Millionths of a unit.
const UNIT: i64 = 1_000_000;
/// The digits behind the point that are read.
const DIGITS: usize = 6;
/// No amount is higher, in units: sums of years of them fit.
const MOST: i64 = 1_000_000_000;

/// The three capital letters of a currency (ISO 4217).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Currency(String);

super::schema::text_in_documents!(Currency);

impl Currency {
    /// Reads its code; `None`: it is not three capital letters.
    #[must_use]
    pub fn named(code: &str) -> Option<Self> {
        let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        is_code.then(|| Self(code.to_owned()))
    }

    /// Its code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An amount in millionths of a currency's unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(i64);

impl Amount {
    /// Of so many millionths.
    #[must_use]
    pub const fn of_millionths(millionths: i64) -> Self {
        Self(millionths)
    }

    /// Reads digits with at most six behind a point, such as `0.0045`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || part.len() > DIGITS || !is_digits(whole) || !is_digits(part) || text.ends_with('.') {
            return None;
        }
        let whole: i64 = whole.parse().ok().filter(|whole| *whole <= MOST)?;
        let part: i64 = format!("{part:0<DIGITS$}").parse().ok()?;
        Some(Self(whole * UNIT + part))
    }

    /// How many millionths it is.
    #[must_use]
    pub const fn millionths(self) -> i64 {
        self.0
    }

    /// So many times as much.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self(self.0.saturating_mul(i64::from(count)))
    }

    /// In units, for documents and charts.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "fifteen digits are exact, which is more than anybody spends")]
    pub fn units(self) -> f64 {
        self.0 as f64 / UNIT as f64
    }
}

/// With two digits behind the point, and more only where they say something.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = ((self.0 / UNIT).unsigned_abs(), (self.0 % UNIT).unsigned_abs());
        let part = format!("{part:0>DIGITS$}");
        let kept = part.trim_end_matches('0').len().max(2);
        write!(f, "{sign}{whole}.{}", part.get(..kept).unwrap_or_default())
    }
}

/// What something costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    pub currency: Currency,
    pub amount: Amount,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

/// What a provider takes for a segment of an SMS, or for a message of another channel, by who receives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceList {
    pub currency: Currency,
    /// By the first characters of a number, such as `+9198`.
    pub by_prefix: BTreeMap<String, Amount>,
    pub by_country: BTreeMap<Country, Amount>,
    /// Everywhere else.
    pub default: Option<Amount>,
}

impl PriceList {
    /// The price for a receiver, by the longest prefix, else by his country; `None`: it is not known.
    #[must_use]
    pub fn price(&self, phone: &Phone) -> Option<Cost> {
        let of_prefix = self.by_prefix.iter().filter(|(prefix, _)| phone.as_str().starts_with(prefix.as_str()));
        let of_prefix = of_prefix.max_by_key(|(prefix, _)| prefix.len()).map(|(_, amount)| *amount);
        let of_country = || self.by_country.get(&phone.country()?).copied();
        let amount = of_prefix.or_else(of_country).or(self.default)?;
        Some(Cost { currency: self.currency.clone(), amount })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_to_the_millionth_and_written_as_people_write_it() {
        for (text, millionths, written) in [
            ("0", 0, "0.00"),
            ("50", 50_000_000, "50.00"),
            ("0.18", 180_000, "0.18"),
            ("0.0045", 4_500, "0.0045"),
            ("12.345678", 12_345_678, "12.345678"),
            ("1.10", 1_100_000, "1.10"),
            ("1000000000", 1_000_000_000_000_000, "1000000000.00"),
        ] {
            let amount = Amount::read(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((amount.millionths(), amount.to_string().as_str()), (millionths, written), "{text}");
        }
        for text in ["", ".5", "1.", "-1", "+1", "1,5", "1e3", "0.0000001", "1.2.3", " 1", "1000000001", "nan"] {
            assert_eq!(Amount::read(text), None, "{text}");
        }
        assert_eq!(Amount::of_millionths(-1_500_000).to_string(), "-1.50");
        assert_eq!(Amount::read("0.07").map(|amount| amount.times(3).to_string()).as_deref(), Some("0.21"));
    }

    #[test]
    fn the_longest_prefix_decides_then_the_country_then_the_default() {
        let amount = |text: &str| Amount::read(text).unwrap();
        let list = PriceList {
            currency: Currency::named("EUR").unwrap(),
            by_prefix: [("+91".to_owned(), amount("0.5")), ("+9198".to_owned(), amount("0.4"))].into(),
            by_country: [("AE".parse().unwrap(), amount("0.3"))].into(),
            default: Some(amount("0.2")),
        };
        let price = |phone: &str| list.price(&Phone::parse(phone, None).unwrap()).map(|cost| cost.to_string());
        assert_eq!(price("+919876543210").as_deref(), Some("0.40 EUR"));
        assert_eq!(price("+917012345678").as_deref(), Some("0.50 EUR"));
        assert_eq!(price("+971501234567").as_deref(), Some("0.30 EUR"));
        assert_eq!(price("+447400123456").as_deref(), Some("0.20 EUR"));
        let none = PriceList { default: None, ..list.clone() };
        assert_eq!(none.price(&Phone::parse("+447400123456", None).unwrap()), None, "nobody knows it");
        assert!(["eur", "EU", "EURO", "E1R", ""].iter().all(|code| Currency::named(code).is_none()));
    }
}
