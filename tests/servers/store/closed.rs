//! Servers that let us in for nothing, beside others that do: Sentinels and nodes of a Cluster with another password, that
//! know no such master, or that are something else.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use otpctl::otp::Secret;
use otpctl::otp::record::Verdict;
use otpctl::store::{
    Deployment, Endpoint as At, Redis, Server as Address, StoreError, StoreKey, Understood, understood,
};

use crate::servers::deployments::{Cluster, Watched, at, by};
use crate::servers::redis::{Make, RedisServer};
use crate::support::client::{Client, RIGHT, phone};
use crate::support::fixtures::address;
use crate::support::port::{closed_port, free_port};

/// Whether a code can be made and used, or why not.
fn works(server: &Address) -> Result<(), StoreError> {
    let client = Client::over(Box::new(Redis::new(server)));
    client.load(&[vec![StoreKey::Record(phone(1))]])?;
    client.issue(&phone(1), RIGHT);
    assert_eq!(client.verify(&phone(1), RIGHT).verdict, Verdict::Ok);
    client.load(&[vec![StoreKey::Record(phone(2))]]).map(|_| ())
}

/// A Sentinel that knows no master, with these further words.
fn sentinel(folder: &tempfile::TempDir, words: &[&str]) -> RedisServer {
    let file = folder.path().join(format!("{}.conf", free_port()));
    std::fs::write(&file, "sentinel resolve-hostnames no\n").unwrap();
    RedisServer::start_with(&[&[file.to_str().unwrap(), "--sentinel"], words].concat())
}

#[test]
fn a_sentinel_that_refuses_or_knows_nothing_is_passed_over() {
    let watched = Watched::start();
    let folder = tempfile::tempdir().unwrap();
    let locked = sentinel(&folder, &["--requirepass", "other"]);
    let knows_nothing = sentinel(&folder, &[]);
    let rights = sentinel(&folder, &[]);
    assert_eq!(rights.cli(&["ACL", "SETUSER", "default", "-sentinel"]), "OK");
    let no_sentinel = RedisServer::start();
    for first in [&locked, &knows_nothing, &rights, &no_sentinel] {
        assert_eq!(works(&by(vec![at(first), at(&watched.sentinel)])), Ok(()));
    }
    let all = [&locked, &knows_nothing, &rights, &no_sentinel, &watched.sentinel];
    assert_eq!(works(&by(all.map(at).to_vec())), Ok(()));

    // What is wrong with all of them is told as that, and else what is wrong with each.
    let denied = works(&by(vec![at(&locked), at(&rights)]));
    assert!(matches!(&denied, Err(StoreError::Denied(text)) if text.contains("NOAUTH")), "{denied:?}");
    let none = works(&by(vec![at(&locked), at(&knows_nothing)]));
    assert!(
        matches!(&none, Err(StoreError::Unreachable(text)) if text.contains("NOAUTH") && text.contains("knows no master")),
        "{none:?}"
    );
    // With a password that only one of them has.
    let mut address = by(vec![at(&knows_nothing), at(&watched.sentinel)]);
    if let Deployment::Sentinel(sentinels) = &mut address.deployment {
        sentinels.password = Some(Secret::new("wrong-one".to_owned()));
    }
    let refused = works(&address);
    assert!(matches!(&refused, Err(StoreError::Denied(text)) if !text.contains("wrong-one")), "{refused:?}");
}

#[test]
fn a_node_of_a_cluster_that_refuses_is_passed_over() {
    let cluster = Cluster::start(Make::Redis);
    let locked = RedisServer::start_with(&["--requirepass", "other", "--cluster-enabled", "yes"]);
    let rights = RedisServer::start_with(&["--cluster-enabled", "yes"]);
    assert_eq!(rights.cli(&["ACL", "SETUSER", "default", "-@all"]), "OK");
    let seeds = |nodes: &[&RedisServer]| {
        let deployment = Deployment::Cluster(nodes.iter().map(|node| at(node)).collect());
        Address { deployment, ..address("redis://127.0.0.1:1") }
    };
    for nodes in
        [&[&locked, &cluster.nodes[0]][..], &[&rights, &cluster.nodes[1]], &[&locked, &rights, &cluster.nodes[2]]]
    {
        assert_eq!(works(&seeds(nodes)), Ok(()));
        let client = Client::over(Box::new(Redis::new(&seeds(nodes))));
        assert_eq!(client.phones(), [phone(1).as_str()], "its parts are asked for, too");
    }
    let denied = works(&seeds(&[&locked, &rights]));
    assert!(matches!(denied, Err(StoreError::Denied(_))), "{denied:?}");
}

#[test]
fn how_old_a_server_is_is_known_without_a_password() {
    let of = |server: &RedisServer| {
        let address = address(&server.url());
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(understood(&address))
    };
    for words in [&[][..], &["--requirepass", "secret"]] {
        assert_eq!(of(&RedisServer::make(Make::Redis6, words)), Some(Understood::Redis62));
        for make in [Make::Redis, Make::Redis8, Make::Valkey] {
            assert_eq!(of(&RedisServer::make(make, words)), Some(Understood::Redis7), "{make:?}");
        }
    }
    let gone = address(&format!("redis://127.0.0.1:{}", closed_port()));
    let asked = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(understood(&gone));
    assert_eq!(asked, None);
}

/// What a Redis 5.0.6 answered to these words.
fn of_redis_5(words: &str) -> &'static str {
    let upper = words.to_ascii_uppercase();
    if upper.contains("EVAL_RO") {
        "-ERR unknown command `EVAL_RO`, with args beginning with: `#!lua flags=no-writes\\nlocal redis6 = false`, \r\n"
    } else if upper.contains("EVAL") && !words.contains("local redis6 = true") {
        "-ERR Error compiling script (new function): user_script:1: unexpected symbol near '#' \r\n"
    } else if upper.contains("EVAL") {
        "-OLDREDIS\r\n"
    } else if upper.contains("INFO") {
        "$41\r\n# Server\r\nredis_version:5.0.6\r\nos:Linux\r\n\r\n"
    } else if upper.contains("SCAN") {
        "-ERR syntax error\r\n"
    } else {
        "+OK\r\n"
    }
}

#[test]
fn a_redis_that_is_too_old_is_told_so_by_its_version() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut words = vec![0; 65_536];
                while let Ok(count) = stream.read(&mut words) {
                    let answer = of_redis_5(&String::from_utf8_lossy(&words[..count]));
                    if count == 0 || stream.write_all(answer.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    let server = Address {
        deployment: Deployment::Alone(At::Tcp("127.0.0.1".to_owned(), place.port())),
        ..address("redis://127.0.0.1:1")
    };
    let old = works(&server);
    let Err(StoreError::TooOld(text)) = &old else { panic!("{old:?}") };
    assert!(text.contains("5.0.6") && text.contains("6.0 or later"), "{text}");
    assert!(!text.contains("lua") && !text.contains("script"), "{text}");
}
