//! The history of the map: read for a phone and for a user, and the numbers that lead to it kept when a phone leaves the
//! index of a user.

use super::super::loading::no_answer;
use super::super::{OperationError, Operations, Skipped};
use crate::otp::link_history::{FormerUser, former_users};
use crate::otp::{Event, FormerPhones, LinkHistory, Moment, Phone, Phones, Stored as _, UserId, Users};
use crate::store::{Put, StoreKey, Write};

/// What became of the users of one phone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PhoneLinks {
    /// The changes that are kept, the newest first.
    pub changes: Vec<Event>,
    /// Why it cannot be read, where it cannot.
    pub unreadable: Option<String>,
}

impl PhoneLinks {
    pub(in crate::operations) fn read(bytes: Option<&[u8]>, now: Moment) -> Self {
        match LinkHistory::read(bytes) {
            Ok(history) => Self { changes: history.changes(now), unreadable: None },
            Err(error) => Self { changes: Vec::new(), unreadable: Some(error.to_string()) },
        }
    }

    /// The users who had the phone and do not have it now.
    #[must_use]
    pub fn former(&self, users: &Users) -> Vec<FormerUser> {
        let present = |user: &str| users.users.iter().any(|link| link.user.as_str() == user);
        former_users(&self.changes, present)
    }
}

impl Operations<'_> {
    /// What became of the users of a phone.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn links_of_phone(&self, phone: &Phone) -> Result<PhoneLinks, OperationError> {
        let loaded = self.store.load(&[vec![StoreKey::LinkHistory(phone.clone())]]).await?;
        let loaded = loaded.into_iter().next().ok_or_else(no_answer)?;
        Ok(PhoneLinks::read(loaded.values.first().and_then(Option::as_deref), loaded.now))
    }

    /// What became of the phones of a user, the newest first, and the phones whose history cannot be read.
    ///
    /// # Errors
    /// When the store fails, or the user's own index cannot be read.
    pub async fn links_of_user(&self, user: &UserId) -> Result<(Vec<(Phone, Event)>, Vec<Skipped>), OperationError> {
        // Both at one moment: a phone goes from one to the other in one write.
        let keys = vec![StoreKey::Phones(user.clone()), StoreKey::FormerPhones(user.clone())];
        let loaded = self.store.load(&[keys]).await?.into_iter().next().ok_or_else(no_answer)?;
        let side = |at: usize| loaded.values.get(at).and_then(Option::as_deref);
        let mut phones: Vec<Phone> = Phones::read(side(0))?.named().collect();
        for phone in FormerPhones::read(side(1))?.named() {
            if !phones.contains(&phone) {
                phones.push(phone);
            }
        }
        if phones.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let groups: Vec<Vec<StoreKey>> =
            phones.iter().map(|phone| vec![StoreKey::LinkHistory(phone.clone())]).collect();
        let (mut changes, mut skipped) = (Vec::new(), Vec::new());
        for (phone, loaded) in phones.into_iter().zip(self.load_reachable(&groups).await?) {
            let read = loaded.and_then(|loaded| {
                let history = LinkHistory::read(loaded.values.first().and_then(Option::as_deref))?;
                Ok(history.changes(loaded.now))
            });
            match read {
                Ok(events) => {
                    let own = events.into_iter().filter(|event| event.detail.as_deref() == Some(user.as_str()));
                    changes.extend(own.map(|event| (phone.clone(), event)));
                }
                Err(error) => skipped.push(Skipped { phone, error }),
            }
        }
        // Of one moment, such as the two of a move, the order of the phones stays.
        changes.sort_by_key(|(_, event)| std::cmp::Reverse(event.at));
        Ok((changes, skipped))
    }

    /// The write that keeps the phones that leave an index, in the same slot; `None`: none leaves it, or what is there
    /// cannot be read, which keeps nobody from taking a phone away.
    pub(super) async fn former_after(
        &self,
        user: &UserId,
        before: &Phones,
        after: &Phones,
    ) -> Result<Option<Write>, OperationError> {
        let left = before.phones.iter().filter(|phone| !after.phones.contains(phone));
        let left: Vec<String> = left.cloned().collect();
        if left.is_empty() {
            return Ok(None);
        }
        let key = StoreKey::FormerPhones(user.clone());
        let loaded = self.store.load(&[vec![key.clone()]]).await?.into_iter().next().ok_or_else(no_answer)?;
        let loaded = loaded.values.into_iter().next().flatten();
        let known = FormerPhones::read(loaded.as_deref());
        let known = known.inspect_err(|error| tracing::warn!(%error, "the former phones of the user are left"));
        Ok(known.ok().map(|known| {
            let former = known.with(&left);
            Write { key, loaded, put: Put::Set(former.write(), former.ttl()) }
        }))
    }
}
