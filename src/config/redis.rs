//! `[store.redis]`: one server, a Cluster or Sentinels; who we are there, and how sure a change must be.

use std::ops::RangeInclusive;
use std::time::Duration;

use toml::de::DeValue;

use super::keys;
use super::layout::{self, Around};
use super::secret::{PlacedSecret, SecretSource};
use super::settings::{
    Deployment, DurabilitySettings, Node as At, RedisSettings, RedisTarget, SentinelSettings, TlsFiles,
};
use super::url::{self, Address, REDIS_PORT, SENTINEL_PORT};
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
    let ways: Vec<Node<'_>> = ["url", "nodes", "sentinel"].iter().filter_map(|name| table.get(name)).collect();
    let (deployment, tls) = match ways.as_slice() {
        [] => {
            return Err(table.refuse(
                "`url` is missing: redis://HOST:6379/0, rediss://HOST:6380/0 or unix:///run/redis.sock; for a Cluster \
                 `nodes`, for Sentinel `sentinel`",
            ));
        }
        [way] if way.name == "url" => {
            let (target, by_url) = one(table, way)?;
            username = username.or(by_url.0);
            password = password.or(by_url.1);
            let tls = tls_of_url(table, &target, tls)?;
            (Deployment::Alone(target), tls)
        }
        [way] if way.name == "nodes" => {
            if let Some(database) = table.get("database") {
                return Err(database.refuse("a Cluster has only the database 0"));
            }
            (Deployment::Cluster(nodes(way, REDIS_PORT)?), tls.or(None))
        }
        [way] => {
            let tls = tls.or(None);
            (Deployment::Sentinel(Box::new(sentinel(table, &way.table()?, tls.as_ref())?)), tls)
        }
        [_, second, ..] => {
            return Err(second
                .refuse("there are several ways to the Redis")
                .hint("exactly one of `url` (one server), `nodes` (a Cluster) and `sentinel`"));
        }
    };
    let prefix = prefix(table)?;
    let around = Around { region, prefix: &prefix, cluster: matches!(deployment, Deployment::Cluster(_)) };
    let layout = layout::read(table, &around)?;
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
    let Address { target, username, password } = url::parse(node.text()?).map_err(|message| node.refuse(message))?;
    for (name, twice) in [("username", username.is_some()), ("password", password.is_some())] {
        if let Some(own) = table.get(name).filter(|_| twice) {
            return Err(own.refuse(format!("the URL has a {name} too; write it once")));
        }
    }
    if let Some(database) = table.get("database") {
        return Err(database.refuse("the database stands in the URL: redis://HOST:6379/2"));
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
        return Err(master.refuse("the name of a master has letters, digits, `.`, `_` and `-`"));
    }
    let list = own.get("nodes").ok_or_else(|| missing("nodes"))?;
    Ok(SentinelSettings {
        master: name.to_owned(),
        nodes: nodes(&list, SENTINEL_PORT)?,
        username: text(own, "username")?,
        password: secret(own, "password")?,
        // Without a word of its own the way to the Sentinels is as safe as that to the servers.
        tls: tls(own)?.or(servers_tls),
        database: table.get("database").map_or(Ok(0), |node| node.number(0..=65_535))?,
    })
}

fn nodes(list: &Node<'_>, usual_port: &str) -> Result<Vec<At>, ConfigError> {
    let wanted = "HOST:PORT is wanted, such as \"10.0.0.1:6379\" or \"[fd00::1]:6379\"";
    let mut nodes: Vec<At> = Vec::new();
    for item in list.list("HOST:PORT")? {
        let text = item.text()?;
        if text.contains("://") || text.contains('@') {
            return Err(item.refuse(format!("{wanted}; user, password and tls have keys of their own")));
        }
        let node = url::node(text, usual_port).map_err(|message| item.refuse(message))?;
        let node = node.ok_or_else(|| item.refuse(wanted))?;
        if nodes.contains(&node) {
            return Err(item.refuse("this node is there twice"));
        }
        nodes.push(node);
    }
    if nodes.is_empty() || nodes.len() > MOST_NODES {
        return Err(list.refuse(format!("1 to {MOST_NODES} nodes are wanted; one that answers is enough")));
    }
    Ok(nodes)
}

fn text(table: &Table<'_>, name: &str) -> Result<Option<String>, ConfigError> {
    let Some(node) = table.get(name) else { return Ok(None) };
    match node.text()? {
        "" => Err(node.refuse("this is empty; leave the key out")),
        text => Ok(Some(text.to_owned())),
    }
}

fn secret(table: &Table<'_>, name: &str) -> Result<Option<PlacedSecret>, ConfigError> {
    let Some(node) = table.get(name) else { return Ok(None) };
    Ok(Some(PlacedSecret { source: SecretSource::read(&node)?, position: node.position() }))
}

/// What `tls` says.
enum AddressKind {
    Unsaid,
    Without,
    With(TlsFiles),
}

impl AddressKind {
    /// What holds, if this holds where nothing is said.
    fn or(self, usual: Option<&TlsFiles>) -> Option<TlsFiles> {
        match self {
            Self::Unsaid => usual.cloned(),
            Self::Without => None,
            Self::With(files) => Some(files),
        }
    }
}

/// Reads `tls`, which may be `true`: then the system's roots are meant.
fn tls(table: &Table<'_>) -> Result<AddressKind, ConfigError> {
    let Some(node) = table.get("tls") else { return Ok(AddressKind::Unsaid) };
    if let DeValue::Boolean(with) = node.value {
        return Ok(if *with { AddressKind::With(TlsFiles::default()) } else { AddressKind::Without });
    }
    let own = node.table()?;
    own.only(&keys::TLS)?;
    let files = TlsFiles { ca: own.file("ca")?, cert: own.file("cert")?, key: own.file("key")? };
    if files.cert.is_some() != files.key.is_some() {
        return Err(own.refuse("`cert` and `key` go together"));
    }
    Ok(AddressKind::With(files))
}

/// With a URL the scheme says whether there is TLS, and `tls` only with which files.
fn tls_of_url(table: &Table<'_>, target: &RedisTarget, tls: AddressKind) -> Result<Option<TlsFiles>, ConfigError> {
    let with = matches!(target, RedisTarget::Tcp { tls: true, .. });
    match (tls, table.get("tls")) {
        (AddressKind::With(_), Some(node)) if !with => {
            Err(node.refuse("the URL is without TLS; rediss:// is the one with it"))
        }
        (AddressKind::Without, Some(node)) if with => {
            Err(node.refuse("the URL is with TLS; redis:// is the one without it"))
        }
        (wanted, _) => Ok(with.then(|| wanted.or(None).unwrap_or_default())),
    }
}

fn durability(table: &Table<'_>) -> Result<Option<DurabilitySettings>, ConfigError> {
    let Some(own) = table.table("durability")? else { return Ok(None) };
    own.only(&keys::DURABILITY)?;
    let number = |name: &str, usual, allowed| own.get(name).map_or(Ok(usual), |node| node.number(allowed));
    Ok(Some(DurabilitySettings {
        wait_replicas: number("wait_replicas", 1, 1..=16)?,
        // More than a second of every command is more than a person waits for gladly; without an end it would be for ever.
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
        return Err(node.refuse("1 to 64 letters, digits, `_`, `.`, `:` and `-` are wanted"));
    }
    Ok(text.to_owned())
}
