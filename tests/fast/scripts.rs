//! What the scripts ask of a server: nothing that is newer than Redis 6.0, save behind the switch that says it is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Each command that a script calls, and the version of Redis that brought it. One more is looked up first:
/// <https://redis.io/docs/latest/commands/>.
const COMMANDS: [(&str, (u8, u8)); 33] = [
    ("GET", (1, 0)),
    ("GETRANGE", (2, 4)),
    ("HDEL", (2, 0)),
    ("HGET", (2, 0)),
    ("HGETALL", (2, 0)),
    ("HINCRBY", (2, 0)),
    ("HKEYS", (2, 0)),
    ("HLEN", (2, 0)),
    ("HSET", (2, 0)),
    ("HSTRLEN", (3, 2)),
    ("LINDEX", (1, 0)),
    ("LLEN", (1, 0)),
    ("LPUSH", (1, 0)),
    ("LRANGE", (1, 0)),
    ("LTRIM", (1, 0)),
    ("PEXPIRE", (2, 6)),
    ("PEXPIREAT", (2, 6)),
    ("PEXPIRETIME", (7, 0)),
    ("PTTL", (2, 6)),
    ("SCAN", (2, 8)),
    ("SCARD", (1, 0)),
    ("SET", (1, 0)),
    ("SRANDMEMBER", (1, 0)),
    ("STRLEN", (2, 2)),
    ("TIME", (2, 6)),
    ("TYPE", (1, 0)),
    ("UNLINK", (4, 0)),
    ("XADD", (5, 0)),
    ("XRANGE", (5, 0)),
    ("XREVRANGE", (5, 0)),
    // Options of `XADD` and `SET`.
    ("MAXLEN", (5, 0)),
    ("PX", (2, 6)),
    ("NX", (2, 6)),
];

/// What the scripts use of `redis.…`, by the version that brought it.
const FEATURES: [(&str, (u8, u8)); 8] = [
    ("acl_check_cmd", (7, 0)),
    ("call", (2, 6)),
    ("error_reply", (2, 6)),
    ("pcall", (2, 6)),
    ("replicate_commands", (3, 2)),
    ("set_repl", (3, 2)),
    ("setresp", (6, 0)),
    ("REPL_NONE", (3, 2)),
];

/// Words in capitals that are no commands.
const OTHERS: [&str; 10] = ["ID", "KEYS", "ARGV", "NOPERM", "ERR", "OLDREDIS", "XX", "COUNT", "REPL_NONE", "DEL"];

/// Where what is newer may stand: on a line that chooses by `redis6`, or in the file that only Redis 7 is sent.
fn is_switched(file: &str, line: &str) -> bool {
    file == "redis7_write.lua"
        || line.contains("redis6")
        || (file == "may_read.lua" && line.contains("PEXPIRETIME = {}"))
}

fn scripts() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/redis");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let lua = files.filter(|path| path.extension().is_some_and(|end| end == "lua"));
    lua.map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read_to_string(path).unwrap())
    })
    .collect()
}

/// The code of a line, without its comment.
fn code(line: &str) -> &str {
    line.find("--").map_or(line, |at| &line[..at])
}

fn words<'a>(text: &'a str, is: impl Fn(char) -> bool + 'a) -> impl Iterator<Item = &'a str> {
    text.split(move |character: char| !is(character)).filter(|word| !word.is_empty())
}

#[test]
fn the_scripts_ask_for_nothing_that_redis_6_0_has_not() {
    let scripts = scripts();
    assert!(scripts.len() > 9, "{:?}", scripts.keys());
    let mut used = BTreeSet::new();
    for (file, text) in &scripts {
        for line in text.lines() {
            let in_capitals = words(code(line), |character| character.is_ascii_alphanumeric() || character == '_');
            let capitals = in_capitals.filter(|word| {
                word.len() > 1 && word.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_')
            });
            for word in capitals.filter(|word| !OTHERS.contains(word)) {
                let known = COMMANDS.iter().find(|(name, _)| *name == word);
                let (name, version) = known.unwrap_or_else(|| panic!("{file}: which version brought `{word}`?"));
                used.insert(*name);
                assert!(*version <= (6, 0) || is_switched(file, line), "{file}: {word} came with {version:?}: {line}");
            }
            for (at, before) in code(line).match_indices("redis.") {
                let rest = &code(line)[at + before.len()..];
                let word = words(rest, |character| character.is_ascii_alphanumeric() || character == '_').next();
                let known = FEATURES.iter().find(|(name, _)| Some(*name) == word);
                let (_, version) = known.unwrap_or_else(|| panic!("{file}: which version brought `redis.{word:?}`?"));
                let behind = *version <= (6, 0) || is_switched(file, line) || text.contains("if redis6 then");
                assert!(behind || text.contains("if not redis6 then"), "{file}: {word:?} came with {version:?}");
            }
        }
    }
    let unused: Vec<_> = COMMANDS.iter().filter(|(name, _)| !used.contains(name)).collect();
    assert!(unused.is_empty(), "no script calls these any more: {unused:?}");
}

/// Redis 6 sends the name of a script and its position with each error, and its first words where it knows no such command.
#[test]
fn no_script_is_sent_without_saying_for_which_redis_it_is() {
    for (name, text) in otpctl::store::writing_scripts() {
        assert!(text.starts_with("#!lua") != text.contains("local redis6 = true"), "{name}");
        assert!(text.contains("local redis6 = "), "{name}");
    }
}
