//! `outcome`: how a delivered code ended, told by whoever checks it.

use clap::ValueEnum;
use serde::Serialize;

use super::CommandResult;
use super::target::TargetArg;
use crate::app::{Act, App, Confirm};
use crate::error::{Error, Exit};
use crate::otp::record::ToldOutcome;
use crate::otp::rules::OutcomeRequest;
use crate::otp::{Hint, Purpose, UserId};
use crate::output::{Human, Ids, Report};

/// Record how a code ended that another server checks
///
/// Statistics and the brakes against SMS pumping go by it, as they go by `verify` for codes that are made here. Telling the
/// same again counts once. Exits with 14 if no such code was delivered.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A phone number, `user:ID`, a `ph_…` reference, or the `ch_…` id of the code
    #[arg(value_name = "PHONE|USER|ID")]
    target: TargetArg,
    /// How it ended
    #[arg(value_name = "OUTCOME")]
    outcome: Word,
    /// This code instead of the newest
    #[arg(long, value_name = "ID")]
    challenge: Option<String>,
    /// What the code is for
    #[arg(long, default_value_t)]
    purpose: Purpose,
}

/// How it ended, as it is typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Word {
    /// The right code was typed
    Verified,
    /// Nobody typed it in time
    Abandoned,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Recorded {
    challenge_id: Option<String>,
    phone: String,
    purpose: Purpose,
    user: Option<UserId>,
    outcome: ToldOutcome,
    /// It was told before.
    replayed: bool,
    dry_run: bool,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let target = self.target.resolve(app).await?;
        let challenge_id = match (&target.challenge, &self.challenge) {
            (Some(own), Some(named)) if own != named => {
                let why = format!("{own} and --challenge {named} name two codes");
                return Err(Error::said(Exit::Usage, why).hint("name one of them"));
            }
            (own, named) => named.as_deref().or(own.as_deref()),
        };
        let outcome = match self.outcome {
            Word::Verified => ToldOutcome::Verified,
            Word::Abandoned => ToldOutcome::Abandoned,
        };
        app.may_change("record how a code ended", Confirm::No).await?;
        app.guard().await?;
        let asked = OutcomeRequest { purpose: &self.purpose, challenge_id, outcome, reason: app.reason() };
        let act = Act::on(&target.phone).challenge(challenge_id).detail(outcome.as_str().to_owned());
        let (recorded, _) = app
            .audited(act, async |operations| {
                let told = operations.outcome(&target.phone, &asked).await;
                let applied = told.map_err(|error| target.failed(app, error))?;
                let (record, told) = (applied.known.record, applied.outcome);
                if !told.replayed && !app.globals.dry_run {
                    let verified = outcome == ToldOutcome::Verified;
                    app.owe_feedback(&target.phone, &record, &told.challenge.id, verified);
                }
                let ids = vec![told.challenge.id.clone()];
                Ok((told, ids))
            })
            .await?;
        Ok(Box::new(Recorded {
            challenge_id: Some(recorded.challenge.id),
            phone: target.shown(app),
            purpose: recorded.purpose,
            user: recorded.user,
            outcome,
            replayed: recorded.replayed,
            dry_run: app.globals.dry_run,
        }))
    }
}

impl Report for Recorded {
    const SCHEMA: &str = "otpctl.outcome/1";

    fn human(&self) -> Human {
        let (phone, outcome) = (&self.phone, self.outcome.as_str());
        Human::Text(match (self.dry_run, self.replayed) {
            (_, true) => format!("It was recorded before that the code for {phone} was {outcome}."),
            (true, false) => format!("Would record that the code for {phone} was {outcome}."),
            (false, false) => format!("Recorded that the code for {phone} was {outcome}."),
        })
    }

    fn ids(&self) -> Ids<'_> {
        Ids { challenge: self.challenge_id.as_deref(), attempt: None }
    }

    fn hints(&self) -> Vec<Hint> {
        Vec::new()
    }
}

crate::otp::schema::documents! { "otpctl.outcome/1" => Recorded }
