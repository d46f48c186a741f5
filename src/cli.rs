//! Parses the command line, runs the command, and ends the process. The only reader of the environment.

mod completing;
mod feedback;
mod refused;
mod stop;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::FromArgMatches as _;
use tokio::time::Instant;

use self::refused::refused;
use self::stop::{Signals, Stopping, cut_short};
use crate::app::{App, Globals};
use crate::commands::{Command, GlobalArgs, Named as _, line, whole};
use crate::config::{self, Env, Request};
use crate::error::{Error, Exit};
use crate::operations::Progress;
use crate::otp::escape::escaped;
use crate::otp::hint::Chosen;
use crate::output::{Color, Format, Pinned, Printer, Verbosity, is_piped};

/// Commands that show no number, and may be all that still works.
const SHOWS_NONE: [&str; 5] = ["config", "completions", "man", "version", "help"];
/// No more threads than this wait for files, names and locks: more of them would only wait for each other.
const THREADS: usize = 32;
/// The least time between two looks at the clock.
const LOOK: Duration = Duration::from_millis(20);

/// The whole program.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub fn main() -> ExitCode {
    let env: Env = std::env::vars_os().collect();
    let words: Vec<OsString> = std::env::args_os().collect();
    if let Some(shell) = completing::shell(&env) {
        let folder = std::env::current_dir().ok();
        return ExitCode::from(completing::run(shell, &words, &env, folder.as_deref()).number());
    }
    ExitCode::from(run(&words, env).number())
}

fn run(words: &[OsString], env: Env) -> Exit {
    match words {
        [] | [_] => return refused::overview(&env, false),
        [_, only] if only == "-h" || only == "--help" => return refused::overview(&env, only == "--help"),
        [_, first, rest @ ..] if first == crate::app::feedback::WORD => return feedback::run(rest, env),
        _ => {}
    }
    let matches = match parsed(words) {
        Ok(matches) => matches,
        Err(error) => return refused(&error, words, &env),
    };
    let by_flag = |name: &str| matches.value_source(name) == Some(clap::parser::ValueSource::CommandLine);
    let (config_by_flag, profile_by_flag) = (by_flag("config"), by_flag("profile"));
    let is_usual = matches!(matches.value_source("output"), None | Some(clap::parser::ValueSource::DefaultValue));
    let path = path(&matches);
    let (global, command) = match taken(matches) {
        Ok(taken) => taken,
        Err(error) => return refused(&error, words, &env),
    };
    let mut printer = printer(&global, &env);
    if command.is_a_stream() && is_usual && printer.format == Format::Human && is_piped() {
        printer.format = Format::Jsonl;
    }
    listen(global.verbose, &env);
    if config_by_flag && global.config.as_ref().is_some_and(|path| path.is_empty()) {
        return printer.error(&Error::said(Exit::Usage, "--config names no file"));
    }
    let request = request(&global, config_by_flag, profile_by_flag);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = match runtime.enable_all().max_blocking_threads(THREADS).build() {
        Ok(runtime) => runtime,
        Err(error) => return printer.error(&Error::new(Exit::Internal, error)),
    };
    let exit = runtime.block_on(async {
        let asked = global.timeout.filter(|time| !time.is_zero());
        let timeout = asked.unwrap_or_else(|| command.default_timeout());
        let globals = Globals {
            request,
            yes: global.yes,
            no_input: global.no_input || set(&env, "CI"),
            unmask: global.unmask,
            dry_run: global.dry_run,
            reason: global.reason.clone(),
            timeout,
            usual_timeout: asked.is_none(),
            command: command.name(),
            path,
        };
        let app = App::new(globals, env, printer.clone(), Arc::new(Progress::default()));
        let watched = watched(&app, &command).await;
        if let Some(text) = app.warning_of_store() {
            printer.warning(&text);
        }
        match watched {
            Ok(exit) => exit,
            Err(error) => printer.error(&app.explained(error)),
        }
    });
    // A thread that still waits for a lock must not keep the process.
    runtime.shutdown_background();
    exit
}

/// What the words say. The first one that is a command's name may yet be the value of an option: then this does not fit,
/// and the whole line is asked, as it is for help and suggestions.
fn parsed(words: &[OsString]) -> Result<clap::ArgMatches, clap::Error> {
    let only = words.iter().skip(1).find_map(|word| Command::NAMES.iter().find(|name| *word == ***name));
    let lean = only.and_then(|only| {
        let mut lean = line(Some(only));
        let matches = lean.try_get_matches_from_mut(words).ok();
        std::mem::forget(lean);
        matches
    });
    lean.map_or_else(|| whole().try_get_matches_from(words), Ok)
}

/// The options and the command of them.
fn taken(mut matches: clap::ArgMatches) -> Result<(GlobalArgs, Command), clap::Error> {
    let global = GlobalArgs::from_arg_matches_mut(&mut matches);
    let taken = global.and_then(|global| Ok((global, Command::from_arg_matches_mut(&mut matches)?)));
    // The process ends soon enough: what is left is not taken apart before.
    std::mem::forget(matches);
    taken
}

/// Which file was asked for.
fn request(global: &GlobalArgs, config_by_flag: bool, profile_by_flag: bool) -> Request {
    Request {
        config: global.config.clone().map(|value| config::Chosen { value: value.into(), by_flag: config_by_flag }),
        profile: global.profile.clone().map(|value| config::Chosen { value, by_flag: profile_by_flag }),
    }
}

/// The words of the command.
fn path(mut matches: &clap::ArgMatches) -> String {
    let mut words = Vec::new();
    while let Some((word, below)) = matches.subcommand() {
        words.push(word);
        matches = below;
    }
    words.join(" ")
}

/// What takes longer is explained to whoever looks on.
const SLOW: Duration = Duration::from_millis(300);

/// Tells a person who looks on whom the command waits for, once it has waited for long.
#[derive(Default)]
struct Looker {
    last: Option<String>,
    told: Vec<String>,
}

impl Looker {
    fn look(&mut self, app: &App) {
        if app.is_asking() {
            return;
        }
        let now = app.progress.awaited().unwrap_or_else(|| app.usually_awaited().to_owned());
        if self.last.as_ref() == Some(&now) && !self.told.contains(&now) {
            app.printer.progress(&format!("Waiting for {now} …"));
            self.told.push(now.clone());
        }
        self.last = Some(now);
    }
}

/// Runs the command until it ends, its time is over, or someone stops it.
async fn watched(app: &App, command: &Command) -> Result<Exit, Error> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|error| Error::new(Exit::Internal, error));
    let signals = Signals { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? };
    let stop = stopped(app, signals);
    tokio::pin!(stop);
    app.may_run()?;
    let unmasking = if shows_numbers(app) { Some(app.unmasking().await?) } else { None };
    let output = tokio::select! {
        biased;
        output = command.run(app) => output.map_err(|error| error.knowing(&app.progress.known())),
        stopping = &mut stop => {
            let error = cut_short(&app.progress.known(), stopping.why);
            app.stopped(&error);
            return Err(error);
        }
    };
    let ended = match output {
        Ok(output) => Ok(app.printer.output(output, stop).await),
        Err(error) => Err(error),
    };
    app.start_feedback(std::env::current_exe);
    if let Some(intent) = unmasking {
        app.ended(intent, ended.as_ref()).await;
    }
    ended
}

/// Whether the command shows numbers in full that it would mask.
fn shows_numbers(app: &App) -> bool {
    app.globals.unmask && !SHOWS_NONE.contains(&app.globals.command)
}

/// Ends when the command is to end; until then it tells who is waited for.
async fn stopped(app: &App, mut signals: Signals) -> Stopping<'_> {
    let mut looker = Looker::default();
    let mut ticks = tokio::time::interval(SLOW);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let why = loop {
        // The end moves while a person is asked, so it is looked at again when it seems to be reached.
        let wake = app.deadline().max(Instant::now() + LOOK);
        tokio::select! {
            _ = ticks.tick() => looker.look(app),
            () = tokio::time::sleep_until(wake) => {
                if app.is_late() && !app.progress.is_noting() {
                    break ("the time limit was reached", None);
                }
            }
            stop = signals.next() => break stop,
        }
    };
    Stopping::new(app, why, signals)
}

fn printer(global: &GlobalArgs, env: &Env) -> Printer {
    let color = match global.color {
        Color::Auto if set(env, "NO_COLOR") => Color::Never,
        Color::Auto if set(env, "CLICOLOR_FORCE") => Color::Always,
        color => color,
    };
    let verbosity = match global.quiet {
        0 => Verbosity::Normal,
        1 => Verbosity::Quiet,
        _ => Verbosity::Silent,
    };
    let format = if global.json { Format::Json } else { global.output };
    Printer { format, color, verbosity, here: Arc::new(chosen(global)), pinned: Pinned::default() }
}

/// The file that commands to paste are to read: the one that this run reads, however it was named. A variable may be set
/// for this one command only, so it is carried too.
fn chosen(global: &GlobalArgs) -> Chosen {
    let config = global.config.as_deref().filter(|path| !path.is_empty());
    let profile = global.profile.as_deref().filter(|name| !name.is_empty());
    config.map(Chosen::config).or(profile.map(Chosen::profile)).unwrap_or_default()
}

/// Set, and to something: <https://no-color.org> asks for both.
fn set(env: &Env, name: &str) -> bool {
    env.get(name).is_some_and(|value| !value.is_empty() && value != "0" && value != "false")
}

/// Writes lines to which the terminal listens in vain: paths and names in them are somebody else's.
struct Harmless<W>(W);

impl<W: std::io::Write> std::io::Write for Harmless<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let lines: Vec<String> = text.split('\n').map(escaped).collect();
        self.0.write_all(lines.join("\n").as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// `-v` and `OTPCTL_LOG`: what the parts of the program say of themselves, on stderr. None of them says a secret.
fn listen(verbose: u8, env: &Env) {
    use tracing::Level;
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;
    let named = env.get("OTPCTL_LOG").and_then(|level| level.to_str()).and_then(|level| level.parse::<Level>().ok());
    let level = match verbose {
        0 => named,
        1 => Some(Level::INFO),
        _ => Some(Level::DEBUG),
    };
    let Some(level) = level else { return };
    let lines =
        tracing_subscriber::fmt::layer().with_writer(|| Harmless(std::io::stderr())).with_ansi(false).without_time();
    // Only our own words: a library's could hold what it was given.
    let ours = Targets::new().with_default(LevelFilter::OFF).with_target("otpctl", level);
    let _ = tracing_subscriber::registry().with(lines).with(ours).try_init();
}
