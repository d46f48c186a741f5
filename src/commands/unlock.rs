//! `unlock`: clears a lock and the count of wrong codes.

use serde::Serialize;

use super::Done;
use super::target::phone_of;
use crate::app::{App, Asks};
use crate::otp::Purpose;
use crate::otp::rules::Unlock;
use crate::output::{Human, Report, many};

/// Clear a lock and the count of wrong codes
///
/// A code whose tries are used up stays dead: send a new one. Send limits stay, unless --limits.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A number, `user:ID` or a `ph_…` reference
    #[arg(value_name = "PHONE|USER")]
    target: String,
    /// Only of this purpose
    #[arg(long)]
    purpose: Option<Purpose>,
    /// Clear the wait between sends and the phone's send quotas too
    #[arg(long)]
    limits: bool,
}

#[derive(Serialize)]
struct Unlocked {
    schema: &'static str,
    phone: String,
    locks_cleared: u32,
    failures_cleared: u32,
    limits_cleared: bool,
    dry_run: bool,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> Done {
        let target = phone_of(app, &self.target).await?;
        app.may_change(&format!("unlock {}", target.shown(app)), Asks::First).await?;
        let reason = app.globals.reason.as_deref();
        let asked = Unlock { purpose: self.purpose.as_ref(), limits: self.limits, reason };
        let unlocked = app.verifier().await?.unlock(&target.phone, &asked).await;
        let unlocked = unlocked.map_err(|error| target.failed(app, error))?.outcome;
        Ok(Box::new(Unlocked {
            schema: "otpctl.unlock/1",
            phone: target.shown(app),
            locks_cleared: unlocked.locks,
            failures_cleared: unlocked.failures,
            limits_cleared: unlocked.limits,
            dry_run: app.globals.dry_run,
        }))
    }
}

impl Report for Unlocked {
    fn human(&self) -> Human {
        let done = if self.dry_run { "Would clear" } else { "Cleared" };
        let limits = if self.limits_cleared { ", and its send limits" } else { "" };
        Human::Text(format!(
            "{done} {} and {} of {}{limits}.",
            many(self.locks_cleared, "lock", "locks"),
            many(self.failures_cleared, "failure", "failures"),
            self.phone
        ))
    }

    fn document(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}
