//! The machine of the tests on a Redis of its own.

use std::sync::Arc;

use super::redis::RedisServer;
use crate::support::cli::{Machine, PEPPER, Server};

impl Machine {
    /// A Redis of its own, and this file besides the store and the pepper.
    pub fn on_redis(settings: &str) -> Self {
        Self::on(&Arc::new(RedisServer::start()), settings)
    }

    /// A Redis of its own, with these further lines of `[store.redis]`.
    pub fn laid_out(store: &str, settings: &str) -> Self {
        let mut machine = Self::on_redis("");
        machine.lay_out(store, settings);
        machine
    }

    /// Writes the file anew, with these further lines of `[store.redis]` from now on.
    pub fn lay_out(&mut self, store: &str, settings: &str) {
        store.clone_into(&mut self.store);
        self.configure(settings);
    }

    /// From now on as this user of the Redis.
    pub fn user(&mut self, name: &str, password: &str) {
        let store = format!("username = \"{name}\"\npassword = \"{password}\"\n{}", self.store);
        self.lay_out(&store, "");
    }

    /// A Redis that other machines use too.
    pub fn on(redis: &Arc<RedisServer>, settings: &str) -> Self {
        let machine = Self::over(Server { url: redis.url(), process: Arc::clone(redis) as _ });
        machine.write("pepper", PEPPER);
        machine.configure(settings);
        machine
    }

    /// The Redis under it.
    pub fn redis(&self) -> &RedisServer {
        self.server.as_ref().and_then(|server| server.process.downcast_ref()).expect("a machine on a Redis")
    }
}

/// Runs a test on the embedded store, then on a Redis: for what has to start servers on either.
pub fn embedded_and_redis(settings: &str, test: impl Fn(&Machine)) {
    test(&Machine::with(settings));
    test(&Machine::on_redis(settings));
}
