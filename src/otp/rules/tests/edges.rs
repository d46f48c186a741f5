//! Each edge of each rule.

use std::sync::LazyLock;
use std::time::Duration;

use super::{Case, LEASE, at, code, peppers, take, user};
use crate::otp::record::{Delivery, PURPOSES, Reason, SendOutcome, State, Verdict};
use crate::otp::rules::{
    AttemptError, AttemptRequest, IssueMode, Linked, MessageRef, PhoneState, Recorded, Remap, Reported, ReserveRequest,
    Reserved, RevokeRequest, SendRefused, SendResult, UnlockRequest, attempt, budget, link, record_send, report,
    reserve, revoke, unlink, unlock,
};
use crate::otp::user::USERS_PER_PHONE;
use crate::otp::{DeliveryReport, DeliveryState, Stored as _, Ttl};
use crate::otp::{Limits, LockLength, LockStep, Moment, Phone, Quota, Record};

const MINUTE: i64 = 60_000;

fn free() -> Limits {
    Limits { cooldown: Vec::new(), per_phone: Vec::new(), ..Limits::default() }
}

fn delivery() -> Delivery {
    Delivery::by("p")
}

/// A phone, and the limits that hold for it.
struct Bench<'c> {
    case: &'c Case,
    known: PhoneState,
    limits: Limits,
}

static CASE: LazyLock<Case> = LazyLock::new(Case::new);

impl<'c> Bench<'c> {
    fn new(limits: Limits) -> Self {
        Self { case: &CASE, known: PhoneState::default(), limits }
    }

    fn reserve<'r>(
        &mut self,
        now: Moment,
        asked: impl FnOnce(&'c Case) -> ReserveRequest<'r>,
    ) -> Result<Reserved, SendRefused> {
        let step = reserve(&self.known, now, &self.limits, &asked(self.case))?;
        Ok(take(&mut self.known, step))
    }

    fn sms(&mut self, now: Moment, id: &str) -> Result<(), SendRefused> {
        self.reserve(now, |case| ReserveRequest { challenge_id: id, ..case.sms("") }).map(|_| ())
    }

    fn print(&mut self, now: Moment, id: &str) {
        self.reserve(now, |case| ReserveRequest { challenge_id: id, ..case.reserve("", IssueMode::Print) }).unwrap();
    }

    fn mark(&mut self, now: Moment, id: &str, said: &SendResult) -> Option<String> {
        let step = record_send(&self.known, now, id, said);
        take(&mut self.known, step).superseded
    }

    fn sent(&mut self, now: Moment, id: &str) {
        self.sms(now, id).unwrap();
        self.mark(now, id, &SendResult::Sent(delivery()));
    }

    fn attempt<'r>(
        &mut self,
        now: Moment,
        asked: impl FnOnce(&'c Case) -> AttemptRequest<'r>,
    ) -> Result<(Verdict, Option<Reason>), AttemptError> {
        let step = attempt(&self.known, now, &self.limits, &asked(self.case))?;
        let tried = take(&mut self.known, step);
        Ok((tried.answer.verdict, tried.answer.reason))
    }

    fn right(&mut self, now: Moment, id: &str) -> (Verdict, Option<Reason>) {
        self.attempt(now, |case| AttemptRequest { attempt_id: id, ..case.asked(&case.right, "") }).unwrap()
    }

    fn wrong(&mut self, now: Moment, id: &str) -> (Verdict, Option<Reason>) {
        self.attempt(now, |case| AttemptRequest { attempt_id: id, ..case.asked(&case.wrong, "") }).unwrap()
    }

    fn state(&self, id: &str) -> State {
        self.known.record.challenge(id).unwrap().1.state
    }

    fn failures(&self, now: Moment) -> u32 {
        self.known
            .record
            .purposes
            .get(&self.case.purpose)
            .map_or(0, |purpose_state| purpose_state.failures(now, &self.limits))
    }
}

const OK: (Verdict, Option<Reason>) = (Verdict::Ok, None);
const NO: (Verdict, Option<Reason>) = (Verdict::Wrong, None);

#[test]
fn a_code_lives_up_to_its_end_and_not_at_it() {
    for (now, expected) in [(5 * MINUTE - 1, OK), (5 * MINUTE, (Verdict::NoCode, Some(Reason::Expired)))] {
        let mut bench = Bench::new(free());
        bench.print(at(0), "ch_1");
        assert_eq!(bench.right(at(now), "at_1"), expected);
    }
}

#[test]
fn the_cooldown_ends_on_the_millisecond() {
    let mut bench = Bench::new(Limits { cooldown: vec![Duration::from_secs(30)], ..free() });
    bench.sent(at(0), "ch_1");
    assert_eq!(bench.sms(at(29_999), "ch_2"), Err(SendRefused::Cooldown(at(30_000))));
    assert_eq!(bench.sms(at(30_000), "ch_2"), Ok(()));
}

#[test]
fn the_cooldown_grows_and_begins_again_after_ten_of_its_longest_steps() {
    for per_phone in [Vec::new(), Limits::default().per_phone] {
        let seconds = |list: &[u64]| list.iter().map(|seconds| Duration::from_secs(*seconds)).collect();
        let mut bench = Bench::new(Limits { cooldown: seconds(&[30, 60]), per_phone, ..free() });
        bench.sent(at(0), "ch_1");
        bench.sent(at(30_000), "ch_2");
        assert_eq!(bench.sms(at(89_999), "ch_3"), Err(SendRefused::Cooldown(at(90_000))));
        bench.sent(at(90_000), "ch_3");
        let Ttl::For(ttl) = bench.known.record.ttl(at(90_000), &bench.limits) else { panic!("it has an end") };
        assert!(ttl >= Duration::from_secs(600), "it is known so long: {ttl:?}");
        let allowed = |bench: &Bench<'_>, now| budget(&bench.known.record, now, &bench.limits).allowed_at;
        let (last, quiet) = (at(689_999), at(689_999 + 600_000));
        bench.sent(last, "ch_4");
        assert_eq!(allowed(&bench, last), at(749_999), "a millisecond before the end it goes on");
        bench.known.record.sends.retain(|sent| *sent == last);
        bench.sent(quiet, "ch_5");
        assert_eq!(allowed(&bench, quiet), at(689_999 + 630_000));
    }
}

#[test]
fn a_quota_looks_back_exactly_its_window() {
    let quota = Quota { window: Duration::from_secs(60), limit: 2 };
    let mut bench = Bench::new(Limits { per_phone: vec![quota], ..free() });
    bench.sent(at(0), "ch_1");
    bench.sent(at(1000), "ch_2");
    assert_eq!(budget(&bench.known.record, at(1000), &bench.limits).left, Some(0));
    assert_eq!(bench.sms(at(59_999), "ch_3"), Err(SendRefused::Quota(quota, at(60_000))));
    bench.sent(at(60_000), "ch_3");
    assert_eq!(bench.sms(at(60_000), "ch_4"), Err(SendRefused::Quota(quota, at(61_000))));
}

#[test]
fn of_several_limits_the_last_to_end_is_told() {
    let quota = Quota { window: Duration::from_secs(600), limit: 1 };
    let mut bench = Bench::new(Limits { per_phone: vec![quota], ..Limits::default() });
    bench.sent(at(0), "ch_1");
    assert_eq!(bench.sms(at(1), "ch_2"), Err(SendRefused::Quota(quota, at(600_000))));
}

#[test]
fn printing_a_code_counts_as_no_send() {
    let mut bench = Bench::new(Limits::default());
    bench.print(at(0), "ch_1");
    bench.print(at(0), "ch_2");
    assert_eq!((bench.state("ch_1"), bench.state("ch_2")), (State::Superseded, State::Issued));
    assert_eq!(bench.known.record.sends, []);
    assert_eq!(bench.sms(at(0), "ch_3"), Ok(()));
}

#[test]
fn only_one_process_sends_until_its_lease_is_over() {
    let mut bench = Bench::new(free());
    bench.sms(at(0), "ch_1").unwrap();
    let until = at(0).after(LEASE);
    assert_eq!(bench.sms(at(49_999), "ch_2"), Err(SendRefused::UnderWay(until)));
    let printing = bench.reserve(at(49_999), |case| case.reserve("ch_2", IssueMode::Print));
    assert_eq!(printing, Err(SendRefused::UnderWay(until)));
    assert_eq!(bench.sms(until, "ch_2"), Ok(()));
    assert_eq!(bench.state("ch_1"), State::Superseded, "its sender is taken for dead");
    assert_eq!(bench.mark(until, "ch_1", &SendResult::Sent(delivery())), None);
    assert_eq!((bench.state("ch_1"), bench.state("ch_2")), (State::Superseded, State::Pending), "and stays it");
}

#[test]
fn never_more_than_one_older_code_is_open_beside_the_new_one() {
    let mut bench = Bench::new(free());
    for (n, said) in [SendResult::Unknown(delivery()), SendResult::Unknown(delivery()), SendResult::Unknown(delivery())]
        .iter()
        .enumerate()
    {
        let id = format!("ch_{n}");
        bench.sms(at(0), &id).unwrap();
        bench.mark(at(0), &id, said);
    }
    assert_eq!(
        [bench.state("ch_0"), bench.state("ch_1"), bench.state("ch_2")],
        [State::Superseded, State::Unknown, State::Unknown]
    );
    assert_eq!(bench.mark(at(0), "ch_2", &SendResult::Sent(delivery())), None, "what was said once stays said");
}

#[test]
fn a_failed_send_gives_back_the_cooldown_but_not_the_quota() {
    let quota = Quota { window: Duration::from_secs(60), limit: 2 };
    let cooldown = vec![Duration::from_secs(1), Duration::from_secs(7)];
    let mut bench = Bench::new(Limits { cooldown, per_phone: vec![quota], ..free() });
    bench.sms(at(0), "ch_1").unwrap();
    bench.mark(at(10), "ch_1", &SendResult::Failed(None, None));
    assert_eq!((bench.state("ch_1"), bench.known.record.cooldown_until), (State::Failed, None));
    bench.sms(at(20), "ch_2").unwrap();
    assert_eq!(bench.known.record.cooldown_until, Some(at(1020)), "the first step, not the second");
    bench.mark(at(30), "ch_2", &SendResult::Failed(None, None));
    assert_eq!(bench.sms(at(40), "ch_3"), Err(SendRefused::Quota(quota, at(60_000))));
    assert_eq!(bench.right(at(50), "at_1"), (Verdict::NoCode, Some(Reason::NeverIssued)));
}

#[test]
fn what_the_provider_said_does_not_bring_a_code_back() {
    for end in [State::Used, State::Revoked, State::Exhausted] {
        let mut bench = Bench::new(free());
        bench.sms(at(0), "ch_1").unwrap();
        match end {
            State::Used => assert_eq!(bench.right(at(1), "at_1"), OK),
            State::Revoked => {
                let step = revoke(&bench.known, at(1), &RevokeRequest::default());
                assert_eq!(take(&mut bench.known, step).0, ["ch_1"]);
            }
            _ => (0..5).for_each(|n| {
                bench.wrong(at(1), &format!("at_{n}"));
            }),
        }
        for said in [SendResult::Sent(delivery()), SendResult::Unknown(delivery()), SendResult::Failed(None, None)] {
            bench.mark(at(2), "ch_1", &said);
            assert_eq!(bench.state("ch_1"), end);
        }
    }
    let none = record_send(&PhoneState::default(), at(0), "ch_9", &SendResult::Sent(delivery()));
    assert_eq!((none.record, none.events.len()), (None, 0));
}

#[test]
fn a_seventeenth_purpose_waits_for_one_that_is_over() {
    let mut bench = Bench::new(free());
    let cases: Vec<Case> = (0..=PURPOSES).map(|n| Case::of(&format!("p{n}"))).collect();
    let mut print = |now: i64, n: usize| {
        bench.case = &cases[n];
        let id = format!("ch_{n}_{now}");
        bench
            .reserve(at(now), |case| ReserveRequest { challenge_id: &id, ..case.reserve("", IssueMode::Print) })
            .map(|_| ())
    };
    for n in 0..PURPOSES {
        print(0, n).unwrap();
    }
    assert_eq!(print(1, PURPOSES), Err(SendRefused::Purposes));
    assert_eq!(print(1, 3), Ok(()), "the sixteen go on");
    assert_eq!(print(5 * MINUTE, PURPOSES), Ok(()));
    assert_eq!(bench.known.record.purposes.len(), 2, "what is over made room");
}

#[test]
fn the_same_key_is_the_same_send() {
    let mut bench = Bench::new(free());
    let send = |bench: &mut Bench<'_>, now, id: &str, key: &str, arguments: &str| {
        bench.reserve(at(now), |case| ReserveRequest {
            challenge_id: id,
            request: Some((key, arguments)),
            ..case.sms("")
        })
    };
    assert!(matches!(send(&mut bench, 0, "ch_1", "k", "a"), Ok(Reserved::New(_))));
    assert!(matches!(send(&mut bench, 1, "ch_1", "k", "a"), Ok(Reserved::New(_))), "its own commit, found again");
    assert!(matches!(send(&mut bench, 1, "ch_2", "k", "a"), Err(SendRefused::UnderWay(_))));
    assert_eq!(send(&mut bench, 1, "ch_2", "k", "b"), Err(SendRefused::KeyReused));
    bench.mark(at(2), "ch_1", &SendResult::Sent(delivery()));
    let same = |sent: Result<Reserved, _>| matches!(sent, Ok(Reserved::Replayed(challenge)) if challenge.id == "ch_1");
    assert!(same(send(&mut bench, 3, "ch_2", "k", "a")));
    for n in 0..7 {
        bench.print(at(4), &format!("ch_other{n}"));
    }
    assert!(same(send(&mut bench, 24 * 60 * MINUTE - 1, "ch_2", "k", "a")), "however many codes came after it");
    assert!(matches!(send(&mut bench, 24 * 60 * MINUTE, "ch_2", "k", "b"), Ok(Reserved::New(_))));
    bench.mark(at(24 * 60 * MINUTE + 1), "ch_2", &SendResult::Failed(None, None));
    assert!(
        matches!(send(&mut bench, 24 * 60 * MINUTE + 2, "ch_3", "k", "b"), Ok(Reserved::New(_))),
        "a failure is none"
    );
}

#[test]
fn an_answer_is_looked_up_before_anything_else() {
    let mut bench = Bench::new(Limits {
        locks: vec![LockStep { failures: 1, length: LockLength::For(Duration::from_secs(60)) }],
        ..free()
    });
    bench.print(at(0), "ch_1");
    assert_eq!(bench.wrong(at(0), "at_1"), (Verdict::Locked, Some(Reason::TimedLock)));
    assert_eq!(bench.wrong(at(1), "at_1"), (Verdict::Locked, Some(Reason::TimedLock)));
    assert_eq!(bench.failures(at(1)), 1);
    let other = bench.attempt(at(1), |case| case.asked(&case.right, "at_1"));
    assert_eq!(other, Err(AttemptError::AttemptReused));
    assert_eq!(bench.right(at(59_999), "at_2"), (Verdict::Locked, Some(Reason::TimedLock)));
    assert_eq!(bench.right(at(60_000), "at_2"), OK, "the lock ends on the millisecond");
}

#[test]
fn a_lock_tells_its_kind() {
    let mut bench = Bench::new(Limits { locks: vec![LockStep { failures: 1, length: LockLength::Hard }], ..free() });
    bench.print(at(0), "ch_1");
    assert_eq!(bench.wrong(at(0), "at_1"), (Verdict::Locked, Some(Reason::HardLock)));
    assert_eq!(bench.known.record.ttl(at(0), &bench.limits), Ttl::Forever);
    assert_eq!(bench.right(at(i64::MAX / 2), "at_2"), (Verdict::Locked, Some(Reason::HardLock)));
    assert_eq!(bench.sms(at(1), "ch_2"), Err(SendRefused::Locked(None)));
    let step = unlock(&bench.known, at(1), &bench.limits, &UnlockRequest::default());
    let unlocked = take(&mut bench.known, step);
    assert_eq!((unlocked.locks, unlocked.failures), (1, 1));
    assert_eq!(bench.right(at(2), "at_2"), OK);
}

#[test]
fn the_hard_lock_comes_at_the_hundredth_failure() {
    let mut bench = Bench::new(Limits { cooldown: Vec::new(), per_phone: Vec::new(), ..Limits::default() });
    let mut now = 0;
    for count in 1..=100 {
        bench.print(at(now), &format!("ch_{count}"));
        let expected = match count {
            10 | 20 | 30 => (Verdict::Locked, Some(Reason::TimedLock)),
            100 => (Verdict::Locked, Some(Reason::HardLock)),
            _ => NO,
        };
        assert_eq!(bench.wrong(at(now), &format!("at_{count}")), expected, "failure {count}");
        now += 24 * 60 * MINUTE;
        assert_eq!(bench.failures(at(now)), count);
    }
}

#[test]
fn failures_are_forgotten_when_their_time_is_over() {
    let mut bench = Bench::new(Limits { failures_kept: Duration::from_secs(3600), ..free() });
    bench.print(at(0), "ch_1");
    assert_eq!(bench.wrong(at(0), "at_1"), NO);
    assert_eq!((bench.failures(at(60 * MINUTE - 1)), bench.failures(at(60 * MINUTE))), (1, 0));
    assert_eq!(bench.known.record.ttl(at(0), &bench.limits), Ttl::For(Duration::from_secs(3600)));
}

#[test]
fn both_open_codes_share_one_budget_of_tries() {
    let mut bench = Bench::new(free());
    let newer = Case { right: code("999999"), ..Case::new() };
    bench.sent(at(0), "ch_1");
    bench.case = &newer;
    for n in 0..3 {
        assert_eq!(bench.wrong(at(1), &format!("at_{n}")), NO);
    }
    bench.sms(at(2), "ch_2").unwrap();
    assert_eq!(bench.wrong(at(3), "at_3"), NO);
    assert_eq!(bench.wrong(at(3), "at_4"), NO, "the newer code has tries left");
    assert_eq!((bench.state("ch_1"), bench.state("ch_2")), (State::Exhausted, State::Pending));
    let older = bench.attempt(at(4), |case| case.asked(&CASE.right, "at_5"));
    assert_eq!(older, Ok(NO), "the older one has had its five");
    assert_eq!(bench.right(at(5), "at_6"), OK);
}

#[test]
fn an_older_code_that_was_replaced_is_recognized_until_its_end() {
    let mut bench = Bench::new(free());
    let newer = Case { right: code("999999"), ..Case::new() };
    bench.sent(at(0), "ch_1");
    bench.case = &newer;
    bench.sent(at(MINUTE), "ch_2");
    let mut old = |now, id: &str| bench.attempt(at(now), |case| case.asked(&CASE.right, id)).unwrap();
    assert_eq!(old(MINUTE, "at_1"), (Verdict::Wrong, Some(Reason::SupersededCode)));
    assert_eq!(old(5 * MINUTE, "at_2"), NO, "after that it is just wrong");
    assert_eq!(bench.failures(at(5 * MINUTE)), 2);
}

#[test]
fn tombstones_tell_why() {
    let mut bench = Bench::new(free());
    assert_eq!(bench.right(at(0), "at_0"), (Verdict::NoCode, Some(Reason::NeverIssued)));
    bench.print(at(0), "ch_1");
    assert_eq!(bench.right(at(1), "at_1"), OK);
    assert_eq!(bench.right(at(2), "at_2"), (Verdict::NoCode, Some(Reason::Used)));
    bench.print(at(3), "ch_2");
    let step = revoke(&bench.known, at(3), &RevokeRequest { challenge_id: Some("ch_1"), ..RevokeRequest::default() });
    assert_eq!((step.outcome.0.len(), step.record), (0, None), "a dead one is not killed again");
    let step = revoke(&bench.known, at(3), &RevokeRequest { challenge_id: Some("ch_2"), ..RevokeRequest::default() });
    take(&mut bench.known, step);
    assert_eq!(bench.right(at(4), "at_3"), (Verdict::NoCode, Some(Reason::Revoked)));
    bench.print(at(5), "ch_3");
    for n in 0..5 {
        bench.wrong(at(5), &format!("at_w{n}"));
    }
    assert_eq!(bench.right(at(6), "at_4"), (Verdict::Locked, Some(Reason::AttemptsExhausted)));
    assert_eq!(bench.right(at(5 + 5 * MINUTE), "at_5"), (Verdict::NoCode, Some(Reason::Expired)));
}

#[test]
fn revoke_keeps_to_the_purpose_that_was_named() {
    let mut bench = Bench::new(free());
    bench.print(at(0), "ch_1");
    let pay = Case::of("pay");
    bench.case = &pay;
    bench.print(at(0), "ch_2");
    let asked = RevokeRequest { purpose: Some(&pay.purpose), ..RevokeRequest::default() };
    let step = revoke(&bench.known, at(1), &asked);
    assert_eq!(take(&mut bench.known, step).0, ["ch_2"]);
    bench.case = &CASE;
    assert_eq!(bench.right(at(2), "at_1"), OK);
}

#[test]
fn unlock_changes_nothing_where_there_is_nothing() {
    let mut bench = Bench::new(Limits::default());
    bench.print(at(0), "ch_1");
    let step = unlock(&bench.known, at(1), &bench.limits, &UnlockRequest { limits: true, ..UnlockRequest::default() });
    assert_eq!((step.record, step.events.len()), (None, 0));
    bench.sent(at(2), "ch_2");
    let step = unlock(&bench.known, at(3), &bench.limits, &UnlockRequest::default());
    assert_eq!(step.record, None, "limits are cleared only when that is asked for");
    let step = unlock(&bench.known, at(3), &bench.limits, &UnlockRequest { limits: true, ..UnlockRequest::default() });
    assert!(take(&mut bench.known, step).limits);
    assert_eq!(budget(&bench.known.record, at(3), &bench.limits).allowed_at, at(3));
}

#[test]
fn a_code_for_a_user_is_that_users() {
    let mut bench = Bench::new(free());
    let (one, two, none) = (user("u1"), user("u2"), user("u3"));
    let missing = bench.reserve(at(0), |case| ReserveRequest { user: Some(&one), ..case.sms("ch_0") });
    assert_eq!(missing, Err(SendRefused::NoSuchUser(one.clone())));
    for name in [&one, &two] {
        let step = link(&bench.known, at(0), &Remap::of(name, None));
        take(&mut bench.known, step);
    }
    bench.reserve(at(1), |case| ReserveRequest { user: Some(&one), ..case.reserve("ch_1", IssueMode::Print) }).unwrap();
    let other = bench.attempt(at(2), |case| AttemptRequest { user: Some(&two), ..case.asked(&case.right, "at_1") });
    assert_eq!(other, Ok((Verdict::NoCode, Some(Reason::NeverIssued))));
    let missing = bench.attempt(at(2), |case| AttemptRequest { user: Some(&none), ..case.asked(&case.right, "at_1") });
    assert_eq!(missing, Err(AttemptError::NoSuchUser(none)));
    assert_eq!(bench.failures(at(2)), 0);
    let own = bench.attempt(at(2), |case| AttemptRequest { require_user: true, ..case.asked(&case.right, "at_2") });
    assert_eq!(own, Ok(OK));
}

#[test]
fn a_user_that_is_required_is_one_and_only_one() {
    let require = |bench: &mut Bench<'_>| {
        bench.attempt(at(2), |case| AttemptRequest { require_user: true, ..case.asked(&case.right, "at_1") })
    };
    let mut bench = Bench::new(free());
    bench.print(at(1), "ch_1");
    assert_eq!(require(&mut bench), Err(AttemptError::NoUser));
    for name in ["u1", "u2"] {
        let step = link(&bench.known, at(1), &Remap::of(&user(name), None));
        take(&mut bench.known, step);
    }
    bench.print(at(1), "ch_2");
    assert_eq!(require(&mut bench), Err(AttemptError::Ambiguous(vec![user("u1"), user("u2")])));
    assert_eq!(bench.failures(at(2)), 0);
}

#[test]
fn a_change_of_users_kills_even_within_one_millisecond() {
    let mut bench = Bench::new(free());
    let step = link(&bench.known, at(0), &Remap::of(&user("u1"), None));
    take(&mut bench.known, step);
    bench.print(at(0), "ch_1");
    for (name, linked) in [("u1", false), ("u1", true)] {
        let rule = if linked { link } else { unlink };
        // The clock goes backwards, too.
        let step = rule(&bench.known, at(-5000), &Remap::of(&user(name), None));
        assert!(matches!(take(&mut bench.known, step), Linked::Changed(_)));
    }
    assert_eq!(bench.right(at(1), "at_1"), (Verdict::NoCode, Some(Reason::Superseded)));
}

#[test]
fn no_more_users_fit_than_there_is_room() {
    let mut known = PhoneState::default();
    for n in 0..USERS_PER_PHONE {
        let step = link(&known, at(0), &Remap::of(&user(&format!("u{n}")), None));
        take(&mut known, step);
    }
    assert_eq!(link(&known, at(0), &Remap::of(&user("more"), None)).outcome, Linked::Full);
    assert!(matches!(link(&known, at(0), &Remap::of(&user("u3"), None)).outcome, Linked::Already(Some(_))));
    assert_eq!(unlink(&known, at(0), &Remap::of(&user("more"), None)).outcome, Linked::Already(None));
}

#[test]
fn a_pepper_that_is_gone_is_no_wrong_code() {
    let mut bench = Bench::new(free());
    bench.print(at(0), "ch_1");
    let (rotated, both) =
        (Case { peppers: peppers(&["k2"]), ..Case::new() }, Case { peppers: peppers(&["k2", "k1"]), ..Case::new() });
    bench.case = &rotated;
    let gone = bench.attempt(at(1), |case| case.asked(&case.right, "at_1"));
    assert!(matches!(gone, Err(AttemptError::UnknownKey(_))), "{gone:?}");
    bench.case = &both;
    assert_eq!(bench.right(at(2), "at_1"), OK);
    assert_eq!(bench.right(at(3), "at_1"), OK, "the answer is found again under the new pepper");
}

#[test]
fn a_mac_of_another_place_is_worth_nothing() {
    let mut bench = Bench::new(free());
    bench.print(at(0), "ch_1");
    let original = bench.known.record.clone();
    let mut elsewhere = Bench::new(free());
    let pay = Case::of("pay");
    elsewhere.case = &pay;
    elsewhere.print(at(0), "ch_1");
    let stolen = original.purposes[&bench.case.purpose].clone();
    elsewhere.known.record.purposes.insert(elsewhere.case.purpose.clone(), stolen.clone());
    assert_eq!(elsewhere.right(at(1), "at_1"), NO, "another purpose");
    bench.known.record.purposes.get_mut(&bench.case.purpose).unwrap().challenges[0].id = "ch_2".to_owned();
    assert_eq!(bench.right(at(1), "at_1"), NO, "another challenge");
    bench.known.record = original.clone();
    bench.known.record.purposes.get_mut(&bench.case.purpose).unwrap().challenges[0].mac = None;
    assert_eq!(bench.right(at(1), "at_1"), NO, "none at all");
    bench.known.record = original;
    let neighbor = Case { phone: Phone::parse("+919876543211", None).unwrap(), ..Case::new() };
    bench.case = &neighbor;
    assert_eq!(bench.right(at(1), "at_1"), NO, "another phone");
}

#[test]
fn an_empty_record_is_over_at_once() {
    assert_eq!(Record::default().ttl(at(0), &Limits::default()), Ttl::Expired);
    assert_eq!(Record::read(None), Ok(Record::default()));
}

/// A phone with one SMS, `c1`, that the gateway calls `m1`.
fn with_an_sms(said: impl FnOnce(Delivery) -> SendResult) -> Bench<'static> {
    let mut bench = Bench::new(free());
    bench.sms(at(0), "c1").unwrap();
    let delivery = Delivery { message_id: Some("m1".to_owned()), ..delivery() };
    bench.mark(at(1), "c1", &said(delivery));
    bench
}

impl Bench<'_> {
    fn report(&mut self, now: Moment, message: MessageRef<'_>, report_of: &DeliveryReport) -> (Recorded, Vec<String>) {
        let said = Reported { message, provider: Some("p"), report: report_of, reason: None };
        let step = report(&self.known, now, &said);
        let told = step.events.iter().map(|event| event.result.clone()).collect();
        (take(&mut self.known, step), told)
    }

    fn stands(&self, id: &str) -> Option<DeliveryState> {
        let (_, challenge) = self.known.record.challenge(id).unwrap();
        challenge.delivery.as_ref().unwrap().report.as_ref().and_then(|report| report.state)
    }
}

#[test]
fn a_delivery_report_goes_forward_and_never_back() {
    use DeliveryState::{Accepted, Delivered, Failed, Sent};
    let mut bench = with_an_sms(SendResult::Sent);
    for (report, stands, told) in [
        (Sent, Sent, 1),
        (Accepted, Sent, 0),
        (Sent, Sent, 0),
        (Delivered, Delivered, 1),
        (Delivered, Delivered, 0),
        (Failed, Delivered, 0),
        (Sent, Delivered, 0),
    ] {
        let (recorded, events) = bench.report(at(10), MessageRef::Message("m1"), &DeliveryReport::of(report));
        assert_eq!((bench.stands("c1"), events.len()), (Some(stands), told), "{report:?}");
        assert_eq!(matches!(recorded, Recorded::News(_)), told == 1, "{report:?}");
    }
    let (_, challenge) = bench.known.record.challenge("c1").unwrap();
    assert_eq!((challenge.state, challenge.is_live(at(10))), (State::Sent, true), "the code is as valid as it was");
}

#[test]
fn a_word_that_is_not_known_takes_the_place_of_nothing_that_is() {
    let mut bench = with_an_sms(SendResult::Sent);
    let odd =
        DeliveryReport { state: None, word: "PARKED".to_owned(), reason: None, code: None, said: None, operator: None };
    let (recorded, told) = bench.report(at(10), MessageRef::Message("m1"), &odd);
    assert!(matches!(recorded, Recorded::News(_)) && told == ["PARKED"]);
    bench.report(at(11), MessageRef::Message("m1"), &DeliveryReport::of(DeliveryState::Sent));
    let (recorded, told) = bench.report(at(12), MessageRef::Message("m1"), &odd);
    assert!(matches!(recorded, Recorded::Old(_)) && told.is_empty());
    assert_eq!(bench.stands("c1"), Some(DeliveryState::Sent));
}

#[test]
fn a_report_of_another_message_changes_nothing_and_is_told() {
    let mut bench = with_an_sms(SendResult::Sent);
    let before = bench.known.clone();
    let delivered = DeliveryReport::of(DeliveryState::Delivered);
    for message in [MessageRef::Message("m2"), MessageRef::Challenge("c2")] {
        assert_eq!(bench.report(at(10), message, &delivered), (Recorded::UnknownMessage, vec!["refused".to_owned()]));
    }
    let said = Reported { message: MessageRef::Message("m1"), provider: Some("q"), report: &delivered, reason: None };
    assert_eq!(report(&bench.known, at(10), &said).outcome, Recorded::UnknownMessage, "another provider's id");
    assert_eq!(bench.known, before);
    let nobody = report(&PhoneState::default(), at(10), &said);
    assert_eq!((nobody.outcome, nobody.record, nobody.events.len()), (Recorded::UnknownMessage, None, 0));
}

#[test]
fn a_report_settles_a_send_in_doubt_and_supersedes_only_what_is_older() {
    let mut bench = Bench::new(free());
    bench.sms(at(0), "c0").unwrap();
    bench.mark(at(1), "c0", &SendResult::Sent(delivery()));
    bench.sms(at(2), "c1").unwrap();
    bench.mark(at(3), "c1", &SendResult::Unknown(Delivery { message_id: Some("m1".to_owned()), ..delivery() }));
    bench.sms(at(4), "c2").unwrap();
    bench.mark(at(5), "c2", &SendResult::Unknown(delivery()));
    let failed = DeliveryReport::of(DeliveryState::Failed);
    let mut doubtful = bench.known.clone();
    let said = Reported { message: MessageRef::Message("m1"), provider: None, report: &failed, reason: None };
    let step = report(&doubtful, at(6), &said);
    take(&mut doubtful, step);
    assert_eq!(doubtful.record.challenge("c1").unwrap().1.state, State::Unknown, "it went nowhere");

    bench.report(at(6), MessageRef::Message("m1"), &DeliveryReport::of(DeliveryState::Sent));
    let state = |id| bench.known.record.challenge(id).unwrap().1.state;
    assert_eq!((state("c0"), state("c1"), state("c2")), (State::Superseded, State::Sent, State::Unknown));
}

#[test]
fn what_ended_before_its_provider_was_heard_did_not_surely_go_out() {
    let went_out =
        |bench: &Bench<'_>| bench.known.record.challenge("c1").unwrap().1.send_outcome() == SendOutcome::Accepted;
    let superseded = |said: Option<SendResult>| {
        let mut bench = Bench::new(free());
        bench.sms(at(0), "c1").unwrap();
        if let Some(said) = said {
            bench.mark(at(1), "c1", &said);
        }
        // Its sender is taken for dead by now.
        bench.sms(at(MINUTE), "c2").unwrap();
        bench.mark(at(MINUTE + 1), "c2", &SendResult::Sent(delivery()));
        assert_eq!(bench.known.record.challenge("c1").unwrap().1.state, State::Superseded);
        went_out(&bench)
    };
    let with_id = Delivery { message_id: Some("m1".to_owned()), ..delivery() };
    let in_doubt = Delivery { detail: Some("no answer".to_owned()), ..delivery() };
    assert!(superseded(Some(SendResult::Sent(with_id))) && superseded(Some(SendResult::Sent(delivery()))));
    assert!(!superseded(Some(SendResult::Unknown(in_doubt))) && !superseded(None));
}
