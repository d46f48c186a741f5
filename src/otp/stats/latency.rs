//! Times to delivery, in buckets: eight for each doubling, so that a percentile is within 5 % of the truth.

use std::time::Duration;

/// Eight of them double the time.
const PER_DOUBLING: f64 = 8.0;
/// What is faster counts as this, and what is slower as that, in milliseconds.
const FASTEST: f64 = 125.0;
const SLOWEST: f64 = 4.0 * 60.0 * 60.0 * 1000.0;

/// The bucket of a time.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "the logarithm of a number within these limits is small")]
pub fn bucket(time: Duration) -> i32 {
    let milliseconds = (time.as_secs_f64() * 1000.0).clamp(FASTEST, SLOWEST);
    ((milliseconds / 1000.0).log2() * PER_DOUBLING).floor() as i32
}

/// The time in the middle of a bucket.
#[must_use]
pub fn seconds(bucket: i32) -> f64 {
    ((f64::from(bucket) + 0.5) / PER_DOUBLING).exp2()
}

/// The time under which this part of all is, such as 0.5; `None`: there is none.
pub(super) fn percentile(buckets: &std::collections::BTreeMap<i32, u64>, part: f64) -> Option<f64> {
    let all: u64 = buckets.values().sum();
    let mut under = 0;
    for (bucket, count) in buckets {
        under += count;
        // No sum of a store is so large that its last digit is lost.
        #[expect(clippy::cast_precision_loss, reason = "the counts of 40 days have far fewer than 15 digits")]
        if under as f64 >= all as f64 * part {
            return Some(seconds(*bucket));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_bucket_is_within_a_twentieth_of_every_time_in_it() {
        let mut milliseconds = 130.0;
        while milliseconds < SLOWEST {
            let time = Duration::from_secs_f64(milliseconds / 1000.0);
            let told = seconds(bucket(time)) * 1000.0;
            assert!((told / milliseconds - 1.0).abs() < 0.051, "{milliseconds}: {told}");
            milliseconds *= 1.013;
        }
        assert_eq!(bucket(Duration::ZERO), bucket(Duration::from_millis(125)));
        assert_eq!(bucket(Duration::MAX), bucket(Duration::from_secs(4 * 3600)));
    }

    #[test]
    fn a_percentile_is_a_time_that_some_had() {
        let times = |times: &[u64]| {
            let mut buckets = BTreeMap::new();
            for time in times {
                *buckets.entry(bucket(Duration::from_secs(*time))).or_default() += 1;
            }
            buckets
        };
        assert_eq!(percentile(&BTreeMap::new(), 0.5), None);
        let of = |all: &[u64], part: f64| percentile(&times(all), part).unwrap().round();
        assert_eq!((of(&[8], 0.5), of(&[8], 0.95)), (8.0, 8.0));
        let mut many = vec![4; 94];
        many.extend([60; 6]);
        assert_eq!((of(&many, 0.5), of(&many, 0.94), of(&many, 0.95)), (4.0, 4.0, 61.0));
    }
}
