//! A command line that does not parse: what is wrong with it, in the form that was asked for, and the line that was meant.

use std::ffi::OsString;

use clap::FromArgMatches as _;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;

use super::{printer, set};
use crate::commands::{GlobalArgs, NAME, globals, listing, whole};
use crate::config::Env;
use crate::error::{Error, Exit};
use crate::otp::Hint;
use crate::output::{Color, Format, Printer, Verbosity};

/// Nothing here does this, and what only sounds like it would do the opposite.
const NOTHING: [&str; 1] = ["lock"];
/// Words of other programs, and the command that does it here.
const MEANT: [(&str, &[&str]); 5] = [
    ("inspect", &["status", "history", "log", "logs", "show", "info", "get", "why"]),
    ("revoke", &["delete", "remove", "rm", "cancel", "kill"]),
    ("policy block", &["block", "ban", "deny"]),
    ("policy allow", &["allow", "permit"]),
    ("policy remove", &["unblock", "unban"]),
];

/// What the standard library says of a text that is no number, and how people say it.
const LIBRARY: [(&str, &str); 3] = [
    (": invalid digit found in string", ": expected a whole number"),
    (": cannot parse integer from empty string", ": expected a whole number"),
    (": number too large to fit in target type", ": this number is too large"),
];

/// Prints help and versions, which are results; anything else is a usage error.
pub(super) fn refused(error: &clap::Error, words: &[OsString], env: &Env) -> Exit {
    let given = Given::of(words, env);
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => help(&error.render(), env),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand
            if given.printer.format == Format::Human =>
        {
            if given.printer.verbosity > Verbosity::Silent {
                let _ = given.help().as_ref().unwrap_or(error).print();
            }
            Exit::Usage
        }
        _ => given.printer.error(&Error::said(Exit::Usage, message(error)).hint(given.hint(error))),
    }
}

/// Prints the list of commands, for whoever types no more than the program's name or asks for its help. Nothing of them is
/// needed but their names and what they are for.
pub(super) fn overview(env: &Env, is_long: bool) -> Exit {
    let mut line = listing();
    let text = if is_long { line.render_long_help() } else { line.render_help() };
    std::mem::forget(line);
    help(&text, env)
}

fn help(text: &StyledStr, env: &Env) -> Exit {
    let color = if set(env, "NO_COLOR") { Color::Never } else { Color::Auto };
    let printer = Printer { color, verbosity: Verbosity::Normal, ..Printer::silent() };
    printer.help(&text.to_string(), &text.ansi().to_string())
}

/// What is wrong, in one line.
fn message(error: &clap::Error) -> String {
    if let ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand = error.kind() {
        return "a command or an argument is missing".to_owned();
    }
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text).split("\n\n").next().unwrap_or_default();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    LIBRARY.iter().fold(text, |text, (words, ours)| text.replace(words, ours))
}

/// What a line says, as far as it can be read.
struct Given {
    /// As its global options ask for it.
    printer: Printer,
    /// Its words, without the options that name a file: hints carry these anyway.
    words: Vec<String>,
}

impl Given {
    /// The help of the group that was named. Clap gives it only where nothing else was given, and a variable of the
    /// environment is something to it.
    fn help(&self) -> Option<clap::Error> {
        let names = self.words.iter().filter(|word| !word.starts_with('-')).map(String::as_str);
        let line = whole().mut_subcommands(|group| group.mut_args(|arg| arg.env(None::<&str>)));
        line.try_get_matches_from(std::iter::once(NAME).chain(names)).err()
    }

    /// Parses the global options of a line alone, each by itself, and leaves the rest as it is.
    fn of(words: &[OsString], env: &Env) -> Self {
        // What is wrong with a variable must not hide what the line says.
        let line = globals().mut_args(|arg| arg.env(None::<&str>));
        let mut asked = vec![OsString::from(NAME)];
        let mut rest = Vec::new();
        let mut words = words.iter().skip(1).peekable();
        while let Some(word) = words.next() {
            if word == "--" {
                rest.push(word);
                rest.extend(words);
                break;
            }
            let alone = [OsString::from(NAME), word.clone()];
            let with_value = words.peek().map(|value| [&alone[..], &[(*value).clone()]].concat());
            let parses = |words: &[OsString]| line.clone().try_get_matches_from(words).ok();
            let (own, value, matches) = match (parses(&alone), with_value.as_deref().and_then(parses)) {
                _ if !word.as_encoded_bytes().starts_with(b"-") => {
                    rest.push(word);
                    continue;
                }
                (Some(matches), _) => (word, None, matches),
                (None, Some(matches)) => (word, words.next(), matches),
                (None, None) => {
                    rest.push(word);
                    continue;
                }
            };
            asked.extend([own].into_iter().chain(value).cloned());
            let names_file =
                ["config", "profile"].iter().any(|id| matches.value_source(id) == Some(ValueSource::CommandLine));
            if !names_file {
                rest.extend([own].into_iter().chain(value));
            }
        }
        let once = line.args_override_self(true);
        let global = once.try_get_matches_from(asked).and_then(|matches| GlobalArgs::from_arg_matches(&matches)).ok();
        let mut global = global.unwrap_or_default();
        let variable = |name: &str| env.get(name).filter(|value| !value.is_empty()).map(ToOwned::to_owned);
        if global.config.is_none() && global.profile.is_none() {
            global.config = variable("OTPCTL_CONFIG");
            global.profile = variable("OTPCTL_PROFILE").and_then(|name| name.into_string().ok());
        }
        let mut printer = printer(&global, env);
        let by_variable = variable("OTPCTL_OUTPUT").is_some_and(|format| format == "json" || format == "jsonl");
        if printer.format == Format::Human && by_variable {
            printer.format = Format::Json;
        }
        Self { printer, words: rest.into_iter().map(|word| word.to_string_lossy().into_owned()).collect() }
    }

    /// The line that was meant, where it can be told; else the help of the command.
    fn hint(&self, error: &clap::Error) -> Hint {
        let meant = self.corrected(error).into_iter().find(|words| {
            whole().try_get_matches_from([NAME].into_iter().chain(words.iter().map(String::as_str))).is_ok()
        });
        let words = meant.unwrap_or_else(|| {
            let whole = whole();
            let (mut path, command) = self.named(&whole);
            path.push(help_flag(command, error).to_owned());
            path
        });
        Hint::run(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Lines that may have been meant, the likeliest first.
    fn corrected(&self, error: &clap::Error) -> Vec<Vec<String>> {
        let text = |kind| match error.get(kind) {
            Some(ContextValue::String(text)) => Some(text.as_str()),
            Some(ContextValue::Strings(texts)) => texts.first().map(String::as_str),
            _ => None,
        };
        let mut lines = Vec::new();
        if let Some(line) = self.with_wait() {
            lines.push(line);
        }
        if let Some(wrong) = text(ContextKind::InvalidSubcommand).filter(|wrong| !NOTHING.contains(wrong)) {
            let meant = MEANT.iter().find(|(_, words)| self.path().is_empty() && words.contains(&wrong));
            let meant = meant.map(|(command, _)| *command).or_else(|| text(ContextKind::SuggestedSubcommand));
            lines.extend(meant.into_iter().flat_map(|meant| {
                let line = self.with(wrong, meant).into_iter();
                // A command may be of two words.
                let words = |word: String| word.split(' ').map(str::to_owned).collect::<Vec<_>>();
                let line: Vec<String> =
                    line.flat_map(|word| if word == meant { words(word) } else { vec![word] }).collect();
                [line.clone(), [line, vec!["PHONE".to_owned()]].concat()]
            }));
        }
        for (wrong, meant) in [
            (ContextKind::InvalidArg, ContextKind::SuggestedArg),
            (ContextKind::InvalidValue, ContextKind::SuggestedValue),
        ] {
            lines.extend(text(wrong).zip(text(meant)).map(|(wrong, meant)| self.with(wrong, meant)));
        }
        lines
    }

    /// The line with one word, or the word of one option, replaced.
    fn with(&self, wrong: &str, meant: &str) -> Vec<String> {
        let word = |word: &String| match word.split_once('=') {
            Some((name, value)) if name == wrong => format!("{meant}={value}"),
            Some((name, value)) if value == wrong => format!("{name}={meant}"),
            _ if word == wrong => meant.to_owned(),
            _ => word.clone(),
        };
        self.words.iter().map(word).collect()
    }

    /// The line with the value of `--wait` joined to it, where it stands apart.
    fn with_wait(&self) -> Option<Vec<String>> {
        let at = self.words.iter().position(|word| word == "--wait")?;
        let value = self.words.get(at + 1)?;
        let mut words = self.words.clone();
        words.splice(at..at + 2, [format!("--wait={value}")]);
        Some(words)
    }

    /// The words of the command that the line names, as far as there is one.
    fn path(&self) -> Vec<String> {
        self.named(&whole()).0
    }

    /// The same, and the command itself.
    fn named<'a>(&self, whole: &'a clap::Command) -> (Vec<String>, &'a clap::Command) {
        let (mut command, mut path) = (whole, Vec::new());
        for word in self.words.iter().filter(|word| !word.starts_with('-')) {
            let Some(found) = command.find_subcommand(word) else { break };
            path.push(word.clone());
            command = found;
        }
        (path, command)
    }
}

/// The help of a command that explains the option that is wrong: the short one leaves some out.
fn help_flag(command: &clap::Command, error: &clap::Error) -> &'static str {
    let Some(ContextValue::String(shown)) = error.get(ContextKind::InvalidArg) else { return "-h" };
    let long = shown.strip_prefix("--").and_then(|name| name.split([' ', '=']).next());
    let wrong = command.get_arguments().find(|arg| arg.get_long().is_some() && arg.get_long() == long);
    let is_left_out = |arg: &clap::Arg| arg.is_hide_short_help_set() && !arg.is_hide_long_help_set();
    if wrong.is_some_and(is_left_out) { "--help" } else { "-h" }
}
