//! What the directories say of a user, and what is written there: a fact is changed where it is kept.

use std::time::Duration;

use tokio::time::timeout;

use super::super::{DirectoryAnswer, OperationError, Operations};
use crate::directory::{Abilities, DirectoryError, DirectoryFailed, Place};
use crate::otp::{Phone, UserId};

/// The phones of a user that a directory keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptIn {
    /// Its name in the file.
    pub directory: String,
    /// What it can do.
    pub abilities: Abilities,
    /// The phones, each once.
    pub phones: Vec<Phone>,
}

impl Operations<'_> {
    /// What every directory that can tell says of a user, for who shows all of it. None is waited for any longer than this.
    pub async fn directories_on_user(&self, user: &UserId, patience: Duration) -> Vec<DirectoryAnswer> {
        let asked = self.directories.iter().map(async |place| {
            let directory = place.name().to_owned();
            let owned =
                async { if place.abilities().await?.by_user { place.by_user(user).await.map(Some) } else { Ok(None) } };
            let owned = timeout(patience, owned).await.unwrap_or_else(|_| {
                let error = DirectoryError::Unreachable("no answer came in time".to_owned());
                Err(DirectoryFailed { directory: directory.clone(), error })
            });
            Some(DirectoryAnswer { directory, owned: owned.transpose()? })
        });
        let answers = self.progress.waiting_for("the directories", futures_util::future::join_all(asked)).await;
        answers.into_iter().flatten().collect()
    }

    /// The directory that keeps the phones of a user: the first that has one.
    ///
    /// # Errors
    /// When one that may have it does not answer.
    pub async fn kept_in(&self, user: &UserId) -> Result<Option<KeptIn>, OperationError> {
        let asked = async {
            for place in self.directories.iter() {
                let abilities = place.abilities().await?;
                let owned = if abilities.by_user { place.by_user(user).await? } else { Vec::new() };
                if !owned.is_empty() {
                    let phones = owned.into_iter().map(|owned| owned.phone).collect();
                    return Ok(Some(KeptIn { directory: place.name().to_owned(), abilities, phones }));
                }
            }
            Ok(None)
        };
        self.progress.waiting_for("the directories", asked).await.map_err(OperationError::Directory)
    }

    /// Makes this the phone of a user in a directory.
    ///
    /// # Errors
    /// When it cannot be written there, or the directory does not answer.
    pub async fn set_in(&self, kept: &KeptIn, user: &UserId, phone: &Phone) -> Result<(), OperationError> {
        let Some(place) = self.place(kept) else { return Ok(()) };
        let written = self.progress.waiting_for("the directory", place.set_phone(user, phone));
        written.await.map_err(OperationError::Directory)
    }

    /// Takes a phone from a user in a directory.
    ///
    /// # Errors
    /// As [`Self::set_in`].
    pub async fn clear_in(&self, kept: &KeptIn, user: &UserId, phone: &Phone) -> Result<(), OperationError> {
        let Some(place) = self.place(kept) else { return Ok(()) };
        let written = self.progress.waiting_for("the directory", place.clear_phone(user, phone));
        written.await.map_err(OperationError::Directory)
    }

    /// Where it is written; nowhere in a rehearsal.
    fn place(&self, kept: &KeptIn) -> Option<&Place> {
        self.directories.iter().find(|place| place.name() == kept.directory).filter(|_| !self.dry_run)
    }
}
