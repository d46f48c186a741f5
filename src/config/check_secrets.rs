//! What `config check` finds of secrets: each is fetched, and none is kept.

use super::fetch::{read_certificates, read_private};
use super::finding::{Finding, Level, finding};
use super::guard;
use super::secret::Fetch;
use super::settings::{Deployment, RedisSettings, SettingSource, Settings, StoreSettings};
use crate::otp::Secret;
use crate::toml_tree::ConfigError;

/// Fetches every secret, and keeps none.
pub async fn check_secrets(settings: &Settings, fetch: &Fetch<'_>) -> Vec<Finding> {
    let (mut findings, mut weak) = (Vec::new(), Vec::new());
    for pepper in &settings.code.peppers {
        let key = format!("code.peppers.{}", pepper.id);
        let resolved = pepper.resolve(fetch).await;
        weak.extend(resolved.as_ref().ok().and_then(|secret| weak_pepper(settings, &key, secret)));
        findings.push(fetched(key, resolved));
    }
    if let StoreSettings::Redis(redis) = &settings.store {
        findings.extend(of_redis(redis, fetch).await);
    }
    findings.extend(of_tables(settings, fetch).await);
    if let Some(own) = &settings.assertion {
        findings.push(fetched("assertion.key".to_owned(), own.signer(fetch).await));
    }
    if let (StoreSettings::Embedded { path }, []) = (&settings.store, settings.code.peppers.as_slice()) {
        // The one that the embedded store makes for itself is strong, unless somebody wrote another one there.
        let own = read_private(&path.with_file_name("pepper"));
        weak.extend(own.ok().and_then(|secret| weak_pepper(settings, "code.peppers", &secret)));
    }
    findings.extend(weak);
    findings
}

/// What came of fetching one.
fn fetched<T>(key: String, result: Result<T, ConfigError>) -> Finding {
    match result {
        Ok(_) => finding(Level::Note, key, "can be fetched"),
        Err(error) => Finding::failed(key, &error),
    }
}

/// Passwords, keys and certificates of the servers and of their Sentinels, and the secret of an application.
async fn of_redis(redis: &RedisSettings, fetch: &Fetch<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(secret) = redis.layout.as_ref().and_then(|layout| layout.secret.as_ref()) {
        findings.push(fetched("store.redis.layout.secret".to_owned(), secret.resolve(fetch).await));
    }
    let at_sentinels = match &redis.deployment {
        Deployment::Sentinel(sentinel) => Some(("store.redis.sentinel", &sentinel.password, &sentinel.tls)),
        _ => None,
    };
    let at_servers = ("store.redis", &redis.password, &redis.tls);
    for (table, password, tls) in std::iter::once(at_servers).chain(at_sentinels) {
        if let Some(password) = password {
            findings.push(fetched(format!("{table}.password"), password.resolve(fetch).await));
        }
        let Some(tls) = tls else { continue };
        if let Some(key) = &tls.key {
            findings.push(fetched(format!("{table}.tls.key"), read_private(key)));
        }
        for (name, path) in [("ca", &tls.ca), ("cert", &tls.cert)] {
            if let Some(path) = path {
                findings.push(fetched(format!("{table}.tls.{name}"), read_certificates(path)));
            }
        }
    }
    findings
}

/// The secrets and authorities in the tables of providers and directories.
async fn of_tables(settings: &Settings, fetch: &Fetch<'_>) -> Vec<Finding> {
    let mut tables = Vec::new();
    for (name, provider) in &settings.providers {
        tables.extend(provider.tables(name).map(|(table, entries)| (table, entries, &provider.positions)));
    }
    for (name, own) in &settings.directories {
        tables.push((format!("directory.{name}"), &own.entries, &own.positions));
    }
    let mut findings = Vec::new();
    for (table, entries, positions) in tables {
        for (setting, entry) in entries {
            let key = format!("{table}.{setting}");
            match entry {
                SettingSource::Secret(_) => {
                    findings.push(fetched(key, entry.fetch(positions.get(setting), fetch).await));
                }
                SettingSource::Authority(path) => findings.push(fetched(format!("{key}.ca"), read_certificates(path))),
                SettingSource::Plain(_) | SettingSource::File(_) | SettingSource::Program(..) => {}
            }
        }
    }
    findings
}

/// A pepper that can be guessed.
fn weak_pepper(settings: &Settings, key: &str, secret: &Secret) -> Option<Finding> {
    let level = if settings.protected { Level::Error } else { Level::Warning };
    guard::weak_pepper(secret.expose())
        .map(|why| finding(level, key, format!("the pepper {why}")).hint(guard::fresh_pepper()))
}
