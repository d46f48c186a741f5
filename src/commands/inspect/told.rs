//! How times are told in the sentences of a diagnosis: on a screen by the clock on the wall, in a document in UTC and
//! seconds.

use std::time::Duration;

use crate::otp::Moment;
use crate::otp::diagnosis::Times;
use crate::output::{clock, length, relative};

/// For people.
pub(super) struct OnScreen(pub(super) Moment);

/// For programs.
pub(super) struct InDocument(pub(super) Moment);

impl Times for OnScreen {
    fn clock(&self, at: Moment) -> String {
        clock(at, self.0)
    }

    fn when(&self, at: Moment) -> String {
        let clock = clock(at, self.0);
        // On another day the clock has the day in front of it.
        let word = if clock.starts_with(|first: char| first.is_ascii_digit()) { "at" } else { "on" };
        format!("{word} {clock} ({})", relative(at, self.0))
    }

    fn away(&self, at: Moment) -> String {
        relative(at, self.0)
    }

    fn length(&self, span: Duration) -> String {
        length(span)
    }
}

impl Times for InDocument {
    fn clock(&self, at: Moment) -> String {
        at.to_the_second()
    }

    fn when(&self, at: Moment) -> String {
        format!("at {}", at.to_the_second())
    }

    fn away(&self, at: Moment) -> String {
        let now = self.0;
        if at > now {
            format!("in {}", self.length(at.since(now)))
        } else {
            format!("{} ago", self.length(now.since(at)))
        }
    }

    fn length(&self, span: Duration) -> String {
        format!("{} s", span.as_millis().div_ceil(1000))
    }
}
