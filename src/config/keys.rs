//! Every key of the file, by table: what is accepted, listed, and held to `otpctl.toml.example` is this list.

/// A table and the keys that it may hold. Tables whose keys are chosen by the user (`providers`, `directory`, `routes`,
/// `message.lang`, windows and counts in `limits`) are not listed: their readers name what they allow.
pub(super) const TABLES: [(&str, &[&str]); 12] = [
    (
        "",
        &[
            "protected",
            "reveal",
            "role",
            "region",
            "store",
            "code",
            "limits",
            "policy",
            "message",
            "routes",
            "providers",
            "user",
            "directory",
            "test_numbers",
            "timeline",
            "audit",
            "assertion",
        ],
    ),
    ("store", &["embedded", "redis"]),
    ("store.embedded", &["path"]),
    (
        "store.redis",
        &[
            "url",
            "nodes",
            "sentinel",
            "username",
            "password",
            "tls",
            "connect_timeout",
            "database",
            "prefix",
            "layout",
            "accept_eviction_risk",
            "durability",
        ],
    ),
    ("code", &["length", "alphabet", "allow_weak", "ttl", "max_attempts", "peppers"]),
    ("limits", &["cooldown", "per_phone", "per_prefix", "per_country", "caps", "spend", "locks", "failures_kept"]),
    ("policy", &["countries", "types", "brakes"]),
    ("message", &["app", "text", "host", "lang", "notify"]),
    ("user", &["directories", "notify_on_change"]),
    ("timeline", &["keep"]),
    ("audit", &["file", "syslog"]),
    ("assertion", &["key", "kid", "issuer", "audiences", "allow_issued"]),
];

/// The keys of the items of lists and of small inline tables.
pub(super) const TLS: [&str; 3] = ["ca", "cert", "key"];
pub(super) const SENTINEL: [&str; 5] = ["master", "nodes", "username", "password", "tls"];
pub(super) const DURABILITY: [&str; 3] = ["wait_replicas", "wait_ms", "strict"];
pub(super) const LAYOUT: [&str; 27] = [
    "preset",
    "app",
    "key",
    "phone",
    "purposes",
    "type",
    "field",
    "verifier",
    "pattern",
    "secret",
    "ttl",
    "length",
    "alphabet",
    "attempts",
    "attempts_field",
    "attempts_begin",
    "max_attempts_field",
    "closed_field",
    "expires_field",
    "expires_as",
    "nullable",
    "fields",
    "counts",
    "cooldown",
    "locks",
    "numbers",
    "allows",
];
pub(super) const PEPPER: [&str; 5] = ["id", "env", "file", "command", "value"];
pub(super) const SECRET: [&str; 3] = ["env", "file", "command"];
pub(super) const TEST_NUMBER: [&str; 4] = ["phone", "code", "valid_until", "outcome"];
pub(super) const PASS_OVER: [&str; 2] = ["after", "for"];
pub(super) const ROUTE_ENTRY: [&str; 2] = ["provider", "unless_delivered"];

/// The keys of `[routes]` beside countries, prefixes and purposes.
pub(super) const ROUTES: [&str; 3] = ["default", "failover_on_unknown", "pass_over"];

/// The keys of a table.
pub(super) fn of(table: &str) -> &'static [&'static str] {
    TABLES.iter().find(|(name, _)| *name == table).map_or(&[], |(_, keys)| keys)
}

/// The table that a key would be right in.
pub(super) fn home_of(key: &str) -> Option<&'static str> {
    TABLES.iter().find(|(_, keys)| keys.contains(&key)).map(|(table, _)| *table)
}
