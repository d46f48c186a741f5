//! An issued code with its limits: where it stands, and what became of its SMS. Never the code itself.

use serde::{Deserialize, Serialize};

use super::{DeliveryReport, Mac, Moment, UserId};

/// Where a challenge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Made, the provider not yet heard. Already valid: its SMS may be faster than the answer.
    Pending,
    /// A provider took it.
    Sent,
    /// A provider may have taken it.
    Unknown,
    /// Printed instead of sent.
    Issued,
    /// Its right code was typed.
    Used,
    /// A newer one took its place.
    Superseded,
    /// Killed on purpose.
    Revoked,
    /// Its tries are used up.
    Exhausted,
    /// Surely not sent.
    Failed,
}

impl State {
    /// Whether the code may still be typed, if its time is not over.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Sent | Self::Unknown | Self::Issued)
    }

    /// The word for it in documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::Issued => "issued",
            Self::Used => "used",
            Self::Superseded => "superseded",
            Self::Revoked => "revoked",
            Self::Exhausted => "exhausted",
            Self::Failed => "failed",
        }
    }
}

/// An issued code with its limits; never the code itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// `ch_…`
    pub id: String,
    /// Where it stands.
    pub state: State,
    /// What the store keeps of the code: gone as soon as nothing can be compared with it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<Mac>,
    /// Where an application keeps the code: the fingerprint of what it keeps, to know it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Mac>,
    /// Whom it was issued for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The version of the user map then; another version now, and the code is dead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<Moment>,
    /// When it was made.
    pub created_at: Moment,
    /// The end of its life.
    pub expires_at: Moment,
    /// Wrong codes so far.
    #[serde(default)]
    pub tries: u32,
    /// How many it stands.
    pub max_tries: u32,
    /// While it is pending: when the process that sends it must be over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_until: Option<Moment>,
    /// While it is pending: the cooldown to go back to if it surely was not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cooldown_before: Option<Moment>,
    /// What became of the SMS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
}

impl Challenge {
    /// Whether its code may be typed now.
    #[must_use]
    pub fn is_live(&self, now: Moment) -> bool {
        self.state.is_open() && self.expires_at > now
    }

    /// Tries left.
    #[must_use]
    pub fn tries_left(&self) -> u32 {
        self.max_tries.saturating_sub(self.tries)
    }

    /// Whether a provider is known to have taken its SMS, also after its end. One that ended before its provider was
    /// heard, or whose provider gave no answer, may never have been sent.
    #[must_use]
    pub fn surely_went_out(&self) -> bool {
        match self.state {
            State::Sent | State::Issued | State::Used => true,
            State::Pending | State::Unknown | State::Failed => false,
            // What is in doubt says why, and has no id.
            State::Superseded | State::Revoked | State::Exhausted => self
                .delivery
                .as_ref()
                .is_some_and(|delivery| delivery.message_id.is_some() || delivery.detail.is_none()),
        }
    }

    /// Ends it. A superseded code is still recognised when it is typed; of any other, nothing is kept to compare with.
    pub(in crate::otp) fn end(&mut self, state: State) {
        self.state = state;
        self.lease_until = None;
        self.cooldown_before = None;
        self.kept = None;
        if state != State::Superseded {
            self.mac = None;
        }
    }
}

/// Which provider has the SMS, or refused it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// The provider's name in the configuration.
    pub provider: String,
    /// The provider's own id of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Parts of the SMS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<u32>,
    /// Why it was refused, or is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What the provider said of it since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<DeliveryReport>,
    /// When it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_at: Option<Moment>,
}

impl Delivery {
    /// One of which nothing more is known.
    #[must_use]
    pub fn by(provider: &str) -> Self {
        let provider = provider.to_owned();
        Self { provider, message_id: None, segments: None, detail: None, report: None, reported_at: None }
    }
}
