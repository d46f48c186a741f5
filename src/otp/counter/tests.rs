//! What a counter lets through, and what it says about the rest.

use std::time::Duration;

use proptest::prelude::*;

use super::{Counter, Full};
use crate::otp::Stored as _;
use crate::otp::Ttl;
use crate::otp::{Moment, Quota};

const START: i64 = 1_790_000_000_000;

fn quota(millis: u64, limit: u32) -> Quota {
    Quota { window: Duration::from_millis(millis), limit }
}

fn at(millis: i64) -> Moment {
    Moment::from_millis(START + millis)
}

/// Takes where it can, and says what it could.
fn taken(counter: &mut Counter, now: Moment, quotas: &[Quota]) -> Result<(), Full> {
    *counter = counter.take(now, quotas, None)?;
    Ok(())
}

#[test]
fn a_quota_of_nothing_lets_nothing_through() {
    assert!(matches!(Counter::default().take(at(0), &[quota(1000, 0)], None), Err(Full::Quota(..))));
}

#[test]
fn without_quotas_everything_goes_through_and_nothing_is_kept() {
    let counter = Counter::default().take(at(0), &[], None).unwrap();
    assert_eq!((counter.ttl(at(0)), &counter), (Ttl::Expired, &Counter::default()));
}

#[test]
fn the_weight_of_the_window_before_fades() {
    // The start is a multiple of the window.
    let (mut counter, quotas) = (Counter::default(), [quota(1000, 10)]);
    for _ in 0..10 {
        taken(&mut counter, at(999), &quotas).unwrap();
    }
    assert_eq!(taken(&mut counter, at(999), &quotas), Err(Full::Quota(quotas[0], at(1100))));
    assert_eq!(taken(&mut counter, at(1099), &quotas), Err(Full::Quota(quotas[0], at(1100))));
    taken(&mut counter, at(1100), &quotas).unwrap();
    assert_eq!(taken(&mut counter, at(1100), &quotas), Err(Full::Quota(quotas[0], at(1200))));
    taken(&mut counter, at(3000), &quotas).unwrap();
}

#[test]
fn of_two_full_quotas_the_later_end_is_told() {
    let (mut counter, quotas) = (Counter::default(), [quota(1000, 2), quota(10_000, 2)]);
    taken(&mut counter, at(0), &quotas).unwrap();
    taken(&mut counter, at(0), &quotas).unwrap();
    let Err(Full::Quota(told, until)) = taken(&mut counter, at(0), &quotas) else { panic!("it is full") };
    assert_eq!(told, quotas[1]);
    taken(&mut counter, until, &quotas).unwrap();
}

#[test]
fn a_quota_of_another_file_is_counted_on_until_it_is_over() {
    let (own, theirs) = ([quota(1000, 5)], [quota(1000, 5), quota(5000, 5)]);
    let mut counter = Counter::default();
    taken(&mut counter, at(0), &theirs).unwrap();
    for millis in [0, 1000, 2000, 3000] {
        taken(&mut counter, at(millis), &own).unwrap();
    }
    assert_eq!(counter.ttl(at(3000)), Ttl::For(Duration::from_secs(7)), "the other file needs it so long");
    assert!(matches!(taken(&mut counter, at(3000), &theirs), Err(Full::Quota(told, _)) if told == theirs[1]));
    taken(&mut counter, at(10_000), &own).unwrap();
    assert_eq!(counter.windows.len(), 1);
    assert_eq!(counter.ttl(at(10_000)), Ttl::For(Duration::from_secs(2)));
}

#[test]
fn a_clock_that_was_years_ahead_blocks_no_neighbor_and_keeps_nothing_for_years() {
    let (years, quotas) = (at(3 * 366 * 86_400_000), [quota(31 * 86_400_000, 5)]);
    let numbers = [100, 101, 102, 103];
    let take = |counter: Counter, number: &u16| counter.take(years, &quotas, Some(*number));
    let counter = numbers.iter().try_fold(Counter::default(), take).unwrap();
    let after = counter.take(at(0), &quotas, Some(104)).unwrap();
    assert_eq!(after.left(at(0), &quotas), Some(4));
    let Ttl::For(ttl) = counter.ttl(at(0)) else { panic!("it has an end") };
    assert!(ttl <= 2 * crate::otp::MAX_WINDOW, "{ttl:?}");
}

#[test]
fn five_different_numbers_within_fifty_are_a_run() {
    let run = |numbers: &[u16]| {
        numbers.iter().try_fold(Counter::default(), |counter, number| counter.take(at(0), &[], Some(*number))).err()
    };
    assert_eq!(run(&[100, 101, 102, 103]), None);
    assert_eq!(run(&[100, 101, 102, 103, 104]), Some(Full::Neighbors));
    assert_eq!(run(&[104, 100, 150, 120, 130]), Some(Full::Neighbors), "in any order");
    assert_eq!(run(&[100, 120, 130, 104, 151]), None, "a span of 51");
    assert_eq!(run(&[100, 100, 100, 100, 100, 100]), None, "one number is no run");
    assert_eq!(run(&[9999, 9998, 9997, 9996, 0]), None, "the end of one prefix is not the start of the next");
    assert_eq!(run(&[0, 10, 20, 30, 50]), Some(Full::Neighbors));
}

#[test]
fn a_run_is_over_after_ten_minutes() {
    let mut counter = Counter::default();
    for number in [100, 101, 102, 103] {
        counter = counter.take(at(0), &[], Some(number)).unwrap();
    }
    assert_eq!(counter.take(at(599_999), &[], Some(104)), Err(Full::Neighbors));
    assert_eq!(counter.ttl(at(0)), Ttl::For(Duration::from_secs(600)));
    assert!(counter.take(at(600_000), &[], Some(104)).is_ok());
}

#[test]
fn a_counter_of_any_history_is_small() {
    let mut counter = Counter::default();
    for number in 0..2000_u16 {
        let quotas = [quota(3_600_000, u32::MAX), quota(86_400_000, u32::MAX)];
        counter = counter.take(at(i64::from(number)), &quotas, Some((number % 190) * 51 % 9999)).unwrap();
    }
    assert!(counter.write().len() < 2048, "{}", counter.write().len());
    assert_eq!(Counter::read(Some(&counter.write())), Ok(counter));
}

#[test]
fn a_value_that_is_no_counter_is_not_read() {
    for bytes in ["", "{}", "{\"v\":2}", "{\"v\":1,\"x\":1}", "[]"] {
        assert!(Counter::read(Some(bytes.as_bytes())).is_err(), "{bytes}");
    }
    assert_eq!(Counter::read(None), Ok(Counter::default()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// The contract of the two numbers: within a window that starts at a multiple of its length, never more than the limit;
    /// within any window of that length, less than twice the limit, and that only where all came at the end of one
    /// window and of the next; over any longer time, the limit for each window and once more.
    #[test]
    fn no_window_holds_more_than_the_law_says(
        length in 1_u64..5000,
        limit in 1_u32..12,
        steps in prop::collection::vec(0_i64..900, 1..300),
    ) {
        let (quota, signed) = (quota(length, limit), i64::try_from(length).unwrap());
        let (mut counter, mut now, mut sent) = (Counter::default(), START, Vec::new());
        for step in steps {
            now += step * signed / 1000 / i64::from(limit.min(4));
            if taken(&mut counter, Moment::from_millis(now), &[quota]).is_ok() {
                sent.push(now);
            }
        }
        let limit = usize::try_from(limit).unwrap();
        for (index, first) in sent.iter().enumerate() {
            let within = |span: i64| sent[index..].iter().filter(|later| **later < first + span).count();
            prop_assert!(within(signed) < 2 * limit, "{} in a window", within(signed));
            for windows in 2..5 {
                prop_assert!(within(signed * windows) <= limit * usize::try_from(windows + 1).unwrap());
            }
            let aligned = sent.iter().filter(|other| other.div_euclid(signed) == first.div_euclid(signed)).count();
            prop_assert!(aligned <= limit, "{aligned} in one stretch");
        }
    }

    /// When it says that there is room from then on, there is, and not before.
    #[test]
    fn the_time_that_is_told_is_honest(
        lengths in prop::collection::vec((1_u64..5000, 1_u32..8), 1..4),
        steps in prop::collection::vec(0_i64..700, 1..80),
    ) {
        let quotas: Vec<Quota> = lengths.into_iter().map(|(length, limit)| quota(length, limit)).collect();
        let (mut counter, mut now) = (Counter::default(), START);
        for step in steps {
            now += step;
            if let Err(Full::Quota(_, until)) = taken(&mut counter, Moment::from_millis(now), &quotas) {
                prop_assert!(until > Moment::from_millis(now));
                prop_assert!(counter.take(until, &quotas, None).is_ok(), "at {until:?} one more fits");
                let before = until.before(Duration::from_millis(1));
                prop_assert!(counter.take(before, &quotas, None).is_err(), "before {until:?} none does");
            }
        }
    }

    /// What the store may forget changes no decision.
    #[test]
    fn a_counter_lives_as_long_as_it_matters(
        length in 1_u64..3000,
        limit in 1_u32..6,
        steps in prop::collection::vec((0_i64..2500, 0_u16..60), 1..60),
    ) {
        let quotas = [quota(length, limit)];
        let (mut kept, mut stored, mut end) = (Counter::default(), Counter::default(), None);
        let mut now = START;
        for (step, number) in steps {
            now += step;
            let moment = Moment::from_millis(now);
            if end.is_some_and(|end| end <= moment) {
                stored = Counter::default();
            }
            let (with, without) = (stored.take(moment, &quotas, Some(number)), kept.take(moment, &quotas, Some(number)));
            prop_assert_eq!(with.as_ref().err(), without.as_ref().err());
            if let (Ok(with), Ok(without)) = (with, without) {
                end = match with.ttl(moment) {
                    Ttl::For(ttl) => Some(moment.after(ttl)),
                    _ => Some(moment),
                };
                (stored, kept) = (with, without);
            }
        }
    }
}
