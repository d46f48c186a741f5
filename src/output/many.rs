//! Results that come one after the other: each is written as soon as it is there.

use async_trait::async_trait;

use crate::error::{Error, Exit};
use crate::otp::Hint;

/// One result of many.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its document, in one line: as the command prints it for one alone, or an error's.
    pub document: String,
    /// Its cells for people.
    pub cells: Vec<String>,
}

/// Results that are still to come.
#[async_trait(?Send)]
pub trait Many {
    /// The names of the cells.
    fn header(&self) -> &'static [&'static str];

    /// What a person reads where there is none.
    fn empty(&self) -> &'static str {
        "Nothing to do."
    }

    /// The next result; `None` at the end.
    async fn next(&mut self) -> Option<Row>;

    /// How many were done, and how many failed, so far.
    fn counts(&self) -> (usize, usize);

    /// Why no more come, although there are more.
    fn failure(&mut self) -> Option<Error> {
        None
    }

    /// The document of all of them, with these rows in it, where it is not the usual one: it is also the last of JSON
    /// Lines, without rows.
    fn document(&self, _rows: &[&str]) -> Option<String> {
        None
    }

    /// What is said of all of them, on stderr.
    fn said(&self) -> Vec<String> {
        Vec::new()
    }

    /// Hints for people, on stderr, after the rest.
    fn hints(&self) -> Vec<Hint> {
        Vec::new()
    }

    /// How the process ends.
    fn exit(&self) -> Exit {
        if self.counts().1 == 0 { Exit::Ok } else { Exit::Partial }
    }
}

/// What a command gives back.
pub enum Output<'a> {
    /// One report.
    One(Box<dyn super::Report>),
    /// Many results.
    Many(Box<dyn Many + 'a>),
}
