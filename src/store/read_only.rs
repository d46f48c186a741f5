//! A store that only reads. What changes something is recorded first, and gets the store itself after that: so a command
//! that forgets to say what it does changes nothing, and fails in its first test.

use std::sync::Arc;

use async_trait::async_trait;

use super::{
    Addition, Change, Committed, FeedPage, FeedPart, Health, Key, KeyCopy, KeySnapshot, Loaded, Members, OwnKey, Page,
    ReadAnswer, ReadRequest, Store, StoreError, StoreKey, Sums,
};
use crate::otp::{Event, Phone, UserId};

/// The store behind it, without what changes something.
pub struct ReadOnly(Arc<dyn Store>);

impl ReadOnly {
    /// Reads this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }
}

/// A bug of the command: `App::audited` would have given it the store itself.
fn unsaid<T>() -> Result<T, StoreError> {
    Err(StoreError::Denied("this command changes the store without `App::audited`, which is a bug".to_owned()))
}

#[async_trait]
impl Store for ReadOnly {
    async fn load(&self, groups: &[Vec<StoreKey>]) -> Result<Vec<Loaded>, StoreError> {
        self.0.load(groups).await
    }

    async fn commit(&self, _changes: &[Change]) -> Result<Vec<Committed>, StoreError> {
        unsaid()
    }

    async fn add(&self, _additions: &[Addition]) -> Result<Vec<Sums>, StoreError> {
        unsaid()
    }

    async fn read(&self, request: &ReadRequest) -> Result<ReadAnswer, StoreError> {
        self.0.read(request).await
    }

    async fn feed(&self, part: &FeedPart, most: usize) -> Result<FeedPage, StoreError> {
        self.0.feed(part, most).await
    }

    async fn timeline(&self, phone: &Phone, most: usize) -> Result<Vec<Event>, StoreError> {
        self.0.timeline(phone, most).await
    }

    async fn members(&self, sets: &[String], most: usize) -> Result<Vec<Option<Members>>, StoreError> {
        self.0.members(sets, most).await
    }

    async fn phones(&self, cursor: Option<&str>, page: usize) -> Result<Page<String>, StoreError> {
        self.0.phones(cursor, page).await
    }

    async fn exist(&self, groups: &[Vec<StoreKey>]) -> Result<Vec<bool>, StoreError> {
        self.0.exist(groups).await
    }

    async fn users(&self, cursor: Option<&str>, page: usize) -> Result<Page<UserId>, StoreError> {
        self.0.users(cursor, page).await
    }

    async fn began_empty(&self, phone: &Phone) -> Option<std::time::Duration> {
        self.0.began_empty(phone).await
    }

    async fn health(&self) -> Result<Health, StoreError> {
        self.0.health().await
    }

    async fn keys(&self, pattern: Option<&str>, cursor: Option<&str>, page: usize) -> Result<Page<Key>, StoreError> {
        self.0.keys(pattern, cursor, page).await
    }

    async fn read_keys(&self, keys: &[Key]) -> Result<Vec<Option<KeySnapshot>>, StoreError> {
        self.0.read_keys(keys).await
    }

    async fn copies(&self, keys: &[OwnKey]) -> Result<Vec<Option<KeyCopy>>, StoreError> {
        self.0.copies(keys).await
    }

    async fn put_copies(&self, _copies: &[KeyCopy]) -> Result<Vec<bool>, StoreError> {
        unsaid()
    }

    async fn purge(&self, _snapshots: &[KeySnapshot]) -> Result<Vec<bool>, StoreError> {
        unsaid()
    }

    fn warning(&self) -> Option<String> {
        self.0.warning()
    }
}
