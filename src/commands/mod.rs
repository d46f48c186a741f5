//! One file per subcommand: its arguments, its run, its report. A command returns a report and never prints.

mod batch;
mod completions;
mod config;
mod help;
mod inspect;
mod issue;
mod list;
mod provider;
mod revoke;
mod send;
mod target;
mod unlock;
mod user;
mod verify;
mod version;

use std::time::Duration;

use clap::Subcommand;

use crate::app::App;
use crate::error::Error;
use crate::output::{Output, Report};

/// One report, of a command that gives back no more.
type Done = Result<Box<dyn Report>, Error>;

/// The time of a command that waits for no SMS.
const USUAL: Duration = Duration::from_secs(10);
/// The time of a command that does.
pub(crate) const SEND: Duration = Duration::from_secs(45);
/// The time of a command over many phones: each of them has its own.
const MANY: Duration = Duration::from_secs(24 * 60 * 60);

/// Every subcommand. Its help is the doc comment on its arguments.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "a comment here would take the place of the help on the arguments")]
pub enum Command {
    Send(send::Args),
    Issue(issue::Args),
    Verify(verify::Args),
    Inspect(inspect::Args),
    Revoke(revoke::Args),
    Unlock(unlock::Args),
    List(list::Args),
    User(user::Args),
    Config(config::Args),
    Provider(provider::Args),
    Completions(completions::Args),
    Version(version::Args),
    Help(help::Args),
}

impl Command {
    /// Runs it.
    ///
    /// # Errors
    /// What went wrong, ready to be shown.
    pub async fn run<'a>(&'a self, app: &'a App) -> Result<Output<'a>, Error> {
        let done = match self {
            Self::Send(args) => return args.run(app).await,
            Self::Issue(args) => args.run(app).await,
            Self::Verify(args) => args.run(app).await,
            Self::Inspect(args) => args.run(app).await,
            Self::Revoke(args) => return args.run(app).await,
            Self::Unlock(args) => args.run(app).await,
            Self::List(args) => args.run(app).await,
            Self::User(args) => args.run(app).await,
            Self::Config(args) => args.run(app).await,
            Self::Provider(args) => args.run(app),
            Self::Completions(args) => Ok(args.run()),
            Self::Version(args) => Ok(args.run()),
            Self::Help(args) => args.run(),
        };
        done.map(Output::One)
    }

    /// The time that the command has, unless the caller says another.
    #[must_use]
    pub fn time(&self) -> Duration {
        match self {
            Self::Send(args) if args.many() => MANY,
            Self::Revoke(args) if args.many() => MANY,
            Self::Send(_) => SEND,
            _ => USUAL,
        }
    }
}
