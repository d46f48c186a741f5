//! What a send answers: one document of a code that was made here, and of one that another server made.

use serde::Serialize;

use super::plan::Plan;
use crate::app::App;
use crate::commands::delivery_fields::DeliveryFields;
use crate::commands::target::Target;
use crate::commands::wait::{self, Ended};
use crate::error::Exit;
use crate::operations::{Sent, WaitOutcome};
use crate::otp::record::State;
use crate::otp::time::{rfc3339, rfc3339_or_null};
use crate::otp::{Hint, Moment, Purpose, WaitFor};
use crate::output::{Human, Ids, Report, when};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct SentReport {
    challenge_id: Option<String>,
    phone: String,
    country: Option<String>,
    user: Option<String>,
    purpose: String,
    state: Option<&'static str>,
    provider: Option<String>,
    provider_message_id: Option<String>,
    segments: Option<u32>,
    #[serde(serialize_with = "rfc3339")]
    created_at: Moment,
    #[serde(serialize_with = "rfc3339")]
    expires_at: Moment,
    superseded_challenge_id: Option<String>,
    #[serde(serialize_with = "rfc3339_or_null")]
    resend_allowed_at: Option<Moment>,
    sends_left_today: Option<u32>,
    replayed: bool,
    dry_run: bool,
    idempotency_key: Option<String>,
    plan: Option<Plan>,
    /// How the wait ended; `null` where none was asked for.
    wait_result: Option<Ended>,
    #[serde(flatten)]
    delivery_fields: DeliveryFields,
    /// What comes after a send.
    #[serde(skip)]
    next: Hint,
    /// Another server made the code, and checks it.
    #[serde(skip)]
    elsewhere: bool,
    /// How the wait ended, for people, and what to do then.
    #[serde(skip)]
    waited: Option<(String, Option<Hint>)>,
}

/// What a send was asked with, as its report tells it.
pub(super) struct AskedSend<'a> {
    /// What the code is for.
    pub(super) purpose: &'a Purpose,
    /// The key to repeat it with.
    pub(super) key: Option<&'a str>,
    /// The segments of the text; `None` where the provider holds the text.
    pub(super) parts: Option<u32>,
    /// What a rehearsal shows; `None` of a send.
    pub(super) plan: Option<Plan>,
}

impl SentReport {
    /// Of what was sent, or would be.
    pub(super) fn of(app: &App, target: &Target, sent: &Sent, asked: AskedSend<'_>) -> Self {
        let challenge = &sent.challenge;
        let delivery = challenge.delivery.clone();
        let dry_run = app.globals.dry_run;
        Self {
            challenge_id: (!dry_run).then(|| challenge.id.clone()),
            phone: target.shown(app),
            country: target.phone.country().map(|country| country.to_string()),
            user: challenge.user.as_ref().map(ToString::to_string),
            purpose: asked.purpose.to_string(),
            state: (!dry_run).then(|| challenge.state.as_str()),
            segments: delivery.as_ref().and_then(|delivery| delivery.segments).or(asked.parts),
            provider: delivery.as_ref().map(|delivery| delivery.provider.clone()),
            provider_message_id: delivery.and_then(|delivery| delivery.message_id),
            created_at: challenge.created_at,
            expires_at: challenge.expires_at,
            superseded_challenge_id: sent.superseded.clone(),
            resend_allowed_at: Some(sent.resend_allowed_at()),
            sends_left_today: sent.budget.left,
            replayed: sent.replayed,
            dry_run,
            idempotency_key: asked.key.map(str::to_owned),
            plan: asked.plan,
            wait_result: None,
            delivery_fields: DeliveryFields::of(challenge.delivery.as_ref()),
            next: if challenge.is_checked_elsewhere() {
                let told = target.hint("outcome").arg("verified").option("--challenge", &challenge.id);
                told.because("once it was typed there")
            } else {
                target.hint_for("verify", asked.purpose)
            },
            elsewhere: challenge.is_checked_elsewhere(),
            waited: None,
        }
    }

    /// The same with how the wait for `goal` ended. One that could not be made has the end of one that was too short.
    pub(super) fn waited_for(self, goal: Option<WaitFor>, target: &Target, watched: Option<&WaitOutcome>) -> Self {
        let Some(goal) = goal.filter(|_| !self.dry_run) else { return self };
        let waited = watched.map(|watched| {
            let mut hint = wait::hint(target, goal, watched);
            if let (Ended::Timeout, Some(id)) = (Ended::of(watched.standing), &self.challenge_id) {
                hint = Some(Hint::run(&["wait"]).arg(id).option("--for", goal.as_str()));
            }
            (wait::words(&self.phone, goal, watched), hint)
        });
        let wait_result = watched.map_or(Ended::Timeout, |watched| Ended::of(watched.standing));
        Self { wait_result: Some(wait_result), waited, ..self }
    }
}

impl Report for SentReport {
    const SCHEMA: &str = "otpctl.send/1";

    fn human(&self) -> Human {
        let Some(plan) = &self.plan else {
            let by = self.provider.as_deref().map(|name| format!(" by {name}")).unwrap_or_default();
            let again = if self.replayed { " before, under the same key" } else { "" };
            let waited = self.waited.as_ref().map(|(words, _)| format!("\n{words}")).unwrap_or_default();
            if self.elsewhere {
                let phone = &self.phone;
                return Human::Text(format!(
                    "Sent the code to {phone}{by}{again}. The server that made it checks it.{waited}"
                ));
            }
            return Human::Text(format!(
                "Sent a code to {}{by}{again}. It expires {}.{waited}",
                self.phone,
                when(self.expires_at, self.created_at)
            ));
        };
        Human::Screen(
            format!("Would send a code to {}; nothing was sent or stored.", self.phone),
            vec![("plan", plan.table((self.created_at, self.expires_at), self.user.as_deref()))],
        )
    }

    fn exit(&self) -> Exit {
        self.wait_result.map_or(Exit::Ok, Ended::exit)
    }

    fn ids(&self) -> Ids<'_> {
        Ids { challenge: self.challenge_id.as_deref(), attempt: None }
    }

    fn hints(&self) -> Vec<Hint> {
        if let (Some((_, hint)), false) = (&self.waited, self.wait_result == Some(Ended::Reached)) {
            return hint.iter().cloned().collect();
        }
        match (&self.challenge_id, self.state) {
            (Some(_), Some(state)) if state == State::Sent.as_str() => vec![self.next.clone()],
            _ => Vec::new(),
        }
    }
}

/// The same of a code that another server made.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub(super) struct Relayed(pub(super) SentReport);

impl Report for Relayed {
    const SCHEMA: &str = "otpctl.deliver/1";

    fn human(&self) -> Human {
        self.0.human()
    }

    fn exit(&self) -> Exit {
        self.0.exit()
    }

    fn ids(&self) -> Ids<'_> {
        self.0.ids()
    }

    fn hints(&self) -> Vec<Hint> {
        self.0.hints()
    }
}

crate::otp::schema::documents! { "otpctl.send/1" => SentReport, "otpctl.deliver/1" => Relayed }
