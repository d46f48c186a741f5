//! Asks a provider about an SMS whose end is not known. What it says is shown, and never kept.

use std::time::Duration;

use super::checks::Check;
use crate::app::App;
use crate::commands::target::Target;
use crate::error::Error;
use crate::operations::PhoneSnapshot;
use crate::otp::record::{Challenge, SendOutcome, State};
use crate::otp::rules::{MessageRef, PhoneState, Reported, report};
use crate::otp::{DeliveryReport, Moment, Purpose};
use crate::provider::QueryError;

/// With a customer on the line, nobody waits for longer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether a provider was asked, and what went wrong.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) was_asked: bool,
    failed: Option<String>,
}

impl Asked {
    /// That it did not answer.
    pub(super) fn check(&self) -> Option<Check> {
        let detail = self.failed.clone()?;
        Some(Check { id: "provider_status", status: "warn", detail, next: None })
    }
}

/// The code that a diagnosis explains, as far as the record has it.
fn code_of<'a>(
    known: &'a PhoneState,
    now: Moment,
    challenge: Option<&str>,
    purpose: &Purpose,
) -> Option<&'a Challenge> {
    if let Some(id) = challenge {
        return known.record.challenge(id).map(|(_, code)| code);
    }
    let state = known.record.purposes.get(purpose)?;
    state.live(now).max_by_key(|code| code.created_at).or(state.challenges.last())
}

/// The name of the provider that has its SMS.
pub(super) fn provider_of<'a>(
    known: &'a PhoneState,
    now: Moment,
    challenge: Option<&str>,
    purpose: &Purpose,
) -> Option<&'a str> {
    let delivery = code_of(known, now, challenge, purpose)?.delivery.as_ref()?;
    Some(&delivery.provider)
}

/// Asks the provider of the code that is explained, if it may know more by now, and puts its answer into what was read.
///
/// # Errors
/// When the settings are wrong.
pub(super) async fn about(
    app: &App,
    target: &Target,
    purpose: &Purpose,
    snapshot: &mut PhoneSnapshot,
) -> Result<Asked, Error> {
    let code = code_of(&snapshot.known, snapshot.now, target.challenge.as_deref(), purpose);
    let Some((code, delivery, id)) = code.and_then(|code| {
        let delivery = code.delivery.as_ref()?;
        Some((code, delivery, delivery.message_id.as_deref()?))
    }) else {
        return Ok(Asked::default());
    };
    let is_final = delivery.report.as_ref().is_some_and(DeliveryReport::is_final);
    let is_over = code.state == State::Used || code.send_outcome() == SendOutcome::Refused;
    let offers = |name: &str| {
        let kind = app.settings().ok()?.providers.get(name)?.kind.describe()?;
        kind.can.status.then_some(())
    };
    if is_final || is_over || app.globals.dry_run || offers(&delivery.provider).is_none() {
        return Ok(Asked::default());
    }
    let (name, noun) = (delivery.provider.clone(), delivery.noun());
    let failed = |why: String| Asked {
        was_asked: true,
        failed: Some(format!("{name} did not say what became of {noun}: {why}")),
    };
    let provider = match app.provider(&name).await {
        Ok(provider) => provider,
        Err(error) => return Ok(Asked { was_asked: false, ..failed(error.message()) }),
    };
    let deadline = app.provider_deadline(PATIENCE);
    let answer = app.progress.waiting_for(&name, provider.status(id, &target.phone, deadline));
    let Ok(answer) = tokio::time::timeout_at(deadline, answer).await else {
        return Ok(failed("no answer came in time".to_owned()));
    };
    match answer {
        Ok(said) => {
            let message = MessageRef::Challenge(&code.id);
            let said = Reported { message, provider: None, report: &said, reason: None };
            let id = code.id.clone();
            let changed = report(&snapshot.known, snapshot.now, &said).record;
            if let Some(mut record) = changed {
                // When it was so, the provider does not say: it may have been long ago.
                let codes = record.purposes.values_mut().flat_map(|state| &mut state.challenges);
                let own = codes.filter(|code| code.id == id).filter_map(|code| code.delivery.as_mut());
                own.for_each(|delivery| delivery.reported_at = None);
                snapshot.known.record = record;
            }
            Ok(Asked { was_asked: true, failed: None })
        }
        Err(QueryError::NotOffered) => Ok(Asked::default()),
        Err(QueryError::Refused(refusal)) => Ok(failed(refusal.message)),
    }
}
