//! privacyIDEA's challenges, wherever its Redis is: a set and many hashes, in as many slots of a Cluster, read by a user
//! of Redis who may do what the printed rules of `support` say.

use std::sync::Arc;

use otpctl::layout::Layout;
use otpctl::layout::privacyidea::PrivacyIdea;
use otpctl::operations::OperationError;
use otpctl::otp::{Role, Secret};
use otpctl::store::{Redis, Server as Address, StoreError, Understood, rules_for};

use crate::servers::certs::as_words;
use crate::servers::deployments::{Cluster, Watched};
use crate::servers::redis::{Make, RedisServer};
use crate::support::client::{Client, phone, user};
use crate::support::fixtures::{address, laid_out};

const SERIAL: &str = "PISM0001";
/// As many as reach every node of a Cluster.
const COUNT: usize = 30;

fn client(server: Address) -> Client {
    let layout: Arc<dyn Layout> = Arc::new(PrivacyIdea);
    let mut client = Client::over(Box::new(Redis::new(&laid_out(&layout, server))));
    client.layout = layout;
    client
}

/// A user of Redis on each node, who may do no more.
fn support(server: &Address, nodes: &[&RedisServer]) -> Address {
    let layout: Arc<dyn Layout> = Arc::new(PrivacyIdea);
    let own = laid_out(&layout, server.clone());
    let old = nodes[0].cli(&["INFO", "server"]).contains("redis_version:6.");
    let rules = rules_for(&own, Role::Support, if old { Understood::Redis62 } else { Understood::Redis7 });
    for node in nodes {
        let words = [&["ACL", "SETUSER", "support", ">secret"], &as_words(&rules)[..]].concat();
        assert_eq!(node.cli(&words), "OK");
    }
    Address { username: Some("support".to_owned()), password: Some(Secret::new("secret".to_owned())), ..own }
}

fn challenge(transaction: &str) -> String {
    format!(
        r#"{{"transaction_id": "{transaction}", "serial": "{SERIAL}", "challenge": "", "data": "", "session": "",
        "timestamp": "2026-11-22T09:30:00.5", "expiration": "2999-01-01T00:00:00", "received_count": 1, "otp_valid": false}}"#
    )
}

fn are_found(server: &Address, nodes: &[&RedisServer]) {
    let cli = |words: &[&str]| nodes[0].cli(&[&["-c"][..], words].concat());
    let owner = client(server.clone());
    owner.link(&phone(1), &user(SERIAL));
    let reader = client(support(server, nodes));
    assert!(reader.look(&phone(1)).tokens.unwrap().challenges.is_empty());
    for n in 0..COUNT {
        let transaction = format!("{n:020}");
        let family = ["pi:challenge:v1:", "pi:challenge:"][n % 2];
        assert_eq!(cli(&["HSET", &format!("{family}txn:{transaction}"), SERIAL, &challenge(&transaction)]), "1");
        cli(&["EXPIRE", &format!("{family}txn:{transaction}"), "100"]);
        assert_eq!(cli(&["SADD", &format!("{family}serial:{SERIAL}"), &transaction, &format!("gone-{n}")]), "2");
    }
    let look = reader.look(&phone(1));
    let tokens = look.tokens.unwrap();
    assert_eq!(tokens.challenges.len(), COUNT);
    assert!(tokens.cut.is_empty() && tokens.is_mixed);
    for (serial, challenge) in &tokens.challenges {
        let ttl = challenge.kept_until.unwrap().since(look.now).as_secs();
        assert!(challenge.is_open(look.now) && (80..=100).contains(&ttl), "{challenge:?}");
        assert_eq!((serial.as_str(), challenge.tries), (SERIAL, 1));
    }
    assert!(matches!(owner.revoke(&phone(1)), Err(OperationError::Layout { .. })));
    cli(&["SET", "pi:challenge:txn:gone-1", "x"]);
    let strange = reader.try_look(&phone(1));
    assert!(
        matches!(&strange, Err(OperationError::Store(StoreError::Data(text))) if text.contains("txn:gone-1") && text.contains("it is a string")),
        "{strange:?}"
    );
}

fn on(make: Make) {
    let server = RedisServer::make(make, &[]);
    are_found(&address(&server.url()), &[&server]);
}

fn on_a_cluster(make: Make) {
    let cluster = Cluster::start(make).steady();
    are_found(&cluster.address(), &cluster.nodes.iter().collect::<Vec<_>>());
}

#[test]
fn challenges_of_a_token_are_found_on_a_redis() {
    on(Make::Redis);
}

#[test]
fn challenges_of_a_token_are_found_on_an_older_redis() {
    on(Make::Redis6);
}

#[test]
fn challenges_of_a_token_are_found_on_a_newer_redis() {
    on(Make::Redis8);
}

#[test]
fn challenges_of_a_token_are_found_on_a_valkey() {
    on(Make::Valkey);
}

#[test]
fn challenges_of_a_token_are_found_in_many_slots() {
    on_a_cluster(Make::Redis);
    on_a_cluster(Make::Valkey);
}

#[test]
fn challenges_of_a_token_are_found_behind_a_sentinel() {
    let watched = Watched::start().steady();
    are_found(&watched.address(), &[&watched.master]);
}
