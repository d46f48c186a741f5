//! What is told of the next send is what the next send meets, whatever happened before.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::{Case, LEASE, at, take};
use crate::otp::brake::{BrakeMode, Cell, brake};
use crate::otp::counter::{Counter, SumCounter};
use crate::otp::policy_entry::{CallingPolicy, PhonePolicy, PolicyEffect, PolicyEntry, Scope, deciding};
use crate::otp::record::{Delivery, Lock};
use crate::otp::rules::{
    IssueMode, PhoneState, SendContext, SendRefused, SendResult, SendRule, allowance, full_channels, record_send,
    reserve,
};
use crate::otp::{Channel, Countries, Denied, Limits, Moment, NumberType, Policy, Purpose, Quota};

/// What happens before the send.
#[derive(Debug, Clone)]
enum Act {
    Send(usize, usize),
    /// To another number of the prefix.
    Neighbor(u16),
    /// To another prefix of the country.
    Elsewhere,
    Lock(usize, Option<u64>),
    Entry(usize, PolicyEffect, Option<u64>),
    Purposes(usize),
    Pumped(i64),
    Verified,
    Pass(u64),
}

const PURPOSES: [&str; 2] = ["login", "pay"];
const NAMES: [&str; 4] = ["", "+9198", "+919876", "IN"];

fn act() -> impl Strategy<Value = Act> {
    let effect = prop_oneof![Just(PolicyEffect::Block), Just(PolicyEffect::Allow)];
    prop_oneof![
        6 => (0..2_usize, 0..4_usize).prop_map(|(purpose, said)| Act::Send(purpose, said)),
        3 => (3190..3230_u16).prop_map(Act::Neighbor),
        2 => Just(Act::Elsewhere),
        1 => (0..2_usize, prop::option::of(1..20_000_u64)).prop_map(|(purpose, ends)| Act::Lock(purpose, ends)),
        1 => (0..NAMES.len(), effect, prop::option::of(1..20_000_u64))
            .prop_map(|(name, effect, ends)| Act::Entry(name, effect, ends)),
        1 => (1..18_usize).prop_map(Act::Purposes),
        1 => (1..25_i64).prop_map(Act::Pumped),
        1 => Just(Act::Verified),
        6 => prop_oneof![Just(0), 1..800_u64, 1000..12_000_u64, Just(601_000)].prop_map(Act::Pass),
    ]
}

fn limits() -> Limits {
    let quota = |seconds, limit| Quota { window: Duration::from_secs(seconds), limit };
    Limits {
        cooldown: vec![Duration::from_millis(500), Duration::from_secs(3)],
        per_phone: vec![quota(10, 3), quota(120, 6)],
        per_prefix: vec![quota(20, 5)],
        per_country: vec![quota(30, 7)],
        caps: BTreeMap::from([(Channel::Sms, vec![quota(40, 9)])]),
        ..Limits::default()
    }
}

/// All that decides a send.
#[derive(Default)]
struct World {
    known: PhoneState,
    calling: CallingPolicy,
    prefix: Counter,
    country: SumCounter,
    sums: BTreeMap<Channel, SumCounter>,
    cells: (Cell, Cell),
}

impl World {
    fn elsewhere(&mut self, now: Moment, limits: &Limits) {
        let fields = self.country.fields(now, &limits.per_country);
        self.country = std::mem::take(&mut self.country).plus(&fields, 1);
        for (channel, caps) in &limits.caps {
            let counter = self.sums.remove(channel).unwrap_or_default();
            let fields = counter.fields(now, caps);
            self.sums.insert(*channel, counter.plus(&fields, 1));
        }
    }

    /// So many sends to strangers of its range.
    fn pumped(&mut self, now: Moment, count: i64) {
        let (range, country) = std::mem::take(&mut self.cells);
        self.cells = (range.plus(&Cell::sends(now), count), country.plus(&Cell::sends(now), count));
    }

    fn entry(&mut self, name: usize, effect: PolicyEffect, until: Option<Moment>, now: Moment) {
        let entry = PolicyEntry { effect, until, opted_out: None, ..PolicyEntry::opt_out(now, "p") };
        if NAMES[name].is_empty() {
            self.known.policy = PhonePolicy::default().with(entry);
        } else {
            self.calling.entries.insert(NAMES[name].to_owned(), entry);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_told_of_a_send_is_what_it_meets(
        acts in prop::collection::vec(act(), 0..40),
        (mobile, abroad, real, purpose) in (any::<bool>(), prop::bool::weighted(0.1), any::<bool>(), 0..2_usize),
        brakes in prop_oneof![Just(BrakeMode::Off), Just(BrakeMode::Observe), Just(BrakeMode::Enforce)],
    ) {
        let (limits, mut world, mut now, mut made, mut seen) = (limits(), World::default(), at(0), 0_u32, false);
        let types = if mobile { vec![NumberType::Mobile] } else { vec![NumberType::FixedLine] };
        let countries = abroad.then(|| Countries::only(["AE".parse().unwrap()]));
        let policy = Policy { countries, types, brakes };
        for act in acts {
            match act {
                Act::Pass(millis) => now = now.after(Duration::from_millis(millis)),
                Act::Send(purpose, said) => {
                    let case = Case::of(PURPOSES[purpose]);
                    made += 1;
                    let id = format!("ch_{made}");
                    let Ok(step) = reserve(&world.known, now, &limits, &case.sms(&id)) else { continue };
                    take(&mut world.known, step);
                    world.prefix = world.prefix.count(now, &limits.per_prefix, real.then(|| case.phone.last_four()));
                    world.elsewhere(now, &limits);
                    let delivery = Delivery::by("p");
                    let said = match said {
                        0 => SendResult::Sent(delivery),
                        1 => SendResult::Unknown(delivery),
                        2 => SendResult::Failed(None, None),
                        // Nobody hears of it: it stays under way until its lease is over.
                        _ => continue,
                    };
                    let step = record_send(&world.known, now, &id, &said);
                    take(&mut world.known, step);
                }
                Act::Neighbor(number) => {
                    world.prefix = world.prefix.count(now, &limits.per_prefix, Some(number));
                    world.elsewhere(now, &limits);
                }
                Act::Elsewhere => world.elsewhere(now, &limits),
                Act::Lock(purpose, ends) => {
                    let purpose = Purpose::new(PURPOSES[purpose]).unwrap();
                    let until = ends.map(|millis| now.after(Duration::from_millis(millis)));
                    world.known.record.purposes.entry(purpose).or_default().lock = Some(Lock { until });
                }
                Act::Entry(name, effect, ends) => {
                    world.entry(name, effect, ends.map(|millis| now.after(Duration::from_millis(millis))), now);
                }
                Act::Pumped(count) => world.pumped(now, count),
                Act::Verified => seen = true,
                Act::Purposes(count) => for purpose in 0..count {
                    let lock = Some(Lock { until: None });
                    let purpose = Purpose::new(&format!("p{purpose}")).unwrap();
                    world.known.record.purposes.entry(purpose).or_default().lock = lock;
                },
            }
        }
        let case = Case::of(PURPOSES[purpose]);
        let context = SendContext {
            phone: &case.phone,
            purpose: &case.purpose,
            policy: &policy,
            limits: &limits,
            real,
            calling: Some(&world.calling),
            prefix: Some(&world.prefix),
            country: Some(&world.country),
            channels: &[Channel::Sms],
            sums: &world.sums,
            cost: None,
            spent: &BTreeMap::new(),
            cells: Some((&world.cells.0, &world.cells.1)),
            seen,
        };
        let told = allowance(&world.known, now, &context);
        // Each part of a send by itself, in the order in which it is done.
        let entry = deciding(&case.phone, &world.known.policy, Some(&world.calling), now).map(|(_, entry)| entry.effect);
        let is_allowed = entry == Some(PolicyEffect::Allow);
        let by_policy = entry != Some(PolicyEffect::Block) && (is_allowed || policy.check(&case.phone, seen).is_ok());
        let is_pumping = real && !is_allowed && !seen && brakes != BrakeMode::Off
            && (world.prefix.is_run(now, case.phone.last_four()) || brake(&world.cells.0, &world.cells.1, now).is_some());
        let reserved = reserve(&world.known, now, &limits, &case.reserve("ch_new", IssueMode::Sms { lease: LEASE, channel: Channel::Sms }));
        let accepted = by_policy
            && reserved.is_ok()
            && world.prefix.take(now, &limits.per_prefix, None).is_ok()
            && world.country.full(now, &limits.per_country).is_none()
            && full_channels(&world.sums, now, &limits).is_empty()
            && !(is_pumping && brakes == BrakeMode::Enforce);
        let is_blocked = entry == Some(PolicyEffect::Block);
        let observed = is_pumping && brakes == BrakeMode::Observe && !is_blocked;
        prop_assert_eq!(told.would_refuse.is_some(), observed);
        prop_assert_eq!(told.allowed, accepted, "{:?} against {:?}", told, reserved.err());
        prop_assert_eq!((told.allowed, told.rule.is_none(), told.refused.is_none()), (accepted, accepted, accepted));
        if let Some(until) = told.until {
            prop_assert!(until > now);
        }
        if let (Some(rule), Err(refused)) = (told.rule, reserved.map(|_| ())) {
            let is_of_phone = matches!(rule, SendRule::Lock | SendRule::Cooldown | SendRule::PerPhone);
            prop_assert!(refused.rule().is_some(), "the phone knows why");
            prop_assert!(!is_of_phone || refused.rule().is_some_and(|own| own == rule
                || matches!(own, SendRule::Blocked | SendRule::UnderWay | SendRule::Purposes)));
        }
    }
}

#[test]
fn a_blocked_phone_is_refused_by_its_own_step_too() {
    let (case, mut world) = (Case::new(), World::default());
    world.entry(0, PolicyEffect::Block, Some(at(1000)), at(0));
    let refused = |now| reserve(&world.known, now, &limits(), &case.sms("ch_1")).err();
    let Some(SendRefused::Denied(Denied::Blocked(Scope::Phone(_), entry))) = refused(at(999)) else { panic!("sent") };
    assert_eq!(entry.until, Some(at(1000)));
    assert_eq!(refused(at(1000)), None);
    let printed = reserve(&world.known, at(0), &limits(), &case.reserve("ch_2", IssueMode::Print));
    assert!(printed.is_ok(), "no SMS is sent for a printed code");
}

#[test]
fn a_lock_is_told_before_limits_and_of_these_the_one_that_ends_last() {
    let (case, mut world, limits) = (Case::new(), World::default(), limits());
    let step = reserve(&world.known, at(0), &limits, &case.sms("ch_1")).unwrap();
    take(&mut world.known, step);
    for _ in 0..5 {
        world.prefix = world.prefix.count(at(0), &limits.per_prefix, None);
    }
    let told = |world: &World| {
        let context = SendContext {
            phone: &case.phone,
            purpose: &case.purpose,
            policy: &Policy::default(),
            limits: &limits,
            real: false,
            calling: None,
            prefix: Some(&world.prefix),
            country: None,
            channels: &[],
            sums: &world.sums,
            cost: None,
            spent: &BTreeMap::new(),
            cells: None,
            seen: false,
        };
        let told = allowance(&world.known, at(1), &context);
        (told.rule, told.reason)
    };
    assert_eq!(told(&world).0, Some(SendRule::UnderWay));
    let step = record_send(&world.known, at(0), "ch_1", &SendResult::Sent(Delivery::by("p")));
    take(&mut world.known, step);
    let full = "this prefix has reached its limit of 5 codes in 20 s".to_owned();
    assert_eq!(told(&world), (Some(SendRule::PerPrefix), Some(full)));
    let lock = Some(Lock { until: Some(at(5)) });
    world.known.record.purposes.get_mut(&case.purpose).unwrap().lock = lock;
    assert_eq!(told(&world).0, Some(SendRule::Lock));
}
