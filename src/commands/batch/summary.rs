//! How far a batch is, and how it ended: counts, a rate, and the time that is left.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::error::Exit;
use crate::output::plural;

/// A shorter time says nothing of a rate.
const SHORT: Duration = Duration::from_secs(2);

/// The counts of a batch.
#[derive(Debug)]
pub(super) struct Summary {
    began: Instant,
    pub(super) done: usize,
    pub(super) failed: usize,
    pub(super) skipped: u64,
    not_tried: u64,
    /// There may be more lines, which nobody read.
    pub(super) is_rest_unknown: bool,
    by_exit: BTreeMap<Exit, u64>,
    /// So many bytes of the input are done with, of so many.
    pub(super) bytes: u64,
    size: Option<u64>,
}

/// What the document of a batch says beside how many lines were done and failed.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Counts {
    /// Lines that a checkpoint knows.
    skipped: u64,
    /// Lines that were not begun; `null`: they were not counted.
    not_tried: Option<u64>,
    /// How many lines ended with each exit code.
    #[cfg_attr(test, schemars(with = "BTreeMap<String, u64>"))]
    by_exit: BTreeMap<u8, u64>,
}

impl Summary {
    pub(super) fn new(size: Option<u64>) -> Self {
        Self {
            began: Instant::now(),
            done: 0,
            failed: 0,
            skipped: 0,
            not_tried: 0,
            is_rest_unknown: false,
            by_exit: BTreeMap::new(),
            bytes: 0,
            size,
        }
    }

    /// A line ended so; `is_done`: with a result of its own.
    pub(super) fn count(&mut self, exit: Exit, is_done: bool) {
        if is_done {
            self.done += 1;
        } else {
            self.failed += 1;
        }
        *self.by_exit.entry(exit).or_default() += 1;
    }

    /// A line that was not begun.
    pub(super) fn not_tried(&mut self) {
        self.not_tried += 1;
    }

    /// What the document says of them.
    pub(super) fn counts(&self) -> Counts {
        Counts {
            skipped: self.skipped,
            not_tried: (!self.is_rest_unknown).then_some(self.not_tried),
            by_exit: self.by_exit.iter().map(|(exit, count)| (exit.number(), *count)).collect(),
        }
    }

    /// How far it is.
    pub(super) fn status(&self) -> String {
        let mut words = format!("{} done, {} failed", self.done, self.failed);
        if self.skipped > 0 {
            let _ = write!(words, ", {} skipped", self.skipped);
        }
        let time = self.began.elapsed();
        if time >= Duration::from_secs(1) {
            let _ = write!(words, ", {}/s", self.rate(time));
        }
        if let Some(left) = self.left(time).filter(|left| left.as_secs() > 0) {
            let _ = write!(words, ", {} left", spoken(left));
        }
        words
    }

    /// What was not tried, in a sentence after another.
    pub(super) fn rest(&self) -> String {
        match (self.is_rest_unknown, self.not_tried) {
            (true, _) => "; the rest was not tried".to_owned(),
            (false, 0) => String::new(),
            (false, 1) => "; 1 line was not tried".to_owned(),
            (false, count) => format!("; {count} lines were not tried"),
        }
    }

    /// How it ended.
    pub(super) fn words(&self) -> String {
        let (time, lines) = (self.began.elapsed(), self.done + self.failed);
        let mut words = plural(lines, "line", "lines");
        if time >= SHORT && lines > 0 {
            let _ = write!(words, " in {} ({}/s)", spoken(time), self.rate(time));
        }
        let _ = write!(words, ": {} done, {} failed", self.done, self.failed);
        let failures: Vec<String> = self
            .by_exit
            .iter()
            .filter(|(exit, _)| **exit != Exit::Ok)
            .map(|(exit, count)| format!("{count} × {} ({})", exit.name(), exit.number()))
            .collect();
        if !failures.is_empty() {
            let _ = write!(words, ": {}", failures.join(", "));
        }
        if self.skipped > 0 {
            let _ = write!(words, "; {} skipped", self.skipped);
        }
        match (self.is_rest_unknown, self.not_tried) {
            (true, _) => words.push_str("; the rest was not tried"),
            (false, 0) => {}
            (false, count) => drop(write!(words, "; {count} not tried")),
        }
        words
    }

    fn rate(&self, time: Duration) -> String {
        let lines = f64::from(u32::try_from(self.done + self.failed).unwrap_or(u32::MAX));
        let rate = lines / time.as_secs_f64().max(0.001);
        if rate < 10.0 { format!("{rate:.1}") } else { format!("{rate:.0}") }
    }

    /// The time that is left, where the whole is known and some of it is done.
    fn left(&self, time: Duration) -> Option<Duration> {
        let size = self.size?;
        if self.bytes == 0 || self.bytes >= size || time < SHORT {
            return None;
        }
        let kilo = |bytes: u64| f64::from(u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX));
        let fine = |bytes: u64| u32::try_from(bytes).map_or_else(|_| kilo(bytes) * 1024.0, f64::from);
        Some(time.mul_f64(fine(size - self.bytes) / fine(self.bytes)))
    }
}

/// A time in at most two units.
fn spoken(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::ManyDocument;

    /// The lines of a batch.
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct BatchDocument {
        #[schemars(flatten)]
        many: ManyDocument<serde_json::Map<String, serde_json::Value>>,
        #[schemars(flatten)]
        counts: Counts,
    }

    crate::otp::schema::documents! { "otpctl.many/1" => BatchDocument }

    #[test]
    fn a_summary_counts_by_exit_code() {
        let mut summary = Summary::new(Some(100));
        summary.count(Exit::Ok, true);
        summary.count(Exit::RateLimited, false);
        summary.count(Exit::RateLimited, false);
        summary.skipped = 3;
        assert_eq!(summary.words(), "3 lines: 1 done, 2 failed: 2 × RATE_LIMITED (13); 3 skipped");
        let document = |summary: &Summary| serde_json::to_string(&summary.counts()).unwrap();
        assert_eq!(document(&summary), r#"{"skipped":3,"not_tried":0,"by_exit":{"0":1,"13":2}}"#);
        summary.not_tried();
        assert_eq!(summary.rest(), "; 1 line was not tried");
        summary.is_rest_unknown = true;
        assert!(document(&summary).contains("\"not_tried\":null"));
    }

    #[test]
    fn the_time_that_is_left_follows_from_the_bytes() {
        let mut summary = Summary::new(Some(1000));
        assert_eq!(summary.left(Duration::from_secs(10)), None);
        summary.bytes = 250;
        assert_eq!(summary.left(Duration::from_secs(10)), Some(Duration::from_secs(30)));
        assert_eq!(spoken(Duration::from_secs(3725)), "1 h 2 min");
    }
}
