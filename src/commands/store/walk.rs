//! The walk of `store check` and `store purge` over all keys: a row for each that something is wrong with, as it is
//! found, and counts at the end. However many keys there are, no more is held than one page of them.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::row::{purge_word, row, status};
use crate::app::{Act, App, Done, Intent};
use crate::commands::skipped::Skipped;
use crate::error::{Completion, Error, Exit};
use crate::operations::{FoundIssue, Issue, Operations, Removal, Scan, Severity};
use crate::otp::Hint;
use crate::output::{Format, Many, Row, Table, document, plural};

/// So many keys of a finding are shown where nobody says how many.
const SHOWN: u64 = 20;
/// Whoever waits at a terminal is told so often how far it is.
const NEWS: Duration = Duration::from_secs(2);
/// What is done with what is found.
pub(super) enum Mode {
    /// It is told.
    Check { shown: Option<u64> },
    /// It is removed.
    Purge { only: Vec<Issue>, limit: Option<u64> },
}

/// How many keys of a finding there were.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    found: u64,
    removed: u64,
    shown: u64,
}

pub(super) struct Walk<'a> {
    app: &'a App,
    operations: Operations<'a>,
    /// What was recorded before keys are removed.
    intent: Option<Intent>,
    mode: Mode,
    scan: Scan,
    rows: VecDeque<Row>,
    tallies: BTreeMap<Issue, Tally>,
    failure: Option<Error>,
    began: Instant,
    told: Instant,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Count {
    id: &'static str,
    status: &'static str,
    count: u64,
    removed: Option<u64>,
    purge: &'static str,
    what: &'static str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Totals<'a> {
    ok: bool,
    worst: u8,
    keys: u64,
    ours: u64,
    removed: Option<u64>,
    dry_run: bool,
    took_seconds: f64,
    /// Why keys of others were not looked at, where they were not.
    not_looked_at: Option<&'a str>,
    /// Parts of the store, such as nodes of a Cluster, that could not be gone over.
    skipped: Vec<Skipped>,
    findings: Vec<Count>,
    /// `null` in JSON Lines, where each has a line of its own.
    #[cfg_attr(test, schemars(with = "Option<Vec<super::row::KeyRow<'_>>>"))]
    rows: Option<&'a [&'a RawValue]>,
}

impl<'a> Walk<'a> {
    pub(super) async fn new(app: &'a App, pattern: Option<String>, mode: Mode) -> Result<Self, Error> {
        let now = Instant::now();
        let (operations, intent) = match &mode {
            Mode::Check { .. } => (app.operations().await?, None),
            Mode::Purge { only, .. } => {
                let only: Vec<&str> = only.iter().map(|issue| issue.id()).chain(pattern.as_deref()).collect();
                let detail = Some(only.join(", ")).filter(|detail| !detail.is_empty());
                let intent = app.intend(Act::on_many().detail(detail)).await?;
                (app.changing(&intent).await?, Some(intent))
            }
        };
        Ok(Self {
            app,
            operations,
            intent,
            mode,
            scan: Scan::new(pattern),
            rows: VecDeque::new(),
            tallies: BTreeMap::new(),
            failure: None,
            began: now,
            told: now,
        })
    }

    fn is_purge(&self) -> bool {
        matches!(self.mode, Mode::Purge { .. })
    }

    /// How many more keys may be removed.
    fn room(&self) -> usize {
        match self.mode {
            Mode::Purge { limit: Some(limit), .. } => {
                usize::try_from(limit.saturating_sub(self.scan.removed)).unwrap_or(usize::MAX)
            }
            _ => usize::MAX,
        }
    }

    async fn page(&mut self) -> Result<(), Error> {
        let (was_denied, missed) = (self.scan.denied.is_some(), self.scan.missing.len());
        let found = self.operations.scan(&mut self.scan).await?;
        if let (Some(why), false) = (&self.scan.denied, was_denied) {
            self.app.printer.warning(&format!("only otpctl's own keys are scanned, not those of applications: {why}"));
        }
        for missing in &self.scan.missing[missed..] {
            self.app.printer.warning(&format!("skipped a part of the store: {missing}"));
        }
        if self.told.elapsed() > NEWS {
            self.told = Instant::now();
            self.app.printer.progress(&format!("{} keys so far", self.scan.keys));
        }
        if self.is_purge() {
            return self.remove(found).await;
        }
        for one in found {
            self.row(&one, None).await;
        }
        Ok(())
    }

    /// Removes what of a page is to be removed, each key once.
    async fn remove(&mut self, found: Vec<FoundIssue>) -> Result<(), Error> {
        let Mode::Purge { only, .. } = &self.mode else { return Ok(()) };
        let wanted = |one: &FoundIssue| match one.removal() {
            Removal::Safe => only.is_empty() || only.contains(&one.issue),
            Removal::Named => only.contains(&one.issue),
            Removal::Never => false,
        };
        let mut names = HashSet::new();
        let fresh = |one: &FoundIssue| names.insert((one.snapshot.key.name.clone(), one.entry()));
        let chosen: Vec<FoundIssue> = found.into_iter().filter(wanted).filter(fresh).take(self.room()).collect();
        if chosen.is_empty() {
            return Ok(());
        }
        let removed = self.operations.purge(&mut self.scan, &chosen).await?;
        for (one, removed) in chosen.iter().zip(removed) {
            self.row(one, Some(removed)).await;
        }
        Ok(())
    }

    /// Counts it, and shows it while there is room.
    async fn row(&mut self, found: &FoundIssue, removed: Option<bool>) {
        let most = match (&self.mode, self.app.printer.format) {
            (Mode::Check { shown: Some(shown) }, _) => *shown,
            (_, Format::Jsonl) => u64::MAX,
            _ => SHOWN,
        };
        let tally = self.tallies.entry(found.issue).or_default();
        tally.found += 1;
        tally.removed += u64::from(removed == Some(true));
        if tally.shown >= most {
            return;
        }
        tally.shown += 1;
        let row = row(self.app, found, removed).await;
        self.rows.push_back(row);
    }

    /// Records how it ended, once.
    async fn recorded(&mut self) {
        let Some(intent) = self.intent.take() else { return };
        let count = usize::try_from(self.scan.removed).unwrap_or(usize::MAX);
        let removed = Done { exit: self.worst(), count };
        self.app.ended(intent, self.failure.as_ref().map_or(Ok(&removed), Err)).await;
    }

    fn worst(&self) -> Exit {
        if !self.scan.missing.is_empty() {
            return Exit::Partial;
        }
        let fails = !self.is_purge() && self.tallies.keys().any(|issue| issue.severity() == Severity::Failure);
        if fails { Exit::StoreData } else { Exit::Ok }
    }
}

#[async_trait(?Send)]
impl Many for Walk<'_> {
    fn table(&self) -> Table {
        if self.is_purge() {
            Table::new(&["STATUS", "FINDING", "KEY", "DETAIL", "RESULT"], "Nothing to remove.").spare(&["DETAIL"])
        } else {
            Table::new(&["STATUS", "FINDING", "KEY", "DETAIL", "PURGE"], "No problems found.").spare(&["PURGE"])
        }
    }

    async fn next(&mut self) -> Option<Row> {
        while self.rows.is_empty() {
            if self.failure.is_some() || self.scan.is_over() || self.room() == 0 {
                self.recorded().await;
                return None;
            }
            if let Err(error) = self.page().await {
                let removed = if self.app.globals.dry_run { 0 } else { self.scan.removed };
                self.failure = Some(self.app.explained(after(error, removed)));
            }
        }
        self.rows.pop_front()
    }

    fn counts(&self) -> (usize, usize) {
        (usize::try_from(self.scan.removed).unwrap_or(usize::MAX), 0)
    }

    fn failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    fn is_streamed(&self) -> bool {
        false
    }

    fn document(&self, rows: &[&RawValue]) -> Option<Box<RawValue>> {
        let purge = self.is_purge();
        let count = |(issue, tally): (&Issue, &Tally)| Count {
            id: issue.id(),
            status: status(issue.severity()),
            count: tally.found,
            removed: purge.then_some(tally.removed),
            purge: purge_word(issue.removal()),
            what: issue.what(),
        };
        let worst = self.worst().number();
        let totals = Totals {
            ok: worst == 0,
            worst,
            keys: self.scan.keys,
            ours: self.scan.ours,
            removed: purge.then_some(self.scan.removed),
            dry_run: self.app.globals.dry_run,
            took_seconds: self.began.elapsed().as_secs_f64(),
            not_looked_at: self.scan.denied.as_deref(),
            skipped: self.scan.missing.iter().cloned().map(Skipped::part).collect(),
            findings: self.tallies.iter().map(count).collect(),
            rows: (self.app.printer.format != Format::Jsonl).then_some(rows),
        };
        document(if purge { "otpctl.store_purge/1" } else { "otpctl.store_check/1" }, &totals).ok()
    }

    fn said(&self) -> Vec<String> {
        let counts = self.tallies.iter().map(|(issue, tally)| format!("{} {}", tally.found, issue.id()));
        let counts = counts.collect::<Vec<_>>().join(", ");
        let counts = if counts.is_empty() { counts } else { format!("; {counts}") };
        let mut said = vec![format!("{}, {} of ours{counts}", plural(self.scan.keys, "key", "keys"), self.scan.ours)];
        if self.is_purge() {
            let done = if self.app.globals.dry_run { "would be removed" } else { "removed" };
            said.push(format!("{} {done}", self.scan.removed));
        }
        said
    }

    fn hints(&self) -> Vec<Hint> {
        let cut = !self.is_purge() && self.tallies.values().any(|tally| tally.found > tally.shown);
        let all = Hint::run(&["store", "check"]).option("-o", "jsonl").because("not all are shown");
        let all = match &self.scan.pattern {
            Some(pattern) => all.option("--match", pattern),
            None => all,
        };
        let missing = (!self.scan.missing.is_empty()).then(|| Hint::run(&["doctor"]));
        missing.into_iter().chain(cut.then_some(all)).collect()
    }

    fn exit(&self) -> Exit {
        self.worst()
    }
}

/// What was removed before a failure stays removed.
fn after(mut error: Error, removed: u64) -> Error {
    if removed > 0 {
        let removed = plural(removed, "key was", "keys were");
        error.source = error.source.context(format!("{removed} removed before this failed"));
        error.outcome = Completion::Unknown;
    }
    error
}

crate::otp::schema::documents! { "otpctl.store_check/1" => Totals<'_>, "otpctl.store_purge/1" => Totals<'_> }
