//! Real servers, and the programs that spoil a clock or the way to a server: what `scripts/test` installs.

pub mod certs;
pub mod clock;
#[cfg(feature = "sql")]
pub mod databases;
pub mod declared;
pub mod deployments;
pub mod fixtures;
pub mod machine;
pub mod proxy;
pub mod python;
pub mod redis;
