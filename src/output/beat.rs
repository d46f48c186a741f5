//! When whoever looks on is told how far a long command is.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::Pinned;

/// So often on a terminal, in place.
const IN_PLACE: Duration = Duration::from_millis(250);
/// So often on a line of its own.
const A_LINE: Duration = Duration::from_secs(10);

/// The next time.
pub(super) struct Beat {
    /// `None`: nobody is told.
    next: Option<Instant>,
    every: Duration,
}

impl Beat {
    /// `is_told`: there is something to tell, and somebody who wants to hear it.
    pub(super) fn begin(is_told: bool) -> Self {
        let every = if Pinned::is_possible() { IN_PLACE } else { A_LINE };
        Self { next: is_told.then(|| Instant::now() + every), every }
    }

    /// Ends when it is time; never where nobody is told.
    pub(super) async fn next(&self) {
        match self.next {
            Some(next) => sleep_until(next).await,
            None => std::future::pending().await,
        }
    }

    /// It was told.
    pub(super) fn again(&mut self) {
        self.next = Some(Instant::now() + self.every);
    }
}
