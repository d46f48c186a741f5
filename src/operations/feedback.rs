//! Remembers, for `doctor`, what could not be told to a gateway of how its codes ended.

use super::loading::no_answer;
use super::transact::ROUNDS;
use super::{OperationError, Operations};
use crate::otp::feedback::FeedbackTrouble;
use crate::otp::{Moment, Stored as _, Ttl, Unreadable};
use crate::store::{Change, Committed, Loaded, Put, StoreKey, Write};

impl Operations<'_> {
    /// What each of these providers did not take lately, and the store's time.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn feedback_troubles(&self, names: &[&str]) -> Result<Vec<(Moment, FeedbackTrouble)>, OperationError> {
        let groups: Vec<_> = names.iter().map(|name| vec![StoreKey::Feedback((*name).to_owned())]).collect();
        let loaded = self.store.load(&groups).await?;
        Ok(loaded.iter().map(|loaded| (loaded.now, read(loaded).unwrap_or_default())).collect())
    }

    /// Remembers that a provider did not take feedback, and why; or, without a reason, that it takes it again.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remember_feedback(&self, provider: &str, failure: Option<&str>) -> Result<(), OperationError> {
        let key = StoreKey::Feedback(provider.to_owned());
        for _ in 0..ROUNDS {
            let loaded = self.store.load(&[vec![key.clone()]]).await?.pop().ok_or_else(no_answer)?;
            let known = match read(&loaded) {
                // Those who can read it need it.
                Err(newer @ Unreadable::Newer(_)) => return Err(newer.into()),
                known => known.unwrap_or_default(),
            };
            let put = match failure {
                None => Put::Set(Vec::new(), Ttl::Expired),
                Some(why) => {
                    let next = known.failed(loaded.now, why);
                    Put::Set(next.write(), next.ttl(loaded.now))
                }
            };
            let write = Write { key: key.clone(), loaded: loaded.values.first().cloned().flatten(), put };
            let change = Change { allow_when_full: failure.is_none(), ..Change::of(vec![write]) };
            if !self.store.commit(&[change]).await?.contains(&Committed::Conflict) {
                return Ok(());
            }
        }
        Err(OperationError::Contended)
    }
}

fn read(loaded: &Loaded) -> Result<FeedbackTrouble, Unreadable> {
    FeedbackTrouble::read(loaded.values.first().and_then(Option::as_deref))
}
