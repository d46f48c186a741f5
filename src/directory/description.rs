//! What is known of a kind of directory before it is opened.

use crate::http::SettingSpec;

/// How a kind of directory writes phones, where its settings do not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Phones {
    /// As people typed them.
    #[default]
    Typed,
    /// As E.164.
    E164,
    /// As E.164 without the plus.
    Digits,
}

impl Phones {
    /// The words for them in files.
    pub const WORDS: [(&str, Self); 3] = [("typed", Self::Typed), ("e164", Self::E164), ("digits", Self::Digits)];

    /// The word for it in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, phones)| *phones == self).map_or("", |(word, _)| word)
    }
}

/// What is known of a kind before it is configured.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// As people know it.
    pub title: String,
    /// The settings that it takes.
    pub settings: Vec<SettingSpec>,
    /// How it writes phones.
    pub phones: Phones,
}

/// Whether the settings that are written in a file can be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Usage {
    /// Nothing is wrong with them.
    Right,
    /// This one is wrong, and why.
    Wrong(&'static str, String),
}
