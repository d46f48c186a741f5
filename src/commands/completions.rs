//! `completions`: scripts for shells.

use clap_complete::Shell;
use serde::Serialize;

use super::{CommandResult, NAME, whole};
use crate::app::App;
use crate::output::{Human, Report};

/// Print a shell completion script
///
/// For bash: otpctl completions bash > ~/.local/share/bash-completion/completions/otpctl
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Script {
    shell: String,
    script: String,
}

impl Args {
    #[expect(clippy::unnecessary_wraps, reason = "every command runs alike")]
    pub(super) fn run(&self, _app: &App) -> CommandResult {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut whole(), NAME, &mut script);
        let script = String::from_utf8_lossy(&script).into_owned();
        Ok(Box::new(Script { shell: self.shell.to_string(), script }))
    }
}

impl Report for Script {
    const SCHEMA: &str = "otpctl.completions/1";

    fn human(&self) -> Human {
        Human::Raw(self.script.clone())
    }
}

crate::otp::schema::documents! { "otpctl.completions/1" => Script }
