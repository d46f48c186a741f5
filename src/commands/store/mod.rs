//! `store`: what a store needs from its owner.

mod acl;

use clap::Subcommand;

use super::Done;
use crate::app::App;

/// Look after the store
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Acl(acl::Args),
}

impl Args {
    pub(super) fn run(&self, app: &App) -> Done {
        match &self.command {
            Command::Acl(args) => args.run(app),
        }
    }
}
