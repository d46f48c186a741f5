//! What `INFO` says of a server.

use std::time::Duration;

use crate::otp::escape::escaped;
use crate::store::ServerFacts;

/// `INFO` is lines of `name:value`, under headings that begin with `#`.
pub(super) fn value<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// Neither a snapshot nor a log was loaded when it started, and no master has given it anything since: a replica that
/// was promoted still knows the replication of its master.
pub(super) fn age_if_empty(info: &str) -> Option<Duration> {
    let says = |name, what| value(info, name) == Some(what);
    let empty = says("rdb_last_load_keys_loaded", "0") && says("aof_enabled", "0");
    let alone = says("role", "master") && says("second_repl_offset", "-1");
    let age = value(info, "uptime_in_seconds")?.parse().ok()?;
    (empty && alone).then(|| Duration::from_secs(age))
}

/// What a server says of itself.
pub(super) fn facts(info: &str, name: &str) -> ServerFacts {
    let value = |name: &str| value(info, name);
    // Valkey says `redis_version:7.2.4` too, for old clients.
    let software = value("valkey_version").map(|version| ("Valkey", version));
    let software = software.or_else(|| value("redis_version").map(|version| ("Redis", version)));
    ServerFacts {
        name: name.to_owned(),
        endpoint: None,
        too_old: software.is_some_and(|(software, version)| software == "Redis" && is_too_old(version)),
        software: software.map(|(software, version)| format!("{software} {}", escaped(version))),
        replica: value("role").map(|role| role != "master"),
        replicas: value("connected_slaves").and_then(|count| count.parse().ok()),
        eviction: value("maxmemory_policy").map(escaped),
        memory_limit: value("maxmemory").and_then(|bytes| bytes.parse().ok()),
        persistent: value("aof_enabled").map(|enabled| enabled == "1"),
    }
}

/// Whether a version is below 6.0.
pub(super) fn is_too_old(version: &str) -> bool {
    version.split('.').next().and_then(|major| major.parse::<u32>().ok()).is_some_and(|major| major < 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_that_can_have_got_nothing_from_elsewhere_began_empty() {
        let usual = "uptime_in_seconds:40\r\nrdb_last_load_keys_loaded:0\r\naof_enabled:0\r\nrole:master\r\n\
                     second_repl_offset:-1\r\n";
        assert_eq!(age_if_empty(usual), Some(Duration::from_secs(40)));
        for (is, other) in [
            ("loaded:0", "loaded:1"),
            ("aof_enabled:0", "aof_enabled:1"),
            ("role:master", "role:slave"),
            // It was a replica before.
            ("second_repl_offset:-1", "second_repl_offset:512"),
            ("uptime_in_seconds:40", "uptime_in_seconds:?"),
        ] {
            assert_eq!(age_if_empty(&usual.replace(is, other)), None, "{other}");
        }
        // A managed server that hides part of it.
        assert_eq!(age_if_empty("uptime_in_seconds:40\r\nrole:master\r\n"), None);
    }

    #[test]
    fn what_is_below_six_is_too_old() {
        for (version, old) in
            [("5.0.14", true), ("2.6", true), ("6.0.0", false), ("6.2.14", false), ("10.1", false), ("?", false)]
        {
            assert_eq!(is_too_old(version), old, "{version}");
        }
    }
}
