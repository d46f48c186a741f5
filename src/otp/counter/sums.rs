//! Sends to a country, as sums that any crowd of processes adds to at once: the same windows as those of a counter, each with
//! a field of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{MAX_WINDOW, WINDOWS, Window, fullest, tightest};
use crate::otp::money::Amount;
use crate::otp::time::millis;
use crate::otp::{Moment, Quota, SpendCap};

/// The sends in windows, by fields `<length>:<start>`, both in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SumCounter(BTreeMap<String, i64>);

impl From<BTreeMap<String, i64>> for SumCounter {
    fn from(fields: BTreeMap<String, i64>) -> Self {
        Self(fields)
    }
}

/// The length and the start of a field.
fn read(field: &str) -> Option<(i64, i64)> {
    let (length, start) = field.split_once(':')?;
    Some((length.parse().ok().filter(|length| *length > 0)?, start.parse().ok()?))
}

fn length(quota: &Quota) -> i64 {
    millis(quota.window).max(1)
}

impl SumCounter {
    /// The fields that one send adds to: the windows of these quotas, and those that other files have.
    #[must_use]
    pub fn fields(&self, now: Moment, quotas: &[Quota]) -> Vec<String> {
        let own = quotas.iter().map(length);
        let others = self.0.keys().filter_map(|field| read(field)).map(|(length, _)| length);
        let lengths: BTreeSet<i64> = own.chain(others.take(WINDOWS * 2)).collect();
        lengths.into_iter().map(|length| format!("{length}:{}", self.start(now, length))).collect()
    }

    /// The fields whose time is over, and what is no field.
    #[must_use]
    pub fn stale(&self, now: Moment) -> Vec<String> {
        let is_over = |field: &&String| {
            read(field).is_none_or(|(length, start)| {
                let age = now.millis().saturating_sub(start);
                age >= length.saturating_mul(2) || age < -length
            })
        };
        self.0.keys().filter(is_over).cloned().collect()
    }

    /// How long the sums are kept after the last of them: as long as any file needs whose windows are among them.
    #[must_use]
    pub fn kept(&self, quotas: &[Quota]) -> Duration {
        let others = self.0.keys().filter_map(|field| read(field)).map(|(length, _)| length);
        let others = others.max().and_then(|length| u64::try_from(length).ok()).map(Duration::from_millis);
        let own = quotas.iter().map(|quota| quota.window).max().unwrap_or_default();
        own.max(others.unwrap_or_default()).min(MAX_WINDOW) * 2
    }

    /// The same with so much more in these fields.
    #[must_use]
    pub fn plus(mut self, fields: &[String], by: i64) -> Self {
        for field in fields {
            *self.0.entry(field.clone()).or_default() += by;
        }
        self
    }

    /// The quota that is used up, and until when; of several, the one that ends last.
    #[must_use]
    pub fn full(&self, now: Moment, quotas: &[Quota]) -> Option<(Quota, Moment)> {
        fullest(now, quotas, |quota| self.window(now, quota))
    }

    /// How many more sends fit now, by the tightest quota; `None` where there is none.
    #[must_use]
    pub fn left(&self, now: Moment, quotas: &[Quota]) -> Option<u32> {
        tightest(now, quotas, |quota| self.window(now, quota))
    }

    /// What was spent in the last so long, if that of the window before was spread evenly; rounded up.
    #[must_use]
    pub fn spent(&self, now: Moment, window: Duration) -> Amount {
        let length = millis(window).max(1);
        let start = self.start(now, length);
        let left = length.min(start + length - now.millis());
        let before = part(self.sum(length, start - length), left, length);
        Amount::of_millionths(self.sum(length, start).saturating_add(before))
    }

    /// The cap that has no room for so much more, and until when; of several, the one that ends last.
    #[must_use]
    pub fn overspent(&self, now: Moment, caps: &[SpendCap], more: Amount) -> Option<(SpendCap, Moment)> {
        let is_over = |cap: &&SpendCap| {
            self.spent(now, cap.window).millionths().saturating_add(more.millionths()) > cap.most.millionths()
        };
        let over = caps.iter().filter(is_over).map(|cap| (*cap, self.affordable_at(now, cap, more)));
        over.max_by_key(|(_, until)| *until)
    }

    /// When so much more fits.
    fn affordable_at(&self, now: Moment, cap: &SpendCap, more: Amount) -> Moment {
        let length = millis(cap.window).max(1);
        let start = self.start(now, length);
        let room = cap.most.millionths().saturating_sub(more.millionths());
        let (before, count) = (self.sum(length, start - length), self.sum(length, start));
        let (start, before, count) = if count <= room { (start, before, count) } else { (start + length, count, 0) };
        // So much of the window before may still count then.
        let kept = if before == 0 || room < 0 { 0 } else { share(length, room - count, before) };
        Moment::from_millis((start + length - kept.min(length)).max(now.millis() + 1))
    }

    /// The windows of these caps, for what is added to.
    #[must_use]
    pub fn windows(caps: &[SpendCap]) -> Vec<Quota> {
        caps.iter().map(|cap| Quota { window: cap.window, limit: 0 }).collect()
    }

    fn sum(&self, length: i64, start: i64) -> i64 {
        self.0.get(&format!("{length}:{start}")).copied().unwrap_or_default().max(0)
    }

    fn window(&self, now: Moment, quota: &Quota) -> (Window, i64) {
        let length = length(quota);
        let start = self.start(now, length);
        let (before, count) = (self.at(length, start - length), self.at(length, start));
        (Window { start, before, count }, length)
    }

    /// Where the current window starts. A clock that was set back a little opens nothing.
    fn start(&self, now: Moment, length: i64) -> i64 {
        let start = now.millis() - now.millis().rem_euclid(length);
        if self.at(length, start + length) > 0 { start + length } else { start }
    }

    fn at(&self, length: i64, start: i64) -> u32 {
        u32::try_from(self.sum(length, start)).unwrap_or(u32::MAX)
    }
}

/// `number * share / all`, rounded up.
fn part(number: i64, share: i64, all: i64) -> i64 {
    let exact = i128::from(number) * i128::from(share);
    let all = i128::from(all.max(1));
    i64::try_from((exact + all - 1).div_euclid(all)).unwrap_or(i64::MAX)
}

/// The same rounded down.
fn share(number: i64, share: i64, all: i64) -> i64 {
    let exact = i128::from(number) * i128::from(share);
    i64::try_from(exact.div_euclid(i128::from(all.max(1)))).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Counter, Full};
    use super::*;

    const START: i64 = 1_790_000_000_000;

    #[test]
    fn a_sum_that_would_be_too_much_waits_until_it_is_not() {
        let hour = 3_600_000;
        let amount = Amount::of_millionths;
        let caps = [SpendCap { window: Duration::from_secs(3600), most: amount(10_000_000) }];
        let start = START - START.rem_euclid(hour);
        let now = Moment::from_millis(start + hour / 2);
        let fields = SumCounter::default().fields(now, &SumCounter::windows(&caps));
        let sums = SumCounter::default().plus(&fields, 9_900_000);
        assert_eq!(sums.spent(now, caps[0].window), amount(9_900_000));
        assert_eq!(sums.overspent(now, &caps, amount(100_000)), None, "exactly the cap");
        let (cap, until) = sums.overspent(now, &caps, amount(100_001)).unwrap();
        assert_eq!(cap, caps[0]);
        // At that time it fits, and a moment before it does not.
        assert!(until > Moment::from_millis(start + hour), "{until:?}");
        assert_eq!(sums.overspent(until, &caps, amount(100_001)), None);
        let before = Moment::from_millis(until.millis() - 2);
        assert!(sums.overspent(before, &caps, amount(100_001)).is_some());
        // What costs more than the cap never fits; it is looked at anew a window later.
        let (_, until) = sums.overspent(now, &caps, amount(20_000_000)).unwrap();
        assert_eq!(until, Moment::from_millis(start + 2 * hour));
        // Money that was given back in another window than it was spent in is no credit.
        assert_eq!(SumCounter::default().plus(&fields, -5).spent(now, caps[0].window), amount(0));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whoever counts one after the other is told the same by either.
        #[test]
        fn sums_say_what_a_counter_says(
            lengths in prop::collection::vec((1_u64..5000, 1_u32..8), 1..4),
            steps in prop::collection::vec(-300_i64..1500, 1..80),
        ) {
            let quota = |(length, limit): (u64, u32)| Quota { window: Duration::from_millis(length), limit };
            let quotas: Vec<Quota> = lengths.into_iter().map(quota).collect();
            let (mut counter, mut sums, mut now) = (Counter::default(), SumCounter::default(), START);
            for step in steps {
                // A clock that goes back goes on from there.
                now += step.max(0);
                let moment = Moment::from_millis(now);
                for stale in sums.stale(moment) {
                    sums.0.remove(&stale);
                }
                let full = sums.full(moment, &quotas);
                match counter.take(moment, &quotas, None) {
                    Ok(taken) => {
                        prop_assert_eq!(full, None);
                        prop_assert!(sums.left(moment, &quotas) == counter.left(moment, &quotas));
                        counter = taken;
                        let fields = sums.fields(moment, &quotas);
                        sums = sums.plus(&fields, 1);
                    }
                    Err(Full::Quota(_, until)) => prop_assert_eq!(full.map(|(_, at)| at), Some(until)),
                    Err(Full::Neighbors) => prop_assert!(false, "there are none"),
                }
            }
            let lengths: BTreeSet<i64> = quotas.iter().map(length).collect();
            prop_assert!(sums.0.len() <= 3 * lengths.len());
        }
    }

    #[test]
    fn a_clock_that_was_set_back_opens_nothing() {
        let quotas = [Quota { window: Duration::from_secs(1), limit: 2 }];
        let at = |millis: i64| Moment::from_millis(START + millis);
        let fields = SumCounter::default().fields(at(1000), &quotas);
        let sums = SumCounter::default().plus(&fields, 2);
        assert!(sums.full(at(1000), &quotas).is_some() && sums.full(at(900), &quotas).is_some());
        assert_eq!(sums.fields(at(900), &quotas), fields);
        assert_eq!(sums.stale(at(-5000)), fields, "a clock that was far ahead blocks nothing");
    }

    #[test]
    fn windows_of_other_files_are_counted_on() {
        let quota = |seconds| Quota { window: Duration::from_secs(seconds), limit: 2 };
        let at = |millis: i64| Moment::from_millis(START + millis);
        let sums = SumCounter::default();
        let fields = sums.fields(at(0), &[quota(60)]);
        let sums = sums.plus(&fields, 1);
        let fields = sums.fields(at(0), &[quota(10)]);
        assert_eq!(fields.len(), 2);
        assert_eq!(sums.kept(&[quota(10)]), Duration::from_secs(120), "the other file needs it so long");
        assert!(sums.plus(&fields, 1).full(at(0), &[quota(60)]).is_some());
    }
}
