//! `config`: the one file that is read.

mod check;
mod init;
mod path;
mod show;

use clap::Subcommand;

use super::CommandResult;
use crate::app::App;

/// Find, show, check or start the configuration file
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Path(path::Args),
    Show(show::Args),
    Check(check::Args),
    Init(init::Args),
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        match &self.command {
            Command::Path(args) => args.run(app),
            Command::Show(args) => args.run(app),
            Command::Check(args) => args.run(app).await,
            Command::Init(args) => args.run(app),
        }
    }
}
