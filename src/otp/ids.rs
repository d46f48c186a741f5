//! Names that callers choose: the user of a phone and the purpose of a code.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest user id, in bytes.
const MAX_USER: usize = 200;
/// The prefix of a user id where a phone is possible, too.
const USER: &str = "user:";
/// The longest purpose, in bytes.
const MAX_PURPOSE: usize = 32;

/// An application's own id of a user: any text without control characters, up to 200 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserId(String);

/// Why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing, or space around it that nobody would see.
    #[error("a user id cannot be empty or have spaces around it")]
    UserEmpty,
    /// Too long.
    #[error("a user id has at most {MAX_USER} bytes")]
    UserLong,
    /// A control character: it could forge a line or drive a terminal.
    #[error("a user id cannot contain control or invisible characters")]
    UserCharacter,
    /// `user:` is the prefix of an id where a phone is possible, too, and no part of it.
    #[error("a user id cannot start with `user:`")]
    UserPrefix,
    /// Not a purpose.
    #[error("a purpose has 1 to {MAX_PURPOSE} characters (a-z, 0-9, `_`, `-`, `.`) and starts with a letter")]
    Purpose,
}

impl UserId {
    /// Checks and takes a user id.
    ///
    /// # Errors
    /// When it is empty, too long, or holds characters that cannot be shown.
    pub fn new(text: &str) -> Result<Self, NameError> {
        if text.len() > MAX_USER {
            return Err(NameError::UserLong);
        }
        if text.is_empty() || text.trim() != text {
            return Err(NameError::UserEmpty);
        }
        if text.starts_with(USER) {
            return Err(NameError::UserPrefix);
        }
        if text.chars().any(super::escape::is_unsafe) {
            return Err(NameError::UserCharacter);
        }
        Ok(Self(text.to_owned()))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for UserId {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::new(&text)
    }
}

impl From<UserId> for String {
    fn from(user: UserId) -> Self {
        user.0
    }
}

/// What a code is for, such as `login`. Codes of different purposes do not see each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Purpose(String);

impl Purpose {
    /// Checks and takes a purpose.
    ///
    /// # Errors
    /// When it has other characters than a purpose may have.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.".contains(&byte);
        let begins = text.bytes().next().is_some_and(|first| first.is_ascii_lowercase());
        if begins && text.len() <= MAX_PURPOSE && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::Purpose)
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Purpose {
    fn default() -> Self {
        Self("login".to_owned())
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Purpose {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::new(&text)
    }
}

impl From<Purpose> for String {
    fn from(purpose: Purpose) -> Self {
        purpose.0
    }
}

impl std::str::FromStr for Purpose {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl std::str::FromStr for UserId {
    type Err = NameError;

    /// With or without `user:` before it.
    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text.strip_prefix(USER).unwrap_or(text))
    }
}

crate::otp::schema::text_in_documents!(UserId);
crate::otp::schema::text_in_documents!(Purpose);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_stands_before_an_id_and_is_no_part_of_it() {
        assert_eq!(UserId::new("user:a"), Err(NameError::UserPrefix));
        assert_eq!("user:a".parse(), UserId::new("a"));
        assert_eq!("a".parse(), UserId::new("a"));
        assert_eq!("user:user:a".parse::<UserId>(), Err(NameError::UserPrefix));
    }

    #[test]
    fn a_purpose_is_a_plain_word() {
        for good in ["login", "a", "reset-2fa", "pay.v2", "x_y"] {
            assert_eq!(Purpose::new(good).map(|purpose| purpose.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "Login", "2fa", "a b", "a:b", "a{b}", "é", &"a".repeat(33)] {
            assert_eq!(Purpose::new(bad), Err(NameError::Purpose), "{bad:?}");
        }
    }
}
