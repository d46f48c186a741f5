//! Lists that are too long for one answer.

use super::error::StoreError;

/// One page of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What was found.
    pub found: Vec<T>,
    /// Where to continue; `None` at the end.
    pub next: Option<String>,
    /// Why a part of the store, such as a node of a Cluster, could not be read for this page: `next` continues after it.
    pub missing: Option<StoreError>,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self::of(Vec::new(), None)
    }
}

impl<T> Page<T> {
    pub(super) fn of(found: Vec<T>, next: Option<String>) -> Self {
        Self { found, next, missing: None }
    }

    /// The same place in the list, of what was made of it.
    pub(super) fn with<U>(self, make: impl FnOnce(Vec<T>) -> Vec<U>) -> Page<U> {
        Page { found: make(self.found), next: self.next, missing: self.missing }
    }
}
