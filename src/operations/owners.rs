//! Whose phone it is, asked of the directories: at most once in an operation, and only where the store's own map has no user.

use std::time::Duration;

use tokio::time::timeout;

use super::{OperationError, Operations};
use crate::directory::{DirectoryError, DirectoryFailed, OwnedPhone};
use crate::otp::{DirectoryUsers, Owners, Phone, UserId};

/// What one directory says of a phone.
#[derive(Debug)]
pub struct DirectoryAnswer {
    /// Its name in the file.
    pub directory: String,
    /// The users that it has for the phone, or why it gave no answer.
    pub owned: Result<Vec<OwnedPhone>, DirectoryFailed>,
}

/// Whose phone it is by these answers: those of the first directory that has it, unless one before it did not answer.
#[must_use]
pub fn owners_by(answers: &[DirectoryAnswer]) -> Owners {
    for answer in answers {
        match &answer.owned {
            Err(_) => return Owners::Unasked,
            Ok(owned) if owned.is_empty() => {}
            Ok(owned) => {
                let users = owned.iter().map(|owned| owned.user.clone()).collect();
                return Owners::Answered(DirectoryUsers::new(&answer.directory, users));
            }
        }
    }
    if answers.is_empty() { Owners::NoDirectory } else { Owners::Answered(DirectoryUsers::default()) }
}

impl Operations<'_> {
    /// What is known of a phone's owners before anybody was asked.
    pub(super) fn unasked(&self) -> Owners {
        if self.directories.is_empty() { Owners::NoDirectory } else { Owners::Unasked }
    }

    /// Asks the directories.
    ///
    /// # Errors
    /// When one of them that may have the phone does not answer: that is never taken for having no user.
    pub(super) async fn owners_of(&self, phone: &Phone) -> Result<Owners, OperationError> {
        let asked = self.progress.waiting_for("the directories", self.directories.owners_of(phone));
        let answer = asked.await.map_err(OperationError::Directory)?;
        tracing::debug!(?phone, directory = answer.directory, users = answer.users.len(), "asked whose it is");
        Ok(Owners::Answered(answer))
    }

    /// What every directory says of a phone, for who shows all of it. They are asked at once, and none is waited for any
    /// longer than this: one that is down costs the others nothing.
    pub async fn directories_on(&self, phone: &Phone, patience: Duration) -> Vec<DirectoryAnswer> {
        let asked = self.directories.iter().map(async |place| {
            let directory = place.name().to_owned();
            let owned = timeout(patience, place.by_phone(phone)).await.unwrap_or_else(|_| {
                let error = DirectoryError::Unreachable("no answer came in time".to_owned());
                Err(DirectoryFailed { directory: directory.clone(), error })
            });
            DirectoryAnswer { directory, owned }
        });
        self.progress.waiting_for("the directories", futures_util::future::join_all(asked)).await
    }

    /// The phones that the directories have for a user: those of the first that has one.
    ///
    /// # Errors
    /// When one that may know the user does not answer.
    pub async fn directory_phones_of(&self, user: &UserId) -> Result<Vec<Phone>, OperationError> {
        let asked = self.progress.waiting_for("the directories", self.directories.phones_of(user));
        let owned = asked.await.map_err(OperationError::Directory)?;
        Ok(owned.into_iter().map(|owned| owned.phone).collect())
    }
}
