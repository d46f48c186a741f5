//! The challenges of a phone's tokens, where an application keeps challenges by token: the tokens' serials are the phone's
//! users. They are read in several questions, since they are in several slots: a challenge that ends in between is left
//! out.

use super::{OperationError, Operations};
use crate::layout::privacyidea::{Challenge, Family, NAME};
use crate::layout::{MergeError, RawKey, TokenSet, UnexpectedKey};
use crate::otp::{Moment, UserId, Users};
use crate::store::{Members, StoreKey};

/// At most so many transactions of a token are read. One that ended stays named until the last of them has.
const MOST: usize = 250;

/// The challenges of a phone's tokens.
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    /// Each with its token, the newest first.
    pub challenges: Vec<(UserId, Challenge)>,
    /// Tokens with more transactions than were read, and how many they have.
    pub cut: Vec<(UserId, u64)>,
    /// Open challenges are under the names of two versions of the application.
    pub is_mixed: bool,
}

/// One challenge that a set names.
struct NamedChallenge {
    family: Family,
    user: UserId,
    transaction: String,
}

impl NamedChallenge {
    fn key(&self) -> String {
        self.family.transaction(&self.transaction)
    }
}

impl Operations<'_> {
    /// The challenges of these users; `None`: no application keeps challenges by token.
    pub(super) async fn tokens(&self, users: &Users, now: Moment) -> Result<Option<Tokens>, OperationError> {
        let Some(sets) = self.layout.layout().token_sets(users) else { return Ok(None) };
        let mut tokens = Tokens::default();
        let named = self.named_challenges(sets, &mut tokens).await?;
        if named.is_empty() {
            return Ok(Some(tokens));
        }
        let groups: Vec<Vec<StoreKey>> = named.iter().map(|one| vec![StoreKey::App(one.key())]).collect();
        let mut open = Vec::new();
        for (one, loaded) in named.iter().zip(self.store.load(&groups).await?) {
            // A set names transactions that are over, too.
            let Some(bytes) = loaded.values.into_iter().flatten().next() else { continue };
            let found = RawKey::read(&bytes)
                .and_then(|raw| Challenge::in_transaction(&raw, &one.transaction, one.user.as_str()))
                .map_err(|unexpected| refused(&one.key(), unexpected))?;
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

    /// What these sets name.
    async fn named_challenges(
        &self,
        sets: Vec<TokenSet>,
        tokens: &mut Tokens,
    ) -> Result<Vec<NamedChallenge>, OperationError> {
        if sets.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<String> = sets.iter().map(|set| set.key.clone()).collect();
        let mut named = Vec::new();
        for (set, members) in sets.into_iter().zip(self.store.members(&keys, MOST).await?) {
            let Some(Members { kind, count, found }) = members else { continue };
            if kind != "set" {
                return Err(refused(&set.key, UnexpectedKey::Type(kind)));
            }
            if usize::try_from(count).is_ok_and(|count| count > found.len()) {
                tokens.cut.push((set.user.clone(), count));
            }
            let found = found.into_iter().filter_map(|member| String::from_utf8(member).ok());
            let challenge = |transaction| NamedChallenge { family: set.family, user: set.user.clone(), transaction };
            named.extend(found.map(challenge));
        }
        Ok(named)
    }
}

/// A key that is not what the application writes.
fn refused(key: &str, unexpected: UnexpectedKey) -> OperationError {
    let key = crate::otp::escape::escaped(key);
    MergeError::Unexpected { key, layout: NAME.to_owned(), unexpected }.into()
}
