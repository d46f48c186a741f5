//! A line at the end of a terminal's stderr that is written over again and again: how far a long command is. Whatever else is
//! printed stands above it.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

/// Removes the line that the cursor is in, and goes to its beginning.
const CLEAR: &str = "\r\u{1b}[2K";

/// The line, where there is one.
#[derive(Debug, Clone, Default)]
pub struct Pinned(Arc<Mutex<String>>);

impl Pinned {
    /// Writes this over what stood there. It is no longer than the screen is wide.
    pub(super) fn put(&self, text: String) {
        let mut line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *line = text;
        shown(&format!("{CLEAR}{line}"));
    }

    /// Takes it away for good.
    pub(super) fn end(&self) {
        let mut line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::take(&mut *line).is_empty() {
            shown(CLEAR);
        }
    }

    /// Does some writing where the line stands, and puts it back below.
    pub(super) fn above<T>(&self, write: impl FnOnce() -> T) -> T {
        let line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if line.is_empty() {
            drop(line);
            return write();
        }
        shown(CLEAR);
        let done = write();
        shown(&line);
        done
    }

    /// Whether there is such a line now.
    pub(super) fn is_there(&self) -> bool {
        !self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Whether there can be such a line.
    pub(super) fn is_possible() -> bool {
        // What the program logs of itself goes to stderr by another way.
        io::stderr().is_terminal() && !tracing::enabled!(tracing::Level::INFO)
    }
}

/// A closed stderr is nobody's loss.
fn shown(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
