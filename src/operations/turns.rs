//! What is under way in one process about the same phone, user or counter comes one after the other, in its order: there
//! is no conflict to lose, and none to repeat.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

type Busy = HashMap<String, Arc<AsyncMutex<()>>>;

/// Who is busy, by a name of each.
#[derive(Debug, Default)]
pub struct Turns(Mutex<Busy>);

/// A turn, which ends when this is dropped.
pub struct Turn {
    turns: Arc<Turns>,
    name: String,
    held: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits until nothing before is about the same.
    pub async fn turn(self: &Arc<Self>, name: String) -> Turn {
        let own = Arc::clone(self.busy().entry(name.clone()).or_default());
        // Made before the wait: what is dropped while it waits leaves nothing behind.
        let mut turn = Turn { turns: Arc::clone(self), name, held: None };
        turn.held = Some(own.lock_owned().await);
        turn
    }

    fn busy(&self) -> MutexGuard<'_, Busy> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.held = None;
        let mut busy = self.turns.busy();
        if busy.get(&self.name).is_some_and(|own| Arc::strong_count(own) == 1) {
            busy.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn those_about_the_same_come_in_their_order_and_leave_nothing() {
        let turns = Arc::new(Turns::default());
        let first = turns.turn("a".to_owned()).await;
        drop(turns.turn("b".to_owned()).await);
        let (mut second, mut third) = (Box::pin(turns.turn("a".to_owned())), Box::pin(turns.turn("a".to_owned())));
        assert!((&mut second).now_or_never().is_none() && (&mut third).now_or_never().is_none());
        drop(first);
        assert!((&mut third).now_or_never().is_none());
        let second = second.await;
        assert!((&mut third).now_or_never().is_none());
        drop(second);
        drop(third.await);
        assert!(turns.busy().is_empty());
    }
}
