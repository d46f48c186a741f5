//! What `inspect` shows of each SMS: what was sent, what its gateway reported, and what that means for the phone.

use serde::Serialize;

use crate::commands::delivery_fields::{DeliveryFields, why_not};
use crate::otp::record::{PurposeState, State};
use crate::otp::time::rfc3339;
use crate::otp::{DeliveryState, Moment, Purpose};
use crate::output::{Cell, Table};

#[derive(Serialize)]
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
    /// Why it will not arrive, for people.
    #[serde(skip)]
    why_not: Option<String>,
}

/// The newest first.
pub(super) fn of(states: &[(&Purpose, &PurposeState)]) -> Vec<Delivery> {
    let mut list: Vec<Delivery> = Vec::new();
    for (purpose, state) in states {
        list.extend(state.challenges.iter().filter_map(|challenge| {
            let delivery = challenge.delivery.as_ref()?;
            let fields = DeliveryFields::of(Some(delivery));
            Some(Delivery {
                challenge_id: challenge.id.clone(),
                purpose: (*purpose).clone(),
                state: challenge.state.as_str(),
                provider: delivery.provider.clone(),
                provider_message_id: delivery.message_id.clone(),
                segments: delivery.segments,
                at: challenge.created_at,
                detail: delivery.detail.clone(),
                why_not: (challenge.state == State::Failed || fields.delivery_state == Some(DeliveryState::Failed))
                    .then(|| why_not(Some(delivery))),
                fields,
            })
        }));
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
            (&delivery.provider).into(),
            delivery.state.into(),
            id.into(),
            delivery.reported(now),
            detail.into(),
        ]);
    }
    table
}

impl Delivery {
    /// What is certain about the SMS; `None` while nothing is.
    pub(super) fn sentence(&self, time: &dyn Fn(Moment) -> String) -> Option<String> {
        // A code that was typed has arrived, whatever is said of its SMS.
        if self.state == State::Used.as_str() {
            return None;
        }
        if let Some(why) = &self.why_not {
            let how = if self.state == State::Failed.as_str() { "sent" } else { "delivered" };
            return Some(format!("Its last SMS was not {how}: {why}."));
        }
        let at = self.fields.reported_at.filter(|_| self.fields.delivery_state == Some(DeliveryState::Delivered))?;
        Some(format!("Its last SMS was delivered {}.", time(at)))
    }

    /// What the gateway reported, and when.
    fn reported(&self, now: Moment) -> Cell {
        self.fields
            .word()
            .zip(self.fields.reported_at)
            .map_or_else(|| "-".into(), |(word, at)| Cell::since(word, at, now))
    }
}
