//! Sends over many phones: the counters of a prefix and of a country, and neighboring numbers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::persist::{More, Stored, Ttl, Version};
use super::policy::MAX_WINDOW;
use super::time::millis;
use super::{Moment, Quota};

pub use self::sums::SumCounter;

/// The version of its format.
const VERSION: u64 = 1;
/// This many different numbers …
const NEIGHBORS: usize = 5;
/// … within such a span …
const SPAN: u16 = 50;
/// … within this time are a run.
const RUN: Duration = Duration::from_secs(600);
/// The number of recent numbers of a prefix that are compared.
const RECENT: usize = 64;
/// The number of windows that are counted, those of other files included: four files, each with as many as a file may have.
const WINDOWS: usize = 64;

/// The sends to one prefix or country. Of constant size: each window is two numbers, the last full window and the
/// current one, and the count of any moment is weighed between them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counter {
    v: Version<VERSION>,
    /// By the length of the window in milliseconds.
    #[serde(default)]
    windows: BTreeMap<i64, Window>,
    /// The last four digits of numbers sent to, and when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    recent: Vec<(u16, Moment)>,
    /// What newer versions added to it.
    #[serde(default, skip_serializing_if = "More::is_empty")]
    more: More,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Window {
    start: i64,
    before: u32,
    count: u32,
}

/// Why no send is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// This quota is used up until then.
    Quota(Quota, Moment),
    /// The number is the last of a run of neighbors.
    Neighbors,
}

impl Stored for Counter {
    const VERSION: u64 = VERSION;
}

impl Default for Counter {
    fn default() -> Self {
        Self { v: Version, windows: BTreeMap::new(), recent: Vec::new(), more: More::default() }
    }
}

impl Counter {
    /// Until the current window and the one after it are over.
    #[must_use]
    pub fn ttl(&self, now: Moment) -> Ttl {
        let windows = self.windows.iter().map(|(length, window)| window.start.saturating_add(2 * length));
        let runs = self.recent.iter().map(|(_, at)| at.after(RUN).millis());
        let longest = now.after(MAX_WINDOW * 2);
        match windows.chain(runs).max() {
            // A clock that was ahead does not keep it for longer than any window needs it.
            Some(end) if end > now.millis() => Ttl::For(Moment::from_millis(end).min(longest).since(now)),
            _ => Ttl::Expired,
        }
    }

    /// Counts one send against every quota, and in the windows that other files have. `last_four`: the end of the number, where neighbors are looked for.
    ///
    /// # Errors
    /// When a quota is used up, or the number ends a run of neighbors; then nothing is counted.
    pub fn take(&self, now: Moment, quotas: &[Quota], last_four: Option<u16>) -> Result<Self, Full> {
        match self.full(now, quotas) {
            Some((quota, until)) => Err(Full::Quota(quota, until)),
            None if last_four.is_some_and(|last_four| self.is_run(now, last_four)) => Err(Full::Neighbors),
            None => Ok(self.count(now, quotas, last_four)),
        }
    }

    /// The quota that is used up, and until when. Of several, the one that ends last: before that, no other attempt can
    /// succeed.
    #[must_use]
    pub fn full(&self, now: Moment, quotas: &[Quota]) -> Option<(Quota, Moment)> {
        fullest(now, quotas, |quota| self.window(now, quota))
    }

    /// Whether this number would be the last of a run of neighbors.
    #[must_use]
    pub fn is_run(&self, now: Moment, last_four: u16) -> bool {
        let recent = self.recent.iter().filter(|(number, at)| *number != last_four && is_recent(*at, now));
        let mut near: Vec<u16> = recent.map(|(number, _)| *number).collect();
        near.retain(|number| number.abs_diff(last_four) <= SPAN);
        near.push(last_four);
        near.sort_unstable();
        near.windows(NEIGHBORS).any(|run| run[NEIGHBORS - 1] - run[0] <= SPAN)
    }

    /// Counts one send, whether or not it is one too many.
    #[must_use]
    pub fn count(&self, now: Moment, quotas: &[Quota], last_four: Option<u16>) -> Self {
        let mut taken = self.clone();
        taken.count_for_others(now, quotas);
        for quota in quotas {
            let (window, length) = self.window(now, quota);
            taken.windows.insert(length, Window { count: window.count.saturating_add(1), ..window });
        }
        if let Some(last_four) = last_four {
            taken.recent.retain(|(number, at)| *number != last_four && is_recent(*at, now));
            taken.recent.push((last_four, now));
            let surplus = taken.recent.len().saturating_sub(RECENT);
            taken.recent.drain(..surplus);
        }
        taken
    }

    /// The window of a quota and its length.
    fn window(&self, now: Moment, quota: &Quota) -> (Window, i64) {
        let length = millis(quota.window).max(1);
        (self.windows.get(&length).copied().unwrap_or_default().at(now.millis(), length), length)
    }

    /// How many more sends fit now, by the tightest quota; `None` where there is none.
    #[must_use]
    pub fn left(&self, now: Moment, quotas: &[Quota]) -> Option<u32> {
        tightest(now, quotas, |quota| self.window(now, quota))
    }

    /// Another file may have other windows, and needs what was sent in them.
    fn count_for_others(&mut self, now: Moment, quotas: &[Quota]) {
        let is_own = |length: i64| quotas.iter().any(|quota| millis(quota.window).max(1) == length);
        let now = now.millis();
        self.windows.retain(|length, window| {
            let is_over = window.start.saturating_add(length.saturating_mul(2)) <= now;
            is_own(*length) || (!is_over && window.start <= now.saturating_add(*length))
        });
        while self.windows.len() > WINDOWS {
            // The shortest of them is over first.
            let Some(other) = self.windows.keys().copied().find(|length| !is_own(*length)) else { break };
            self.windows.remove(&other);
        }
        for (length, window) in self.windows.iter_mut().filter(|(length, _)| !is_own(**length)) {
            *window = window.at(now, *length);
            window.count = window.count.saturating_add(1);
        }
    }
}

/// Whether a number still counts. A clock that was ahead by more than a run says nothing.
fn is_recent(at: Moment, now: Moment) -> bool {
    at.after(RUN) > now && at <= now.after(RUN)
}

/// The quota that is used up, and until when; of several, the one that ends last. `window`: that of a quota, and its length.
fn fullest(now: Moment, quotas: &[Quota], window: impl Fn(&Quota) -> (Window, i64)) -> Option<(Quota, Moment)> {
    let full = quotas.iter().filter_map(|quota| {
        let (window, length) = window(quota);
        let is_full = window.estimate(now.millis(), length) >= quota.limit;
        is_full.then(|| (*quota, window.free_at(now.millis(), length, quota.limit)))
    });
    full.max_by_key(|(_, until)| *until)
}

/// How many more sends fit by the tightest quota; `None` where there is none. `window`: as there.
fn tightest(now: Moment, quotas: &[Quota], window: impl Fn(&Quota) -> (Window, i64)) -> Option<u32> {
    let left = |quota: &Quota| {
        let (window, length) = window(quota);
        quota.limit.saturating_sub(window.estimate(now.millis(), length))
    };
    quotas.iter().map(left).min()
}

impl Window {
    /// The same window seen from now: shifted by one, or begun anew.
    fn at(self, now: i64, length: i64) -> Self {
        let start = now - now.rem_euclid(length);
        match start - self.start {
            0 => self,
            shift if shift == length => Self { start, before: self.count, count: 0 },
            // A clock that was set back a little opens nothing; one that was wrong by more than a window blocks nothing.
            shift if (-length..0).contains(&shift) => self,
            _ => Self { start, before: 0, count: 0 },
        }
    }

    /// What the last `length` milliseconds hold, if the sends of the window before were spread evenly; rounded up.
    fn estimate(self, now: i64, length: i64) -> u32 {
        let left = i128::from(length.min(self.start + length - now));
        let before = (i128::from(self.before) * left + i128::from(length) - 1) / i128::from(length);
        self.count.saturating_add(u32::try_from(before).unwrap_or(u32::MAX))
    }

    /// When one more fits.
    fn free_at(self, now: i64, length: i64, limit: u32) -> Moment {
        let (start, before, count) = if self.count < limit {
            (self.start, i64::from(self.before), i64::from(self.count))
        } else {
            (self.start + length, i64::from(self.count), 0)
        };
        let room = i64::from(limit) - 1 - count;
        let wait = if before == 0 || room < 0 { length } else { length - room * length / before };
        Moment::from_millis((start + wait).max(now + 1))
    }
}

mod sums;
#[cfg(test)]
mod tests;
