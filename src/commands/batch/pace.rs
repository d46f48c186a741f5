//! How many lines are begun in a time: evenly, not in bursts.

use std::str::FromStr;
use std::time::Duration;

use tokio::time::Instant;

/// A line that is late is made up for by so much at most: clocks wake up late, and a pause is no reason for a burst.
const LATE: Duration = Duration::from_millis(20);

/// So many lines in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate {
    every: Duration,
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write a rate such as 50/s or 300/m".to_owned();
        let (count, unit) = text.split_once('/').ok_or_else(wrong)?;
        let count: u32 = count.trim().parse().map_err(|_| wrong())?;
        let span = match unit.trim() {
            "s" => Duration::from_secs(1),
            "m" => Duration::from_secs(60),
            "h" => Duration::from_secs(3600),
            _ => return Err(wrong()),
        };
        if !(1..=1_000_000).contains(&count) {
            return Err("a rate is 1 to 1000000 lines in a second, minute or hour".to_owned());
        }
        Ok(Self { every: span / count })
    }
}

/// When the next line may begin.
#[derive(Debug)]
pub(super) struct Pace {
    rate: Option<Rate>,
    next: Instant,
}

impl Pace {
    pub(super) fn new(rate: Option<Rate>) -> Self {
        Self { rate, next: Instant::now() }
    }

    /// The moment before which none begins.
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// One began now.
    pub(super) fn began(&mut self, now: Instant) {
        let Some(Rate { every }) = self.rate else { return };
        self.next = (self.next + every).max(now.checked_sub(LATE).unwrap_or(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_of_lines_in_a_time() {
        let every = |text: &str| text.parse::<Rate>().map(|rate| rate.every);
        assert_eq!(every("50/s"), Ok(Duration::from_millis(20)));
        assert_eq!(every("300/m"), Ok(Duration::from_millis(200)));
        assert_eq!(every("1/h"), Ok(Duration::from_secs(3600)));
        for wrong in ["", "5", "0/s", "-1/s", "5/d", "x/s", "1.5/s", "9999999/s"] {
            assert!(every(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn lines_begin_evenly_and_a_pause_brings_no_burst() {
        let mut pace = Pace::new("10/s".parse().ok());
        let began = pace.next();
        for line in 0..20 {
            assert_eq!(pace.next() - began, Duration::from_millis(line * 100));
            // Clocks wake up late.
            pace.began(pace.next() + Duration::from_millis(3));
        }
        let late = pace.next() + Duration::from_secs(5);
        pace.began(late);
        assert!(pace.next() + LATE >= late, "what was missed is not made up for");
    }
}
