//! `provider`: the ways to a phone.

mod list;

use clap::Subcommand;

use super::Done;
use crate::app::App;

/// Look at SMS providers
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Args),
}

impl Args {
    pub(super) fn run(&self, app: &App) -> Done {
        match &self.command {
            Command::List(args) => args.run(app),
        }
    }
}
