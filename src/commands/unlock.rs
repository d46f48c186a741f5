//! `unlock`: clears a lock and the count of wrong codes.

use async_trait::async_trait;
use serde::Serialize;

use super::CommandResult;
use super::allowance;
use super::batch::{BatchArgs, Column, Columns, Each, Line};
use super::target::{Target, TargetArg, required};
use crate::app::{Act, App, Confirm};
use crate::error::{Error, Exit};
use crate::otp::rules::{Allowance, UnlockRequest};
use crate::otp::{Moment, Purpose};
use crate::output::{Human, Output, Report, plural};

/// Clear a lock and the count of wrong codes
///
/// A code that ran out of attempts stays unusable; send a new one. Send limits stay, unless --limits is passed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A phone number, `user:ID`, or a `ph_…` reference
    #[arg(value_name = "PHONE|USER", required_unless_present = "from", conflicts_with = "from")]
    target: Option<TargetArg>,
    /// Only for this purpose
    #[arg(long)]
    purpose: Option<Purpose>,
    /// Also clear the wait between sends and the phone's send limits
    #[arg(long)]
    limits: bool,
    #[command(flatten)]
    many: BatchArgs,
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
    /// Whether it is about many phones.
    pub(super) fn is_batch(&self) -> bool {
        self.many.is_batch()
    }

    pub(super) async fn run<'a>(&'a self, app: &'a App) -> Result<Output<'a>, Error> {
        if let Some(many) = self.many.many(app, self).await? {
            return Ok(many);
        }
        let target = required(self.target.as_ref())?;
        let target = target.resolve_phone(app).await?;
        app.may_change(&format!("unlock {}", target.shown(app)), Confirm::Yes).await?;
        self.one(app, &target, self.purpose.as_ref()).await.map(Output::One)
    }

    async fn one(&self, app: &App, target: &Target, purpose: Option<&Purpose>) -> CommandResult {
        let asked = UnlockRequest { purpose, limits: self.limits, reason: app.reason() };
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
            let purpose = purpose.cloned().unwrap_or_default();
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

#[async_trait(?Send)]
impl Each for Args {
    fn columns(&self) -> Columns {
        Columns { more: &[Column::Purpose, Column::Reason], needed: &[] }
    }

    fn question(&self, lines: &str) -> String {
        format!("unlock {lines}")
    }

    fn options(&self) -> Vec<(&'static str, Option<String>)> {
        let purpose = self.purpose.as_ref().map(ToString::to_string);
        vec![("purpose", purpose), ("limits", self.limits.then(|| "yes".to_owned()))]
    }

    async fn each(&self, app: &App, target: &Target, line: &Line) -> CommandResult {
        target.is_a_phone(app).await?;
        let own = line.read(Column::Purpose, str::parse::<Purpose>)?;
        self.one(app, target, own.as_ref().or(self.purpose.as_ref())).await
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
