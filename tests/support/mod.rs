//! What test targets share, and what needs nothing but the program and a base system.

pub mod cli;
pub mod client;
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
pub mod secrecy;
