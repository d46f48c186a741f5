//! What a slot of the store holds, as this process saw it last. A decision on it spares a load: the commit compares it with
//! the store anyway.

use std::time::Duration;

use tokio::time::Instant;

use crate::store::{Loaded, StoreKey};

/// For so long the store's time counts as the present.
const FRESH: Duration = Duration::from_secs(1);

/// The values of a slot after a load or a commit.
#[derive(Clone)]
pub(super) struct KnownSlot {
    pub(super) keys: Vec<StoreKey>,
    pub(super) loaded: Loaded,
    seen_at: Instant,
}

impl KnownSlot {
    /// Seen just now.
    pub(super) fn new(keys: Vec<StoreKey>, loaded: Loaded) -> Self {
        Self { keys, loaded, seen_at: Instant::now() }
    }

    /// As it was seen, where that is not long ago: codes and limits begin at a time that the store itself told.
    pub(super) fn if_fresh(self) -> Option<Self> {
        (self.seen_at.elapsed() < FRESH).then_some(self)
    }

    /// As it is now, unless somebody changed it. The store's time is counted on by a clock that nobody sets.
    pub(super) fn counted_on(self) -> Self {
        let now = self.loaded.now.after(self.seen_at.elapsed());
        Self::new(self.keys, Loaded { now, ..self.loaded })
    }
}
