//! Users and phones that an application's own directory keeps: shown beside the store's own map, and changed where they
//! are kept.

use std::time::Duration;

use serde::Serialize;

use crate::app::App;
use crate::error::{Error, Exit};
use crate::operations::{DirectoryAnswer, KeptIn, Operations};
use crate::otp::{Hint, Phone, UserId};

/// The store's own map, as a source.
pub(in crate::commands) const STORE: &str = "store";
/// Nobody who only looks waits for longer.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// One directory in a document, and whether it answered.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Asked {
    directory: String,
    status: &'static str,
    detail: Option<String>,
}

/// The directories that were asked.
pub(super) fn asked(answers: &[DirectoryAnswer]) -> Vec<Asked> {
    let asked = answers.iter().map(|answer| {
        let failed = answer.owned.as_ref().err();
        Asked {
            directory: answer.directory.clone(),
            status: if failed.is_some() { "fail" } else { "ok" },
            detail: failed.map(ToString::to_string),
        }
    });
    asked.collect()
}

/// What stderr says of those that did not answer.
pub(super) fn warnings(asked: &[Asked]) -> impl Iterator<Item = String> {
    asked.iter().filter_map(|one| one.detail.clone())
}

/// Whether all answered.
pub(super) fn exit(asked: &[Asked]) -> Exit {
    if asked.iter().all(|one| one.detail.is_none()) { Exit::Ok } else { Exit::Partial }
}

/// The first that did not answer: what it has is not known.
pub(super) fn failure(answers: Vec<DirectoryAnswer>) -> Option<Error> {
    answers.into_iter().find_map(|answer| answer.owned.err()).map(Error::from)
}

/// The directory that keeps a user's phones, where that can be told; whoever cannot be asked is warned of.
pub(super) async fn kept_or_warn(app: &App, operations: &Operations<'_>, user: &UserId) -> Option<KeptIn> {
    match operations.kept_in(user).await {
        Ok(kept) => kept,
        Err(error) => {
            app.printer.warning(&error.to_string());
            None
        }
    }
}

/// That the fact is kept elsewhere, and cannot be changed so.
pub(super) fn elsewhere(kept: &KeptIn, user: &UserId, phone: &Phone, typed: &str) -> Error {
    let directory = &kept.directory;
    let moves = kept.abilities.set_phone && !kept.phones.contains(phone);
    let why = if moves {
        format!("the directory `{directory}` keeps the phone of `{user}`, and one alone")
    } else {
        format!("the phone of `{user}` is kept in the directory `{directory}`, which is not written from here")
    };
    let error = Error::said(Exit::Policy, why);
    if moves {
        error.hint(Hint::run(&["user", "move"]).arg(user.as_str()).arg(typed).because("replaces it there"))
    } else {
        error.hint("change it in the application")
    }
}
