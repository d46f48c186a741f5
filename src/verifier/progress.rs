//! What a command is in the middle of: told to the person who interrupts it.

use std::sync::{Mutex, MutexGuard, PoisonError};

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
pub struct Progress {
    in_flight: Mutex<Option<InFlight>>,
    awaited: Mutex<Option<String>>,
}

impl Progress {
    /// Runs something that may have an effect, and remembers it until its answer is heard.
    pub(super) async fn during<T>(&self, what: InFlight, work: impl Future<Output = T>) -> T {
        let before = self.swap(Some(what));
        let done = work.await;
        self.swap(before);
        done
    }

    /// Runs something that others may keep waiting, and names them to whoever looks on. Of several at once, the last one
    /// that began is named.
    pub async fn waiting_for<T>(&self, whom: &str, work: impl Future<Output = T>) -> T {
        let before = self.lock_awaited().replace(whom.to_owned());
        let done = work.await;
        *self.lock_awaited() = before;
        done
    }

    /// Who is waited for now, where it is not the store.
    #[must_use]
    pub fn awaited(&self) -> Option<String> {
        self.lock_awaited().clone()
    }

    fn lock_awaited(&self) -> MutexGuard<'_, Option<String>> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn swap(&self, what: Option<InFlight>) -> Option<InFlight> {
        std::mem::replace(&mut *self.in_flight.lock().unwrap_or_else(PoisonError::into_inner), what)
    }

    /// What is under way now.
    #[must_use]
    pub fn get(&self) -> Option<InFlight> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
