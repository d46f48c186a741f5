//! One file per subcommand: its arguments, its run, its report. A command returns a report and never prints.

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

use clap::Subcommand;

use crate::app::App;
use crate::error::Error;
use crate::output::Report;

/// What a command gives back.
pub type Done = Result<Box<dyn Report>, Error>;

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
    pub async fn run(&self, app: &App) -> Done {
        match self {
            Self::Send(args) => args.run(app).await,
            Self::Issue(args) => args.run(app).await,
            Self::Verify(args) => args.run(app).await,
            Self::Inspect(args) => args.run(app).await,
            Self::Revoke(args) => args.run(app).await,
            Self::Unlock(args) => args.run(app).await,
            Self::List(args) => args.run(app).await,
            Self::User(args) => args.run(app).await,
            Self::Config(args) => args.run(app).await,
            Self::Provider(args) => args.run(app),
            Self::Completions(args) => Ok(args.run()),
            Self::Version(args) => Ok(args.run()),
            Self::Help(args) => args.run(),
        }
    }

    /// Whether an SMS may be waited for: it takes longer than anything else.
    #[must_use]
    pub fn sends(&self) -> bool {
        matches!(self, Self::Send(_))
    }
}
