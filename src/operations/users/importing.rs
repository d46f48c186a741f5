//! `import`: what a list of pairs would change in the map, and each change alone. Nothing is taken away but what a new pair
//! takes the place of, and of that nothing is guessed: who has the phone already, or which of several phones is replaced,
//! is a conflict.

use std::collections::{HashMap, HashSet};

use super::super::loading::no_answer;
use super::super::{OperationError, Operations};
use super::Attach;
use crate::otp::rules::{Carried, Linked};
use crate::otp::{Phone, Phones, Stored as _, UserId, Users};
use crate::store::{Loaded, StoreKey};

/// A user and a phone that are to be linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportPair {
    /// Who.
    pub user: UserId,
    /// The phone.
    pub phone: Phone,
    /// What is known of the link already.
    pub carried: Carried,
}

/// What a pair would change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportPlan {
    /// The pair is linked already.
    pub is_linked: bool,
    /// Phones that the user has, and that the list does not give to the user.
    pub phones: Vec<Phone>,
    /// Users who have the phone, and to whom the list does not give it.
    pub users: Vec<UserId>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// It was linked already.
    Unchanged,
    /// It was linked, and nothing else changed.
    Added,
    /// It took the place of these.
    Replaced {
        /// Phones that the user had.
        phones: Vec<Phone>,
        /// Users who had the phone.
        users: Vec<UserId>,
    },
}

impl ImportPlan {
    /// Whether nothing has to be done.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.is_linked && self.phones.is_empty() && self.users.is_empty()
    }

    /// Whether it takes a decision that the list alone does not make.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        !self.is_linked && (!self.users.is_empty() || self.phones.len() > 1)
    }
}

impl Operations<'_> {
    /// What each of these pairs would change. `gives`: whether the list links a user to a phone.
    ///
    /// # Errors
    /// When the store fails. Of a pair that cannot be read, the others are not told less.
    pub async fn import_plans(
        &self,
        pairs: &[ImportPair],
        gives: &dyn Fn(&UserId, &Phone) -> bool,
    ) -> Result<Vec<Result<ImportPlan, OperationError>>, OperationError> {
        let groups = pairs
            .iter()
            .flat_map(|pair| [vec![StoreKey::Users(pair.phone.clone())], vec![StoreKey::Phones(pair.user.clone())]]);
        let groups: Vec<Vec<StoreKey>> = groups.collect();
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let mut loaded = self.load_reachable(&groups).await?.into_iter();
        let mut sides = Vec::with_capacity(pairs.len());
        for _ in pairs {
            let (Some(users), Some(phones)) = (loaded.next(), loaded.next()) else { return Err(no_answer()) };
            let users = users.and_then(|users| Ok(Users::read(value(&users))?));
            let phones = phones.and_then(|phones| Ok(Phones::read(value(&phones))?));
            sides.push((users, phones));
        }
        // An index may name a phone too many, so the phones themselves say which of the others are the user's.
        let others = |pair: &ImportPair, phones: &Phones| -> Vec<Phone> {
            phones.others(&pair.phone).filter(|other| !gives(&pair.user, other)).collect()
        };
        let named: HashSet<Phone> = pairs
            .iter()
            .zip(&sides)
            .filter_map(|(pair, (_, phones))| Some(others(pair, phones.as_ref().ok()?)))
            .flatten()
            .collect();
        let named: Vec<Phone> = named.into_iter().collect();
        let confirmed: HashMap<&Phone, Result<Users, OperationError>> =
            named.iter().zip(self.sides_of(&named).await?).collect();
        let plan = |pair: &ImportPair, users: Users, phones: &Phones| {
            let is_linked = users.has(&pair.user);
            let mut own = Vec::new();
            for other in others(pair, phones) {
                // A pair that is there takes no other phone away; only a move that was stopped half-way goes on, also
                // where nothing but its entry of the index is left.
                if is_linked {
                    own.extend(phones.mark(&other).is_some_and(|mark| mark.leaving).then_some(other));
                    continue;
                }
                match confirmed.get(&other) {
                    Some(Ok(users)) if users.has(&pair.user) => own.push(other),
                    Some(Ok(_)) | None => {}
                    Some(Err(error)) => return Err(error.clone()),
                }
            }
            let strangers = users.users.iter().map(|link| &link.user);
            let strangers = strangers.filter(|user| !is_linked && **user != pair.user && !gives(user, &pair.phone));
            Ok(ImportPlan { is_linked, phones: own, users: strangers.cloned().collect() })
        };
        let plans = pairs.iter().zip(sides).map(|(pair, (users, phones))| plan(pair, users?, &phones?));
        Ok(plans.collect())
    }

    /// Links a pair as it was planned. What it takes the place of is only what the list does not give.
    ///
    /// # Errors
    /// When somebody else came between, either has too many links, or the store fails.
    /// [`OperationError::HalfDone`] if something was done before; the same pair again finishes it.
    pub async fn import_pair(
        &self,
        pair: &ImportPair,
        plan: &ImportPlan,
        gives: &dyn Fn(&UserId, &Phone) -> bool,
    ) -> Result<Imported, OperationError> {
        let ImportPair { user, phone, carried } = pair;
        let mut users = Vec::new();
        for other in &plan.users {
            match self.unlink(phone, other).await {
                Ok(unlinked) if matches!(unlinked.outcome, Linked::Changed(_)) => users.push(other.clone()),
                Ok(_) => {}
                Err(error) => return Err(half_done(error, !users.is_empty())),
            }
        }
        let leaves = |other: &Phone| plan.phones.contains(other) && !gives(user, other);
        let shares = |other: &UserId| plan.is_linked || gives(other, phone);
        let how =
            Attach { leaves: (!plan.phones.is_empty()).then_some(&leaves as _), shares: &shares, carried: *carried };
        let done = if plan.phones.is_empty() {
            self.link_as(phone, user, &how).await.map(|linked| (linked, Vec::new()))
        } else {
            self.move_as(phone, user, &how).await.map(|moved| (moved.linked, moved.unlinked))
        };
        let (linked, phones) = done.map_err(|error| half_done(error, !users.is_empty()))?;
        Ok(if !phones.is_empty() || !users.is_empty() {
            Imported::Replaced { phones, users }
        } else if matches!(linked.outcome, Linked::Changed(_)) {
            Imported::Added
        } else {
            Imported::Unchanged
        })
    }
}

fn value(loaded: &Loaded) -> Option<&[u8]> {
    loaded.values.first().and_then(Option::as_deref)
}

fn half_done(error: OperationError, is_begun: bool) -> OperationError {
    if is_begun && !matches!(error, OperationError::HalfDone(_)) {
        OperationError::HalfDone(Box::new(error))
    } else {
        error
    }
}
