//! What is kept of one message of a code: which provider has it, by which channel, and what became of it.

use serde::{Deserialize, Serialize};

use super::money::{Amount, Cost, Currency};
use super::persist::More;
use super::{Channel, DeliveryReason, DeliveryReport, Moment};

/// How the send of a message ended, as a provider said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SendOutcome {
    /// A provider accepted it.
    Accepted,
    /// No provider sent it.
    Refused,
    /// A provider may have sent it.
    Unknown,
}

/// Where the channel is kept; a delivery by SMS, the usual one, leaves it out.
const CHANNEL: &str = "channel";
/// Where the reason is kept that older versions do not know.
const REASON: &str = "reason";
/// Where the network of the receiver is kept, which older versions do not know.
const OPERATOR: &str = "operator";
/// Where it is kept what the message costs, in millionths of the currency's unit.
const COST: &str = "cost";
/// Where the currency of that is kept.
const CURRENCY: &str = "currency";

/// Which provider has the message, or refused it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Delivery {
    /// The provider's name in the configuration.
    pub provider: String,
    /// The provider's own id of the message.
    pub message_id: Option<String>,
    /// Parts of the SMS.
    pub segments: Option<u32>,
    /// How the send ended. `None` in records of versions that did not keep it: [`super::Challenge::send_outcome`] knows those.
    pub outcome: Option<SendOutcome>,
    /// Why it was refused, or is unknown.
    pub detail: Option<String>,
    /// What the provider said of it since.
    pub report: Option<DeliveryReport>,
    /// When it said so.
    pub reported_at: Option<Moment>,
    /// What newer versions added to it.
    pub more: More,
}

impl Delivery {
    /// The word of the channel that it went out by: a newer version may have written one that is not known here.
    #[must_use]
    pub fn channel(&self) -> String {
        self.more.text(CHANNEL).unwrap_or_else(|| Channel::default().to_string())
    }

    /// What a sentence calls it, such as "the SMS".
    #[must_use]
    pub fn noun(&self) -> &'static str {
        Channel::noun_of(&self.channel())
    }

    /// The same at the beginning of a sentence.
    #[must_use]
    pub fn capital(&self) -> &'static str {
        Channel::named(&self.channel()).map_or("The message", Channel::capital)
    }

    /// The same with what it costs: what prices become later does not change it.
    #[must_use]
    pub fn at_cost(self, cost: Option<&Cost>) -> Self {
        let Some(cost) = cost else { return self };
        let more = self.more.with(COST, cost.amount.millionths()).with(CURRENCY, cost.currency.as_str());
        Self { more, ..self }
    }

    /// What it cost when it was sent; `None`: that is not known.
    #[must_use]
    pub fn cost(&self) -> Option<Cost> {
        let amount = Amount::of_millionths(self.more.get(COST)?.as_i64()?);
        Some(Cost { currency: Currency::named(&self.more.text(CURRENCY)?)?, amount })
    }

    /// One by this channel of which nothing more is known.
    #[must_use]
    pub fn through(provider: &str, channel: Channel) -> Self {
        let more = More::default();
        let more = if channel == Channel::default() { more } else { more.with(CHANNEL, channel.as_str()) };
        Self { more, ..Self::by(provider) }
    }

    /// An SMS of which nothing more is known.
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

/// What a version before channels was the first to write, and reads. It takes a reason that it does not know for the word of
/// a newer version and leaves the whole record alone, so that one reason is kept where it reads nothing.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    provider: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    segments: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<SendOutcome>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    report: Option<DeliveryReport>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reported_at: Option<Moment>,
    #[serde(default, skip_serializing_if = "More::is_empty")]
    more: More,
}

impl From<Delivery> for Stored {
    fn from(own: Delivery) -> Self {
        let Delivery { provider, message_id, segments, outcome, detail, report, reported_at, more } = own;
        let more = match report.as_ref().and_then(|report| report.operator.clone()) {
            Some(operator) => more.with(OPERATOR, operator),
            None => more.without(OPERATOR),
        };
        let is_new = |report: &DeliveryReport| report.reason == Some(DeliveryReason::NotOnChannel);
        let (report, more) = match report {
            Some(report) if is_new(&report) => {
                let more = more.with(REASON, DeliveryReason::NotOnChannel.as_str());
                (Some(DeliveryReport { reason: None, ..report }), more)
            }
            report => (report, more.without(REASON)),
        };
        Self { provider, message_id, segments, outcome, detail, report, reported_at, more }
    }
}

impl From<Stored> for Delivery {
    fn from(stored: Stored) -> Self {
        let Stored { provider, message_id, segments, outcome, detail, report, reported_at, more } = stored;
        let reason = more.text(REASON).and_then(|word| DeliveryReason::named(&word));
        let operator = more.text(OPERATOR);
        let report = report.map(|report| DeliveryReport { reason: report.reason.or(reason), operator, ..report });
        let more = more.without(REASON).without(OPERATOR);
        Self { provider, message_id, segments, outcome, detail, report, reported_at, more }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otp::DeliveryState;

    #[test]
    fn the_network_of_the_receiver_is_kept_where_an_older_version_reads_nothing() {
        let report =
            DeliveryReport { operator: Some("22801".to_owned()), ..DeliveryReport::of(DeliveryState::Delivered) };
        let own = Delivery { report: Some(report), ..Delivery::by("infobip") };
        let kept = serde_json::to_value(&own).unwrap();
        assert_eq!(
            (kept["report"].get("operator"), &kept["more"]),
            (None, &serde_json::json!({ "operator": "22801" }))
        );
        assert_eq!(serde_json::from_value::<Delivery>(kept).unwrap(), own);
    }

    #[test]
    fn what_a_message_cost_is_kept_with_it() {
        let cost = Cost { currency: Currency::named("EUR").unwrap(), amount: Amount::of_millionths(4_500) };
        let own = Delivery::through("msg91", Channel::Voice).at_cost(Some(&cost));
        let kept = serde_json::to_value(&own).unwrap();
        assert_eq!(kept["more"], serde_json::json!({ "channel": "voice", "cost": 4500, "currency": "EUR" }));
        assert_eq!(serde_json::from_value::<Delivery>(kept).unwrap().cost(), Some(cost));
        assert_eq!(Delivery::by("msg91").at_cost(None).cost(), None);
    }

    #[test]
    fn a_delivery_is_read_as_it_was_written_and_an_older_version_reads_it_too() {
        let sms = Delivery::through("msg91", Channel::Sms);
        assert_eq!(serde_json::to_string(&sms).unwrap(), r#"{"provider":"msg91"}"#);
        let report = DeliveryReport {
            reason: Some(DeliveryReason::NotOnChannel),
            code: Some("131026".to_owned()),
            ..DeliveryReport::of(DeliveryState::Failed)
        };
        let own = Delivery { report: Some(report), ..Delivery::through("wa", Channel::WhatsApp) };
        let kept = serde_json::to_value(&own).unwrap();
        assert_eq!(kept["report"].get("reason"), None, "{kept}");
        assert_eq!(kept["more"], serde_json::json!({ "channel": "whatsapp", "reason": "not_on_channel" }));
        let read: Delivery = serde_json::from_value(kept).unwrap();
        assert_eq!((&read, read.channel().as_str(), read.noun()), (&own, "whatsapp", "the WhatsApp message"));
        let later = Delivery { report: Some(DeliveryReport::of(DeliveryState::Delivered)), ..read };
        assert_eq!(serde_json::to_value(&later).unwrap()["more"], serde_json::json!({ "channel": "whatsapp" }));
    }
}
