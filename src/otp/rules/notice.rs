//! A message that holds no code, such as one that tells of a change: it takes its place in the limits of the phone, and
//! delays no code.

use super::reserve::count_send;
use super::{Decision, PhoneState};
use crate::otp::{Limits, Moment};

/// Counts the message as a send of the phone. The wait before the next code stays as it is.
#[must_use]
pub fn count_notice(known: &PhoneState, now: Moment, limits: &Limits) -> Decision<()> {
    let mut record = known.record.clone();
    count_send(&mut record, now, limits);
    record.sweep(now);
    Decision { record: Some(record), ..Decision::none(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_counts_against_the_quota_and_delays_no_code() {
        let now = Moment::from_millis(1_790_000_000_000);
        let counted = count_notice(&PhoneState::default(), now, &Limits::default());
        let record = counted.record.unwrap();
        assert_eq!((record.sends.as_slice(), record.cooldown_until, record.cooldown_step), ([now].as_slice(), None, 0));
        assert!(record.history_until > Some(now) && counted.events.is_empty());
    }
}
