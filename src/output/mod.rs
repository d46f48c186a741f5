//! The only writer: a command returns a report, and the printer renders it as a sentence, a table, JSON or JSON Lines.

mod beat;
mod desk;
mod form;
mod human;
mod listed;
mod many;
mod pinned;
mod printer;
mod results;
mod rows;
mod table;
mod time;
mod wrap;
mod written;

pub use desk::Desk;
pub use form::{Color, Format, Verbosity};
pub use listed::Listed;
#[cfg(test)]
pub(crate) use many::tests::{ManyDocument, ManyWithTotals};
pub use many::{Many, Output, Row, Stopped};
pub use pinned::Pinned;
pub use printer::{Printer, is_piped};
pub use table::{Cell, Table};
pub(crate) use time::zone_is_named;
pub use time::{clock, length, read_moment, relative, to_the_second, when, zone_name};

use std::fmt::Display;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::error::Exit;
use crate::otp::Hint;
use crate::otp::schema::Described;

/// What a person reads.
#[derive(Debug, Clone)]
pub enum Human {
    /// One or more lines of prose.
    Text(String),
    /// Lines that are copied: no terminal's width changes them.
    Verbatim(String),
    /// Many things of a kind.
    Rows(Table),
    /// Things that were looked at, and a sentence about all of them, for a terminal.
    Listed(Vec<Listed>, String),
    /// A screen: a first line, then named parts.
    Screen(String, Vec<(&'static str, Table)>),
    /// The screen of the support desk, then named parts.
    Desk(Box<Desk>, Vec<(&'static str, Table)>),
    /// Something to be used as it is, such as a completion script: never followed by a newline of ours.
    Raw(String),
}

/// What a command has to say, as a value. It is serialized as the fields of its document, which are only ever added to.
pub trait Report: Serialize + Described {
    /// The name and the version of its document.
    const SCHEMA: &str;

    /// For people.
    fn human(&self) -> Human;

    /// One document a line, where the report is a list.
    ///
    /// # Errors
    /// When a row has no form in JSON, which is a bug.
    fn lines(&self) -> Lines {
        Ok(vec![document(Self::SCHEMA, self)?])
    }

    /// How the process ends.
    fn exit(&self) -> Exit {
        Exit::Ok
    }

    /// What to be careful of, on stderr, after the result.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// Hints for people, on stderr, after the result.
    fn hints(&self) -> Vec<Hint> {
        Vec::new()
    }

    /// The ids of what was done.
    fn ids(&self) -> Ids<'_> {
        Ids::default()
    }
}

/// The ids by which what was done is found again, where its result could not be written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ids<'a> {
    /// Of a code.
    pub challenge: Option<&'a str>,
    /// Of a `verify`.
    pub attempt: Option<&'a str>,
}

/// A report of any command, as the printer takes it.
pub trait AnyReport {
    /// As [`Report::human`].
    fn human(&self) -> Human;

    /// The one document.
    ///
    /// # Errors
    /// When it has no form in JSON, which is a bug.
    fn document(&self) -> serde_json::Result<Box<RawValue>>;

    /// As [`Report::lines`].
    ///
    /// # Errors
    /// As there.
    fn lines(&self) -> Lines;

    /// As [`Report::exit`].
    fn exit(&self) -> Exit;

    /// As [`Report::warnings`].
    fn warnings(&self) -> Vec<String>;

    /// As [`Report::hints`].
    fn hints(&self) -> Vec<Hint>;

    /// As [`Report::ids`].
    fn ids(&self) -> Ids<'_>;
}

impl<T: Report> AnyReport for T {
    fn human(&self) -> Human {
        Report::human(self)
    }

    fn document(&self) -> serde_json::Result<Box<RawValue>> {
        document(T::SCHEMA, self)
    }

    fn lines(&self) -> Lines {
        Report::lines(self)
    }

    fn exit(&self) -> Exit {
        Report::exit(self)
    }

    fn warnings(&self) -> Vec<String> {
        Report::warnings(self)
    }

    fn hints(&self) -> Vec<Hint> {
        Report::hints(self)
    }

    fn ids(&self) -> Ids<'_> {
        Report::ids(self)
    }
}

/// The documents of JSON Lines.
pub type Lines = serde_json::Result<Vec<Box<RawValue>>>;

/// Fields under the name of their document, which comes first.
#[derive(Serialize)]
struct Document<'a, T: ?Sized> {
    schema: &'a str,
    #[serde(flatten)]
    fields: &'a T,
}

/// A document with these fields.
///
/// # Errors
/// When they have no form in JSON, which is a bug.
pub fn document<T: Serialize + Described + ?Sized>(schema: &str, fields: &T) -> serde_json::Result<Box<RawValue>> {
    to_raw_value(&Document { schema, fields })
}

/// One document a line for the rows of a list, each under its own schema.
///
/// # Errors
/// When a row has no form in JSON, which is a bug.
pub fn lines_of<T: Serialize + Described>(schema: &str, rows: &[T]) -> Lines {
    rows.iter().map(|row| document(schema, row)).collect()
}

/// A number of things, in words: `1 try`, `2 tries`.
#[must_use]
pub fn plural<N: Copy + Display + PartialEq + From<u8>>(count: N, one: &str, more: &str) -> String {
    let noun = if count == N::from(1) { one } else { more };
    format!("{count} {noun}")
}
