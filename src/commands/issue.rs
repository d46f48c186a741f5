//! `issue`: makes a code and prints it once, to be read out or used by a script.

use async_trait::async_trait;
use serde::{Serialize, Serializer};

use super::CommandResult;
use super::batch::{BatchArgs, Column, Columns, Each, Line};
use super::code_options::CodeOptions;
use super::target::{Target, TargetArg, required};
use crate::app::{Act, App, Confirm};
use crate::error::{Error, Exit};
use crate::otp::rules::Reserved;
use crate::otp::time::rfc3339;
use crate::otp::{Code, Hint, Moment, Purpose, UserId};
use crate::output::{Human, Ids, Output, Report, when};

/// Print a new code instead of sending it
///
/// It replaces every other live code of its purpose. No SMS is sent, so send limits and `[policy]` do not apply; a lock
/// does. With a protected file it needs `reveal = true` there, and --reason.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A phone number, `user:ID`, or a `ph_…` reference
    #[arg(value_name = "PHONE|USER", required_unless_present = "from", conflicts_with = "from")]
    target: Option<TargetArg>,
    #[command(flatten)]
    options: CodeOptions,
    #[command(flatten)]
    many: BatchArgs,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Issued {
    challenge_id: Option<String>,
    phone: String,
    /// `null` in a dry run, which stores no code.
    #[serde(serialize_with = "exposed")]
    code: Option<Code>,
    purpose: Purpose,
    user: Option<UserId>,
    #[serde(serialize_with = "rfc3339")]
    created_at: Moment,
    #[serde(serialize_with = "rfc3339")]
    expires_at: Moment,
    dry_run: bool,
}

/// This document is the one place where a code is written out.
#[expect(clippy::ref_option, reason = "serde gives a field so")]
fn exposed<S: Serializer>(code: &Option<Code>, serializer: S) -> Result<S::Ok, S::Error> {
    code.as_ref().map(Code::expose).serialize(serializer)
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
        may_reveal(app, &target.to_string())?;
        has_reason(app)?;
        let target = target.resolve_phone(app).await?;
        app.may_change(&format!("print a code for {}", target.shown(app)), Confirm::Yes).await?;
        app.guard().await?;
        app.printer.may_print_once("the code")?;
        one(app, &target, &self.options).await.map(Output::One)
    }
}

/// Refuses to print codes where the file is protected and does not allow it.
fn may_reveal(app: &App, target: &str) -> Result<(), Error> {
    let settings = app.settings()?;
    if !settings.protected || settings.reveal {
        return Ok(());
    }
    Err(Error::said(Exit::Config, "this protected file does not allow printing codes")
        .hint(Hint::run(&["send"]).arg(target).because("set `reveal = true` in the file, or send it instead")))
}

/// Refuses to print a code without a reason where the file is protected.
fn has_reason(app: &App) -> Result<(), Error> {
    if !app.settings()?.protected || app.reason().is_some() {
        return Ok(());
    }
    Err(Error::said(Exit::Confirm, "printing a code with a protected file needs a reason").hint("pass --reason TEXT"))
}

async fn one(app: &App, target: &Target, options: &CodeOptions) -> CommandResult {
    let code = options.code(app, target).await?;
    let asked = options.issue(app, target, &code).await?;
    let (challenge, _) = app
        .audited(Act::on(&target.phone), async |operations| {
            let issued = operations.issue(&asked).await.map_err(|error| target.failed(app, error))?;
            let (Reserved::New(challenge) | Reserved::Replayed(challenge)) = issued.outcome;
            let ids = vec![challenge.id.clone()];
            Ok((challenge, ids))
        })
        .await?;
    Ok(Box::new(Issued {
        challenge_id: Some(challenge.id).filter(|_| !app.globals.dry_run),
        phone: target.shown(app),
        code: Some(code).filter(|_| !app.globals.dry_run),
        purpose: options.purpose.clone(),
        user: challenge.user,
        created_at: challenge.created_at,
        expires_at: challenge.expires_at,
        dry_run: app.globals.dry_run,
    }))
}

#[async_trait(?Send)]
impl Each for Args {
    fn columns(&self) -> Columns {
        Columns { more: &[Column::Purpose, Column::Ttl, Column::User, Column::Reason], needed: &[] }
    }

    fn prints_once(&self) -> bool {
        true
    }

    fn question(&self, lines: &str) -> String {
        format!("print a code for {lines}")
    }

    fn options(&self) -> Vec<(&'static str, Option<String>)> {
        self.options.listed()
    }

    async fn allowed(&self, app: &App) -> Result<(), Error> {
        may_reveal(app, "PHONE")?;
        app.guard().await?;
        app.printer.may_print_once("each code")
    }

    async fn each(&self, app: &App, target: &Target, line: &Line) -> CommandResult {
        target.is_a_phone(app).await?;
        has_reason(app)?;
        one(app, target, &self.options.of_line(line)?).await
    }
}

impl Report for Issued {
    const SCHEMA: &str = "otpctl.issue/1";

    fn human(&self) -> Human {
        match &self.code {
            // Alone on its line, so that it can be copied.
            Some(code) => Human::Text(code.expose().to_owned()),
            None => Human::Text(format!("Would print a code for {}; nothing was stored.", self.phone)),
        }
    }

    fn ids(&self) -> Ids<'_> {
        Ids { challenge: self.challenge_id.as_deref(), attempt: None }
    }

    fn hints(&self) -> Vec<Hint> {
        let expires = when(self.expires_at, self.created_at);
        vec![format!("read it to {}; it expires {expires}, and is shown only once", self.phone).into()]
    }
}

crate::otp::schema::documents! { "otpctl.issue/1" => Issued }
