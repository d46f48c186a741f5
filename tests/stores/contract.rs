//! The contract of a store, as its trait's documentation has it.

use std::time::{Duration, Instant};

use otpctl::otp::Ttl;
use otpctl::otp::{EVENTS_KEPT, Event, EventKind, Moment, Phone};
use otpctl::store::{Append, Change, Committed, KeySnapshot, OwnKey, Owner, Put, StoreKey, Write};

use crate::lives::{OVER, SHORT, in_time, within};
use crate::support::client::{Client, at_once, phone, user};
use crate::support::fixtures::Fixture;

fn record(n: u32) -> StoreKey {
    StoreKey::Record(phone(n))
}

fn set(cell: StoreKey, loaded: Option<&str>, value: &str, ttl: Ttl) -> Write {
    Write { key: cell, loaded: loaded.map(|text| text.as_bytes().to_vec()), put: Put::Set(value.into(), ttl) }
}

fn change(writes: Vec<Write>) -> Change {
    Change::of(writes)
}

fn done(client: &Client, writes: Vec<Write>) {
    told(client, change(writes));
}

fn told(client: &Client, change: Change) {
    let committed = client.commit(&[change]).unwrap();
    assert!(matches!(committed.as_slice(), [Committed::Done(_)]), "{committed:?}");
}

fn value(client: &Client, cell: StoreKey) -> Option<String> {
    let mut loaded = client.load(&[vec![cell]]).unwrap();
    loaded.remove(0).values.remove(0).map(|bytes| String::from_utf8(bytes).unwrap())
}

fn events(phone: &Phone, results: impl IntoIterator<Item = usize>, keep: Duration) -> Append {
    let event = |n: usize| Event::new(Moment::from_millis(0), EventKind::Send, &n.to_string());
    Append { phone: phone.clone(), events: results.into_iter().map(event).collect(), keep, on_top: None }
}

fn results(client: &Client, phone: &Phone, most: usize) -> Vec<String> {
    client.timeline(phone, most).into_iter().map(|event| event.result).collect()
}

pub fn a_value_is_what_was_set(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    assert_eq!(value(&client, record(1)), None);
    let odd = (0..=255_u8).collect::<Vec<_>>();
    let put = Put::Set(odd.clone(), Ttl::Forever);
    done(&client, vec![Write { key: record(1), loaded: None, put }]);
    let loaded = Client::of(fixture).load(&[vec![record(1), StoreKey::Users(phone(1))], vec![record(2)]]).unwrap();
    assert_eq!(loaded[0].values, [Some(odd.clone()), None], "as another process sees it, in the order of the cells");
    assert_eq!(loaded[1].values, [None]);
    // No bytes are something else than nothing.
    done(&client, vec![Write { key: record(1), loaded: Some(odd), put: Put::Set(Vec::new(), Ttl::Forever) }]);
    assert_eq!(value(&client, record(1)), Some(String::new()));
    let nothing = change(vec![set(record(1), None, "new", Ttl::Forever)]);
    assert_eq!(client.commit(&[nothing]).unwrap(), [Committed::Conflict]);
}

pub fn a_load_sees_one_moment(fixture: &dyn Fixture) {
    let both = |value: &str, loaded: Option<&str>| {
        vec![set(record(1), loaded, value, Ttl::Forever), set(StoreKey::Users(phone(1)), loaded, value, Ttl::Forever)]
    };
    let client = Client::of(fixture);
    done(&client, both("0", None));
    at_once(fixture, 4, |client, index| {
        for round in 0..40 {
            let loaded = client.load(&[vec![record(1), StoreKey::Users(phone(1))]]).unwrap().remove(0);
            assert_eq!(loaded.values[0], loaded.values[1], "torn");
            if index < 2 {
                let held = String::from_utf8(loaded.values[0].clone().unwrap()).unwrap();
                client.commit(&[change(both(&format!("{index}-{round}"), Some(&held)))]).unwrap();
            }
        }
    });
}

pub fn a_commit_takes_effect_only_if_every_cell_is_unchanged(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    let users = || StoreKey::Users(phone(1));
    done(&client, vec![set(record(1), None, "one", Ttl::Forever)]);
    let keep = |loaded: Option<&str>| Write { put: Put::Keep, ..set(record(1), loaded, "", Ttl::Expired) };
    for wrong in [None, Some("two"), Some("on"), Some("")] {
        let committed = client.commit(&[change(vec![keep(wrong), set(users(), None, "new", Ttl::Forever)])]).unwrap();
        assert_eq!(committed, [Committed::Conflict], "{wrong:?}");
    }
    assert_eq!(value(&client, users()), None, "a cell that is only to be unchanged is compared as well");
    done(&client, vec![keep(Some("one")), set(users(), None, "new", Ttl::Forever)]);
    assert_eq!(value(&client, users()).as_deref(), Some("new"));
    assert_eq!(value(&client, record(1)).as_deref(), Some("one"), "kept");
}

pub fn a_conflict_changes_nothing_and_tells_nothing(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    done(&client, vec![set(record(1), None, "one", Ttl::Forever)]);
    let writes = vec![
        set(StoreKey::Users(phone(1)), None, "new", Ttl::Forever),
        set(record(1), Some("another"), "two", Ttl::Forever),
    ];
    let told = Change { append: Some(events(&phone(1), [1], SHORT)), ..change(writes) };
    assert_eq!(client.commit(&[told]).unwrap(), [Committed::Conflict]);
    assert_eq!(value(&client, record(1)).as_deref(), Some("one"));
    assert_eq!(value(&client, StoreKey::Users(phone(1))), None);
    assert_eq!(client.timeline(&phone(1), 10), []);
}

pub fn changes_in_one_call_are_each_whole_by_themselves(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    let changes = [
        change(vec![set(record(1), None, "one", Ttl::Forever)]),
        change(vec![set(record(2), Some("no"), "two", Ttl::Forever)]),
        change(vec![set(record(3), None, "three", Ttl::Forever)]),
    ];
    let committed = client.commit(&changes).unwrap();
    assert!(
        matches!(committed.as_slice(), [Committed::Done(_), Committed::Conflict, Committed::Done(_)]),
        "{committed:?}"
    );
    assert_eq!([1, 2, 3].map(|n| value(&client, record(n))), [Some("one".into()), None, Some("three".into())]);
    assert_eq!(client.commit(&[]).unwrap(), []);
    assert_eq!(client.load(&[]).unwrap(), []);
}

pub fn of_many_commits_at_once_on_one_value_one_is_done(fixture: &dyn Fixture) {
    let done = at_once(fixture, 20, |client, index| {
        let written = change(vec![set(record(1), None, &index.to_string(), Ttl::Forever)]);
        let change = Change { append: Some(events(&phone(1), [index], Duration::from_secs(60))), ..written };
        matches!(client.commit(&[change]).unwrap().as_slice(), [Committed::Done(_)])
    });
    let winners: Vec<_> = (0..20).filter(|index| done[*index]).map(|index| index.to_string()).collect();
    assert_eq!(winners.len(), 1);
    let client = Client::of(fixture);
    assert_eq!(value(&client, record(1)).as_ref(), winners.first());
    assert_eq!(results(&client, &phone(1), 50), winners);
}

pub fn values_are_gone_when_their_life_is_over(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    let (life, seen) = in_time(fixture, |life| {
        let began = Instant::now();
        done(&client, vec![set(record(1), None, "one", Ttl::For(life))]);
        let seen = value(&client, record(1));
        within(life, began, (life, seen))
    });
    assert_eq!(seen.as_deref(), Some("one"));
    fixture.pass(life * 6 / 5);
    assert_eq!(value(&client, record(1)), None);
    let late = change(vec![set(record(1), Some("one"), "two", Ttl::Forever)]);
    assert_eq!(client.commit(&[late]).unwrap(), [Committed::Conflict], "what is over is not there to compare with");
    done(&client, vec![set(record(1), None, "two", Ttl::Forever)]);
}

pub fn a_value_without_an_end_stays(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    let (life, second) = in_time(fixture, |life| {
        let began = Instant::now();
        done(&client, vec![set(record(1), None, "one", Ttl::For(life))]);
        let second = client.commit(&[change(vec![set(record(1), Some("one"), "two", Ttl::Forever)])]).unwrap();
        within(life, began, (life, second))
    });
    assert!(matches!(second[..], [Committed::Done(_)]), "{second:?}");
    fixture.pass(life * 6 / 5);
    assert_eq!(value(&client, record(1)).as_deref(), Some("two"), "the end of the value before does not hold for it");
}

pub fn life_that_is_over_removes_the_value(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    done(&client, vec![set(record(1), None, "one", Ttl::Forever)]);
    done(&client, vec![set(record(1), Some("one"), "two", Ttl::Expired)]);
    assert_eq!(value(&client, record(1)), None);
    done(&client, vec![set(record(1), None, "three", Ttl::Expired)]);
    assert_eq!(value(&client, record(1)), None);
}

pub fn a_new_value_has_a_new_life(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    done(&client, vec![set(record(1), None, "one", Ttl::Forever)]);
    done(&client, vec![set(record(1), Some("one"), "two", Ttl::For(SHORT))]);
    fixture.pass(OVER);
    assert_eq!(value(&client, record(1)), None);
    // A life below the store's own unit is a life, not an error.
    done(&client, vec![set(record(1), None, "three", Ttl::For(Duration::from_nanos(1)))]);
    fixture.pass(Duration::from_millis(2));
    assert_eq!(value(&client, record(1)), None);
}

pub fn the_time_of_the_store_goes_on(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    let now = || client.load(&[vec![record(1)]]).unwrap()[0].now;
    let before = now();
    let Ok([Committed::Done(at)]) =
        <[_; 1]>::try_from(client.commit(&[change(vec![set(record(1), None, "one", Ttl::Expired)])]).unwrap())
    else {
        panic!("a conflict with nothing")
    };
    fixture.pass(SHORT);
    let after = now();
    assert!(before <= at && at < after && after.since(before) >= SHORT, "{before:?} {at:?} {after:?}");
}

pub fn a_timeline_is_newest_first(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    assert_eq!(client.timeline(&phone(1), 10), []);
    let keep = Duration::from_secs(60);
    told(&client, Change { append: Some(events(&phone(1), [1, 2], keep)), ..change(Vec::new()) });
    told(&client, Change { append: Some(events(&phone(1), [3], keep)), ..change(Vec::new()) });
    assert_eq!(results(&client, &phone(1), 10), ["3", "2", "1"]);
    assert_eq!(results(&client, &phone(1), 2), ["3", "2"]);
    assert_eq!(results(&client, &phone(2), 10), [""; 0], "another phone has another one");
}

pub fn a_timeline_keeps_the_newest_fifty(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    let keep = Duration::from_secs(60);
    told(&client, Change { append: Some(events(&phone(1), 0..45, keep)), ..change(Vec::new()) });
    told(&client, Change { append: Some(events(&phone(1), 45..60, keep)), ..change(Vec::new()) });
    let kept = results(&client, &phone(1), 1000);
    assert_eq!(kept.len(), EVENTS_KEPT);
    assert_eq!((kept[0].as_str(), kept[49].as_str()), ("59", "10"));
}

pub fn a_timeline_has_an_end(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    let (life, seen) = in_time(fixture, |life| {
        let began = Instant::now();
        told(&client, Change { append: Some(events(&phone(1), [1], life * 3)), ..change(Vec::new()) });
        told(&client, Change { append: Some(events(&phone(1), [2], life)), ..change(Vec::new()) });
        let seen = results(&client, &phone(1), 10).len();
        within(life, began, (life, seen))
    });
    assert_eq!(seen, 2);
    fixture.pass(life * 6 / 5);
    assert_eq!(client.timeline(&phone(1), 10), [], "the newest event says how long all are kept");
}

pub fn all_phones_are_found_page_by_page(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    assert_eq!(client.phones(), [""; 0]);
    for n in 0..10 {
        done(&client, vec![set(record(n), None, "x", Ttl::Forever)]);
        // Other values of the same phone, and of no phone, are no records.
        done(&client, vec![set(StoreKey::Users(phone(n + 5)), None, "x", Ttl::Forever)]);
        done(&client, vec![set(StoreKey::Prefix(format!("+9198{n}")), None, "x", Ttl::Forever)]);
        told(&client, Change { append: Some(events(&phone(n), [1], SHORT * 100)), ..change(Vec::new()) });
    }
    let expected: Vec<_> = (0..10).map(|n| phone(n).as_str().to_owned()).collect();
    assert_eq!(client.phones(), expected);
    assert_eq!(client.users(), []);
}

pub fn all_users_are_found_page_by_page(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    let odd = ["a:b", "a", "*", "{x}", "}:phones", "100%", "%25", "ünï ☎", "[a-z]", "?", "users:1", "a b", "\\"];
    let mut users: Vec<_> = odd.into_iter().map(user).collect();
    for user in &users {
        done(&client, vec![set(StoreKey::Phones(user.clone()), None, "x", Ttl::Forever)]);
        assert_eq!(value(&client, StoreKey::Phones(user.clone())).as_deref(), Some("x"));
    }
    users.sort();
    assert_eq!(client.users(), users);
    assert_eq!(client.phones(), [""; 0]);
}

pub fn what_is_over_is_not_listed(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    done(&client, vec![set(record(1), None, "x", Ttl::For(SHORT))]);
    done(&client, vec![set(record(2), None, "x", Ttl::Forever)]);
    done(&client, vec![set(StoreKey::Phones(user("u")), None, "x", Ttl::For(SHORT))]);
    fixture.pass(OVER);
    assert_eq!(client.phones(), [phone(2).as_str()]);
    assert_eq!(client.users(), []);
}

pub fn every_key_goes_by_and_is_seen_as_it_is(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    assert_eq!(client.sights(), []);
    let minute = Duration::from_secs(60);
    for n in 0..10 {
        done(&client, vec![set(record(n), None, &n.to_string(), Ttl::Forever)]);
        done(&client, vec![set(StoreKey::Prefix(format!("+9198{n}")), None, "x", Ttl::For(minute))]);
        told(&client, Change { append: Some(events(&phone(n), [1, 2], minute)), ..change(Vec::new()) });
    }
    done(&client, vec![set(StoreKey::Country("IN".to_owned()), None, "x", Ttl::For(SHORT))]);
    fixture.pass(OVER);
    let sights = client.sights();
    assert_eq!(sights.len(), 30, "{sights:?}");
    for sight in &sights {
        let Owner::Ours(own) = sight.key.owner.clone() else { panic!("{sight:?}") };
        let about_a_minute = sight.ttl.is_some_and(|ttl| ttl <= minute && ttl > minute / 2);
        match own {
            OwnKey::Value(StoreKey::Record(of)) => {
                let n = (0..10).find(|n| phone(*n) == of).unwrap();
                assert_eq!((sight.text(), sight.ttl), (Some(n.to_string().as_bytes()), None));
            }
            OwnKey::Value(_) => assert!(about_a_minute && sight.text() == Some(b"x"), "{sight:?}"),
            OwnKey::Feed(_) => panic!("nothing was written beside these: {sight:?}"),
            OwnKey::Timeline(_) => {
                assert!(about_a_minute && (sight.kind.as_str(), sight.size) == ("list", 2), "{sight:?}");
                let newest: Event = serde_json::from_slice(&sight.parts[0]).unwrap();
                assert_eq!(newest.result, "2");
            }
        }
    }
}

pub fn what_changed_since_it_was_seen_is_not_purged(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    let hour = Duration::from_secs(3600);
    for n in 0..4 {
        done(&client, vec![set(record(n), None, "old", Ttl::For(hour))]);
    }
    told(&client, Change { append: Some(events(&phone(5), [1], hour)), ..change(Vec::new()) });
    told(&client, Change { append: Some(events(&phone(6), [1], hour)), ..change(Vec::new()) });
    let sights = client.sights();
    let whose = |sight: &KeySnapshot| sight.key.owner.clone();
    let of = |own| Owner::Ours(own);
    done(&client, vec![set(record(0), Some("old"), "new", Ttl::For(hour))]);
    // The same bytes with a longer life were written by somebody.
    done(&client, vec![set(record(1), Some("old"), "old", Ttl::For(hour * 2))]);
    done(&client, vec![set(record(2), Some("old"), "", Ttl::Expired)]);
    told(&client, Change { append: Some(events(&phone(6), [2], hour)), ..change(Vec::new()) });
    let purged: Vec<_> = sights.iter().zip(client.purge(&sights)).filter(|(_, purged)| *purged).collect();
    let purged: Vec<Owner> = purged.into_iter().map(|(sight, _)| whose(sight)).collect();
    assert_eq!(purged, [of(OwnKey::Value(record(3))), of(OwnKey::Timeline(phone(5)))]);
    let left: Vec<Owner> = client.sights().iter().map(whose).collect();
    let unpurged = [OwnKey::Value(record(0)), OwnKey::Value(record(1)), OwnKey::Timeline(phone(6))].map(of);
    assert_eq!(left, unpurged);
    assert_eq!(results(&client, &phone(5), 10), [""; 0]);
    assert_eq!(client.purge(&sights), vec![false; sights.len()], "nothing is there twice");
}

pub fn a_healthy_store_says_so_and_nothing_is_written(fixture: &dyn Fixture) {
    let client = Client::of(fixture);
    let health = client.health();
    assert_eq!(health.commits, Ok(()), "{health:?}");
    let servers = health.servers.unwrap();
    assert_eq!(servers.is_empty(), health.file.is_some(), "it is one or the other: {servers:?}");
    assert!(servers.iter().all(|server| server.software.is_some() && server.replica == Some(false)), "{servers:?}");
    assert!(health.file.is_none_or(|file| file.free > Some(0) && file.size.is_none()), "looking makes no file");
    assert_eq!((client.phones(), client.users()), (Vec::new(), Vec::new()));
    done(&client, vec![set(record(1), None, "free", Ttl::Forever)]);
    let health = client.health();
    assert_eq!(health.commits, Ok(()), "{health:?}");
    assert!(health.file.is_none_or(|file| file.free > Some(0) && file.size > Some(0)));
}
