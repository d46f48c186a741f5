//! The binary as people and scripts meet it. The tests `t01` … are the rows of one table: what two earlier programs got
//! wrong, and this one may not.

#![expect(clippy::disallowed_methods, reason = "a test makes its own files, and starts the program")]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod allowance;
mod at_once;
mod clocks;
mod closed;
mod codes;
mod delivery;
mod delivery_reports;
mod doctor;
mod failures;
mod files;
mod formats;
mod hints;
mod hostile;
mod keys;
mod limits;
mod many;
mod message;
mod names;
mod numbers;
mod own_gateway;
mod paths;
mod protected;
mod provider_faults;
mod providers;
mod read_only;
mod rehearsal;
mod repeated;
mod replicas;
mod roles;
mod screens;
mod secrecy;
mod shared_secrets;
mod store_check;
mod stored;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "each target uses its own part of it")]
mod support;
mod users;
mod wait;
mod whose;

/// An Indian mobile number.
const PHONE: &str = "+919876543210";
/// No limit on sends that a test could meet.
const FREE: &str = "[limits]\ncooldown = []\nper_phone = { \"1h\" = 100 }\nper_prefix = {}\nper_country = {}\n";
