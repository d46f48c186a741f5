//! Writes results to stdout, once, and everything else to stderr.

use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::sync::Arc;

use rustix::fd::AsFd;

use super::beat::Beat;
use super::rows::Rows;
use super::written::{columns, json_safe, line};
use super::{
    AnyReport, Color, Format, Human, Many, Output, Pinned, Row, Stopped, Table, Verbosity, listed, table, wrap,
};
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

/// No more bytes of results are held back until the next one is there.
const FULL: usize = 64 * 1024;

/// Results that are there together are written together.
struct Held<'a> {
    text: RefCell<String>,
    write: &'a dyn Fn(&str),
}

impl Held<'_> {
    fn put(&self, text: &str) {
        self.text.borrow_mut().push_str(text);
        if self.text.borrow().len() >= FULL {
            self.flush();
        }
    }

    fn flush(&self) {
        let text = self.text.take();
        if !text.is_empty() {
            (self.write)(&text);
        }
    }
}

impl Printer {
    /// Prints what a command gives back. `stop` ends when somebody stops the command.
    pub async fn output<S: Stopped>(&self, output: Output<'_>, stop: impl Future<Output = S>) -> Exit {
        match output {
            Output::One(report) => self.report(report.as_ref()),
            Output::Many(mut many) => {
                let exit = self.print_rows(many.as_mut(), stop).await;
                self.pinned.end();
                exit
            }
        }
    }

    /// Prints results as they come. Only a table on a terminal, and a document that is not the usual one, wait for more.
    async fn print_rows<S: Stopped>(&self, many: &mut dyn Many, stop: impl Future<Output = S>) -> Exit {
        tokio::pin!(stop);
        let (unwritten, unread) = (RefCell::new(None), Cell::new(false));
        let write = |text: &str| self.put(text, &unwritten, &unread);
        let held = Held { text: RefCell::default(), write: &write };
        let put = |text: &str| held.put(text);
        let paint = |word: &str| self.status(word);
        let width = columns(&io::stdout()).filter(|_| self.format == Format::Human);
        let mut rows = Rows::begin((self.format, self.verbosity), width, many, (&put, &paint));
        let mut beat = Beat::begin(self.verbosity >= Verbosity::Normal && many.status().is_some());
        let mut stopped = None;
        while stopped.is_none() {
            let row = tokio::select! {
                row = many.next() => row,
                stop = &mut stop => {
                    stopped = Some(stop);
                    continue;
                }
                () = beat.next() => {
                    beat.again();
                    many.status().iter().for_each(|status| self.shows_status(status));
                    continue;
                }
            };
            let Some(row) = row else { break };
            rows.print(many, row);
            if !many.is_at_hand() {
                held.flush();
            }
            self.told_of_lost(many, &unread);
        }
        if let Some(stopped) = &mut stopped {
            if many.wind_down() {
                let show = |many: &dyn Many, row| {
                    rows.print(many, row);
                    held.flush();
                };
                self.until_it_is_over(many, stopped, show).await;
            }
            while let Some(row) = many.interrupted(stopped.of_one()) {
                rows.print(many, row);
            }
            many.wound_down().await;
        }
        let failure = many.failure().filter(|_| stopped.is_none());
        rows.end(many, stopped.is_some(), failure.is_some());
        held.flush();
        self.pinned.end();
        if let Some(error) = unwritten.take() {
            return self.error(&not_written(error));
        }
        let failure = failure.or_else(|| stopped.map(|stopped| stopped.of_all()));
        let Some(error) = failure else { return self.ended(many) };
        many.summary().iter().for_each(|summary| self.note(summary));
        self.error(&error)
    }

    /// What is under way when the command is stopped gets a little time.
    async fn until_it_is_over(
        &self,
        many: &mut dyn Many,
        stopped: &mut impl Stopped,
        mut print: impl FnMut(&dyn Many, Row),
    ) {
        let patience = stopped.patience();
        tokio::pin!(patience);
        loop {
            let row = tokio::select! {
                row = many.next() => row,
                () = &mut patience => return,
            };
            let Some(row) = row else { return };
            print(many, row);
        }
    }

    /// Writes a part of the result. Where it cannot be written is remembered, and where nobody reads it.
    fn put(&self, text: &str, unwritten: &RefCell<Option<io::Error>>, unread: &Cell<bool>) {
        if self.verbosity == Verbosity::Silent {
            return;
        }
        let write = || written(&mut io::stdout().lock(), text);
        match if io::stdout().is_terminal() { self.pinned.above(write) } else { write() } {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => unread.set(true),
            Err(error) => drop(unwritten.borrow_mut().get_or_insert(error)),
            Ok(()) => {}
        }
    }

    /// A result that was made once, and that nobody read, is told, and no more are begun.
    fn told_of_lost(&self, many: &mut dyn Many, unread: &Cell<bool>) {
        if unread.get()
            && let Some(words) = many.lost()
        {
            many.wind_down();
            self.told(("warning:", "33"), &wrap::lines(&one_line(&words), errors(), 9));
        }
    }

    /// Tells of all results, and how the process ends.
    fn ended(&self, many: &dyn Many) -> Exit {
        let (done, failed) = many.counts();
        if let Some(summary) = many.summary() {
            self.note(&summary);
        } else if failed > 0 {
            self.warning(&format!("{failed} of {} failed", done + failed));
        }
        if self.format == Format::Human && self.verbosity >= Verbosity::Normal {
            many.said().iter().for_each(|line| self.told(("", ""), &wrap::lines(&one_line(line), errors(), 0)));
            many.hints().iter().for_each(|hint| self.hint(hint));
        }
        many.exit()
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
    fn report(&self, report: &dyn AnyReport) -> Exit {
        if self.verbosity == Verbosity::Silent {
            return report.exit();
        }
        let text = match self.format {
            Format::Human => Ok(rendered(&report.human(), &|like, word| self.status_of(like, word))),
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
    fn note(&self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.told(("", ""), &wrap::lines(&one_line(text), errors(), 0));
        }
    }

    /// How far a long command is: in place on a terminal, or where there is none on a line of its own.
    fn shows_status(&self, text: &str) {
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
    fn told(&self, (word, color): (&str, &str), lines: &[String]) {
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
    fn status(&self, word: &str) -> String {
        self.status_of(word, word)
    }

    /// A word in the color of another.
    fn status_of(&self, like: &str, word: &str) -> String {
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

/// Whether stdout is no terminal.
#[must_use]
pub fn is_piped() -> bool {
    !io::stdout().is_terminal()
}

/// What a person reads: drawn for a terminal, plain in a pipe.
fn rendered(human: &Human, paint_like: &dyn Fn(&str, &str) -> String) -> String {
    let width = columns(&io::stdout());
    let paint: &dyn Fn(&str) -> String = &|word| paint_like(word, word);
    let table = |table: &Table| width.map_or_else(|| table.separated(), |width| table.drawn(width, paint));
    let prose = |line: &str| {
        let line = escaped(line);
        let (indent, words) = line.split_at(line.len() - line.trim_start().len());
        format!("{indent}{}", wrap::lines(words, width, indent.len()).join("\n"))
    };
    let mut text = match human {
        Human::Raw(text) => return text.clone(),
        Human::Text(text) => text.lines().map(prose).collect::<Vec<_>>().join("\n"),
        Human::Verbatim(text) => text.lines().map(escaped).collect::<Vec<_>>().join("\n"),
        Human::Rows(rows) => table(rows),
        Human::Listed(all, summary) => match width {
            None => listed::separated(all),
            Some(_) if all.is_empty() => escaped(summary),
            Some(width) => format!(
                "{}
{}",
                listed::drawn(all, width, paint),
                escaped(summary)
            ),
        },
        Human::Screen(first, parts) => with_parts(prose(first), parts, width, paint),
        Human::Desk(desk, parts) => with_parts(desk.drawn(width, paint_like), parts, width, paint),
    };
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// A screen, and named parts below it.
fn with_parts(
    mut screen: String,
    parts: &[(&'static str, Table)],
    width: Option<u16>,
    paint: &dyn Fn(&str) -> String,
) -> String {
    for (name, part) in parts {
        screen.push_str("\n\n");
        screen.push_str(name);
        screen.push('\n');
        let drawn = part.drawn(width.map_or(u16::MAX, |width| width - 2), paint);
        screen.push_str(&drawn.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n"));
    }
    screen
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
fn errors() -> Option<u16> {
    columns(&io::stderr())
}

fn one_line(text: &str) -> String {
    escaped(&text.replace('\n', " "))
}

fn not_written(error: io::Error) -> Error {
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
