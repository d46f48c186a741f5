//! What `inspect` shows of each message: what was sent, what its gateway reported, and what that means for the phone.

use serde::Serialize;

use crate::commands::delivery_fields::DeliveryFields;
use crate::otp::record::PurposeState;
use crate::otp::time::rfc3339;
use crate::otp::{Channel, Moment, Purpose};
use crate::output::{Cell, Table};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Delivery {
    challenge_id: String,
    purpose: Purpose,
    state: &'static str,
    provider: String,
    provider_message_id: Option<String>,
    segments: Option<u32>,
    #[serde(serialize_with = "rfc3339")]
    at: Moment,
    detail: Option<String>,
    #[serde(flatten)]
    fields: DeliveryFields,
}

/// The newest first.
pub(super) fn of(states: &[(&Purpose, &PurposeState)]) -> Vec<Delivery> {
    let mut list: Vec<Delivery> = Vec::new();
    for (purpose, state) in states {
        for challenge in &state.challenges {
            list.extend(challenge.messages().into_iter().map(|delivery| Delivery {
                fields: DeliveryFields::of(Some(&delivery)),
                challenge_id: challenge.id.clone(),
                purpose: (*purpose).clone(),
                state: challenge.state.as_str(),
                at: delivery.asked_at().unwrap_or(challenge.created_at),
                provider: delivery.provider,
                provider_message_id: delivery.message_id,
                segments: delivery.segments,
                detail: delivery.detail,
            }));
        }
    }
    list.sort_by_key(|delivery| std::cmp::Reverse(delivery.at));
    list
}

pub(super) fn table(list: &[Delivery], now: Moment) -> Table {
    let mut table = Table::new(&["AT", "PROVIDER", "STATE", "MESSAGE ID", "DELIVERY", "DETAIL"], "none");
    table = table.spare(&["MESSAGE ID", "PROVIDER"]).wrapped(&["DETAIL"]);
    for delivery in list {
        let id = delivery.provider_message_id.as_deref().unwrap_or("-");
        let details = [delivery.detail.as_deref(), delivery.fields.reason_text.as_deref()];
        let detail = details.into_iter().flatten().collect::<Vec<_>>().join("; ");
        table.row([
            Cell::time(delivery.at, now),
            delivery.by().into(),
            delivery.state.into(),
            id.into(),
            delivery.reported(now),
            detail.into(),
        ]);
    }
    table
}

impl Delivery {
    /// The provider, and its channel where that is not the usual one.
    fn by(&self) -> String {
        match self.fields.channel.as_deref().filter(|channel| *channel != Channel::default().as_str()) {
            Some(channel) => format!("{} ({channel})", self.provider),
            None => self.provider.clone(),
        }
    }

    /// What the gateway reported, and when.
    fn reported(&self, now: Moment) -> Cell {
        match (self.fields.word(), self.fields.reported_at) {
            (Some(word), Some(at)) => Cell::since(word, at, now),
            (Some(word), None) => word.into(),
            (None, _) => "-".into(),
        }
    }

    /// So many parts of this SMS were sent.
    pub(super) fn parts_of(&self, challenge_id: &str) -> Option<u32> {
        self.segments.filter(|_| self.challenge_id == challenge_id)
    }
}
