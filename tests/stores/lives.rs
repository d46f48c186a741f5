//! Lives that are over while a test waits.

use std::time::{Duration, Instant};

use crate::support::fixtures::Fixture;

/// A life, and a little more than it.
pub const SHORT: Duration = Duration::from_millis(300);
pub const OVER: Duration = Duration::from_millis(350);

/// A life that a test looks into before its end. The time of a server passes while a busy machine rests: then the test says
/// so by `None`, and tries again with a longer life.
pub fn in_time<T>(fixture: &dyn Fixture, attempt: impl Fn(Duration) -> Option<T>) -> T {
    for life in [SHORT, SHORT * 10] {
        if let Some(seen) = attempt(life) {
            return seen;
        }
        // What was written is gone before the next.
        fixture.pass(life * 3);
    }
    attempt(SHORT * 200).expect("a minute is long enough")
}

/// What was seen of a life that began at this moment, unless it may have been over by then.
pub fn within<T>(life: Duration, began: Instant, seen: T) -> Option<T> {
    (began.elapsed() < life).then_some(seen)
}
