//! A store's clock that was wrong for a while, and files whose limits differ: what they leave to the next command.

use std::time::Duration;

use proptest::prelude::*;

use super::{Case, LEASE, at, take};
use crate::otp::record::{Delivery, Verdict};
use crate::otp::rules::{
    AttemptRequest, IssueMode, PhoneState, REQUEST_KEPT, ReserveRequest, SendRefused, SendResult, attempt, budget,
    record_send, reserve,
};
use crate::otp::{Limits, LockLength, LockStep, MAX_TTL, Moment, Quota, Stored as _, Ttl};

const DAY: i64 = 86_400_000;

/// One command of a machine whose limits are those at the place.
#[derive(Debug, Clone, Copy)]
enum Act {
    Send { keyed: bool },
    Print,
    Wrong,
    Right,
}

fn file(seconds: u64) -> Limits {
    let span = Duration::from_secs(seconds);
    Limits {
        cooldown: vec![span, span * 2],
        per_phone: vec![Quota { window: span * 4, limit: 50 }],
        locks: vec![LockStep { failures: 2, length: LockLength::For(span * 3) }],
        failures_kept: span * 5,
        ..Limits::default()
    }
}

fn does(known: &mut PhoneState, case: &Case, now: Moment, limits: &Limits, turn: usize, act: Act) {
    known.record.clamp(now, limits);
    let (id, key) = (format!("ch_{turn}"), format!("key {turn}"));
    match act {
        Act::Send { keyed } => {
            let request = keyed.then_some((key.as_str(), "arguments"));
            let asked = ReserveRequest { request, ..case.sms(&id) };
            if let Ok(step) = reserve(known, now, limits, &asked) {
                take(known, step);
            }
        }
        Act::Print => {
            if let Ok(step) = reserve(known, now, limits, &case.reserve(&id, IssueMode::Print)) {
                take(known, step);
            }
        }
        Act::Wrong | Act::Right => {
            let typed = if matches!(act, Act::Right) { &case.right } else { &case.wrong };
            if let Ok(step) = attempt(known, now, limits, &case.asked(typed, &id)) {
                take(known, step);
            }
        }
    }
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        any::<bool>().prop_map(|keyed| Act::Send { keyed }),
        Just(Act::Print),
        Just(Act::Wrong),
        Just(Act::Right)
    ]
}

/// Clocks that are right, a little off, or years.
fn clock() -> impl Strategy<Value = i64> {
    prop_oneof![0..600_000_i64, -600_000..0_i64, Just(DAY), Just(-DAY), -4000 * DAY..4000 * DAY, 0..i64::MAX / 4]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_clock_leaves_a_wait_that_no_file_asks_for(
        acts in prop::collection::vec((clock(), prop_oneof![Just(10_u64), Just(600)], act()), 1..30),
    ) {
        let (case, mut known) = (Case::new(), PhoneState::default());
        for (turn, (millis, seconds, act)) in acts.into_iter().enumerate() {
            does(&mut known, &case, at(millis), &file(seconds), turn, act);
        }
        // The clock is right again, and one command keeps what was corrected.
        let (now, limits, longest) = (at(0), file(600), Duration::from_secs(600));
        known.record.clamp(now, &limits);
        let record = &known.record;
        prop_assert!(!record.clone().clamp(now, &limits), "it is corrected once");
        prop_assert!(budget(record, now, &limits).allowed_at <= now.after(longest * 4));
        prop_assert!(record.requests.iter().all(|request| request.until <= now.after(REQUEST_KEPT)));
        for purpose_state in record.purposes.values() {
            prop_assert!(purpose_state.challenges.iter().all(|challenge| challenge.expires_at <= now.after(MAX_TTL)));
            prop_assert!(purpose_state.attempts.iter().all(|attempt| attempt.until <= now.after(MAX_TTL)));
            let leases = purpose_state.live(now).filter_map(|live| live.lease_until);
            prop_assert!(leases.into_iter().all(|lease| lease <= now.after(LEASE)));
            let lock = purpose_state.lock(now).and_then(|lock| lock.until);
            prop_assert!(lock.is_none_or(|until| until <= now.after(longest * 3)));
            prop_assert_eq!(purpose_state.failures(now.after(longest * 5), &limits), 0);
        }
        match record.ttl(now, &limits) {
            Ttl::For(ttl) => prop_assert!(ttl <= REQUEST_KEPT.max(longest * 20), "{:?}", ttl),
            ttl => prop_assert_eq!(ttl, Ttl::Expired),
        }
        prop_assert_eq!(crate::otp::Record::read(Some(&record.write())).unwrap(), record.clone());
    }

    #[test]
    fn an_honest_clock_has_nothing_to_put_right(
        acts in prop::collection::vec((0..700_000_i64, prop_oneof![Just(10_u64), Just(600)], act()), 1..30),
    ) {
        let (case, mut known, mut now) = (Case::new(), PhoneState::default(), 0);
        for (turn, (pause, seconds, act)) in acts.into_iter().enumerate() {
            now += pause;
            prop_assert!(!known.record.clone().clamp(at(now), &file(seconds)));
            does(&mut known, &case, at(now), &file(seconds), turn, act);
        }
    }
}

#[test]
fn a_clock_that_was_years_ahead_leaves_the_longest_step_of_the_cooldown() {
    let (case, mut known, limits) = (Case::new(), PhoneState::default(), file(10));
    does(&mut known, &case, at(3650 * DAY), &limits, 0, Act::Send { keyed: false });
    assert!(known.record.clamp(at(0), &limits));
    let refused = reserve(&known, at(0), &limits, &case.sms("ch_1")).map(|_| ());
    assert_eq!(refused, Err(SendRefused::UnderWay(at(0).after(LEASE))));
    let step = record_send(&known, at(1), "ch_0", &SendResult::Sent(Delivery::by("p")));
    take(&mut known, step);
    assert_eq!(
        reserve(&known, at(2), &limits, &case.sms("ch_1")).map(|_| ()),
        Err(SendRefused::Cooldown(at(20_000))),
        "as if it had been sent when the clock was right again"
    );
    assert!(reserve(&known, at(20_000), &limits, &case.sms("ch_1")).is_ok());
}

/// Sends by one file until it refuses, with another file's commands between; the same number, whatever the other does.
#[test]
fn the_smaller_windows_of_another_file_erase_no_send() {
    let long = Limits {
        cooldown: Vec::new(),
        per_phone: vec![Quota { window: Duration::from_secs(3600), limit: 5 }],
        ..Limits::default()
    };
    let short = Limits {
        cooldown: Vec::new(),
        per_phone: vec![Quota { window: Duration::from_secs(1), limit: 50 }],
        failures_kept: Duration::from_secs(1),
        ..Limits::default()
    };
    let others = [Act::Send { keyed: true }, Act::Print, Act::Wrong, Act::Right];
    for other in others {
        let (case, mut known) = (Case::new(), PhoneState::default());
        for turn in 0..5 {
            let (now, id) = (at(turn * 60_000), format!("ch_{turn}"));
            let step = reserve(&known, now, &long, &case.sms(&id)).unwrap();
            take(&mut known, step);
            let step = record_send(&known, now, &id, &SendResult::Sent(Delivery::by("p")));
            take(&mut known, step);
        }
        let now = at(400_000);
        does(&mut known, &case, now, &short, 9, other);
        let Ttl::For(ttl) = known.record.ttl(now, &short) else { panic!("it has an end: {other:?}") };
        assert!(now.after(ttl) >= at(240_000).after(Duration::from_secs(3600)), "the other file needs it: {other:?}");
        let refused = reserve(&known, at(500_000), &long, &case.sms("ch_x"));
        assert!(matches!(refused, Err(SendRefused::Quota(..))), "{other:?}: {refused:?}");
    }
}

#[test]
fn what_another_file_forgets_sooner_still_counts_as_a_failure() {
    let kept =
        |seconds| Limits { failures_kept: Duration::from_secs(seconds), cooldown: Vec::new(), ..Limits::default() };
    let (long, short) = (kept(86_400), kept(1));
    let (case, mut known) = (Case::new(), PhoneState::default());
    does(&mut known, &case, at(0), &long, 0, Act::Print);
    for turn in 1..4 {
        does(&mut known, &case, at(0), &long, turn, Act::Wrong);
    }
    for (turn, act) in [(10, Act::Print), (11, Act::Wrong)] {
        does(&mut known, &case, at(10_000), &short, turn, act);
    }
    assert_eq!(known.record.purposes[&case.purpose].failures(at(10_000), &long), 4);
    assert_eq!(known.record.ttl(at(10_000), &short), Ttl::For(Duration::from_secs(86_390)));
    // And what only the other file counted is there for the one that remembers longer.
    let mut known = PhoneState::default();
    does(&mut known, &case, at(0), &short, 0, Act::Print);
    does(&mut known, &case, at(0), &short, 1, Act::Wrong);
    does(&mut known, &case, at(10_000), &short, 2, Act::Print);
    let purpose_state = &known.record.purposes[&case.purpose];
    assert_eq!((purpose_state.failures(at(10_000), &short), purpose_state.failures(at(10_000), &long)), (0, 1));
}

#[test]
fn a_record_of_an_earlier_version_is_read_as_it_was_meant() {
    let old = r#"{"v":1,"sends":[1790000000000],"streak":1,"cooldown_until":1790000030000,
        "requests":[{"key":"k","arguments":"a","challenge_id":"ch_1","until":1790086400000}],
        "purposes":{"login":{"failures":2,"failed_at":1790000000000,"challenges":[{"id":"ch_1","state":"sent",
        "created_at":1790000000000,"expires_at":1790000300000,"max_tries":5,"delivery":{"provider":"p"}}]}}}"#;
    let mut record = crate::otp::Record::read(Some(old.as_bytes())).unwrap();
    assert!(!record.clamp(at(1000), &Limits::default()));
    let purpose_state = record.purposes.values().next().unwrap();
    assert_eq!(purpose_state.failures(at(1000), &Limits::default()), 2);
    let known = PhoneState { record, ..PhoneState::default() };
    let case = Case::new();
    let again = ReserveRequest { request: Some(("k", "a")), ..case.sms("ch_2") };
    let said = reserve(&known, at(2000), &Limits::default(), &again).unwrap().outcome;
    assert!(matches!(said, crate::otp::rules::Reserved::Replayed(challenge) if challenge.id == "ch_1"));
    let wrong = AttemptRequest { attempt_id: "at_1", ..case.asked(&case.wrong, "") };
    assert_eq!(attempt(&known, at(3000), &Limits::default(), &wrong).unwrap().outcome.answer.verdict, Verdict::Wrong);
}
