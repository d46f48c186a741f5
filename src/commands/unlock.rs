//! `unlock`: clears a lock and the count of wrong codes.

use serde::Serialize;

use super::CommandResult;
use super::allowance;
use super::target::TargetArg;
use crate::app::{Act, App, Confirm};
use crate::error::Exit;
use crate::otp::rules::{Allowance, UnlockRequest};
use crate::otp::{Moment, Purpose};
use crate::output::{Human, Report, plural};

/// Clear a lock and the count of wrong codes
///
/// A code that ran out of attempts stays unusable; send a new one. Send limits stay, unless --limits is passed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A phone number, `user:ID`, or a `ph_…` reference
    #[arg(value_name = "PHONE|USER")]
    target: TargetArg,
    /// Only for this purpose
    #[arg(long)]
    purpose: Option<Purpose>,
    /// Also clear the wait between sends and the phone's send limits
    #[arg(long)]
    limits: bool,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Unlocked {
    phone: String,
    locks_cleared: u32,
    failures_cleared: u32,
    limits_cleared: bool,
    /// Whether a code could be sent now; only where limits were to be cleared.
    send: Option<Allowance>,
    dry_run: bool,
    #[serde(skip)]
    now: Moment,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let target = self.target.resolve_phone(app).await?;
        app.may_change(&format!("unlock {}", target.shown(app)), Confirm::Yes).await?;
        let reason = app.globals.reason.as_deref();
        let asked = UnlockRequest { purpose: self.purpose.as_ref(), limits: self.limits, reason };
        let act = Act::on(&target.phone).detail(self.limits.then(|| "--limits".to_owned()));
        let (applied, _) = app
            .audited(act, async |operations| {
                let unlocked = operations.unlock(&target.phone, &asked).await;
                unlocked.map(|unlocked| (unlocked, Exit::Ok)).map_err(|error| target.failed(app, error))
            })
            .await?;
        let (known, now, unlocked) = (applied.known, applied.now, applied.outcome);
        // What it shares with other phones is not cleared, and may still refuse the next send.
        let send = if self.limits {
            let counters = app.operations().await?.counters_of(&target.phone).await;
            let purpose = self.purpose.clone().unwrap_or_default();
            // What is done is done, also where it is not known what comes next.
            match counters.hold(known) {
                Ok(known) => Some(allowance::of(app, (&target.phone, &purpose), (&known, now), &counters)?),
                Err(_) => None,
            }
        } else {
            None
        };
        Ok(Box::new(Unlocked {
            phone: target.shown(app),
            locks_cleared: unlocked.locks,
            failures_cleared: unlocked.failures,
            limits_cleared: unlocked.limits,
            send,
            dry_run: app.globals.dry_run,
            now,
        }))
    }
}

impl Report for Unlocked {
    const SCHEMA: &str = "otpctl.unlock/1";

    fn human(&self) -> Human {
        let done = if self.dry_run { "Would clear" } else { "Cleared" };
        let limits = if self.limits_cleared { ", and its send limits" } else { "" };
        let still = self.send.as_ref().filter(|send| !send.allowed);
        let still = still.map(|send| format!(" Next send: {}.", allowance::words(send, self.now))).unwrap_or_default();
        Human::Text(format!(
            "{done} {} and {} of {}{limits}.{still}",
            plural(self.locks_cleared, "lock", "locks"),
            plural(self.failures_cleared, "wrong code", "wrong codes"),
            self.phone
        ))
    }
}

crate::otp::schema::documents! { "otpctl.unlock/1" => Unlocked }
