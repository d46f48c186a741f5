//! What is refused leaves a trace for the people who help a phone's owner, and nobody can fill anything by asking.

use std::time::Duration;

use otpctl::operations::{OperationError, Sent};
use otpctl::otp::refusal::REFUSALS;
use otpctl::otp::{EVENTS_KEPT, Event, EventKind, Phone, Purpose, Quota};
use otpctl::store::{FeedPart, ReadRequest};

use crate::support::client::{Client, RIGHT, WRONG, at_once, phone, user};
use crate::support::fake::Calls;
use crate::support::fixtures::Fixture;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Events as they are told: what, how it ended, by which rule, how often.
fn told(events: &[Event]) -> Vec<String> {
    let told = |event: &Event| {
        let rule = event.rule.as_deref().map(|rule| format!(" {rule}")).unwrap_or_default();
        let often = event.count.map(|times| format!(" x{times}")).unwrap_or_default();
        format!("{} {}{rule}{often}", event.event.as_str(), event.result)
    };
    events.iter().map(told).collect()
}

fn send(client: &Client, phone: &Phone) -> Result<Sent, OperationError> {
    client.send(phone, RIGHT, &Calls::default().accepting().route())
}

pub fn a_refused_send_is_told_with_its_rule_and_counted(fixture: &dyn Fixture) {
    let mut client = Client::of(fixture);
    client.limits.cooldown = vec![Duration::from_secs(30)];
    send(&client, &phone(1)).unwrap();
    for _ in 0..3 {
        send(&client, &phone(1)).unwrap_err();
    }
    let events = client.timeline(&phone(1), 10);
    assert_eq!(told(&events), ["send refused cooldown x3", "send sent", "send pending"]);
    let refused = &events[0];
    assert!(refused.until.unwrap() > refused.at && refused.last_at >= Some(refused.at), "{refused:?}");
    assert_eq!(refused.purpose.as_ref(), Some(&client.purpose));
    assert_eq!((refused.channel.as_deref(), events[1].channel.as_deref()), (None, Some("sms")));
    // Another rule is another line, and what happened comes between.
    client.limits.cooldown = Vec::new();
    client.limits.per_phone = vec![Quota { window: DAY, limit: 1 }];
    send(&client, &phone(1)).unwrap_err();
    client.revoke(&phone(1)).unwrap();
    send(&client, &phone(1)).unwrap_err();
    let told = told(&client.timeline(&phone(1), 4));
    let quota = "send refused per_phone";
    assert_eq!(told, [quota, "revoke revoked", quota, "send refused cooldown x3"]);
}

pub fn an_attempt_without_a_code_is_told_with_its_reason(fixture: &dyn Fixture) {
    let mut client = Client::of(fixture);
    let newest = |client: &Client| told(&client.timeline(&phone(1), 1)).remove(0);
    client.verify(&phone(1), RIGHT);
    assert_eq!(newest(&client), "verify no_code never_issued");
    let id = client.issue(&phone(1), RIGHT);
    client.purpose = Purpose::new("signup").unwrap();
    client.verify(&phone(1), RIGHT);
    let event = client.timeline(&phone(1), 1).remove(0);
    assert_eq!(event.purpose.unwrap(), client.purpose, "the purpose that was tried");
    client.purpose = Purpose::default();
    client.verify(&phone(1), RIGHT);
    client.verify(&phone(1), RIGHT);
    client.verify(&phone(1), RIGHT);
    let event = client.timeline(&phone(1), 1).remove(0);
    assert_eq!((newest(&client).as_str(), event.challenge_id), ("verify no_code used x2", Some(id)));
    client.issue(&phone(1), RIGHT);
    client.revoke(&phone(1)).unwrap();
    client.verify(&phone(1), RIGHT);
    assert_eq!(newest(&client), "verify no_code revoked");
    // Attempts of a live code are told as before.
    client.issue(&phone(1), RIGHT);
    client.verify(&phone(1), WRONG);
    client.verify(&phone(1), WRONG);
    let both = client.timeline(&phone(1), 2);
    assert_eq!(told(&both), ["verify wrong", "verify wrong"]);
}

pub fn an_attempt_while_the_phone_is_locked_is_told_until_when(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    for _ in 0..2 {
        client.issue(&phone(1), RIGHT);
        (0..5).for_each(|_| drop(client.verify(&phone(1), WRONG)));
    }
    let lock = client.timeline(&phone(1), 1).remove(0);
    assert_eq!((lock.event, lock.detail.as_deref()), (EventKind::Lock, Some("10 consecutive failures")));
    assert!(lock.until.unwrap() > lock.at, "{lock:?}");
    client.verify(&phone(1), RIGHT);
    client.try_issue(&phone(1), RIGHT).unwrap_err();
    let events = client.timeline(&phone(1), 2);
    assert_eq!(told(&events), ["send refused lock", "verify no_code timed_lock"]);
    assert_eq!([events[0].until, events[1].until], [lock.until; 2]);
}

pub fn an_attempt_for_a_user_that_the_phone_lacks_is_told(fixture: &dyn Fixture) {
    let mut client = Client::of(fixture);
    client.link(&phone(1), &user("u_1"));
    client.issue(&phone(1), RIGHT);
    client.user = Some(user("ravi"));
    client.try_verify(&phone(1), RIGHT, "at_1").unwrap_err();
    client.try_issue(&phone(1), RIGHT).unwrap_err();
    let events = client.timeline(&phone(1), 2);
    assert_eq!(told(&events), ["send no_user", "verify no_user"]);
    assert_eq!([&events[0].detail, &events[1].detail], [&Some("ravi".to_owned()); 2]);
}

pub fn of_a_stranger_one_refusal_is_kept(fixture: &dyn Fixture) {
    let mut client = Client::of(fixture);
    client.limits.per_country = vec![Quota { window: DAY, limit: 0 }];
    let stranger = phone(7);
    client.verify(&stranger, RIGHT);
    send(&client, &stranger).unwrap_err();
    client.verify(&stranger, RIGHT);
    send(&client, &stranger).unwrap_err();
    assert_eq!(told(&client.timeline(&stranger, 50)), ["send refused per_country x2"]);
    assert_eq!(client.phones(), Vec::<String>::new(), "nor is it among the phones");
    let kept = client.sights().into_iter().filter(|seen| seen.kind == "list").map(|seen| seen.ttl.unwrap());
    assert!(kept.clone().count() == 0 || kept.clone().all(|ttl| ttl <= Duration::from_secs(3600)), "as a timeline is");
}

pub fn a_refusal_does_not_shorten_a_timeline(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    client.issue(&phone(1), RIGHT);
    client.revoke(&phone(1)).unwrap();
    client.verify(&phone(1), RIGHT);
    client.verify(&phone(1), RIGHT);
    fixture.pass(Duration::from_millis(5));
    assert_eq!(told(&client.timeline(&phone(1), 50)).len(), 3);
}

pub fn a_dry_run_leaves_no_refusal(fixture: &dyn Fixture) {
    let mut client = Client::of(fixture);
    client.dry_run = true;
    client.limits.per_country = vec![Quota { window: DAY, limit: 0 }];
    client.verify(&phone(1), RIGHT);
    send(&client, &phone(1)).unwrap_err();
    assert_eq!(client.timeline(&phone(1), 50), []);
}

pub fn refusals_at_once_are_counted(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    client.issue(&phone(1), RIGHT);
    client.revoke(&phone(1)).unwrap();
    at_once(fixture, 8, |client, _| (0..5).for_each(|_| drop(client.verify(&phone(1), RIGHT))));
    let events = client.timeline(&phone(1), 50);
    // One that finds no time to write it down, beside all the others, leaves it.
    let counted = events[0].times();
    assert!((30..=40).contains(&counted), "{counted} of 40");
    assert_eq!((events.len(), events[0].rule.as_deref()), (3, Some("revoked")));
}

/// Asks for this and that, so many times, and gives what is kept of it in bytes: of the phone, and of the whole store.
fn asked(client: &mut Client, times: u32) -> (usize, u64) {
    client.limits.cooldown = vec![DAY];
    let phone = phone(1);
    // Those that the application of the layouts has, too.
    let purposes = ["other", "pay", "reset", "signup"];
    for (n, purpose) in (0..times).zip(purposes.iter().cycle()) {
        client.purpose = Purpose::new(purpose).unwrap();
        if n % 2 == 0 {
            send(client, &phone).unwrap_err();
        } else {
            client.verify(&phone, RIGHT);
        }
    }
    let request = ReadRequest { timelines: vec![(phone, EVENTS_KEPT * 2)], ..ReadRequest::default() };
    let lines = client.read(&request).timelines.remove(0).unwrap().lines;
    (lines.iter().map(Vec::len).sum(), lines.len() as u64)
}

fn asking_fills_nothing(fixture: &dyn Fixture, times: u32) {
    let mut client = Client::of(fixture);
    // What happened fills the timeline as far as it may be filled.
    for _ in 0..(EVENTS_KEPT - REFUSALS - 2) / 2 {
        client.issue(&phone(1), RIGHT);
        client.revoke(&phone(1)).unwrap();
    }
    client.limits.cooldown = vec![DAY];
    send(&client, &phone(1)).unwrap();
    let happened = client.timeline(&phone(1), EVENTS_KEPT);
    asked(&mut client, 40);
    // Each half hour has statistics of its own, whatever is asked in it.
    let keys_of = |client: &Client| {
        let names = client.sights().into_iter().map(|sight| String::from_utf8(sight.key.name).unwrap());
        names.filter(|name| !name.contains("{stats:")).collect::<Vec<_>>()
    };
    let (keys, bytes) = (keys_of(&client), fixture.bytes());
    let (line_bytes, lines) = asked(&mut client, times);
    assert_eq!(keys_of(&client), keys, "no key more");
    assert!(lines <= EVENTS_KEPT as u64 && line_bytes < 10_000, "{lines} lines of {line_bytes} bytes");
    if let (Some(before), Some(after)) = (bytes, fixture.bytes()) {
        assert!(after < before + 200_000, "{before} bytes became {after}");
    }
    let kept = client.timeline(&phone(1), EVENTS_KEPT);
    let kept: Vec<Event> = kept.into_iter().filter(|event| !event.is_refusal()).collect();
    assert_eq!(kept, happened, "what happened is still there");
    assert!(client.feed(&FeedPart::Newest { before: None, since: otpctl::otp::Moment::from_millis(0) }) < 500);
}

pub fn asking_often_fills_nothing(fixture: &dyn Fixture) {
    asking_fills_nothing(fixture, 200);
}

pub fn asking_ten_thousand_times_fills_nothing(fixture: &dyn Fixture) {
    asking_fills_nothing(fixture, 10_000);
}
