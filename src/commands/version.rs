//! `version`: which otpctl this is.

use serde::Serialize;

use super::CommandResult;
use crate::app::App;
use crate::output::{Human, Report};

/// Print the version
#[derive(Debug, clap::Args)]
pub struct Args {}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Version {
    version: &'static str,
}

impl Args {
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "every command runs alike")]
    pub(super) fn run(&self, _app: &App) -> CommandResult {
        Ok(Box::new(Version { version: env!("CARGO_PKG_VERSION") }))
    }
}

impl Report for Version {
    const SCHEMA: &str = "otpctl.version/1";

    fn human(&self) -> Human {
        Human::Text(format!("otpctl {}", self.version))
    }
}

crate::otp::schema::documents! { "otpctl.version/1" => Version }
