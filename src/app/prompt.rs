//! Asking a person: off the runtime's thread, so that Ctrl-C is heard, and off the command's time, so that nobody is
//! hurried.

use std::cell::Cell;
use std::io::BufRead as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use zeroize::Zeroizing;

use super::App;
use crate::error::{Error, Exit};

/// The command's time, which stands still while a person is asked.
#[derive(Debug)]
pub(super) struct Time {
    /// Shared with the store, which may run on another thread.
    end: Arc<Mutex<Instant>>,
    asking: Cell<bool>,
}

impl Time {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { end: Arc::new(Mutex::new(Instant::now() + timeout)), asking: Cell::new(false) }
    }

    /// Tells the end, whenever it is asked.
    pub(super) fn end(&self) -> impl Fn() -> Instant + Send + Sync + use<> {
        let end = Arc::clone(&self.end);
        move || *end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// The end of the command's time, as far as is known now.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.time.end()()
    }

    /// Gives the command more time than is usual, unless its caller said how much it has.
    pub fn takes_longer(&self, by: Duration) {
        if self.globals.usual_timeout {
            *self.time.end.lock().unwrap_or_else(PoisonError::into_inner) += by;
        }
    }

    /// Whether the command's time is over; never while a person is asked.
    #[must_use]
    pub fn is_late(&self) -> bool {
        !self.time.asking.get() && Instant::now() >= self.deadline()
    }

    /// Whether a person is being asked now.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        self.time.asking.get()
    }

    /// Whom a command waits for that says nothing of it.
    #[must_use]
    pub fn usually_awaited(&self) -> &'static str {
        if self.store.get().is_some() { "the store" } else { "a secret of the configuration" }
    }

    /// Asks on the terminal, and waits for a line as long as it takes.
    ///
    /// # Errors
    /// When the line cannot be read.
    pub async fn ask(&self, question: &str) -> Result<Zeroizing<String>, Error> {
        self.printer.ask(question);
        let began = Instant::now();
        self.time.asking.set(true);
        let line = tokio::task::spawn_blocking(|| {
            let mut line = Zeroizing::new(String::new());
            std::io::stdin().lock().read_line(&mut line).map(|_| line)
        });
        let line = line.await;
        self.time.asking.set(false);
        *self.time.end.lock().unwrap_or_else(PoisonError::into_inner) += began.elapsed();
        line.map_err(|error| Error::new(Exit::Internal, error))?.map_err(|error| Error::new(Exit::Usage, error))
    }
}
