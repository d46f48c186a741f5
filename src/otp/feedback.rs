//! What could not be told to a gateway of how its codes ended: kept for a day, so that `doctor` can say it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Moment;
use super::persist::{More, Stored, Ttl, Version};

/// The version of its format.
const VERSION: u64 = 1;

/// What is kept of a failure, in characters.
const WHY: usize = 120;

/// The feedback that a provider did not take since it last took some.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedbackTrouble {
    v: Version<VERSION>,
    /// How often.
    #[serde(default)]
    pub failures: u32,
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

impl Stored for FeedbackTrouble {
    const VERSION: u64 = VERSION;
}

impl Default for FeedbackTrouble {
    fn default() -> Self {
        Self { v: Version, failures: 0, failed_at: None, why: String::new(), more: More::default() }
    }
}

impl FeedbackTrouble {
    /// It is forgotten this long after the last failure.
    pub const KEPT: Duration = Duration::from_secs(24 * 3600);

    /// One failure more.
    #[must_use]
    pub fn failed(&self, now: Moment, why: &str) -> Self {
        let why = why.chars().take(WHY).collect();
        Self { failures: self.failures.saturating_add(1), failed_at: Some(now), why, ..self.clone() }
    }

    /// How long it is kept.
    #[must_use]
    pub fn ttl(&self, now: Moment) -> Ttl {
        match self.failed_at.map(|failed| failed.after(Self::KEPT)) {
            Some(end) if end > now => Ttl::For(end.since(now).min(Self::KEPT)),
            _ => Ttl::Expired,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_keeps_the_last_reason_short_and_ends_after_a_day() {
        let now = Moment::from_millis(1_790_000_000_000);
        let trouble = FeedbackTrouble::default().failed(now, "first").failed(now, &"x".repeat(500));
        assert_eq!((trouble.failures, trouble.why.len(), trouble.failed_at), (2, WHY, Some(now)));
        assert_eq!(trouble.ttl(now), Ttl::For(FeedbackTrouble::KEPT));
        assert_eq!(trouble.ttl(now.after(FeedbackTrouble::KEPT)), Ttl::Expired);
        // A clock that was ahead keeps it no longer.
        assert_eq!(trouble.ttl(Moment::from_millis(0)), Ttl::For(FeedbackTrouble::KEPT));
        assert_eq!(FeedbackTrouble::read(Some(&trouble.write())).unwrap(), trouble);
    }
}
