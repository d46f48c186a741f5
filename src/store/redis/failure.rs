//! What an error of Redis, or of the way to it, means for us: by its code, since the client has no kind for most.

use std::error::Error;
use std::io;
use std::sync::Arc;

use redis::RedisError;

use crate::otp::foreign::escaped;
use crate::store::StoreError;

/// Whether the call could have changed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// Connecting or reading.
    Reading,
    /// Committing.
    Writing,
}

/// What to do about a server's no. None of these was executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// Ask this node from now on; without a host it is another port of the same.
    Moved(Option<String>, u16),
    /// Ask this node once: the key is on its way there.
    Ask(Option<String>, u16),
    /// Ask again a little later.
    Later,
    /// This is a replica: find the master.
    Replica,
    /// There are too many clients.
    Crowded,
    /// TLS failed: it will not do better a moment later.
    Distrust,
    /// It stays a no.
    No,
}

/// What to do about an error.
pub(super) fn next(error: &RedisError) -> Next {
    let redirected = || {
        // `MOVED 3999 10.0.0.1:6381`. Since Redis 7 the host is empty where the node does not know by which name it is
        // reached: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#moved-redirection
        let (host, port) = error.detail()?.split_ascii_whitespace().nth(1)?.rsplit_once(':')?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Some(((!host.is_empty() && host != "?").then(|| host.to_owned()), port.parse().ok()?))
    };
    match error.code() {
        Some("MOVED") => redirected().map_or(Next::No, |(host, port)| Next::Moved(host, port)),
        Some("ASK") => redirected().map_or(Next::No, |(host, port)| Next::Ask(host, port)),
        Some("LOADING" | "TRYAGAIN" | "CLUSTERDOWN" | "MASTERDOWN" | "BUSY") => Next::Later,
        Some("READONLY") => Next::Replica,
        Some("ERR") if error.detail().is_some_and(|detail| detail.contains("max number of clients")) => Next::Crowded,
        None if is_distrust(error) => Next::Distrust,
        _ => Next::No,
    }
}

/// Whether it is an error of TLS: a certificate that is not believed, ours that is missing, or no TLS on the other side.
/// The client keeps the cause behind an `Arc`, and the `io::Error` in there keeps it for itself.
fn is_distrust(error: &RedisError) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<Arc<dyn Error + Send + Sync>>());
    let broken = cause.and_then(|cause| cause.downcast_ref::<io::Error>()?.get_ref());
    broken.is_some_and(<dyn Error + Send + Sync>::is::<rustls::Error>)
}

/// Sorts an error. Of several commands in one round trip, the first that was refused tells why: the client's error for
/// all of them has no code, and would pass for a lost answer.
pub(super) fn sorted(error: &RedisError, doing: Doing, server: &str) -> StoreError {
    let refused = error.clone().into_server_errors();
    let first = refused.and_then(|all| all.first().map(|(_, first)| RedisError::from(first.clone())));
    let error = first.as_ref().unwrap_or(error);
    let text = words(error);
    match error.code() {
        Some("NOAUTH" | "WRONGPASS" | "NOPERM") => StoreError::Denied(format!("{server} says {text}")),
        Some("WRONGTYPE") => StoreError::Data(format!("{server} says {text}")),
        Some("READONLY") => StoreError::NotReady(format!("{server} is a replica: {text}")),
        Some(
            "LOADING" | "OOM" | "MISCONF" | "NOREPLICAS" | "MASTERDOWN" | "BUSY" | "CLUSTERDOWN" | "TRYAGAIN" | "MOVED"
            | "ASK" | "UNKILLABLE",
        ) => StoreError::NotReady(format!("{server} says {text}")),
        Some("ERR") => said(&text, server),
        Some(_) => StoreError::NotReady(format!("{server} says {text}")),
        None => silent(error, doing, &text, server),
    }
}

/// Plain `ERR`, which Redis says for very different things.
fn said(text: &str, server: &str) -> StoreError {
    // A script's own error is wrapped: the code of the cause stands inside the text.
    for (code, sort) in [
        ("NOPERM", StoreError::Denied as fn(String) -> StoreError),
        ("permissions", StoreError::Denied),
        ("can't run this command", StoreError::Denied),
        ("WRONGTYPE", StoreError::Data),
        ("DB index", |text| StoreError::Config(format!("{text}: the database is that of `url`, or `database`"))),
        // The first line of our scripts is not Lua to an older server.
        ("compiling script", |text| StoreError::Config(format!("{text} (Redis 7 or later is needed)"))),
        ("unknown command", StoreError::Config),
        ("cluster support disabled", StoreError::Config),
        ("AUTH", StoreError::Denied),
    ] {
        if text.contains(code) {
            return sort(format!("{server} says {text}"));
        }
    }
    StoreError::NotReady(format!("{server} says {text}"))
}

/// No answer that Redis gave: the network, TLS, or something that is no Redis.
fn silent(error: &RedisError, doing: Doing, text: &str, server: &str) -> StoreError {
    use redis::ErrorKind;
    match error.kind() {
        ErrorKind::InvalidClientConfig => StoreError::Config(format!("{server}: {text}")),
        ErrorKind::AuthenticationFailed => StoreError::Denied(format!("{server}: {text}")),
        ErrorKind::Parse | ErrorKind::UnexpectedReturnType if doing == Doing::Reading => {
            StoreError::Unreachable(format!("{server} is not a Redis server: {text}"))
        }
        _ if doing == Doing::Writing => StoreError::Unknown(format!("{server}: {text}")),
        // The resolver's words are those of the C library, and name it not.
        _ if text.contains("lookup address") => StoreError::Unreachable(format!("{server}: DNS: {text}")),
        _ => StoreError::Unreachable(format!("{server}: {text}")),
    }
}

/// The error and its causes in one line. Redis quotes nothing of ours but the names of keys and commands.
fn words(error: &RedisError) -> String {
    let mut text = match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        _ => error.to_string(),
    };
    // What the server said is said; of a failed connection the causes tell more.
    let mut cause = if error.code().is_some() { None } else { error.source() };
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    let text: String = escaped(&text).chars().take(300).collect();
    text.trim_end_matches('.').to_owned()
}
