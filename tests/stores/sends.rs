//! Sends: what a provider's answer does to the codes, and what limits do before one is asked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use otpctl::operations::{OperationError, Route, SendFailure};
use otpctl::otp::brake::BrakeMode;
use otpctl::otp::circuit::{BreakerPolicy, Circuit};
use otpctl::otp::record::{Reason, State, Verdict};
use otpctl::otp::{Denied, Purpose, Quota, Stored as _};
use otpctl::provider::Class;
use otpctl::store::StoreKey;

use crate::support::client::{Client, RIGHT, WRONG, at_once, phone};
use crate::support::fake::{Calls, route};
use crate::support::fixtures::Fixture;
use crate::support::until::until;

const OLD: &str = "999999";
const DAY: Duration = Duration::from_secs(24 * 3600);

fn ended(sent: &Result<otpctl::operations::Sent, OperationError>) -> Option<SendFailure> {
    match sent {
        Err(OperationError::Send { failure, .. }) => Some(*failure),
        _ => None,
    }
}

fn limited(sent: &Result<otpctl::operations::Sent, OperationError>) -> bool {
    matches!(sent, Err(OperationError::Limited { wait, .. }) if !wait.is_zero())
}

pub fn a_pending_code_verifies(fixture: &dyn Fixture) {
    let calls = Calls::default();
    let (store, layout) = (std::sync::Mutex::new(Some(fixture.store())), fixture.layout());
    // The SMS is faster than the provider's answer.
    let fast = calls.accepting().during(move || {
        let Some(store) = store.lock().unwrap().take() else { return };
        let mut phone_at_hand = Client::over(store);
        phone_at_hand.layout = Arc::clone(&layout);
        let listed = &phone_at_hand.look(&phone(1)).known.record.purposes[&phone_at_hand.purpose].challenges[0];
        assert_eq!(listed.state, State::Pending);
        assert_eq!(phone_at_hand.verify(&phone(1), RIGHT).verdict, Verdict::Ok);
    });
    let client = Client::of(fixture);
    let sent = client.send(&phone(1), RIGHT, &fast.route()).unwrap();
    assert_eq!(sent.challenge.state, State::Used, "the late answer does not bring it back");
    assert_eq!(client.verify(&phone(1), RIGHT).reason, Some(Reason::Used));
}

pub fn an_acceptance_supersedes_the_older_code(fixture: &dyn Fixture) {
    let (client, calls) = (Client::of(fixture), Calls::default());
    let older = client.send(&phone(1), OLD, &calls.accepting().route()).unwrap();
    assert_eq!((older.challenge.state, older.superseded), (State::Sent, None));
    let delivery = older.challenge.delivery.unwrap();
    assert_eq!((delivery.provider.as_str(), delivery.message_id.as_deref()), ("good", Some("m-1")));
    let newer = client.send(&phone(1), RIGHT, &calls.accepting().route()).unwrap();
    assert_eq!(newer.superseded, Some(older.challenge.id));
    let answer = client.verify(&phone(1), OLD);
    assert_eq!((answer.verdict, answer.reason), (Verdict::Wrong, Some(Reason::SupersededCode)));
    assert_eq!((answer.failures, answer.attempts_left), (1, 4), "it counts");
    assert_eq!(client.verify(&phone(1), RIGHT).verdict, Verdict::Ok);
}

pub fn a_refused_send_leaves_the_older_code_and_gives_the_cooldown_back(fixture: &dyn Fixture) {
    let (mut client, calls) = (Client::of(fixture), Calls::default());
    client.issue(&phone(1), OLD);
    client.limits.cooldown = vec![Duration::from_secs(30)];
    for class in [Class::Credentials, Class::Recipient] {
        let sent = client.send(&phone(1), RIGHT, &calls.refusing(class).route());
        assert_eq!(ended(&sent), Some(SendFailure::Refused), "the second is not held up by the first: {sent:?}");
    }
    let sent = client.send(&phone(1), RIGHT, &calls.refusing(Class::Unreachable).route());
    assert_eq!(ended(&sent), Some(SendFailure::Down));
    assert_eq!(client.verify(&phone(1), RIGHT).verdict, Verdict::Wrong, "the code of the refused send is dead");
    assert_eq!(client.verify(&phone(1), OLD).verdict, Verdict::Ok);
    assert!(client.send(&phone(1), RIGHT, &calls.accepting().route()).is_ok());
    assert!(limited(&client.send(&phone(1), RIGHT, &calls.accepting().route())));
}

pub fn an_unknown_send_leaves_both_codes_valid(fixture: &dyn Fixture) {
    for typed in [OLD, RIGHT] {
        let (client, calls) = (Client::of(fixture), Calls::default());
        let phone = phone(u32::from(typed == OLD));
        client.issue(&phone, OLD);
        assert_eq!(ended(&client.send(&phone, RIGHT, &calls.unsure().route())), Some(SendFailure::Unknown));
        assert_eq!(calls.count(), 1);
        assert_eq!(client.verify(&phone, WRONG).attempts_left, 4, "one budget of tries for both");
        assert_eq!(client.verify(&phone, typed).verdict, Verdict::Ok);
        let other = if typed == OLD { RIGHT } else { OLD };
        assert_eq!(client.verify(&phone, other).verdict, Verdict::NoCode, "and one acceptance");
    }
}

pub fn the_same_key_sends_once(fixture: &dyn Fixture) {
    let (mut client, calls) = (Client::of(fixture), Calls::default());
    client.key = Some("order-1".to_owned());
    let first = client.send(&phone(1), RIGHT, &calls.accepting().route()).unwrap();
    // The second would bring another code, which nobody gets.
    let again = client.send(&phone(1), OLD, &calls.accepting().route()).unwrap();
    assert_eq!((again.challenge.id, again.replayed), (first.challenge.id, true));
    assert_eq!(calls.count(), 1);
    assert_eq!(client.verify(&phone(1), RIGHT).verdict, Verdict::Ok);
    let again = client.send(&phone(1), OLD, &calls.accepting().route()).unwrap();
    assert_eq!((again.challenge.state, again.replayed, calls.count()), (State::Used, true, 1));
}

pub fn the_same_key_with_other_arguments_is_a_conflict(fixture: &dyn Fixture) {
    let (mut client, calls) = (Client::of(fixture), Calls::default());
    client.key = Some("order-1".to_owned());
    client.send(&phone(1), RIGHT, &calls.accepting().route()).unwrap();
    let reused = |sent: Result<_, OperationError>| matches!(sent, Err(OperationError::KeyReused));
    assert!(reused(client.send(&phone(2), RIGHT, &calls.accepting().route())), "another phone");
    client.ttl = Duration::from_secs(60);
    assert!(reused(client.send(&phone(1), RIGHT, &calls.accepting().route())), "another life");
    assert_eq!((calls.count(), client.phones()), (1, vec![phone(1).as_str().to_owned()]));
}

pub fn the_same_key_after_a_refusal_sends_again(fixture: &dyn Fixture) {
    let (mut client, calls, bad) = (Client::of(fixture), Calls::default(), Calls::default());
    client.key = Some("order-1".to_owned());
    // The same provider, which is down at first.
    let down = || bad.refusing(Class::Unreachable).route();
    assert_eq!(ended(&client.send(&phone(1), OLD, &down())), Some(SendFailure::Down));
    assert_eq!(ended(&client.send(&phone(1), OLD, &down())), Some(SendFailure::Down));
    assert_eq!((bad.count(), calls.count()), (2, 0));
}

pub fn the_same_key_after_an_unknown_end_stays_unknown(fixture: &dyn Fixture) {
    let (mut client, calls) = (Client::of(fixture), Calls::default());
    client.key = Some("order-1".to_owned());
    for _ in 0..2 {
        assert_eq!(ended(&client.send(&phone(1), RIGHT, &calls.unsure().route())), Some(SendFailure::Unknown));
    }
    assert_eq!(calls.count(), 1, "nothing is sent twice on a guess");
    assert_eq!(client.verify(&phone(1), RIGHT).verdict, Verdict::Ok);
}

pub fn the_cooldown_grows_and_a_success_resets_it(fixture: &dyn Fixture) {
    let (mut client, calls) = (Client::of(fixture), Calls::default());
    client.limits.cooldown = vec![Duration::from_millis(300), Duration::from_secs(60)];
    let send = |code| client.send(&phone(1), code, &calls.accepting().route());
    assert!(send(RIGHT).is_ok());
    assert!(limited(&send(RIGHT)));
    fixture.pass(Duration::from_millis(350));
    assert!(send(RIGHT).is_ok());
    fixture.pass(Duration::from_millis(350));
    assert!(limited(&send(RIGHT)), "the second step is longer");
    assert_eq!(calls.count(), 2);
    client.unlock(&phone(1), true);
    assert!(client.send(&phone(1), RIGHT, &calls.accepting().route()).is_ok());
    fixture.pass(Duration::from_millis(350));
    assert_eq!(client.verify(&phone(1), RIGHT).verdict, Verdict::Ok);
    assert!(client.send(&phone(1), RIGHT, &calls.accepting().route()).is_ok());
    fixture.pass(Duration::from_millis(350));
    assert!(client.send(&phone(1), RIGHT, &calls.accepting().route()).is_ok(), "the first step again");
}

pub fn a_phone_has_a_quota_over_all_purposes(fixture: &dyn Fixture) {
    let (mut client, calls) = (Client::of(fixture), Calls::default());
    client.limits.per_phone = vec![Quota { window: DAY, limit: 3 }];
    for purpose in ["login", "pay", "login"] {
        client.purpose = Purpose::new(purpose).unwrap();
        assert!(client.send(&phone(1), RIGHT, &calls.accepting().route()).is_ok());
    }
    client.purpose = Purpose::new("other").unwrap();
    assert!(limited(&client.send(&phone(1), RIGHT, &calls.accepting().route())));
    assert!(client.send(&phone(2), RIGHT, &calls.accepting().route()).is_ok());
    assert_eq!(calls.count(), 4);
    client.unlock(&phone(1), false);
    assert!(limited(&client.send(&phone(1), RIGHT, &calls.accepting().route())), "unlock leaves quotas alone");
    client.unlock(&phone(1), true);
    assert!(client.send(&phone(1), RIGHT, &calls.accepting().route()).is_ok(), "unless it is told to");
}

pub fn a_prefix_has_a_quota(fixture: &dyn Fixture) {
    let (mut client, calls) = (Client::of(fixture), Calls::default());
    client.limits.per_prefix = vec![Quota { window: DAY, limit: 2 }];
    let mut route = calls.accepting().route();
    route.real = false;
    assert!(client.send(&phone(1000), RIGHT, &route).is_ok());
    assert!(client.send(&phone(2000), RIGHT, &route).is_ok());
    assert!(limited(&client.send(&phone(3000), RIGHT, &route)));
    assert!(client.send(&phone(10_000), RIGHT, &route).is_ok(), "another prefix");
    assert_eq!(calls.count(), 3);
    assert_eq!(client.phones().len(), 3, "a refusal leaves no record");
}

pub fn a_country_has_a_quota(fixture: &dyn Fixture) {
    let (mut client, calls) = (Client::of(fixture), Calls::default());
    client.limits.per_country = vec![Quota { window: DAY, limit: 2 }];
    assert!(client.send(&phone(1000), RIGHT, &calls.accepting().route()).is_ok());
    assert!(client.send(&phone(20_000), RIGHT, &calls.accepting().route()).is_ok());
    assert!(limited(&client.send(&phone(30_000), RIGHT, &calls.accepting().route())));
    let abroad = otpctl::otp::Phone::parse("+971501234567", None).unwrap();
    assert!(client.send(&abroad, RIGHT, &calls.accepting().route()).is_ok());
    assert_eq!(calls.count(), 3);
}

pub fn a_refused_phone_is_not_counted_for_its_country(fixture: &dyn Fixture) {
    let (mut client, calls) = (Client::of(fixture), Calls::default());
    client.limits.per_phone = vec![Quota { window: DAY, limit: 1 }];
    client.limits.per_country = vec![Quota { window: DAY, limit: 2 }];
    assert!(client.send(&phone(1), RIGHT, &calls.accepting().route()).is_ok());
    for _ in 0..5 {
        assert!(limited(&client.send(&phone(1), RIGHT, &calls.accepting().route())));
    }
    assert!(client.send(&phone(20_000), RIGHT, &calls.accepting().route()).is_ok());
}

pub fn neighbors_stop(fixture: &dyn Fixture) {
    let (mut client, calls) = (Client::of(fixture), Calls::default());
    client.policy.brakes = BrakeMode::Enforce;
    for n in [100, 112, 124, 136] {
        assert!(client.send(&phone(n), RIGHT, &calls.accepting().route()).is_ok());
    }
    assert!(client.send(&phone(100), RIGHT, &calls.accepting().route()).is_ok(), "a second code for one is no fifth");
    let fifth = client.send(&phone(148), RIGHT, &calls.accepting().route());
    assert!(matches!(fifth, Err(OperationError::Denied(Denied::Neighbors, _))), "{fifth:?}");
    assert!(client.send(&phone(5000), RIGHT, &calls.accepting().route()).is_ok(), "far enough");
    assert_eq!(calls.count(), 6);
}

pub fn neighbors_are_only_told_where_the_file_observes(fixture: &dyn Fixture) {
    let (client, calls) = (Client::of(fixture), Calls::default());
    for n in [100, 112, 124, 136, 148] {
        assert!(client.send(&phone(n), RIGHT, &calls.accepting().route()).is_ok());
    }
    let told = |n| client.timeline(&phone(n), 50).into_iter().find_map(|event| event.would_refuse);
    assert_eq!((told(136), told(148).as_deref()), (None, Some("neighbors")));
}

/// More at once than may pass, each to a number of its own.
pub fn a_country_lets_exactly_its_quota_through_at_once(fixture: &dyn Fixture) {
    let calls = Calls::default();
    let sent = at_once(fixture, 24, |_, index| {
        let mut client = Client::of(fixture);
        client.limits.per_country = vec![Quota { window: DAY, limit: 7 }];
        let phone = phone(u32::try_from(index).unwrap() * 3_000);
        client.send(&phone, RIGHT, &calls.accepting().route())
    });
    assert_eq!(sent.iter().filter(|sent| sent.is_ok()).count(), 7, "{sent:?}");
    assert_eq!(sent.iter().filter(|sent| limited(sent)).count(), 17, "{sent:?}");
    assert_eq!(calls.count(), 7);
    // What was one too many was given back: one more place is one more send.
    let mut client = Client::of(fixture);
    client.limits.per_country = vec![Quota { window: DAY, limit: 8 }];
    assert!(client.send(&phone(80_000), RIGHT, &calls.accepting().route()).is_ok());
    assert!(limited(&client.send(&phone(90_000), RIGHT, &calls.accepting().route())));
}

/// A busy country: a hundred processes send at once, and the counter of the country makes none of them wait
/// for another, or begin again.
pub fn a_hundred_at_once_share_a_country(fixture: &dyn Fixture) {
    const EACH: u32 = 5;
    let calls = Calls::default();
    let sent = at_once(fixture, 100, |_, index| {
        let mut client = Client::of(fixture);
        client.limits.per_country = vec![Quota { window: DAY, limit: 490 }];
        client.policy.brakes = BrakeMode::Observe;
        let first = u32::try_from(index).unwrap() * EACH;
        let send = |number: u32| client.send(&phone(number), RIGHT, &calls.accepting().route());
        (first..first + EACH).map(send).collect::<Vec<_>>()
    });
    let sent: Vec<_> = sent.into_iter().flatten().collect();
    let others: Vec<_> = sent.iter().filter(|sent| sent.is_err() && !limited(sent)).collect();
    assert!(others.is_empty(), "{others:?}");
    assert_eq!((calls.count(), sent.iter().filter(|sent| limited(sent)).count()), (490, 10));
}

/// A block that comes while a send is on its way to the store.
pub fn a_block_stops_sends_that_are_under_way(fixture: &dyn Fixture) {
    let calls = Calls::default();
    let blocked = std::sync::atomic::AtomicBool::new(false);
    let sent = at_once(fixture, 8, |client, index| {
        if index == 0 {
            client.block(&phone(1));
            blocked.store(true, Ordering::SeqCst);
            return None;
        }
        let late = blocked.load(Ordering::SeqCst);
        Some((late, client.send(&phone(1), RIGHT, &calls.accepting().route())))
    });
    let ok = sent.iter().flatten().filter(|(_, sent)| sent.is_ok()).count();
    // Before the block, one may be sent after the other.
    assert_eq!(calls.count(), ok, "{sent:?}");
    assert!(sent.iter().flatten().all(|(late, sent)| !late || sent.is_err()), "{sent:?}");
    let after = Client::of(fixture).send(&phone(1), RIGHT, &calls.accepting().route());
    assert!(matches!(after, Err(OperationError::Denied(Denied::Blocked(..), None))), "{after:?}");
}

pub fn twelve_sends_at_once_make_one_sms(fixture: &dyn Fixture) {
    let (calls, ended) = (Calls::default(), Arc::new(AtomicUsize::new(0)));
    let sent = at_once(fixture, 12, |client, _| {
        let others = Arc::clone(&ended);
        // The others come while it is under way, and end before it does.
        let others_end = move || until("the others have ended", || others.load(Ordering::SeqCst) == 11);
        let sent = client.send(&phone(1), RIGHT, &calls.accepting().during(others_end).route());
        ended.fetch_add(1, Ordering::SeqCst);
        sent
    });
    assert_eq!(sent.iter().filter(|sent| sent.is_ok()).count(), 1);
    assert_eq!(sent.iter().filter(|sent| limited(sent)).count(), 11, "{sent:?}");
    assert_eq!(calls.count(), 1);
    assert_eq!(Client::of(fixture).verify(&phone(1), RIGHT).verdict, Verdict::Ok);
}

pub fn the_next_provider_is_asked_only_when_the_first_surely_did_not_send(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    for (n, class, second) in [
        (1000, Class::Unreachable, 1),
        (2000, Class::Balance, 1),
        (3000, Class::Throttled, 1),
        (4000, Class::Recipient, 0),
    ] {
        let (first, next) = (Calls::default(), Calls::default());
        let sent = client.send(&phone(n), RIGHT, &route(vec![first.refusing(class), next.accepting()]));
        assert_eq!((first.count(), next.count(), usize::from(sent.is_ok())), (1, second, second), "{class}");
        if second == 1 {
            assert_eq!(client.verify(&phone(n), RIGHT).verdict, Verdict::Ok, "the same code");
        }
    }
    let (first, next) = (Calls::default(), Calls::default());
    let sent = client.send(&phone(5000), RIGHT, &route(vec![first.unsure(), next.accepting()]));
    assert_eq!((first.count(), next.count(), ended(&sent)), (1, 0, Some(SendFailure::Unknown)));
}

pub fn a_locked_phone_gets_no_sms(fixture: &dyn Fixture) {
    let (client, calls) = (Client::of(fixture), Calls::default());
    for _ in 0..10 {
        client.issue(&phone(1), RIGHT);
        client.verify(&phone(1), WRONG);
    }
    let sent = client.send(&phone(1), RIGHT, &calls.accepting().route());
    assert!(matches!(sent, Err(OperationError::Locked(Some(_)))), "{sent:?}");
    assert_eq!(calls.count(), 0);
}

pub fn failures_of_a_provider_at_once_are_all_counted(fixture: &dyn Fixture) {
    let calls = Calls::default();
    let policy = BreakerPolicy { after: 100, pause: Duration::from_secs(60) };
    let kept = || {
        let mut loaded = Client::of(fixture).load(&[vec![StoreKey::Provider("bad".to_owned())]]).unwrap();
        loaded.remove(0).values.remove(0)
    };
    // Each starts from the count that it loaded before it asked, and all of them loaded the same.
    let all_asked = Arc::new(Barrier::new(6));
    let sent = at_once(fixture, 6, |client, index| {
        let all_asked = Arc::clone(&all_asked);
        let down = calls.refusing(Class::Unreachable).during(move || {
            all_asked.wait();
        });
        let phone = phone(u32::try_from(index).unwrap() * 1000);
        client.send(&phone, RIGHT, &Route { pass_over: Some(policy), ..down.route() })
    });
    assert!(sent.iter().all(|sent| ended(sent) == Some(SendFailure::Down)), "{sent:?}");
    assert_eq!((Circuit::read(kept().as_deref()).unwrap().failures, calls.count()), (6, 6));
    let works = Route { pass_over: Some(policy), ..calls.accepting().named("bad").route() };
    assert!(Client::of(fixture).send(&phone(9000), RIGHT, &works).is_ok());
    assert_eq!(kept(), None, "one that works again has no failures");
}
