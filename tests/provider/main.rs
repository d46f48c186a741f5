//! The providers, each tested from outside: what they send, what they make of answers, and what they never show.

#![expect(clippy::disallowed_methods, reason = "a test makes its own files, and starts the program")]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod answers;
mod builtin;
mod contracts;
mod definitions;
mod encodings;
mod escaping;
mod reports;
mod signatures;
#[cfg(feature = "smpp")]
mod smpp;
mod support;
mod transport;
