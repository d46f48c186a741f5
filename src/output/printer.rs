//! Writes results to stdout, once, and everything else to stderr.

use std::io::{self, ErrorKind, IsTerminal as _, Write as _};

use comfy_table::Table as Drawn;

use super::{Human, Report};
use crate::error::{Error, Exit};
use crate::otp::foreign::escaped;

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

/// Whether words are coloured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Colour {
    /// On a terminal.
    #[default]
    Auto,
    /// Also in a pipe.
    Always,
    /// Nowhere.
    Never,
}

/// How much is said beside the result.
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
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    /// The form of the result.
    pub format: Format,
    /// Whether errors are coloured.
    pub colour: Colour,
    /// How much is said.
    pub verbosity: Verbosity,
}

/// The width of a screen that cannot be measured.
const WIDTH: u16 = 80;

impl Printer {
    /// Prints a report and tells how the process ends: as the report says, unless the result could not be written.
    #[must_use]
    pub fn report(&self, report: &dyn Report) -> Exit {
        if self.verbosity == Verbosity::Silent {
            return report.exit();
        }
        let text = match self.format {
            Format::Human => Ok(self.human(&report.human())),
            Format::Json => report.document().map(|document| document + "\n"),
            Format::Jsonl => report.lines().map(|lines| lines.into_iter().map(|line| line + "\n").collect()),
        };
        let written = text.map_err(io::Error::from).and_then(|text| write(&mut io::stdout().lock(), &text));
        if let Err(error) = written {
            return self.error(&Error::new(Exit::Internal, error).hint("the command itself was done"));
        }
        if self.format == Format::Human {
            report.hints().iter().for_each(|hint| self.hint(hint));
        }
        report.exit()
    }

    /// Prints a failure on stderr; nothing goes to stdout.
    pub fn error(&self, error: &Error) -> Exit {
        if self.verbosity > Verbosity::Silent {
            if self.format == Format::Human {
                self.say(&format!("{} {}", self.painted("error:", "31"), one_line(&error.message())));
                error.candidates.iter().for_each(|candidate| self.say(&format!("  {}", escaped(candidate))));
                error.hint.iter().for_each(|hint| self.hint(hint));
            } else {
                self.say(&error.document());
            }
        }
        error.exit
    }

    /// Something to be careful of.
    pub fn warning(&self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.say(&format!("{} {}", self.painted("warning:", "33"), one_line(text)));
        }
    }

    /// One command to go on with.
    pub fn hint(&self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.say(&format!("{} {}", self.painted("hint:", "36"), one_line(text)));
        }
    }

    /// A question on stderr; the cursor stays behind it.
    #[expect(clippy::unused_self, reason = "stderr too is written by the printer only")]
    pub fn ask(&self, question: &str) {
        let _ = write!(io::stderr().lock(), "{}", escaped(question));
    }

    /// A line on stderr, as it is. A closed stderr is nobody's loss.
    #[expect(clippy::unused_self, reason = "stderr too is written by the printer only")]
    pub fn say(&self, line: &str) {
        let _ = writeln!(io::stderr().lock(), "{line}");
    }

    fn human(&self, human: &Human) -> String {
        let terminal = io::stdout().is_terminal();
        let table = |table: &super::Table| if terminal { table.drawn(width()) } else { table.separated() };
        let mut text = match human {
            Human::Raw(text) => return text.clone(),
            Human::Text(text) => text.lines().map(escaped).collect::<Vec<_>>().join("\n"),
            Human::Rows(rows) => table(rows),
            Human::Screen(first, parts) => {
                let mut screen = escaped(first);
                for (name, part) in parts {
                    screen.push_str(&format!("\n\n{name}\n"));
                    let drawn = part.drawn(if terminal { width() - 2 } else { u16::MAX });
                    screen.push_str(&drawn.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n"));
                }
                screen
            }
        };
        if !text.is_empty() {
            text.push('\n');
        }
        text
    }

    fn painted(&self, word: &str, colour: &str) -> String {
        let paint = match self.colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => io::stderr().is_terminal(),
        };
        if paint { format!("\u{1b}[{colour}m{word}\u{1b}[0m") } else { word.to_owned() }
    }
}

/// A closed pipe ends the writing, not the meaning: the reader has what it wanted.
fn write(out: &mut impl io::Write, text: &str) -> io::Result<()> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn width() -> u16 {
    Drawn::new().width().unwrap_or(WIDTH).max(20)
}

fn one_line(text: &str) -> String {
    escaped(&text.replace('\n', " "))
}
