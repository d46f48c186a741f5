//! Where records are: our own file, or the application's Redis and the addresses of its servers.

use std::fmt;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::Duration;

use super::super::secret::PlacedSecret;
use crate::layout::Layout;
use crate::system::FilePath;

/// Where records are: exactly one store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreSettings {
    /// Our own file.
    Embedded {
        /// The database.
        path: FilePath,
    },
    /// The application's Redis.
    Redis(Box<RedisSettings>),
}

/// `[store.redis]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisSettings {
    /// One server, a Cluster, or a master that Sentinels know.
    pub deployment: Deployment,
    /// The ACL user, from its key or the URL.
    pub username: Option<String>,
    /// Its password, from its key or the URL.
    pub password: Option<PlacedSecret>,
    /// TLS to the servers, and its files; none: without TLS.
    pub tls: Option<TlsFiles>,
    /// How long it may take to connect, with the TLS handshake; a failed attempt is repeated once.
    pub connect_timeout: Duration,
    /// What every key begins with.
    pub prefix: String,
    /// Whether a `protected` file may use a server that evicts counters.
    pub accept_eviction_risk: bool,
    /// How many replicas must have a change before it is done.
    pub durability: Option<DurabilitySettings>,
    /// How the application keeps its codes; none: they are kept in our own layout.
    pub layout: Option<LayoutSettings>,
}

/// `layout` of `[store.redis]`.
#[derive(Debug, Clone)]
pub struct LayoutSettings {
    /// How.
    pub layout: Arc<dyn Layout>,
    /// What the application hashes with.
    pub secret: Option<PlacedSecret>,
}

/// Two layouts that say the same are the same.
impl PartialEq for LayoutSettings {
    fn eq(&self, other: &Self) -> bool {
        *self.layout == *other.layout && self.secret == other.secret
    }
}

impl Eq for LayoutSettings {}

/// How the servers of a Redis belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deployment {
    /// `url`: one server.
    Alone(RedisTarget),
    /// `nodes`: a Redis Cluster, by some of its nodes.
    Cluster(Vec<ServerAddress>),
    /// `sentinel`: the master that Sentinels name.
    Sentinel(Box<SentinelSettings>),
}

/// `[store.redis] sentinel`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentinelSettings {
    /// The name of the master.
    pub master: String,
    /// The Sentinels.
    pub nodes: Vec<ServerAddress>,
    /// The ACL user at the Sentinels, which is not that of the servers.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<PlacedSecret>,
    /// TLS to the Sentinels; none: without.
    pub tls: Option<TlsFiles>,
    /// What to SELECT at the master.
    pub database: u32,
}

/// `HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress {
    /// A name or an address, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// `[store.redis] durability`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DurabilitySettings {
    /// So many replicas.
    pub wait_replicas: u32,
    /// So long.
    pub wait: Duration,
    /// Too few of them are a failure, and not only a warning.
    pub strict: bool,
}

/// One Redis server, without its credentials: `Display` is a URL that may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedisTarget {
    /// `redis://` and `rediss://`.
    Tcp {
        /// Where; 6379 where the URL has no port.
        node: ServerAddress,
        /// `rediss://`.
        tls: bool,
        /// What to SELECT.
        database: u32,
    },
    /// `unix://`.
    Unix {
        /// The socket.
        path: FilePath,
        /// What to SELECT.
        database: u32,
    },
}

/// Files for TLS to Redis; without a `ca` the system's roots are used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// Who may sign the server's certificate.
    pub ca: Option<FilePath>,
    /// The client certificate; always together with its key.
    pub cert: Option<FilePath>,
    /// Its key: read it with [`crate::config::read_private`].
    pub key: Option<FilePath>,
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.parse::<Ipv6Addr>().is_ok() {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |nodes: &[ServerAddress]| nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match self {
            Self::Alone(target) => target.fmt(f),
            Self::Cluster(nodes) => write!(f, "Cluster of {}", list(nodes)),
            Self::Sentinel(sentinel) => write!(f, "{}, by Sentinel of {}", sentinel.master, list(&sentinel.nodes)),
        }
    }
}

impl fmt::Display for RedisTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { node, tls, database } => {
                let scheme = if *tls { "rediss" } else { "redis" };
                write!(f, "{scheme}://{node}/{database}")
            }
            Self::Unix { path, database: 0 } => write!(f, "unix://{path}"),
            Self::Unix { path, database } => write!(f, "unix://{path}?db={database}"),
        }
    }
}
