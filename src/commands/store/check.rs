//! `store check`: goes over all keys and tells what is wrong with which.

use super::walk::{Mode, Walk};
use crate::app::App;
use crate::error::Error;
use crate::output::Output;

/// Find keys that are wrong, ours and the application's
///
/// Scans all keys without blocking the store, and writes nothing. Exits with 24 if commands fail because of what is found.
/// No value is shown; numbers are masked unless --unmask is passed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only keys that match this Redis pattern, such as 'otp:*'
    #[arg(long = "match", value_name = "PATTERN")]
    pattern: Option<String>,
    /// Show at most this many keys of each finding [default: 20; `-o jsonl`: all]
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

impl Args {
    pub(super) async fn run<'a>(&'a self, app: &'a App) -> Result<Output<'a>, Error> {
        let walk = Walk::new(app, self.pattern.clone(), Mode::Check { shown: self.limit }).await?;
        Ok(Output::Many(Box::new(walk)))
    }
}
