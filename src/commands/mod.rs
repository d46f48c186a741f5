//! One file per subcommand: its arguments, its run, its report. A command returns a report and never prints.

mod allowance;
mod batch;
mod code_options;
mod completions;
mod config;
mod delivery;
mod delivery_fields;
mod doctor;
mod help;
mod inspect;
mod issue;
mod list;
mod provider;
mod revoke;
mod send;
mod skipped;
mod store;
mod target;
mod unlock;
mod user;
mod verify;
mod version;
mod wait;

use std::time::Duration;

use clap::{Args as _, FromArgMatches as _};

use crate::app::App;
use crate::error::Error;
use crate::output::{AnyReport, Output};

/// One report, of a command that gives back no more.
type CommandResult = Result<Box<dyn AnyReport>, Error>;

/// The time of a command that waits for no SMS.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// The time of a command that does.
pub(crate) const SEND_TIMEOUT: Duration = Duration::from_secs(45);
/// The time of a command that waits for what becomes of one.
const WAIT_TIMEOUT: Duration = Duration::from_secs(60);
/// The time of a command over many phones: each of them has its own.
const BATCH_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// Every subcommand, by its name and the module that owns it. Its help is the doc comment on the module's `Args`.
macro_rules! commands {
    ($($variant:ident, $name:literal, $module:ident;)*) => {
        /// One subcommand with its arguments.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "each is documented on its arguments")]
        pub enum Command {
            $($variant($module::Args),)*
        }

        impl Command {
            /// The names of all commands.
            pub const NAMES: &[&str] = &[$($name),*];

            /// A command line with one of the commands, or with all of them.
            pub(crate) fn augment(command: clap::Command, only: Option<&str>) -> clap::Command {
                let command = command.subcommand_required(true);
                $(let command = match only {
                    Some(only) if only != $name => command,
                    _ => command.subcommand($module::Args::augment_args(clap::Command::new($name))),
                };)*
                command
            }

            /// The command that was given.
            ///
            /// # Errors
            /// When its arguments do not fit.
            pub(crate) fn of(matches: &clap::ArgMatches) -> Result<Self, clap::Error> {
                match matches.subcommand() {
                    $(Some(($name, own)) => $module::Args::from_arg_matches(own).map(Self::$variant),)*
                    _ => Err(clap::Error::new(clap::error::ErrorKind::MissingSubcommand)),
                }
            }
        }
    };
}

commands! {
    Send, "send", send;
    Issue, "issue", issue;
    Verify, "verify", verify;
    Inspect, "inspect", inspect;
    Revoke, "revoke", revoke;
    Unlock, "unlock", unlock;
    List, "list", list;
    Wait, "wait", wait;
    User, "user", user;
    Config, "config", config;
    Provider, "provider", provider;
    Delivery, "delivery", delivery;
    Store, "store", store;
    Doctor, "doctor", doctor;
    Completions, "completions", completions;
    Version, "version", version;
    Help, "help", help;
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
            Self::Wait(args) => args.run(app).await,
            Self::User(args) => args.run(app).await,
            Self::Config(args) => args.run(app).await,
            Self::Provider(args) => args.run(app).await,
            Self::Delivery(args) => args.run(app).await,
            Self::Store(args) => return args.run(app).await,
            Self::Doctor(args) => args.run(app).await,
            Self::Completions(args) => Ok(args.run()),
            Self::Version(args) => Ok(args.run()),
            Self::Help(args) => args.run(),
        };
        done.map(Output::One)
    }

    /// The time that the command has, unless the caller says another.
    #[must_use]
    pub fn default_timeout(&self) -> Duration {
        match self {
            Self::Send(args) if args.is_batch() => BATCH_TIMEOUT,
            Self::Revoke(args) if args.is_batch() => BATCH_TIMEOUT,
            Self::Store(args) if args.is_batch() => BATCH_TIMEOUT,
            Self::Send(_) => SEND_TIMEOUT,
            Self::Wait(_) => WAIT_TIMEOUT,
            _ => DEFAULT_TIMEOUT,
        }
    }
}
