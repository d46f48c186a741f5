//! Reads of users and their phones: the index leads, and the phones' own sides are believed.

use super::super::{OperationError, Operations, Skipped};
use crate::otp::user::Link;
use crate::otp::{Phone, Phones, Stored as _, UserId, Users};
use crate::store::{Loaded, Page, StoreError, StoreKey};

/// The phones of a user, and those of which it cannot be read whether they are the user's.
pub type UserPhones = (Vec<(Phone, Link)>, Vec<Skipped>);

/// How the cursors of this list begin.
const CURSOR: &str = "users.";
/// So many times a reader looks for two readings that agree.
const READINGS: usize = 8;

impl Operations<'_> {
    /// The phones of a user, as the phones themselves see it. A phone that is named and not the user's may belong to a
    /// change that is half-way; what was read counts when a second reading finds the same.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn phones_of(&self, user: &UserId) -> Result<Vec<(Phone, Link)>, OperationError> {
        let (links, skipped) = self.readable_phones_of(user).await?;
        match skipped.into_iter().next() {
            Some(Skipped { error, .. }) => Err(error),
            None => Ok(links),
        }
    }

    /// The phones of a user, and those of which it cannot be read whether they are the user's.
    ///
    /// # Errors
    /// When the store fails, or the user's own index cannot be read.
    pub async fn readable_phones_of(&self, user: &UserId) -> Result<UserPhones, OperationError> {
        let mut before = None;
        for reading in 1.. {
            let index = self.index_of(user).await?;
            let phones: Vec<Phone> = index.phones.named().collect();
            let sides = self.sides_of(&phones).await?;
            let seen = Some((index.bytes, sides.clone()));
            let (mut links, mut skipped) = (Vec::with_capacity(phones.len()), Vec::new());
            let mut all = true;
            for (phone, side) in phones.into_iter().zip(sides) {
                match side.map(|users| users.link_of(user).cloned()) {
                    Ok(Some(link)) => links.push((phone, link)),
                    Ok(None) => all = false,
                    Err(error) => skipped.push(Skipped { phone, error }),
                }
            }
            if all || seen == before || reading == READINGS {
                return Ok((links, skipped));
            }
            before = seen;
        }
        Err(OperationError::Contended)
    }

    /// The users of phones, each by itself. Who a phone belongs to is known without its codes, so a record that cannot be
    /// read hides nothing here.
    pub(super) async fn sides_of(
        &self,
        phones: &[Phone],
    ) -> Result<Vec<Result<Users, OperationError>>, OperationError> {
        if phones.is_empty() {
            return Ok(Vec::new());
        }
        let groups: Vec<Vec<StoreKey>> = phones.iter().map(|phone| vec![StoreKey::Users(phone.clone())]).collect();
        let read = |loaded: Loaded| Ok(Users::read(loaded.values.first().and_then(Option::as_deref))?);
        Ok(self.load_reachable(&groups).await?.into_iter().map(|loaded| loaded.and_then(read)).collect())
    }

    /// A page of users that have phones.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn users(&self, cursor: Option<&str>, page: usize) -> Result<Page<UserId>, OperationError> {
        // So a cursor is known again: on a store that goes by names, any word could be one.
        let place = cursor.map(|cursor| cursor.strip_prefix(CURSOR).ok_or(StoreError::Cursor)).transpose()?;
        let users = self.store.users(place, page).await?;
        Ok(Page { next: users.next.map(|place| format!("{CURSOR}{place}")), ..users })
    }

    /// The phones of many users, in two round trips: all indexes, then all the phones' own sides.
    ///
    /// # Errors
    /// When the store fails. Of a user whose index cannot be read, the others are not told less.
    pub async fn readable_phones_of_each(
        &self,
        users: &[UserId],
    ) -> Result<Vec<Result<UserPhones, OperationError>>, OperationError> {
        if users.is_empty() {
            return Ok(Vec::new());
        }
        let groups: Vec<Vec<StoreKey>> = users.iter().map(|user| vec![StoreKey::Phones(user.clone())]).collect();
        let indexes = self.load_reachable(&groups).await?.into_iter().map(|loaded| {
            let index = Phones::read(loaded?.values.first().and_then(Option::as_deref))?;
            Ok(index.named().collect::<Vec<Phone>>())
        });
        let indexes: Vec<Result<Vec<Phone>, OperationError>> = indexes.collect();
        let all: Vec<Phone> = indexes.iter().filter_map(|phones| phones.as_ref().ok()).flatten().cloned().collect();
        let mut sides = self.sides_of(&all).await?.into_iter();
        let mut each = Vec::with_capacity(users.len());
        for (user, index) in users.iter().zip(indexes) {
            let phones = match index {
                Ok(phones) => phones,
                Err(error) => {
                    each.push(Err(error));
                    continue;
                }
            };
            let own = sides.by_ref().take(phones.len());
            let (mut links, mut skipped, mut agree) = (Vec::with_capacity(phones.len()), Vec::new(), true);
            for (phone, side) in phones.into_iter().zip(own) {
                match side.map(|users| users.link_of(user).cloned()) {
                    Ok(Some(link)) => links.push((phone, link)),
                    Ok(None) => agree = false,
                    Err(error) => skipped.push(Skipped { phone, error }),
                }
            }
            // One that the phone does not confirm may belong to a change that is half-way.
            each.push(if agree { Ok((links, skipped)) } else { self.readable_phones_of(user).await });
        }
        Ok(each)
    }
}
