//! `policy remove`: an entry is gone.

use serde::Serialize;

use super::Entry;
use super::scope::ScopeArg;
use crate::app::{App, Confirm};
use crate::commands::CommandResult;
use crate::error::Exit;
use crate::output::{Human, Report};

/// Remove the entry of a phone, a prefix or a country
///
/// Blocks, allows, and opt-outs that a provider reported. That there is none is no error: exit 0.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A phone, the first digits of numbers (+9198), or a country (IN)
    #[arg(value_name = "PHONE|PREFIX|COUNTRY")]
    scope: ScopeArg,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Removed {
    /// The entry that was removed; `null`: there was none.
    entry: Option<Entry>,
    dry_run: bool,
    #[serde(skip)]
    shown: String,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let resolved = self.scope.resolve(app).await?;
        let shown = resolved.shown(app);
        app.may_change(&format!("remove the policy entry of {shown}"), Confirm::Yes).await?;
        let (removed, _) = app
            .audited(resolved.act("remove"), async |operations| {
                let removed = operations.remove_policy(&resolved.scope).await;
                removed.map(|removed| (removed, Exit::Ok)).map_err(|error| resolved.failed(app, error))
            })
            .await?;
        let entry = match &removed.before {
            Some(entry) => Some(Entry::new(app, &resolved.scope, entry, resolved.typed()).await),
            None => None,
        };
        Ok(Box::new(Removed { entry, dry_run: app.globals.dry_run, shown }))
    }
}

impl Report for Removed {
    const SCHEMA: &str = "otpctl.policy_remove/1";

    fn human(&self) -> Human {
        let Some(entry) = &self.entry else {
            return Human::Text(format!("{} has no policy entry.", self.shown));
        };
        let done = if self.dry_run { "Would remove" } else { "Removed" };
        let what = if entry.effect == "allow" { "allow entry" } else { "block" };
        Human::Text(format!("{done} the {what} of {}.", self.shown))
    }
}

crate::otp::schema::documents! { "otpctl.policy_remove/1" => Removed }
