//! `config`: the one file that is read.

mod check;
mod init;
mod path;
mod show;

use crate::app::App;
use crate::error::Error;
use crate::output::Output;

/// Find, show, check or create the configuration file
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

commands! {
    "Commands" {
        Path "path" path ["config path", "config path --json"];
        Show "show" show ["config show", "config show --origin"];
        Check "check" check.await ["config check", "config check --json"];
        Init "init" init ["config init", "config init --profile staging"];
    }
}

impl Args {
    pub(super) async fn run<'a>(&'a self, app: &'a App) -> Result<Output<'a>, Error> {
        self.command.run(app).await
    }
}
