//! Everything that a machine with cargo and a C compiler can test: no test here starts a server, Python, Node or another
//! program that has to be installed. `architecture` holds that.

#![expect(clippy::disallowed_methods, reason = "a test makes its own files, and starts the program")]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod accepted;
mod architecture;
mod cli;
mod diagnosis;
mod documents;
#[path = "../each_store/mod.rs"]
mod each_store;
mod generated;
mod packaging;
mod pages;
mod provider;
mod scripts;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "each target uses its own part of it")]
mod support;

use support::cli::Machine;

/// The store on which this target runs `each_store`: the embedded one.
fn machine_on_a_store(settings: &str) -> Machine {
    Machine::with(settings)
}
