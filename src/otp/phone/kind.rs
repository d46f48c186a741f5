//! What sort of line a number is, according to its country's numbering plan.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// The sort of a phone number. The names are those of `libphonenumber`, in `snake_case`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NumberType {
    /// A mobile phone.
    Mobile,
    /// A fixed line, which few networks deliver an SMS to.
    FixedLine,
    /// The plan does not distinguish the two, as in North America.
    FixedLineOrMobile,
    /// Free for the caller.
    TollFree,
    /// The caller pays the receiver: the business of SMS pumping.
    PremiumRate,
    /// Caller and receiver share the price.
    SharedCost,
    /// A phone on the Internet.
    Voip,
    /// A number that follows a person.
    PersonalNumber,
    Pager,
    /// A company's one number for many places (universal access number).
    Uan,
    /// A mailbox.
    Voicemail,
    /// The plan does not say.
    Unknown,
}

/// The text names no type of number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a number type is one of mobile, fixed_line, fixed_line_or_mobile, toll_free, premium_rate, shared_cost, voip, \
     personal_number, pager, uan, voicemail, unknown"
)]
pub struct NumberTypeError;

impl NumberType {
    /// Every type, in the order of the declaration.
    pub const ALL: [Self; 12] = [
        Self::Mobile,
        Self::FixedLine,
        Self::FixedLineOrMobile,
        Self::TollFree,
        Self::PremiumRate,
        Self::SharedCost,
        Self::Voip,
        Self::PersonalNumber,
        Self::Pager,
        Self::Uan,
        Self::Voicemail,
        Self::Unknown,
    ];

    /// The name in configuration and output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mobile => "mobile",
            Self::FixedLine => "fixed_line",
            Self::FixedLineOrMobile => "fixed_line_or_mobile",
            Self::TollFree => "toll_free",
            Self::PremiumRate => "premium_rate",
            Self::SharedCost => "shared_cost",
            Self::Voip => "voip",
            Self::PersonalNumber => "personal_number",
            Self::Pager => "pager",
            Self::Uan => "uan",
            Self::Voicemail => "voicemail",
            Self::Unknown => "unknown",
        }
    }
}

impl FromStr for NumberType {
    type Err = NumberTypeError;

    fn from_str(text: &str) -> Result<Self, NumberTypeError> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(NumberTypeError)
    }
}

impl fmt::Display for NumberType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for NumberType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
