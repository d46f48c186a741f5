//! `audit anchor`: the newest record, to be kept where nobody who can change the file can change it.

use serde::Serialize;

use super::configured;
use crate::app::App;
use crate::audit::Told;
use crate::commands::CommandResult;
use crate::error::{Error, Exit};
use crate::otp::Hint;
use crate::output::{Human, Report};
use crate::system::shown;

/// Print the newest record's number and short MAC
///
/// Keep it elsewhere, and check it with `audit verify --anchor`. The store is told of it too.
#[derive(Debug, clap::Args)]
pub struct Args {}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Anchored {
    file: String,
    seq: u64,
    anchor: String,
    /// The newest record that the store knows of; `null` where it could not be told.
    store_seq: Option<u64>,
    store_anchor: Option<String>,
    dry_run: bool,
    #[serde(skip)]
    not_told: Option<String>,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let log = configured(app).await?;
        let file = shown(log.path());
        let head = log.head()?.filter(|head| head.seq > 0).ok_or_else(|| {
            Error::said(Exit::NotFound, format!("{file} has no record yet"))
                .hint("a record is written before each change")
        })?;
        let anchor = head.short();
        let (store, not_told) = match app.anchored(log, &Told { seq: head.seq, anchor: anchor.clone() }).await {
            // Another process may have told it of a newer one meanwhile, and then the lock knows that too.
            Ok((store, is_other)) if is_other || log.head()?.is_none_or(|head| store.seq > head.seq) => {
                let why = format!("the store knows of record {}, which {file} does not have", store.anchor);
                return Err(Error::said(Exit::AuditFailed, why).hint(Hint::run(&["audit", "verify"])));
            }
            Ok((store, _)) => (Some(store), None),
            Err(error) => (None, Some(error.message())),
        };
        Ok(Box::new(Anchored {
            file,
            seq: head.seq,
            anchor,
            store_seq: store.as_ref().map(|store| store.seq),
            store_anchor: store.map(|store| store.anchor),
            dry_run: app.globals.dry_run,
            not_told,
        }))
    }
}

impl Report for Anchored {
    const SCHEMA: &str = "otpctl.audit_anchor/1";

    fn human(&self) -> Human {
        // Alone on its line, so that it can be copied.
        Human::Text(self.anchor.clone())
    }

    fn warnings(&self) -> Vec<String> {
        self.not_told.iter().map(|why| format!("the store was not told of it: {why}")).collect()
    }

    fn hints(&self) -> Vec<Hint> {
        vec![
            Hint::run(&["audit", "verify"])
                .option("--anchor", &self.anchor)
                .because("keep it on another machine; this compares it with the file"),
        ]
    }
}

crate::otp::schema::documents! { "otpctl.audit_anchor/1" => Anchored }
