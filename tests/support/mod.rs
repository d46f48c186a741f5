//! What test targets share, and what needs nothing but the program and a base system.

pub mod audit;
pub mod cli;
pub mod client;
pub mod commands;
pub mod directory;
pub mod doctor;
pub mod fake;
pub mod fixtures;
pub mod formats;
pub mod gateway;
pub mod hints;
pub mod hostile;
pub mod many;
pub mod pages;
pub mod port;
pub mod provider;
pub mod read_only;
pub mod schemas;
pub mod secrecy;
pub mod until;

/// How long a test waits for something that is certain to come, and how long a client of a store may work: no test depends on
/// how busy the machine is, so this is far more than any of them needs.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(300);

/// What happens at once ends before this on any machine, and what is waited for in vain does not.
pub const AT_ONCE: std::time::Duration = std::time::Duration::from_secs(60);
