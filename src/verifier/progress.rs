//! What a command is in the middle of: told to the person who interrupts it.

use std::sync::{Mutex, PoisonError};

/// Something that may have an effect although its answer was not heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InFlight {
    /// An SMS, with the id of its challenge.
    Sms(String),
    /// A try, with its attempt id.
    Attempt(String),
    /// Any other change.
    Change,
}

/// Shared between the command and whoever watches its time.
#[derive(Debug, Default)]
pub struct Progress(Mutex<Option<InFlight>>);

impl Progress {
    pub(super) fn set(&self, what: InFlight) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
    }

    pub(super) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// What is under way now.
    #[must_use]
    pub fn get(&self) -> Option<InFlight> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
