//! `policy allow`: a phone, a prefix or a country may be sent to, whatever the file's policy says.

use super::set::Options;
use crate::app::App;
use crate::commands::CommandResult;
use crate::otp::policy_entry::PolicyEffect;

/// Send to a phone, a prefix or a country anyway
///
/// Lifts `[policy]`, brakes and the rule against close numbers. Locks, send limits and caps still hold. With a protected
/// file, pass --until or --reason.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    options: Options,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        self.options.set(app, PolicyEffect::Allow).await
    }
}
