//! Users and their phones: link, unlink and move, over two sides in two slots. The rule that keeps the two together is
//! written down in [`crate::otp::user`].

mod history;
mod importing;
mod index;
mod kept;
mod moving;
mod read;

use std::cell::Cell as Shared;

use tokio::time::Instant;

use self::index::Index;
use super::transact::{ROUNDS, TransactOptions};
use super::{Applied, OperationError, Operations};
use crate::otp::rules::{self, Carried, Decision, Expected, Linked, PhoneState, Remap};
use crate::otp::user::{Age, CONFIRMED_WITHIN, Mark, PHONES_PER_USER, USERS_PER_PHONE};
use crate::otp::{Moment, Phone, Phones, UserId, Users};

pub use self::history::PhoneLinks;
pub use self::importing::{ImportPair, ImportPlan, Imported};
pub use self::kept::KeptIn;
pub use self::moving::Moved;

/// A phone of which the user is to be moved away.
#[derive(Debug, Clone)]
struct Leaving {
    phone: Phone,
    /// The mark that the index has since.
    mark: Mark,
    /// A link of it may be running.
    under_way: bool,
}

/// How a user gets a phone.
#[derive(Clone, Copy)]
struct Attach<'a> {
    /// Which of the other phones the user leaves; `None`: it is one phone more.
    leaves: Option<&'a dyn Fn(&Phone) -> bool>,
    /// Who may have the phone beside the user.
    shares: &'a dyn Fn(&UserId) -> bool,
    /// What is known of the link already.
    carried: Carried,
}

impl Attach<'_> {
    /// A phone more.
    fn more() -> Self {
        Self { leaves: None, shares: &|_| true, carried: Carried::default() }
    }

    /// This phone and no other.
    fn alone() -> Self {
        Self { leaves: Some(&|_| true), ..Self::more() }
    }

    /// Refuses a phone that is full, or whose users may not share it.
    fn may_have(&self, users: &Users) -> Result<(), OperationError> {
        let others = users.users.iter().map(|link| &link.user).filter(|user| !(self.shares)(user));
        let others: Vec<UserId> = others.cloned().collect();
        if !others.is_empty() {
            return Err(OperationError::Taken(others));
        }
        if users.users.len() >= USERS_PER_PHONE { Err(OperationError::Full) } else { Ok(()) }
    }
}

/// What a link did.
struct Attached {
    applied: Applied<Linked>,
    /// The user's other phones, where it has to leave them.
    leaving: Vec<Leaving>,
}

impl Operations<'_> {
    /// Links a user to a phone. A pair that is there stays as it is.
    ///
    /// # Errors
    /// When either has too many links, or the store fails.
    pub async fn link(&self, phone: &Phone, user: &UserId) -> Result<Applied<Linked>, OperationError> {
        self.link_as(phone, user, &Attach::more()).await
    }

    /// Links a user to a phone, as long as there is room for one more.
    async fn link_as(&self, phone: &Phone, user: &UserId, how: &Attach<'_>) -> Result<Applied<Linked>, OperationError> {
        let stepped = self.attach(phone, user, how).await?.applied;
        let changed = matches!(stepped.outcome, Linked::Changed(_)) && !self.dry_run;
        if changed && self.has_too_many(user).await.unwrap_or(false) {
            self.unlink(phone, user).await.map_err(|error| OperationError::HalfDone(Box::new(error)))?;
            return Err(OperationError::Full);
        }
        Ok(stepped)
    }

    /// Unlinks a user from a phone. Once the phone's own side has changed it is done; the entry of the index only follows.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn unlink(&self, phone: &Phone, user: &UserId) -> Result<Applied<Linked>, OperationError> {
        // An index that cannot be read keeps nobody from taking a phone away.
        let index = match self.index_of(user).await {
            Ok(index) => Some(index),
            Err(OperationError::Unreadable(_)) => None,
            Err(error) => return Err(error),
        };
        let entry = index.as_ref().filter(|index| index.phones.has(phone));
        let under_way = |index: &Index| index.phones.age(phone, index.now) == Age::UnderWay;
        let asked = Remap { disturb: index.as_ref().is_none_or(|_| entry.is_some_and(under_way)), ..self.remap(user) };
        let stepped = self.remapped(phone, TransactOptions::relief(), &asked, rules::unlink).await?;
        if !self.dry_run {
            self.follow(phone, user, entry, stepped.outcome).await;
        }
        Ok(stepped)
    }

    /// Lets the index follow an unlinked phone. `read`: the index before, where it named the phone.
    async fn follow(&self, phone: &Phone, user: &UserId, read: Option<&Index>, outcome: Linked) {
        if let Some(index) = read
            && self.forget(user, &[(phone.clone(), index.phones.mark(phone).cloned())]).await
        {
            return;
        }
        // A link named the phone after the index was read. Where that was the link that is gone now, the entry is nobody's;
        // where it is running still, it is made to start again.
        if !matches!(outcome, Linked::Changed(_)) {
            return;
        }
        let Ok(index) = self.index_of(user).await else { return };
        if !index.phones.has(phone) {
            return;
        }
        let canceled = self.remapped(phone, TransactOptions::relief(), &self.remap(user), rules::cancel_link).await;
        if canceled.is_ok_and(|canceled| canceled.outcome == Linked::Already(None)) {
            self.forget(user, &[(phone.clone(), index.phones.mark(phone).cloned())]).await;
        }
    }

    /// Unlinks a user from several phones, and tells from which it was not unlinked already.
    ///
    /// # Errors
    /// When the store fails. [`OperationError::HalfDone`] if some were unlinked before.
    pub async fn unlink_each(&self, phones: &[Phone], user: &UserId) -> Result<Vec<Phone>, OperationError> {
        let mut unlinked = Vec::new();
        if phones.len() > 1 {
            self.progress.is_one_of_many();
        }
        for phone in phones {
            match self.unlink(phone, user).await {
                Ok(stepped) if matches!(stepped.outcome, Linked::Changed(_)) => unlinked.push(phone.clone()),
                Ok(_) => {}
                Err(error) if unlinked.is_empty() || self.dry_run => return Err(error),
                Err(error) => return Err(OperationError::HalfDone(Box::new(error))),
            }
        }
        Ok(unlinked)
    }

    /// Names the phone in the index, then links it, and starts again whenever somebody came between. The phones that the
    /// user leaves are marked as leaving in the same write.
    async fn attach(&self, phone: &Phone, user: &UserId, how: &Attach<'_>) -> Result<Attached, OperationError> {
        let mut losses = 0;
        for _ in 0..ROUNDS {
            let (index, known, now) = self.both(phone, user).await?;
            let leaves = |mark: &Mark| mark.leaving;
            let moves = how.leaves.is_some();
            let (left, kept): (Vec<Phone>, Vec<Phone>) =
                index.phones.others(phone).partition(|other| how.leaves.is_some_and(|leaves| leaves(other)));
            let stays = !moves || (left.is_empty() && !index.phones.mark(phone).is_some_and(leaves));
            match known.users.link_of(user) {
                Some(link) if index.phones.has(phone) && stays => {
                    let outcome = Linked::Already(Some(link.linked_at));
                    let stepped = Applied { now, outcome, known, unlocked: 0 };
                    return Ok(Attached { applied: stepped, leaving: Vec::new() });
                }
                None => how.may_have(&known.users)?,
                Some(_) => {}
            }
            let mut phones = index.phones.clone();
            if kept.len() >= PHONES_PER_USER {
                self.has_room(user, phone, &index, &mut phones).await?;
            }
            // Somebody may be about to unlink this phone, and is to find another version than it expects.
            let was_leaving = phones.mark(phone).is_some_and(leaves);
            let disturb = moves && was_leaving;
            let id = Phones::mark_id(self.randomness)?;
            phones.name(phone, &id, index.now);
            let leaving = self.left(&mut phones, left, index.now)?;
            if !self.write_index(user, &index, &phones, false, &mut losses).await? {
                tokio::task::yield_now().await;
                continue;
            }
            let expected = Expected::Version(known.users.version);
            let asked = Remap { expected, disturb, carried: how.carried, ..self.remap(user) };
            let named = Instant::now();
            let rule = |known: &PhoneState, now: Moment, asked: &Remap<'_>| {
                // Whoever waited so long may not rely on its entry any more.
                let late = Remap { expected: Expected::Version(Some(Moment::from_millis(i64::MIN))), ..*asked };
                rules::link(known, now, if named.elapsed() > CONFIRMED_WITHIN { &late } else { asked })
            };
            let stepped = self.remapped(phone, TransactOptions::change(), &asked, rule).await?;
            match stepped.outcome {
                Linked::Overtaken => {}
                Linked::Full => return Err(OperationError::Full),
                Linked::Changed(_) | Linked::Already(_) => {
                    if was_leaving && !self.dry_run {
                        self.stays(user, phone, &id).await;
                    }
                    return Ok(Attached { applied: stepped, leaving });
                }
            }
        }
        Err(OperationError::Contended)
    }

    /// Marks phones as leaving.
    fn left(&self, phones: &mut Phones, left: Vec<Phone>, now: Moment) -> Result<Vec<Leaving>, OperationError> {
        let mut leaving = Vec::with_capacity(left.len());
        for phone in left {
            let under_way = phones.age(&phone, now) == Age::UnderWay;
            let mark = phones.leave(&phone, &Phones::mark_id(self.randomness)?);
            leaving.extend(mark.map(|mark| Leaving { phone, mark, under_way }));
        }
        Ok(leaving)
    }

    fn remap<'u>(&'u self, user: &'u UserId) -> Remap<'u> {
        Remap::of(user, self.reason)
    }

    /// Runs a rule of the map, which knows its own change again where the answer to it was lost.
    async fn remapped(
        &self,
        phone: &Phone,
        options: TransactOptions<'_>,
        asked: &Remap<'_>,
        rule: impl Fn(&PhoneState, Moment, &Remap<'_>) -> Decision<Linked>,
    ) -> Result<Applied<Linked>, OperationError> {
        let (lost, tried) = (Shared::new(false), Shared::new(None));
        self.transact(phone, &options.changing_users().telling(&lost), |known, now| {
            let step = rule(known, now, &Remap { tried: tried.get().filter(|_| lost.get()), ..*asked });
            if let (Linked::Changed(_), Some(users)) = (step.outcome, &step.users) {
                tried.set(users.version);
            }
            Ok(step)
        })
        .await
    }
}
