//! The command line: its global options, its commands, and its help.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::time::Duration;

use clap::builder::{EnumValueParser, PossibleValue, StyledStr, TypedValueParser};
use clap::{ArgAction, Args as _, ValueEnum, ValueHint};

use super::{Command, Named as _};
use crate::otp::duration::duration;
use crate::otp::escape::is_unsafe;
use crate::output::{Color, Format};

/// What the program is called on every machine.
pub(crate) const NAME: &str = "otpctl";
const ABOUT: &str = "Issue, deliver, check, explain and revoke SMS one-time codes";

/// The command line with one command, or with all of them: putting all together takes longer than most of them run.
pub(crate) fn line(only: Option<&str>) -> clap::Command {
    let line = clap::Command::new(NAME)
        .about(ABOUT)
        .version(env!("CARGO_PKG_VERSION"))
        .propagate_version(true)
        .disable_help_subcommand(true)
        .subcommand_required(true);
    // They have a page of their own: `help options`.
    let hidden = |arg: clap::Arg| arg.hide_short_help(true).hide_long_help(true);
    Command::augment(GlobalArgs::augment_args(line).mut_args(hidden), only)
}

/// Every command with all of its arguments.
#[must_use]
pub fn whole() -> clap::Command {
    let mut line = listed(unbuilt());
    line.build();
    line
}

/// The same as it is before global options are given to every command.
pub(super) fn unbuilt() -> clap::Command {
    only_files(line(None))
}

/// The same for its own help alone.
pub(crate) fn listing() -> clap::Command {
    listed(line(None))
}

/// With the list of its commands as its help.
fn listed(line: clap::Command) -> clap::Command {
    let overview = overview(&line);
    line.before_long_help(examples(&EXAMPLES)).help_template(format!("{{before-help}}{overview}"))
}

/// The global options alone.
pub(crate) fn globals() -> clap::Command {
    GlobalArgs::augment_args(clap::Command::new(NAME).disable_help_flag(true))
}

/// Shows the way from a new machine to a code that was checked.
const EXAMPLES: [&str; 2] = ["send +919876543210", "verify +919876543210"];

/// A command with its examples, and with the way to the options that it shares with all others.
pub(super) fn explained(command: clap::Command, lines: &[&str]) -> clap::Command {
    command.before_long_help(examples(lines)).after_help(format!("Global options: {NAME} help options"))
}

/// The examples that open a long help: whole lines, as a shell takes them.
fn examples(lines: &[&str]) -> StyledStr {
    lines.iter().fold(heading("Examples:"), |text, line| format!("{text}\n  {NAME} {line}")).into()
}

/// As clap shows its own headings.
fn heading(text: &str) -> String {
    let style = clap::builder::Styles::styled();
    let style = style.get_header();
    format!("{style}{text}{style:#}")
}

/// The group whose names say enough.
const LAST: &str = "More";

/// The list of all commands by what they are for, on one screen.
fn overview(line: &clap::Command) -> String {
    let about = |name: &str| line.find_subcommand(name).and_then(clap::Command::get_about).map(ToString::to_string);
    let groups = Command::GROUPS.iter();
    let widest = groups.clone().map(|(group, _)| group.len()).max().unwrap_or_default();
    let mut rows = String::new();
    for (group, names) in groups {
        let head = format!("{}{:2$}", heading(group), "", widest - group.len());
        if *group == LAST {
            // Writing to a String does not fail.
            let _ = writeln!(rows, "{head}  {}", names.join("  "));
            continue;
        }
        for (at, name) in names.iter().enumerate() {
            let head = if at == 0 { head.clone() } else { " ".repeat(widest) };
            let _ = writeln!(rows, "{head}  {name:<9}  {}", about(name).unwrap_or_default());
        }
    }
    let (usage, help) = (heading("Usage:"), heading("Help:"));
    format!("{ABOUT}\n{rows}{usage} {NAME} COMMAND [OPTIONS]    {help} {NAME} COMMAND -h, {NAME} help options\n")
}

/// Completion offers names of files for what is a file, and for nothing else.
fn only_files(line: clap::Command) -> clap::Command {
    let closed = |arg: clap::Arg| {
        let is_open = arg.get_value_hint() == ValueHint::Unknown && arg.get_action().takes_values();
        if is_open { arg.value_hint(ValueHint::Other) } else { arg }
    };
    line.mut_args(closed).mut_subcommands(only_files)
}

#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Global options")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct GlobalArgs {
    /// The configuration file to read
    #[arg(short, long, global = true, value_name = "FILE", env = "OTPCTL_CONFIG", hide_env_values = true, value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<OsString>,
    /// Read NAME.toml in the configuration folders
    #[arg(short, long, global = true, value_name = "NAME", env = "OTPCTL_PROFILE", hide_env_values = true)]
    pub(crate) profile: Option<String>,
    /// Output format
    #[arg(
        short,
        long,
        global = true,
        value_parser = Formats,
        default_value = "human",
        env = "OTPCTL_OUTPUT",
        hide_env_values = true
    )]
    pub(crate) output: Format,
    /// Short for --output json
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print no hints or warnings; twice: print nothing
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) quiet: u8,
    /// Log to stderr, never a secret; twice: log more
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    pub(crate) verbose: u8,
    /// When to use color
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN")]
    pub(crate) color: Color,
    /// Answer yes to every confirmation
    #[arg(short, long, global = true)]
    pub(crate) yes: bool,
    /// Never prompt; fail where an answer is needed
    #[arg(long, global = true, env = "OTPCTL_NO_INPUT", hide_env_values = true, value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) no_input: bool,
    /// Why you do this; recorded with the event
    #[arg(long, global = true, value_name = "TEXT", env = "OTPCTL_REASON", hide_env_values = true, value_parser = reason)]
    pub(crate) reason: Option<String>,
    /// Time limit [default: 10s, `send` 45s, `wait` 60s, bulk commands 24h]
    #[arg(long, global = true, value_name = "DURATION", env = "OTPCTL_TIMEOUT", hide_env_values = true, value_parser = timeout)]
    pub(crate) timeout: Option<Duration>,
    /// Show phone numbers in full
    #[arg(long, global = true)]
    pub(crate) unmask: bool,
    /// Do everything except writes and provider calls
    #[arg(long, global = true)]
    pub(crate) dry_run: bool,
}

/// The formats. An empty variable counts as unset.
#[derive(Clone)]
struct Formats;

impl TypedValueParser for Formats {
    type Value = Format;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Format, clap::Error> {
        if value.is_empty() { Ok(Format::Human) } else { EnumValueParser::new().parse_ref(command, argument, value) }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Format::value_variants().iter().filter_map(ValueEnum::to_possible_value)))
    }
}

/// An empty variable counts as unset, and sets no time.
fn timeout(text: &str) -> Result<Duration, String> {
    if text.is_empty() {
        return Ok(Duration::ZERO);
    }
    duration(text)
        .filter(|time| !time.is_zero())
        .ok_or_else(|| "write a duration such as 10s or 2m, more than zero".to_owned())
}

/// Reads a reason.
pub(super) fn reason(text: &str) -> Result<String, String> {
    if text.len() > 500 || text.chars().any(is_unsafe) {
        return Err("a reason is one line of at most 500 bytes".to_owned());
    }
    Ok(text.to_owned())
}
