//! `revoke`: kills live codes.

use std::path::PathBuf;

use async_trait::async_trait;
use serde::Serialize;

use super::Done;
use super::batch::{Batch, Each};
use super::target::{Target, target};
use crate::app::{App, Asks};
use crate::error::{Error, Exit};
use crate::otp::Purpose;
use crate::otp::rules::Revoke;
use crate::output::{Human, Output, Report, many};
use crate::verifier::Wanted;

/// Kill live codes
///
/// Nothing to kill is success. The count of wrong codes stays as it is.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Numbers, `user:ID`, `ch_…` ids or `ph_…` references
    #[arg(value_name = "PHONE|USER|ID", required_unless_present_any = ["from", "all"])]
    targets: Vec<String>,
    /// Those of each line of a file, or of standard input (`-`); exit 19 where some failed
    #[arg(long, value_name = "FILE", conflicts_with = "targets")]
    from: Option<PathBuf>,
    /// All live codes of every phone; asks first
    #[arg(long, conflicts_with_all = ["targets", "from"])]
    all: bool,
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
    /// Whether it is about many phones.
    pub(super) fn many(&self) -> bool {
        self.all || self.from.is_some()
    }

    pub(super) async fn run<'a>(&'a self, app: &'a App) -> Result<Output<'a>, Error> {
        if let Some(from) = &self.from {
            app.may_change(&format!("revoke the codes of each line of {}", from.display()), Asks::First).await?;
            return Ok(Output::Many(Box::new(Batch::open(app, from, self).await?)));
        }
        if self.all {
            return self.everything(app).await.map(Output::One);
        }
        let mut targets = Vec::with_capacity(self.targets.len());
        for text in &self.targets {
            targets.push(target(app, text).await?);
        }
        let whom = targets.iter().map(|target| target.shown(app)).collect::<Vec<_>>().join(", ");
        app.may_change(&format!("revoke the codes of {whom}"), Asks::First).await?;
        let mut challenges = Vec::new();
        for target in &targets {
            let revoked = self.one(app, target).await.map_err(|error| after(error, challenges.len()))?;
            challenges.extend(revoked);
        }
        Ok(Output::One(revoked(app, challenges, whom)))
    }

    fn asked<'a>(&'a self, app: &'a App, challenge_id: Option<&'a str>) -> Revoke<'a> {
        Revoke { purpose: self.purpose.as_ref(), challenge_id, reason: app.globals.reason.as_deref() }
    }

    async fn one(&self, app: &App, target: &Target) -> Result<Vec<String>, Error> {
        let asked = self.asked(app, target.challenge.as_deref());
        let verifier = app.verifier().await?;
        let revoked = verifier.revoke(&target.phone, &asked).await.map_err(|error| target.failed(app, error))?;
        if self.must_exist && revoked.outcome.0.is_empty() {
            return Err(target.failed(app, Error::said(Exit::NotFound, "there is no live code")));
        }
        Ok(revoked.outcome.0)
    }

    /// Page by page. A code that is made meanwhile may or may not be among them.
    async fn everything(&self, app: &App) -> Done {
        app.may_change("revoke every live code", Asks::Never).await?;
        if !app.globals.dry_run {
            app.confirm("Revoke every live code of every phone?").await?;
        }
        let verifier = app.verifier().await?;
        let asked = self.asked(app, None);
        let (mut challenges, mut place) = (Vec::new(), None);
        loop {
            let page = verifier.page(Wanted::Live, |_| true, place.as_deref()).await;
            let page = page.map_err(|error| after(error, challenges.len()))?;
            for line in page.found {
                let revoked = verifier.revoke(&line.phone, &asked).await;
                challenges.extend(revoked.map_err(|error| after(error, challenges.len()))?.outcome.0);
            }
            place = page.next;
            if place.is_none() {
                break;
            }
        }
        if self.must_exist && challenges.is_empty() {
            return Err(Error::said(Exit::NotFound, "there is no live code"));
        }
        Ok(revoked(app, challenges, "every phone".to_owned()))
    }
}

/// A failure after others were done is told as one of many: what was revoked stays revoked.
fn after(error: impl Into<Error>, revoked: usize) -> Error {
    let mut error = error.into();
    if revoked > 0 {
        error.exit = Exit::Partial;
        let done = many(revoked, "code was", "codes were");
        error.source = error.source.context(format!("{done} revoked before this failed"));
    }
    error
}

fn revoked(app: &App, challenges: Vec<String>, whom: String) -> Box<dyn Report> {
    let (schema, revoked, dry_run) = ("otpctl.revoke/1", challenges.len(), app.globals.dry_run);
    Box::new(Revoked { schema, revoked, challenges, dry_run, whom })
}

#[async_trait(?Send)]
impl Each for Args {
    async fn each(&self, app: &App, target: &Target) -> Done {
        Ok(revoked(app, self.one(app, target).await?, target.shown(app)))
    }
}

impl Report for Revoked {
    fn human(&self) -> Human {
        let done = if self.dry_run { "Would revoke" } else { "Revoked" };
        Human::Text(format!("{done} {} of {}.", many(self.revoked, "code", "codes"), self.whom))
    }

    fn document(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}
