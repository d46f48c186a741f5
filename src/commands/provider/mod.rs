//! `provider`: the SMS providers, and what they say of themselves.

mod balance;
mod check;
mod list;
pub(super) mod question;
mod show;
mod test;

use crate::app::App;
use crate::error::Error;
use crate::output::Output;

/// List and test providers; show balances
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

commands! {
    "Commands" {
        List "list" list.await ["provider list", "provider list --all"];
        Show "show" show ["provider show telnyx", "provider show telnyx > gateway.toml"];
        Check "check" check ["provider check gateway.toml", "provider check gateway.toml --json"];
        Test "test" test.await ["provider test console", "provider test console --json"];
        Balance "balance" balance.await ["provider balance", "provider balance --json"];
    }
}

impl Args {
    pub(super) async fn run<'a>(&'a self, app: &'a App) -> Result<Output<'a>, Error> {
        self.command.run(app).await
    }
}
