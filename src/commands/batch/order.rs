//! Lines about the same phone, or the same user, wait for each other in their order.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

/// Who is busy.
#[derive(Debug, Default)]
pub(super) struct Order(RefCell<HashMap<String, Arc<Mutex<()>>>>);

/// A turn, which ends when this is dropped.
pub(super) struct Turn {
    order: Rc<Order>,
    key: String,
    held: Option<OwnedMutexGuard<()>>,
}

impl Order {
    /// Waits until no line before is about the same.
    pub(super) async fn turn(self: &Rc<Self>, key: String) -> Turn {
        let own = Arc::clone(self.0.borrow_mut().entry(key.clone()).or_default());
        // Made before the wait: a line that is dropped while it waits leaves nothing behind.
        let mut turn = Turn { order: Rc::clone(self), key, held: None };
        turn.held = Some(own.lock_owned().await);
        turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.held = None;
        let mut busy = self.order.0.borrow_mut();
        if busy.get(&self.key).is_some_and(|own| Arc::strong_count(own) == 1) {
            busy.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn those_about_the_same_come_in_their_order_and_leave_nothing() {
        let order = Rc::new(Order::default());
        let first = order.turn("a".to_owned()).await;
        drop(order.turn("b".to_owned()).await);
        let (mut second, mut third) = (Box::pin(order.turn("a".to_owned())), Box::pin(order.turn("a".to_owned())));
        assert!((&mut second).now_or_never().is_none() && (&mut third).now_or_never().is_none());
        drop(first);
        assert!((&mut third).now_or_never().is_none());
        let second = second.await;
        assert!((&mut third).now_or_never().is_none());
        drop(second);
        drop(third.await);
        assert!(order.0.borrow().is_empty());
    }
}
