//! The walk of `store check` and `store purge` over all keys: a row for each that something is wrong with, as it is
//! found, and counts at the end. However many keys there are, no more is held than one page of them.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use tokio::time::Instant;

use crate::app::App;
use crate::commands::target::quoted;
use crate::error::{Error, Exit};
use crate::otp::Phone;
use crate::output::{Format, Many, Row};
use crate::verifier::{Found, Grade, Oddity, Removal, Survey, Verifier};

/// So many keys of a finding are shown where nobody says how many.
const SHOWN: u64 = 20;
/// Whoever waits at a terminal is told so often how far it is.
const NEWS: Duration = Duration::from_secs(2);
/// A run of digits of this length may be a phone.
const PHONE_DIGITS: usize = 7;

/// What is done with what is found.
pub(super) enum Mode {
    /// It is told.
    Check { shown: Option<u64> },
    /// It is removed.
    Purge { only: Vec<Oddity>, limit: Option<u64> },
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
    verifier: Verifier<'a>,
    mode: Mode,
    survey: Survey,
    rows: VecDeque<Row>,
    tallies: BTreeMap<Oddity, Tally>,
    failure: Option<Error>,
    began: Instant,
    told: Instant,
}

#[derive(Serialize)]
struct KeyRow<'a> {
    schema: &'static str,
    finding: &'static str,
    status: &'static str,
    key: &'a str,
    phone: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    detail: &'a str,
    purge: &'static str,
    /// Of a purge: whether it was removed, or would be; `null` where nothing was to be removed.
    removed: Option<bool>,
    fix: Option<String>,
}

#[derive(Serialize)]
struct Count {
    id: &'static str,
    status: &'static str,
    count: u64,
    removed: Option<u64>,
    purge: &'static str,
    what: &'static str,
}

#[derive(Serialize)]
struct Totals<'a> {
    schema: &'static str,
    ok: bool,
    worst: u8,
    keys: u64,
    ours: u64,
    removed: Option<u64>,
    dry_run: bool,
    took_seconds: f64,
    /// Why keys of others were not looked at, where they were not.
    not_looked_at: Option<&'a str>,
    findings: Vec<Count>,
}

impl<'a> Walk<'a> {
    pub(super) async fn new(app: &'a App, pattern: Option<String>, mode: Mode) -> Result<Self, Error> {
        let now = Instant::now();
        Ok(Self {
            app,
            verifier: app.verifier().await?,
            mode,
            survey: Survey::new(pattern),
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
                usize::try_from(limit.saturating_sub(self.survey.removed)).unwrap_or(usize::MAX)
            }
            _ => usize::MAX,
        }
    }

    async fn page(&mut self) -> Result<(), Error> {
        let was_denied = self.survey.denied.is_some();
        let found = self.verifier.survey(&mut self.survey).await?;
        if let (Some(why), false) = (&self.survey.denied, was_denied) {
            self.app.printer.warning(&format!("only our own keys are looked at, not those of applications: {why}"));
        }
        if self.told.elapsed() > NEWS {
            self.told = Instant::now();
            self.app.printer.progress(&format!("{} keys so far", self.survey.keys));
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
    async fn remove(&mut self, found: Vec<Found>) -> Result<(), Error> {
        let Mode::Purge { only, .. } = &self.mode else { return Ok(()) };
        let wanted = |one: &Found| match one.removal() {
            Removal::Safe => only.is_empty() || only.contains(&one.oddity),
            Removal::Named => only.contains(&one.oddity),
            Removal::Never => false,
        };
        let mut names = HashSet::new();
        let fresh = |one: &Found| names.insert(one.sight.key.name.clone());
        let chosen: Vec<Found> = found.into_iter().filter(wanted).filter(fresh).take(self.room()).collect();
        if chosen.is_empty() {
            return Ok(());
        }
        let sights: Vec<_> = chosen.iter().map(|one| one.sight.clone()).collect();
        let removed = self.verifier.purge(&mut self.survey, &sights).await?;
        for (one, removed) in chosen.iter().zip(removed) {
            self.row(one, Some(removed)).await;
        }
        Ok(())
    }

    /// Counts it, and shows it while there is room.
    async fn row(&mut self, found: &Found, removed: Option<bool>) {
        let most = match (&self.mode, self.app.printer.format) {
            (Mode::Check { shown: Some(shown) }, _) => *shown,
            (_, Format::Jsonl) => u64::MAX,
            _ => SHOWN,
        };
        let tally = self.tallies.entry(found.oddity).or_default();
        tally.found += 1;
        tally.removed += u64::from(removed == Some(true));
        if tally.shown >= most {
            return;
        }
        tally.shown += 1;
        let row = self.shown(found, removed).await;
        self.rows.push_back(row);
    }

    async fn shown(&self, found: &Found, removed: Option<bool>) -> Row {
        let oddity = found.oddity;
        let name = String::from_utf8_lossy(&found.sight.key.name);
        let key = if self.app.globals.unmask { name.into_owned() } else { masked(&name) };
        let what = oddity.what();
        let detail = found.detail.as_ref().map_or_else(|| what.to_owned(), |detail| format!("{what}: {detail}"));
        let phone = found.phone();
        let reference = match &phone {
            Some(phone) => self.app.reference(phone).await,
            None => None,
        };
        let (schema, last) = match (removed, self.app.globals.dry_run) {
            (None, _) => ("otpctl.store_check_row/1", purge_word(found.removal())),
            (Some(true), true) => ("otpctl.store_purge_row/1", "would be removed"),
            (Some(true), false) => ("otpctl.store_purge_row/1", "removed"),
            (Some(false), _) => ("otpctl.store_purge_row/1", "changed meanwhile, and stays"),
        };
        let row = KeyRow {
            schema,
            finding: oddity.id(),
            status: status(oddity.grade()),
            key: &key,
            phone: phone.as_ref().map(|phone| self.app.shown(phone, false)),
            fix: fix(found, &key, reference.as_deref()).filter(|_| removed.is_none()),
            reference,
            detail: &detail,
            purge: purge_word(found.removal()),
            removed,
        };
        let document = serde_json::to_string(&row).unwrap_or_default();
        let cells = [status(oddity.grade()), oddity.id(), &key, &detail, last].map(str::to_owned).to_vec();
        Row { document, cells }
    }

    fn worst(&self) -> Exit {
        let fails = !self.is_purge() && self.tallies.keys().any(|oddity| oddity.grade() == Grade::Failure);
        if fails { Exit::StoreData } else { Exit::Ok }
    }
}

#[async_trait(?Send)]
impl Many for Walk<'_> {
    fn header(&self) -> &'static [&'static str] {
        if self.is_purge() {
            &["STATUS", "FINDING", "KEY", "DETAIL", "RESULT"]
        } else {
            &["STATUS", "FINDING", "KEY", "DETAIL", "PURGE"]
        }
    }

    fn empty(&self) -> &'static str {
        if self.is_purge() { "Nothing to remove." } else { "Nothing is wrong." }
    }

    async fn next(&mut self) -> Option<Row> {
        while self.rows.is_empty() {
            if self.failure.is_some() || self.survey.is_over() || self.room() == 0 {
                return None;
            }
            if let Err(error) = self.page().await {
                self.failure = Some(after(error, self.survey.removed));
            }
        }
        self.rows.pop_front()
    }

    fn counts(&self) -> (usize, usize) {
        (usize::try_from(self.survey.removed).unwrap_or(usize::MAX), 0)
    }

    fn failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    fn document(&self, rows: &[&str]) -> Option<String> {
        let purge = self.is_purge();
        let count = |(oddity, tally): (&Oddity, &Tally)| Count {
            id: oddity.id(),
            status: status(oddity.grade()),
            count: tally.found,
            removed: purge.then_some(tally.removed),
            purge: purge_word(oddity.removal()),
            what: oddity.what(),
        };
        let worst = self.worst().number();
        let totals = Totals {
            schema: if purge { "otpctl.store_purge/1" } else { "otpctl.store_check/1" },
            ok: worst == 0,
            worst,
            keys: self.survey.keys,
            ours: self.survey.ours,
            removed: purge.then_some(self.survey.removed),
            dry_run: self.app.globals.dry_run,
            took_seconds: self.began.elapsed().as_secs_f64(),
            not_looked_at: self.survey.denied.as_deref(),
            findings: self.tallies.iter().map(count).collect(),
        };
        let totals = serde_json::to_string(&totals).unwrap_or_default();
        let rows = match self.app.printer.format {
            // They are lines of their own there.
            Format::Jsonl => "null".to_owned(),
            _ => format!("[{}]", rows.join(",")),
        };
        Some(format!(r#"{},"rows":{rows}}}"#, totals.strip_suffix('}').unwrap_or(&totals)))
    }

    fn said(&self) -> Vec<String> {
        let counts = self.tallies.iter().map(|(oddity, tally)| format!("{} {}", tally.found, oddity.id()));
        let counts = counts.collect::<Vec<_>>().join(", ");
        let keys = if self.survey.keys == 1 { "key" } else { "keys" };
        let counts = if counts.is_empty() { counts } else { format!("; {counts}") };
        let mut said = vec![format!("{} {keys}, {} of ours{counts}", self.survey.keys, self.survey.ours)];
        if self.is_purge() {
            let done = if self.app.globals.dry_run { "would be removed" } else { "removed" };
            said.push(format!("{} {done}", self.survey.removed));
        } else if self.tallies.values().any(|tally| tally.found > tally.shown) {
            said.push("hint: not all are shown: otpctl store check -o jsonl".to_owned());
        }
        said
    }

    fn exit(&self) -> Exit {
        self.worst()
    }
}

/// What was removed before a failure stays removed.
fn after(mut error: Error, removed: u64) -> Error {
    if removed > 0 {
        let keys = if removed == 1 { "key was" } else { "keys were" };
        error.source = error.source.context(format!("{removed} {keys} removed before this failed"));
    }
    error
}

fn status(grade: Grade) -> &'static str {
    match grade {
        Grade::Note => "note",
        Grade::Warning => "warn",
        Grade::Failure => "fail",
    }
}

fn purge_word(removal: Removal) -> &'static str {
    match removal {
        Removal::Safe => "safe",
        Removal::Named => "named",
        Removal::Never => "never",
    }
}

/// One command, where there is one.
fn fix(found: &Found, key: &str, reference: Option<&str>) -> Option<String> {
    match found.removal() {
        Removal::Safe => Some("otpctl store purge --dry-run".to_owned()),
        Removal::Named => Some(format!("otpctl store purge --only {} --dry-run", found.oddity.id())),
        Removal::Never => {
            let fix = found.oddity.fix()?;
            let user = found.pair.as_ref().map_or_else(|| "USER".to_owned(), |(user, _)| quoted(user.as_str()));
            Some(fix.replace("USER", &user).replace("PHONE", reference.unwrap_or("PHONE")).replace("KEY", &quoted(key)))
        }
    }
}

/// A name with every number in it that may be a phone's hidden.
fn masked(name: &str) -> String {
    let mut shown = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find(|character: char| character.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        let (digits, after) =
            from.split_at(from.find(|character: char| !character.is_ascii_digit()).unwrap_or(from.len()));
        rest = after;
        if digits.len() < PHONE_DIGITS {
            shown.push_str(before);
            shown.push_str(digits);
            continue;
        }
        let (before, plus) = before.strip_suffix('+').map_or((before, ""), |before| (before, "+"));
        let hidden = match Phone::parse(&format!("+{digits}"), None) {
            Ok(phone) => phone.masked().trim_start_matches('+').to_owned(),
            Err(_) => format!("{}{}", "*".repeat(digits.len() - 3), &digits[digits.len() - 3..]),
        };
        shown.extend([before, plus, &hidden]);
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_are_hidden_and_short_ones_are_not() {
        for (name, shown) in [
            ("otpctl:{+919876543210}:record", "otpctl:{+91*******210}:record"),
            ("otp:919876543210:2", "otp:91*******210:2"),
            (":1:otp:9876543", ":1:otp:****543"),
            ("_5e5899d8398b5f7b|otp:+14155550123", "_5e5899d8398b5f7b|otp:+1*******123"),
            ("", ""),
            ("+", "+"),
        ] {
            assert_eq!(masked(name), shown, "{name}");
        }
    }
}
