//! Writes one result to stdout, and everything else to stderr.

use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::sync::Arc;

use rustix::fd::AsFd;

use super::human::rendered;
use super::written::{columns, json_safe, line};
use super::{AnyReport, Color, Format, Pinned, Verbosity, table, wrap};
use crate::error::{Completion, Details, Error, Exit};
use crate::otp::Hint;
use crate::otp::escape::escaped;
use crate::otp::hint::Chosen;

/// The one writer.
#[derive(Debug, Clone)]
pub struct Printer {
    /// The form of the result.
    pub format: Format,
    /// Whether errors are colored.
    pub color: Color,
    /// How much is printed.
    pub verbosity: Verbosity,
    /// The file that commands to paste are to read.
    pub here: Arc<Chosen>,
    /// How far a long command is.
    pub pinned: Pinned,
}

impl Printer {
    /// One that prints nothing beside what it is given to print as it is.
    #[must_use]
    pub fn silent() -> Self {
        Self {
            format: Format::Human,
            color: Color::Never,
            verbosity: Verbosity::Silent,
            here: Arc::default(),
            pinned: Pinned::default(),
        }
    }

    /// Refuses to make what can be printed only once where nobody would see it.
    ///
    /// # Errors
    /// Where nothing is printed (`-qq`), or stdout was closed before the start.
    pub fn may_print_once(&self, what: &str) -> Result<(), Error> {
        if self.verbosity == Verbosity::Silent {
            return Err(Error::said(Exit::Usage, format!("{what} is printed once, and -qq prints nothing"))
                .hint("without -qq, or with a single -q"));
        }
        if is_nowhere(&io::stdout()) {
            return Err(Error::said(Exit::Internal, format!("stdout is closed, and {what} is printed once"))
                .hint("give the command a stdout: a terminal, a pipe or a file"));
        }
        Ok(())
    }

    /// Prints a text that is a result, such as the help; `styled` is what a terminal sees.
    #[must_use]
    pub fn help(&self, plain: &str, styled: &str) -> Exit {
        match write(&mut io::stdout().lock(), if self.paints(&io::stdout()) { styled } else { plain }) {
            Ok(()) => Exit::Ok,
            Err(error) => self.error(&not_written(error)),
        }
    }

    /// Prints a report and tells how the process ends: as the report says, unless the result could not be written.
    pub(super) fn report(&self, report: &dyn AnyReport) -> Exit {
        if self.verbosity == Verbosity::Silent {
            return report.exit();
        }
        let text = match self.format {
            Format::Human => Ok(rendered(&report.human(), screen(), &|like, word| self.status_of(like, word))),
            Format::Json => report.document().map(|document| line(&document)),
            Format::Jsonl => report.lines().map(|lines| lines.iter().map(|document| line(document)).collect()),
        };
        let written = text.map_err(io::Error::from).and_then(|text| write(&mut io::stdout().lock(), &text));
        if let Err(error) = written {
            return self.error(&with_ids(not_written(error), report));
        }
        report.warnings().iter().for_each(|text| self.warning(text));
        if self.format == Format::Human {
            report.hints().iter().for_each(|hint| self.hint(hint));
        }
        report.exit()
    }

    /// Prints a failure on stderr; nothing goes to stdout. Tells how the process ends.
    #[must_use]
    pub fn error(&self, error: &Error) -> Exit {
        if self.verbosity > Verbosity::Silent {
            if self.format == Format::Human {
                self.told(("error:", "31"), &wrap::lines(&one_line(&error.message()), errors(), 7));
                error.details.candidates.iter().for_each(|candidate| self.say(&format!("  {}", escaped(candidate))));
                error.hint.iter().for_each(|hint| self.hint(hint));
            } else {
                let document = serde_json::to_string(&error.described(&self.here));
                self.say(&json_safe(&document.unwrap_or_default()));
            }
        }
        error.exit
    }

    /// Something to be careful of.
    pub fn warning(&self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.told(("warning:", "33"), &wrap::lines(&one_line(text), errors(), 9));
        }
    }

    /// Something to know, without a word before it.
    pub(super) fn note(&self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.told(("", ""), &wrap::lines(&one_line(text), errors(), 0));
        }
    }

    /// How far a long command is: in place on a terminal, or where there is none on a line of its own.
    pub(super) fn shows_status(&self, text: &str) {
        match errors().filter(|_| Pinned::is_possible()) {
            Some(width) => self.pinned.put(table::cut(&one_line(text), usize::from(width).saturating_sub(1))),
            None => self.say(&one_line(text)),
        }
    }

    /// What to do next, for a person.
    pub fn hint(&self, hint: &Hint) {
        if self.verbosity >= Verbosity::Normal && self.format == Format::Human {
            let command = hint.command(&self.here).map(|command| one_line(&command));
            let lines = wrap::hint(&one_line(hint.why()), command.as_deref(), errors(), 6);
            self.told(("hint:", "36"), &lines);
        }
    }

    /// A hint in one line, as documents and tables have it.
    #[must_use]
    pub fn text(&self, hint: &Hint) -> String {
        hint.text(&self.here)
    }

    /// The command of a hint, as a shell takes it.
    #[must_use]
    pub fn command(&self, hint: &Hint) -> Option<String> {
        hint.command(&self.here)
    }

    /// Whether stdout is a pipe that nobody reads any more.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let stdout = io::stdout();
        let mut asked = [PollFd::new(&stdout, PollFlags::empty())];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut asked, Some(&now)).is_ok_and(|found| found > 0 && asked[0].revents().contains(PollFlags::ERR))
    }

    /// What happens meanwhile, for a person who looks on.
    pub fn progress(&self, text: &str) {
        let is_shown =
            self.verbosity >= Verbosity::Normal && self.format == Format::Human && io::stderr().is_terminal();
        // A line that tells how far it is says more.
        if is_shown && !self.pinned.is_there() {
            self.told(("", ""), &wrap::lines(&one_line(text), errors(), 0));
        }
    }

    /// Lines on stderr behind a colored word.
    pub(super) fn told(&self, (word, color): (&str, &str), lines: &[String]) {
        let before = if word.is_empty() { String::new() } else { self.painted(word, color) + " " };
        self.say(&format!("{before}{}", lines.join("\n")));
    }

    /// A question on stderr; the cursor stays behind it.
    pub fn ask(&self, question: &str) {
        self.pinned.end();
        let _ = write!(io::stderr().lock(), "{}", escaped(question));
    }

    /// A line on stderr that must be seen, such as an SMS that is shown instead of sent.
    ///
    /// # Errors
    /// When stderr cannot be written.
    pub fn show(&self, line: &str) -> io::Result<()> {
        self.pinned.above(|| writeln!(io::stderr().lock(), "{line}"))
    }

    /// A line on stderr, as it is. A closed stderr is nobody's loss.
    pub fn say(&self, line: &str) {
        let _ = self.pinned.above(|| writeln!(io::stderr().lock(), "{line}"));
    }

    /// The word for how something is, in a color that says the same.
    pub(super) fn status(&self, word: &str) -> String {
        self.status_of(word, word)
    }

    /// A word in the color of another.
    pub(super) fn status_of(&self, like: &str, word: &str) -> String {
        let color = match like {
            "ok" | "live" | "sent" | "accepted" | "delivered" | "used" => "32",
            "warn" | "unknown" | "pending" | "note" => "33",
            "fail" | "failed" | "locked" | "refused" => "31",
            _ => return word.to_owned(),
        };
        if self.paints(&io::stdout()) { format!("\u{1b}[{color}m{word}\u{1b}[0m") } else { word.to_owned() }
    }

    fn paints(&self, stream: &impl io::IsTerminal) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => stream.is_terminal(),
        }
    }

    fn painted(&self, word: &str, color: &str) -> String {
        if self.paints(&io::stderr()) { format!("\u{1b}[{color}m{word}\u{1b}[0m") } else { word.to_owned() }
    }
}

/// The width of the terminal that results go to; `None`: they go into a pipe or a file.
pub(super) fn screen() -> Option<u16> {
    columns(&io::stdout())
}

/// Writes a part of a result.
pub(super) fn put(text: &str) -> io::Result<()> {
    written(&mut io::stdout().lock(), text)
}

/// Whether stdout is no terminal.
#[must_use]
pub fn is_piped() -> bool {
    !io::stdout().is_terminal()
}

/// A closed pipe ends the writing, not the meaning: the reader has what it wanted.
fn write(out: &mut impl io::Write, text: &str) -> io::Result<()> {
    match written(out, text) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn written(out: &mut impl io::Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes()).and_then(|()| out.flush())
}

/// Whether a stream was closed when the process was started. The runtime then opens the null device in its place, to read
/// and to write, before any of our code runs; whoever throws output away on purpose opens it only to write.
fn is_nowhere(stream: &impl AsFd) -> bool {
    let null = rustix::fs::stat("/dev/null").map(|null| null.st_rdev).ok();
    let is_null = rustix::fs::fstat(stream).ok().map(|found| found.st_rdev).is_some_and(|found| Some(found) == null);
    let flags = rustix::fs::fcntl_getfl(stream).unwrap_or(rustix::fs::OFlags::WRONLY);
    is_null && flags.contains(rustix::fs::OFlags::RDWR)
}

/// The width of what errors, warnings and hints are written to.
pub(super) fn errors() -> Option<u16> {
    columns(&io::stderr())
}

pub(super) fn one_line(text: &str) -> String {
    escaped(&text.replace('\n', " "))
}

pub(super) fn not_written(error: io::Error) -> Error {
    Error {
        outcome: Completion::Done,
        ..Error::new(Exit::Internal, error).hint("the command was done; only its result could not be written")
    }
}

/// The ids in a result that could not be written: without them nobody could look for what was done.
fn with_ids(error: Error, report: &dyn AnyReport) -> Error {
    let (challenge_id, attempt_id) = (report.ids().challenge, report.ids().attempt);
    let details = Details {
        challenge_id: challenge_id.map(str::to_owned),
        attempt_id: attempt_id.map(str::to_owned),
        ..Details::default()
    };
    let hint = match (&error.hint, &details.challenge_id) {
        (Some(hint), Some(id)) => Some(Hint::run(&["inspect"]).arg(id).because(hint.why())),
        (hint, _) => hint.clone(),
    };
    Error { hint, ..error }.details(details)
}
