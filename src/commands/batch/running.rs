//! The lines of a batch that are under way, so many at once as may be: each has its own result, as soon as it ended.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use serde_json::value::{RawValue, to_raw_value};
use tokio::time::{Instant, sleep_until, timeout};

use super::args::BatchArgs;
use super::checkpoint::{Before, Checkpoint};
use super::each::Each;
use super::input::Input;
use super::one::{Begun, Ended, Outcome, Shared, run};
use super::pace::Pace;
use super::records::{Record, Records};
use super::row::row;
use super::summary::Summary;
use crate::app::App;
use crate::error::{Completion, Error, Exit, Told};
use crate::otp::Hint;
use crate::output::{Many, Row, Table, plural};

/// So many failures of what all lines share, one after the other, and it is taken for gone: more than are under way at once.
const GONE: usize = 3;
/// So long the lines that were not tried are counted.
const COUNTING: Duration = Duration::from_secs(2);

/// A batch that is under way.
pub(super) struct Batch<'a> {
    app: &'a App,
    each: &'a dyn Each,
    input: Input,
    concurrency: usize,
    max_errors: Option<u64>,
    /// What is still to be read; `None` while it is read, and at its end.
    records: Option<Box<Records>>,
    reading: Option<Reading<'a>>,
    /// A line that waits for its turn.
    held: Option<Box<Record>>,
    running: FuturesUnordered<LocalBoxFuture<'a, Ended>>,
    under_way: BTreeMap<u64, Begun>,
    shared: Rc<Shared<'a>>,
    pace: Pace,
    summary: Summary,
    in_a_row: usize,
    failure: Option<Error>,
    /// The code of the last row, which nobody prints again.
    last: Option<(String, String)>,
}

type Reading<'a> = LocalBoxFuture<'a, (Box<Records>, Option<Record>)>;

/// What happens next.
enum Happens {
    Ended(Option<Ended>),
    Read(Box<Records>, Option<Box<Record>>),
    ItsTurn,
}

impl<'a> Batch<'a> {
    pub(super) fn new(
        app: &'a App,
        each: &'a dyn Each,
        args: &BatchArgs,
        (input, records): (Input, Records),
        (concurrency, checkpoint): (usize, Option<Checkpoint>),
    ) -> Self {
        let shared = Rc::new(Shared { each, checkpoint, closing: Cell::new(false) });
        Self {
            app,
            each,
            summary: Summary::new(input.size()),
            input,
            concurrency,
            max_errors: args.max_errors,
            records: Some(Box::new(records)),
            reading: None,
            held: None,
            running: FuturesUnordered::new(),
            under_way: BTreeMap::new(),
            shared,
            pace: Pace::new(args.rate),
            in_a_row: 0,
            failure: None,
            last: None,
        }
    }

    /// Waits for whatever comes first. `None`: nothing is under way, and nothing is to be begun.
    async fn happens(&mut self) -> Option<Happens> {
        let may_begin = !self.shared.closing.get();
        if may_begin && self.held.is_none() {
            self.start_reading();
        }
        let has_room = may_begin && self.running.len() < self.concurrency;
        let (may_read, has_held) = (has_room && self.held.is_none(), has_room && self.held.is_some());
        let Self { running, reading, pace, .. } = self;
        if running.is_empty() && !has_held && !(may_read && reading.is_some()) {
            return None;
        }
        Some(tokio::select! {
            ended = running.next(), if !running.is_empty() => Happens::Ended(ended),
            () = sleep_until(pace.next()), if has_held => Happens::ItsTurn,
            (records, record) = async {
                match reading.as_mut() {
                    Some(reading) => reading.await,
                    None => std::future::pending().await,
                }
            }, if may_read => Happens::Read(records, record.map(Box::new)),
        })
    }

    /// A line was read.
    fn read(&mut self, records: Box<Records>, record: Option<Box<Record>>) {
        self.reading = None;
        let Some(record) = record else { return };
        self.summary.bytes = records.bytes();
        self.records = Some(records).filter(|_| !record.is_last);
        let checkpoint = self.shared.checkpoint.as_ref();
        if checkpoint.is_some_and(|known| known.before(record.number) == Before::Ended) {
            self.summary.skipped += 1;
        } else {
            self.held = Some(record);
        }
    }

    /// The line whose turn it is begins.
    fn begin(&mut self) {
        if self.each.prints_once() && self.app.printer.is_unread() {
            self.nobody_reads();
        }
        if !self.app.has_time() {
            let exit = if self.summary.done > 0 { Exit::Partial } else { Exit::StoreUnreachable };
            self.fails(Error::said(exit, "the time limit was reached"));
        }
        if self.shared.closing.get() {
            return;
        }
        let Some(record) = self.held.take() else { return };
        self.pace.began(Instant::now());
        let begun = Begun::new(self.app, &record);
        self.under_way.insert(record.number, begun.clone());
        self.running.push(Box::pin(run(Rc::clone(&self.shared), begun, *record)));
    }

    fn ended(&mut self, ended: Ended) -> Option<Row> {
        let Ended { number, name, outcome } = ended;
        let begun = self.under_way.remove(&number)?;
        let result = match outcome {
            Outcome::Result(result) => result,
            Outcome::NotTried => {
                self.summary.not_tried();
                return None;
            }
            Outcome::NotNoted(error) => {
                self.summary.not_tried();
                self.fails(error);
                return None;
            }
        };
        self.app.progress.line_ended(&begun.app.progress.known());
        let (exit, is_done) = result.as_ref().map_or_else(|error| (error.exit, false), |report| (report.exit(), true));
        self.summary.count(exit, is_done);
        self.noted(number, &begun, exit);
        self.judge(exit);
        self.last = match &result {
            Ok(report) if self.each.prints_once() => report.ids().challenge.map(|id| (name.clone(), id.to_owned())),
            _ => None,
        };
        Some(row(self.app, (number, name), result))
    }

    fn noted(&mut self, number: u64, begun: &Begun, exit: Exit) {
        let Some(checkpoint) = &self.shared.checkpoint else { return };
        if let Err(error) = checkpoint.end(number, begun.digest, exit) {
            self.fails(error);
        }
    }

    /// Whether more lines are to be begun after one that ended so.
    fn judge(&mut self, exit: Exit) {
        let what = match exit {
            Exit::StoreUnreachable | Exit::StoreDenied | Exit::StoreNotReady | Exit::StoreUnknown => Some("the store"),
            Exit::AuditFailed => Some("the audit"),
            Exit::Config => Some("the configuration"),
            _ => None,
        };
        self.in_a_row = if what.is_some() { self.in_a_row + 1 } else { 0 };
        if let Some(what) = what
            && self.in_a_row >= GONE + self.concurrency - 1
        {
            let why = format!("{what} failed for {} consecutive lines", self.in_a_row);
            self.fails(Error::said(if self.summary.done > 0 { Exit::Partial } else { exit }, why));
        }
        if let Some(most) = self.max_errors
            && u64::try_from(self.summary.failed).unwrap_or(u64::MAX) >= most
        {
            self.fails(Error::said(
                Exit::Partial,
                format!("stopped after {}", plural(self.summary.failed, "failed line", "failed lines")),
            ));
        }
    }

    fn nobody_reads(&mut self) {
        let error = Error::said(Exit::Internal, "stdout was closed, so no more codes are made");
        self.fails(error.hint("read all results, or write them to a file"));
    }

    /// No more lines are begun, for this reason.
    fn fails(&mut self, error: Error) {
        self.shared.closing.set(true);
        self.failure.get_or_insert(error);
    }

    /// Counts what was not tried, where it can be read without waiting for anybody.
    async fn count_rest(&mut self) {
        self.summary.is_rest_unknown = timeout(COUNTING, self.rest()).await != Ok(true);
    }

    /// Whether all of it was counted. It may be left and begun again.
    async fn rest(&mut self) -> bool {
        if self.held.take().is_some() {
            self.summary.not_tried();
        }
        if !self.input.is_kept() {
            return self.records.is_none() && self.reading.is_none();
        }
        loop {
            self.start_reading();
            let Some(reading) = self.reading.as_mut() else { return true };
            let (records, record) = reading.await;
            self.reading = None;
            let Some(record) = record else { return true };
            self.count_one(&record);
            self.records = Some(records).filter(|_| !record.is_last);
        }
    }

    /// The next line is read, unless it is, or there is none.
    fn start_reading(&mut self) {
        if self.reading.is_some() {
            return;
        }
        let app = self.app;
        self.reading = self.records.take().map(|mut records| -> Reading<'a> {
            Box::pin(async move {
                let record = app.progress.waiting_for("the next line", records.next()).await;
                (records, record)
            })
        });
    }

    fn count_one(&mut self, record: &Record) {
        let checkpoint = self.shared.checkpoint.as_ref();
        if checkpoint.is_some_and(|known| known.before(record.number) == Before::Ended) {
            self.summary.skipped += 1;
        } else {
            self.summary.not_tried();
        }
    }
}

#[async_trait(?Send)]
impl Many for Batch<'_> {
    fn table(&self) -> Table {
        Table::new(&["LINE", "EXIT", "RESULT"], "Nothing to do.").wrapped(&["RESULT"])
    }

    fn live(&self) -> Option<&'static [usize]> {
        Some(&[16, 4])
    }

    async fn next(&mut self) -> Option<Row> {
        loop {
            match self.happens().await {
                None => {
                    if self.shared.closing.get() && self.failure.is_some() {
                        self.count_rest().await;
                    }
                    return None;
                }
                Some(Happens::Read(records, record)) => self.read(records, record),
                Some(Happens::ItsTurn) => self.begin(),
                Some(Happens::Ended(ended)) => {
                    if let Some(row) = ended.and_then(|ended| self.ended(ended)) {
                        return Some(row);
                    }
                }
            }
        }
    }

    fn counts(&self) -> (usize, usize) {
        (self.summary.done, self.summary.failed)
    }

    fn wind_down(&mut self) -> bool {
        self.shared.closing.set(true);
        !self.running.is_empty()
    }

    fn interrupted(&mut self, told: &Told<'_>) -> Option<Row> {
        while let Some((number, begun)) = self.under_way.pop_first() {
            let known = begun.app.progress.known();
            if known.is_nothing() {
                self.summary.not_tried();
                if begun.is_begun.get() {
                    self.noted(number, &begun, Exit::StoreUnreachable);
                }
                begun.app.line_stopped(&told(&known));
                continue;
            }
            let error = told(&known);
            begun.app.line_stopped(&error);
            self.app.progress.line_stopped(&known);
            // What was done is noted as done. What is in doubt stays under way for the next run.
            if error.outcome == Completion::Done {
                self.noted(number, &begun, Exit::Ok);
            }
            self.summary.count(error.exit, false);
            return Some(row(self.app, (number, begun.name.clone()), Err(error)));
        }
        None
    }

    async fn wound_down(&mut self) {
        self.count_rest().await;
    }

    fn outlives_a_stop(&self) -> bool {
        true
    }

    fn status(&self) -> Option<String> {
        Some(self.summary.status())
    }

    fn summary(&self) -> Option<String> {
        Some(self.summary.words())
    }

    fn fields(&self) -> Option<Box<RawValue>> {
        to_raw_value(&self.summary.counts()).ok()
    }

    fn lost(&mut self) -> Option<String> {
        let (name, id) = self.last.take()?;
        self.nobody_reads();
        let cancel = self.app.printer.command(&Hint::run(&["revoke"]).arg(id)).unwrap_or_default();
        Some(format!("the code for {name} was made and could not be printed; cancel it with: {cancel}"))
    }

    fn failure(&mut self) -> Option<Error> {
        let mut error = self.failure.take()?;
        let rest = self.summary.rest();
        if !rest.is_empty() {
            error.source = anyhow::Error::msg(format!("{}{rest}", error.message()));
        }
        if self.summary.done + self.summary.failed > 0 {
            error.outcome = Completion::Unknown;
        }
        Some(if error.hint.is_some() { error } else { error.hint("the lines that were not tried can be given again") })
    }
}
