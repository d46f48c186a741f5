//! A country, by the two letters of ISO 3166-1: those that have a numbering plan, and no others.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::index;

/// A country with a numbering plan, as its ISO 3166-1 alpha-2 code in upper case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

/// The text is not the code of a country whose phone numbers are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a country is a two-letter ISO 3166-1 code, such as IN or US, of a country with its own numbering plan")]
pub struct CountryError;

impl Country {
    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only `from_letters` makes a country, and both are ASCII letters.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The country of two letters in upper case, if it has a numbering plan.
    pub(super) fn from_letters(letters: [u8; 2]) -> Option<Self> {
        (letters.iter().all(u8::is_ascii_uppercase) && index::is_known(letters)).then_some(Self(letters))
    }

    /// The two letters, as bytes.
    pub(super) const fn letters(self) -> [u8; 2] {
        self.0
    }
}

impl FromStr for Country {
    type Err = CountryError;

    fn from_str(text: &str) -> Result<Self, CountryError> {
        let letters: [u8; 2] = text.trim().as_bytes().try_into().map_err(|_| CountryError)?;
        Self::from_letters(letters.map(|letter| letter.to_ascii_uppercase())).ok_or(CountryError)
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
