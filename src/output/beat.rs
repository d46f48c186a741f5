//! When whoever looks on is told how far a long command is.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{Many, Pinned, Printer, Verbosity};

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
    pub(super) fn begin(printer: &Printer, many: &dyn Many) -> Self {
        let is_told = printer.verbosity >= Verbosity::Normal && many.status().is_some();
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

    /// Tells it.
    pub(super) fn show(&mut self, printer: &Printer, many: &dyn Many) {
        self.next = Some(Instant::now() + self.every);
        if let Some(status) = many.status() {
            printer.shows_status(&status);
        }
    }
}
