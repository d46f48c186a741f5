//! Whose codes they are, where they are not ours.

use super::{KeyedLayout, privacyidea};

/// An application that keeps the codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Application {
    /// One that has a key for each code, as this layout says: it is read and written in step with our record.
    Codes(Box<KeyedLayout>),
    /// privacyIDEA, whose challenges are looked at and nothing else.
    PrivacyIdea,
}

impl Application {
    /// The name of its layout.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Codes(layout) => &layout.name,
            Self::PrivacyIdea => privacyidea::NAME,
        }
    }

    /// Its layout, where it has a key for each code.
    #[must_use]
    pub fn layout(&self) -> Option<&KeyedLayout> {
        match self {
            Self::Codes(layout) => Some(layout),
            Self::PrivacyIdea => None,
        }
    }
}
