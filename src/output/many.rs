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

    /// An object, whose fields the usual document has behind its counts.
    fn fields(&self) -> Option<Box<RawValue>> {
        None
    }

    /// The last line on stderr, about all of them, in every format; `None`: how many failed.
    fn summary(&self) -> Option<String> {
        None
    }

    /// What the usual document says of all results behind them, as `totals`; its schema says whether there is one.
    fn totals(&self) -> Option<Box<RawValue>> {
        None
    }

    /// The usual document up to its first result.
    fn opening(&self) -> String {
        format!(r#"{{"schema":"{}","results":["#, self.schema())
    }

    /// The usual document behind its last result: how many were done and failed, and whether it was left before its end.
    fn closing(&self, (done, failed): (usize, usize), is_interrupted: bool) -> String {
        let totals = |totals: Box<RawValue>| if is_interrupted { "null".to_owned() } else { totals.get().to_owned() };
        let totals = self.totals().map(|known| format!(",\"totals\":{}", totals(known))).unwrap_or_default();
        let fields = self.fields().map(|more| format!(",{}", inside(&more))).unwrap_or_default();
        format!("],\"done\":{done},\"failed\":{failed},\"interrupted\":{is_interrupted}{fields}{totals}}}\n")
    }

    /// Whether the next result is there already, so that nobody waits for this one to be seen.
    fn is_at_hand(&self) -> bool {
        false
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

/// The fields of an object, as they stand in another one.
fn inside(object: &RawValue) -> &str {
    object.get().strip_prefix('{').and_then(|fields| fields.strip_suffix('}')).unwrap_or_default()
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

/// The usual document, written piece by piece.
pub(super) struct Stream<'a> {
    write: &'a dyn Fn(&str),
    rows: usize,
    counts: (usize, usize),
}

impl<'a> Stream<'a> {
    pub(super) fn open(many: &dyn Many, write: &'a dyn Fn(&str)) -> Self {
        write(&many.opening());
        Self { write, rows: 0, counts: (0, 0) }
    }

    /// One more result, and how many were done and failed with it.
    pub(super) fn row(&mut self, document: &str, counts: (usize, usize)) {
        let between = if self.rows == 0 { "" } else { "," };
        (self.write)(between);
        (self.write)(document);
        (self.rows, self.counts) = (self.rows + 1, counts);
    }

    /// Closes it. What has no row is counted too.
    pub(super) fn close(self, many: &dyn Many) {
        (self.write)(&many.closing(many.counts(), false));
    }

    /// Closes it before its end, with what is known of all results: what was done is never lost with what was not.
    pub(super) fn stop(self, many: &dyn Many) {
        (self.write)(&many.closing(self.counts, true));
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

    /// The same, with totals behind the results.
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    pub(crate) struct ManyWithTotals<T, U> {
        #[schemars(flatten)]
        many: ManyDocument<T>,
        /// `null` where it was stopped before its end.
        totals: Option<U>,
    }
}
