//! Writes results to stdout, once, and everything else to stderr.

use std::cell::RefCell;
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::sync::Arc;

use rustix::fd::AsFd;
use rustix::termios::tcgetwinsize;
use serde_json::value::RawValue;
use textwrap::core::display_width;

use super::many::Stream;
use super::{AnyReport, Human, Many, Output, Row, Table, listed, table, wrap};
use crate::error::{Completion, Details, Error, Exit};
use crate::otp::Hint;
use crate::otp::escape::{escaped, is_unsafe};
use crate::otp::hint::Chosen;

/// The form of the result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A sentence for one thing, a table for many.
    #[default]
    Human,
    /// One document.
    Json,
    /// One document a line.
    Jsonl,
}

/// Whether words are colored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Also in a pipe.
    Always,
    /// Nowhere.
    Never,
}

/// How much is printed beside the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Nothing but the exit code.
    Silent,
    /// Results and errors.
    Quiet,
    /// And hints and warnings.
    Normal,
}

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
}

/// The width of a screen that cannot be measured.
const WIDTH: u16 = 80;
/// So many results are drawn as one table, so that no more of them are held.
const TABLE: usize = 500;

impl Printer {
    /// Prints what a command gives back. `stop` ends when somebody stops the command, with what is known of the result
    /// that was under way, and of all of them.
    pub async fn output(&self, output: Output<'_>, stop: impl Future<Output = (Error, Error)>) -> Exit {
        match output {
            Output::One(report) => self.report(report.as_ref()),
            Output::Many(mut many) => self.print_rows(many.as_mut(), stop).await,
        }
    }

    /// Prints results as they come. Only a table on a terminal, and a document that is not the usual one, wait for more.
    async fn print_rows(&self, many: &mut dyn Many, stop: impl Future<Output = (Error, Error)>) -> Exit {
        tokio::pin!(stop);
        let is_shown = self.verbosity > Verbosity::Silent;
        let unwritten = RefCell::new(None);
        let put = |text: &str| {
            if let (true, Err(error)) = (is_shown, write(&mut io::stdout().lock(), text)) {
                unwritten.borrow_mut().get_or_insert(error);
            }
        };
        let streams = self.format == Format::Json && many.is_streamed();
        let mut stream = streams.then(|| Stream::open(many, &put));
        let width = columns(&io::stdout()).filter(|_| self.format == Format::Human);
        let (mut rows, mut is_empty, mut stopped) = (Vec::new(), true, None);
        while stopped.is_none() {
            let next = tokio::select! {
                biased;
                next = many.next() => next,
                (of_row, of_all) = &mut stop => {
                    stopped = Some(of_all);
                    many.interrupted(&of_row)
                }
            };
            let Some(row) = next else { break };
            is_empty = false;
            match (&mut stream, self.format) {
                _ if !is_shown => {}
                (Some(stream), _) => stream.row(&json_safe(row.text()), many.counts()),
                (None, Format::Jsonl) => put(&(json_safe(row.text()) + "\n")),
                (None, Format::Human) if width.is_none() || many.is_verbatim() => {
                    let cells = row.cells.iter().map(|cell| escaped(cell)).collect::<Vec<_>>();
                    put(&(cells.join("\t") + "\n"));
                }
                (None, _) => match many.live() {
                    Some(widths) => put(&(aligned(&row, widths, width, &|word| self.status(word)) + "\n")),
                    None => rows.push(row),
                },
            }
            if let Some(width) = width.filter(|_| rows.len() >= TABLE) {
                put(&drawn(many, &rows, width, &|word| self.status(word)));
                rows.clear();
            }
        }
        if let Some(error) = many.failure().filter(|_| stopped.is_none()) {
            return self.error(&error);
        }
        match stream {
            Some(stream) if stopped.is_none() => stream.close(many),
            // It says so itself that it was interrupted.
            Some(stream) => drop(stream),
            None if stopped.is_some() && !many.outlives_a_stop() => {}
            None => put(&self.last(many, &rows, width, is_empty)),
        }
        if let Some(error) = unwritten.take() {
            return self.error(&not_written(error));
        }
        stopped.map_or_else(|| self.ended(many), |error| self.error(&error))
    }

    /// What is written behind the last result, where it is not the end of a stream.
    fn last(&self, many: &dyn Many, rows: &[Row], width: Option<u16>, is_empty: bool) -> String {
        match (self.format, width) {
            (Format::Json, _) => {
                let documents: Vec<&RawValue> = rows.iter().filter_map(|row| row.document.as_deref()).collect();
                many.document(&documents).as_deref().map(line).unwrap_or_default()
            }
            (Format::Jsonl, _) => many.document(&[]).as_deref().map(line).unwrap_or_default(),
            (Format::Human, Some(_)) if many.live().is_some() || many.is_verbatim() => String::new(),
            (Format::Human, Some(width)) if is_empty || !rows.is_empty() => {
                drawn(many, rows, width, &|word| self.status(word))
            }
            (Format::Human, _) => String::new(),
        }
    }

    /// Tells of all results, and how the process ends.
    fn ended(&self, many: &dyn Many) -> Exit {
        let (done, failed) = many.counts();
        if failed > 0 {
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
        if self.verbosity >= Verbosity::Normal && self.format == Format::Human && io::stderr().is_terminal() {
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
        let _ = write!(io::stderr().lock(), "{}", escaped(question));
    }

    /// A line on stderr that must be seen, such as an SMS that is shown instead of sent.
    ///
    /// # Errors
    /// When stderr cannot be written.
    pub fn show(&self, line: &str) -> io::Result<()> {
        writeln!(io::stderr().lock(), "{line}")
    }

    /// A line on stderr, as it is. A closed stderr is nobody's loss.
    pub fn say(&self, line: &str) {
        let _ = writeln!(io::stderr().lock(), "{line}");
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

/// One row in columns of these widths, cut where the line ends.
fn aligned(row: &Row, widths: &[usize], line: Option<u16>, paint: &dyn Fn(&str) -> String) -> String {
    let (mut text, mut room) = (String::new(), line.map_or(usize::MAX, usize::from));
    for (at, cell) in row.cells.iter().map(|cell| escaped(cell)).enumerate() {
        let shown = table::cut(&cell, room);
        let used = display_width(&shown);
        let end = widths.get(at).map_or(used, |width| used.max(*width) + 2);
        text.push_str(&paint(&shown));
        text.push_str(&" ".repeat(end - used));
        room = room.saturating_sub(end);
        if room == 0 {
            break;
        }
    }
    text.trim_end().to_owned()
}

/// A table of results, for a terminal.
fn drawn(many: &dyn Many, rows: &[Row], width: u16, paint: &dyn Fn(&str) -> String) -> String {
    let mut table = many.table();
    for row in rows {
        table.row(&row.cells);
    }
    table.drawn(width, paint) + "\n"
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
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Whether a stream was closed when the process was started. The runtime then opens the null device in its place, to read
/// and to write, before any of our code runs; whoever throws output away on purpose opens it only to write.
fn is_nowhere(stream: &impl AsFd) -> bool {
    let null = rustix::fs::stat("/dev/null").map(|null| null.st_rdev).ok();
    let is_null = rustix::fs::fstat(stream).ok().map(|found| found.st_rdev).is_some_and(|found| Some(found) == null);
    let flags = rustix::fs::fcntl_getfl(stream).unwrap_or(rustix::fs::OFlags::WRONLY);
    is_null && flags.contains(rustix::fs::OFlags::RDWR)
}

/// The width of a terminal; `None`: it is none, and what reads it reads lines.
fn columns(stream: &(impl AsFd + io::IsTerminal)) -> Option<u16> {
    let measured = || tcgetwinsize(stream).ok().map(|size| size.ws_col).filter(|columns| *columns > 0);
    stream.is_terminal().then(|| measured().unwrap_or(WIDTH).max(20))
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

/// A document as it is written.
fn line(document: &RawValue) -> String {
    json_safe(document.get()) + "\n"
}

/// JSON with every character that a terminal could obey written as `\u…`. Such characters stand only inside strings, where
/// that means the same.
fn json_safe(document: &str) -> String {
    let mut safe = String::with_capacity(document.len());
    for character in document.chars() {
        if is_unsafe(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a String does not fail.
                let _ = std::fmt::Write::write_fmt(&mut safe, format_args!("\\u{unit:04x}"));
            }
        } else {
            safe.push(character);
        }
    }
    safe
}
