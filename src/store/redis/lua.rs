//! The texts of the scripts.

use super::script::{Dialect, Kind, text};

pub(super) const LOAD: &str = include_str!("load.lua");
/// A change, with what is beside it; and one with nothing beside it, which is shorter.
pub(super) const COMMIT: &str = concat!(
    include_str!("words.lua"),
    include_str!("sums.lua"),
    include_str!("beside.lua"),
    include_str!("commit.lua")
);
pub(super) const COMMIT_ALONE: &str =
    concat!(include_str!("words.lua"), include_str!("nothing_beside.lua"), include_str!("commit.lua"));
pub(super) const ADD: &str = concat!(include_str!("words.lua"), include_str!("sums.lua"), include_str!("add.lua"));
/// What is beside a change, where it cannot be written in one step with it.
pub(super) const BESIDE: &str = concat!(
    include_str!("words.lua"),
    include_str!("sums.lua"),
    include_str!("beside.lua"),
    include_str!("beside_alone.lua")
);
pub(super) const MAY_ADD: &str = include_str!("may_add.lua");
/// What loading and committing an application's keys needs before it.
pub(super) const APP: &str = include_str!("app.lua");
pub(super) const LOAD_APP: &str = include_str!("load_app.lua");
pub(super) const REHEARSAL: &str = include_str!("health.lua");
pub(super) const MAY_READ: &str = include_str!("may_read.lua");
pub(super) const READ_KEY: &str = include_str!("look.lua");
/// The time, and each key; keys that are gone by now are left out of what is made of it.
pub(super) const READ_KEYS: &str = "
local now = redis.call('TIME')
local answer = {{now[1], now[2]}}
for i, key in ipairs(KEYS) do answer[i + 1] = look(key) end
return answer";
pub(super) const PURGE: &str = concat!(include_str!("look.lua"), include_str!("purge.lua"));
/// A whole key; and one that is put where nothing is.
pub(super) const COPY: &str = include_str!("copy.lua");
pub(super) const PUT: &str = concat!(include_str!("words.lua"), include_str!("put.lua"));

/// The scripts that write, as they are sent to a server of Redis 7 and to one of Redis 6: what each is for, and its text.
#[doc(hidden)]
#[must_use]
pub fn writing_scripts() -> Vec<(&'static str, String)> {
    let commit = format!("{APP}{COMMIT}");
    let alone = format!("{APP}{COMMIT_ALONE}");
    let bodies = [
        ("commit", Kind::Writes, commit.as_str()),
        ("commit that relieves", Kind::Relieves, commit.as_str()),
        ("a commit with nothing beside it", Kind::Writes, alone.as_str()),
        ("addition", Kind::Writes, ADD),
        ("beside a commit", Kind::Writes, BESIDE),
        ("rehearsal", Kind::Writes, REHEARSAL),
        ("rehearsal of additions", Kind::Writes, MAY_ADD),
        ("purge", Kind::Relieves, PURGE),
        ("a copy", Kind::Writes, PUT),
    ];
    let both = [Dialect::Redis7, Dialect::Redis6];
    bodies.iter().flat_map(|(name, kind, body)| both.map(|dialect| (*name, text(*kind, body, dialect)))).collect()
}
