//! Everything that needs servers or programs which have to be installed: Redis and Valkey, Python and its packages, Node
//! and npm's packages, `faketime`, `openssl`, `shellcheck`. `scripts/test` installs them.

#![expect(clippy::disallowed_methods, reason = "a test makes its own files, and starts the program")]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod cli;
#[cfg(feature = "sql")]
mod directories;
mod docs;
#[path = "../each_store/mod.rs"]
mod each_store;
mod examples;
mod faults;
mod handover;
mod layouts;
mod many;
mod phones;
mod release;
#[path = "../support/servers/mod.rs"]
#[expect(dead_code, reason = "each target uses its own part of it")]
mod servers;
#[cfg(feature = "smpp")]
mod smpp;
mod store;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "each target uses its own part of it")]
mod support;

use support::cli::Machine;

/// The store on which this target runs `each_store`: a Redis.
fn machine_on_a_store(settings: &str) -> Machine {
    Machine::on_redis(settings)
}
