//! Masters that go away and replicas that lag: the Sentinels are asked again, and a change that may be lost is told.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use otpctl::operations::OperationError;
use otpctl::otp::record::Verdict;
use otpctl::otp::{Role, Secret};
use otpctl::store::{
    Deadline, Deployment, Durability, Endpoint as At, Redis, Server as Address, StoreError, StoreKey, rules,
    sentinel_rules,
};

use crate::servers::certs::as_words;
use crate::servers::deployments::{Watched, at, by};
use crate::servers::redis::RedisServer;
use crate::support::AT_ONCE;
use crate::support::client::{Client, RIGHT, fresh_id, phone};
use crate::support::fake::Calls;
use crate::support::fixtures::address;
use crate::support::port::closed_port;
use crate::support::until::until;

fn client(server: &Address) -> Client {
    Client::over(Box::new(Redis::new(server)))
}

fn within(address: Address, time: Duration) -> Address {
    let end = tokio::time::Instant::now() + time;
    Address { deadline: Deadline::new(move || end), ..address }
}

#[test]
fn a_master_that_is_gone_is_waited_for_until_another_takes_over() {
    let watched = Watched::start();
    let client = client(&watched.address());
    client.issue(&phone(1), RIGHT);
    let id = fresh_id();
    assert!(!client.try_verify(&phone(1), RIGHT, &id).unwrap().replayed);
    watched.in_step();
    watched.master.cli(&["SHUTDOWN", "NOSAVE"]);
    let again = client.try_verify(&phone(1), RIGHT, &id).unwrap();
    assert_eq!((again.answer.verdict, again.replayed), (Verdict::Ok, true), "the new master answers by the id");
    assert!(watched.is_promoted());
    client.issue(&phone(1), RIGHT);
    assert_eq!(client.verify(&phone(1), RIGHT).verdict, Verdict::Ok);
}

#[test]
fn a_master_that_became_a_replica_is_left() {
    let watched = Watched::start();
    let known = client(&watched.address());
    known.issue(&phone(1), RIGHT);
    watched.in_step();
    watched.hand_over();
    assert_eq!(known.verify(&phone(1), RIGHT).verdict, Verdict::Ok, "it had a connection to the old one");
    assert_eq!(client(&watched.address()).look(&phone(1)).timeline.len(), 2);
}

#[test]
fn a_sentinel_behind_its_time_is_not_believed() {
    let watched = Watched::start();
    // It says the same whatever it is asked.
    let late = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = At::Tcp("127.0.0.1".to_owned(), late.local_addr().unwrap().port());
    let answer = format!("*2\r\n$9\r\n127.0.0.1\r\n$5\r\n{}\r\n", watched.replica.port());
    std::thread::spawn(move || {
        for mut client in late.incoming().map_while(Result::ok) {
            let mut buffer = [0; 1024];
            while matches!(client.read(&mut buffer), Ok(1..)) && client.write_all(answer.as_bytes()).is_ok() {}
        }
    });
    let client = client(&within(by(vec![place]), Duration::from_millis(500)));
    let refused = client.load(&[vec![StoreKey::Record(phone(1))]]);
    assert!(
        matches!(&refused, Err(StoreError::Replica(text)) if text.contains("is a replica, although")),
        "what a replica holds may be old: {refused:?}"
    );
}

#[test]
fn sentinels_are_asked_one_after_the_other() {
    let watched = Watched::start();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = || At::Tcp("127.0.0.1".to_owned(), closed_port());
    let silent = At::Tcp("127.0.0.1".to_owned(), silent.local_addr().unwrap().port());
    let started = Instant::now();
    // A silent one is waited for as long as for a connection.
    let soon =
        Address { connect_timeout: Duration::from_secs(1), ..by(vec![nowhere(), silent, at(&watched.sentinel)]) };
    client(&soon).issue(&phone(1), RIGHT);
    assert!(started.elapsed() < AT_ONCE, "{:?}", started.elapsed());

    let calls = Calls::default();
    let none = client(&by(vec![nowhere(), nowhere()])).send(&phone(2), RIGHT, &calls.accepting().route());
    assert!(matches!(&none, Err(OperationError::Store(StoreError::Unreachable(_)))), "{none:?}");
    let mut stranger = watched.address();
    if let Deployment::Sentinel(sentinels) = &mut stranger.deployment {
        sentinels.master = "strange".to_owned();
    }
    let unknown = client(&stranger).send(&phone(2), RIGHT, &calls.accepting().route());
    assert!(
        matches!(&unknown, Err(OperationError::Store(StoreError::Unreachable(text))) if text.contains("`strange`")),
        "{unknown:?}"
    );
    assert_eq!(calls.count(), 0);

    assert_eq!(watched.sentinel.cli(&["ACL", "SETUSER", "default", "resetpass", ">for sentinels"]), "OK");
    let denied = client(&watched.address()).try_issue(&phone(1), RIGHT);
    assert!(matches!(denied, Err(OperationError::Store(StoreError::Denied(_)))), "{denied:?}");
    let mut allowed = watched.address();
    if let Deployment::Sentinel(sentinels) = &mut allowed.deployment {
        sentinels.password = Some(Secret::new("for sentinels".to_owned()));
    }
    client(&allowed).issue(&phone(1), RIGHT);
}

#[test]
fn at_sentinels_and_at_servers_a_user_needs_what_the_rules_say() {
    let watched = Watched::start();
    let secret = || Some(Secret::new("secret".to_owned()));
    let mut user = Address {
        username: Some("asha".to_owned()),
        password: secret(),
        refuse_eviction: true,
        durability: Some(Durability { replicas: 1, wait: Duration::from_secs(5), strict: true }),
        ..watched.address()
    };
    if let Deployment::Sentinel(sentinels) = &mut user.deployment {
        (sentinels.username, sentinels.password) = (Some("watcher".to_owned()), secret());
    }
    let give = |server: &RedisServer, name: &str, rules: &[String]| {
        assert_eq!(server.cli(&[&["ACL", "SETUSER", name, ">secret"], &as_words(rules)[..]].concat()), "OK");
    };
    give(&watched.master, "asha", &rules(&user, Role::Ci));
    give(&watched.sentinel, "watcher", &sentinel_rules(&user).unwrap());
    client(&user).issue(&phone(1), RIGHT);
    assert_eq!(client(&user).verify(&phone(1), RIGHT).verdict, Verdict::Ok);
    watched.master.cli(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    watched.master.cli(&["CONFIG", "SET", "maxmemory", "100mb"]);
    let started = Instant::now();
    let refused = client(&user).try_issue(&phone(1), RIGHT);
    assert!(
        matches!(&refused, Err(OperationError::Store(StoreError::NotReady(text))) if text.contains("allkeys-lru")),
        "{refused:?}"
    );
    assert!(started.elapsed() < AT_ONCE, "it is not waited for: {:?}", started.elapsed());
}

#[test]
fn an_endless_script_is_waited_for() {
    let server = RedisServer::start_with(&["--busy-reply-threshold", "20"]);
    client(&address(&server.url())).issue(&phone(1), RIGHT);
    let port = server.port().to_string();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let words = ["-p", &port, "EVAL", "while true do end", "0"];
            std::process::Command::new("redis-cli").args(words).output().unwrap()
        });
        until("it is busy", || server.cli(&["PING"]).contains("BUSY"));
        let brief = within(address(&server.url()), Duration::from_millis(400));
        let refused = client(&brief).try_verify(&phone(1), RIGHT, &fresh_id());
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(400));
            server.cli(&["SCRIPT", "KILL"]);
        });
        let verdict = client(&address(&server.url())).verify(&phone(1), RIGHT).verdict;
        assert!(
            matches!(&refused, Err(OperationError::Store(StoreError::NotReady(text))) if text.contains("BUSY")),
            "{refused:?}"
        );
        assert_eq!(verdict, Verdict::Ok);
    });
}

#[test]
fn too_many_clients_are_a_server_that_is_not_ready() {
    let server = RedisServer::start();
    assert_eq!(server.cli(&["CONFIG", "SET", "maxclients", "1"]), "OK");
    let _only = server.client();
    let refused = client(&address(&server.url())).try_issue(&phone(1), RIGHT);
    assert!(
        matches!(&refused, Err(OperationError::Store(StoreError::NotReady(text))) if text.contains("max number of clients")),
        "{refused:?}"
    );
}

#[test]
fn a_change_that_no_replica_has_is_told() {
    let watched = Watched::start();
    let with = |strict, wait| {
        let durability = Durability { replicas: 1, wait: Duration::from_millis(wait), strict };
        client(&Address { durability: Some(durability), ..address(&watched.master.url()) })
    };
    // An answer comes when the replica has it: a long wait costs nothing, and a busy machine may need it.
    let patient = with(true, 5000);
    patient.issue(&phone(1), RIGHT);
    assert_eq!(patient.store.warning(), None);

    // It still listens, and takes nothing in.
    watched.replica.cli(&["REPLICAOF", "NO", "ONE"]);
    until("the replica is gone", || watched.master.cli(&["INFO", "replication"]).contains("connected_slaves:0"));
    let (strict, lenient) = (with(true, 100), with(false, 100));
    let id = fresh_id();
    let unsure = strict.try_verify(&phone(1), RIGHT, &id);
    assert!(
        matches!(&unsure, Err(OperationError::Store(StoreError::Unreplicated(text))) if text.contains("0 of 1 replicas")),
        "{unsure:?}"
    );
    let calls = Calls::default();
    let unsent = strict.send(&phone(2), RIGHT, &calls.accepting().route());
    assert!(matches!(unsent, Err(OperationError::Store(StoreError::Unreplicated(_)))), "{unsent:?}");
    assert_eq!(calls.count(), 0, "what may be forgotten is not sent");

    lenient.issue(&phone(3), RIGHT);
    lenient.issue(&phone(4), RIGHT);
    let warning = lenient.store.warning().unwrap();
    assert!(warning.contains("0 of 1 replicas"), "{warning}");
    assert_eq!(lenient.store.warning(), None, "once");
    lenient.load(&[vec![StoreKey::Record(phone(3))]]).unwrap();
    assert_eq!(lenient.store.warning(), None, "looking changes nothing");
    let again = lenient.try_verify(&phone(1), RIGHT, &id).unwrap();
    assert_eq!((again.answer.verdict, again.replayed), (Verdict::Ok, true));
}

#[test]
fn a_name_and_an_address_of_the_newer_kind_lead_to_the_same_server() {
    let server = RedisServer::start_with(&["--bind", "127.0.0.1", "::1"]);
    let over = |host: &str| {
        let deployment = Deployment::Alone(At::Tcp(host.to_owned(), server.port()));
        client(&Address { deployment, ..address(&server.url()) })
    };
    over("::1").issue(&phone(1), RIGHT);
    assert_eq!(over("localhost").verify(&phone(1), RIGHT).verdict, Verdict::Ok);
    let closed = Deployment::Alone(At::Tcp("::1".to_owned(), 1));
    let told = client(&Address { deployment: closed, ..address(&server.url()) }).load(&[]);
    assert_eq!(told, Ok(Vec::new()), "nothing is asked for nothing");
}
