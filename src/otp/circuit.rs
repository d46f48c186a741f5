//! A provider that fails again and again is skipped for a while, by every process.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Moment;
use super::persist::{More, Stored, Ttl, Version};

/// The version of its format.
const VERSION: u64 = 1;

/// However often it fails, no provider is skipped for longer.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Failures are forgotten this long after the last one.
const KEPT: Duration = Duration::from_secs(3600);

/// What is kept of a failure, in characters.
const WHY: usize = 120;

/// When a provider is skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// After this many consecutive failures.
    pub after: u32,
    /// For this long; each failure after that doubles it, up to 15 minutes.
    pub pause: Duration,
}

/// What is known of a provider's failures: only of those that would meet the next message too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Circuit {
    v: Version<VERSION>,
    /// Failures in a row.
    #[serde(default)]
    pub failures: u32,
    /// How often it was skipped since it last worked.
    #[serde(default)]
    pub pauses: u32,
    /// Skipped until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    /// When it failed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<Moment>,
    /// Why it failed last.
    #[serde(default)]
    pub why: String,
    /// What newer versions added to it.
    #[serde(default, skip_serializing_if = "More::is_empty")]
    pub more: More,
}

impl Stored for Circuit {
    const VERSION: u64 = VERSION;
}

impl Default for Circuit {
    fn default() -> Self {
        let (v, why, more) = (Version, String::new(), More::default());
        Self { v, failures: 0, pauses: 0, until: None, failed_at: None, why, more }
    }
}

impl Circuit {
    /// Until when the provider is skipped, if it is.
    #[must_use]
    pub fn passed_over(&self, now: Moment) -> Option<Moment> {
        // A clock that was ahead passes nobody over for longer than a failure can.
        self.until.filter(|until| *until > now && *until <= now.after(LONGEST))
    }

    /// One failure more.
    #[must_use]
    pub fn failed(&self, now: Moment, rule: &BreakerPolicy, why: &str) -> Self {
        let mut next = self.clone();
        next.failures = next.failures.saturating_add(1);
        next.failed_at = Some(now);
        next.why = why.chars().take(WHY).collect();
        // Several processes may be at it at once: those that began before the pause do not lengthen it.
        if next.failures >= rule.after && self.passed_over(now).is_none() {
            let doubled = rule.pause.saturating_mul(1 << next.pauses.min(16));
            next.until = Some(now.after(doubled.min(LONGEST)));
            next.pauses = next.pauses.saturating_add(1);
        }
        next
    }

    /// How long it is kept.
    #[must_use]
    pub fn ttl(&self, now: Moment) -> Ttl {
        let end = self.failed_at.map(|failed| failed.after(KEPT)).into_iter().chain(self.until).max();
        match end {
            Some(end) if end > now => Ttl::For(end.since(now).min(KEPT)),
            _ => Ttl::Expired,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: BreakerPolicy = BreakerPolicy { after: 3, pause: Duration::from_secs(60) };

    fn at(seconds: i64) -> Moment {
        Moment::from_millis(1_790_000_000_000 + seconds * 1000)
    }

    fn after(failures: impl IntoIterator<Item = i64>) -> Circuit {
        failures.into_iter().fold(Circuit::default(), |circuit, second| circuit.failed(at(second), &RULE, "down"))
    }

    #[test]
    fn it_is_passed_over_after_so_many_failures_and_tried_again_then() {
        assert_eq!(after([0, 1]).passed_over(at(1)), None);
        let paused = after([0, 1, 2]);
        assert_eq!(paused.passed_over(at(2)), Some(at(62)));
        assert_eq!(paused.passed_over(at(62)), None);
    }

    #[test]
    fn each_failure_after_a_pause_doubles_it_up_to_a_quarter_of_an_hour() {
        assert_eq!(after([0, 1, 2, 62]).until, Some(at(62 + 120)));
        assert_eq!(after([0, 1, 2, 62, 182]).until, Some(at(182 + 240)));
        let often = (0..40).map(|step| step * 1000);
        assert_eq!(after(often).until, Some(at(39_000 + 900)));
    }

    #[test]
    fn failures_of_one_moment_are_one_pause() {
        assert_eq!(after([0, 0, 0, 0, 0, 0]).until, Some(at(60)));
    }

    #[test]
    fn a_clock_that_was_years_ahead_passes_nobody_over() {
        let paused = after([100_000_000; 3]);
        assert_eq!(paused.passed_over(at(0)), None);
        assert_eq!(paused.ttl(at(0)), Ttl::For(KEPT));
        assert_eq!(paused.failed(at(0), &RULE, "down").passed_over(at(0)), Some(at(60 * 2)));
    }

    #[test]
    fn it_is_forgotten_an_hour_after_its_last_failure() {
        assert_eq!(after([0]).ttl(at(0)), Ttl::For(KEPT));
        assert_eq!(after([0]).ttl(at(3600)), Ttl::Expired);
    }
}
