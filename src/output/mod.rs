//! The only writer: a command returns a report, and the printer renders it as a sentence, a table, JSON or JSON Lines.

mod listed;
mod many;
mod printer;
mod table;
mod wrap;

pub use listed::Listed;
pub use many::{Many, Output, Row};
pub use printer::{Colour, Format, Printer, Verbosity};
pub use table::Table;

use std::fmt::Display;

use serde::Serialize;

use crate::error::Exit;
use crate::otp::Hint;

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
    /// Something to be used as it is, such as a completion script: never followed by a newline of ours.
    Raw(String),
}

/// What a command has to say, as a value. Its documents' fields are only ever added to.
pub trait Report {
    /// For people.
    fn human(&self) -> Human;

    /// The one document.
    ///
    /// # Errors
    /// When it has no form in JSON, which is a bug.
    fn document(&self) -> serde_json::Result<String>;

    /// One document a line, where the report is a list.
    ///
    /// # Errors
    /// As [`Self::document`].
    fn lines(&self) -> serde_json::Result<Vec<String>> {
        Ok(vec![self.document()?])
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
}

/// One document a line for the rows of a list, each under its own schema.
///
/// # Errors
/// When a row has no form in JSON.
pub fn lines_of<T: Serialize>(schema: &str, rows: &[T]) -> serde_json::Result<Vec<String>> {
    let line = |row: &T| {
        let fields = serde_json::to_string(row)?;
        Ok(format!(r#"{{"schema":"{schema}",{}"#, fields.strip_prefix('{').unwrap_or(&fields)))
    };
    rows.iter().map(line).collect()
}

/// A number of things, in words: `1 try`, `2 tries`.
#[must_use]
pub fn plural<N: Copy + Display + PartialEq + From<u8>>(count: N, one: &str, more: &str) -> String {
    let noun = if count == N::from(1) { one } else { more };
    format!("{count} {noun}")
}
