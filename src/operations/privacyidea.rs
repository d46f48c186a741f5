//! What privacyIDEA keeps of the tokens of a phone, whose serials are the phone's users. It is looked at in several
//! questions, since it lies in several slots: a challenge that ends in between is left out.

use super::lodging::AppLayout;
use super::{OperationError, Operations};
use crate::layout::privacyidea::{Challenge, Family, NAME};
use crate::layout::{MergeError, RawKey, UnexpectedKey};
use crate::otp::{Moment, UserId, Users};
use crate::store::{Members, StoreKey};

/// So many transactions of a token are looked at. One that ended stays named until the last of them has.
const MOST: usize = 250;

/// The challenges of a phone's tokens.
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    /// Each with its token, the newest first.
    pub challenges: Vec<(UserId, Challenge)>,
    /// Tokens with more transactions than were looked at, and how many they have.
    pub cut: Vec<(UserId, u64)>,
    /// Challenges that are open lie under the names of two versions of privacyIDEA.
    pub is_mixed: bool,
}

/// One challenge that a set names.
struct NamedChallenge<'a> {
    family: Family,
    user: &'a UserId,
    transaction: String,
}

impl Operations<'_> {
    /// The challenges of these users; `None`: it is not privacyIDEA that keeps the codes.
    pub(super) async fn tokens(&self, users: &Users, now: Moment) -> Result<Option<Tokens>, OperationError> {
        if !matches!(self.lodging, Some(AppLayout::PrivacyIdea)) {
            return Ok(None);
        }
        let mut tokens = Tokens::default();
        let named = self.transactions(users, &mut tokens).await?;
        if named.is_empty() {
            return Ok(Some(tokens));
        }
        let key = |one: &NamedChallenge<'_>| one.family.transaction(&one.transaction);
        let groups: Vec<Vec<StoreKey>> = named.iter().map(|one| vec![StoreKey::App(key(one))]).collect();
        let mut open = Vec::new();
        for (one, loaded) in named.iter().zip(self.store.load(&groups).await?) {
            // A set names transactions that are over, too.
            let Some(bytes) = loaded.values.into_iter().flatten().next() else { continue };
            let found = RawKey::read(&bytes)
                .and_then(|held| Challenge::in_transaction(&held, &one.transaction, one.user.as_str()))
                .map_err(|strange| refused(&key(one), strange))?;
            let Some(challenge) = found else { continue };
            if challenge.is_open(now) {
                open.push(one.family);
            }
            tokens.challenges.push((one.user.clone(), challenge));
        }
        tokens.challenges.sort_by_key(|(_, challenge)| std::cmp::Reverse(challenge.created_at));
        tokens.is_mixed = open.iter().any(|family| Some(family) != open.first());
        Ok(Some(tokens))
    }

    /// What the sets of these users name, under the names of every version.
    async fn transactions<'u>(
        &self,
        users: &'u Users,
        tokens: &mut Tokens,
    ) -> Result<Vec<NamedChallenge<'u>>, OperationError> {
        // What could not be the name of a key of theirs is not made into one.
        let users = users.users.iter().map(|link| &link.user);
        let users = users.filter(|user| !user.as_str().chars().any(char::is_control));
        let asked: Vec<_> = users.flat_map(|user| Family::ALL.map(|family| (family, user))).collect();
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let sets: Vec<String> = asked.iter().map(|(family, user)| family.transactions(user.as_str())).collect();
        let mut named = Vec::new();
        for (((family, user), set), members) in asked.iter().zip(&sets).zip(self.store.members(&sets, MOST).await?) {
            let Some(Members { kind, count, found }) = members else { continue };
            if kind != "set" {
                return Err(refused(set, UnexpectedKey::Type(kind)));
            }
            if usize::try_from(count).is_ok_and(|count| count > found.len()) {
                tokens.cut.push((UserId::clone(user), count));
            }
            let found = found.into_iter().filter_map(|member| String::from_utf8(member).ok());
            named.extend(found.map(|transaction| NamedChallenge { family: *family, user, transaction }));
        }
        Ok(named)
    }
}

/// A key that is not what privacyIDEA writes.
fn refused(key: &str, strange: UnexpectedKey) -> OperationError {
    let key = crate::otp::escape::escaped(key);
    MergeError::Strange { key, layout: NAME.to_owned(), strange }.into()
}
