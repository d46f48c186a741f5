//! Why a text is no phone number that an SMS can go to, in sentences that never hold the text.

use std::fmt;

use super::Country;

/// No spelling of a number needs more bytes, not even in full-width digits with a space between them all.
pub(super) const LONGEST: usize = 64;

/// Why a text was not taken as a phone number. Nothing of it was kept.
///
/// No variant repeats what was typed: it may be a real number with one wrong digit, and errors are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// Nothing, or only spaces.
    #[error("the phone number is empty")]
    Empty,
    /// Longer than any spelling of a number.
    #[error("a phone number has at most {limit} bytes; this text is longer", limit = LONGEST)]
    TooLong,
    /// NUL, a line break in the middle, an escape.
    #[error("a phone number cannot contain control characters")]
    Control,
    /// A vanity number: two spellings of one number may not become two identities.
    #[error("a phone number cannot contain letters")]
    Letters,
    /// `x123`, `;ext=123`: an SMS reaches a line, not an extension behind it.
    #[error("an SMS cannot go to an extension")]
    Extension,
    /// `8123456789.0`, `8.12E+09`, `8,123,456,789`: a program read the number as a quantity. Its digits are no longer
    /// those of the phone, or would be read as more than those.
    #[error("this is a quantity from a spreadsheet, not a phone number")]
    Quantity,
    /// A slash and more digits, or another whole number, follow what is a whole number already.
    #[error("this is more than one phone number")]
    Several,
    /// A character that no spelling of a number has.
    #[error("a phone number may contain digits, spaces, hyphens, dots, slashes and brackets, but not {}", ShownCharacter(*.0))]
    Character(char),
    /// A plus that is not in front of the first digit, or is there twice.
    #[error("a phone number has at most one plus, before its first digit")]
    Plus,
    /// A `tel:` URI with a parameter other than `phone-context`, or with one that makes no number (RFC 3966 §5.1.5).
    #[error("a tel: URI may have one phone-context that is a domain or +digits, and no other parameter")]
    Context,
    /// A national number, and nothing says of which country.
    #[error("a number without + or 00 needs a country")]
    NoCountry,
    /// No country answers to these first digits.
    #[error("this number does not start with a known calling code")]
    UnknownCallingCode,
    /// The digits make no number of the plan.
    #[error("{why} for {place}")]
    Invalid {
        /// The plan that it was held to.
        place: ErrorPlace,
        /// How it missed.
        why: Why,
    },
    /// With 00 as the international prefix it is one valid number, dialed in this country another one.
    #[error("ambiguous: dialed in {0} this is one number, but with 00 read as + it is another")]
    Ambiguous(Country),
    /// Valid as it was typed, but its E.164 form would be read as another number.
    #[error("with its calling code this number would be read as another one")]
    Unstable,
}

/// The numbering plan that a number was held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorPlace {
    /// Without the plus.
    pub calling_code: u16,
    /// The country, where the number was written as its own people write it.
    pub country: Option<Country>,
}

impl fmt::Display for ErrorPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.country {
            Some(country) => write!(f, "{country} (+{})", self.calling_code),
            None => write!(f, "+{}", self.calling_code),
        }
    }
}

/// How a number misses its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Digits are missing.
    Short,
    /// There are too many digits.
    Long,
    /// The count of digits could be right, the digits are given to nobody.
    Unassigned,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Short => "the phone number is too short",
            Self::Long => "the phone number is too long",
            Self::Unassigned => "the phone number is not valid",
        })
    }
}

impl PhoneError {
    /// What to type instead, where there is something to say.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoCountry => {
                Some("write it as +, calling code, number, or set `region` in the configuration".to_owned())
            }
            Self::Invalid { place: ErrorPlace { country: Some(country), .. }, .. } => {
                Some(format!("a number of another country than {country} is written as +, calling code, number"))
            }
            Self::Ambiguous(_) => Some("write it as +, calling code, number".to_owned()),
            Self::Invalid { place: ErrorPlace { country: None, .. }, .. } | Self::Unstable => {
                Some("check its digits, and write it as +, calling code, number".to_owned())
            }
            Self::Empty | Self::TooLong | Self::Control | Self::Character(_) | Self::Plus => {
                Some("write it as +, calling code, number, such as +919876543210".to_owned())
            }
            Self::Letters => Some("write the digits that the letters stand for".to_owned()),
            Self::Extension => Some("give the number alone".to_owned()),
            Self::Quantity => Some(
                "keep phone numbers as text; write every digit, without decimals, exponent or thousands separators"
                    .to_owned(),
            ),
            Self::Several => Some("write one of them".to_owned()),
            Self::UnknownCallingCode => {
                Some("after + or 00 comes the calling code, without a 0 before it, such as +91".to_owned())
            }
            Self::Context => Some("write tel:+919876543210, or tel:9876543210;phone-context=+91".to_owned()),
        }
    }
}

/// Shows a character only where no terminal can be misled by it.
struct ShownCharacter(char);

impl fmt::Display for ShownCharacter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_ascii_graphic() { write!(f, "{:?}", self.0) } else { write!(f, "U+{:04X}", u32::from(self.0)) }
    }
}
