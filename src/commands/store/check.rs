//! `store check`: goes over all keys and tells what is wrong with which.

use super::walk::{Mode, Walk};
use crate::app::App;
use crate::error::Error;
use crate::output::Output;

/// Find keys that are not as they should be, of ours and of applications that keep codes
///
/// Goes over all keys of the store without holding it up, and writes nothing. Ends with 24 where commands fail of what
/// is found, else with 0. No value is shown; numbers are masked unless --unmask.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only keys that fit this pattern of Redis's, such as 'otp:*'
    #[arg(long = "match", value_name = "PATTERN")]
    pattern: Option<String>,
    /// Show at most so many keys of each finding; all are counted [default: 20, with `-o jsonl` all]
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

impl Args {
    pub(super) async fn run<'a>(&'a self, app: &'a App) -> Result<Output<'a>, Error> {
        let walk = Walk::new(app, self.pattern.clone(), Mode::Check { shown: self.limit }).await?;
        Ok(Output::Many(Box::new(walk)))
    }
}
