//! `policy list`: every entry.

use serde::Serialize;

use super::Entry;
use crate::app::App;
use crate::commands::CommandResult;
use crate::commands::skipped::{self, Skipped};
use crate::error::Exit;
use crate::otp::{Hint, Moment};
use crate::output::{Cell, Human, Lines, Report, Table};

/// List all entries: countries, prefixes, phones
///
/// Numbers are masked unless --unmask is passed. The reference in each row works wherever a phone number does.
#[derive(Debug, clap::Args)]
pub struct Args {}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Policies {
    entries: Vec<Entry>,
    /// What could not be read.
    skipped: Vec<Skipped>,
    #[serde(skip)]
    now: Moment,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let page = app.operations().await?.policies().await?;
        let mut entries = Vec::with_capacity(page.found.len());
        for listed in &page.found {
            entries.push(Entry::new(app, &listed.scope, &listed.entry, false).await);
        }
        let mut skipped = Vec::new();
        for one in page.skipped {
            skipped.push(Skipped::phone(app, &one.phone, one.error).await);
        }
        skipped.extend(page.missing.into_iter().map(Skipped::part));
        Ok(Box::new(Policies { entries, skipped, now: app.now() }))
    }
}

impl Report for Policies {
    const SCHEMA: &str = "otpctl.policy_list/1";

    fn human(&self) -> Human {
        let mut table = Table::new(&["WHOM", "REF", "EFFECT", "SINCE", "UNTIL", "BY", "WHY"], "No policy entries.");
        table = table.copied(&["WHOM", "REF"]).spare(&["SINCE", "BY"]);
        for row in &self.entries {
            table.row([
                Cell::from(row.whom()),
                row.reference.as_deref().unwrap_or("-").into(),
                row.effect.into(),
                Cell::time(row.since, self.now),
                Cell::time_or(row.until, self.now, "removed"),
                row.by.as_deref().unwrap_or("-").into(),
                Cell::from(&row.why()),
            ]);
        }
        Human::Rows(table)
    }

    fn lines(&self) -> Lines {
        skipped::lines("otpctl.policy_list_row/1", &self.entries, &self.skipped)
    }

    fn warnings(&self) -> Vec<String> {
        skipped::warnings(&self.skipped)
    }

    fn exit(&self) -> Exit {
        skipped::exit(&self.skipped)
    }

    fn hints(&self) -> Vec<Hint> {
        skipped::hint(&self.skipped).into_iter().collect()
    }
}

crate::otp::schema::documents! { "otpctl.policy_list/1" => Policies, "otpctl.policy_list_row/1" => Entry }
