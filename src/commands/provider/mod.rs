//! `provider`: the ways to a phone.

mod balance;
mod check;
mod list;
pub(super) mod question;
mod show;
mod test;

use clap::Subcommand;

use super::CommandResult;
use crate::app::App;

/// Look at SMS providers, and ask them what costs nothing
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
    Test(test::Args),
    Balance(balance::Args),
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        match &self.command {
            Command::List(args) => args.run(app).await,
            Command::Show(args) => args.run(app),
            Command::Check(args) => args.run(),
            Command::Test(args) => args.run(app).await,
            Command::Balance(args) => args.run(app).await,
        }
    }
}
