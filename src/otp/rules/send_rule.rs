//! The rules that can refuse a send.

use crate::otp::Denied;

/// A rule that refuses a send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SendRule {
    /// The wait between two sends.
    Cooldown,
    /// Sends to this phone.
    PerPhone,
    /// Sends to this prefix.
    PerPrefix,
    /// Sends to this country.
    PerCountry,
    /// Too many wrong codes.
    Lock,
    /// An operator blocked it.
    Blocked,
    /// The receiver asked for no more messages.
    OptedOut,
    /// The country is not allowed.
    Country,
    /// The type of number is not allowed.
    Type,
    /// It would end a run of close numbers.
    Neighbors,
    /// Too few of the codes that went to its range or country were entered.
    Brake,
    /// The messages or the spend of the day.
    Cap,
    /// A code is being sent to this phone right now.
    UnderWay,
    /// Too many purposes are in use.
    Purposes,
    /// Too many idempotency keys are remembered.
    Requests,
}

impl SendRule {
    /// The rule by which the policy refuses a number.
    #[must_use]
    pub fn of(denied: &Denied) -> Self {
        match denied {
            Denied::Blocked(..) => Self::Blocked,
            Denied::OptedOut(_) => Self::OptedOut,
            Denied::Country(_) | Denied::VerifiedOnly(_) | Denied::NoCountry => Self::Country,
            Denied::Type(_) => Self::Type,
            Denied::Neighbors => Self::Neighbors,
            Denied::Brake(_) => Self::Brake,
            Denied::Cap(..) | Denied::Spend(..) => Self::Cap,
        }
    }

    const ALL: [Self; 15] = [
        Self::Cooldown,
        Self::PerPhone,
        Self::PerPrefix,
        Self::PerCountry,
        Self::Lock,
        Self::Blocked,
        Self::OptedOut,
        Self::Country,
        Self::Type,
        Self::Neighbors,
        Self::Brake,
        Self::Cap,
        Self::UnderWay,
        Self::Purposes,
        Self::Requests,
    ];

    /// The one of this word in an event; `None`: a newer version knows it.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == word)
    }

    /// The word for it in events and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cooldown => "cooldown",
            Self::PerPhone => "per_phone",
            Self::PerPrefix => "per_prefix",
            Self::PerCountry => "per_country",
            Self::Lock => "lock",
            Self::Blocked => "blocked",
            Self::OptedOut => "opted_out",
            Self::Country => "country",
            Self::Type => "type",
            Self::Neighbors => "neighbors",
            Self::Brake => "brake",
            Self::Cap => "cap",
            Self::UnderWay => "under_way",
            Self::Purposes => "purposes",
            Self::Requests => "requests",
        }
    }

    /// In words, for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Cooldown => "too soon after the last one",
            Self::PerPhone => "too many to this phone",
            Self::PerPrefix => "too many to this prefix",
            Self::PerCountry => "too many to this country",
            Self::Lock => "locked after wrong codes",
            Self::Blocked => "blocked by a policy entry",
            Self::OptedOut => "the receiver asked for no more messages",
            Self::Country => "its country is not allowed",
            Self::Type => "its type of number is not allowed",
            Self::Neighbors => "looks like SMS pumping: too many close numbers",
            Self::Brake => "looks like SMS pumping: too few codes there are entered",
            Self::Cap => "as many messages went out as may",
            Self::UnderWay => "a code is being sent right now",
            Self::Purposes => "too many purposes are in use",
            Self::Requests => "too many idempotency keys are in use",
        }
    }
}
