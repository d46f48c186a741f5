//! The rows of results that come one after the other, in the form that was asked for: drawn, or written as they come.

use serde_json::value::RawValue;
use textwrap::core::display_width;

use super::many::Stream;
use super::written::{json_safe, line};
use super::{Format, Many, Row, Verbosity, table};
use crate::otp::escape::escaped;

/// So many results are drawn as one table, so that no more of them are held.
const TABLE: usize = 500;

/// Writes a part of the result.
pub(super) type Put<'a> = &'a dyn Fn(&str);
/// Colors the word for a status.
pub(super) type Paint<'a> = &'a dyn Fn(&str) -> String;

/// What was printed so far, and what waits for more.
pub(super) struct Rows<'a> {
    format: Format,
    verbosity: Verbosity,
    put: Put<'a>,
    paint: Paint<'a>,
    stream: Option<Stream<'a>>,
    /// That of a terminal that people read.
    width: Option<u16>,
    held: Vec<Row>,
    is_empty: bool,
}

impl<'a> Rows<'a> {
    /// `width`: that of the terminal, where people read them.
    pub(super) fn begin(
        (format, verbosity): (Format, Verbosity),
        width: Option<u16>,
        many: &dyn Many,
        (put, paint): (Put<'a>, Paint<'a>),
    ) -> Self {
        let stream = (format == Format::Json && many.is_streamed()).then(|| Stream::open(many, put));
        Self { format, verbosity, put, paint, stream, width, held: Vec::new(), is_empty: true }
    }

    /// Prints a row, or keeps it for a table.
    pub(super) fn print(&mut self, many: &dyn Many, row: Row) {
        self.is_empty = false;
        match (&mut self.stream, self.format) {
            _ if self.verbosity == Verbosity::Silent => {}
            (Some(stream), _) => stream.row(&json_safe(row.text()), many.counts()),
            (None, Format::Jsonl) => {
                (self.put)(&json_safe(row.text()));
                (self.put)("\n");
            }
            (None, Format::Human) if self.width.is_none() || many.is_verbatim() => {
                let cells = row.cells.iter().map(|cell| escaped(cell)).collect::<Vec<_>>();
                (self.put)(&(cells.join("\t") + "\n"));
            }
            (None, _) => match many.live() {
                Some(widths) => (self.put)(&(aligned(&row, widths, self.width, self.paint) + "\n")),
                None => self.held.push(row),
            },
        }
        if let Some(width) = self.width.filter(|_| self.held.len() >= TABLE) {
            (self.put)(&drawn(many, &self.held, width, self.paint));
            self.held.clear();
        }
    }

    /// Prints what is still held, and the end of the document. `is_stopped`: somebody stopped the command; `is_failed`: no
    /// more come, although there are more.
    pub(super) fn end(self, many: &dyn Many, is_stopped: bool, is_failed: bool) {
        if self.verbosity == Verbosity::Silent {
            return;
        }
        match self.stream {
            Some(stream) if is_stopped || is_failed => stream.stop(many),
            Some(stream) => stream.close(many),
            None if is_stopped && !many.outlives_a_stop() => {}
            None if is_failed && (self.format != Format::Human || !many.outlives_a_stop()) => {}
            None => (self.put)(&self.last(many)),
        }
    }

    /// What is written behind the last result, where it is not the end of a stream.
    fn last(&self, many: &dyn Many) -> String {
        match (self.format, self.width) {
            (Format::Json, _) => {
                let documents: Vec<&RawValue> = self.held.iter().filter_map(|row| row.document.as_deref()).collect();
                many.document(&documents).as_deref().map(line).unwrap_or_default()
            }
            (Format::Jsonl, _) => many.document(&[]).as_deref().map(line).unwrap_or_default(),
            (Format::Human, Some(_)) if many.is_verbatim() || many.live().is_some() && !self.is_empty => String::new(),
            (Format::Human, Some(width)) if self.is_empty || !self.held.is_empty() => {
                drawn(many, &self.held, width, self.paint)
            }
            (Format::Human, _) => String::new(),
        }
    }
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
