//! `policy block`: nothing is sent to a phone, a prefix or a country.

use super::set::Options;
use crate::app::App;
use crate::commands::CommandResult;
use crate::otp::policy_entry::PolicyEffect;

/// Send nothing to a phone, a prefix or a country
///
/// A send that is under way to a blocked phone is stopped, if its SMS is not at the provider yet. Codes that were sent keep
/// working; `revoke` cancels them. `issue` still prints codes.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    options: Options,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        self.options.set(app, PolicyEffect::Block).await
    }
}
