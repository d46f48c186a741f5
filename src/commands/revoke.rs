//! `revoke`: cancels live codes.

use async_trait::async_trait;
use serde::Serialize;

use super::CommandResult;
use super::batch::{BatchArgs, Column, Columns, Each, Line};
use super::skipped::{self, Skipped};
use super::target::{Target, TargetArg};
use crate::app::{Act, App, Confirm, Done};
use crate::error::{Error, Exit};
use crate::operations::{ListFilter, Listed, Operations};
use crate::otp::rules::RevokeRequest;
use crate::otp::{Hint, Purpose};
use crate::output::{AnyReport, Human, Output, Report, plural};

/// Cancel live codes
///
/// Exits with 0 even if there is no live code. The count of wrong codes does not change.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Phone numbers, `user:ID`, `ch_…` ids, or `ph_…` references
    #[arg(value_name = "PHONE|USER|ID", required_unless_present_any = ["from", "all"], conflicts_with = "from")]
    targets: Vec<TargetArg>,
    /// All live codes of every phone; asks first
    #[arg(long, conflicts_with_all = ["targets", "from"])]
    all: bool,
    /// Only codes for this purpose
    #[arg(long)]
    purpose: Option<Purpose>,
    /// Exit with 14 if there is no live code
    #[arg(long)]
    must_exist: bool,
    #[command(flatten)]
    many: BatchArgs,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Revoked {
    revoked: usize,
    challenges: Vec<String>,
    dry_run: bool,
    /// Those of many whose codes may still be live.
    failed: Vec<Skipped>,
    #[serde(skip)]
    whom: String,
}

/// What came of many.
#[derive(Default)]
struct Tally {
    challenges: Vec<String>,
    failed: Vec<Skipped>,
    /// Failures of the store, not of a record, one after the other.
    in_a_row: usize,
}

/// So many failures of the store, one after the other, and it is taken for gone.
const GONE: usize = 3;

impl Args {
    /// Whether it is about many phones.
    pub(super) fn is_batch(&self) -> bool {
        self.all || self.many.is_batch()
    }

    pub(super) async fn run<'a>(&'a self, app: &'a App) -> Result<Output<'a>, Error> {
        if let Some(many) = self.many.many(app, self).await? {
            return Ok(many);
        }
        if self.all {
            return self.everything(app).await.map(Output::One);
        }
        if let [only] = self.targets.as_slice() {
            let only = only.resolve(app).await?;
            let whom = only.shown(app);
            app.may_change(&format!("revoke the codes of {whom}"), Confirm::Yes).await?;
            let done = self.one(app, &only, self.purpose.as_ref()).await?;
            return Ok(Output::One(revoked(app, done, Vec::new(), whom)));
        }
        self.several(app).await.map(Output::One)
    }

    async fn several(&self, app: &App) -> CommandResult {
        let mut targets = Vec::with_capacity(self.targets.len());
        let parsed = self.targets.iter().map(|target| Ok((target, target.parsed(app)?)));
        // What cannot be meant is told before the store is touched. Who is not found keeps nobody else waiting.
        for (typed, parsed) in parsed.collect::<Result<Vec<_>, Error>>()? {
            match parsed.resolve(app).await {
                Err(error) if matches!(error.exit, Exit::Usage | Exit::Config) => return Err(error),
                found => targets.push((typed.to_string(), found)),
            }
        }
        let shown = targets.iter().map(|(typed, target)| match target {
            Ok(target) => target.shown(app),
            Err(_) => typed.clone(),
        });
        let whom = shown.collect::<Vec<_>>().join(", ");
        app.may_change(&format!("revoke the codes of {whom}"), Confirm::Yes).await?;
        let mut tally = Tally::default();
        app.progress.is_one_of_many();
        for (typed, target) in targets {
            let (name, done) = match target {
                Ok(target) => (target.argument(), self.one(app, &target, self.purpose.as_ref()).await),
                Err(error) => (typed, Err(error)),
            };
            match done {
                Ok(revoked) => tally.revoked(revoked),
                Err(error) => tally.failed(Skipped::typed(name, &error), error)?,
            }
        }
        Ok(revoked(app, tally.challenges, tally.failed, whom))
    }

    async fn one(&self, app: &App, target: &Target, purpose: Option<&Purpose>) -> Result<Vec<String>, Error> {
        let asked = RevokeRequest { purpose, challenge_id: target.challenge.as_deref(), reason: app.reason() };
        let act = Act::on(&target.phone).challenge(target.challenge.as_deref());
        app.audited(act, async |operations| {
            let revoked = operations.revoke(&target.phone, &asked).await.map_err(|error| target.failed(app, error))?;
            if self.must_exist && revoked.outcome.0.is_empty() {
                return Err(target.failed(app, Error::said(Exit::NotFound, "there is no live code")));
            }
            app.owe_revocation(&target.phone, &revoked.known.record, &revoked.outcome.0);
            Ok(revoked.outcome.0)
        })
        .await
    }

    /// Page by page. A code that is made meanwhile may or may not be among them.
    async fn everything(&self, app: &App) -> CommandResult {
        app.may_change("revoke every live code", Confirm::No).await?;
        if !app.globals.dry_run {
            let place = app.place()?;
            let question = if app.will_ask() {
                let (codes, unread) = self.count(app).await?;
                let unread =
                    if unread == 0 { String::new() } else { format!(", and those of {unread} unreadable records") };
                let codes = plural(codes, "live code", "live codes");
                format!("Revoke {codes}{unread}, of every phone, on {place}?")
            } else {
                String::new()
            };
            app.confirm(&question).await?;
        }
        let all = Act::on_many().detail("--all".to_owned());
        let (tally, _) = app.audited(all, async |operations| self.every_page(app, operations).await).await?;
        if self.must_exist && tally.challenges.is_empty() && tally.failed.is_empty() {
            return Err(Error::said(Exit::NotFound, "there is no live code"));
        }
        Ok(revoked(app, tally.challenges, tally.failed, "every phone".to_owned()))
    }

    async fn every_page(&self, app: &App, operations: Operations<'_>) -> Result<(Tally, Done), Error> {
        let asked = RevokeRequest { purpose: self.purpose.as_ref(), challenge_id: None, reason: app.reason() };
        let (mut tally, mut place) = (Tally::default(), None);
        app.progress.is_one_of_many();
        loop {
            let page = operations.page(ListFilter::Live.into(), |_| true, place.as_deref()).await;
            let page = page.map_err(|error| after(error, tally.challenges.len()))?;
            // Whether they have live codes is not known, so none of theirs is revoked.
            for one in page.skipped {
                tally.failed.push(Skipped::phone(app, &one.phone, one.error).await);
            }
            tally.failed.extend(page.missing.into_iter().map(Skipped::part));
            for line in page.found.into_iter().filter(|line| self.wants(line)) {
                match operations.revoke(&line.phone, &asked).await {
                    Ok(revoked) => tally.revoked(revoked.outcome.0),
                    Err(error) => {
                        let error = Error::from(error);
                        let failed = Skipped::phone_of(app, &line.phone, &error).await;
                        tally.failed(failed, error)?;
                    }
                }
            }
            place = page.next;
            if place.is_none() {
                let done = Done { exit: skipped::exit(&tally.failed), count: tally.challenges.len() };
                return Ok((tally, done));
            }
        }
    }

    fn wants(&self, line: &Listed) -> bool {
        self.purpose.as_ref().is_none_or(|only| *only == line.purpose)
    }

    /// How many codes it is about, and how many records cannot be read.
    async fn count(&self, app: &App) -> Result<(usize, usize), Error> {
        let operations = app.operations().await?;
        let (mut codes, mut unread, mut place) = (0, 0, None);
        loop {
            let page = operations.page(ListFilter::Live.into(), |_| true, place.as_deref()).await?;
            codes += page.found.iter().filter(|line| self.wants(line)).count();
            unread += page.skipped.len();
            place = page.next;
            if place.is_none() {
                return Ok((codes, unread));
            }
        }
    }
}

impl Tally {
    fn revoked(&mut self, challenges: Vec<String>) {
        self.challenges.extend(challenges);
        self.in_a_row = 0;
    }

    /// Notes a failure. A store that fails again and again ends the command.
    fn failed(&mut self, failed: Skipped, error: Error) -> Result<(), Error> {
        self.in_a_row = if failed.is_of_store() { self.in_a_row + 1 } else { 0 };
        if self.in_a_row >= GONE {
            return Err(after(error, self.challenges.len()));
        }
        self.failed.push(failed);
        Ok(())
    }
}

/// A failure after others were done is told as one of many: what was revoked stays revoked.
fn after(error: impl Into<Error>, revoked: usize) -> Error {
    let mut error = error.into();
    if revoked > 0 {
        error.exit = Exit::Partial;
        let done = plural(revoked, "code was", "codes were");
        error.source = error.source.context(format!("{done} revoked before this failed"));
    }
    error
}

fn revoked(app: &App, challenges: Vec<String>, failed: Vec<Skipped>, whom: String) -> Box<dyn AnyReport> {
    let (revoked, dry_run) = (challenges.len(), app.globals.dry_run);
    Box::new(Revoked { revoked, challenges, dry_run, failed, whom })
}

#[async_trait(?Send)]
impl Each for Args {
    fn columns(&self) -> Columns {
        Columns { more: &[Column::Purpose, Column::Reason], needed: &[] }
    }

    fn question(&self, lines: &str) -> String {
        format!("revoke the codes of {lines}")
    }

    fn options(&self) -> Vec<(&'static str, Option<String>)> {
        let purpose = self.purpose.as_ref().map(ToString::to_string);
        vec![("purpose", purpose), ("must_exist", self.must_exist.then(|| "yes".to_owned()))]
    }

    async fn each(&self, app: &App, target: &Target, line: &Line) -> CommandResult {
        let own = line.read(Column::Purpose, str::parse::<Purpose>)?;
        let done = self.one(app, target, own.as_ref().or(self.purpose.as_ref())).await?;
        Ok(revoked(app, done, Vec::new(), target.shown(app)))
    }
}

impl Report for Revoked {
    const SCHEMA: &str = "otpctl.revoke/1";

    fn human(&self) -> Human {
        let done = if self.dry_run { "Would revoke" } else { "Revoked" };
        Human::Text(format!("{done} {} of {}.", plural(self.revoked, "code", "codes"), self.whom))
    }

    fn warnings(&self) -> Vec<String> {
        skipped::warnings(&self.failed)
    }

    fn hints(&self) -> Vec<Hint> {
        skipped::hint(&self.failed).into_iter().collect()
    }

    fn exit(&self) -> Exit {
        skipped::exit(&self.failed)
    }
}

crate::otp::schema::documents! { "otpctl.revoke/1" => Revoked }
