//! The delivery of an SMS, as documents have it.

use serde::Serialize;

use crate::otp::record::{Delivery, SendOutcome};
use crate::otp::time::rfc3339_or_null;
use crate::otp::{DeliveryReason, DeliveryReport, DeliveryState, Moment};

/// What the gateway reported about an SMS after it accepted it; all `null` if it reported nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct DeliveryFields {
    /// The channel that it went out by; `null`: nothing was sent.
    pub(super) channel: Option<String>,
    /// How the send ended: accepted, refused, or unknown.
    pub(super) send_outcome: Option<SendOutcome>,
    /// Where it stands, in our words; `null` also for a word that is not known.
    pub(super) delivery_state: Option<DeliveryState>,
    /// The gateway's own word for it.
    pub(super) delivery_word: Option<String>,
    /// Why it did not arrive.
    pub(super) delivery_reason: Option<DeliveryReason>,
    /// The gateway's own code for that.
    pub(super) delivery_code: Option<String>,
    /// The gateway's own words for that.
    pub(super) delivery_said: Option<String>,
    /// Why it did not arrive, for people.
    pub(super) reason_text: Option<String>,
    /// When the gateway said so, as far as is known here.
    #[serde(serialize_with = "rfc3339_or_null")]
    pub(super) reported_at: Option<Moment>,
}

impl DeliveryFields {
    /// Of what is kept.
    pub(super) fn of(delivery: Option<&Delivery>) -> Self {
        let Some(delivery) = delivery else { return Self::default() };
        let fields = delivery.report.as_ref().map_or_else(Self::default, Self::from);
        let channel = Some(delivery.channel());
        Self { channel, send_outcome: delivery.outcome, reported_at: delivery.reported_at, ..fields }
    }

    /// The state in one word, ours where it is known.
    pub(super) fn word(&self) -> Option<&str> {
        self.delivery_state.map(DeliveryState::as_str).or(self.delivery_word.as_deref())
    }
}

impl From<&DeliveryReport> for DeliveryFields {
    fn from(report: &DeliveryReport) -> Self {
        Self {
            channel: None,
            send_outcome: None,
            delivery_state: report.state,
            delivery_word: Some(report.word.clone()),
            delivery_reason: report.reason,
            delivery_code: report.code.clone(),
            delivery_said: report.said.clone(),
            reason_text: report.why(),
            reported_at: None,
        }
    }
}

/// How the SMS did not arrive: the gateway's last word, or what it said when it refused it.
pub(super) fn why_not(delivery: Option<&Delivery>) -> String {
    let why = delivery.and_then(|delivery| {
        let said = delivery.report.as_ref().and_then(DeliveryReport::why);
        said.or_else(|| delivery.detail.clone())
    });
    why.unwrap_or_else(|| "no reason was given".to_owned())
}
