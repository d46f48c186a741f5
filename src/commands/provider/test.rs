//! `provider test`: whether the settings of a provider work, at no cost.

use serde::Serialize;

use super::question;
use crate::app::App;
use crate::commands::CommandResult;
use crate::output::{Human, Report};

/// Test the settings of a provider with one free request
///
/// No SMS is sent. `console`, `outbox` and `command` make no request; they tell whether they could do their work.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The name of a configured provider
    name: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Tested {
    provider: String,
    kind: String,
    ok: Option<bool>,
    says: Option<String>,
    dry_run: bool,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let kind = question::configured(app, &self.name)?.kind.as_str().to_owned();
        let dry_run = app.globals.dry_run;
        let says = if dry_run {
            if !app.provider(&self.name).await?.capabilities().test {
                return Err(question::not_offered(&self.name));
            }
            None
        } else {
            question::ask(app, &self.name, async |provider, deadline| provider.test(deadline).await).await?
        };
        let provider = self.name.clone();
        Ok(Box::new(Tested { provider, kind, ok: (!dry_run).then_some(true), says, dry_run }))
    }
}

impl Report for Tested {
    const SCHEMA: &str = "otpctl.provider_test/1";

    fn human(&self) -> Human {
        let said = self.says.as_ref().map(|says| format!("; {says}")).unwrap_or_default();
        Human::Text(if self.dry_run {
            format!("Would test the settings of {}.", self.provider)
        } else {
            format!("The settings of {} work{said}.", self.provider)
        })
    }
}

crate::otp::schema::documents! { "otpctl.provider_test/1" => Tested }
