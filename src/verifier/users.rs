//! Users and their phones. The phone's own side decides; the user's side is an index that leads to it.

use super::step::{Doing, LOST, ROUNDS};
use super::{Skipped, Stepped, Verifier, VerifierError};
use crate::otp::rules::{self, Linked};
use crate::otp::user::{Link, PHONES_PER_USER};
use crate::otp::{Life, Phone, Phones, Stored as _, UserId, Users};
use crate::store::{Cell, Change, Committed, Page, Put, StoreError, Write};

impl Verifier<'_> {
    /// Links a user to a phone. The index comes first: a crash between the two leaves a name in it that leads nowhere.
    ///
    /// # Errors
    /// When either has too many links, or the store fails.
    pub async fn link(&self, phone: &Phone, user: &UserId) -> Result<Stepped<Linked>, VerifierError> {
        self.index(user, |phones| match phones.with(phone) {
            Some(more) if more.phones.len() > PHONES_PER_USER => Err(VerifierError::Full),
            changed => Ok(changed),
        })
        .await?;
        let linked =
            self.step(phone, &Doing::change(), |known, now| Ok(rules::link(known, now, user, self.reason))).await?;
        if linked.outcome == Linked::Full { Err(VerifierError::Full) } else { Ok(linked) }
    }

    /// Unlinks a user from a phone; the index comes last.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn unlink(&self, phone: &Phone, user: &UserId) -> Result<Stepped<Linked>, VerifierError> {
        let rule = |known: &rules::Known, now| Ok(rules::unlink(known, now, user, self.reason));
        let unlinked = self.step(phone, &Doing::relief(), rule).await?;
        self.index(user, |phones| Ok(phones.without(phone))).await?;
        Ok(unlinked)
    }

    /// The phones of a user, as the phones themselves see it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn phones_of(&self, user: &UserId) -> Result<Vec<(Phone, Link)>, VerifierError> {
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
    pub async fn readable_phones_of(&self, user: &UserId) -> Result<(Vec<(Phone, Link)>, Vec<Skipped>), VerifierError> {
        let loaded = self.store.load(&[vec![Cell::Phones(user.clone())]]).await?;
        let held = loaded.first().and_then(|loaded| loaded.values.first()?.as_deref());
        let phones: Vec<Phone> =
            Phones::read(held)?.phones.iter().filter_map(|phone| Phone::parse(phone, None).ok()).collect();
        if phones.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        // Who a phone belongs to is known without its codes, so a record that cannot be read hides nothing here.
        let groups: Vec<Vec<Cell>> = phones.iter().map(|phone| vec![Cell::Users(phone.clone())]).collect();
        let loaded = self.load_each(&groups).await?;
        let (mut links, mut skipped) = (Vec::with_capacity(phones.len()), Vec::new());
        for (phone, loaded) in phones.into_iter().zip(loaded) {
            let users = loaded.and_then(|loaded| Ok(Users::read(loaded.values.first().and_then(Option::as_deref))?));
            match users {
                Ok(users) => {
                    let link = users.users.into_iter().find(|link| link.user == *user);
                    links.extend(link.map(|link| (phone, link)));
                }
                Err(error) => skipped.push(Skipped { phone, error }),
            }
        }
        Ok((links, skipped))
    }

    /// A page of users that have phones.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn users(&self, cursor: Option<&str>, page: usize) -> Result<Page<UserId>, VerifierError> {
        Ok(self.store.users(cursor, page).await?)
    }

    /// Changes a user's index, until it is so.
    async fn index(
        &self,
        user: &UserId,
        change: impl Fn(&Phones) -> Result<Option<Phones>, VerifierError>,
    ) -> Result<(), VerifierError> {
        let cell = Cell::Phones(user.clone());
        let mut lost = 0;
        for _ in 0..ROUNDS {
            let loaded = self.store.load(&[vec![cell.clone()]]).await?;
            let held = loaded.into_iter().next().and_then(|loaded| loaded.values.into_iter().next()?);
            let Some(changed) = change(&Phones::read(held.as_deref())?)? else { return Ok(()) };
            if self.dry_run {
                return Ok(());
            }
            let life = if changed.phones.is_empty() { Life::Over } else { Life::Forever };
            let write = Write { cell: cell.clone(), loaded: held, put: Put::Set(changed.write(), life) };
            match self.store.commit(&[Change { writes: vec![write], append: None, relieves: false }]).await {
                Ok(committed) if matches!(committed.as_slice(), [Committed::Done(_)]) => return Ok(()),
                Ok(_) => tokio::task::yield_now().await,
                // Looking again is all that is needed: the change is the same the second time.
                Err(StoreError::Unknown(_)) if lost < LOST => lost += 1,
                Err(error) => return Err(error.into()),
            }
        }
        Err(VerifierError::Contended)
    }
}
