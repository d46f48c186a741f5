//! `role`: what the people who use a file do.

use std::fmt;

use crate::toml_tree::{ConfigError, Node};

/// What somebody does. A file without a role lets its users do everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Looks, and records what gateways and applications say.
    Support,
    /// Sends, issues, verifies, revokes and unlocks too, and links users.
    Operator,
    /// Everything.
    Admin,
    /// Sends to test numbers and to providers that send nothing, and verifies.
    Ci,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Support, Self::Operator, Self::Admin, Self::Ci];

    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Support => "support",
            Self::Operator => "operator",
            Self::Admin => "admin",
            Self::Ci => "ci",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

pub(super) fn read(node: &Node<'_>) -> Result<Role, ConfigError> {
    node.one_of(&Role::ALL.map(|role| (role.as_str(), role)))
}
