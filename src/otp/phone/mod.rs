//! A phone number: one canonical form for all its spellings, decided by `libphonenumber`'s data.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

mod country;
mod error;
mod form;
mod index;
mod kind;
pub mod numbering;
mod pattern;
mod plan;
mod prefix;
mod spelling;
mod tree;

pub use country::{Country, CountryError};
pub use error::{ErrorPlace, PhoneError, Why};
pub use kind::{NumberType, NumberTypeError};
pub use prefix::{Prefix, PrefixError, calling_codes};

use numbering::{Length, Number, ParseError};
use spelling::Spelling;

/// How many digits a number may have that something is kept under.
const KEPT: std::ops::RangeInclusive<usize> = 5..=20;

/// A valid phone number. All its spellings are equal, and everything is kept under its E.164 form.
///
/// It has no `Display`, and `Debug` prints the masked form: a number is shown in full only where the code says
/// [`Phone::as_str`].
#[derive(Clone)]
pub struct Phone {
    /// `+`, the calling code, the national number. The rest follows from it, so that nothing else is compared.
    e164: String,
    /// Where the national number begins.
    national: usize,
    calling_code: u16,
    /// `None`: it is found where it is asked for.
    class: Option<Class>,
}

/// Whose a number is, and what sort of one.
#[derive(Debug, Clone, Copy)]
struct Class {
    country: Option<Country>,
    kind: NumberType,
}

impl PartialEq for Phone {
    fn eq(&self, other: &Self) -> bool {
        self.e164 == other.e164
    }
}

impl Eq for Phone {}

impl PartialOrd for Phone {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Phone {
    fn cmp(&self, other: &Self) -> Ordering {
        self.e164.cmp(&other.e164)
    }
}

impl Hash for Phone {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.e164.hash(state);
    }
}

impl Phone {
    /// Reads a number as people and programs write it: `+91 98765 43210`, `0091…`, `tel:+91…`, `+91 (0)98765…`,
    /// full-width or Arabic-Indic digits; with a `home` country also as it is dialed there.
    ///
    /// # Errors
    /// When it is no valid number, when it could be two, or when it has an extension, letters or decimals.
    pub fn parse(typed: &str, home: Option<Country>) -> Result<Self, PhoneError> {
        let phone = read(typed, home)?;
        // What could be read with fewer digits, or as two numbers, is not guessed.
        let is_number = |text| matches!(read(text, home), Ok(_) | Err(PhoneError::Quantity));
        if spelling::before_decimals(typed).is_some_and(|(whole, _)| is_number(whole)) {
            return Err(PhoneError::Quantity);
        }
        if spelling::splits(typed).any(|split| is_number(split.before) && (split.is_slash || is_whole(&split, home))) {
            return Err(PhoneError::Several);
        }
        Ok(phone)
    }

    /// The number that something is kept under: it was read when that was first kept, and is taken at its word. So a million
    /// of them are named in no time; whose each is and what sort of one is found where it is asked for.
    #[must_use]
    pub fn kept(e164: &str) -> Option<Self> {
        let digits = e164.strip_prefix('+').filter(|digits| KEPT.contains(&digits.len()))?;
        let (calling_code, national) =
            plan::split(digits).filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        let national = e164.len() - national.len();
        Some(Self { e164: e164.to_owned(), national, calling_code, class: None })
    }

    fn class(&self) -> Class {
        self.class.unwrap_or_else(|| match numbering::parse(self.digits(), true, None) {
            Ok(Number { country, kind, .. }) => Class { country, kind },
            Err(_) => Class { country: None, kind: NumberType::Unknown },
        })
    }

    /// E.164: a plus, then digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.e164
    }

    /// E.164 without the plus.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.e164[1..]
    }

    /// The national significant number: without the calling code, with the leading zeros that belong to it (Italy).
    #[must_use]
    pub fn national(&self) -> &str {
        &self.e164[self.national..]
    }

    /// The calling code, without the plus.
    #[must_use]
    pub const fn calling_code(&self) -> u16 {
        self.calling_code
    }

    /// The country; none for numbers of no country, such as +800 and +883.
    #[must_use]
    pub fn country(&self) -> Option<Country> {
        self.class().country
    }

    /// What sort of line it is.
    #[must_use]
    pub fn kind(&self) -> NumberType {
        self.class().kind
    }

    /// The number for eyes that need not know it: `+91*******210`. Of a short number less than half is shown.
    #[must_use]
    pub fn masked(&self) -> String {
        let national = self.national();
        let hidden = national.len() - 3.min(national.len() / 2);
        format!("+{}{}{}", self.calling_code, "*".repeat(hidden), &national[hidden..])
    }

    /// The number less its last four digits: what numbers bought in one block have in common.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.e164[..self.e164.len().saturating_sub(4)]
    }

    /// The last four digits, as a number.
    #[must_use]
    pub fn last_four(&self) -> u16 {
        self.e164.bytes().rev().take(4).rev().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'))
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

fn read(typed: &str, home: Option<Country>) -> Result<Phone, PhoneError> {
    match (spelling::read(typed)?, home) {
        (Spelling::International(digits), _) => international(&digits),
        (Spelling::Dialed(digits), Some(home)) => dialed(&digits, home),
        (Spelling::Dialed(digits), None) => international(digits.strip_prefix("00").ok_or(PhoneError::NoCountry)?),
    }
}

/// Whether what follows a number is one with its own prefix. Without one, it is the number's last group of digits.
fn is_whole(split: &spelling::Split<'_>, home: Option<Country>) -> bool {
    read(split.after, home).is_ok_and(|phone| phone.national().len() < spelling::count(split.after))
}

/// A calling code and what follows it.
fn international(digits: &str) -> Result<Phone, PhoneError> {
    let (calling_code, _) = plan::split(digits).ok_or(PhoneError::UnknownCallingCode)?;
    let place = ErrorPlace { calling_code, country: None };
    let number = numbering::parse(digits, true, None).map_err(|error| refused(error, place))?;
    settle(&number, place, digits)
}

/// A number as it is dialed at home: a national one, or one abroad behind an international prefix. `00` is always
/// read as such a prefix too; where that and the country's own custom make two different numbers, neither is guessed.
fn dialed(digits: &str, home: Country) -> Result<Phone, PhoneError> {
    let plan = plan::of_country(home).ok_or(PhoneError::NoCountry)?;
    let abroad = plan.after_international_prefix(digits);
    let custom = || abroad.map_or_else(|| national(digits, home, plan), international);
    let Some(after_zeros) = digits.strip_prefix("00").filter(|rest| abroad != Some(*rest)) else {
        return custom();
    };
    match (international(after_zeros), custom()) {
        (Ok(zeros), Ok(custom)) if zeros != custom => Err(PhoneError::Ambiguous(home)),
        (Ok(phone), _) | (Err(_), Ok(phone)) => Ok(phone),
        (Err(error), Err(_)) => Err(error),
    }
}

fn national(digits: &str, home: Country, plan: &plan::Plan) -> Result<Phone, PhoneError> {
    let place = ErrorPlace { calling_code: plan.calling_code, country: Some(home) };
    let number = numbering::parse(digits, false, Some(home)).map_err(|error| refused(error, place))?;
    settle(&number, place, "")
}

/// Takes a number that is one of its plan. `read`: the international digits that it was read from.
fn settle(number: &Number, place: ErrorPlace, read: &str) -> Result<Phone, PhoneError> {
    if !number.is_valid() {
        let why = match number.length {
            Length::TooShort => Why::Short,
            Length::TooLong => Why::Long,
            Length::Possible | Length::LocalOnly | Length::Invalid => Why::Unassigned,
        };
        return Err(PhoneError::Invalid { place, why });
    }
    let code = format!("+{}", number.calling_code);
    let phone = Phone {
        national: code.len(),
        e164: code + &number.national,
        calling_code: number.calling_code,
        class: Some(Class { country: number.country, kind: number.kind }),
    };
    // A national prefix is taken off after the calling code too. Where what is left begins with such a prefix again,
    // the canonical form would be read back as another number (+375 810… in Belarus): it can be nobody's name.
    // What was read from the canonical form itself has just been read back.
    if phone.digits() == read {
        return Ok(phone);
    }
    match numbering::parse(phone.digits(), true, None) {
        Ok(again) if again.national == number.national => Ok(phone),
        _ => Err(PhoneError::Unstable),
    }
}

fn refused(error: ParseError, place: ErrorPlace) -> PhoneError {
    let why = match error {
        // Of digits alone, only a handful are no number at all.
        ParseError::TooShortNsn | ParseError::TooShortAfterIdd | ParseError::NotANumber => Why::Short,
        ParseError::TooLong => Why::Long,
        ParseError::InvalidCountryCode => Why::Unassigned,
    };
    PhoneError::Invalid { place, why }
}

#[cfg(test)]
mod tests;
