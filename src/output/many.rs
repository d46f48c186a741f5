//! Results that come one after the other: each is written as soon as it is there.

use async_trait::async_trait;
use serde_json::value::RawValue;

use super::Table;
use crate::error::{Error, Exit};
use crate::otp::Hint;

/// One result of many.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its document, in one line: as the command prints it for one alone, or an error's. Without one, which would be a
    /// bug, people still read its cells.
    pub document: Option<Box<RawValue>>,
    /// Its cells for people.
    pub cells: Vec<String>,
}

impl Row {
    /// Its document as it is written.
    pub(super) fn text(&self) -> &str {
        self.document.as_deref().map_or("null", RawValue::get)
    }
}

/// Results that are still to come.
#[async_trait(?Send)]
pub trait Many {
    /// The table of them, still without rows.
    fn table(&self) -> Table;

    /// The next result; `None` at the end.
    async fn next(&mut self) -> Option<Row>;

    /// How many were done, and how many failed, so far.
    fn counts(&self) -> (usize, usize);

    /// The result that was under way when the command was stopped, and this is how it ended; `None`: there is none.
    fn interrupted(&mut self, _error: &Error) -> Option<Row> {
        None
    }

    /// Whether the results so far are worth having where the command was stopped: those of what was done are.
    fn outlives_a_stop(&self) -> bool {
        false
    }

    /// The widths of the columns, where each row is to be seen as soon as it is there: of all but the last, which has the rest
    /// of the line. `None`: a table is drawn of many rows.
    fn live(&self) -> Option<&'static [usize]> {
        None
    }

    /// Why no more come, although there are more.
    fn failure(&mut self) -> Option<Error> {
        None
    }

    /// The document of all of them, with these rows in it, where it is not the usual one: it is also the last of JSON
    /// Lines, without rows.
    fn document(&self, _rows: &[&RawValue]) -> Option<Box<RawValue>> {
        None
    }

    /// Whether the document is the usual one. It is written while the rows come, so that a million of them take no more
    /// memory than one; another document waits for its last row.
    fn is_streamed(&self) -> bool {
        true
    }

    /// The schema of the usual document.
    fn schema(&self) -> &'static str {
        "otpctl.many/1"
    }

    /// What the usual document says of all results behind them, as `totals`; its schema says whether there is one.
    fn totals(&self) -> Option<Box<RawValue>> {
        None
    }

    /// Whether each row is to be copied as it is, wherever it is written: a line of a file, not a row of a table.
    fn is_verbatim(&self) -> bool {
        false
    }

    /// What is printed about all of them, on stderr.
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
    One(Box<dyn super::AnyReport>),
    /// Many results.
    Many(Box<dyn Many + 'a>),
}

/// The usual document, written piece by piece. One that is left before its end is closed, and says so, so that what was
/// done is never lost with what was not.
pub(super) struct Stream<'a> {
    write: &'a dyn Fn(&str),
    rows: usize,
    counts: (usize, usize),
    /// There are totals, which are `null` where it is left before its end.
    has_totals: bool,
    is_closed: bool,
}

impl<'a> Stream<'a> {
    pub(super) fn open(many: &dyn Many, write: &'a dyn Fn(&str)) -> Self {
        write(&format!(r#"{{"schema":"{}","results":["#, many.schema()));
        Self { write, rows: 0, counts: (0, 0), has_totals: many.totals().is_some(), is_closed: false }
    }

    /// One more result, and how many were done and failed with it.
    pub(super) fn row(&mut self, document: &str, counts: (usize, usize)) {
        let between = if self.rows == 0 { "" } else { "," };
        (self.write)(&format!("{between}{document}"));
        (self.rows, self.counts) = (self.rows + 1, counts);
    }

    pub(super) fn close(mut self, many: &dyn Many) {
        // What has no row is counted too.
        self.counts = many.counts();
        self.end(false, many.totals().as_deref());
    }

    fn end(&mut self, is_interrupted: bool, totals: Option<&RawValue>) {
        self.is_closed = true;
        let (done, failed) = self.counts;
        let totals = self.has_totals.then(|| format!(",\"totals\":{}", totals.map_or("null", RawValue::get)));
        let totals = totals.unwrap_or_default();
        let end = format!("],\"done\":{done},\"failed\":{failed},\"interrupted\":{is_interrupted}{totals}}}\n");
        (self.write)(&end);
    }
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        if !self.is_closed {
            self.end(true, None);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    /// Many results in one document.
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    pub(crate) struct ManyDocument<T> {
        /// Each is a document of its own.
        results: Vec<T>,
        done: u64,
        failed: u64,
        /// It was stopped before its end.
        interrupted: bool,
    }

    /// The same, with what is said of all results behind them.
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    pub(crate) struct ManyWithTotals<T, U> {
        #[schemars(flatten)]
        many: ManyDocument<T>,
        /// `null` where it was stopped before its end.
        totals: Option<U>,
    }

    crate::otp::schema::documents! { "otpctl.many/1" => ManyDocument<serde_json::Map<String, serde_json::Value>> }
}
