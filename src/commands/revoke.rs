//! `revoke`: kills live codes.

use serde::Serialize;

use super::Done;
use super::target::target;
use crate::app::{App, Asks};
use crate::error::{Error, Exit};
use crate::otp::Purpose;
use crate::otp::rules::Revoke;
use crate::output::{Human, Report};

/// Kill live codes
///
/// Nothing to kill is success. The count of wrong codes stays as it is.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Numbers, `user:ID`, `ch_…` ids or `ph_…` references
    #[arg(value_name = "PHONE|USER|ID", required = true)]
    targets: Vec<String>,
    /// Only codes of this purpose
    #[arg(long)]
    purpose: Option<Purpose>,
    /// Fail with 14 where there is no live code
    #[arg(long)]
    must_exist: bool,
}

#[derive(Serialize)]
struct Revoked {
    schema: &'static str,
    revoked: usize,
    challenges: Vec<String>,
    dry_run: bool,
    #[serde(skip)]
    whom: String,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> Done {
        let mut targets = Vec::with_capacity(self.targets.len());
        for text in &self.targets {
            targets.push(target(app, text).await?);
        }
        let whom = targets.iter().map(|target| target.shown(app)).collect::<Vec<_>>().join(", ");
        app.may_change(&format!("revoke the codes of {whom}"), Asks::First)?;
        let verifier = app.verifier().await?;
        let mut challenges = Vec::new();
        for target in &targets {
            let asked = Revoke {
                purpose: self.purpose.as_ref(),
                challenge_id: target.challenge.as_deref(),
                reason: app.globals.reason.as_deref(),
            };
            let revoked = verifier.revoke(&target.phone, &asked).await.map_err(|error| target.failed(app, error))?;
            if self.must_exist && revoked.outcome.0.is_empty() {
                return Err(target.failed(app, Error::said(Exit::NotFound, "there is no live code")));
            }
            challenges.extend(revoked.outcome.0);
        }
        Ok(Box::new(Revoked {
            schema: "otpctl.revoke/1",
            revoked: challenges.len(),
            challenges,
            dry_run: app.globals.dry_run,
            whom,
        }))
    }
}

impl Report for Revoked {
    fn human(&self) -> Human {
        let done = if self.dry_run { "Would revoke" } else { "Revoked" };
        let codes = if self.revoked == 1 { "code" } else { "codes" };
        Human::Text(format!("{done} {} {codes} of {}.", self.revoked, self.whom))
    }

    fn document(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}
