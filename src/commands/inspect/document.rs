//! The document of `inspect`, and the little that only its screen needs.

use serde::Serialize;

use super::challenges::TokenChallenge;
use super::checks::Check;
use super::deliveries::Delivery;
use super::directories::Answered;
use super::limits::Limit;
use super::timeline::Line;
use crate::commands::user::{FormerUser, LinkedUser};
use crate::otp::diagnosis::{Diagnosis, History, QuotaUse, RouteProvider};
use crate::otp::record::{Challenge, PurposeState};
use crate::otp::rules::Allowance;
use crate::otp::time::{rfc3339, rfc3339_or_null};
use crate::otp::{CHECKED_BY_APPLICATION, Limits, Moment, Purpose, UserId};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Inspected {
    pub(super) verdict: &'static str,
    /// What else holds.
    pub(super) also: Vec<&'static str>,
    pub(super) summary: String,
    /// What to tell the customer.
    pub(super) tell: String,
    pub(super) next: Vec<Next>,
    /// What it is about.
    pub(super) purpose: Purpose,
    pub(super) phone: Phone,
    pub(super) users: Vec<LinkedUser>,
    /// What each directory says of the phone, in the order in which they are asked.
    pub(super) directories: Vec<Answered>,
    /// Who had the phone and does not have it now.
    pub(super) former_users: Vec<FormerUser>,
    pub(super) live_code: Option<Live>,
    /// privacyIDEA's; none: it is not privacyIDEA that keeps the codes.
    pub(super) challenges: Option<Vec<TokenChallenge>>,
    pub(super) limits: Vec<Limit>,
    /// Whether a code could be sent now.
    pub(super) send: Allowance,
    pub(super) lock: Option<Locked>,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) timeline: Vec<Line>,
    pub(super) checks: Vec<Check>,
    /// Whether a provider was asked about an SMS.
    pub(super) asked_provider: bool,
    #[serde(skip)]
    pub(super) screen: Screen,
}

/// What only the screen needs.
pub(super) struct Screen {
    /// The diagnosis with times as a person reads them.
    pub(super) told: Diagnosis,
    /// Each command, and the reason for it.
    pub(super) next: Vec<(String, String)>,
    pub(super) failures: u32,
    pub(super) next_lock: Option<u32>,
    pub(super) quotas: Vec<QuotaUse>,
    pub(super) route: Vec<RouteProvider>,
    pub(super) history: History,
    /// Live codes of other purposes.
    pub(super) others: Vec<(Purpose, Moment, Moment)>,
    pub(super) full: bool,
    pub(super) now: Moment,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Next {
    pub(super) why: String,
    pub(super) command: String,
    /// Not before this; `null`: at once.
    #[serde(serialize_with = "rfc3339_or_null")]
    pub(super) from: Option<Moment>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Phone {
    pub(super) number: String,
    #[serde(rename = "ref")]
    pub(super) reference: Option<String>,
    pub(super) country: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Live {
    pub(super) challenge_id: String,
    /// privacyIDEA's have none.
    pub(super) purpose: Option<Purpose>,
    pub(super) state: &'static str,
    pub(super) user: Option<UserId>,
    #[serde(serialize_with = "rfc3339")]
    pub(super) created_at: Moment,
    #[serde(serialize_with = "rfc3339")]
    pub(super) expires_at: Moment,
    pub(super) expires_in_seconds: u64,
    /// privacyIDEA counts them at the token, in its database; another server that checks the code counts them itself.
    pub(super) attempts_left: Option<u32>,
    /// `application`, where another server made the code and checks it.
    pub(super) checked_by: Option<&'static str>,
    #[serde(skip)]
    pub(super) most: Option<u32>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Locked {
    pub(super) purpose: Purpose,
    pub(super) kind: &'static str,
    #[serde(serialize_with = "rfc3339_or_null")]
    pub(super) until: Option<Moment>,
    pub(super) failures_consecutive: u32,
}

/// The lock of the purpose that it is about, else of any.
pub(super) fn lock_of(
    states: &[(&Purpose, &PurposeState)],
    purpose: &Purpose,
    now: Moment,
    limits: &Limits,
) -> Option<Locked> {
    let mut locked: Vec<Locked> = Vec::new();
    locked.extend(states.iter().filter_map(|(own, state)| {
        state.lock(now).map(|lock| Locked {
            purpose: (*own).clone(),
            kind: if lock.until.is_some() { "timed" } else { "hard" },
            until: lock.until,
            failures_consecutive: state.failures(now, limits),
        })
    }));
    let at = locked.iter().position(|lock| lock.purpose == *purpose).unwrap_or(0);
    (at < locked.len()).then(|| locked.swap_remove(at))
}

pub(super) fn live_of(purpose: &Purpose, live: &Challenge, now: Moment) -> Live {
    let elsewhere = live.is_checked_elsewhere();
    Live {
        challenge_id: live.id.clone(),
        purpose: Some(purpose.clone()),
        state: live.state.as_str(),
        user: live.user.clone(),
        created_at: live.created_at,
        expires_at: live.expires_at,
        expires_in_seconds: live.expires_at.since(now).as_secs(),
        attempts_left: (!elsewhere).then(|| live.attempts_left()),
        checked_by: elsewhere.then_some(CHECKED_BY_APPLICATION),
        most: Some(live.max_tries),
    }
}

/// A challenge of privacyIDEA in the place of a code.
pub(super) fn live_challenge(own: &TokenChallenge) -> Live {
    Live {
        challenge_id: own.transaction_id.clone(),
        purpose: None,
        state: own.state,
        user: Some(own.user.clone()),
        created_at: own.created_at,
        expires_at: own.expires_at,
        expires_in_seconds: own.expires_in_seconds,
        attempts_left: None,
        checked_by: None,
        most: None,
    }
}
