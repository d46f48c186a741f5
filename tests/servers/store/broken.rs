//! A Redis that says no, and values in it that are not ours.

use std::sync::Mutex;

use otpctl::operations::OperationError;
use otpctl::otp::Ttl;
use otpctl::otp::record::Verdict;
use otpctl::store::{Change, Put, Redis, Server as Address, StoreError, StoreKey, Write};

use crate::servers::declared::{MayStay, declared};
use crate::servers::fixtures::Server;
use crate::support::AT_ONCE;
use crate::support::client::{Client, RIGHT, WRONG, fresh_id, phone, user};
use crate::support::fake::Calls;
use crate::support::fixtures::{Fixture as _, address};

const RECORD: &str = "otpctl:{+919876500001}:record";

fn store_error<T: std::fmt::Debug>(result: Result<T, OperationError>) -> StoreError {
    match result {
        Err(OperationError::Store(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn when_memory_is_full_nothing_is_counted_or_sent_and_revoke_works() {
    let fixture = Server::open();
    let (client, calls) = (Client::of(&fixture), Calls::default());
    client.issue(&phone(1), RIGHT);
    let before = fixture.0.cli(&["GET", RECORD]);
    fixture.0.cli(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    fixture.0.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    for typed in [RIGHT, WRONG] {
        let refused = store_error(client.try_verify(&phone(1), typed, &fresh_id()));
        assert!(matches!(refused, StoreError::NotReady(_)), "{refused:?}");
    }
    let refused = store_error(client.try_issue(&phone(2), RIGHT));
    assert!(matches!(refused, StoreError::NotReady(_)), "{refused:?}");
    let refused = store_error(client.send(&phone(3), RIGHT, &calls.accepting().route()));
    assert!(matches!(refused, StoreError::NotReady(_)), "{refused:?}");
    assert_eq!(calls.count(), 0);
    let sends = |country: &str| Write {
        key: StoreKey::Country(country.to_owned()),
        loaded: None,
        put: Put::Set(b"{}".to_vec(), Ttl::Forever),
    };
    let several = ["IN", "US"].map(|country| Change::of(vec![sends(country)]));
    let refused = client.commit(&several);
    assert!(matches!(refused, Err(StoreError::NotReady(_))), "several at once are refused, not lost: {refused:?}");
    assert_eq!(fixture.0.cli(&["GET", RECORD]), before, "not one byte");
    assert_eq!(client.phones(), [phone(1).as_str()]);
    assert_eq!(client.look(&phone(1)).timeline.len(), 1);
    fixture.0.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(client.verify(&phone(1), RIGHT).verdict, Verdict::Ok, "the code was not spent");
    client.issue(&phone(1), RIGHT);
    fixture.0.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(client.revoke(&phone(1)), Ok(1));
    assert_eq!(client.look(&phone(1)).timeline[0].result, "revoked");
}

#[test]
fn memory_that_fills_up_during_a_send_does_not_lose_its_end() {
    let fixture = Server::open();
    let (client, calls) = (Client::of(&fixture), Calls::default());
    let port = fixture.0.port().to_string();
    let full = Mutex::new(move || {
        let words = ["-p", &port, "CONFIG", "SET", "maxmemory", "1"];
        assert!(std::process::Command::new("redis-cli").args(words).output().unwrap().status.success());
    });
    let filling = calls.accepting().during(move || (full.lock().unwrap())());
    let sent = client.send(&phone(1), RIGHT, &filling.route()).unwrap();
    assert_eq!(sent.unmarked, None, "what became of an SMS is written down even then");
    fixture.0.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(client.verify(&phone(1), RIGHT).verdict, Verdict::Ok);
}

#[test]
fn a_redis_that_may_evict_is_refused_where_that_is_asked_for() {
    let fixture = Server::open();
    let client = || {
        let server = Address { refuse_eviction: true, ..address(&fixture.0.url()) };
        Client::over(Box::new(Redis::new(&server)))
    };
    client().issue(&phone(1), RIGHT);
    fixture.0.cli(&["CONFIG", "SET", "maxmemory-policy", "volatile-lru"]);
    client().issue(&phone(1), RIGHT);
    fixture.0.cli(&["CONFIG", "SET", "maxmemory", "100mb"]);
    let refused = store_error(client().try_verify(&phone(1), RIGHT, &fresh_id()));
    assert!(matches!(&refused, StoreError::NotReady(text) if text.contains("volatile-lru")), "{refused:?}");
    assert_eq!(Client::of(&fixture).verify(&phone(1), RIGHT).verdict, Verdict::Ok);
}

#[test]
fn a_replica_is_not_ready_to_count() {
    let (fixture, replica) = (Server::open(), Server::open());
    Client::of(&fixture).issue(&phone(1), RIGHT);
    replica.0.cli(&["REPLICAOF", "127.0.0.1", &fixture.0.port().to_string()]);
    let client = Client::of(&replica);
    let waited = std::time::Instant::now();
    while replica.0.cli(&["EXISTS", RECORD]) != "1" {
        assert!(waited.elapsed() < AT_ONCE, "no replication");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let refused = store_error(client.try_verify(&phone(1), RIGHT, &fresh_id()));
    assert!(matches!(&refused, StoreError::Replica(text) if text.contains("READONLY")), "{refused:?}");
    assert_eq!(Client::of(&fixture).verify(&phone(1), RIGHT).verdict, Verdict::Ok);
}

#[test]
fn a_key_of_another_type_is_not_understood() {
    let fixture = Server::open();
    fixture.0.cli(&["LPUSH", RECORD, "x"]);
    fixture.0.cli(&["HSET", "otpctl:{+919876500002}:timeline", "a", "b"]);
    let client = Client::of(&fixture);
    let refused = store_error(client.try_verify(&phone(1), RIGHT, &fresh_id()));
    assert!(matches!(refused, StoreError::Data(_)), "{refused:?}");
    let refused = store_error(client.try_issue(&phone(2), RIGHT));
    assert!(matches!(refused, StoreError::Data(_)), "{refused:?}");
    assert_eq!(fixture.0.cli(&["TYPE", RECORD]), "list", "left as it is");
    assert_eq!(fixture.0.cli(&["EXISTS", "otpctl:{+919876500002}:record"]), "0", "nothing was done by halves");
}

#[test]
fn a_value_that_is_no_record_is_not_a_wrong_code() {
    let fixture = Server::open();
    let (client, calls) = (Client::of(&fixture), Calls::default());
    for garbage in
        ["", "424242", "null", "{}", "{\"v\":1,\"nonsense\":true}", "{\"v\":2}", "{\"v\":99,\"x\":[]}", "\\x80"]
    {
        fixture.0.cli(&["SET", RECORD, garbage]);
        let refused = client.try_verify(&phone(1), RIGHT, &fresh_id());
        assert!(matches!(refused, Err(OperationError::Unreadable(_))), "{garbage}: {refused:?}");
        let refused = client.send(&phone(1), RIGHT, &calls.accepting().route());
        assert!(matches!(refused, Err(OperationError::Unreadable(_))), "{garbage}: {refused:?}");
        assert_eq!(fixture.0.cli(&["GET", RECORD]), garbage);
    }
    assert_eq!(calls.count(), 0);
    let unreadable = client.try_verify(&phone(1), RIGHT, &fresh_id()).unwrap_err().to_string();
    assert!(!unreadable.contains("80"), "the value is not quoted: {unreadable}");
}

#[test]
fn a_record_that_moved_to_another_phone_opens_nothing() {
    let fixture = Server::open();
    let client = Client::of(&fixture);
    client.issue(&phone(1), RIGHT);
    client.issue(&phone(2), WRONG);
    let forged = fixture.0.cli(&["GET", RECORD]);
    fixture.0.cli(&["SET", "otpctl:{+919876500002}:record", &forged]);
    assert_eq!(client.verify(&phone(2), RIGHT).verdict, Verdict::Wrong);
    let empty = forged.split("\"tag\":\"").next().unwrap().to_owned() + "\"tag\":\"\"";
    let rest = forged.split("\"tag\":\"").nth(1).unwrap().split_once('"').unwrap().1;
    fixture.0.cli(&["SET", RECORD, &(empty + rest)]);
    assert_eq!(client.verify(&phone(1), RIGHT).verdict, Verdict::Wrong, "an empty MAC equals nothing");
}

#[test]
fn every_key_but_the_declared_ones_has_an_end() {
    let fixture = Server::open();
    let (mut client, calls) = (Client::of(&fixture), Calls::default());
    client.limits = otpctl::otp::Limits { cooldown: Vec::new(), ..otpctl::otp::Limits::default() };
    client.key = Some("key-1".to_owned());
    client.link(&phone(1), &user("u1"));
    client.send(&phone(1), RIGHT, &calls.accepting().route()).unwrap();
    client.verify(&phone(1), WRONG);
    client.verify(&phone(1), RIGHT);
    client.key = None;
    client.send(&phone(1), RIGHT, &calls.accepting().route()).unwrap();
    client.revoke(&phone(1)).unwrap();
    client.unlock(&phone(1), true);
    let keys = fixture.0.cli(&["KEYS", "*"]);
    assert!(keys.lines().count() >= 7, "{keys}");
    for key in keys.lines() {
        let is_endless = fixture.0.cli(&["PTTL", key]) == "-1";
        assert_eq!(Some(is_endless), declared(key).map(|stays| stays == MayStay::Yes), "{key}");
        assert!(!fixture.0.cli(&["DUMP", key]).contains(RIGHT), "{key}");
    }
}
