//! Random histories against what must hold whatever happens.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::{Case, at, code, take, user};
use crate::otp::record::{Answer, Challenge, Delivery, Lock, Record, State, Verdict};
use crate::otp::rules::delivery_report::LONGEST_WORD;
use crate::otp::rules::{
    AttemptError, AttemptOutcome, AttemptRequest, Decision, IssueMode, Linked, PhoneState, Remap, ReserveRequest,
    Reserved, RevokeRequest, SendRefused, SendResult, UnlockRequest, attempt, link, record_send, reserve, revoke,
    unlink, unlock,
};
use crate::otp::{Channel, DeliveryReport, DeliveryState, Limits, LockLength, LockStep, Moment, Purpose, Quota};
use crate::otp::{Stored as _, Ttl};

const MAX_TRIES: u32 = 3;
const LEASE: Duration = Duration::from_secs(2);
const PURPOSES: [&str; 2] = ["login", "pay"];
/// Few, so that codes come twice.
const CODES: [&str; 4] = ["000000", "111111", "222222", "333333"];
/// The largest value that a store is to be bothered with.
const LARGEST: usize = 16 * 1024;

fn limits() -> Limits {
    let lock = |failures, length| LockStep { failures, length };
    let quota = |seconds, limit| Quota { window: Duration::from_secs(seconds), limit };
    Limits {
        cooldown: vec![Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(3)],
        per_phone: vec![quota(10, 3), quota(120, 8)],
        per_prefix: Vec::new(),
        per_country: Vec::new(),
        caps: BTreeMap::new(),
        spend: BTreeMap::new(),
        locks: vec![
            lock(4, LockLength::For(Duration::from_secs(2))),
            lock(7, LockLength::For(Duration::from_secs(10))),
            lock(12, LockLength::Hard),
        ],
        failures_kept: Duration::from_secs(3 * 3600),
    }
}

#[derive(Debug, Clone)]
enum Act {
    Send {
        purpose: usize,
        code: usize,
        key: Option<(usize, usize)>,
    },
    Print {
        purpose: usize,
        code: usize,
    },
    /// About one of the newest challenges.
    Mark {
        back: usize,
        said: usize,
    },
    /// `again`: under the id of one of the attempts before.
    Try {
        purpose: usize,
        code: usize,
        again: Option<usize>,
    },
    Revoke {
        purpose: Option<usize>,
    },
    Unlock {
        purpose: Option<usize>,
        limits: bool,
    },
    Link(usize),
    Unlink(usize),
    Pass(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let (purpose, code) = (0..PURPOSES.len(), 0..CODES.len());
    prop_oneof![
        6 => (purpose.clone(), code.clone(), prop::option::weighted(0.3, (0..3_usize, 0..2_usize)))
            .prop_map(|(purpose, code, key)| Act::Send { purpose, code, key }),
        3 => (purpose.clone(), code.clone()).prop_map(|(purpose, code)| Act::Print { purpose, code }),
        6 => (0..3_usize, 0..3_usize).prop_map(|(back, said)| Act::Mark { back, said }),
        14 => (purpose.clone(), code, prop::option::weighted(0.15, 0..4_usize))
            .prop_map(|(purpose, code, again)| Act::Try { purpose, code, again }),
        1 => prop::option::of(purpose.clone()).prop_map(|purpose| Act::Revoke { purpose }),
        1 => (prop::option::of(purpose), any::<bool>()).prop_map(|(purpose, limits)| Act::Unlock { purpose, limits }),
        1 => (0..2_usize).prop_map(Act::Link),
        1 => (0..2_usize).prop_map(Act::Unlink),
        8 => prop_oneof![Just(1), 1..800_u64, 1000..12_000_u64, Just(61_000), Just(7_200_000)].prop_map(Act::Pass),
    ]
}

/// What is known of a challenge from outside.
struct Seen {
    purpose: usize,
    code: usize,
    mapping: u32,
    ends: Moment,
    over: bool,
    looked_at: u32,
}

/// What was answered to an attempt.
struct Asking {
    id: String,
    purpose: usize,
    code: usize,
    answer: Answer,
    until: Moment,
}

#[derive(Default, Clone, Copy)]
struct Failures {
    count: u32,
    at: Option<Moment>,
    lock: Option<Lock>,
}

/// A store of one phone that forgets what is over, and a second book that is kept by other means.
struct World {
    case: Case,
    limits: Limits,
    now: Moment,
    held: Option<Vec<u8>>,
    end: Option<Moment>,
    known: PhoneState,
    seen: BTreeMap<String, Seen>,
    made: Vec<String>,
    asked: Vec<Asking>,
    failures: [Failures; 2],
    sends: Vec<Moment>,
    requests: BTreeMap<usize, (usize, String, Moment)>,
    said: BTreeMap<String, usize>,
    mapping: u32,
}

impl World {
    fn new() -> Self {
        Self {
            case: Case::new(),
            limits: limits(),
            now: at(0),
            held: None,
            end: None,
            known: PhoneState::default(),
            seen: BTreeMap::new(),
            made: Vec::new(),
            asked: Vec::new(),
            failures: [Failures::default(); 2],
            sends: Vec::new(),
            requests: BTreeMap::new(),
            said: BTreeMap::new(),
            mapping: 0,
        }
    }

    /// Writes what a rule decided, as a store would, and reads it again.
    fn store<T>(&mut self, step: Decision<T>) -> T {
        if let Some(record) = &step.record {
            let bytes = record.write();
            assert!(bytes.len() < LARGEST, "{} bytes", bytes.len());
            assert_eq!(Record::read(Some(&bytes)).as_ref(), Ok(record), "what is read is what was written");
            assert!(step.events.iter().all(|event| serde_json::to_vec(event).unwrap().len() < 1024));
            (self.held, self.end) = match record.ttl(self.now, &self.limits) {
                Ttl::Expired => (None, None),
                Ttl::For(ttl) => (Some(bytes), Some(self.now.after(ttl))),
                Ttl::Forever => (Some(bytes), None),
            };
        }
        let outcome = take(&mut self.known, step);
        self.load();
        outcome
    }

    fn load(&mut self) {
        if self.end.is_some_and(|end| end <= self.now) {
            (self.held, self.end) = (None, None);
        }
        self.known.record = Record::read(self.held.as_deref()).unwrap();
    }

    fn purpose(&mut self, purpose: usize) {
        self.case.purpose = Purpose::new(PURPOSES[purpose]).unwrap();
    }

    fn held(&self, id: &str) -> Option<&Challenge> {
        self.known.record.challenge(id).map(|(_, challenge)| challenge)
    }

    fn is_live(&self, id: &str) -> bool {
        self.held(id).is_some_and(|challenge| challenge.is_live(self.now))
    }

    fn act(&mut self, act: &Act) {
        let before: BTreeSet<String> = self.made.iter().filter(|id| self.is_live(id)).cloned().collect();
        let may_end: &[State] = match *act {
            Act::Send { purpose, code, key } => self.send(purpose, code, key),
            Act::Print { purpose, code } => self.print(purpose, code),
            Act::Mark { back, said } => self.mark(back, said),
            Act::Try { purpose, code, again } => self.attempt(purpose, code, again),
            Act::Revoke { purpose } => self.revoke(purpose),
            Act::Unlock { purpose, limits } => self.unlock(purpose, limits),
            Act::Link(name) => self.link(name, true),
            Act::Unlink(name) => self.link(name, false),
            Act::Pass(millis) => {
                self.now = self.now.after(Duration::from_millis(millis));
                self.load();
                &[]
            }
        };
        self.check(&before, may_end);
    }

    /// Holds the two books together.
    fn check(&mut self, before: &BTreeSet<String>, may_end: &[State]) {
        for id in before.iter().filter(|id| !self.is_live(id)) {
            let state = self.held(id).map(|challenge| challenge.state);
            let expired = self.seen[id].ends <= self.now;
            assert!(expired || state.is_some_and(|state| may_end.contains(&state)), "{id} ended as {state:?}");
        }
        for id in &self.made {
            let seen = &self.seen[id];
            assert!(!(seen.over && self.is_live(id)), "{id} came back");
            assert!(!(seen.ends <= self.now && self.is_live(id)), "{id} outlived its end");
        }
        let over: Vec<String> = self.made.iter().filter(|id| !self.is_live(id)).cloned().collect();
        for id in over {
            self.seen.get_mut(&id).unwrap().over = true;
        }
        for (index, name) in PURPOSES.iter().enumerate() {
            let own = &mut self.failures[index];
            if own.at.is_some_and(|failed| failed.after(self.limits.failures_kept) <= self.now) {
                (own.count, own.at) = (0, None);
            }
            own.lock = own.lock.filter(|lock| lock.holds(self.now));
            let purpose_state = self.known.record.purposes.get(&Purpose::new(name).unwrap());
            let count = purpose_state.map_or(0, |purpose_state| purpose_state.failures(self.now, &self.limits));
            let lock = purpose_state.and_then(|purpose_state| purpose_state.lock(self.now));
            assert_eq!((count, lock), (own.count, own.lock), "failures and lock of {name}");
        }
        for quota in &self.limits.per_phone {
            let inside = self.sends.iter().filter(|sent| sent.after(quota.window) > self.now).count();
            assert!(inside <= usize::try_from(quota.limit).unwrap(), "{inside} sends in {:?}", quota.window);
        }
    }

    fn reserve(
        &mut self,
        purpose: usize,
        code_index: usize,
        way: IssueMode,
        key: Option<(usize, usize)>,
    ) -> &'static [State] {
        self.purpose(purpose);
        self.case.right = code(CODES[code_index]);
        let id = format!("ch_{}", self.made.len());
        let words = key.map(|(key, arguments)| (key.to_string(), format!("{arguments}/{purpose}")));
        let request = words.as_ref().map(|(key, arguments)| (key.as_str(), arguments.as_str()));
        let asked = ReserveRequest {
            ttl: Duration::from_secs(5),
            max_tries: MAX_TRIES,
            request,
            ..self.case.reserve(&id, way)
        };
        // Looked at before: what makes place for the new one may be this.
        // A code that was typed has arrived, whatever its provider said.
        let used = |id: &String| {
            self.asked
                .iter()
                .any(|asking| asking.answer.verdict == Verdict::Ok && asking.answer.challenge_id.as_ref() == Some(id))
        };
        let failed = |(_, id, _): &(_, String, _)| self.said.get(id) == Some(&2) && !used(id);
        let failed = key.and_then(|(key, _)| self.requests.get(&key)).is_some_and(failed);
        match reserve(&self.known, self.now, &self.limits, &asked) {
            Err(refused) => {
                self.honest(&refused, &asked, key.map(|(key, arguments)| (key, arguments * 2 + purpose)));
            }
            Ok(step) => match self.store(step) {
                Reserved::Replayed(challenge) => {
                    let (arguments, earlier, until) = &self.requests[&key.unwrap().0];
                    assert_eq!((earlier, *arguments), (&challenge.id, key.unwrap().1 * 2 + purpose));
                    assert!(*until > self.now);
                }
                Reserved::New(challenge) => {
                    assert!(self.failures[purpose].lock.is_none(), "no code for a phone that is locked");
                    if let Some((key, arguments)) = key {
                        let earlier = self.requests.get(&key).filter(|(_, _, until)| *until > self.now);
                        assert!(earlier.is_none() || failed, "sent twice under one key");
                        let until = self.now.after(super::super::REQUEST_KEPT);
                        self.requests.insert(key, (arguments * 2 + purpose, id.clone(), until));
                    }
                    if way != IssueMode::Print {
                        self.sends.push(self.now);
                    }
                    let (mapping, ends) = (self.mapping, challenge.expires_at);
                    let seen = Seen { purpose, code: code_index, mapping, ends, over: false, looked_at: 0 };
                    self.seen.insert(id.clone(), seen);
                    self.made.push(id);
                }
            },
        }
        &[State::Superseded]
    }

    /// A refusal is for a reason that is there, and ends when it says.
    fn honest(&self, refused: &SendRefused, asked: &ReserveRequest<'_>, key: Option<(usize, usize)>) {
        let again = |now| reserve(&self.known, now, &self.limits, asked).map(|_| ());
        let limited = |refused: &Result<(), SendRefused>| {
            matches!(refused, Err(SendRefused::Cooldown(_) | SendRefused::Quota(..)))
        };
        match refused {
            SendRefused::Cooldown(until) | SendRefused::Quota(_, until) => {
                assert!(
                    *until > self.now && !limited(&again(*until)),
                    "at {until:?} there is room: {:?}",
                    again(*until)
                );
                assert!(limited(&again(until.before(Duration::from_millis(1)))), "and not before");
            }
            SendRefused::Locked(until) => assert!(until.is_none_or(|until| until > self.now)),
            SendRefused::UnderWay(until) => assert!(*until > self.now && until.since(self.now) <= LEASE),
            SendRefused::KeyReused => {
                let (key, arguments) = key.unwrap();
                assert_ne!(self.requests[&key].0, arguments);
            }
            other => panic!("{other:?}"),
        }
    }

    fn send(&mut self, purpose: usize, code: usize, key: Option<(usize, usize)>) -> &'static [State] {
        self.reserve(purpose, code, IssueMode::Sms { lease: LEASE, channel: Channel::Sms }, key)
    }

    fn print(&mut self, purpose: usize, code: usize) -> &'static [State] {
        self.reserve(purpose, code, IssueMode::Print, None)
    }

    fn mark(&mut self, back: usize, said: usize) -> &'static [State] {
        let Some(id) = self.made.iter().rev().nth(back).cloned() else { return &[] };
        // A provider is heard once.
        self.said.entry(id.clone()).or_insert(said);
        let delivery = Delivery::by("p");
        let said = match said {
            0 => SendResult::Sent(delivery),
            1 => SendResult::Unknown(delivery),
            _ => SendResult::Failed(Some(delivery), None),
        };
        let pending = self.held(&id).is_some_and(|challenge| challenge.state == State::Pending);
        let step = record_send(&self.known, self.now, &id, &said);
        self.store(step);
        match said {
            _ if !pending => &[],
            SendResult::Sent(_) => &[State::Superseded],
            SendResult::Unknown(_) => &[],
            SendResult::Failed(..) => &[State::Failed],
        }
    }

    fn attempt(&mut self, purpose: usize, code_index: usize, again: Option<usize>) -> &'static [State] {
        self.purpose(purpose);
        let earlier = again.and_then(|back| self.asked.iter().rev().nth(back));
        let id = earlier.map_or_else(|| format!("at_{}", self.asked.len()), |earlier| earlier.id.clone());
        let typed = code(CODES[code_index]);
        let asked = AttemptRequest { attempt_id: &id, ..self.case.asked(&typed, "") };
        let first = attempt(&self.known, self.now, &self.limits, &asked);
        assert_eq!(first, attempt(&self.known, self.now, &self.limits, &asked), "the same question, the same answer");
        // Kept are the last eight of a purpose, and of these a yes the longest.
        let kept = self.asked.iter().rev().filter(|asking| asking.purpose == purpose).take(8);
        let kept = kept.into_iter().find(|asking| asking.id == id && asking.until > self.now);
        match first {
            Err(refused) => {
                match refused {
                    AttemptError::AttemptReused => assert!(self.asked.iter().any(|asking| asking.id == id)),
                    AttemptError::NoSuchUser(_) => assert!(self.known.users.users.is_empty()),
                    other => panic!("{other:?}"),
                }
                &[]
            }
            Ok(step) => {
                let (changed, tried) = (step.record.is_some(), step.outcome.clone());
                if let Some(kept) = kept {
                    assert_eq!((kept.code, tried.replayed), (code_index, true), "an answer got lost");
                }
                if tried.replayed {
                    assert!(!changed, "what is asked again changes nothing");
                    let known = self.asked.iter().rev().find(|asking| asking.id == id && asking.purpose == purpose);
                    assert_eq!(known.map(|known| &known.answer), Some(&tried.answer));
                    return &[];
                }
                self.judge(purpose, code_index, id, changed, &tried);
                self.store(step);
                match tried.answer.verdict {
                    Verdict::Ok => &[State::Used, State::Superseded],
                    _ => &[State::Exhausted],
                }
            }
        }
    }

    /// Whether a first answer is the right one, by the second book.
    fn judge(&mut self, purpose: usize, code: usize, id: String, changed: bool, tried: &AttemptOutcome) {
        let open = |id: &&String| {
            let seen = &self.seen[*id];
            seen.purpose == purpose && seen.mapping == self.mapping && !seen.over && seen.ends > self.now
        };
        let open: Vec<String> = self.made.iter().filter(open).cloned().collect();
        let locked = self.failures[purpose].lock.is_some();
        let right = open.iter().any(|id| self.seen[id].code == code);
        assert_eq!(tried.answer.verdict == Verdict::Ok, right && !locked, "{:?}, open: {open:?}", tried.answer);
        assert_eq!(changed, !locked && !open.is_empty(), "what is not looked at is not counted");
        if !changed {
            return;
        }
        for id in &open {
            let seen = self.seen.get_mut(id).unwrap();
            seen.looked_at += 1;
            assert!(seen.looked_at <= MAX_TRIES, "{id} was compared {} times", seen.looked_at);
        }
        let own = &mut self.failures[purpose];
        if tried.answer.verdict == Verdict::Ok {
            let accepted = tried.answer.challenge_id.clone().unwrap();
            assert!(open.contains(&accepted) && self.seen[&accepted].code == code);
            // Whatever was open of this purpose is over now: at most one acceptance for all of it.
            for id in open {
                self.seen.get_mut(&id).unwrap().over = true;
            }
            *own = Failures::default();
        } else {
            (own.count, own.at) = (own.count + 1, Some(self.now));
            let step = self.limits.locks.iter().find(|step| step.failures == own.count);
            own.lock = step.map(|step| match step.length {
                LockLength::For(length) => Lock { until: Some(self.now.after(length)) },
                LockLength::Hard => Lock { until: None },
            });
        }
        let until = self.now.after(crate::otp::MAX_TTL);
        self.asked.push(Asking { id, purpose, code, answer: tried.answer.clone(), until });
    }

    fn revoke(&mut self, purpose: Option<usize>) -> &'static [State] {
        let name = purpose.map(|purpose| Purpose::new(PURPOSES[purpose]).unwrap());
        let step = revoke(&self.known, self.now, &RevokeRequest { purpose: name.as_ref(), ..RevokeRequest::default() });
        self.store(step);
        let left = |id: &&String| purpose.is_none_or(|purpose| self.seen[*id].purpose == purpose) && self.is_live(id);
        assert_eq!(self.made.iter().find(left), None, "something is still alive");
        &[State::Revoked]
    }

    fn unlock(&mut self, purpose: Option<usize>, clear_limits: bool) -> &'static [State] {
        let name = purpose.map(|purpose| Purpose::new(PURPOSES[purpose]).unwrap());
        let asked = UnlockRequest { purpose: name.as_ref(), limits: clear_limits, reason: None };
        let step = unlock(&self.known, self.now, &self.limits, &asked);
        self.store(step);
        for index in 0..PURPOSES.len() {
            if purpose.is_none_or(|purpose| purpose == index) {
                self.failures[index] = Failures::default();
            }
        }
        if clear_limits {
            self.sends.clear();
        }
        &[]
    }

    fn link(&mut self, name: usize, linked: bool) -> &'static [State] {
        let name = user(["u1", "u2"][name]);
        let rule = if linked { link } else { unlink };
        let step = rule(&self.known, self.now, &Remap::of(&name, None));
        if matches!(self.store(step), Linked::Changed(_)) {
            self.mapping += 1;
        }
        &[]
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_rules_hold(acts in prop::collection::vec(act(), 1..80)) {
        let mut world = World::new();
        for act in &acts {
            world.act(act);
        }
    }
}

/// The longest names, the fullest lists.
#[test]
fn the_largest_record_is_small() {
    let mut world = World::new();
    let limits = Limits {
        cooldown: Vec::new(),
        per_phone: vec![Quota { window: Duration::from_secs(86_400), limit: crate::otp::MAX_PER_PHONE }],
        locks: Vec::new(),
        ..limits()
    };
    let (long, key) = ("x".repeat(64), "k".repeat(26));
    let owner = user(&"u".repeat(200));
    let step = link(&world.known, world.now, &Remap::of(&owner, None));
    take(&mut world.known, step);
    for round in 0..usize::try_from(crate::otp::MAX_PER_PHONE).unwrap() {
        world.case.purpose = Purpose::new(&format!("{}{:02}", "p".repeat(30), round % 16)).unwrap();
        let (id, key) = (format!("ch_{round:026}"), format!("{key}{round}"));
        let asked = ReserveRequest { user: Some(&owner), request: Some((&key, &key)), ..world.case.sms(&id) };
        let step = reserve(&world.known, world.now, &limits, &asked).unwrap();
        take(&mut world.known, step);
        let said = Delivery {
            provider: "p".repeat(32),
            message_id: Some("m".repeat(128)),
            segments: Some(1),
            detail: Some("d".repeat(300)),
            report: Some(DeliveryReport {
                word: "w".repeat(LONGEST_WORD),
                code: Some("c".repeat(LONGEST_WORD)),
                said: Some("s".repeat(LONGEST_WORD)),
                ..DeliveryReport::of(DeliveryState::Failed)
            }),
            reported_at: Some(world.now),
            ..Delivery::by("")
        };
        let step = record_send(&world.known, world.now, &id, &SendResult::Sent(said));
        take(&mut world.known, step);
        for guess in 0..3 {
            let id = format!("{}{round:04}{guess}", &long[..59]);
            let step = attempt(&world.known, world.now, &limits, &world.case.asked(&world.case.wrong, &id)).unwrap();
            take(&mut world.known, step);
        }
    }
    let bytes = world.known.record.write().len();

    assert!(bytes < 192 * 1024, "{bytes} bytes");
    let one = world
        .known
        .record
        .purposes
        .values()
        .map(|purpose_state| serde_json::to_vec(purpose_state).unwrap().len())
        .max()
        .unwrap();

    assert!(one < LARGEST, "{one} bytes for one purpose");
}
