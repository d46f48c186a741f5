//! The binary as people and scripts meet it. The tests `t01` … are the rows of one table: what two earlier programs got
//! wrong, and this one may not.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod codes;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "each target uses its own part of it")]
mod support;
