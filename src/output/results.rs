//! Prints what a command gives back: one report, or results as they come and a sentence about all of them.

use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind};

use super::beat::Beat;
use super::printer::{errors, not_written, one_line, put, screen};
use super::rows::Rows;
use super::{Format, Many, Output, Printer, Row, Stopped, Verbosity, wrap};
use crate::error::Exit;

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
        let width = screen().filter(|_| self.format == Format::Human);
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
        let write = || put(text);
        match if screen().is_some() { self.pinned.above(write) } else { write() } {
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
}
