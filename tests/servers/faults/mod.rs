//! What must happen when the store, the way to it, or the process breaks, with the real binary and real servers:
//! `connecting`, `redis_says_no`, `in_the_middle` and `process`, one test for each fault. What `doctor` says of a server
//! that evicts or whose clock is off is in `tests/servers/cli/doctor.rs`; faults of providers are in
//! `tests/fast/cli/provider_faults.rs`, `tests/each_store/delivery_reports.rs` and `tests/each_store/wait.rs`.
//!
//! `clusters` is about what goes over all nodes of a Cluster, `certificates` about the way there over TLS. `history` lets
//! all of it happen at once.
//!
//! After each case [`harness::holds`] looks at what was left behind.

mod certificates;
mod clusters;
mod connecting;
pub mod harness;
mod history;
mod in_the_middle;
mod process;
mod redis_says_no;
mod stopped;

/// An Indian mobile number.
const PHONE: &str = "+919876543210";
/// Its record.
const RECORD: &str = "otpctl:{+919876543210}:record";
