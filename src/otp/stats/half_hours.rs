//! The half hours by which numbers are kept.

use std::time::Duration;

use crate::otp::Moment;

/// How long the numbers are kept.
pub const KEPT: Duration = Duration::from_secs(40 * 24 * 60 * 60);
/// Numbers are kept by half hours.
pub const HALF_HOUR: i64 = 30 * 60;
pub(super) const DAY: i64 = 24 * 60 * 60;

/// The second at which the half hour of a moment begins.
#[must_use]
pub fn half_hour(at: Moment) -> i64 {
    at.millis().div_euclid(1000).div_euclid(HALF_HOUR) * HALF_HOUR
}

/// The second at which the day of a second begins, in UTC.
#[must_use]
pub fn day(second: i64) -> i64 {
    second.div_euclid(DAY) * DAY
}

/// The days that have a part of this window.
#[must_use]
pub fn days(from: i64, to: i64) -> Vec<i64> {
    let mut days = vec![day(from)];
    while days.last().is_some_and(|last| last + DAY <= to) {
        days.extend(days.last().map(|last| last + DAY));
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_hour_and_its_day_begin_where_the_clock_says() {
        let at = |second: i64| Moment::from_millis(second * 1000 + 999);
        assert_eq!(half_hour(at(1_790_000_000)), 1_789_999_200);
        assert_eq!((half_hour(at(1_789_999_200)), half_hour(at(1_790_000_999))), (1_789_999_200, 1_789_999_200));
        assert_eq!(half_hour(Moment::from_millis(-1)), -1800);
        assert_eq!(day(1_790_000_000), 1_789_948_800);
        assert_eq!(days(1_789_948_800, 1_789_948_800), [1_789_948_800]);
        assert_eq!(days(1_789_948_799, 1_790_035_200), [1_789_862_400, 1_789_948_800, 1_790_035_200]);
    }
}
