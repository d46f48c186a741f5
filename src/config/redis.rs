//! `[store.redis]`: one server, a Cluster or Sentinels; who we are there, and how sure a change must be.

use std::ops::RangeInclusive;
use std::time::Duration;

use toml::de::DeValue;

use super::keys;
use super::layout::{self, StoreContext};
use super::secret::{PlacedSecret, SecretSource};
use super::settings::{
    Deployment, DurabilitySettings, RedisSettings, RedisTarget, SentinelSettings, ServerAddress, TlsFiles,
};
use super::url::{self, ParsedUrl, REDIS_PORT, SENTINEL_PORT};
use crate::otp::{Country, Secret};
use crate::toml_tree::{ConfigError, Node, Table};

/// A person waits for a server that is not there for two attempts of this.
const CONNECT: Duration = Duration::from_secs(1);
const CONNECT_RANGE: RangeInclusive<Duration> = Duration::from_millis(50)..=Duration::from_secs(60);

/// More nodes than anybody writes down; one that answers is enough.
const MOST_NODES: usize = 64;

pub(super) fn read(table: &Table<'_>, region: Option<Country>) -> Result<RedisSettings, ConfigError> {
    table.only(keys::of("store.redis"))?;
    let mut username = text(table, "username")?;
    let mut password = secret(table, "password")?;
    let tls = tls(table)?;
    let addresses: Vec<Node<'_>> = ["url", "nodes", "sentinel"].iter().filter_map(|name| table.get(name)).collect();
    let (deployment, tls) = match addresses.as_slice() {
        [] => {
            return Err(table.refuse(
                "`url` is missing: redis://HOST:6379/0, rediss://HOST:6380/0 or unix:///run/redis.sock; for a Cluster \
                 `nodes`, for Sentinel `sentinel`",
            ));
        }
        [address] if address.name == "url" => {
            let (target, by_url) = one(table, address)?;
            username = username.or(by_url.0);
            password = password.or(by_url.1);
            let tls = tls_of_url(table, &target, tls)?;
            (Deployment::Alone(target), tls)
        }
        [address] if address.name == "nodes" => {
            if let Some(database) = table.get("database") {
                return Err(database.refuse("a Cluster has only database 0"));
            }
            (Deployment::Cluster(nodes(address, REDIS_PORT)?), tls.or(None))
        }
        [address] => {
            let tls = tls.or(None);
            (Deployment::Sentinel(Box::new(sentinel(table, &address.table()?, tls.as_ref())?)), tls)
        }
        [_, second, ..] => {
            return Err(second
                .refuse("the Redis has more than one address")
                .hint("set exactly one of `url` (one server), `nodes` (a Cluster) and `sentinel`"));
        }
    };
    let prefix = prefix(table)?;
    let context = StoreContext { region, prefix: &prefix, cluster: matches!(deployment, Deployment::Cluster(_)) };
    let layout = layout::read(table, &context)?;
    Ok(RedisSettings {
        deployment,
        username,
        password,
        tls,
        connect_timeout: table.get("connect_timeout").map_or(Ok(CONNECT), |node| node.duration(CONNECT_RANGE))?,
        prefix,
        accept_eviction_risk: table.flag("accept_eviction_risk")?,
        durability: durability(table)?,
        layout,
    })
}

type Credentials = (Option<String>, Option<PlacedSecret>);

/// The server that a URL names, and what it says of who we are.
fn one(table: &Table<'_>, node: &Node<'_>) -> Result<(RedisTarget, Credentials), ConfigError> {
    let ParsedUrl { target, username, password } = url::parse(node.text()?).map_err(|message| node.refuse(message))?;
    for (name, twice) in [("username", username.is_some()), ("password", password.is_some())] {
        if let Some(own) = table.get(name).filter(|_| twice) {
            return Err(own.refuse(format!("the URL has a {name} too; write it once")));
        }
    }
    if let Some(database) = table.get("database") {
        return Err(database.refuse("write the database in the URL: redis://HOST:6379/2"));
    }
    let password = password.map(|password| {
        node.is_literal_secret();
        PlacedSecret { source: SecretSource::Literal(Secret::new(password)), position: node.position() }
    });
    Ok((target, (username, password)))
}

fn sentinel(
    table: &Table<'_>,
    own: &Table<'_>,
    servers_tls: Option<&TlsFiles>,
) -> Result<SentinelSettings, ConfigError> {
    own.only(&keys::SENTINEL)?;
    let missing = |name: &str| {
        own.refuse(format!("`{name}` is missing")).hint("sentinel = { master = \"otp\", nodes = [\"10.0.0.1:26379\"] }")
    };
    let master = own.get("master").ok_or_else(|| missing("master"))?;
    let name = master.text()?;
    if name.is_empty()
        || name.len() > 128
        || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    {
        return Err(master.refuse("expected a master name of letters, digits, `.`, `_` and `-`"));
    }
    let list = own.get("nodes").ok_or_else(|| missing("nodes"))?;
    Ok(SentinelSettings {
        master: name.to_owned(),
        nodes: nodes(&list, SENTINEL_PORT)?,
        username: text(own, "username")?,
        password: secret(own, "password")?,
        // Without its own `tls` the connection to the Sentinels is as safe as that to the servers.
        tls: tls(own)?.or(servers_tls),
        database: table.get("database").map_or(Ok(0), |node| node.number(0..=65_535))?,
    })
}

fn nodes(list: &Node<'_>, default_port: &str) -> Result<Vec<ServerAddress>, ConfigError> {
    let expected = "expected HOST:PORT, such as \"10.0.0.1:6379\" or \"[fd00::1]:6379\"";
    let mut nodes: Vec<ServerAddress> = Vec::new();
    for item in list.list("HOST:PORT")? {
        let text = item.text()?;
        if text.contains("://") || text.contains('@') {
            return Err(item.refuse(format!("{expected}; user, password and tls have their own keys")));
        }
        let node = url::server_address(text, default_port).map_err(|message| item.refuse(message))?;
        let node = node.ok_or_else(|| item.refuse(expected))?;
        if nodes.contains(&node) {
            return Err(item.refuse("duplicate node"));
        }
        nodes.push(node);
    }
    if nodes.is_empty() || nodes.len() > MOST_NODES {
        return Err(list.refuse(format!("expected 1 to {MOST_NODES} nodes; one that answers is enough")));
    }
    Ok(nodes)
}

fn text(table: &Table<'_>, name: &str) -> Result<Option<String>, ConfigError> {
    let Some(node) = table.get(name) else { return Ok(None) };
    match node.text()? {
        "" => Err(node.refuse("the value is empty; remove the key")),
        text => Ok(Some(text.to_owned())),
    }
}

fn secret(table: &Table<'_>, name: &str) -> Result<Option<PlacedSecret>, ConfigError> {
    let Some(node) = table.get(name) else { return Ok(None) };
    Ok(Some(PlacedSecret { source: SecretSource::read(&node)?, position: node.position() }))
}

/// What `tls` says.
enum TlsChoice {
    Unset,
    Off,
    On(TlsFiles),
}

impl TlsChoice {
    /// What applies, with the default for a key that is not set.
    fn or(self, default: Option<&TlsFiles>) -> Option<TlsFiles> {
        match self {
            Self::Unset => default.cloned(),
            Self::Off => None,
            Self::On(files) => Some(files),
        }
    }
}

/// Reads `tls`. With `true` the system's roots are trusted.
fn tls(table: &Table<'_>) -> Result<TlsChoice, ConfigError> {
    let Some(node) = table.get("tls") else { return Ok(TlsChoice::Unset) };
    if let DeValue::Boolean(with) = node.value {
        return Ok(if *with { TlsChoice::On(TlsFiles::default()) } else { TlsChoice::Off });
    }
    let own = node.table()?;
    own.only(&keys::TLS)?;
    let files = TlsFiles { ca: own.file("ca")?, cert: own.file("cert")?, key: own.file("key")? };
    if files.cert.is_some() != files.key.is_some() {
        return Err(own.refuse("set both `cert` and `key`, or neither"));
    }
    Ok(TlsChoice::On(files))
}

/// With a URL the scheme says whether there is TLS, and `tls` only with which files.
fn tls_of_url(table: &Table<'_>, target: &RedisTarget, tls: TlsChoice) -> Result<Option<TlsFiles>, ConfigError> {
    let with = matches!(target, RedisTarget::Tcp { tls: true, .. });
    match (tls, table.get("tls")) {
        (TlsChoice::On(_), Some(node)) if !with => Err(node.refuse("the URL is without TLS; use rediss:// for TLS")),
        (TlsChoice::Off, Some(node)) if with => Err(node.refuse("the URL is with TLS; use redis:// without TLS")),
        (choice, _) => Ok(with.then(|| choice.or(None).unwrap_or_default())),
    }
}

fn durability(table: &Table<'_>) -> Result<Option<DurabilitySettings>, ConfigError> {
    let Some(own) = table.table("durability")? else { return Ok(None) };
    own.only(&keys::DURABILITY)?;
    let number = |name: &str, default, allowed| own.get(name).map_or(Ok(default), |node| node.number(allowed));
    Ok(Some(DurabilitySettings {
        wait_replicas: number("wait_replicas", 1, 1..=16)?,
        // More than a second of every command is more than a person waits for gladly; without an end it would be forever.
        wait: Duration::from_millis(number("wait_ms", 500, 1..=5_000)?.into()),
        strict: own.flag("strict")?,
    }))
}

/// Braces would move keys to other slots of a cluster, and `*`, `?`, `[` would be read as patterns in a scan.
fn prefix(table: &Table<'_>) -> Result<String, ConfigError> {
    let Some(node) = table.get("prefix") else { return Ok("otpctl".to_owned()) };
    let text = node.text()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    if text.is_empty() || text.len() > 64 || !text.bytes().all(plain) {
        return Err(node.refuse("expected 1 to 64 letters, digits, `_`, `.`, `:` and `-`"));
    }
    Ok(text.to_owned())
}
