//! `provider`: the ways to a phone.

mod check;
mod list;
mod show;

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
    Show(show::Args),
    Check(check::Args),
}

impl Args {
    pub(super) fn run(&self, app: &App) -> Done {
        match &self.command {
            Command::List(args) => args.run(app),
            Command::Show(args) => args.run(app),
            Command::Check(args) => args.run(),
        }
    }
}
