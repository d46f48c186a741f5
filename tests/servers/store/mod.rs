//! What holds of Redis alone: its topologies, its users, and how it fails. What every store must do is in `tests/stores/`.

mod access;
mod broken;
mod closed;
mod failover;
mod half;
mod health;
mod lost;
mod slots;
mod tokens;
mod trust;
