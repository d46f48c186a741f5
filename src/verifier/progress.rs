//! What a command is in the middle of: told to the person who interrupts it.

use std::sync::{Mutex, PoisonError};

/// Something that may have an effect although its answer was not heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InFlight {
    /// An SMS, with the id of its challenge.
    Sms(String),
    /// A try, with its attempt id.
    Attempt(String),
    /// A wait for what becomes of an SMS that was sent, with the id of its challenge.
    Wait(String),
    /// A purge of the store, with how many keys were removed before.
    Purge(u64),
    /// Any other change.
    Change,
}

/// Shared between the command and whoever watches its time.
#[derive(Debug, Default)]
pub struct Progress(Mutex<Option<InFlight>>);

impl Progress {
    /// Runs something that may have an effect, and remembers it until its answer is heard.
    pub(super) async fn during<T>(&self, what: InFlight, work: impl Future<Output = T>) -> T {
        let before = self.swap(Some(what));
        let done = work.await;
        self.swap(before);
        done
    }

    fn swap(&self, what: Option<InFlight>) -> Option<InFlight> {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), what)
    }

    /// What is under way now.
    #[must_use]
    pub fn get(&self) -> Option<InFlight> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
