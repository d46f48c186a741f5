//! Results that come one after the other: each is written as soon as it is there.

use async_trait::async_trait;
use serde_json::value::RawValue;

use super::Table;
use crate::error::{Error, Exit, Told};
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

    /// Begins no more of them, since the command was stopped, or nobody reads its results. Returns whether some are under
    /// way that are worth waiting for a little.
    fn wind_down(&mut self) -> bool {
        false
    }

    /// The next of the results that were still under way when the command was stopped; `None`: there is no other.
    fn interrupted(&mut self, _told: &Told<'_>) -> Option<Row> {
        None
    }

    /// The command was stopped, and all results are told.
    async fn wound_down(&mut self) {}

    /// How far it is, for whoever looks on; `None`: that is not told.
    fn status(&self) -> Option<String> {
        None
    }

    /// The last row could not be printed, since nobody reads stdout any more. What is told of it on stderr; `None`: nobody
    /// misses it.
    fn lost(&mut self) -> Option<String> {
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

    /// More fields of the usual document, each with a comma before it.
    fn fields(&self) -> String {
        String::new()
    }

    /// What is said of all of them on stderr at the end, in every format; `None`: how many failed.
    fn summary(&self) -> Option<String> {
        None
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

/// Who stopped a command, and what is known of it then.
#[async_trait(?Send)]
pub trait Stopped {
    /// Ends when what is under way has had its time, or somebody stops the command once more.
    async fn patience(&mut self);

    /// How one of many ended that was under way.
    fn of_one(&self) -> &Told<'_>;

    /// How the command ended.
    fn of_all(&self) -> Error;
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
        self.end(false, &many.fields(), many.totals().as_deref());
    }

    /// Closes it before its end, with what is known of all results.
    pub(super) fn stop(mut self, many: &dyn Many) {
        self.end(true, &many.fields(), None);
    }

    fn end(&mut self, is_interrupted: bool, fields: &str, totals: Option<&RawValue>) {
        self.is_closed = true;
        let (done, failed) = self.counts;
        let totals = self.has_totals.then(|| format!(",\"totals\":{}", totals.map_or("null", RawValue::get)));
        let totals = totals.unwrap_or_default();
        let end = format!("],\"done\":{done},\"failed\":{failed},\"interrupted\":{is_interrupted}{fields}{totals}}}\n");
        (self.write)(&end);
    }
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        if !self.is_closed {
            self.end(true, "", None);
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

    /// The lines of a batch.
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct BatchDocument {
        #[schemars(flatten)]
        many: ManyDocument<serde_json::Map<String, serde_json::Value>>,
        /// Lines that a checkpoint knows.
        skipped: u64,
        /// Lines that were not begun; `null`: they were not counted.
        not_tried: Option<u64>,
        /// How many lines ended with each exit code.
        by_exit: std::collections::BTreeMap<String, u64>,
    }

    crate::otp::schema::documents! { "otpctl.many/1" => BatchDocument }
}
