//! What `libphonenumber` makes of digits: the same steps on the same data, and the same result for every number. A test
//! holds it to the Python port of `libphonenumber`, number by number.

use std::borrow::Cow;

use super::plan::{self, Plan};
use super::{Country, NumberType, pattern};

pub use super::plan::Length;

/// A national number has at least this many digits.
const SHORTEST: usize = 2;
/// A national number has at most this many digits.
const LONGEST: usize = 17;

/// A number that could be read, valid or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// The calling code, without the plus.
    pub calling_code: u16,
    /// The national significant number, with the leading zeros that belong to it.
    pub national: String,
    /// The country; none for numbers of no country, and where no country of a shared calling code has the number.
    pub country: Option<Country>,
    /// The type: unknown if the number is not valid.
    pub kind: NumberType,
    /// What its length says, by the plan of the main country of its calling code.
    pub length: Length,
}

/// Why digits could not be read as a number. The names are those of `libphonenumber`'s `ErrorType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// There is no such calling code, or none at all where it is needed.
    #[error("no such calling code")]
    InvalidCountryCode,
    /// Fewer digits than any number has.
    #[error("not a number")]
    NotANumber,
    /// Almost nothing follows the international prefix.
    #[error("too short after the international prefix")]
    TooShortAfterIdd,
    /// Fewer digits than a national number has.
    #[error("too short")]
    TooShortNsn,
    /// More digits than a national number has.
    #[error("too long")]
    TooLong,
}

impl Number {
    /// Whether the number is one of its plan.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.kind != NumberType::Unknown
    }
}

/// Reads digits, with or without a plus before them, as dialed in a country, or with the calling code alone.
///
/// # Errors
/// When they are no number; [`Number::is_valid`] says whether a number is valid.
pub fn parse(digits: &str, plus: bool, home: Option<Country>) -> Result<Number, ParseError> {
    if digits.len() < SHORTEST + usize::from(plus) {
        return Err(ParseError::NotANumber);
    }
    let home = home.and_then(plan::of_country);
    let (plan, national) = match international(digits, plus, home)? {
        Some((code, rest)) => (plan::of_calling_code(code).next(), rest),
        None => (home, Cow::Borrowed(digits)),
    };
    let plan = plan.ok_or(ParseError::InvalidCountryCode)?;
    if national.len() < SHORTEST {
        return Err(ParseError::TooShortNsn);
    }
    let stripped = without_national_prefix(&national, plan);
    // What would be too short without a prefix has none.
    let national = match plan.length(&stripped) {
        Length::TooShort | Length::LocalOnly | Length::Invalid => national.as_ref(),
        Length::Possible | Length::TooLong => stripped.as_ref(),
    };
    if national.len() < SHORTEST {
        return Err(ParseError::TooShortNsn);
    }
    if national.len() > LONGEST {
        return Err(ParseError::TooLong);
    }
    Ok(number(plan.calling_code, national))
}

/// The calling code and what follows it, where the digits have one.
fn international<'a>(
    digits: &'a str,
    plus: bool,
    home: Option<&Plan>,
) -> Result<Option<(u16, Cow<'a, str>)>, ParseError> {
    if !plus {
        return dialed(digits, home);
    }
    match after_prefix(digits) {
        // The plus may come before what is dialed at home.
        Err(ParseError::InvalidCountryCode) => match dialed(digits, home)? {
            None => Err(ParseError::InvalidCountryCode),
            found => Ok(found),
        },
        found => found.map(Some),
    }
}

fn dialed<'a>(digits: &'a str, home: Option<&Plan>) -> Result<Option<(u16, Cow<'a, str>)>, ParseError> {
    let Some(home) = home else { return Ok(None) };
    if let Some(rest) = home.after_international_prefix(digits) {
        return after_prefix(rest).map(Some);
    }
    // The own calling code, with nothing before it: where the number is none of the plan with it, and one without it.
    let Some(rest) = plan::split(digits).filter(|(code, _)| *code == home.calling_code).map(|(_, rest)| rest) else {
        return Ok(None);
    };
    let rest = without_national_prefix(rest, home);
    let is_better = !home.general.match_pattern(digits) && home.general.match_pattern(&rest);
    Ok((is_better || home.length(digits) == Length::TooLong).then_some((home.calling_code, rest)))
}

fn after_prefix(digits: &str) -> Result<(u16, Cow<'_, str>), ParseError> {
    if digits.len() <= SHORTEST {
        return Err(ParseError::TooShortAfterIdd);
    }
    plan::split(digits).map(|(code, rest)| (code, Cow::Borrowed(rest))).ok_or(ParseError::InvalidCountryCode)
}

/// The national number without what is dialed before it, or with that transformed, by the rules of the plan. A number
/// that is one of the plan with the prefix, and none without it, keeps it.
fn without_national_prefix<'a>(digits: &'a str, plan: &Plan) -> Cow<'a, str> {
    if plan.national_prefix.is_empty() || digits.is_empty() {
        return Cow::Borrowed(digits);
    }
    let Some(found) = pattern::prefix(plan.national_prefix, digits) else {
        return Cow::Borrowed(digits);
    };
    let rest = &digits[found.end..];
    let last = found.group(pattern::groups(plan.national_prefix), digits);
    let stripped = if plan.transform.is_empty() || last.is_none() {
        Cow::Borrowed(rest)
    } else {
        let (mut text, mut escaped) = (String::with_capacity(digits.len() + plan.transform.len()), false);
        for c in plan.transform.chars() {
            match c.to_digit(10).filter(|_| std::mem::take(&mut escaped)) {
                Some(group) => text.push_str(found.group(group as usize, digits).unwrap_or_default()),
                None if c == '\\' => escaped = true,
                None => text.push(c),
            }
        }
        Cow::Owned(text + rest)
    };
    if plan.general.match_pattern(digits) && !plan.general.match_pattern(&stripped) {
        Cow::Borrowed(digits)
    } else {
        stripped
    }
}

/// Whose number it is, and what sort of one.
fn number(calling_code: u16, national: &str) -> Number {
    let mut plans = plan::of_calling_code(calling_code);
    let is_shared = plans.clone().nth(1).is_some();
    let main = plans.clone().next();
    let found = plans.find_map(|plan| {
        if is_shared && !plan.leading_digits.is_empty() {
            pattern::prefix(plan.leading_digits, national)?;
            return Some((plan, plan.kind(national)));
        }
        let kind = plan.kind(national);
        (!is_shared || kind != NumberType::Unknown).then_some((plan, kind))
    });
    Number {
        calling_code,
        national: national.to_owned(),
        country: found.and_then(|(plan, _)| plan.country),
        kind: found.map_or(NumberType::Unknown, |(_, kind)| kind),
        length: main.map_or(Length::Invalid, |plan| plan.length(national)),
    }
}
