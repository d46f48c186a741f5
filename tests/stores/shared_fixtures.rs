//! Fixtures that share a server, which is started once: each has a prefix of its own there.

use std::marker::PhantomData;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use otpctl::otp::{Role, Secret};
use otpctl::store::{Redis, Server as Address, Store, Understood, rules_for};

use crate::servers::certs::{Certs, as_words};
use crate::servers::deployments::{Cluster, Watched};
use crate::servers::redis::{Make, RedisServer};
use crate::support::fixtures::{Fixture, address};
use crate::support::port::free_port;

/// Servers that are started when the first asks for them, and end with the tests.
pub trait Servers: Sync {
    /// The way there, for whoever needs no more than the keys under this prefix.
    fn address(prefix: &str) -> Address;
}

/// One prefix of what they hold.
pub struct SharedFixture<S> {
    prefix: String,
    servers: PhantomData<S>,
}

impl<S: Servers> Fixture for SharedFixture<S> {
    fn open() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        Self { prefix: format!("fixture-{}", NEXT.fetch_add(1, Ordering::SeqCst)), servers: PhantomData }
    }

    fn store(&self) -> Box<dyn Store> {
        Box::new(Redis::new(&Address { prefix: self.prefix.clone(), ..S::address(&self.prefix) }))
    }

    fn pass(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// A Redis Cluster of three masters, known by one of them.
pub struct OfCluster;

impl Servers for OfCluster {
    fn address(_prefix: &str) -> Address {
        static CLUSTER: OnceLock<Cluster> = OnceLock::new();
        CLUSTER.get_or_init(|| Cluster::start(Make::Redis).steady()).address()
    }
}

/// A master that a Sentinel names.
pub struct OfSentinel;

impl Servers for OfSentinel {
    fn address(_prefix: &str) -> Address {
        static WATCHED: OnceLock<Watched> = OnceLock::new();
        WATCHED.get_or_init(|| Watched::start().steady()).address()
    }
}

/// A server that wants a certificate and shows its own.
pub struct OverTls;

impl Servers for OverTls {
    fn address(_prefix: &str) -> Address {
        static SERVER: OnceLock<(RedisServer, u16)> = OnceLock::new();
        let (_, port) = SERVER.get_or_init(|| {
            let port = free_port();
            (RedisServer::start_with(&as_words(&certs().words(port, "yes"))), port)
        });
        Address { tls: Some(certs().ours()), ..address(&format!("rediss://localhost:{port}/2")) }
    }
}

/// A Cluster over TLS.
pub struct OfClusterOverTls;

impl Servers for OfClusterOverTls {
    fn address(_prefix: &str) -> Address {
        static CLUSTER: OnceLock<Cluster> = OnceLock::new();
        CLUSTER.get_or_init(|| Cluster::over_tls(certs()).steady()).address()
    }
}

/// A master over TLS, that a Sentinel names over TLS.
pub struct OfSentinelOverTls;

impl Servers for OfSentinelOverTls {
    fn address(_prefix: &str) -> Address {
        static WATCHED: OnceLock<Watched> = OnceLock::new();
        WATCHED.get_or_init(|| Watched::over_tls(certs()).steady()).address()
    }
}

fn certs() -> &'static Certs {
    static CERTS: OnceLock<Certs> = OnceLock::new();
    CERTS.get_or_init(Certs::new)
}

/// A server behind its socket.
pub struct OverSocket;

impl Servers for OverSocket {
    fn address(_prefix: &str) -> Address {
        static SERVER: OnceLock<RedisServer> = OnceLock::new();
        address(&format!("unix://{}", SERVER.get_or_init(RedisServer::start).socket().display()))
    }
}

/// A server where each may do what the printed rules say, under its prefix.
pub struct AsUser;

impl Servers for AsUser {
    fn address(prefix: &str) -> Address {
        static SERVER: OnceLock<RedisServer> = OnceLock::new();
        as_user(SERVER.get_or_init(RedisServer::start), prefix, Understood::Redis7)
    }
}

/// A user of this name, who may do what the printed rules say.
fn as_user(server: &RedisServer, prefix: &str, understood: Understood) -> Address {
    let address = Address { prefix: prefix.to_owned(), username: Some(prefix.to_owned()), ..address(&server.url()) };
    let rules = rules_for(&address, Role::Admin, understood);
    let words = [&["ACL", "SETUSER", prefix, ">secret"], &as_words(&rules)[..]].concat();
    assert_eq!(server.cli(&words), "OK");
    Address { password: Some(Secret::new("secret".to_owned())), ..address }
}

/// The older Redis that many applications have.
pub struct OfRedis6;

impl Servers for OfRedis6 {
    fn address(_prefix: &str) -> Address {
        static SERVER: OnceLock<RedisServer> = OnceLock::new();
        address(&SERVER.get_or_init(|| RedisServer::make(Make::Redis6, &[])).url())
    }
}

/// One where each may do what the printed rules say, under its prefix.
pub struct AsUserOfRedis6;

impl Servers for AsUserOfRedis6 {
    fn address(prefix: &str) -> Address {
        static SERVER: OnceLock<RedisServer> = OnceLock::new();
        as_user(SERVER.get_or_init(|| RedisServer::make(Make::Redis6, &[])), prefix, Understood::Redis62)
    }
}

/// A Cluster of them.
pub struct OfRedis6Cluster;

impl Servers for OfRedis6Cluster {
    fn address(_prefix: &str) -> Address {
        static CLUSTER: OnceLock<Cluster> = OnceLock::new();
        CLUSTER.get_or_init(|| Cluster::start(Make::Redis6).steady()).address()
    }
}

/// A master of them, that a Sentinel of them names.
pub struct OfRedis6Sentinel;

impl Servers for OfRedis6Sentinel {
    fn address(_prefix: &str) -> Address {
        static WATCHED: OnceLock<Watched> = OnceLock::new();
        WATCHED.get_or_init(|| Watched::make(Make::Redis6).steady()).address()
    }
}

/// A newer Redis.
pub struct OfRedis8;

impl Servers for OfRedis8 {
    fn address(_prefix: &str) -> Address {
        static SERVER: OnceLock<RedisServer> = OnceLock::new();
        address(&SERVER.get_or_init(|| RedisServer::make(Make::Redis8, &[])).url())
    }
}

/// A Valkey.
pub struct OfValkey;

impl Servers for OfValkey {
    fn address(_prefix: &str) -> Address {
        static SERVER: OnceLock<RedisServer> = OnceLock::new();
        address(&SERVER.get_or_init(|| RedisServer::make(Make::Valkey, &[])).url())
    }
}

/// A Cluster of Valkeys.
pub struct OfValkeyCluster;

impl Servers for OfValkeyCluster {
    fn address(_prefix: &str) -> Address {
        static CLUSTER: OnceLock<Cluster> = OnceLock::new();
        CLUSTER.get_or_init(|| Cluster::start(Make::Valkey).steady()).address()
    }
}
