//! All that a store keeps, put into another one: whole keys with their lifetimes, where nothing is by their names. What is there
//! stays, so that it can be done again.

use super::{Effect, OperationError, Operations};
use crate::otp::Phone;
use crate::store::{KeyCopy, OwnKey, Owner, StoreError, StoreKey};

/// How many keys go at once.
const PAGE: usize = 200;

/// What became of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyEnd {
    /// It was put there.
    Copied,
    /// The same is there.
    Same,
    /// Something else is there, which stays.
    Conflict,
    /// It cannot be read or written.
    Failed(StoreError),
}

/// A key that was gone over.
#[derive(Debug, Clone)]
pub struct CopiedKey {
    /// What it is, in a word: `record`, `users`, `timeline`, `counter`.
    pub what: &'static str,
    /// Its phone, where it is one phone's.
    pub phone: Option<Phone>,
    /// What became of it.
    pub end: CopyEnd,
}

/// Some of them.
#[derive(Debug, Clone, Default)]
pub struct CopiedPage {
    /// Those of ours.
    pub keys: Vec<CopiedKey>,
    /// Keys of ours that are not copied: those of the feed, and those that this version does not know.
    pub left_out: usize,
    /// Where to go on; `None` at the end.
    pub next: Option<String>,
    /// A part of the store that could not be read.
    pub missing: Option<StoreError>,
}

impl Operations<'_> {
    /// Puts some keys of this store into another one. Where this is a rehearsal it only tells what would become of them.
    ///
    /// # Errors
    /// When a store fails as a whole.
    pub async fn copy_page(&self, to: &Operations<'_>, cursor: Option<&str>) -> Result<CopiedPage, OperationError> {
        let page = self.store.keys(None, cursor, PAGE).await?;
        let mut copied = CopiedPage { next: page.next, missing: page.missing, ..CopiedPage::default() };
        let mut keys = Vec::new();
        for key in page.found {
            match key.owner {
                Owner::Ours(OwnKey::Feed(_)) | Owner::Unknown => copied.left_out += 1,
                Owner::Ours(key) => keys.push(key),
                Owner::Other => {}
            }
        }
        for key in keys.chunks(PAGE) {
            copied.keys.extend(self.copy_keys(to, key).await?);
        }
        Ok(copied)
    }

    async fn copy_keys(&self, to: &Operations<'_>, keys: &[OwnKey]) -> Result<Vec<CopiedKey>, OperationError> {
        let Ok(found) = self.store.copies(keys).await else { return self.copy_one_by_one(to, keys).await };
        // What expired meanwhile is nobody's.
        let copies: Vec<KeyCopy> = found.into_iter().flatten().collect();
        let ends = self.put(to, &copies).await?;
        Ok(copies.iter().zip(ends).map(|(copy, end)| CopiedKey::of(&copy.key, end)).collect())
    }

    /// One that cannot be read hides no other.
    async fn copy_one_by_one(&self, to: &Operations<'_>, keys: &[OwnKey]) -> Result<Vec<CopiedKey>, OperationError> {
        let mut copied = Vec::new();
        for key in keys {
            match self.store.copies(std::slice::from_ref(key)).await {
                Ok(found) => {
                    let found: Vec<KeyCopy> = found.into_iter().flatten().collect();
                    let ends = self.put(to, &found).await?;
                    copied.extend(ends.into_iter().map(|end| CopiedKey::of(key, end)));
                }
                Err(error @ StoreError::Data(_)) => copied.push(CopiedKey::of(key, CopyEnd::Failed(error))),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(copied)
    }

    async fn put(&self, to: &Operations<'_>, copies: &[KeyCopy]) -> Result<Vec<CopyEnd>, OperationError> {
        if copies.is_empty() {
            return Ok(Vec::new());
        }
        let mut ends = vec![CopyEnd::Copied; copies.len()];
        let keys: Vec<OwnKey> = copies.iter().map(|copy| copy.key.clone()).collect();
        if !self.dry_run {
            let begun = self.progress.begin(Effect::Change);
            let put = to.store.put_copies(copies).await?;
            begun.was_done();
            for (end, _) in ends.iter_mut().zip(put).filter(|(_, put)| !put) {
                *end = CopyEnd::Conflict;
            }
            if !ends.contains(&CopyEnd::Conflict) {
                return Ok(ends);
            }
        }
        let there = to.store.copies(&keys).await?;
        for ((end, copy), there) in ends.iter_mut().zip(copies).zip(there) {
            let Some(there) = there.filter(|_| self.dry_run || *end == CopyEnd::Conflict) else { continue };
            *end = if there.content == copy.content { CopyEnd::Same } else { CopyEnd::Conflict };
        }
        Ok(ends)
    }
}

impl CopiedKey {
    fn of(key: &OwnKey, end: CopyEnd) -> Self {
        let what = match key {
            OwnKey::Value(StoreKey::Record(_)) => "record",
            OwnKey::Value(StoreKey::Users(_) | StoreKey::Phones(_)) => "users",
            OwnKey::Value(StoreKey::LinkHistory(_) | StoreKey::FormerPhones(_)) => "history",
            OwnKey::Value(StoreKey::Policy(_) | StoreKey::CallingPolicy(_) | StoreKey::PolicyIndex(_)) => "policy",
            OwnKey::Value(StoreKey::Stats(..) | StoreKey::StatsIndex(_)) => "stats",
            OwnKey::Value(_) => "counter",
            OwnKey::Timeline(_) => "timeline",
            OwnKey::Feed(_) => "feed",
        };
        Self { what, phone: key.phone().cloned(), end }
    }
}
