//! What is done with codes: the kinds of it, which a layout allows or not, and one of them with what it is about.

use crate::otp::{Code, Purpose};

/// A kind of operation on codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Check what was typed.
    Verify,
    /// Make a code, to be sent or printed.
    Issue,
    /// Send a code that another server made, or record how it ended there.
    Deliver,
    /// End live codes.
    Revoke,
    /// Clear locks and counts.
    Unlock,
    /// Go over the codes of all phones.
    List,
    /// Wait for the end of a code or its delivery.
    Wait,
    /// Record delivery reports.
    RecordDelivery,
}

impl Operation {
    /// Those that a layout of keyed codes may allow, by their words in the configuration.
    pub const IN_FILES: [(&'static str, Self); 4] =
        [("verify", Self::Verify), ("issue", Self::Issue), ("revoke", Self::Revoke), ("unlock", Self::Unlock)];

    /// The operation as a phrase, for messages.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::Verify => "checking codes",
            Self::Issue => "issuing codes",
            Self::Deliver => "delivering codes of other servers",
            Self::Revoke => "revoking codes",
            Self::Unlock => "unlocking phones",
            Self::List => "listing codes",
            Self::Wait => "waiting for codes",
            Self::RecordDelivery => "recording delivery reports",
        }
    }
}

/// What one operation does to the codes of one phone.
#[derive(Debug, Clone, Copy, Default)]
pub enum PhoneOperation<'a> {
    /// It looks, or changes nothing of the codes themselves.
    #[default]
    Other,
    /// A code was typed.
    Verify {
        /// For what.
        purpose: &'a Purpose,
        /// What was typed.
        code: &'a Code,
    },
    /// A code is made.
    Issue {
        /// For what.
        purpose: &'a Purpose,
        /// Its challenge.
        challenge_id: &'a str,
        /// What the application is to keep of it.
        stored: &'a str,
    },
    /// A code goes out that another server made: the application's keys stay as they are.
    Deliver,
    /// Codes are revoked.
    Revoke,
    /// Locks are cleared, of all purposes or one.
    Unlock(Option<&'a Purpose>),
}

impl PhoneOperation<'_> {
    /// Whether it is about one code, which has to be somewhere.
    #[must_use]
    pub fn needs_code_key(self) -> bool {
        matches!(self, Self::Verify { .. } | Self::Issue { .. })
    }
}
