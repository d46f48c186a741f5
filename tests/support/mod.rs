//! What several test targets share: the binary on a machine of its own, and real servers for it to talk to.

pub mod cli;
pub mod clock;
pub mod gateway;
pub mod proxy;
pub mod redis;
