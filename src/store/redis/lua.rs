//! The texts of the scripts.

use super::script::{Body, Dialect, Kind};

/// A script as the build wrote it: without comments.
macro_rules! script {
    ($name:literal) => {
        include_str!(concat!(env!("OUT_DIR"), "/lua/", $name))
    };
}

const WORDS: &str = script!("words.lua");
const SUMS_LUA: &str = script!("sums.lua");
const BESIDE_LUA: &str = script!("beside.lua");
const COMMIT_LUA: &str = script!("commit.lua");
/// What loading and committing an application's keys needs before it.
const APP: &str = script!("app.lua");
const LOOK: &str = script!("look.lua");
/// The time, and each key; keys that are gone by now are left out of what is made of it.
const LOOK_AT: &str = "local now = redis.call('TIME')
local answer = {{now[1], now[2]}}
for i, key in ipairs(KEYS) do answer[i + 1] = look(key) end
return answer
";

pub(super) static LOAD: Body = Body::of(&[script!("load.lua")]);
pub(super) static LOAD_MANY: Body = Body::of(&[script!("load_many.lua")]);
pub(super) static LOAD_APP: Body = Body::of(&[APP, script!("load_app.lua")]);
/// A change, with what is beside it; and one with nothing beside it, which is shorter. The same with an application's keys.
pub(super) static COMMIT: Body = Body::of(&[WORDS, SUMS_LUA, BESIDE_LUA, COMMIT_LUA]);
pub(super) static COMMIT_ALONE: Body = Body::of(&[WORDS, script!("nothing_beside.lua"), COMMIT_LUA]);
pub(super) static COMMIT_APP: Body = Body::of(&[APP, WORDS, SUMS_LUA, BESIDE_LUA, COMMIT_LUA]);
pub(super) static COMMIT_APP_ALONE: Body = Body::of(&[APP, WORDS, script!("nothing_beside.lua"), COMMIT_LUA]);
pub(super) static ADD: Body = Body::of(&[WORDS, SUMS_LUA, script!("add.lua")]);
/// What is beside a change, where it cannot be written in one step with it.
pub(super) static BESIDE: Body = Body::of(&[WORDS, SUMS_LUA, BESIDE_LUA, script!("beside_alone.lua")]);
pub(super) static MAY_ADD: Body = Body::of(&[script!("may_add.lua")]);
pub(super) static MEMBERS: Body = Body::of(&[script!("members.lua")]);
pub(super) static REHEARSAL: Body = Body::of(&[script!("health.lua")]);
pub(super) static MAY_READ: Body = Body::of(&[script!("may_read.lua")]);
pub(super) static READ_KEYS: Body = Body::of(&[LOOK, LOOK_AT]);
pub(super) static PURGE: Body = Body::of(&[LOOK, script!("purge.lua")]);
/// A whole key; and one that is put where nothing is.
pub(super) static COPY: Body = Body::of(&[script!("copy.lua")]);
pub(super) static PUT: Body = Body::of(&[WORDS, script!("put.lua")]);

/// The scripts that write, as they are sent to a server of Redis 7 and to one of Redis 6: what each is for, and its text.
#[doc(hidden)]
#[must_use]
pub fn writing_scripts() -> Vec<(&'static str, String)> {
    let bodies = [
        ("commit", Kind::Writes, &COMMIT_APP),
        ("commit that relieves", Kind::Relieves, &COMMIT_APP),
        ("a commit with nothing beside it", Kind::Writes, &COMMIT_APP_ALONE),
        ("addition", Kind::Writes, &ADD),
        ("beside a commit", Kind::Writes, &BESIDE),
        ("rehearsal", Kind::Writes, &REHEARSAL),
        ("rehearsal of additions", Kind::Writes, &MAY_ADD),
        ("purge", Kind::Relieves, &PURGE),
        ("a copy", Kind::Writes, &PUT),
    ];
    let both = [Dialect::Redis7, Dialect::Redis6];
    bodies.iter().flat_map(|(name, kind, body)| both.map(|dialect| (*name, body.whole(*kind, dialect)))).collect()
}
