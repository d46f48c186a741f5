//! What a Redis says of itself, where something is wrong with it.

use otpctl::otp::Secret;
use otpctl::store::{Health, Redis, Server as Address, ServerFacts, StoreError};

use crate::servers::fixtures::Server;
use crate::servers::redis::RedisServer;
use crate::support::client::Client;
use crate::support::fixtures::{Fixture as _, address};

fn facts(health: &Health) -> &ServerFacts {
    match health.servers.as_deref() {
        Ok([server]) => server,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_redis_does_when_it_is_full_is_told_and_nothing_is_stored() {
    let fixture = Server::open();
    let client = Client::of(&fixture);
    let before = client.health();
    assert_eq!((facts(&before).eviction.as_deref(), facts(&before).memory_limit), (Some("noeviction"), Some(0)));
    assert_eq!((facts(&before).persistent, facts(&before).replicas), (Some(false), Some(0)));
    assert!(facts(&before).software.as_deref().unwrap().starts_with("Redis "), "{before:?}");
    fixture.0.cli(&["CONFIG", "SET", "maxmemory-policy", "volatile-lru"]);
    fixture.0.cli(&["CONFIG", "SET", "maxmemory", "100mb"]);
    fixture.0.cli(&["CONFIG", "SET", "save", "3600 1"]);
    let health = client.health();
    let told = facts(&health);
    assert_eq!((told.eviction.as_deref(), told.memory_limit), (Some("volatile-lru"), Some(100 << 20)));
    assert_eq!(told.persistent, Some(true));
    fixture.0.cli(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    fixture.0.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    let full = client.health();
    assert!(matches!(&full.commits, Err(StoreError::NotReady(text)) if text.contains("OOM")), "{full:?}");
    assert_eq!(fixture.0.cli(&["DBSIZE"]), "0");
}

#[test]
fn a_replica_says_what_it_is_and_that_it_takes_no_change() {
    let (fixture, replica) = (Server::open(), Server::open());
    replica.0.cli(&["REPLICAOF", "127.0.0.1", &fixture.0.port().to_string()]);
    let health = Client::of(&replica).health();
    assert!(matches!(&health.commits, Err(StoreError::Replica(text)) if text.contains("READONLY")), "{health:?}");
    assert_eq!(facts(&health).replica, Some(true));
}

#[test]
fn what_a_user_may_not_do_is_told_without_doing_it() {
    let server = RedisServer::start();
    let may = |words: &[&str]| {
        let user = ["ACL", "SETUSER", "asha", "reset", "on", ">s"];
        assert_eq!(server.cli(&[&user[..], words].concat()), "OK");
        let (username, password) = (Some("asha".to_owned()), Some(Secret::new("s".to_owned())));
        let address = Address { username, password, ..address(&server.url()) };
        Client::over(Box::new(Redis::new(&address))).health()
    };
    let denied = |health: &Health, word: &str| {
        assert!(matches!(&health.commits, Err(StoreError::Denied(text)) if text.contains(word)), "{health:?}");
    };
    let commands = ["+eval", "+eval_ro", "+get", "+set", "+del", "+time", "+lpush", "+ltrim", "+pexpire"];
    let operator = may(&[&["~otpctl:*"], &commands[..]].concat());
    assert_eq!(operator.commits, Ok(()));
    assert!(matches!(operator.servers, Err(StoreError::Denied(_))), "{operator:?}");
    denied(&may(&[&["~otpctl:*"], &commands[..], &["-ltrim", "-set"]].concat()), "SET, LTRIM");
    denied(&may(&["%R~otpctl:*", "+eval_ro", "+get", "+time"]), "eval");
    denied(&may(&[&["~elsewhere:*"], &commands[..]].concat()), "key");
    assert_eq!(server.cli(&["DBSIZE"]), "0");
}
