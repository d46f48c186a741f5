//! `user import`: pairs of users and phones from a file, compared with the map before anything is changed.

use std::path::PathBuf;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::comparing::{Compared, Comparing, Status};
use super::notice::{NoticeArgs, Notified, Notifier};
use super::pairs::ReadPair;
use super::shown_user;
use crate::app::{Act, App, Confirm, Done, Intent};
use crate::error::{Completion, Details, Error, ErrorDocument, Exit, Told};
use crate::operations::{ImportPlan, Imported, Operations};
use crate::otp::text::PhoneChange;
use crate::otp::{Hint, Phone, UserId};
use crate::output::{Many, Output, Row, Table, document, plural};

/// So many failures of the store, one after the other, and it is taken for gone.
const GONE: usize = 3;

/// Link the users of a file to their phones
///
/// FILE is CSV with the columns `user` and `phone`, or JSON Lines. All of it is compared with the map first, and then
/// only what differs is changed: new pairs are added, and a user with one phone is moved to the new one. A phone of
/// another user, or a user of several phones, is a conflict and stays as it is; with --replace, the file wins. A line
/// that is wrong is reported with its number and stops no other: exit 19. Running it again continues where it stopped.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// CSV with a header, or JSON Lines; `-` reads stdin
    #[arg(value_name = "FILE|-")]
    from: PathBuf,
    /// Where somebody else has the phone, or the user has other phones, unlink them
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    notice: NoticeArgs,
}

/// How many lines there were of each kind.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Totals {
    added: u64,
    moved: u64,
    unchanged: u64,
    duplicates: u64,
    conflicts: u64,
    failed: u64,
    dry_run: bool,
}

impl Totals {
    fn count(&mut self, status: Status) {
        let counter = match status {
            Status::Added => &mut self.added,
            Status::Moved => &mut self.moved,
            Status::Unchanged => &mut self.unchanged,
            Status::Duplicate => &mut self.duplicates,
            Status::Conflict => &mut self.conflicts,
            Status::Failed => &mut self.failed,
        };
        *counter += 1;
    }

    /// The changes.
    fn changes(&self) -> u64 {
        self.added + self.moved
    }

    fn words(&self) -> String {
        let (added, moved) = if self.dry_run { ("would be added", "would be moved") } else { ("added", "moved") };
        let mut words = vec![format!("{} {added}", self.added), format!("{} {moved}", self.moved)];
        words.push(format!("{} unchanged", self.unchanged));
        for (count, one, many) in [
            (self.duplicates, "duplicate line", "duplicate lines"),
            (self.conflicts, "conflict", "conflicts"),
            (self.failed, "line failed", "lines failed"),
        ] {
            words.extend((count > 0).then(|| plural(count, one, many)));
        }
        words.join(", ")
    }
}

impl Args {
    pub(super) async fn run<'a>(&'a self, app: &'a App) -> Result<Output<'a>, Error> {
        let mut comparing = Comparing::begin(app, &self.from).await?;
        let dry_run = app.globals.dry_run;
        let mut intent = None;
        let operations = if dry_run {
            app.operations().await?
        } else {
            let operations = app.operations().await?;
            let mut totals = Totals { dry_run: true, ..Totals::default() };
            while let Some(mut one) = comparing.next(&operations).await? {
                totals.count(comparing.status(&mut one, self.replace));
            }
            app.printer.progress(&format!("{}: {}", self.from.display(), totals.words()));
            let pairs = plural(totals.changes(), "pair", "pairs");
            app.may_change(&format!("import {pairs} of {} ({})", self.from.display(), totals.words()), Confirm::Yes)
                .await?;
            comparing = comparing.again().await?;
            let detail = format!("{}{}", self.from.display(), if self.replace { " --replace" } else { "" });
            let recorded = app.intend(Act::on_many().detail(detail)).await?;
            let operations = app.changing(&recorded).await?;
            intent = Some(recorded);
            operations
        };
        Ok(Output::Many(Box::new(Import {
            app,
            args: self,
            notifier: self.notice.notifier(app)?,
            operations,
            comparing,
            intent,
            totals: Totals { dry_run, ..Totals::default() },
            current: None,
            in_a_row: 0,
            failure: None,
        })))
    }
}

/// An import that is under way.
struct Import<'a> {
    app: &'a App,
    args: &'a Args,
    notifier: Option<Notifier<'a>>,
    operations: Operations<'a>,
    comparing: Comparing<'a>,
    /// What was recorded before the first change.
    intent: Option<Intent>,
    totals: Totals,
    /// The line that is under way.
    current: Option<Line>,
    in_a_row: usize,
    failure: Option<Error>,
}

/// What is told of a line.
#[derive(Clone, Default)]
struct Line {
    number: u64,
    user: Option<String>,
    phone: Option<String>,
    /// Phones that the user had instead.
    from: Vec<String>,
    /// Users who had the phone instead.
    taken_from: Vec<String>,
    /// Holders of the phones before who were told.
    notified: Option<Vec<Notified>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct LineDocument<'a> {
    line_number: u64,
    user: Option<&'a str>,
    phone: Option<&'a str>,
    status: Status,
    from: &'a [String],
    taken_from: &'a [String],
    notified: Option<&'a Vec<Notified>>,
    exit: u8,
    error: Option<Box<ErrorDocument>>,
    dry_run: bool,
}

impl Import<'_> {
    /// The line, and what becomes of it; an error is told in its row.
    async fn done(&mut self, mut one: Compared) -> Row {
        let status = self.comparing.status(&mut one, self.args.replace);
        let mut line = self.line(&one);
        self.current = Some(line.clone());
        let (status, error) = match (status, one.read, &one.plan) {
            (_, Err(error), _) => (Status::Failed, Some(error)),
            (Status::Conflict, _, Some(plan)) => (Status::Conflict, Some(conflict(&line, plan))),
            (Status::Added | Status::Moved, Ok(read), Some(plan)) if !self.totals.dry_run => {
                match self.change(&read, plan, &mut line).await {
                    Ok(status) => (status, None),
                    Err(error) => (Status::Failed, Some(error)),
                }
            }
            (status, ..) => (status, None),
        };
        self.current = None;
        self.app.progress.next_line();
        let is_of_store = error.as_ref().is_some_and(|error| {
            (Exit::StoreUnreachable.number()..=Exit::StoreUnknown.number()).contains(&error.exit.number())
        });
        self.in_a_row = if is_of_store { self.in_a_row + 1 } else { 0 };
        self.totals.count(status);
        self.row(&line, status, error.as_ref())
    }

    fn line(&self, one: &Compared) -> Line {
        let app = self.app;
        let Ok(read) = &one.read else { return Line { number: one.number, ..Line::default() } };
        let plan = one.plan.clone().unwrap_or_default();
        Line {
            number: one.number,
            user: Some(read.pair.user.to_string()),
            phone: Some(app.display(&read.pair.phone, read.typed)),
            from: plan.phones.iter().map(|phone| app.display(phone, false)).collect(),
            taken_from: plan.users.iter().map(|user| shown_user(app, user)).collect(),
            notified: None,
        }
    }

    async fn change(&self, read: &ReadPair, plan: &ImportPlan, line: &mut Line) -> Result<Status, Error> {
        let gives = |user: &UserId, phone: &Phone| self.comparing.gives(user, phone);
        let done = self.operations.import_pair(&read.pair, plan, &gives).await;
        let done = done.map_err(|error| Error::from(error).knowing(&self.app.progress.of_line()))?;
        (line.from, line.taken_from) = (Vec::new(), Vec::new());
        Ok(match done {
            Imported::Unchanged => Status::Unchanged,
            Imported::Added => Status::Added,
            Imported::Replaced { phones, users } => {
                if let Some(notifier) = &self.notifier {
                    let left: Vec<_> = phones.iter().map(|phone| (phone.clone(), false)).collect();
                    let user = &read.pair.user;
                    line.notified = Some(notifier.tell(&self.operations, user, &left, PhoneChange::Moved).await);
                }
                line.from = phones.iter().map(|phone| self.app.display(phone, false)).collect();
                line.taken_from = users.iter().map(|user| shown_user(self.app, user)).collect();
                Status::Moved
            }
        })
    }

    fn row(&self, line: &Line, status: Status, error: Option<&Error>) -> Row {
        let exit = error.map_or(Exit::Ok, |error| error.exit).number();
        let fields = LineDocument {
            line_number: line.number,
            user: line.user.as_deref(),
            phone: line.phone.as_deref(),
            status,
            from: &line.from,
            taken_from: &line.taken_from,
            notified: line.notified.as_ref(),
            exit,
            error: error.map(|error| Box::new(error.described(&self.app.printer.here))),
            dry_run: self.totals.dry_run,
        };
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let detail = error.map_or_else(|| line.words(), Error::message);
        let cells = vec![line.number.to_string(), text(&line.user), text(&line.phone), status.as_str().into(), detail];
        Row { document: document("otpctl.user_import_row/1", &fields).ok(), cells }
    }

    /// Records how it ended, once.
    async fn recorded(&mut self) {
        let Some(intent) = self.intent.take() else { return };
        let count = usize::try_from(self.totals.changes()).unwrap_or(usize::MAX);
        let done = Done { exit: self.exit(), count };
        self.app.ended(intent, self.failure.as_ref().map_or(Ok(&done), Err)).await;
    }

    /// What was changed before a failure stays changed.
    fn stopped(&self, mut error: Error) -> Error {
        if self.totals.changes() > 0 && !self.totals.dry_run {
            error.source = error.source.context(format!("{} before this failed", self.totals.words()));
            error.outcome = Completion::Unknown;
        }
        error.hint("run it again to continue")
    }
}

impl Line {
    fn words(&self) -> String {
        let from = (!self.from.is_empty()).then(|| format!("from {}", self.from.join(", ")));
        let taken = (!self.taken_from.is_empty()).then(|| format!("taken from {}", quoted(&self.taken_from)));
        from.into_iter().chain(taken).collect::<Vec<_>>().join("; ")
    }
}

fn quoted(users: &[String]) -> String {
    users.iter().map(|user| format!("`{user}`")).collect::<Vec<_>>().join(", ")
}

/// Why a line is left alone, and who would lose what.
fn conflict(line: &Line, plan: &ImportPlan) -> Error {
    let phone = line.phone.as_deref().unwrap_or_default();
    let taken = (!plan.users.is_empty()).then(|| format!("{phone} is linked to {}", quoted(&line.taken_from)));
    let user = line.user.as_deref().unwrap_or_default();
    let several = plan.phones.len() > 1;
    let own = several.then(|| format!("the user `{user}` has several phones: {}", line.from.join(", ")));
    let why = taken.into_iter().chain(own).collect::<Vec<_>>().join(", and ");
    let candidates = line.taken_from.iter().map(|user| format!("user:{user}")).chain(line.from.clone()).collect();
    Error::said(Exit::Conflict, why)
        .hint("pass --replace where the file is right")
        .details(Details { candidates, ..Details::default() })
}

#[async_trait(?Send)]
impl Many for Import<'_> {
    fn table(&self) -> Table {
        Table::new(&["LINE", "USER", "PHONE", "STATUS", "DETAIL"], "Nothing differs.").wrapped(&["DETAIL"])
    }

    /// What differs has a row; what does not is only counted.
    async fn next(&mut self) -> Option<Row> {
        loop {
            if self.failure.is_some() {
                self.recorded().await;
                return None;
            }
            let one = match self.comparing.next(&self.operations).await {
                Ok(Some(one)) => one,
                Ok(None) => {
                    self.recorded().await;
                    return None;
                }
                Err(error) => {
                    self.failure = Some(self.stopped(error));
                    continue;
                }
            };
            let before = self.totals.unchanged;
            let row = self.done(one).await;
            if self.in_a_row >= GONE {
                let error = Error::said(Exit::StoreUnreachable, "the store failed for several consecutive lines");
                self.failure = Some(self.stopped(error));
            }
            if self.totals.unchanged == before {
                return Some(row);
            }
        }
    }

    fn counts(&self) -> (usize, usize) {
        let Totals { added, moved, unchanged, duplicates, conflicts, failed, .. } = self.totals;
        let count = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        (count(added + moved + unchanged + duplicates), count(conflicts + failed))
    }

    fn interrupted(&mut self, told: &Told<'_>) -> Option<Row> {
        let line = self.current.take()?;
        self.totals.count(Status::Failed);
        Some(self.row(&line, Status::Failed, Some(&told(&self.app.progress.of_line()))))
    }

    fn outlives_a_stop(&self) -> bool {
        true
    }

    fn failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    fn schema(&self) -> &'static str {
        "otpctl.user_import/1"
    }

    fn totals(&self) -> Option<Box<RawValue>> {
        to_raw_value(&self.totals).ok()
    }

    fn document(&self, _rows: &[&RawValue]) -> Option<Box<RawValue>> {
        document("otpctl.user_import_totals/1", &self.totals).ok()
    }

    fn said(&self) -> Vec<String> {
        vec![self.totals.words()]
    }

    fn hints(&self) -> Vec<Hint> {
        let conflicts = (self.totals.conflicts > 0)
            .then(|| Hint::words("conflicts stay as they are; pass --replace where the file is right"));
        conflicts.into_iter().collect()
    }
}

crate::otp::schema::documents! {
    "otpctl.user_import/1" => crate::output::ManyWithTotals<LineDocument<'_>, Totals>,
    "otpctl.user_import_row/1" => LineDocument<'_>,
    "otpctl.user_import_totals/1" => Totals,
}
