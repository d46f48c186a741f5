//! Whose phone it is, asked of the directories: at most once in an operation, and only where the store's own map has no user.

use super::{OperationError, Operations};
use crate::directory::{DirectoryFailed, OwnedPhone};
use crate::otp::{Owners, Phone, UserId};

/// What one directory says of a phone.
#[derive(Debug)]
pub struct DirectoryAnswer {
    /// Its name in the file.
    pub directory: String,
    /// The users that it has for the phone, or why it gave no answer.
    pub owned: Result<Vec<OwnedPhone>, DirectoryFailed>,
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

    /// What every directory says of a phone, for who shows all of it. One that is down costs the others nothing.
    pub async fn directories_on(&self, phone: &Phone) -> Vec<DirectoryAnswer> {
        let asked = self.directories.iter().map(async |place| DirectoryAnswer {
            directory: place.name().to_owned(),
            owned: place.by_phone(phone).await,
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
