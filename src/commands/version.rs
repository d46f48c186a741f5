//! `version`: which otpctl this is.

use serde::Serialize;

use crate::output::{Human, Report};

/// Print the version
#[derive(Debug, clap::Args)]
pub struct Args {}

#[derive(Serialize)]
struct Version {
    schema: &'static str,
    version: &'static str,
}

impl Args {
    #[expect(clippy::unused_self, reason = "every command runs on its arguments")]
    pub(super) fn run(&self) -> Box<dyn Report> {
        Box::new(Version { schema: "otpctl.version/1", version: env!("CARGO_PKG_VERSION") })
    }
}

impl Report for Version {
    fn human(&self) -> Human {
        Human::Text(format!("otpctl {}", self.version))
    }

    fn document(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}
