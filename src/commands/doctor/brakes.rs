//! The check of the brakes: whether they see what they go by.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::check::Check;
use crate::app::App;
use crate::config::Settings;
use crate::error::Error;
use crate::otp::Hint;
use crate::otp::brake::BrakeMode;
use crate::otp::stats::total;

/// So far back it is looked.
const SPAN: Duration = Duration::from_secs(7 * 24 * 3600);
/// Of so few nobody has to be verified.
const MANY: u64 = 20;

pub(super) async fn state(app: &App, settings: &Settings, end: Instant) -> Vec<Check> {
    if settings.policy.brakes != BrakeMode::Enforce {
        return Vec::new();
    }
    let asked = async { app.operations().await?.stats(SPAN).await.map_err(Error::from) };
    let Ok(Ok(window)) = timeout_at(end, asked).await else { return Vec::new() };
    let all = total(&window.cells);
    let out = all.sent + all.unknown;
    if out < MANY || all.verified > 0 {
        return Vec::new();
    }
    let detail = format!(
        "none of the {out} codes sent in the last 7 days is known to be verified, so the brakes stop everybody"
    );
    let told = Hint::run(&["outcome"]).arg("PHONE").arg("verified");
    vec![Check::warn(
        "policy.brakes",
        detail,
        told.because("for codes of `deliver`, record how each ended; or observe only"),
    )]
}
