//! What a Redis is to us before anything is connected: where it is, who we are there, how sure a change must be, and
//! how long it may take.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::otp::{Phone, Secret};

/// A Redis, and how to treat it.
#[derive(Debug, Clone)]
pub struct Server {
    /// Where it is.
    pub deployment: Deployment,
    /// The ACL user.
    pub username: Option<String>,
    pub password: Option<Secret>,
    /// TLS to the servers; none: without.
    pub tls: Option<Tls>,
    /// What to SELECT.
    pub database: u32,
    /// The first part of the name of every key.
    pub prefix: String,
    /// Refuse to work on a Redis that may evict our keys when its memory is full.
    pub refuse_eviction: bool,
    /// How many replicas must have a change.
    pub durability: Option<Durability>,
    /// How long a connection, its TLS handshake included, may take to come about. One that fails is tried once more.
    pub connect_timeout: Duration,
    /// The end of whatever is being done.
    pub deadline: Deadline,
    /// The hash tags of phones.
    pub tags: Arc<dyn PhoneTags>,
    /// The keys of an application's that are read and written beside ours.
    pub app: Option<AppKeys>,
}

/// The hash tags of our keys of phones: in a Cluster they put these keys into the slot of an application's.
pub trait PhoneTags: fmt::Debug + Send + Sync {
    /// The tag of a phone.
    fn tag(&self, phone: &Phone) -> String {
        phone.as_str().to_owned()
    }

    /// The number (+E.164) of the phone with this tag.
    fn phone_of(&self, tag: &str) -> Option<String> {
        Some(tag.to_owned())
    }

    /// The pattern that all tags fit.
    fn pattern(&self) -> &'static str {
        "+*"
    }
}

/// The tag of a phone is its number.
#[derive(Debug, Clone, Copy, Default)]
pub struct NumberTags;

impl PhoneTags for NumberTags {}

/// Keys of an application's, as far as the rights of a Redis user go.
#[derive(Debug, Clone, Default)]
pub struct AppKeys {
    /// The patterns of their names.
    pub patterns: Vec<String>,
    /// Whether they are written too; those that are only read are found by sets.
    pub writes: bool,
    /// Keys of nobody, to ask what this user may do to such keys.
    pub probe_keys: Vec<String>,
    /// The hash tag of our keys beside these.
    pub probe_tag: Option<String>,
}

/// How the servers belong together.
#[derive(Debug, Clone)]
pub enum Deployment {
    /// One server.
    Alone(Endpoint),
    /// A Redis Cluster, by some of its nodes.
    Cluster(Vec<Endpoint>),
    /// The master that Sentinels name.
    Sentinel(Sentinels),
}

/// The Sentinels of a master.
#[derive(Debug, Clone)]
pub struct Sentinels {
    /// The name of the master.
    pub master: String,
    /// Where they are.
    pub nodes: Vec<Endpoint>,
    /// The ACL user there.
    pub username: Option<String>,
    /// The password there.
    pub password: Option<Secret>,
    /// TLS to them; none: without.
    pub tls: Option<Tls>,
}

/// Where one process listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// A name or an address without brackets, and a port.
    Tcp(String, u16),
    /// A socket.
    Unix(PathBuf),
}

/// Certificates, PEM.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// The authority that signed the server's certificate; the system's own where there is none.
    pub ca: Option<Vec<u8>>,
    /// Our own certificate and its key.
    pub client: Option<(Vec<u8>, Secret)>,
}

/// A change counts only when replicas have it.
#[derive(Debug, Clone, Copy)]
pub struct Durability {
    /// The number of replicas.
    pub replicas: u32,
    /// How long they are waited for.
    pub wait: Duration,
    /// Too few are a failure, and not only a warning.
    pub strict: bool,
}

/// When everything must be done. It is read again each time: it moves while a person is prompted.
#[derive(Clone)]
pub struct Deadline(Arc<dyn Fn() -> Instant + Send + Sync>);

impl Deadline {
    /// The end that this gives.
    pub fn new(end: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        Self(Arc::new(end))
    }

    pub(super) fn end(&self) -> Instant {
        (self.0)()
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deadline")
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(host, port) if host.parse::<Ipv6Addr>().is_ok() => write!(f, "[{host}]:{port}"),
            Self::Tcp(host, port) => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}
