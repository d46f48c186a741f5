//! What a check of a code answers.

use serde::Serialize;

use crate::error::Exit;
use crate::otp::record::{Reason, Verdict};
use crate::otp::time::rfc3339_or_null;
use crate::otp::{Hint, Moment, Purpose, UserId};
use crate::output::{Human, Ids, Report, plural, when};

/// The answer to one attempt.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Checked {
    pub(super) result: Verdict,
    pub(super) reason: Option<Reason>,
    pub(super) phone: String,
    pub(super) purpose: Purpose,
    pub(super) user: Option<UserId>,
    pub(super) challenge_id: Option<String>,
    pub(super) attempts_left: u32,
    pub(super) failures_consecutive: u32,
    #[serde(serialize_with = "rfc3339_or_null")]
    pub(super) locked_until: Option<Moment>,
    #[serde(serialize_with = "rfc3339_or_null")]
    pub(super) expires_at: Option<Moment>,
    pub(super) attempt_id: String,
    pub(super) replayed: bool,
    /// A JWT; `null` where none was asked for, or it would have ended.
    pub(super) assertion: Option<String>,
    #[serde(serialize_with = "rfc3339_or_null")]
    pub(super) assertion_expires_at: Option<Moment>,
    /// For whom one was asked for.
    #[serde(skip)]
    pub(super) audience: Option<String>,
    #[serde(skip)]
    pub(super) now: Moment,
    #[serde(skip)]
    pub(super) next: Option<Hint>,
}

impl Report for Checked {
    const SCHEMA: &str = "otpctl.verify/1";

    fn human(&self) -> Human {
        let phone = &self.phone;
        let left = plural(self.attempts_left, "attempt", "attempts");
        Human::Text(match (self.result, self.reason) {
            // Alone on its line, so that it can be handed on.
            (Verdict::Ok, _) if self.assertion.is_some() => self.assertion.clone().unwrap_or_default(),
            (Verdict::Ok, _) if self.audience.is_some() => {
                format!("Code accepted for {phone} before; its assertion has expired.")
            }
            (Verdict::Ok, _) => match &self.user {
                Some(user) => format!("Code accepted for {phone}. User: {user}"),
                None => format!("Code accepted for {phone}."),
            },
            (Verdict::Wrong, Some(Reason::SupersededCode)) => {
                format!("Wrong code for {phone}: a newer code was sent since. {left} left.")
            }
            (Verdict::Wrong, _) => format!("Wrong code for {phone}. {left} left."),
            (_, Some(Reason::AttemptsExhausted)) => {
                format!("Too many wrong attempts for {phone}; this code no longer works.")
            }
            (Verdict::Locked, _) => {
                let after = plural(self.failures_consecutive, "consecutive wrong code", "consecutive wrong codes");
                match self.locked_until {
                    Some(until) => format!("{phone} is locked after {after}. Try again {}.", when(until, self.now)),
                    None => format!("{phone} is locked after {after}, until someone unlocks it."),
                }
            }
            (Verdict::NoCode, reason) => {
                let why = match reason {
                    Some(Reason::Expired) => "it has expired",
                    Some(Reason::Used) => "it was used",
                    Some(Reason::Revoked) => "it was revoked",
                    Some(Reason::Superseded) => "it was replaced by a newer code, or the phone has other users now",
                    _ => "none was requested",
                };
                format!("There is no code for {phone}: {why}.")
            }
        })
    }

    fn exit(&self) -> Exit {
        match self.result {
            Verdict::Ok => Exit::Ok,
            Verdict::Wrong => Exit::WrongCode,
            Verdict::NoCode => Exit::NoCode,
            Verdict::Locked => Exit::Locked,
        }
    }

    fn ids(&self) -> Ids<'_> {
        Ids { challenge: self.challenge_id.as_deref(), attempt: Some(&self.attempt_id) }
    }

    fn hints(&self) -> Vec<Hint> {
        if let (Some(audience), Some(until)) = (&self.audience, self.assertion_expires_at) {
            let user = self.user.as_ref().map_or("", UserId::as_str);
            let seconds = until.since(self.now).as_secs();
            let words = format!("it tells {audience} that this is user {user}; it can be used for {seconds} s");
            return vec![words.into()];
        }
        self.next.iter().cloned().collect()
    }
}

crate::otp::schema::documents! { "otpctl.verify/1" => Checked }
