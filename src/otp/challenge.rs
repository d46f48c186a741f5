//! An issued code with its limits: where it stands, and what became of its SMS. Never the code itself.

use serde::{Deserialize, Serialize};

use super::persist::More;
use super::{DeliveryReport, DeliveryState, Mac, Moment, UserId};

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
    #[serde(rename = "kept", default, skip_serializing_if = "Option::is_none")]
    pub app_fingerprint: Option<Mac>,
    /// Whom it was issued for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The version of the user map then; another version now, and the code is dead.
    #[serde(rename = "mapping", default, skip_serializing_if = "Option::is_none")]
    pub users_version: Option<Moment>,
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
    /// What newer versions added to it.
    #[serde(default, skip_serializing_if = "More::is_empty")]
    pub more: More,
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

    /// How the send of its SMS ended, whatever happened to the code since. [`SendOutcome::Unknown`] as long as nobody
    /// has said it.
    #[must_use]
    pub fn send_outcome(&self) -> SendOutcome {
        let delivery = self.delivery.as_ref();
        let reported = delivery.and_then(|delivery| delivery.report.as_ref()?.state);
        match (self.state, delivery.and_then(|delivery| delivery.outcome)) {
            // A code that was typed has arrived.
            (State::Used, _) => SendOutcome::Accepted,
            // Only a gateway that has the message can say where it is.
            _ if reported.is_some_and(|state| state != DeliveryState::Failed) => SendOutcome::Accepted,
            (_, Some(outcome)) => outcome,
            // Versions before this one did not keep it.
            (State::Sent, None) => SendOutcome::Accepted,
            (State::Failed, None) => SendOutcome::Refused,
            (State::Pending | State::Unknown | State::Issued, None) => SendOutcome::Unknown,
            // They always said why a send was in doubt, and had no id then.
            (State::Superseded | State::Revoked | State::Exhausted, None) => match delivery {
                Some(delivery) if delivery.message_id.is_some() || delivery.detail.is_none() => SendOutcome::Accepted,
                _ => SendOutcome::Unknown,
            },
        }
    }

    /// What is kept of it for whoever asks for the same send again: all but what is secret, long, or only of use while
    /// the code is live.
    pub(super) fn summary(&self) -> Self {
        let delivery = self.delivery.as_ref().map(|delivery| Delivery {
            message_id: delivery.message_id.clone(),
            segments: delivery.segments,
            outcome: Some(self.send_outcome()),
            more: delivery.more.clone(),
            ..Delivery::by(&delivery.provider)
        });
        Self { mac: None, app_fingerprint: None, lease_until: None, cooldown_before: None, delivery, ..self.clone() }
    }

    /// Ends it. A superseded code is still recognised when it is typed; of any other, nothing is kept to compare with.
    pub fn end(&mut self, state: State) {
        self.state = state;
        self.lease_until = None;
        self.cooldown_before = None;
        self.app_fingerprint = None;
        if state != State::Superseded {
            self.mac = None;
        }
    }
}

/// How the send of an SMS ended, as a provider said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendOutcome {
    /// A provider accepted it.
    Accepted,
    /// No provider sent it.
    Refused,
    /// A provider may have sent it.
    Unknown,
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
    /// How the send ended. `None` in records of versions that did not keep it: [`Challenge::send_outcome`] knows those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<SendOutcome>,
    /// Why it was refused, or is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What the provider said of it since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<DeliveryReport>,
    /// When it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_at: Option<Moment>,
    /// What newer versions added to it.
    #[serde(default, skip_serializing_if = "More::is_empty")]
    pub more: More,
}

impl Delivery {
    /// One of which nothing more is known.
    #[must_use]
    pub fn by(provider: &str) -> Self {
        let provider = provider.to_owned();
        Self {
            provider,
            more: More::default(),
            message_id: None,
            segments: None,
            outcome: None,
            detail: None,
            report: None,
            reported_at: None,
        }
    }
}
