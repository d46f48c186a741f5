//! Whose phone it is, where an application keeps that: its own user table or API, asked when the store's own map has no
//! user for a phone.
//!
//! A [`Directory`] is one trait with three kinds behind it: `sql` asks a database, `command` any program, and every file of
//! `catalog/` an application's API. It is asked for a phone in all the spellings that people write it in ([`spellings`]),
//! and answers with what it has, as it has it. [`Directories`] reads each answer and keeps only what is the same number: a
//! hit that is another number is not a user. They are asked in the order of the file, and the first that has the phone
//! answers. One that does not answer is never taken for one that does not have the phone.

mod asked;
mod command;
mod definition;
mod description;
mod error;
mod kind;
mod service;
pub mod spellings;
mod sql;

use async_trait::async_trait;

pub use asked::{Directories, OwnedPhone, Place, Source};
pub use description::{Description, Phones, Usage};
pub use error::{DirectoryError, DirectoryFailed};
pub use kind::{Context, Kind};

use crate::otp::{Phone, UserId};

/// One row of an answer, as the directory keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The application's id of the user.
    pub user: String,
    /// The phone as it is stored, in any spelling.
    pub phone: String,
}

/// What a directory can do beside finding the users of a phone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Abilities {
    /// Find the phones of a user.
    pub by_user: bool,
    /// Write the phone of a user.
    pub set_phone: bool,
    /// Remove the phone of a user.
    pub clear_phone: bool,
}

/// A place where an application keeps whose phone it is.
///
/// # Contract
///
/// * An answer without rows means that nobody has the phone. Whatever else happens is an error.
/// * A row is as it is stored: nobody here decides which number it is.
/// * It answers within its own time limit, or fails.
/// * No error quotes a password, a key, or a phone.
#[async_trait]
pub trait Directory: Send + Sync {
    /// What it can do.
    fn abilities(&self) -> Abilities;

    /// The users that have the phone in one of these spellings.
    ///
    /// # Errors
    /// When it does not answer, or not in a way that is understood.
    async fn by_phone(&self, phone: &Phone, spellings: &[String]) -> Result<Vec<Hit>, DirectoryError>;

    /// The phones of a user.
    ///
    /// # Errors
    /// As [`Self::by_phone`], and when it cannot tell.
    async fn by_user(&self, user: &UserId) -> Result<Vec<Hit>, DirectoryError>;

    /// Makes this the phone of a user. `written`: the phone as this directory writes phones.
    ///
    /// # Errors
    /// As [`Self::by_phone`], and when it cannot be written.
    async fn set_phone(&self, _user: &UserId, _written: &str) -> Result<(), DirectoryError> {
        Err(DirectoryError::Unable("it cannot write phones"))
    }

    /// Takes the phone of a user away.
    ///
    /// # Errors
    /// As [`Self::set_phone`].
    async fn clear_phone(&self, _user: &UserId, _spellings: &[String]) -> Result<(), DirectoryError> {
        Err(DirectoryError::Unable("it cannot write phones"))
    }
}
