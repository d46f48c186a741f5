//! One file per subcommand: its arguments, its run, its report. A command returns a report and never prints.

/// Subcommands by their names, with the module that owns each and two examples of it, under the heading that the list of
/// commands has for them. The help of one is the doc comment on its module's `Args`.
macro_rules! commands {
    ($($group:literal {$(
        $variant:ident $name:literal $module:ident $(.$wait:tt)? [$($example:literal),*];
    )*})*) => {
        /// One subcommand with its arguments.
        #[derive(Debug)]
        pub enum Command {
            $($(
                #[doc = concat!("`", $name, "`.")]
                $variant($module::Args),
            )*)*
        }

        impl Command {
            /// The names of all commands.
            pub const NAMES: &[&str] = &[$($($name),*),*];
            /// A command line with one of the commands, or with all of them.
            pub(crate) fn augment(command: clap::Command, only: Option<&str>) -> clap::Command {
                $($(let command = match only {
                    Some(only) if only != $name => command,
                    _ => {
                        let own = <$module::Args as clap::Args>::augment_args(clap::Command::new($name));
                        command.subcommand($crate::commands::line::explained(own, &[$($example),*]))
                    }
                };)*)*
                command
            }

            /// Runs it.
            ///
            /// # Errors
            /// What went wrong, ready to be shown.
            pub async fn run<'a>(
                &'a self,
                app: &'a $crate::app::App,
            ) -> Result<$crate::output::Output<'a>, $crate::error::Error> {
                match self {
                    $($(Self::$variant(args) => $crate::commands::IntoOutput::output(args.run(app)$(.$wait)?),)*)*
                }
            }
        }

        impl $crate::commands::Named for Command {
            const GROUPS: &[(&str, &[&str])] = &[$(($group, &[$($name),*])),*];

            fn name(&self) -> &'static str {
                match self {
                    $($(Self::$variant(_) => $name,)*)*
                }
            }
        }

        impl clap::FromArgMatches for Command {
            fn from_arg_matches(matches: &clap::ArgMatches) -> Result<Self, clap::Error> {
                Self::from_arg_matches_mut(&mut matches.clone())
            }

            // Each takes what is its own: a copy of everything for each of them takes longer than all parsing.
            fn from_arg_matches_mut(matches: &mut clap::ArgMatches) -> Result<Self, clap::Error> {
                let Some((name, mut own)) = matches.remove_subcommand() else {
                    return Err(clap::Error::new(clap::error::ErrorKind::MissingSubcommand));
                };
                match name.as_str() {
                    $($($name => {
                        <$module::Args as clap::FromArgMatches>::from_arg_matches_mut(&mut own).map(Self::$variant)
                    })*)*
                    _ => Err(clap::Error::new(clap::error::ErrorKind::InvalidSubcommand)),
                }
            }

            fn update_from_arg_matches(&mut self, matches: &clap::ArgMatches) -> Result<(), clap::Error> {
                *self = Self::from_arg_matches(matches)?;
                Ok(())
            }
        }

        impl clap::Subcommand for Command {
            fn augment_subcommands(command: clap::Command) -> clap::Command {
                Self::augment(command, None)
            }

            fn augment_subcommands_for_update(command: clap::Command) -> clap::Command {
                Self::augment(command, None)
            }

            fn has_subcommand(name: &str) -> bool {
                Self::NAMES.contains(&name)
            }
        }
    };
}

/// A command that is a group of others: its help, and the commands in it.
macro_rules! group {
    ($(#[$help:meta])* pub struct Args; $($commands:tt)*) => {
        $(#[$help])*
        #[derive(Debug, clap::Args)]
        pub struct Args {
            #[command(subcommand)]
            command: Command,
        }

        commands! { "Commands" { $($commands)* } }

        impl Args {
            pub(super) async fn run<'a>(
                &'a self,
                app: &'a $crate::app::App,
            ) -> Result<$crate::output::Output<'a>, $crate::error::Error> {
                self.command.run(app).await
            }
        }
    };
}

mod allowance;
mod audit;
mod batch;
mod code_options;
mod completions;
mod config;
mod deliver;
mod delivery;
mod delivery_fields;
mod doctor;
mod event_fields;
mod events;
mod help;
mod inspect;
mod issue;
mod line;
mod lines;
mod list;
mod man;
mod offers;
mod outcome;
mod policy;
mod provider;
mod revoke;
mod schemas;
mod send;
mod skipped;
mod stats;
mod store;
mod target;
mod unlock;
mod user;
mod verify;
mod version;
mod wait;

pub(crate) use completions::COMPLETING;
pub use line::whole;
pub(crate) use line::{GlobalArgs, NAME, globals, line, listing};
pub(crate) use offers::offering;

use std::time::Duration;

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

/// The time of a command that ends when somebody stops it.
const ENDLESS: Duration = Duration::from_secs(365 * 24 * 60 * 60);

commands! {
    "Codes" {
        Send "send" send.await ["send +919876543210", "send user:u_1 --purpose signup"];
        Issue "issue" issue.await ["issue +919876543210", "issue user:u_1 --ttl 2m"];
        Verify "verify" verify.await ["verify +919876543210 042917", "verify user:u_1 < code.txt"];
        Revoke "revoke" revoke.await ["revoke +919876543210", "revoke user:u_1 --purpose signup"];
        Deliver "deliver" deliver.await ["deliver +919876543210 < code.txt", "deliver user:u_1 --ttl 1m < code.txt"];
        Outcome "outcome" outcome.await ["outcome +919876543210 verified", "outcome user:u_1 abandoned"];
        Wait "wait" wait.await ["wait +919876543210", "wait user:u_1 --for accepted"];
    }
    "Support" {
        Inspect "inspect" inspect.await ["inspect +919876543210", "inspect user:u_1"];
        Unlock "unlock" unlock.await ["unlock +919876543210", "unlock user:u_1 --limits"];
        Events "events" events.await ["events --since 1h --type send", "events +919876543210"];
        Stats "stats" stats.await ["stats --since 7d --by provider", "stats --by hour --json"];
        List "list" list.await ["list", "list --state locked --country IN"];
        Policy "policy" policy.await ["policy show +919876543210", "policy block +9198 --until 24h"];
    }
    "People" {
        User "user" user.await ["user link u_1 +919876543210", "user show u_1"];
    }
    "Providers" {
        Provider "provider" provider.await ["provider list", "provider balance"];
        Delivery "delivery" delivery.await ["delivery record < reports.jsonl", "delivery record --json < reports.jsonl"];
    }
    "Store" {
        Store "store" store.await ["store check", "store purge --dry-run"];
    }
    "Setup" {
        Audit "audit" audit.await ["audit verify", "audit anchor"];
        Doctor "doctor" doctor.await ["doctor", "doctor --providers --problems"];
        Config "config" config.await ["config path", "config check"];
    }
    "More" {
        Completions "completions" completions ["completions bash > otpctl.bash", "completions zsh > _otpctl"];
        Man "man" man ["man send > otpctl-send.1", "man --dir man1"];
        Version "version" version ["version", "version --json"];
        Help "help" help ["help send", "help json verify"];
    }
}

/// The names of commands.
pub(crate) trait Named {
    /// All of them, by what they are for.
    const GROUPS: &[(&str, &[&str])];

    /// The name of one.
    fn name(&self) -> &'static str;
}

/// What the run of a command gives, as the printer takes it.
pub(crate) trait IntoOutput<'a> {
    /// One report, or many results.
    fn output(self) -> Result<Output<'a>, Error>;
}

impl<'a> IntoOutput<'a> for CommandResult {
    fn output(self) -> Result<Output<'a>, Error> {
        self.map(Output::One)
    }
}

impl<'a> IntoOutput<'a> for Result<Output<'a>, Error> {
    fn output(self) -> Result<Output<'a>, Error> {
        self
    }
}

impl Command {
    /// Whether its result is JSON Lines in a pipe, where nobody says otherwise.
    #[must_use]
    pub fn is_a_stream(&self) -> bool {
        matches!(self, Self::Events(_))
    }

    /// The time that the command has, unless the caller says another.
    #[must_use]
    pub fn default_timeout(&self) -> Duration {
        match self {
            Self::Send(args) if args.is_batch() => BATCH_TIMEOUT,
            Self::Issue(args) if args.is_batch() => BATCH_TIMEOUT,
            Self::Revoke(args) if args.is_batch() => BATCH_TIMEOUT,
            Self::Deliver(args) if args.is_batch() => BATCH_TIMEOUT,
            Self::Unlock(args) if args.is_batch() => BATCH_TIMEOUT,
            Self::Store(args) if args.is_batch() => BATCH_TIMEOUT,
            Self::User(args) if args.is_batch() => BATCH_TIMEOUT,
            Self::List(args) if args.is_batch() => BATCH_TIMEOUT,
            Self::Events(args) if args.is_endless() => ENDLESS,
            Self::Send(_) | Self::Deliver(_) => SEND_TIMEOUT,
            Self::Wait(_) => WAIT_TIMEOUT,
            _ => DEFAULT_TIMEOUT,
        }
    }
}
