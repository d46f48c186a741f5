//! A prefix: the first digits that many numbers have in common, their calling code included.

use std::fmt;
use std::str::FromStr;

use super::index::INDEX;
use super::{Country, Phone, plan};

/// A prefix leaves open at least so many digits of the shortest mobile number of its plan: one number with a digit too few
/// must not be taken for the ten numbers that begin with it.
const LEFT_OPEN: usize = 3;

/// The first digits of numbers, such as `+9198`: a calling code, and maybe more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    digits: String,
    calling_code: u16,
}

/// The text is no prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// It is not a plus and digits.
    #[error("a prefix is a plus and digits, such as +9198")]
    Shape,
    /// It does not begin with a calling code.
    #[error("a prefix begins with a calling code, such as +91")]
    CallingCode,
    /// So many digits that it is rather a number with a mistake in it.
    #[error("too long for a prefix of +{calling_code}, which has at most {most} digits after the calling code")]
    Long {
        /// The calling code.
        calling_code: u16,
        /// The most digits after it.
        most: usize,
    },
}

impl Prefix {
    /// The prefix with its plus.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.digits
    }

    /// The calling code that it begins with.
    #[must_use]
    pub const fn calling_code(&self) -> u16 {
        self.calling_code
    }
}

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let spaced = text.trim().strip_prefix('+').ok_or(PrefixError::Shape)?;
        let digits: String = spaced.chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(PrefixError::Shape);
        }
        let (calling_code, national) = plan::split(&digits).ok_or(PrefixError::CallingCode)?;
        let shortest = plan::of_calling_code(calling_code).filter_map(plan::Plan::shortest_mobile).min();
        let most = shortest.unwrap_or_default().saturating_sub(LEFT_OPEN);
        if national.len() > most {
            return Err(PrefixError::Long { calling_code, most });
        }
        Ok(Self { digits: format!("+{digits}"), calling_code })
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.digits)
    }
}

/// Every calling code, in rising order.
pub fn calling_codes() -> impl Iterator<Item = u16> {
    let mut last = 0;
    INDEX.iter().map(|entry| entry.calling_code).filter(move |code| std::mem::replace(&mut last, *code) != *code)
}

impl Country {
    /// The calling code of its numbers.
    #[must_use]
    pub fn calling_code(self) -> u16 {
        plan::of_country(self).map_or(0, |plan| plan.calling_code)
    }
}

impl Phone {
    /// The range that it is in: the number less its last six digits.
    #[must_use]
    pub fn range(&self) -> &str {
        let least = self.as_str().len() - self.national().len();
        &self.as_str()[..self.as_str().len().saturating_sub(6).max(least)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_calling_code_and_some_digits() {
        let prefix = |text: &str| text.parse::<Prefix>().map(|prefix| (prefix.digits.clone(), prefix.calling_code));
        assert_eq!(prefix("+9198"), Ok(("+9198".to_owned(), 91)));
        assert_eq!(prefix(" +91 98-765 "), Ok(("+9198765".to_owned(), 91)));
        assert_eq!(prefix("+1"), Ok(("+1".to_owned(), 1)));
        assert_eq!(prefix("+882"), Ok(("+882".to_owned(), 882)));
        for (text, why) in [
            ("9198", PrefixError::Shape),
            ("+", PrefixError::Shape),
            ("+91x", PrefixError::Shape),
            ("+9", PrefixError::CallingCode),
            ("+0", PrefixError::CallingCode),
            ("+91987654321", PrefixError::Long { calling_code: 91, most: 7 }),
            ("+65812345", PrefixError::Long { calling_code: 65, most: 5 }),
        ] {
            assert_eq!(prefix(text), Err(why), "{text}");
        }
    }

    #[test]
    fn the_prefix_and_the_range_of_a_number_are_prefixes() {
        for number in ["+919876543210", "+6581234567", "+14155550123", "+447400123456", "+971501234567"] {
            let phone = Phone::parse(number, None).unwrap_or_else(|error| panic!("{number}: {error}"));
            assert!(phone.range().parse::<Prefix>().is_ok(), "{number}: {}", phone.range());
            assert!(phone.as_str().starts_with(phone.range()));
        }
        assert_eq!(Phone::parse("+919876543210", None).unwrap().range(), "+919876");
    }

    #[test]
    fn the_calling_codes_of_the_world_are_known() {
        let codes: Vec<u16> = calling_codes().collect();
        assert_eq!(codes.len(), 215, "what `policy list` reads");
        assert!(codes.is_sorted() && codes.contains(&91) && codes.contains(&883));
        let country: Country = "DO".parse().unwrap();
        assert_eq!(country.calling_code(), 1);
    }
}
