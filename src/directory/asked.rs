//! All directories of a file, asked in their order. Each is opened when it is first asked, so that one whose secret is
//! missing stops no command that does not need it.

use async_trait::async_trait;
use tokio::sync::OnceCell;

use super::error::{DirectoryError, DirectoryFailed, quoted};
use super::spellings::Stored;
use super::{Abilities, Directory, Hit};
use crate::otp::{DirectoryUsers, Phone, UserId};

/// Opens one directory: fetches its secrets, connects to nothing.
#[async_trait]
pub trait Source: Send + Sync {
    /// The directory.
    ///
    /// # Errors
    /// When its settings are wrong, or a secret is not there.
    async fn open(&self) -> Result<Box<dyn Directory>, DirectoryError>;
}

/// One directory of the file.
pub struct Place {
    name: String,
    stored: Stored,
    source: Box<dyn Source>,
    opened: OnceCell<Box<dyn Directory>>,
}

impl Place {
    /// A directory of this name, which writes phones so.
    #[must_use]
    pub fn new(name: &str, stored: Stored, source: Box<dyn Source>) -> Self {
        Self { name: name.to_owned(), stored, source, opened: OnceCell::new() }
    }

    /// Its name in the file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it can do.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn abilities(&self) -> Result<Abilities, DirectoryFailed> {
        Ok(self.opened().await?.abilities())
    }

    /// Its users of a phone, each with the phone as it is stored.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn by_phone(&self, phone: &Phone) -> Result<Vec<OwnedPhone>, DirectoryFailed> {
        let spellings = self.stored.spellings(phone);
        let hits = self.opened().await?.by_phone(phone, &spellings).await.map_err(|error| self.failed(error))?;
        let owned = hits.into_iter().filter_map(|hit| self.read(hit).transpose()).collect::<Result<Vec<_>, _>>()?;
        // What is another number is not this phone's user, whatever the directory found it by.
        Ok(owned.into_iter().filter(|owned| owned.phone == *phone).collect())
    }

    /// The phones that it has for a user, each once. What is stored and is no number is left out.
    ///
    /// # Errors
    /// When it does not answer, or cannot tell.
    pub async fn by_user(&self, user: &UserId) -> Result<Vec<OwnedPhone>, DirectoryFailed> {
        let hits = self.opened().await?.by_user(user).await.map_err(|error| self.failed(error))?;
        let mut owned: Vec<OwnedPhone> = Vec::new();
        for hit in hits {
            // Some databases find `Asha` for `asha`.
            let Some(one) = self.read(hit)?.filter(|one| one.user == *user) else { continue };
            if !owned.iter().any(|known| known.phone == one.phone) {
                owned.push(one);
            }
        }
        Ok(owned)
    }

    /// Makes this the phone of a user there.
    ///
    /// # Errors
    /// When it cannot be written, or does not answer.
    pub async fn set_phone(&self, user: &UserId, phone: &Phone) -> Result<(), DirectoryFailed> {
        let written = self.stored.written(phone);
        self.opened().await?.set_phone(user, &written).await.map_err(|error| self.failed(error))
    }

    /// Takes the phone of a user away there.
    ///
    /// # Errors
    /// As [`Self::set_phone`].
    pub async fn clear_phone(&self, user: &UserId, phone: &Phone) -> Result<(), DirectoryFailed> {
        let spellings = self.stored.spellings(phone);
        self.opened().await?.clear_phone(user, &spellings).await.map_err(|error| self.failed(error))
    }

    async fn opened(&self) -> Result<&dyn Directory, DirectoryFailed> {
        let opened = self.opened.get_or_try_init(|| self.source.open()).await;
        opened.map(Box::as_ref).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: DirectoryError) -> DirectoryFailed {
        DirectoryFailed { directory: self.name.clone(), error }
    }

    /// A row with its number read; `None`: what is stored there is no number.
    fn read(&self, hit: Hit) -> Result<Option<OwnedPhone>, DirectoryFailed> {
        let Some(phone) = self.stored.read(hit.phone.trim()) else { return Ok(None) };
        let user = UserId::new(&hit.user).map_err(|error| {
            self.failed(DirectoryError::Data(format!("it gave the user id {:?}: {error}", quoted(&hit.user))))
        })?;
        Ok(Some(OwnedPhone { user, phone, stored: hit.phone }))
    }
}

/// A phone that a directory has for a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedPhone {
    /// Whose it is.
    pub user: UserId,
    /// The number.
    pub phone: Phone,
    /// As it is stored there.
    pub stored: String,
}

/// The directories of a file, in the order of `user.directories`.
#[derive(Default)]
pub struct Directories(Vec<Place>);

impl Directories {
    /// These, in this order.
    #[must_use]
    pub fn new(places: Vec<Place>) -> Self {
        Self(places)
    }

    /// None: the store's own map says all that is known.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Whether the file names none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them, in their order: for who shows all that they say.
    pub fn iter(&self) -> impl Iterator<Item = &Place> {
        self.0.iter()
    }

    /// The users of a phone: the first directory that has it answers. Where none has it, there are none.
    ///
    /// # Errors
    /// When a directory that comes before does not answer: it may have the phone.
    pub async fn owners_of(&self, phone: &Phone) -> Result<DirectoryUsers, DirectoryFailed> {
        for place in &self.0 {
            let owned = place.by_phone(phone).await?;
            if !owned.is_empty() {
                return Ok(DirectoryUsers::new(&place.name, owned.into_iter().map(|owned| owned.user).collect()));
            }
        }
        Ok(DirectoryUsers::default())
    }

    /// The phones of a user: the first directory that has one answers, of those that can be asked.
    ///
    /// # Errors
    /// As [`Self::owners_of`].
    pub async fn phones_of(&self, user: &UserId) -> Result<Vec<OwnedPhone>, DirectoryFailed> {
        for place in &self.0 {
            if !place.abilities().await?.by_user {
                continue;
            }
            let owned = place.by_user(user).await?;
            if !owned.is_empty() {
                return Ok(owned);
            }
        }
        Ok(Vec::new())
    }
}
