//! Settings that leave codes or money unprotected: `config check` warns of them, and a `protected` file neither sends
//! nor verifies with them.

use std::path::Path;

use super::settings::{MIN_PEPPER, Settings};
use crate::otp::{Hint, LockLength};
use crate::toml_tree::{ConfigError, Position};

/// The command that creates a pepper.
#[must_use]
pub fn fresh_pepper() -> Hint {
    Hint::shell("head -c 32 /dev/urandom | base64").because("create one")
}

/// The fewest different characters of a pepper. 32 random hexadecimal digits have 14, base64 has more.
const LEAST_DIFFERENT: usize = 8;

/// The store is shared and no pepper is configured: only a bare hash of a code would be stored, and whoever reads the
/// store could find the code in a second.
#[must_use]
pub fn missing_pepper(path: Option<&Path>) -> ConfigError {
    let error = ConfigError::new(
        "no pepper is configured; Redis requires one, so that the key that signs codes stays outside the store",
    )
    .hint(
        Hint::shell("(umask 077 && head -c 32 /dev/urandom | base64 > /etc/otpctl/pepper)")
            .because("create one, and add under [code]: peppers = [{ id = \"1\", file = \"/etc/otpctl/pepper\" }]"),
    );
    match path {
        Some(path) => error.in_file(path),
        None => error,
    }
}

/// Missing limits. Money is only spent where there is a provider of real SMS; a code can be guessed anywhere.
#[must_use]
pub fn weaknesses(settings: &Settings) -> Vec<ConfigError> {
    let limits = &settings.limits;
    let real = settings.providers.values().any(|provider| provider.kind.is_real());
    let hard = limits.locks.last().is_some_and(|last| last.length == LockLength::Hard);
    let found = [
        (limits.locks.is_empty(), "locks", "no lock: codes can be guessed without limit", LOCKS),
        (
            !limits.locks.is_empty() && !hard,
            "locks",
            "the last lock is not \"hard\": an attacker can wait and keep guessing",
            LOCKS,
        ),
        (real && limits.cooldown.is_empty(), "cooldown", "no cooldown: SMS can be requested without a pause", COOLDOWN),
        (real && limits.per_phone.is_empty(), "per_phone", "no limit on SMS to one phone", PER_PHONE),
        (real && limits.per_prefix.is_empty(), "per_prefix", "no limit on SMS to neighboring numbers", PER_PREFIX),
        (real && limits.per_country.is_empty(), "per_country", "no limit on SMS to one country", PER_COUNTRY),
    ];
    let error = |(_, key, text, fix): (bool, &str, &str, &str)| {
        let key = format!("limits.{key}");
        let error = ConfigError::new(text).hint(Hint::words(format!("under [limits]: {fix}")));
        match &settings.path {
            Some(path) => {
                let line = settings.lines.get(&key).copied().unwrap_or(1);
                error.at(&Position { path: Some(path.clone()), line, column: 1, key })
            }
            None => error.of_key(&key),
        }
    };
    found.into_iter().filter(|(weak, ..)| *weak).map(error).collect()
}

const LOCKS: &str = "locks = { 10 = \"15m\", 20 = \"1h\", 30 = \"24h\", 100 = \"hard\" }";
const COOLDOWN: &str = "cooldown = [\"30s\", \"60s\", \"120s\"]";
const PER_PHONE: &str = "per_phone = { \"10m\" = 3, \"1h\" = 5, \"1d\" = 10 }";
const PER_PREFIX: &str = "per_prefix = { \"1h\" = 20, \"1d\" = 60 }";
const PER_COUNTRY: &str = "per_country = { \"1h\" = 200, \"1d\" = 2000 }";

/// Why a pepper can be guessed, as the end of a sentence that begins with "the pepper".
#[must_use]
pub fn weak_pepper(text: &str) -> Option<String> {
    let length = text.trim().chars().count();
    if length < MIN_PEPPER {
        return Some(format!("has {length} characters; at least {MIN_PEPPER} are safe"));
    }
    let mut different: Vec<char> = text.trim().chars().collect();
    different.sort_unstable();
    different.dedup();
    let count = different.len();
    (count < LEAST_DIFFERENT).then(|| format!("has only {count} different characters, and can be guessed"))
}
