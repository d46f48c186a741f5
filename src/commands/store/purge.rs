//! `store purge`: removes what nobody needs any more, and, where it is named, what somebody may.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};

use super::walk::{Mode, Walk};
use crate::app::{App, Confirm};
use crate::error::Error;
use crate::operations::{Issue, Removal};
use crate::output::Output;

/// Remove keys that `store check` found
///
/// Without --only it removes only what nobody needs; pass --dry-run first. A key that changed since the scan stays. Users
/// and hard locks are never removed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these findings, even if somebody may still need the keys
    #[arg(long, value_name = "FINDING", value_delimiter = ',', value_parser = findings())]
    only: Vec<Issue>,
    /// Only keys that match this Redis pattern, such as 'otp:*'
    #[arg(long = "match", value_name = "PATTERN")]
    pattern: Option<String>,
    /// Remove at most this many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

/// Those that may be removed at all.
fn findings() -> impl clap::builder::TypedValueParser<Value = Issue> {
    let removable = Issue::ALL.iter().filter(|issue| issue.removal() != Removal::Never);
    let values = removable.map(|issue| PossibleValue::new(issue.id()).help(issue.what()));
    PossibleValuesParser::new(values)
        .try_map(|id| Issue::ALL.iter().copied().find(|issue| issue.id() == id).ok_or("not a finding"))
}

impl Args {
    pub(super) async fn run<'a>(&'a self, app: &'a App) -> Result<Output<'a>, Error> {
        app.may_change("purge the store", Confirm::No).await?;
        if !app.globals.dry_run {
            let place = app.place()?;
            let what = match self.only.as_slice() {
                [] => format!("Remove every key that nobody needs, on {place}?"),
                only => format!("Remove every key of these findings, on {place}: {}?", ids(only)),
            };
            app.confirm(&what).await?;
        }
        let mode = Mode::Purge { only: self.only.clone(), limit: self.limit };
        Ok(Output::Many(Box::new(Walk::new(app, self.pattern.clone(), mode).await?)))
    }
}

fn ids(only: &[Issue]) -> String {
    only.iter().map(|issue| issue.id()).collect::<Vec<_>>().join(", ")
}
