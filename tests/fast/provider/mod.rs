//! The providers, each tested from outside: what they send, what they make of answers, and what they never show.

mod answers;
mod builtin;
mod contracts;
mod definitions;
mod encodings;
mod escaping;
mod language;
mod reports;
mod signatures;
mod tokens;
mod transport;
