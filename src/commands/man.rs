//! `man`: manual pages, from what the help is made of.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use clap::ValueHint;
use clap_mangen::{Man, roff};
use roff::{Roff, bold, roman};
use serde::Serialize;

use super::{CommandResult, NAME, globals, whole};
use crate::app::App;
use crate::error::{EXITS, Error, Exit};
use crate::otp::{Hint, suggest};
use crate::output::{Human, Report, plural};
use crate::system::write_shared;

/// The section of commands that users run.
const SECTION: &str = "1";
/// Where the exit codes, files and variables of all commands are explained.
const SHARED: [&str; 3] = ["EXIT STATUS", "FILES", "ENVIRONMENT"];

/// The files that are read and written, and what each is.
const FILES: &[(&str, &str)] = &[
    (
        "$XDG_CONFIG_HOME/otpctl/otpctl.toml, ~/.config/otpctl/otpctl.toml",
        "Your configuration: the first that is looked for.",
    ),
    ("/etc/otpctl/otpctl.toml", "The configuration of this machine: read where the first is missing."),
    ("$XDG_CONFIG_HOME/otpctl/NAME.toml, /etc/otpctl/NAME.toml", "What --profile NAME reads."),
    (
        "$XDG_STATE_HOME/otpctl/otpctl.db, ~/.local/state/otpctl/otpctl.db",
        "The embedded store, where the configuration names no other store.",
    ),
];

/// The variables that no option stands for.
const VARIABLES: &[(&str, &str)] = &[
    ("OTPCTL_LOG", "What is logged to stderr: error, warn, info, debug or trace."),
    ("CI", "Where it is set, nothing is asked, as with --no-input."),
    ("NO_COLOR, CLICOLOR_FORCE", "No color, or color also in a pipe."),
    ("XDG_CONFIG_HOME, XDG_STATE_HOME", "Where your own files are, if not in ~/.config and ~/.local/state."),
    ("TZ", "The time zone of times on a screen. Documents have UTC."),
];

/// Print a manual page, or write all of them
///
/// Read one with: otpctl man send | man -l -
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A command, such as `user link`; none: otpctl itself
    #[arg(conflicts_with = "dir")]
    command: Vec<String>,
    /// Write every page into this folder
    #[arg(long, value_hint = ValueHint::DirPath)]
    dir: Option<PathBuf>,
}

/// A page in roff.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Page {
    /// The name of its file.
    name: String,
    text: String,
}

/// The pages that were written.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Written {
    dir: String,
    pages: Vec<String>,
    dry_run: bool,
}

impl Args {
    pub(super) fn run(&self, app: &App) -> CommandResult {
        let line = whole();
        if let Some(dir) = &self.dir {
            return Ok(Box::new(written(&line, dir, app.globals.dry_run)?));
        }
        let mut found = &line;
        for word in &self.command {
            found = found.find_subcommand(word).ok_or_else(|| unknown(&self.command.join(" "), &line))?;
        }
        Ok(Box::new(page(&line, found)?))
    }
}

/// Refuses a command that there is not.
pub(super) fn unknown(words: &str, line: &clap::Command) -> Error {
    let known = paths(line);
    let near = suggest::nearest(words, known.iter().map(String::as_str));
    let hint = near.map(|near| Hint::run(&near.split(' ').chain(["-h"]).collect::<Vec<_>>()));
    let meant = suggest::suggested(near);
    Error::said(Exit::Usage, format!("there is no command `{words}`{meant}")).hint(hint.unwrap_or(Hint::run(&["help"])))
}

/// Every command, as it is typed.
pub(super) fn paths(line: &clap::Command) -> Vec<String> {
    let below = |group: &clap::Command| {
        let own = group.get_name().to_owned();
        let rest = group.get_subcommands().map(|command| format!("{own} {}", command.get_name()));
        std::iter::once(own.clone()).chain(rest.collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    line.get_subcommands().flat_map(below).collect()
}

/// Writes every page.
fn written(line: &clap::Command, dir: &Path, dry_run: bool) -> Result<Written, Error> {
    let mut commands = vec![line];
    let (mut at, mut pages) = (0, Vec::new());
    while let Some(command) = commands.get(at) {
        commands.extend(command.get_subcommands());
        at += 1;
    }
    let failed = |error: std::io::Error| {
        Error::new(Exit::Internal, anyhow::Error::new(error).context(dir.display().to_string()))
    };
    if !dry_run {
        DirBuilder::new().recursive(true).mode(0o755).create(dir).map_err(failed)?;
    }
    for command in commands {
        let page = page(line, command)?;
        if !dry_run {
            write_shared(&dir.join(&page.name), page.text.as_bytes())
                .map_err(|error| Error::new(Exit::Internal, error))?;
        }
        pages.push(page.name);
    }
    pages.sort();
    Ok(Written { dir: dir.display().to_string(), pages, dry_run })
}

/// The page of one command of the line.
fn page(line: &clap::Command, command: &clap::Command) -> Result<Page, Error> {
    let is_whole = command.get_name() == NAME;
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").to_owned();
    // The examples and the way to the global options are sections of their own here.
    let shown = command.clone().override_usage(usage).before_long_help("").after_help("").after_long_help("");
    let name = if is_whole { NAME.to_owned() } else { shown.get_display_name().unwrap_or_default().to_owned() };
    let man = Man::new(shown.subcommand_help_heading("COMMANDS"));
    // A page has no date: it would be that of the build. `roff` would leave the empty word out, and move the others.
    let (title, version) = (name.to_uppercase(), env!("CARGO_PKG_VERSION"));
    let mut text = format!(".TH {title} {SECTION} \"\" \"{NAME} {version}\" \"User Commands\"\n").into_bytes();
    let written = body(&man, (line, command), is_whole, &mut text);
    written.map_err(|error| Error::new(Exit::Internal, error))?;
    Ok(Page { name: format!("{name}.{SECTION}"), text: String::from_utf8_lossy(&text).into_owned() })
}

fn body(
    man: &Man,
    (line, command): (&clap::Command, &clap::Command),
    is_whole: bool,
    text: &mut Vec<u8>,
) -> std::io::Result<()> {
    man.render_name_section(text)?;
    man.render_synopsis_section(text)?;
    man.render_description_section(text)?;
    let is_own = |arg: &clap::Arg| !arg.is_hide_set() && !arg.is_hide_long_help_set();
    if command.get_arguments().any(is_own) {
        let hidden = |arg: clap::Arg| if arg.is_hide_long_help_set() { arg.hide(true) } else { arg };
        Man::new(command.clone().mut_args(hidden)).render_options_section(text)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(text)?;
    }
    if is_whole {
        Man::new(globals().mut_args(|arg| arg.hide_env(false))).render_options_section(text)?;
    }
    let mut rest = Roff::new();
    examples(&mut rest, command);
    if is_whole {
        shared(&mut rest);
    } else {
        see_also(&mut rest, line, command);
    }
    rest.to_writer(text)
}

/// The lines that open the long help.
fn examples(roff: &mut Roff, command: &clap::Command) {
    let Some(help) = command.get_before_long_help() else { return };
    roff.control("SH", ["EXAMPLES"]);
    roff.control("EX", []);
    for line in help.to_string().lines().filter_map(|line| line.strip_prefix("  ")) {
        roff.text([roman(line)]);
    }
    roff.control("EE", []);
}

/// What holds for all commands.
fn shared(roff: &mut Roff) {
    let item = |roff: &mut Roff, head: &str, text: &str| {
        roff.control("TP", []);
        roff.text([bold(head)]);
        roff.text([roman(text)]);
    };
    let [exits, files, environment] = SHARED;
    roff.control("SH", [exits]);
    for (exit, name, meaning, repeat) in EXITS {
        let repeat = if repeat.is_empty() { String::new() } else { format!(" Repeat as is? {repeat}.") };
        item(roff, &format!("{} {name}", exit.number()), &format!("{}.{repeat}", capitalized(meaning)));
    }
    roff.control("SH", [files]);
    for (file, what) in FILES {
        item(roff, file, what);
    }
    roff.control("SH", [environment]);
    let of_options = globals();
    for arg in of_options.get_arguments() {
        if let (Some(variable), Some(long)) = (arg.get_env(), arg.get_long()) {
            item(roff, &variable.to_string_lossy(), &format!("What --{long} says, where it is not given."));
        }
    }
    for (variable, what) in VARIABLES {
        item(roff, variable, what);
    }
    roff.control("SH", ["SEE ALSO"]);
    roff.text([bold("redis-cli"), roman("(1)")]);
}

fn see_also(roff: &mut Roff, line: &clap::Command, command: &clap::Command) {
    roff.control("SH", ["SEE ALSO"]);
    let name = command.get_display_name().unwrap_or_default();
    let parent = name.rsplit_once('-').map(|(parent, _)| parent).filter(|parent| *parent != NAME);
    let group = parent.filter(|parent| line.find_subcommand(parent.trim_start_matches("otpctl-")).is_some());
    roff.text([bold(NAME), roman(format!("({SECTION}): global options, exit status, files, environment"))]);
    if let Some(group) = group {
        roff.control("br", []);
        roff.text([bold(group), roman(format!("({SECTION})"))]);
    }
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

impl Report for Page {
    const SCHEMA: &str = "otpctl.man/1";

    fn human(&self) -> Human {
        Human::Raw(self.text.clone())
    }

    fn hints(&self) -> Vec<Hint> {
        // What reads it has it; a person who sees it wants to read it.
        if crate::output::is_piped() { Vec::new() } else { vec![self.reader()] }
    }
}

impl Page {
    /// The command that shows it as a page.
    fn reader(&self) -> Hint {
        let words = self.name.trim_end_matches(".1").split('-').collect::<Vec<_>>().join(" ");
        let page = if words == NAME { format!("{NAME} man") } else { words.replacen(NAME, &format!("{NAME} man"), 1) };
        Hint::shell(format!("{page} | man -l -")).because("read it as a page")
    }
}

impl Report for Written {
    const SCHEMA: &str = "otpctl.man_dir/1";

    fn human(&self) -> Human {
        let done = if self.dry_run { "Would write" } else { "Wrote" };
        Human::Text(format!("{done} {} to {}", plural(self.pages.len(), "page", "pages"), self.dir))
    }
}

crate::otp::schema::documents! { "otpctl.man/1" => Page, "otpctl.man_dir/1" => Written }
