//! `store copy`: all that a store keeps, put into the store of another configuration.

use std::collections::BTreeMap;
use std::ffi::OsString;

use serde::Serialize;

use crate::app::{Act, App, Confirm, Done};
use crate::commands::CommandResult;
use crate::commands::skipped::{self, Skipped};
use crate::error::{Error, Exit};
use crate::operations::{CopiedKey, CopiedPage, CopyEnd, Operations};
use crate::otp::{Hint, Peppers};
use crate::output::{Human, Report, plural};

/// What the keys of two configurations are compared by.
const LABEL: &str = "otpctl-store-copy/1";
/// So many conflicts are told one by one.
const TOLD: usize = 100;

/// Copy codes, links, histories and counters to another store
///
/// Takes all that this store keeps, with its lifetimes, to the store of the configuration FILE: from the embedded store to
/// Redis, and the other way. What is there already stays as it is: it is a conflict, and exit 19. Running it again
/// continues where it stopped. Codes that are made meanwhile may be missed, so stop what makes codes, or run it twice. The
/// feed of all events is not copied; the events of each phone are. Pass --dry-run first.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration file of the store to copy to
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    to: OsString,
}

#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Copied {
    from: String,
    to: String,
    /// Keys that were copied.
    copied: u64,
    /// Keys that were there as they are here.
    unchanged: u64,
    /// Keys that are there with something else in them.
    conflicts: u64,
    /// Keys of ours that are not copied.
    left_out: u64,
    /// What was copied, by its kind.
    by_kind: BTreeMap<&'static str, u64>,
    /// The first hundred conflicts, and what could not be read.
    skipped: Vec<Skipped>,
    dry_run: bool,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let other = app.with_config(self.to.clone());
        let mut report = Copied {
            from: app.store_place()?,
            to: other.store_place()?,
            dry_run: app.globals.dry_run,
            ..Copied::default()
        };
        if report.from == report.to && app.redis_prefix()? == other.redis_prefix()? {
            return Err(Error::said(Exit::Usage, format!("both files name the store {}", report.to)));
        }
        if app.layout()?.is_foreign() || other.layout()?.is_foreign() {
            let why = "an application keeps the codes of one of these stores, and its layout is not copied";
            return Err(Error::said(Exit::Policy, why).hint("copy the application's keys with its own tools"));
        }
        same_peppers(app.peppers().await?, other.peppers().await?)?;
        other.may_change(&format!("copy {} to {}", report.from, report.to), Confirm::Yes).await?;
        app.progress.is_one_of_many();
        let act = Act::on_many().detail(format!("from {}", report.from));
        let from = app.operations().await?;
        let (report, _) = other
            .audited(act, async |to| {
                copied(app, (&from, &to), &mut report).await?;
                let done = Done { exit: report.exit(), count: usize::try_from(report.copied).unwrap_or(usize::MAX) };
                Ok((report, done))
            })
            .await?;
        Ok(Box::new(report))
    }
}

async fn copied(app: &App, (from, to): (&Operations<'_>, &Operations<'_>), report: &mut Copied) -> Result<(), Error> {
    let mut cursor = None;
    loop {
        let page = from.copy_page(to, cursor.as_deref()).await.map_err(|error| after(error, report))?;
        let CopiedPage { keys, left_out, next, missing } = page;
        report.left_out += u64::try_from(left_out).unwrap_or(u64::MAX);
        report.skipped.extend(missing.map(Skipped::part));
        for key in keys {
            report.count(app, key).await;
        }
        app.printer.progress(&format!("{} so far", plural(report.copied, "key", "keys")));
        cursor = next;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

/// What was copied before a failure stays there.
fn after(error: impl Into<Error>, report: &Copied) -> Error {
    let mut error = error.into();
    if report.copied > 0 {
        let done = plural(report.copied, "key was", "keys were");
        error.source = error.source.context(format!("{done} copied before this failed"));
    }
    error.hint("run it again to continue")
}

/// Every pepper must be there by its name with the same key, or no code of it could be checked.
fn same_peppers(from: &Peppers, to: &Peppers) -> Result<(), Error> {
    let there: Vec<(&str, [u8; 32])> = to.keys_for(LABEL).collect();
    let missing = from.keys_for(LABEL).find(|(id, key)| !there.iter().any(|(own, other)| own == id && other == key));
    let Some((id, _)) = missing else { return Ok(()) };
    let why = format!("the pepper `{id}` is missing or differs there, so that no code could be checked");
    Err(Error::said(Exit::Config, why)
        .hint(Hint::words(format!("name the same key under [code] peppers of that file, with the id `{id}`"))))
}

impl Copied {
    async fn count(&mut self, app: &App, key: CopiedKey) {
        match &key.end {
            CopyEnd::Copied => {
                self.copied += 1;
                *self.by_kind.entry(key.what).or_default() += 1;
            }
            CopyEnd::Same => self.unchanged += 1,
            CopyEnd::Conflict => {
                self.conflicts += 1;
                let why = format!("the {} is there already, with something else in it", key.what);
                self.skip(app, &key, Error::said(Exit::Conflict, why)).await;
            }
            CopyEnd::Failed(error) => {
                let error = Error::from(error.clone());
                self.skip(app, &key, error).await;
            }
        }
    }

    async fn skip(&mut self, app: &App, key: &CopiedKey, error: Error) {
        if self.skipped.len() >= TOLD {
            return;
        }
        self.skipped.push(match &key.phone {
            Some(phone) => Skipped::phone(app, phone, error).await,
            None => Skipped::part(error),
        });
    }
}

impl Report for Copied {
    const SCHEMA: &str = "otpctl.store_copy/1";

    fn human(&self) -> Human {
        let done = if self.dry_run { "Would copy" } else { "Copied" };
        let keys = plural(self.copied, "key", "keys");
        let same = format!("{} there already", plural(self.unchanged, "key was", "keys were"));
        let conflicts = match self.conflicts {
            0 => String::new(),
            count => format!(" {} and stayed as they are.", plural(count, "key differs there", "keys differ there")),
        };
        Human::Text(format!("{done} {keys} from {} to {}; {same}.{conflicts}", self.from, self.to))
    }

    fn warnings(&self) -> Vec<String> {
        skipped::warnings(&self.skipped)
    }

    fn exit(&self) -> Exit {
        if self.conflicts > 0 { Exit::Partial } else { skipped::exit(&self.skipped) }
    }
}

crate::otp::schema::documents! { "otpctl.store_copy/1" => Copied }
