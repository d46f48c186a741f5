//! The checks of the file: what it says, its texts, its secrets.

use tokio::time::{Instant, timeout_at};

use super::check::Check;
use crate::app::{App, today};
use crate::config::{self, Settings, StoreSettings};
use crate::error::{Error, Exit};

pub(super) fn file(settings: &Settings) -> Check {
    let Some(path) = &settings.path else {
        return Check::ok("config.file", "none, so the defaults apply");
    };
    let protected = if settings.protected { ", protected" } else { "" };
    Check::ok("config.file", format!("{}{protected}", path.display()))
}

pub(super) async fn values(app: &App, settings: &Settings, end: Instant) -> Vec<Check> {
    let mut checks: Vec<Check> = config::check_texts(settings, today()).into_iter().map(Check::from).collect();
    if let Ok(findings) = timeout_at(end, config::check_secrets(settings, &app.fetch())).await {
        checks.extend(findings.into_iter().map(Check::from));
    } else {
        let late = Error::said(Exit::Config, "a secret takes too long to fetch");
        checks.push(Check::fail("config.secrets", &late.hint("run the programs that print secrets by hand")));
    }
    checks.extend(own_pepper(app, settings).await);
    checks
}

/// The pepper that the embedded store makes for itself.
async fn own_pepper(app: &App, settings: &Settings) -> Option<Check> {
    let StoreSettings::Embedded { path } = &settings.store else { return None };
    if !settings.code.peppers.is_empty() {
        return None;
    }
    let pepper = path.with_file_name("pepper");
    if !pepper.exists() {
        return Some(Check::ok("code.peppers", format!("{} is created with the first code", pepper.display())));
    }
    Some(match app.peppers().await {
        Ok(_) => Check::ok("code.peppers", format!("{} can be fetched", pepper.display())),
        Err(error) => Check::fail("code.peppers", &error),
    })
}
