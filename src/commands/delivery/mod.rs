//! `delivery`: what became of SMS.

mod handed_in;
mod record;

use clap::Subcommand;

use super::CommandResult;
use crate::app::App;

/// Take in what became of SMS
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Record(record::Args),
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        match &self.command {
            Command::Record(args) => args.run(app).await,
        }
    }
}
