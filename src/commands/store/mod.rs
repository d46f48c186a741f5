//! `store`: what a store needs from its owner.

mod acl;
mod check;
mod purge;
mod row;
mod walk;

use clap::Subcommand;

use crate::app::App;
use crate::error::Error;
use crate::output::Output;

/// Look after the store
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Args),
    Purge(purge::Args),
    Acl(acl::Args),
}

impl Args {
    /// Whether it goes over all keys.
    pub(super) fn is_batch(&self) -> bool {
        !matches!(self.command, Command::Acl(_))
    }

    pub(super) async fn run<'a>(&'a self, app: &'a App) -> Result<Output<'a>, Error> {
        match &self.command {
            Command::Check(args) => args.run(app).await,
            Command::Purge(args) => args.run(app).await,
            Command::Acl(args) => args.run(app).await.map(Output::One),
        }
    }
}
