//! Fixtures that are a Redis of their own.

use std::time::Duration;

use otpctl::layout::Application;
use otpctl::store::{Redis, Server as Address, Store};

use super::redis::{Make, RedisServer};
use crate::support::fixtures::{Fixture, address, own_application};

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
}

/// A Redis where an application keeps the codes, as strings by phone.
pub struct LaidOut(RedisServer);

impl Fixture for LaidOut {
    fn open() -> Self {
        Self(RedisServer::start())
    }

    fn store(&self) -> Box<dyn Store> {
        Box::new(Redis::new(&Address { application: self.application(), ..address(&self.0.url()) }))
    }

    fn pass(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn application(&self) -> Option<Application> {
        Some(own_application())
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

    fn application(&self) -> Option<Application> {
        self.0.application()
    }
}
