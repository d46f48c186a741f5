//! A row of `list`: its document, its columns, and why it is as it is.

use serde::Serialize;

use crate::app::App;
use crate::commands::delivery_fields::why_not;
use crate::operations::Listed;
use crate::otp::record::{Challenge, State as CodeState};
use crate::otp::time::rfc3339_or_null;
use crate::otp::{DeliveryReason, DeliveryState, Moment};
use crate::output::{Table, length, plural};

/// The columns, still without rows.
pub(super) fn table() -> Table {
    let header = ["PHONE", "REF", "PURPOSE", "STATE", "EXPIRES", "DELIVERY", "SINCE", "WHY"];
    let table = Table::new(&header, "Nothing to list.").copied(&["PHONE", "REF"]).wrapped(&["WHY"]);
    table.spare(&["DELIVERY", "PURPOSE", "SINCE", "STATE"])
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Row {
    pub(super) phone: String,
    #[serde(rename = "ref")]
    pub(super) reference: Option<String>,
    pub(super) challenge_id: Option<String>,
    pub(super) purpose: String,
    pub(super) state: &'static str,
    pub(super) user: Option<String>,
    #[serde(serialize_with = "rfc3339_or_null")]
    pub(super) expires_at: Option<Moment>,
    pub(super) delivery_state: Option<DeliveryState>,
    /// When the code was made, the phone locked, or the SMS found to have failed.
    #[serde(serialize_with = "rfc3339_or_null")]
    pub(super) since: Option<Moment>,
    /// Why it is as it is, for people.
    pub(super) why: String,
    pub(super) provider: Option<String>,
    pub(super) delivery_reason: Option<DeliveryReason>,
    pub(super) attempts_left: Option<u32>,
    pub(super) failures_consecutive: u32,
}

impl Row {
    pub(super) async fn of(app: &App, line: &Listed) -> Self {
        let challenge = line.challenge.as_ref();
        let delivery = challenge.and_then(|challenge| challenge.delivery.as_ref());
        let report = delivery.and_then(|delivery| delivery.report.as_ref());
        Self {
            phone: app.display(&line.phone, false),
            reference: app.reference(&line.phone).await,
            purpose: line.purpose.to_string(),
            state: challenge.map_or("locked", |challenge| challenge.state.as_str()),
            delivery_state: report.and_then(|report| report.state),
            user: challenge.and_then(|challenge| challenge.user.as_ref()).map(ToString::to_string),
            challenge_id: challenge.map(|challenge| challenge.id.clone()),
            expires_at: line.until,
            since: line.since,
            why: why(line),
            provider: delivery.map(|delivery| delivery.provider.clone()).filter(|name| !name.is_empty()),
            delivery_reason: report.and_then(|report| report.reason),
            attempts_left: challenge.filter(|own| !own.is_checked_elsewhere()).map(Challenge::attempts_left),
            failures_consecutive: line.failures,
        }
    }

    /// Its cells, in the order of the columns; `time` writes a moment.
    pub(super) fn cells<'a, T: From<&'a str>>(&'a self, time: impl Fn(Moment) -> T) -> [T; 8] {
        let time = |at: Option<Moment>, none: &'static str| at.map_or_else(|| none.into(), &time);
        [
            self.phone.as_str().into(),
            self.reference.as_deref().unwrap_or("-").into(),
            self.purpose.as_str().into(),
            self.state.into(),
            time(self.expires_at, "never"),
            self.delivery_state.map_or("-", DeliveryState::as_str).into(),
            time(self.since, "-"),
            self.why.as_str().into(),
        ]
    }
}

/// Why it is as it is: what support tells the customer.
fn why(line: &Listed) -> String {
    let Some(challenge) = &line.challenge else {
        return plural(line.failures, "consecutive wrong code", "consecutive wrong codes");
    };
    let delivery = challenge.delivery.as_ref();
    let report = delivery.and_then(|delivery| delivery.report.as_ref()?.state);
    let by = delivery.map(|delivery| format!(" by {}", delivery.provider)).unwrap_or_default();
    let age = || length(line.now.since(challenge.created_at));
    let mut words = vec![match (challenge.state, report) {
        (CodeState::Failed, _) => format!("not sent: {}", why_not(delivery)),
        (_, Some(DeliveryState::Failed)) => format!("not delivered: {}", why_not(delivery)),
        (_, Some(DeliveryState::Delivered)) => "delivered".to_owned(),
        (CodeState::Pending, _) if challenge.lease_until.is_some_and(|until| until > line.now) => {
            format!("being sent for {}", age())
        }
        (CodeState::Pending, _) => format!("its sender died {} ago", age()),
        (CodeState::Unknown, _) => {
            let said = delivery.and_then(|delivery| delivery.detail.as_deref()).unwrap_or("no answer");
            format!("may have been sent: {said}")
        }
        (CodeState::Issued, _) => "printed, not sent".to_owned(),
        _ => format!("sent{by}"),
    }];
    if challenge.is_checked_elsewhere() {
        words.push("checked by your application".to_owned());
    }
    if challenge.tries > 0 && challenge.is_live(line.now) {
        words.push(format!("{} of {} attempts left", challenge.attempts_left(), challenge.max_tries));
    }
    words.join("; ")
}
