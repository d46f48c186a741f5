//! The URL of a Redis server: taken apart at once, so that what is kept and shown never has a password in it.

use std::net::Ipv6Addr;

use super::settings::{RedisTarget, ServerAddress};
use crate::system::FilePath;

/// A server, and the credentials that its URL had.
pub(super) struct ParsedUrl {
    pub(super) target: RedisTarget,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
}

const EXPECTED: &str =
    "expected redis://HOST:6379/0, rediss://HOST:6380/0 for TLS, or unix:///run/redis.sock?db=0 for a socket";

/// The port of a Redis that names none, and of a Sentinel.
pub(super) const REDIS_PORT: &str = "6379";
pub(super) const SENTINEL_PORT: &str = "26379";

/// Reads a URL. The error never holds a part of it.
pub(super) fn parse(url: &str) -> Result<ParsedUrl, &'static str> {
    // A control character would end a line of the protocol or of a terminal.
    if url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("a URL cannot contain spaces or control characters");
    }
    match url.split_once("://") {
        Some(("redis", rest)) => tcp(rest, false),
        Some(("rediss", rest)) => tcp(rest, true),
        Some(("unix", rest)) => unix(rest),
        _ => Err(EXPECTED),
    }
}

fn tcp(rest: &str, tls: bool) -> Result<ParsedUrl, &'static str> {
    // `#insecure` would switch the check of the certificate off.
    if rest.contains(['?', '#']) {
        return Err(
            "a Redis URL has no `?` and no `#` part; options have their own keys (in a password, write %3F and %23)",
        );
    }
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (credentials, server) = match authority.rsplit_once('@') {
        Some((credentials, server)) => (Some(credentials), server),
        None => (None, authority),
    };
    let node = server_address(server, REDIS_PORT)?.ok_or(EXPECTED)?;
    let target = RedisTarget::Tcp { node, tls, database: database(path)? };
    let (username, password) = match credentials.map(|both| both.split_once(':').unwrap_or((both, ""))) {
        Some((username, password)) => (decoded(username)?, decoded(password)?),
        None => (None, None),
    };
    Ok(ParsedUrl { target, username, password })
}

/// Reads `HOST:PORT` or `[IPv6]:PORT`; `None` where the host is none.
pub(super) fn server_address(text: &str, default_port: &str) -> Result<Option<ServerAddress>, &'static str> {
    let (host, port) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':').or(port.is_empty().then_some(default_port))),
        // More than one colon and no brackets: where the port begins cannot be told.
        None if text.matches(':').count() > 1 => return Err("write an IPv6 address in brackets: [::1]:6379"),
        None => text.split_once(':').map_or((text, Some(default_port)), |(host, port)| (host, Some(port))),
    };
    let named = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    if !named && host.parse::<Ipv6Addr>().is_err() {
        return Ok(None);
    }
    let port =
        port.and_then(|port| port.parse().ok()).filter(|port| *port > 0).ok_or("expected a port from 1 to 65535")?;
    Ok(Some(ServerAddress { host: host.to_owned(), port }))
}

fn unix(rest: &str) -> Result<ParsedUrl, &'static str> {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let socket = FilePath::absolute(path).filter(|_| !path.contains('#'));
    let path =
        socket.ok_or("expected the absolute path of the socket after unix://, such as unix:///run/redis.sock")?;
    let (mut username, mut password, mut index) = (None, None, 0);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("db", text)) => index = database(text)?,
            Some(("user", text)) => username = decoded(text)?,
            Some(("pass", text)) => password = decoded(text)?,
            _ => return Err("expected only db, user and pass after `?`"),
        }
    }
    Ok(ParsedUrl { target: RedisTarget::Unix { path, database: index }, username, password })
}

fn database(text: &str) -> Result<u32, &'static str> {
    if text.is_empty() {
        Ok(0)
    } else {
        text.parse().map_err(|_| "expected a whole number as the database, such as /0")
    }
}

/// Undoes the percent encoding (RFC 3986 §2.1). Empty is the same as absent.
fn decoded(text: &str) -> Result<Option<String>, &'static str> {
    let wrong = "in the credentials of a URL, two hexadecimal digits must follow each `%`; write `%` as %25";
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, tail @ ..] = rest else { return Err(wrong) };
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (Some(high), Some(low)) = (digit(*high), digit(*low)) else { return Err(wrong) };
        bytes.push(high << 4 | low);
        rest = tail;
    }
    let text = String::from_utf8(bytes).map_err(|_| "the credentials of the URL are not UTF-8 text")?;
    Ok((!text.is_empty()).then_some(text))
}

/// Whether a URL of any scheme has something before an `@` in front of its host.
pub(super) fn has_credentials(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    authority.contains('@')
}
