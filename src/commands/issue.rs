//! `issue`: makes a code and prints it once, to be read out or used by a script.

use serde::Serialize;

use super::CommandResult;
use super::code_options::CodeOptions;
use super::target::TargetArg;
use crate::app::{App, Confirm};
use crate::error::{Error, Exit};
use crate::otp::rules::Reserved;
use crate::otp::time::rfc3339;
use crate::otp::{Code, Hint, Moment, Purpose, UserId};
use crate::output::{Human, Report};

/// Make a code and print it once, instead of sending it
///
/// It replaces every other live code of its purpose. No SMS is sent, so neither send limits nor the countries and types
/// of `[policy]` are asked; a lock is. Where the file is protected it needs `reveal = true` there, and a
/// --reason.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A number, `user:ID` or a `ph_…` reference
    #[arg(value_name = "PHONE|USER")]
    target: TargetArg,
    #[command(flatten)]
    wanted: CodeOptions,
}

struct Issued {
    challenge_id: String,
    phone: String,
    code: Option<Code>,
    purpose: Purpose,
    user: Option<UserId>,
    created_at: Moment,
    expires_at: Moment,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let settings = app.settings()?;
        if settings.protected {
            if !settings.reveal {
                return Err(Error::said(Exit::Config, "this protected file does not allow codes to be printed").hint(
                    Hint::run(&["send"])
                        .arg(self.target.to_string())
                        .because("set `reveal = true` in the file, or send it instead"),
                ));
            }
            if app.globals.reason.is_none() {
                return Err(Error::said(Exit::Confirm, "printing a code of a protected file needs a reason")
                    .hint("say --reason TEXT"));
            }
        }
        let target = self.target.resolve_phone(app).await?;
        app.may_change(&format!("print a code for {}", target.shown(app)), Confirm::Yes).await?;
        app.guard().await?;
        app.printer.may_print_once("the code")?;
        let code = self.wanted.code(app, &target).await?;
        let asked = self.wanted.issue(app, &target, &code).await?;
        let issued = app.operations().await?.issue(&asked).await.map_err(|error| target.failed(app, error))?;
        let (Reserved::New(challenge) | Reserved::Replayed(challenge)) = issued.outcome;
        Ok(Box::new(Issued {
            challenge_id: challenge.id,
            phone: target.shown(app),
            code: (!app.globals.dry_run).then_some(code),
            purpose: self.wanted.purpose.clone(),
            user: challenge.user,
            created_at: challenge.created_at,
            expires_at: challenge.expires_at,
        }))
    }
}

impl Report for Issued {
    fn human(&self) -> Human {
        match &self.code {
            // Alone on its line, so that it can be copied.
            Some(code) => Human::Text(code.expose().to_owned()),
            None => Human::Text(format!("Would print a code for {}; nothing was stored.", self.phone)),
        }
    }

    fn document(&self) -> serde_json::Result<String> {
        #[derive(Serialize)]
        struct Document<'a> {
            schema: &'static str,
            challenge_id: Option<&'a str>,
            phone: &'a str,
            code: Option<&'a str>,
            purpose: &'a Purpose,
            user: Option<&'a UserId>,
            #[serde(serialize_with = "rfc3339")]
            created_at: Moment,
            #[serde(serialize_with = "rfc3339")]
            expires_at: Moment,
            dry_run: bool,
        }
        serde_json::to_string(&Document {
            schema: "otpctl.issue/1",
            challenge_id: self.code.as_ref().map(|_| self.challenge_id.as_str()),
            phone: &self.phone,
            code: self.code.as_ref().map(Code::expose),
            purpose: &self.purpose,
            user: self.user.as_ref(),
            created_at: self.created_at,
            expires_at: self.expires_at,
            dry_run: self.code.is_none(),
        })
    }

    fn hints(&self) -> Vec<Hint> {
        let seconds = self.expires_at.since(self.created_at).as_secs();
        vec![format!("for {}, valid for {seconds} s, and shown only once", self.phone).into()]
    }
}
