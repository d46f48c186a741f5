//! Fixtures that are a Redis of their own.

use std::sync::Arc;
use std::time::Duration;

use otpctl::layout::Layout;
use otpctl::store::{Redis, Store};

use super::redis::{Make, RedisServer};
use crate::support::fixtures::{Fixture, address, laid_out, own_layout};

/// A Redis of its own, whose clock is the machine's.
pub struct Server(pub RedisServer);

impl Fixture for Server {
    fn open() -> Self {
        Self(RedisServer::start())
    }

    fn store(&self) -> Box<dyn Store> {
        Box::new(Redis::new(&address(&self.0.url())))
    }

    fn pass(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn bytes(&self) -> Option<u64> {
        let keys = self.0.cli(&["KEYS", "*"]);
        let size = |key: &str| self.0.cli(&["MEMORY", "USAGE", key, "SAMPLES", "0"]).trim().parse::<u64>().unwrap();
        Some(keys.lines().filter(|key| !key.is_empty()).map(size).sum())
    }
}

/// A Redis where an application keeps the codes, as strings by phone.
pub struct LaidOut(RedisServer);

impl Fixture for LaidOut {
    fn open() -> Self {
        Self(RedisServer::start())
    }

    fn store(&self) -> Box<dyn Store> {
        Box::new(Redis::new(&laid_out(&self.layout(), address(&self.0.url()))))
    }

    fn pass(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn layout(&self) -> Arc<dyn Layout> {
        own_layout()
    }
}

/// The same on Redis 6.
pub struct LaidOutOnRedis6(LaidOut);

impl Fixture for LaidOutOnRedis6 {
    fn open() -> Self {
        Self(LaidOut(RedisServer::make(Make::Redis6, &[])))
    }

    fn store(&self) -> Box<dyn Store> {
        self.0.store()
    }

    fn pass(&self, time: Duration) {
        self.0.pass(time);
    }

    fn layout(&self) -> Arc<dyn Layout> {
        self.0.layout()
    }
}
