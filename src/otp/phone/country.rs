//! A country, by the two letters of ISO 3166-1: those that have a numbering plan, and no others.

use std::fmt;
use std::str::FromStr;

use rlibphonenumber::Region;
use serde::{Serialize, Serializer};

use super::plan;

/// A country with a numbering plan, as its ISO 3166-1 alpha-2 code in upper case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

/// The text is not the code of a country whose phone numbers are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a country is two letters of ISO 3166-1 such as IN or US, of a country that has phone numbers of its own")]
pub struct CountryError;

impl Country {
    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only `from_id` makes a country, from text of which both bytes are ASCII letters.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The country of a plan's id: none for `001`, which is the whole world.
    pub(super) fn from_id(id: &str) -> Option<Self> {
        match *id.as_bytes() {
            [first, second] if first.is_ascii_alphabetic() && second.is_ascii_alphabetic() => {
                Some(Self([first.to_ascii_uppercase(), second.to_ascii_uppercase()]))
            }
            _ => None,
        }
    }

    /// The same in the library's words.
    pub(super) fn region(self) -> Option<Region> {
        Region::from_code(self.as_str()).ok()
    }
}

impl FromStr for Country {
    type Err = CountryError;

    fn from_str(text: &str) -> Result<Self, CountryError> {
        Self::from_id(text.trim()).filter(|country| plan::of_country(*country).is_some()).ok_or(CountryError)
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
