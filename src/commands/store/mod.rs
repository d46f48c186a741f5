//! `store`: what a store needs from its owner.

mod acl;
mod check;
mod purge;
mod row;
mod walk;

use crate::app::App;
use crate::error::Error;
use crate::output::Output;

/// Check and clean the store; print Redis ACL rules
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

commands! {
    "Commands" {
        Check "check" check.await ["store check", "store check --limit 100"];
        Purge "purge" purge.await ["store purge --dry-run", "store purge --yes"];
        Acl "acl" acl.await ["store acl", "store acl --role support --user asha"];
    }
}

impl Args {
    /// Whether it goes over all keys.
    pub(super) fn is_batch(&self) -> bool {
        !matches!(self.command, Command::Acl(_))
    }

    pub(super) async fn run<'a>(&'a self, app: &'a App) -> Result<Output<'a>, Error> {
        self.command.run(app).await
    }
}
