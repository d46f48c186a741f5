//! `deliver`: sends a code that another server made and checks.

use std::io::IsTerminal as _;

use super::CommandResult;
use super::send::Sending;
use super::target::{TargetArg, standard_input};
use crate::app::App;
use crate::error::{Error, Exit};
use crate::otp::{Code, Hint};

/// No code is longer, with the end of its line.
const LONGEST: u64 = 64;

/// Send a code that another server made and checks
///
/// The code is read from stdin: 4 to 12 letters or digits. Policy, limits, routes and the timeline are those of `send`. Nothing
/// of the code is stored, so `verify` cannot check it; `outcome` tells how it ended.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A phone number, `user:ID`, or a `ph_…` reference
    #[arg(value_name = "PHONE|USER")]
    target: TargetArg,
    #[command(flatten)]
    sending: Sending,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let target = self.target.resolve_phone(app).await?;
        // What the role may not do is told before a code is asked for.
        self.sending.may_concern(app, &target)?;
        let code = self.code(app).await?;
        self.sending.relay(app, &target, &code).await
    }

    /// The code, from a terminal or standard input: an argument could be read by every process of the machine.
    async fn code(&self, app: &App) -> Result<Code, Error> {
        let text = match std::io::stdin().is_terminal() {
            true if app.globals.no_input => {
                return Err(Error::said(Exit::Usage, "no code was given, and prompts are off")
                    .hint(Hint::run(&["deliver"]).arg(self.target.to_string()).reading("code.txt".as_ref())));
            }
            true => app.ask("Code: ").await?,
            false => standard_input(app, LONGEST).await?.into(),
        };
        Code::relayed(text.trim_end_matches(['\n', '\r'])).map_err(|error| Error::new(Exit::Usage, error))
    }
}
