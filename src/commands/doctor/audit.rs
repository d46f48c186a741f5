//! The check of the audit: whether the next record can be written, and whether the newest one is there.

use super::check::Check;
use crate::app::App;
use crate::config::Settings;
use crate::error::{Error, Exit};
use crate::otp::Hint;

/// Nothing where the file keeps no audit.
pub(super) async fn state(app: &App, settings: &Settings) -> Option<Check> {
    let path = &settings.audit.as_ref()?.file;
    let log = match app.audit_log().await {
        Ok(log) => log?,
        Err(error) => return Some(Check::fail("audit.file", &error)),
    };
    Some(match log.examine() {
        Err(error) => Check::fail("audit.file", &error.into()),
        Ok((_, true)) => {
            let cut = format!("{path}: the newest records are not in it");
            Check::fail("audit.file", &Error::said(Exit::AuditFailed, cut).hint(Hint::run(&["audit", "verify"])))
        }
        Ok((0, false)) => Check::ok("audit.file", format!("{path} is created with the first change")),
        Ok((newest, false)) => Check::ok("audit.file", format!("{path} accepts records; the newest is {newest}")),
    })
}
