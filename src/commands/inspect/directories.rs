//! What the directories say of a phone. One that is down is shown, and everything else goes on.

use std::time::Duration;

use serde::Serialize;

use super::checks::Check;
use crate::error::Error;
use crate::operations::DirectoryAnswer;
use crate::otp::{Hint, UserId};

/// With a customer on the line, nobody waits for longer.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// One directory in the document.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Answered {
    directory: String,
    status: &'static str,
    /// The users that it has for the phone; `null`: it did not say.
    users: Option<Vec<UserId>>,
    /// Why it did not answer.
    detail: Option<String>,
}

impl Answered {
    pub(super) fn of(answer: &DirectoryAnswer) -> Self {
        let directory = answer.directory.clone();
        match &answer.owned {
            Ok(owned) => {
                let mut users: Vec<UserId> = owned.iter().map(|owned| owned.user.clone()).collect();
                users.sort();
                users.dedup();
                Self { directory, status: "ok", users: Some(users), detail: None }
            }
            Err(failed) => Self { directory, status: "fail", users: None, detail: Some(failed.error.to_string()) },
        }
    }

    /// Its users, with where they come from, for the first line of the screen.
    pub(super) fn users(&self) -> impl Iterator<Item = String> {
        let users = self.users.iter().flatten();
        users.map(|user| format!("{user} (in {})", self.directory))
    }

    pub(super) fn is_down(&self) -> bool {
        self.users.is_none()
    }
}

/// Those that did not answer: what they would say is not known, and `verify` and `send` fail until they answer.
pub(super) fn checks(answers: &[DirectoryAnswer]) -> impl Iterator<Item = Check> {
    answers.iter().filter_map(|answer| {
        let failed = answer.owned.as_ref().err()?;
        let next = Error::from(failed.clone()).hint.unwrap_or_else(|| Hint::run(&["doctor"]));
        Some(Check { id: "directory", status: "fail", detail: failed.to_string(), next: Some(next) })
    })
}
