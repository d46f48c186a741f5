//! The names of our keys in Redis, and the way back from a name to what it stands for.

use crate::otp::{Phone, UserId};
use crate::store::{Cell, decoded, timeline_name};

/// Names under one prefix, so that many tools and environments can share a Redis.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: format!("{prefix}:") }
    }

    pub(super) fn cell(&self, cell: &Cell) -> String {
        format!("{}{}", self.prefix, cell.name())
    }

    /// Any name under the prefix.
    pub(super) fn named(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub(super) fn timeline(&self, phone: &Phone) -> String {
        format!("{}{}", self.prefix, timeline_name(phone))
    }

    /// A `SCAN` pattern for all records.
    pub(super) fn records(&self) -> String {
        format!("{}{{+*}}:record", literal(&self.prefix))
    }

    /// A `SCAN` pattern for all users.
    pub(super) fn users(&self) -> String {
        format!("{}{{user:*}}:phones", literal(&self.prefix))
    }

    pub(super) fn phone_of(&self, key: &str) -> Option<String> {
        self.inside(key, ":record")
    }

    pub(super) fn user_of(&self, key: &str) -> Option<UserId> {
        let inside = self.inside(key, ":phones")?;
        UserId::new(&decoded(inside.strip_prefix("user:")?)?).ok()
    }

    fn inside(&self, key: &str, end: &str) -> Option<String> {
        Some(key.strip_prefix(&self.prefix)?.strip_suffix(end)?.strip_prefix('{')?.strip_suffix('}')?.to_owned())
    }
}

/// The prefix as a pattern that matches nothing but itself.
fn literal(prefix: &str) -> String {
    let mut pattern = String::with_capacity(prefix.len());
    for character in prefix.chars() {
        if "*?[]^\\-".contains(character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}
