//! `store purge`: removes what nobody needs any more, and, where it is named, what somebody may.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};

use super::walk::{Mode, Walk};
use crate::app::{App, Asks};
use crate::error::Error;
use crate::output::Output;
use crate::operations::{Oddity, Removal};

/// Remove keys that `store check` found
///
/// Alone it removes only what nobody needs: say --dry-run first. A key that changed since it was looked at stays. Users
/// and hard locks are never removed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these findings, those among them that somebody may still need
    #[arg(long, value_name = "FINDING", value_delimiter = ',', value_parser = findings())]
    only: Vec<Oddity>,
    /// Only keys that fit this pattern of Redis's, such as 'otp:*'
    #[arg(long = "match", value_name = "PATTERN")]
    pattern: Option<String>,
    /// Remove at most so many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

/// Those that may be removed at all.
fn findings() -> impl clap::builder::TypedValueParser<Value = Oddity> {
    let removable = Oddity::ALL.iter().filter(|oddity| oddity.removal() != Removal::Never);
    let values = removable.map(|oddity| PossibleValue::new(oddity.id()).help(oddity.what()));
    PossibleValuesParser::new(values)
        .try_map(|id| Oddity::ALL.iter().copied().find(|oddity| oddity.id() == id).ok_or("not a finding"))
}

impl Args {
    pub(super) async fn run<'a>(&'a self, app: &'a App) -> Result<Output<'a>, Error> {
        app.may_change("purge the store", Asks::Never).await?;
        if !app.globals.dry_run {
            let place = app.place()?;
            let what = match self.only.as_slice() {
                [] => format!("Remove every key that nobody needs any more, on {place}?"),
                only => format!("Remove every key of these findings, on {place}: {}?", ids(only)),
            };
            app.confirm(&what).await?;
        }
        let mode = Mode::Purge { only: self.only.clone(), limit: self.limit };
        Ok(Output::Many(Box::new(Walk::new(app, self.pattern.clone(), mode).await?)))
    }
}

fn ids(only: &[Oddity]) -> String {
    only.iter().map(|oddity| oddity.id()).collect::<Vec<_>>().join(", ")
}
