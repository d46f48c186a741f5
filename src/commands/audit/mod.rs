//! `audit`: the records of what was done, checked.

mod anchor;
mod verify;

pub(super) use verify::chain;

use crate::app::App;
use crate::audit::Log;
use crate::error::{Error, Exit};
use crate::output::Output;

/// Check the records of what was done
///
/// With `[audit]` in the file, each change is recorded before and after it is made: who, what, which phone, why.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

commands! {
    "Commands" {
        Verify "verify" verify.await ["audit verify", "audit verify --json"];
        Anchor "anchor" anchor.await ["audit anchor", "audit anchor --json"];
    }
}

impl Args {
    pub(super) async fn run<'a>(&'a self, app: &'a App) -> Result<Output<'a>, Error> {
        self.command.run(app).await
    }
}

/// The audit of the file.
async fn configured(app: &App) -> Result<&Log, Error> {
    app.audit_log().await?.ok_or_else(|| {
        Error::said(Exit::Config, "this file keeps no audit")
            .hint("add it: [audit] file = \"/var/log/otpctl/audit.jsonl\"")
    })
}
