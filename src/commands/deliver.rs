//! `deliver`: sends a code that another server made and checks.

use std::io::IsTerminal as _;

use async_trait::async_trait;

use super::CommandResult;
use super::batch::{BatchArgs, Column, Columns, Each, Line};
use super::send::{SENDING, Sending};
use super::target::{Target, TargetArg, required, standard_input};
use crate::app::App;
use crate::error::{Error, Exit};
use crate::otp::{Code, Hint};
use crate::output::Output;

/// No code is longer, with the end of its line.
const LONGEST: u64 = 64;

/// Send a code that another server made and checks
///
/// The code is read from stdin: 4 to 12 letters or digits. Policy, limits, routes and the timeline are those of `send`. Nothing
/// of the code is stored, so `verify` cannot check it; `outcome` tells how it ended.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A phone number, `user:ID`, or a `ph_…` reference
    #[arg(value_name = "PHONE|USER", required_unless_present = "from", conflicts_with = "from")]
    target: Option<TargetArg>,
    #[command(flatten)]
    sending: Sending,
    #[command(flatten)]
    many: BatchArgs,
}

impl Args {
    /// Whether it is about many phones.
    pub(super) fn is_batch(&self) -> bool {
        self.many.is_batch()
    }

    pub(super) async fn run<'a>(&'a self, app: &'a App) -> Result<Output<'a>, Error> {
        if let Some(many) = self.many.many(app, self).await? {
            return Ok(many);
        }
        let typed = required(self.target.as_ref())?;
        let target = typed.resolve_phone(app).await?;
        // What the role may not do is told before a code is asked for.
        self.sending.may_concern(app, &target)?;
        let code = code(app, typed).await?;
        self.sending.relay(app, &target, &code).await.map(Output::One)
    }
}

/// The code, from a terminal or standard input: an argument could be read by every process of the machine.
async fn code(app: &App, typed: &TargetArg) -> Result<Code, Error> {
    let text = match std::io::stdin().is_terminal() {
        true if app.globals.no_input => {
            return Err(Error::said(Exit::Usage, "no code was given, and prompts are off")
                .hint(Hint::run(&["deliver"]).arg(typed.to_string()).reading("code.txt".as_ref())));
        }
        true => app.ask("Code: ").await?,
        false => standard_input(app, LONGEST).await?.into(),
    };
    Code::relayed(text.trim_end_matches(['\n', '\r'])).map_err(|error| Error::new(Exit::Usage, error))
}

#[async_trait(?Send)]
impl Each for Args {
    fn columns(&self) -> Columns {
        Columns { more: SENDING, needed: &[Column::Code] }
    }

    fn sends(&self) -> bool {
        true
    }

    fn question(&self, lines: &str) -> String {
        format!("send a code to {lines}")
    }

    fn options(&self) -> Vec<(&'static str, Option<String>)> {
        self.sending.listed()
    }

    async fn each(&self, app: &App, target: &Target, line: &Line) -> CommandResult {
        let code = line.needed(Column::Code, Code::relayed)?;
        self.sending.for_line(app, target, line, Some(&code)).await
    }
}
