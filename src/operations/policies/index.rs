//! The index of the phones that have a policy entry.

use super::super::transact::{LOST, ROUNDS};
use super::super::{OperationError, Operations};
use super::Held;
use crate::otp::policy_entry::PolicyIndex;
use crate::otp::{Moment, Phone, Phones, Stored as _, Ttl};
use crate::store::{Change, Committed, Put, StoreError, StoreKey, Write};

impl Operations<'_> {
    /// Names a phone in its part of the index, if that still is what was loaded, and tells whether it did. To name it
    /// twice does no harm.
    pub(super) async fn name_in_index(
        &self,
        phone: &Phone,
        part: u8,
        index: &Held<PolicyIndex>,
        until: Option<Moment>,
        losses: &mut usize,
    ) -> Result<bool, OperationError> {
        let mut next = index.value.clone();
        next.name(phone, Phones::mark_id(self.randomness)?, until, index.now);
        match self.write_part(part, index, &next).await {
            Err(StoreError::Unknown(_)) if *losses < LOST => {
                *losses += 1;
                Ok(false)
            }
            written => Ok(written?),
        }
    }

    /// Removes a phone that still has this mark. If that fails, the index names one too many, which does no harm.
    pub(super) async fn leave_index(&self, phone: &Phone, part: u8, mark: Option<String>) {
        let Some(mark) = mark else { return };
        for _ in 0..ROUNDS {
            let left = async {
                let mut loaded = self.store.load(&[vec![StoreKey::PolicyIndex(part)]]).await?.into_iter();
                let index = Held::<PolicyIndex>::of(loaded.next())?;
                let mut next = index.value.clone();
                Ok::<_, OperationError>(!next.forget(phone, &mark) || self.write_part(part, &index, &next).await?)
            };
            match left.await {
                Ok(true) => return,
                Ok(false) => tokio::task::yield_now().await,
                Err(error) => {
                    tracing::debug!(%error, "an entry of the index stays as it is");
                    return;
                }
            }
        }
    }

    async fn write_part(&self, part: u8, index: &Held<PolicyIndex>, next: &PolicyIndex) -> Result<bool, StoreError> {
        let ttl = if next.phones.is_empty() { Ttl::Expired } else { Ttl::Forever };
        let put = Put::Set(next.write(), ttl);
        let write = Write { key: StoreKey::PolicyIndex(part), loaded: index.bytes.clone(), put };
        let committed = self.store.commit(&[Change { allow_when_full: true, ..Change::of(vec![write]) }]).await?;
        Ok(matches!(committed.as_slice(), [Committed::Done(_)]))
    }
}
