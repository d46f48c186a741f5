//! What a command does with each line of a batch.

use async_trait::async_trait;

use super::line::{Columns, Line};
use crate::app::App;
use crate::commands::CommandResult;
use crate::commands::target::Target;
use crate::error::Error;

/// What is done with each line.
#[async_trait(?Send)]
pub(in crate::commands) trait Each {
    /// What a line may say beside a phone or a user.
    fn columns(&self) -> Columns;

    /// Whether messages go out: what is in doubt then is whether one did.
    fn sends(&self) -> bool {
        false
    }

    /// Whether a result is printed once, and lost where nobody reads it.
    fn prints_once(&self) -> bool {
        false
    }

    /// What is to be done, for whoever is asked. `lines`: with each of what.
    fn question(&self, lines: &str) -> String;

    /// The options that must be the same where a batch is continued.
    fn options(&self) -> Vec<(&'static str, Option<String>)>;

    /// Refuses what no line may do, before any is read.
    async fn allowed(&self, _app: &App) -> Result<(), Error> {
        Ok(())
    }

    /// One of them.
    async fn each(&self, app: &App, target: &Target, line: &Line) -> CommandResult;
}
