//! What the binary does on every store. Two targets have this module: `fast` runs it on the embedded store, `servers` on a
//! Redis.

pub mod allowance;
pub mod assertions;
pub mod at_once;
pub mod audit;
pub mod brakes;
pub mod channels;
pub mod codes;
pub mod delivery;
pub mod delivery_reports;
pub mod diagnosis;
pub mod directories;
pub mod elsewhere;
pub mod failures;
pub mod feedback;
pub mod history;
pub mod imports;
pub mod kept;
pub mod keys;
pub mod limits;
pub mod lists;
pub mod names;
pub mod notices;
pub mod numbers;
pub mod policy;
pub mod protected;
pub mod provider_faults;
pub mod providers;
pub mod rehearsal;
pub mod repeated;
pub mod spend;
pub mod stored;
pub mod users;
pub mod wait;
pub mod whose;

use crate::support::cli::Machine;

/// Runs a test on the store of this target.
fn on_each_store(settings: &str, test: impl Fn(&Machine)) {
    test(&crate::machine_on_a_store(settings));
}
