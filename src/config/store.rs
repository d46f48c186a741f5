//! `[store.embedded]` and `[store.redis]`: which store, and where.

use std::path::PathBuf;

use toml::de::DeValue;

use super::env::Env;
use super::error::ConfigError;
use super::keys;
use super::secret::SecretSource;
use super::settings::{RedisSettings, RedisTarget, StoreSettings, TlsFiles};
use super::tree::Table;
use super::url::{self, Address};
use crate::otp::Secret;

pub(super) fn read(table: Option<&Table<'_>>, env: &Env) -> Result<StoreSettings, ConfigError> {
    let Some(table) = table else { return own(env).map(|path| StoreSettings::Embedded { path }) };
    table.only(keys::of("store"))?;
    match (table.table("embedded")?, table.table("redis")?) {
        (Some(_), Some(redis)) => Err(redis
            .refuse("[store.embedded] is configured too; exactly one store is used")
            .hint("remove one of the two tables: no record is in both")),
        (None, Some(redis)) => self::redis(&redis).map(|redis| StoreSettings::Redis(Box::new(redis))),
        (Some(embedded), None) => {
            embedded.only(keys::of("store.embedded"))?;
            let path = match embedded.file("path")? {
                Some(path) => path,
                None => own(env)?,
            };
            Ok(StoreSettings::Embedded { path })
        }
        (None, None) => own(env).map(|path| StoreSettings::Embedded { path }),
    }
}

/// The database in the user's state folder.
fn own(env: &Env) -> Result<PathBuf, ConfigError> {
    let folder = env.own_folder("XDG_STATE_HOME", ".local/state");
    folder.map(|folder| folder.join("otpctl.db")).ok_or_else(|| {
        ConfigError::new("no folder for the embedded store: neither HOME nor XDG_STATE_HOME is an absolute path")
            .hint("export HOME, or set `path` under [store.embedded]")
    })
}

fn redis(table: &Table<'_>) -> Result<RedisSettings, ConfigError> {
    for later in ["nodes", "sentinel"] {
        if let Some(node) = table.get(later) {
            return Err(node.refuse("not supported by this version yet; `url` names one server, and works"));
        }
    }
    table.only(keys::of("store.redis"))?;
    layout(table)?;
    let node = table.get("url").ok_or_else(|| {
        table.refuse("`url` is missing: redis://HOST:6379/0, rediss://HOST:6380/0 or unix:///run/redis.sock")
    })?;
    let Address { target, username, password } = url::parse(node.text()?).map_err(|message| node.refuse(message))?;
    let both = |name: &str| table.get(name).map(|node| node.refuse(format!("the URL has a {name} too; write it once")));
    if username.is_some()
        && let Some(error) = both("username")
    {
        return Err(error);
    }
    if password.is_some()
        && let Some(error) = both("password")
    {
        return Err(error);
    }
    let mut password_place = node.place();
    let password = match (password, table.get("password")) {
        (Some(password), _) => {
            node.is_literal_secret();
            Some(SecretSource::Literal(Secret::new(password)))
        }
        (None, Some(own)) => {
            password_place = own.place();
            Some(SecretSource::read(&own)?)
        }
        (None, None) => None,
    };
    let tls = tls(table, &target)?;
    Ok(RedisSettings {
        target,
        username: username.or(table.text("username")?.map(str::to_owned)),
        password,
        tls,
        prefix: prefix(table)?,
        accept_eviction_risk: table.flag("accept_eviction_risk")?,
        password_place,
    })
}

fn layout(table: &Table<'_>) -> Result<(), ConfigError> {
    match table.get("layout") {
        None => Ok(()),
        Some(node) => match node.value {
            DeValue::String(name) if name == "native" => Ok(()),
            DeValue::String(_) | DeValue::Table(_) => {
                Err(node.refuse("\"native\" is the only layout; others are not supported by this version yet"))
            }
            _ => Err(node.wrong_type("\"native\"")),
        },
    }
}

/// Braces would move keys to other slots of a cluster, and `*`, `?`, `[` would be read as patterns in a scan.
fn prefix(table: &Table<'_>) -> Result<String, ConfigError> {
    let Some(node) = table.get("prefix") else { return Ok("otpctl".to_owned()) };
    let text = node.text()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    if text.is_empty() || text.len() > 64 || !text.bytes().all(plain) {
        return Err(node.refuse("1 to 64 letters, digits, `_`, `.`, `:` and `-` are wanted"));
    }
    Ok(text.to_owned())
}

fn tls(table: &Table<'_>, target: &RedisTarget) -> Result<TlsFiles, ConfigError> {
    let Some(tls) = table.table("tls")? else { return Ok(TlsFiles::default()) };
    tls.only(&keys::TLS)?;
    if !matches!(target, RedisTarget::Tcp { tls: true, .. }) {
        return Err(tls.refuse("the URL is without TLS; rediss:// is the one with it"));
    }
    let files = TlsFiles { ca: tls.file("ca")?, cert: tls.file("cert")?, key: tls.file("key")? };
    if files.cert.is_some() != files.key.is_some() {
        return Err(tls.refuse("`cert` and `key` go together"));
    }
    Ok(files)
}
