//! `delivery`: whether SMS were delivered.

mod incoming;
mod record;

use crate::app::App;
use crate::error::Error;
use crate::output::Output;

/// Record delivery reports
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

commands! {
    "Commands" {
        Record "record" record.await [
            "delivery record < reports.jsonl",
            "delivery record --phone +919876543210 < reports.jsonl"
        ];
    }
}

impl Args {
    pub(super) async fn run<'a>(&'a self, app: &'a App) -> Result<Output<'a>, Error> {
        self.command.run(app).await
    }
}
