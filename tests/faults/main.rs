//! What must happen when the store, the way to it, or the process breaks: a numbered row for each fault, with the real
//! binary and real servers. `f01` to `f09` are in `connecting`, `f10` to `f23` and `f25` in `redis_says_no`, `f26` to
//! `f38` in `in_the_middle`, `f50` to `f52` in `process`. Elsewhere: `f24`, that all keys of one phone are in one slot,
//! is `t37` in `tests/cli/names.rs`; `f33` and `f34`, failover, have a part in
//! `tests/store/failover.rs`; what `doctor` says of `f36` and `f38` is in `tests/cli/doctor.rs`; `f39` to `f49`, the
//! providers, are `tests/cli/provider_faults.rs` and `tests/cli/wait.rs`.
//!
//! `clusters` is about what goes over all nodes of a Cluster, `certificates` about the way there over TLS. `history` lets
//! all of it happen at once.
//!
//! After each case [`world::holds`] looks at what was left behind.

#![expect(clippy::disallowed_methods, reason = "a test makes its own files, and starts the program")]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod certificates;
#[path = "../store/certs.rs"]
#[expect(dead_code, reason = "each target uses its own part of it")]
mod certs;
mod clusters;
mod connecting;
#[path = "../store/deployments.rs"]
#[expect(dead_code, reason = "each target uses its own part of it")]
mod deployments;
mod history;
mod in_the_middle;
#[path = "../store/places.rs"]
#[expect(dead_code, reason = "each target uses its own part of it")]
mod places;
mod process;
mod redis_says_no;
mod stopped;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "each target uses its own part of it")]
mod support;
mod world;

use support::redis;

/// An Indian mobile number.
const PHONE: &str = "+919876543210";
/// Its record.
const RECORD: &str = "otpctl:{+919876543210}:record";
