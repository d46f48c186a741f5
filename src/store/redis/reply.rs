//! What an error of Redis, or of the connection to it, means for us: by its code, since the client has no kind for most.

use std::error::Error;
use std::io;
use std::sync::Arc;

use redis::RedisError;

use super::script::OLDREDIS;
use crate::otp::escape::escaped;
use crate::store::StoreError;

/// Whether the call could have changed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Connecting or reading.
    Reading,
    /// Committing.
    Writing,
    /// Adding something to what is committed: nobody waits for replicas, and a lost answer stays lost.
    Aside,
}

/// What to do after a server refused a command. None of these was executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ServerReply {
    /// Ask this node from now on; without a host it is another port of the same.
    Moved(Option<String>, u16),
    /// Ask this node once: the key is being moved there.
    Ask(Option<String>, u16),
    /// Ask again a little later.
    Later,
    /// This is a replica: find the master.
    Replica,
    /// There are too many clients.
    TooManyClients,
    /// TLS failed: it will not do better a moment later.
    TlsFailed,
    /// It does not know what came with Redis 7: use the dialect of Redis 6.
    Older,
    /// It stays refused.
    No,
}

/// Why a server refused a hash that stands for a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HashReply {
    /// It has not run the script, or has forgotten it.
    Forgotten,
    /// It does not let this user send hashes, or knows no such command.
    Refused,
}

/// Whether a refusal is of the hash alone: what the script itself is refused has the same code, and other words.
pub(super) fn of_hash(error: &RedisError) -> Option<HashReply> {
    let said = Said::of(error)?;
    let names = said.text.to_ascii_lowercase().contains("evalsha");
    match said.code.as_str() {
        "NOSCRIPT" => Some(HashReply::Forgotten),
        "NOPERM" | "ERR" if names => Some(HashReply::Refused),
        _ => None,
    }
}

/// What a server is that we can use.
pub(super) const NEEDED: &str = "Redis 6.0 or later, or Valkey, is needed";
/// What a server says of a script whose first line is no Lua to it.
const NO_SCRIPT: &str = "Error compiling script";

/// What to do about an error.
pub(super) fn next(error: &RedisError) -> ServerReply {
    let said = Said::of(error);
    let says = |words: &str| said.as_ref().is_some_and(|said| said.text.contains(words));
    let redirected = || {
        // `MOVED 3999 10.0.0.1:6381`. Since Redis 7 the host is empty where the node does not know by which name it is
        // reached: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#moved-redirection
        let (host, port) = error.detail()?.split_ascii_whitespace().nth(1)?.rsplit_once(':')?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Some(((!host.is_empty() && host != "?").then(|| host.to_owned()), port.parse().ok()?))
    };
    match said.as_ref().map(|said| said.code.as_str()) {
        Some("MOVED") => redirected().map_or(ServerReply::No, |(host, port)| ServerReply::Moved(host, port)),
        Some("ASK") => redirected().map_or(ServerReply::No, |(host, port)| ServerReply::Ask(host, port)),
        Some("LOADING" | "TRYAGAIN" | "CLUSTERDOWN" | "MASTERDOWN" | "BUSY") => ServerReply::Later,
        Some("READONLY") => ServerReply::Replica,
        Some("ERR") if says("max number of clients") => ServerReply::TooManyClients,
        Some("ERR") if says("unknown command") || says(NO_SCRIPT) => ServerReply::Older,
        None if is_tls_failure(error) => ServerReply::TlsFailed,
        _ => ServerReply::No,
    }
}

/// Whether it is an error of TLS: a certificate that is not believed, ours that is missing, or no TLS on the other side.
/// The client keeps the cause behind an `Arc`, and the `io::Error` in there keeps it for itself.
fn is_tls_failure(error: &RedisError) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<Arc<dyn Error + Send + Sync>>());
    let broken = cause.and_then(|cause| cause.downcast_ref::<io::Error>()?.get_ref());
    broken.is_some_and(<dyn Error + Send + Sync>::is::<rustls::Error>)
}

/// Classifies an error. Of several commands in one round trip, the first that was refused says why: the client's error for
/// all of them has no code, and would look like a lost answer.
pub(super) fn classify(error: &RedisError, access: Access, server: &str) -> StoreError {
    let refused = error.clone().into_server_errors();
    let first = refused.and_then(|all| all.first().map(|(_, first)| RedisError::from(first.clone())));
    let error = first.as_ref().unwrap_or(error);
    let (heard, text) = (Said::of(error), words(error));
    match heard.as_ref().map(|heard| heard.code.as_str()) {
        // What is older than Redis 6.0 says so in a script of ours.
        Some(OLDREDIS) => StoreError::TooOld(format!("{server} is too old: {NEEDED}")),
        Some("NOAUTH" | "WRONGPASS" | "NOPERM") => StoreError::Denied(format!("{server} says {text}")),
        Some("WRONGTYPE") => StoreError::Data(format!("{server} says {text}")),
        Some("READONLY") => StoreError::Replica(format!("{server} is a replica: {text}")),
        Some(
            "LOADING" | "OOM" | "MISCONF" | "NOREPLICAS" | "MASTERDOWN" | "BUSY" | "CLUSTERDOWN" | "TRYAGAIN" | "MOVED"
            | "ASK" | "UNKILLABLE",
        ) => StoreError::NotReady(format!("{server} says {text}")),
        Some("ERR") => said(&text, server),
        Some(_) => StoreError::NotReady(format!("{server} says {text}")),
        None => silent(error, access, &text, server),
    }
}

/// Plain `ERR`, which Redis says for very different things.
fn said(text: &str, server: &str) -> StoreError {
    // A script's own error is wrapped: the code of the cause is inside the text.
    for (code, sort) in [
        ("NOPERM", StoreError::Denied as fn(String) -> StoreError),
        ("permissions", StoreError::Denied),
        ("executing the script can't", StoreError::Denied),
        ("can't run this command", StoreError::Denied),
        ("WRONGTYPE", StoreError::Data),
        ("DB index", |text| StoreError::Config(format!("{text}: the database is that of `url`, or `database`"))),
        (NO_SCRIPT, StoreError::Config),
        ("unknown command", StoreError::Config),
        // An option that came with a later version.
        ("syntax error", StoreError::Config),
        ("cluster support disabled", StoreError::Config),
        ("AUTH", StoreError::Denied),
    ] {
        if text.contains(code) {
            return sort(format!("{server} says {text}"));
        }
    }
    StoreError::NotReady(format!("{server} says {text}"))
}

/// Not an answer of Redis: the network, TLS, or a server that is not a Redis.
fn silent(error: &RedisError, access: Access, text: &str, server: &str) -> StoreError {
    use redis::ErrorKind;
    match error.kind() {
        ErrorKind::InvalidClientConfig => StoreError::Config(format!("{server}: {text}")),
        ErrorKind::AuthenticationFailed => StoreError::Denied(format!("{server}: {text}")),
        ErrorKind::Parse | ErrorKind::UnexpectedReturnType if access == Access::Reading => {
            StoreError::Unreachable(format!("{server} is not a Redis server: {text}"))
        }
        _ if access == Access::Writing => StoreError::Unknown(format!("{server}: {text}")),
        // The resolver's text comes from the C library, and does not name the resolver.
        _ if text.contains("lookup address") => StoreError::Unreachable(format!("{server}: DNS: {text}")),
        _ => StoreError::Unreachable(format!("{server}: {text}")),
    }
}

/// What a server said, by its code, without what it says of our scripts: neither their names nor their text helps anybody.
struct Said {
    code: String,
    text: String,
}

impl Said {
    /// `None`: no server said it.
    fn of(error: &RedisError) -> Option<Self> {
        let (code, detail) = (error.code()?, error.detail().unwrap_or_default());
        let text = unscripted(detail);
        // Redis 6 wraps what was said to a script: the code is inside.
        let inner = text.split_once(' ').filter(|(word, _)| text.len() < detail.len() && is_code(word));
        Some(match inner {
            Some((inner, rest)) if code == "ERR" => Self { code: inner.to_owned(), text: rest.to_owned() },
            _ => Self { code: code.to_owned(), text: text.to_owned() },
        })
    }
}

fn is_code(word: &str) -> bool {
    word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Without `Error running script (call to f_…): @user_script:7: @user_script: 7: -` before it, without
/// ` script: …, on @user_script:7.` behind it, and without the beginning of a script that was not understood.
fn unscripted(detail: &str) -> &str {
    let mut text = detail;
    if let Some((_, rest)) = text.strip_prefix("Error running script").and_then(|text| text.split_once("): ")) {
        text = rest;
    }
    while let Some(rest) = behind_position(text) {
        text = rest;
    }
    for end in [", with args beginning with", " (new function)", " near '", " near `"] {
        text = text.split(end).next().unwrap_or(text);
    }
    if text.contains(", on @user_script") {
        text = text.rsplit_once(" script: ").map_or(text, |(text, _)| text);
    }
    text.trim_start_matches('-').trim()
}

/// What is behind `@user_script:7: ` or `user_script: 7: `.
fn behind_position(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('@').unwrap_or(text);
    let rest = ["user_script:", "enable_strict_lua:"].iter().find_map(|name| rest.strip_prefix(name))?;
    let (line, rest) = rest.split_once(": ")?;
    line.trim().bytes().all(|byte| byte.is_ascii_digit()).then_some(rest)
}

/// The error and its causes in one line. Redis quotes nothing of ours but the names of keys and commands.
fn words(error: &RedisError) -> String {
    let said = Said::of(error);
    let mut text = said.as_ref().map_or_else(|| error.to_string(), |said| format!("{} {}", said.code, said.text));
    // The server's own text is complete; for a failed connection, the causes say more.
    let mut cause = if said.is_some() { None } else { error.source() };
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    let text: String = escaped(&text).chars().take(300).collect();
    text.trim_end_matches('.').trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_script_stands_in_a_message() {
        for (said, shown) in [
            (
                "unknown command `EVAL_RO`, with args beginning with: `#!lua flags=no-writes",
                "unknown command `EVAL_RO`",
            ),
            ("unknown command 'EVAL_RO', with args beginning with: '#!lua", "unknown command 'EVAL_RO'"),
            ("Error compiling script (new function): user_script:1: unexpected symbol near '#'", NO_SCRIPT),
            (
                "Error running script (call to f_88c9): @user_script:1: @user_script: 1: -OOM command not allowed.\r\n",
                "OOM command not allowed.",
            ),
            (
                "Error running script (call to f_88c9): @user_script:12: WRONGTYPE Operation against a key",
                "WRONGTYPE Operation against a key",
            ),
            (
                "Error running script (call to f_1): @enable_strict_lua:15: user_script:3: Script attempted to access nonexistent global variable 'place'",
                "Script attempted to access nonexistent global variable 'place'",
            ),
            (
                "You can't write against a read only replica. script: 3de0, on @user_script:1.",
                "You can't write against a read only replica.",
            ),
            (
                "user_script:1: attempt to index a nil value script: 3de0, on @user_script:1.",
                "attempt to index a nil value",
            ),
            ("value is not an integer or out of range", "value is not an integer or out of range"),
        ] {
            assert_eq!(unscripted(said), shown);
        }
    }
}
