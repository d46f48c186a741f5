//! `completions`: scripts for shells.

use clap_complete::Shell;
use clap_complete::env::Shells;
use serde::Serialize;

use super::{CommandResult, NAME};
use crate::app::App;
use crate::error::{Error, Exit};
use crate::output::{Human, Report};

/// The variable that says which shell asks what could come next.
pub(crate) const COMPLETING: &str = "OTPCTL_COMPLETE";

/// From a folder of `$fpath` zsh runs the file when it is first asked, and wants an answer from that run, too.
const AUTOLOADED: &str = "
if [ \"$funcstack[1]\" = _otpctl ]; then
    _clap_dynamic_completer_otpctl \"$@\"
fi
";

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
    pub(super) fn run(&self, _app: &App) -> CommandResult {
        let (shell, shells) = (self.shell.to_string(), Shells::builtins());
        let mut script = Vec::new();
        // The script finds the program as the shell does, so that it outlives where this one is.
        let written =
            shells.completer(&shell).map(|own| own.write_registration(COMPLETING, NAME, NAME, NAME, &mut script));
        written.transpose().map_err(|error| Error::new(Exit::Internal, error))?;
        let mut script = String::from_utf8_lossy(&script).into_owned();
        if self.shell == Shell::Zsh {
            script.push_str(AUTOLOADED);
        }
        Ok(Box::new(Script { shell, script }))
    }
}

impl Report for Script {
    const SCHEMA: &str = "otpctl.completions/1";

    fn human(&self) -> Human {
        Human::Raw(self.script.clone())
    }
}

crate::otp::schema::documents! { "otpctl.completions/1" => Script }
