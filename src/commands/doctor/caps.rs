//! The checks of the caps on all messages together: how much of each is used up.

use tokio::time::{Instant, timeout_at};

use super::check::Check;
use crate::app::App;
use crate::config::Settings;
use crate::error::Error;
use crate::operations::CapUse;
use crate::otp::Hint;
use crate::otp::duration::spelled;

pub(super) async fn state(app: &App, settings: &Settings, end: Instant) -> Vec<Check> {
    if settings.limits.caps.is_empty() && settings.limits.spend.is_empty() {
        return Vec::new();
    }
    let asked = async { app.operations().await?.caps_used().await.map_err(Error::from) };
    match timeout_at(end, asked).await {
        Ok(Ok(all)) => all.iter().map(check).collect(),
        Ok(Err(error)) => vec![Check::fail("limits.caps", &error)],
        Err(_) => vec![Check::unknown("limits.caps", "no answer came in time", Hint::run(&["doctor"]))],
    }
}

fn check(own: &CapUse) -> Check {
    let id = format!("{}{{window={}}}", own.key, spelled(own.window));
    let detail = format!("{}: {} of {} in the last {}", own.what, own.used, own.most, spelled(own.window));
    if own.is_nearly_full() {
        let fix =
            Hint::run(&["stats"]).option("--by", "range").because("see whether these are customers; raise it if so");
        return Check::warn(id, detail, fix);
    }
    Check::ok(id, detail)
}
