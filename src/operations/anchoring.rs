//! The head of an audit in the store: read, and put in place of what was read.

use super::loading::no_answer;
use super::{OperationError, Operations};
use crate::otp::{AuditHead, Moment, Stored as _, Ttl};
use crate::store::{Change, Committed, Put, StoreKey, Write};

/// What the store knew of a file when it was read.
#[derive(Debug, Clone)]
pub struct KnownHead {
    pub head: AuditHead,
    /// The store's time.
    pub now: Moment,
    bytes: Option<Vec<u8>>,
}

impl Operations<'_> {
    /// The head that the store knows of a file, by the name of the file.
    ///
    /// # Errors
    /// When the store fails, or what it has cannot be read.
    pub async fn audit_head(&self, file: &str) -> Result<KnownHead, OperationError> {
        let keys = vec![StoreKey::AuditHead(file.to_owned())];
        let loaded = self.store.load(&[keys]).await?.pop().ok_or_else(no_answer)?;
        let bytes = loaded.values.into_iter().next().ok_or_else(no_answer)?;
        Ok(KnownHead { head: AuditHead::read(bytes.as_deref())?, now: loaded.now, bytes })
    }

    /// Puts a head in place of what was read; `false`: another process did so meanwhile.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put_audit_head(&self, file: &str, known: KnownHead, head: &AuditHead) -> Result<bool, OperationError> {
        let put = Put::Set(head.write(), Ttl::For(AuditHead::KEPT));
        let write = Write { key: StoreKey::AuditHead(file.to_owned()), loaded: known.bytes, put };
        Ok(!self.store.commit(&[Change::of(vec![write])]).await?.contains(&Committed::Conflict))
    }
}
