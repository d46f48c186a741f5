//! What a person does with this tool: what a file lets its users do, and what a user of Redis needs for it.

use std::fmt;

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Looks, and records what gateways and applications say.
    Support,
    /// Sends, issues, verifies, revokes and unlocks too, and links users.
    Operator,
    /// Everything: examines the servers and purges the store, too.
    Admin,
    /// Sends to test numbers and to providers that send nothing, and verifies. Lists nothing.
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
