//! The checks of the audit: whether the next record can be written, whether the newest one is there, and whether nobody
//! changed those before it.

use tokio::time::{Instant, timeout_at};

use super::check::{Check, Status};
use crate::app::App;
use crate::commands::audit::chain;
use crate::config::Settings;
use crate::error::{Error, Exit};
use crate::otp::Hint;

/// Nothing where the file keeps no audit.
pub(super) async fn state(app: &App, settings: &Settings, end: Instant) -> Vec<Check> {
    // The pepper that the records are made with may be slow to come.
    let file = timeout_at(end, file(app, settings)).await;
    let late = || Some(Check::unknown("audit.file", "its pepper takes too long to fetch", verify()));
    let mut checks: Vec<Check> = file.unwrap_or_else(|_| late()).into_iter().collect();
    if checks.iter().any(|check| check.status == Status::Ok) {
        checks.push(records(app, end).await);
    }
    checks
}

async fn file(app: &App, settings: &Settings) -> Option<Check> {
    let path = &settings.audit.as_ref()?.file;
    let log = match app.audit_log().await {
        Ok(log) => log?,
        Err(error) => return Some(Check::fail("audit.file", &error)),
    };
    Some(match log.examine() {
        Err(error) => Check::fail("audit.file", &error.into()),
        Ok((_, true)) => {
            let cut = format!("{path}: the newest records are not in it");
            Check::fail("audit.file", &Error::said(Exit::AuditFailed, cut).hint(verify()))
        }
        Ok((0, false)) => Check::ok("audit.file", format!("{path} is created with the first change")),
        Ok((newest, false)) => Check::ok("audit.file", format!("{path} accepts records; the newest is {newest}")),
    })
}

async fn records(app: &App, end: Instant) -> Check {
    match timeout_at(end, chain(app)).await {
        Ok(Ok(None)) => Check::ok("audit.chain", "there is no record yet"),
        Ok(Ok(Some((true, said)))) => Check::ok("audit.chain", said.trim_end_matches('.')),
        Ok(Ok(Some((false, said)))) => {
            let said = said.trim_end_matches('.').to_owned();
            Check::fail("audit.chain", &Error::said(Exit::AuditFailed, said).hint(verify()))
        }
        Ok(Err(error)) => Check::fail("audit.chain", &error),
        Err(_) => Check::unknown("audit.chain", "the records take too long to read", verify()),
    }
}

/// What names the records that were changed.
fn verify() -> Hint {
    Hint::run(&["audit", "verify"])
}
