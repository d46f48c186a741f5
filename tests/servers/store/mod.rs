//! What holds of Redis alone: its topologies, its users, and how it fails. What every store must do is in `tests/stores/`.
//! `interleavings` needs no server, but most of a minute.

mod access;
mod at_once;
mod broken;
mod closed;
mod failover;
mod feed;
mod half;
mod health;
mod interleavings;
mod lost;
mod slots;
mod tokens;
mod trust;
