//! What a Redis user must be allowed, by what a person does with this tool: the commands that are sent and those that the
//! scripts call, since Redis checks both, and nothing else. It is next to the code that sends them.

use std::collections::HashSet;

use super::server::{Deployment, Server};
use crate::otp::Role;

/// What a server understands of rules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Understood {
    /// Redis 6.0: no rules for channels.
    Redis60,
    /// Redis 6.2: no selectors, no keys that may only be read, no `EVAL_RO`.
    Redis62,
    /// Redis 7 and later, Valkey.
    #[default]
    Redis7,
}

/// `load.lua` and the commands that run it: by its text, and by its hash where it is run often.
const LOAD: [&str; 4] = ["+eval_ro", "+evalsha_ro", "+get", "+time"];
/// `commit.lua` and the commands that run it, beside what loading needs.
const COMMIT: [&str; 6] = ["+eval", "+evalsha", "+set", "+lpush", "+ltrim", "+pexpire"];
/// `add.lua` and `beside.lua`.
const ADD: [&str; 7] = ["+xadd", "+hincrby", "+hdel", "+pttl", "+hlen", "+hget", "+hgetall"];
/// What is read of a phone beside its values: its timeline, and sums; and the feed and lists of many phones.
const READ: [&str; 2] = ["+lrange", "+hgetall"];
const LISTS: [&str; 3] = ["+xrange", "+xrevrange", "+scan"];
/// What `app.lua` needs to read and to write the keys of an application, and a list to leave out what it showed.
const LOAD_APP: [&str; 5] = ["+type", "+pexpiretime", "+getrange", "+hlen", "+hgetall"];
const COMMIT_APP: [&str; 2] = ["+hset", "+pexpireat"];
const LISTS_APP: [&str; 1] = ["+exists"];
/// `members.lua`.
const MEMBERS: [&str; 3] = ["+type", "+scard", "+srandmember"];
/// `look.lua`, beside what loading needs.
const LOOK: [&str; 10] =
    ["+type", "+pttl", "+strlen", "+getrange", "+llen", "+lindex", "+hlen", "+hkeys", "+hstrlen", "+hget"];
/// What the servers say of themselves: whether one was started with nothing in it; and all that `doctor` asks.
const INFO: [&str; 1] = ["+info"];
const FACTS: [&str; 1] = ["+config|get"];

/// The words of `ACL SETUSER` behind the user's name. Given again they take away what was granted before, and leave the
/// password alone.
#[must_use]
pub fn rules(server: &Server, role: Role) -> Vec<String> {
    rules_for(server, role, Understood::Redis7)
}

/// The same, as a server of some version understands it.
#[must_use]
pub fn rules_for(server: &Server, role: Role, understood: Understood) -> Vec<String> {
    let words = newest(server, role);
    let mut given = HashSet::new();
    words.iter().filter_map(|word| worded(word, understood)).filter(|word| given.insert(word.clone())).collect()
}

/// A word as a server understands it; `None`: it has none for that, and needs none.
fn worded(word: &str, understood: Understood) -> Option<String> {
    match (word, understood) {
        (_, Understood::Redis7) => Some(word.to_owned()),
        ("clearselectors", _) | ("resetchannels", Understood::Redis60) => None,
        // It runs every script. What a script may call is what the user may call.
        ("+eval_ro", _) => Some("+eval".to_owned()),
        ("+evalsha_ro", _) => Some("+evalsha".to_owned()),
        ("+pexpiretime", _) => Some("+pttl".to_owned()),
        // Who may call no command that writes needs no keys that may only be read.
        (word, _) => Some(word.strip_prefix("%R").unwrap_or(word).to_owned()),
    }
}

fn newest(server: &Server, role: Role) -> Vec<String> {
    let keys = if role == Role::Support { "%R~" } else { "~" };
    let mut words = vec!["on", "clearselectors", "resetkeys"];
    let pattern = format!("{keys}{}:*", server.prefix);
    words.push(&pattern);
    let apps = server.app.iter().flat_map(|app| {
        let keys = if app.writes { keys } else { "%R~" };
        app.patterns.iter().map(move |pattern| format!("{keys}{pattern}"))
    });
    let apps: Vec<String> = apps.collect();
    words.extend(apps.iter().map(String::as_str));
    words.extend(["resetchannels", "-@all"]);
    words.extend(LOAD);
    let writes = role != Role::Support;
    if writes {
        words.extend(COMMIT);
        words.extend(ADD);
    }
    if role != Role::Ci {
        words.extend(READ);
        words.extend(LISTS);
        words.extend(LOOK);
    }
    if role != Role::Ci || server.refuse_eviction {
        words.extend(INFO);
    }
    if let Some(app) = &server.app {
        words.extend(LOAD_APP);
        if app.writes {
            words.extend(COMMIT_APP.iter().filter(|_| writes));
            words.extend(LISTS_APP.iter().filter(|_| role != Role::Ci));
        } else {
            words.extend(MEMBERS);
        }
    }
    words.extend(of_deployment(server));
    if writes && server.durability.is_some() {
        words.push("+wait");
    }
    if role == Role::Admin {
        // `purge.lua`.
        words.push("+unlink");
        words.extend(FACTS);
    }
    words.into_iter().map(str::to_owned).collect()
}

/// What it takes to find the right server, and the right part of it.
fn of_deployment(server: &Server) -> Vec<&'static str> {
    let mut words = Vec::new();
    if server.database != 0 {
        words.push("+select");
    }
    match server.deployment {
        Deployment::Alone(_) => {}
        Deployment::Cluster(_) => words.extend(["+cluster|slots", "+asking"]),
        Deployment::Sentinel(_) => words.push("+role"),
    }
    words
}

/// The same for a user at the Sentinels, who needs to ask one question.
#[must_use]
pub fn sentinel_rules(server: &Server) -> Option<Vec<String>> {
    sentinel_rules_for(server, Understood::Redis7)
}

/// The same, as Sentinels of some version understand it; those of Redis 6.0 have no users.
#[must_use]
pub fn sentinel_rules_for(server: &Server, understood: Understood) -> Option<Vec<String>> {
    let Deployment::Sentinel(_) = server.deployment else { return None };
    if understood == Understood::Redis60 {
        return None;
    }
    let words = ["on", "clearselectors", "resetkeys", "resetchannels", "-@all", "+sentinel|get-master-addr-by-name"];
    Some(words.iter().filter_map(|word| worded(word, understood)).collect())
}
