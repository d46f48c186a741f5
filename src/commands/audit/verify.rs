//! `audit verify`: whether the records are those that were written, all of them, in their order.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use tokio::time::timeout;

use super::configured;
use crate::app::App;
use crate::audit::{Anchor, Checked, Finding, Head, Keys, Kind, Log, check, lines_of};
use crate::commands::CommandResult;
use crate::error::{Error, Exit};
use crate::otp::AuditHead;
use crate::output::{Human, Lines, Report, Table, lines_of as documents_of, plural};
use crate::system::{files_beside, shown};

/// So long the store is asked for the anchor.
const PATIENCE: Duration = Duration::from_secs(2);
/// So many intents without an outcome are listed.
const LISTED: usize = 20;
/// The endings of files that are packed.
const PACKED: [&str; 4] = ["gz", "xz", "zst", "bz2"];

/// Check that nobody changed the records
///
/// Checks the file, and those beside it that it was renamed to, against each other, the lock file and the store. Exits with
/// 28 and names the line if a record was edited, deleted, reordered, restamped, torn or cut off. An intent without an
/// outcome is counted: its process died, or still runs.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files of records [default: the one of `[audit]`]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What `audit anchor` printed before
    #[arg(long, value_name = "N:MAC", value_parser = anchor)]
    anchor: Option<Anchor>,
}

/// Reads a number and a short MAC.
fn anchor(text: &str) -> Result<Anchor, String> {
    let number = text.split_once(':').filter(|(_, mac)| !mac.is_empty()).and_then(|(number, _)| number.parse().ok());
    let seq =
        number.filter(|number| *number > 0).ok_or("expected what `audit anchor` prints, such as 12:wB3kQ0aXv9sT")?;
    Ok(Anchor { seq, short: text.to_owned() })
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct File {
    file: String,
    records: usize,
    first: Option<u64>,
    last: Option<u64>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Found {
    file: String,
    line: usize,
    kind: Kind,
    /// The first and the last number of the records that it is about.
    first: Option<u64>,
    last: Option<u64>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Verified {
    ok: bool,
    records: usize,
    files: Vec<File>,
    findings: Vec<Found>,
    intents_without_outcome: usize,
    /// Their numbers, the first 20.
    open: Vec<u64>,
    /// The records up to this number are in none of these files.
    begins_after: Option<u64>,
    newest_at: Option<String>,
    /// What the records were compared with.
    lock_seq: Option<u64>,
    store_seq: Option<u64>,
    anchor_seq: Option<u64>,
    #[serde(skip)]
    warnings: Vec<String>,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        Ok(Box::new(self.verified(app).await?))
    }

    async fn verified(&self, app: &App) -> Result<Verified, Error> {
        let log = match (self.files.as_slice(), app.audit_log().await?) {
            ([], _) => Some(configured(app).await?),
            (_, log) => log,
        };
        let own;
        let keys = if let Some(log) = log {
            log.keys()
        } else {
            own = Keys::of(app.peppers().await?);
            &own
        };
        let named: Vec<PathBuf> = match (self.files.as_slice(), log) {
            ([], Some(log)) => vec![log.path().to_owned()],
            (files, _) => files.to_vec(),
        };
        let is_own = log.filter(|log| named.iter().any(|path| path == log.path()));
        let mut warnings = Vec::new();
        let (mut head, mut files, mut paths) = (None::<Head>, Vec::new(), BTreeSet::new());
        // What knows of the newest record is read before it, so that it is never ahead of what an honest process wrote.
        for path in &named {
            let known = Log::head_of(path)?;
            if known.is_none() && is_own.is_some_and(|log| log.path() == path) {
                warnings.push(format!("{} has no lock file: a tail that was cut off would not be missed", shown(path)));
            }
            head = head.into_iter().chain(known).max_by_key(|head| head.seq);
            paths.extend(files_of(path, &mut warnings));
        }
        let store = match is_own {
            Some(log) => self.of_store(app, log, &mut warnings).await,
            None => None,
        };
        for path in paths {
            let lines = lines_of(keys, &path).map_err(|error| Error::new(Exit::AuditFailed, error))?;
            if lines.is_audit() || named.contains(&path) {
                files.push(lines);
            }
        }
        if let Some(absent) = self.files.iter().find(|path| !path.is_file()).filter(|_| files.is_empty()) {
            return Err(Error::said(Exit::Usage, format!("{}: there is no such file", shown(absent))));
        }
        if files.is_empty() && head.is_none() {
            let why = format!("{} has no record yet", shown(&named[0]));
            return Err(Error::said(Exit::NotFound, why).hint("a record is written before each change"));
        }
        let of_store = store.as_ref().map(|store| Anchor { seq: store.seq, short: store.anchor.clone() });
        let anchors: Vec<Anchor> = of_store.into_iter().chain(self.anchor.clone()).collect();
        let checked = check(files, head.as_ref(), &anchors);
        Ok(self.report(checked, head.as_ref(), store.as_ref(), warnings))
    }

    /// The head that the store knows; a store that does not answer is told.
    async fn of_store(&self, app: &App, log: &Log, warnings: &mut Vec<String>) -> Option<AuditHead> {
        let asked =
            async { Ok::<_, Error>(app.operations().await?.audit_head(&log.name(&app.who().host)).await?.head) };
        let why = match timeout(PATIENCE, asked).await {
            Ok(Ok(head)) => return Some(head).filter(|head| head.seq > 0),
            Ok(Err(error)) => error.message(),
            Err(_) => "it does not answer".to_owned(),
        };
        warnings.push(format!("the records were not compared with the store: {why}"));
        None
    }

    fn report(
        &self,
        checked: Checked,
        head: Option<&Head>,
        store: Option<&AuditHead>,
        warnings: Vec<String>,
    ) -> Verified {
        let found = |one: &Finding| Found {
            file: shown(&one.file),
            line: one.line,
            kind: one.kind,
            first: one.numbers.map(|(first, _)| first),
            last: one.numbers.map(|(_, last)| last),
        };
        let files = checked.files.iter().map(|span| File {
            file: shown(&span.file),
            records: span.records,
            first: span.numbers.map(|(first, _)| first),
            last: span.numbers.map(|(_, last)| last),
        });
        Verified {
            ok: checked.findings.is_empty(),
            records: checked.files.iter().map(|span| span.records).sum(),
            files: files.collect(),
            findings: checked.findings.iter().map(found).collect(),
            intents_without_outcome: checked.open.len(),
            open: checked.open.iter().take(LISTED).copied().collect(),
            begins_after: checked.begins_after,
            newest_at: checked.newest_at,
            lock_seq: head.map(|head| head.seq),
            store_seq: store.map(|store| store.seq),
            anchor_seq: self.anchor.as_ref().map(|anchor| anchor.seq),
            warnings,
        }
    }
}

/// Whether the records of the configured file hold, in a sentence; `None`: there is no record yet.
///
/// # Errors
/// When they cannot be read.
pub(in crate::commands) async fn chain(app: &App) -> Result<Option<(bool, String)>, Error> {
    match (Args { files: Vec::new(), anchor: None }).verified(app).await {
        Ok(verified) => Ok(Some((verified.ok, verified.summary()))),
        Err(error) if error.exit == Exit::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A file, and those beside it that it was renamed to. Packed ones are told.
fn files_of(path: &Path, warnings: &mut Vec<String>) -> Vec<PathBuf> {
    let (mut files, mut packed) = (Vec::new(), 0);
    for beside in files_beside(path) {
        let ending = beside.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if PACKED.contains(&ending) {
            packed += 1;
        } else if ending != "lock" {
            files.push(beside);
        }
    }
    if packed > 0 {
        let packed = plural(packed, "packed file", "packed files");
        warnings.push(format!("{packed} beside {} not checked; unpack them first", shown(path)));
    }
    if path.is_file() {
        files.push(path.to_owned());
    }
    files
}

impl Verified {
    fn summary(&self) -> String {
        let records = plural(self.records, "record", "records");
        let span = self.files.iter().filter_map(|file| Some((file.first?, file.last?)));
        let span = span.reduce(|(first, last), (from, to)| (first.min(from), last.max(to)));
        let span = span.map(|(first, last)| format!(" ({first} to {last})")).unwrap_or_default();
        let files = plural(self.files.len(), "file", "files");
        if self.ok {
            format!("The audit holds: {records}{span} in {files}.")
        } else {
            let problems = plural(self.findings.len(), "problem", "problems");
            format!("The audit does not hold: {problems} in {records}{span}.")
        }
    }

    /// What says nothing against the records, and is to be known.
    fn unended(&self) -> Option<String> {
        let open: Vec<String> = self.open.iter().map(u64::to_string).collect();
        let more = if self.intents_without_outcome > LISTED { ", …" } else { "" };
        let count = plural(self.intents_without_outcome, "intent has", "intents have");
        let said = format!("{count} no outcome; the process died, or still runs: {}{more}", open.join(", "));
        (self.intents_without_outcome > 0).then_some(said)
    }
}

impl Report for Verified {
    const SCHEMA: &str = "otpctl.audit_verify/1";

    fn human(&self) -> Human {
        if self.ok {
            return Human::Text(self.summary());
        }
        let mut table = Table::new(&["KIND", "RECORDS", "LINE", "FILE"], "");
        for found in &self.findings {
            let numbers = match (found.first, found.last) {
                (Some(first), Some(last)) if first == last => first.to_string(),
                (Some(first), Some(last)) => format!("{first} to {last}"),
                _ => "-".to_owned(),
            };
            table.row([found.kind.as_str().to_owned(), numbers, found.line.to_string(), found.file.clone()]);
        }
        Human::Screen(self.summary(), vec![("problems", table)])
    }

    fn lines(&self) -> Lines {
        documents_of("otpctl.audit_finding/1", &self.findings)
    }

    fn exit(&self) -> Exit {
        if self.ok { Exit::Ok } else { Exit::AuditFailed }
    }

    fn warnings(&self) -> Vec<String> {
        let begins = self.begins_after.map(|number| {
            format!("the records up to {number} are in an older file, which is not here and was not checked")
        });
        self.warnings.iter().cloned().chain(begins).chain(self.unended()).collect()
    }
}

crate::otp::schema::documents! { "otpctl.audit_verify/1" => Verified, "otpctl.audit_finding/1" => Found }
