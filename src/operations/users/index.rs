//! The index of a user: read, written if unchanged, counted by what the phones' own sides say, and swept.

use super::super::loading::{known, no_answer, own_keys};
use super::super::transact::{LOST, ROUNDS};
use super::super::{OperationError, Operations};
use crate::otp::rules::PhoneState;
use crate::otp::user::{Age, Mark, PHONES_PER_USER};
use crate::otp::{Moment, Phone, Phones, Stored as _, Ttl, UserId, Users};
use crate::store::{Change, Committed, Loaded, Put, StoreError, StoreKey, Write};

/// An index as it was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Index {
    /// The time of the store, where the index is.
    pub(super) now: Moment,
    /// Its bytes.
    pub(super) bytes: Option<Vec<u8>>,
    /// What they say.
    pub(super) phones: Phones,
}

impl Index {
    fn of(loaded: Loaded) -> Result<Self, OperationError> {
        let bytes = loaded.values.into_iter().next().flatten();
        Ok(Self { now: loaded.now, phones: Phones::read(bytes.as_deref())?, bytes })
    }
}

impl Operations<'_> {
    /// The index of a user.
    pub(super) async fn index_of(&self, user: &UserId) -> Result<Index, OperationError> {
        let loaded = self.store.load(&[vec![StoreKey::Phones(user.clone())]]).await?;
        Index::of(loaded.into_iter().next().ok_or_else(no_answer)?)
    }

    /// The index of a user, and what is known of a phone with the time of its slot. They are in two slots, and so not of
    /// one moment.
    pub(super) async fn both(
        &self,
        phone: &Phone,
        user: &UserId,
    ) -> Result<(Index, PhoneState, Moment), OperationError> {
        let groups = [own_keys(phone), vec![StoreKey::Phones(user.clone())]];
        let mut loaded = self.store.load(&groups).await?.into_iter();
        let (Some(sides), Some(index)) = (loaded.next(), loaded.next()) else { return Err(no_answer()) };
        Ok((Index::of(index)?, known(&groups[0], &sides)?, sides.now))
    }

    /// The users of phones, each seen at a moment of its own.
    pub(super) async fn users_of(&self, phones: &[Phone]) -> Result<Vec<Users>, OperationError> {
        if phones.is_empty() {
            return Ok(Vec::new());
        }
        let groups: Vec<Vec<StoreKey>> = phones.iter().map(|phone| vec![StoreKey::Users(phone.clone())]).collect();
        let loaded = self.store.load(&groups).await?;
        if loaded.len() != phones.len() {
            return Err(no_answer());
        }
        let read = |loaded: &Loaded| Ok(Users::read(loaded.values.first().and_then(Option::as_deref))?);
        loaded.iter().map(read).collect()
    }

    /// Writes an index if it still is what was loaded, and tells whether it did. After a lost answer it looks.
    pub(super) async fn write_index(
        &self,
        user: &UserId,
        loaded: &Index,
        phones: &Phones,
        relieves: bool,
        losses: &mut usize,
    ) -> Result<bool, OperationError> {
        if self.dry_run {
            return Ok(true);
        }
        let cell = StoreKey::Phones(user.clone());
        let ttl = if phones.phones.is_empty() { Ttl::Expired } else { Ttl::Forever };
        let bytes = phones.write();
        let mut writes = vec![Write { key: cell, loaded: loaded.bytes.clone(), put: Put::Set(bytes.clone(), ttl) }];
        writes.extend(self.former_after(user, &loaded.phones, phones).await?);
        match self.store.commit(&[Change { allow_when_full: relieves, ..Change::of(writes) }]).await {
            Ok(committed) => Ok(matches!(committed.as_slice(), [Committed::Done(_)])),
            Err(lost @ StoreError::Unknown(_)) if *losses < LOST => {
                *losses += 1;
                let index = self.index_of(user).await.map_err(|_| lost)?;
                // A mark is written once, so these are no other command's bytes.
                Ok(index.bytes.as_ref() == Some(&bytes))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Refuses one more phone where so many are the user's by their own sides. Entries that lead nowhere do not count, and
    /// the old ones among them go with the next write.
    pub(super) async fn has_room(
        &self,
        user: &UserId,
        phone: &Phone,
        index: &Index,
        phones: &mut Phones,
    ) -> Result<(), OperationError> {
        let others: Vec<Phone> = index.phones.others(phone).collect();
        let sides = self.users_of(&others).await?;
        if sides.iter().filter(|users| users.has(user)).count() >= PHONES_PER_USER {
            return Err(OperationError::Full);
        }
        for (phone, _) in others.iter().zip(&sides).filter(|(_, users)| !users.has(user)) {
            if index.phones.age(phone, index.now) == Age::Old {
                phones.forget(phone, index.phones.mark(phone));
            }
        }
        Ok(())
    }

    /// Whether links at once gave a user more phones than there is room for.
    pub(super) async fn has_too_many(&self, user: &UserId) -> Result<bool, OperationError> {
        let index = self.index_of(user).await?;
        if index.phones.phones.len() <= PHONES_PER_USER {
            return Ok(false);
        }
        let named: Vec<Phone> = index.phones.named().collect();
        let sides = self.users_of(&named).await?;
        Ok(sides.iter().filter(|users| users.has(user)).count() > PHONES_PER_USER)
    }

    /// Removes entries of phones that are not the user's any more, if they still have these marks. One that stays leads
    /// nowhere and does no harm, so a failure is not one of the command. Returns whether none of them is there any more.
    pub(super) async fn forget(&self, user: &UserId, entries: &[(Phone, Option<Mark>)]) -> bool {
        let left = |phones: &Phones| !entries.iter().any(|(phone, _)| phones.has(phone));
        let change = |phones: &mut Phones| {
            entries.iter().filter(|(phone, mark)| phones.forget(phone, mark.as_ref())).count() > 0
        };
        self.rewrite(user, change).await.is_some_and(|phones| left(&phones))
    }

    /// Says that a phone is not leaving any more. If that fails, the next move to it kills its codes without need.
    pub(super) async fn stays(&self, user: &UserId, phone: &Phone, id: &str) {
        self.rewrite(user, |phones| phones.stay(phone, id)).await;
    }

    /// Changes an index until it is so, and gives what it says then; `None`: it is not known.
    async fn rewrite(&self, user: &UserId, change: impl Fn(&mut Phones) -> bool) -> Option<Phones> {
        let mut losses = 0;
        for _ in 0..ROUNDS {
            let done = async {
                let index = self.index_of(user).await?;
                let mut phones = index.phones.clone();
                let done = !change(&mut phones) || self.write_index(user, &index, &phones, true, &mut losses).await?;
                Ok::<_, OperationError>(done.then_some(phones))
            };
            match done.await {
                Ok(Some(phones)) => return Some(phones),
                Ok(None) => tokio::task::yield_now().await,
                Err(error) => {
                    tracing::debug!(%error, "an entry of the index stays as it is");
                    return None;
                }
            }
        }
        None
    }

    /// Removes an entry that leads nowhere, if it still has this mark and no link that wrote it can be running. Returns
    /// whether it did.
    ///
    /// # Errors
    /// When the store fails.
    pub(in crate::operations) async fn sweep(
        &self,
        user: &UserId,
        phone: &Phone,
        mark: Option<&Mark>,
    ) -> Result<bool, OperationError> {
        let mut losses = 0;
        for _ in 0..ROUNDS {
            let index = self.index_of(user).await?;
            let mut phones = index.phones.clone();
            let young = index.phones.age(phone, index.now) == Age::UnderWay;
            if young || !phones.forget(phone, mark) {
                return Ok(false);
            }
            let sides = self.users_of(std::slice::from_ref(phone)).await?;
            if sides.iter().any(|users| users.has(user)) {
                return Ok(false);
            }
            if self.write_index(user, &index, &phones, true, &mut losses).await? {
                return Ok(true);
            }
            tokio::task::yield_now().await;
        }
        Err(OperationError::Contended)
    }
}
