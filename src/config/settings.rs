//! The settings as the program uses them: checked, paths taken from the file's folder, secrets still where they are.

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::Date;

use super::error::{ConfigError, Place};
use super::locate::Origin;
use super::secret::SecretSource;
use crate::otp::circuit::PassOver;
use crate::otp::layout::Layout;
use crate::otp::{Alphabet, Code, CodeSpec, Country, Limits, Phone, Policy};
use crate::provider;

/// The shortest text of a pepper: 32 random bytes in base64 are 44 characters.
pub const MIN_PEPPER: usize = 32;

/// Everything that one file says, or nothing of it: see [`super::load`].
#[derive(Debug, Clone)]
pub struct Settings {
    /// The file, where there is one.
    pub path: Option<PathBuf>,
    /// The file was named by flag or environment: what a mutation under `protected` asks for.
    pub named: bool,
    /// A mutation must name this file, and asks.
    pub protected: bool,
    /// `issue` may print a code although the file is `protected`.
    pub reveal: bool,
    /// How a national number is read; none: only +E.164.
    pub region: Option<Country>,
    /// Where records are.
    pub store: StoreSettings,
    /// What a code is like.
    pub code: CodeSettings,
    /// Quotas, cooldowns, locks.
    pub limits: Limits,
    /// Which numbers at all.
    pub policy: Policy,
    /// The text of the SMS.
    pub message: MessageSettings,
    /// Which provider, by country.
    pub routes: Routes,
    /// The configured providers, by name; `console` alone where none is.
    pub providers: BTreeMap<String, ProviderSettings>,
    /// Numbers with a fixed code that no SMS goes to.
    pub test_numbers: Vec<TestNumber>,
    /// How long events are kept.
    pub timeline: TimelineSettings,
    /// How the file was chosen.
    pub chosen: Origin,
    /// The line of every key in the file.
    pub(super) lines: BTreeMap<String, usize>,
}

/// Where records are: exactly one store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreSettings {
    /// A file of our own.
    Embedded {
        /// The database.
        path: PathBuf,
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
    /// What every key begins with.
    pub prefix: String,
    /// A `protected` file may use a server that evicts counters.
    pub accept_eviction_risk: bool,
    /// How many replicas must have a change, before it counts as done.
    pub durability: Option<DurabilitySettings>,
    /// How the application keeps its codes; none: they are kept in our own layout.
    pub layout: Option<LayoutSettings>,
}

/// `layout` of `[store.redis]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayoutSettings {
    /// The layout.
    pub layout: Layout,
    /// What the application hashes with.
    pub secret: Option<PlacedSecret>,
}

/// How the servers of a Redis belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deployment {
    /// `url`: one server.
    Alone(RedisTarget),
    /// `nodes`: a Redis Cluster, by some of its nodes.
    Cluster(Vec<Node>),
    /// `sentinel`: the master that Sentinels name.
    Sentinel(SentinelSettings),
}

/// `[store.redis] sentinel`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentinelSettings {
    /// The name of the master.
    pub master: String,
    /// The Sentinels.
    pub nodes: Vec<Node>,
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
pub struct Node {
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

/// A secret, and the key that asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedSecret {
    /// Where the text is.
    pub source: SecretSource,
    pub(super) place: Place,
}

/// One Redis server, without its credentials: `Display` is a URL that may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedisTarget {
    /// `redis://` and `rediss://`.
    Tcp {
        /// Where; 6379 where the URL has no port.
        node: Node,
        /// `rediss://`.
        tls: bool,
        /// What to SELECT.
        database: u32,
    },
    /// `unix://`.
    Unix {
        /// The socket.
        path: PathBuf,
        /// What to SELECT.
        database: u32,
    },
}

/// Files for TLS to Redis; without a `ca` the system's roots are used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// Who may sign the server's certificate.
    pub ca: Option<PathBuf>,
    /// Our own certificate; always together with its key.
    pub cert: Option<PathBuf>,
    /// Its key: read it with [`super::read_private`].
    pub key: Option<PathBuf>,
}

/// `[code]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeSettings {
    /// Alphabet and length.
    pub spec: CodeSpec,
    /// Fewer bits than [`crate::otp::MIN_BITS`] were asked for and allowed.
    pub allow_weak: bool,
    /// How long a code lives.
    pub ttl: Duration,
    /// How often it may be tried.
    pub max_attempts: u32,
    /// The first signs, all verify; empty: the embedded store makes its own, Redis must have one.
    pub peppers: Vec<PepperSource>,
    pub(super) alphabet: String,
}

/// A pepper and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PepperSource {
    /// Kept in each record, so that a pepper can be rotated.
    pub id: String,
    /// Where the text is.
    pub source: SecretSource,
    pub(super) place: Place,
}

/// `[message]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageSettings {
    /// The name of the application, as people know it.
    pub app: String,
    /// The template.
    pub text: String,
    /// Adds the line that binds the code to a site.
    pub host: Option<String>,
    /// Templates by language.
    pub lang: BTreeMap<String, String>,
}

/// `[routes]`: providers in the order in which they are tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routes {
    /// For every country without a route of its own.
    pub default: Vec<String>,
    /// By country.
    pub by_country: BTreeMap<Country, Vec<String>>,
    /// By the first digits of a number, with its plus: `+9198`.
    pub by_prefix: BTreeMap<String, Vec<String>>,
    /// The next provider is asked also when the one before may have sent.
    pub failover_on_unknown: bool,
    /// When a provider that fails is passed over; `None`: never.
    pub pass_over: Option<PassOver>,
}

/// Why a route is a number's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoutedBy {
    /// Its first digits have a route.
    Prefix(String),
    /// Its country has one.
    Country(Country),
    /// Neither has.
    Default,
}

impl fmt::Display for RoutedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix(prefix) => write!(f, "prefix {prefix}"),
            Self::Country(country) => write!(f, "country {country}"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// One `[providers.NAME]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderSettings {
    /// Which definition or backend.
    pub kind: provider::Kind,
    /// The file with its definition, where it is one of the user's own.
    pub definition: Option<PathBuf>,
    /// What is set, by name; what is not has the kind's own default.
    pub entries: BTreeMap<String, Entry>,
    pub(super) places: BTreeMap<String, Place>,
    /// What is wrong with that file. It is told to whoever needs the provider: a wrong gateway must not stop `verify`.
    pub(super) broken: Option<ConfigError>,
}

/// One setting of a provider.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// A value that stands in the file and may be shown.
    Plain(serde_json::Value),
    /// A value that is fetched when the provider is opened.
    Secret(SecretSource),
}

/// One of `[[test_numbers]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestNumber {
    /// The number.
    pub phone: Phone,
    /// Its fixed code.
    pub code: Code,
    /// The first day, in UTC, on which it is an ordinary number again.
    pub valid_until: Date,
    /// What becomes of an SMS to it.
    pub outcome: provider::TestOutcome,
    pub(super) place: Place,
}

/// `[timeline]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimelineSettings {
    /// How long events are kept.
    pub keep: Duration,
}

impl Default for TimelineSettings {
    fn default() -> Self {
        Self { keep: Duration::from_secs(7 * 24 * 60 * 60) }
    }
}

impl Default for MessageSettings {
    fn default() -> Self {
        Self {
            app: "otpctl".to_owned(),
            text: "{{ code }} is your {{ app }} code. It expires in {{ ttl_minutes }} minutes.".to_owned(),
            host: None,
            lang: BTreeMap::new(),
        }
    }
}

impl CodeSettings {
    /// What holds where the file says nothing.
    pub(super) fn with(alphabet: Alphabet) -> Self {
        Self {
            spec: CodeSpec { alphabet, length: 6 },
            allow_weak: false,
            ttl: Duration::from_secs(300),
            max_attempts: 5,
            peppers: Vec::new(),
            alphabet: "digits".to_owned(),
        }
    }
}

impl Routes {
    /// The providers for a number, in the order in which they are tried, and why these: the longest prefix that has a
    /// route, else the country, else the default.
    #[must_use]
    pub fn of(&self, phone: &Phone) -> (&[String], RoutedBy) {
        let fits = |(prefix, _): &(&String, &Vec<String>)| phone.as_str().starts_with(prefix.as_str());
        if let Some((prefix, route)) = self.by_prefix.iter().filter(fits).max_by_key(|(prefix, _)| prefix.len()) {
            return (route, RoutedBy::Prefix(prefix.clone()));
        }
        match phone.country().and_then(|country| Some((country, self.by_country.get(&country)?))) {
            Some((country, route)) => (route, RoutedBy::Country(country)),
            None => (&self.default, RoutedBy::Default),
        }
    }

    /// Every route with its key in `[routes]`, the default first.
    pub fn all(&self) -> impl Iterator<Item = (String, &[String])> {
        let countries = self.by_country.iter().map(|(country, route)| (country.to_string(), route.as_slice()));
        let prefixes = self.by_prefix.iter().map(|(prefix, route)| (prefix.clone(), route.as_slice()));
        std::iter::once(("default".to_owned(), self.default.as_slice())).chain(countries).chain(prefixes)
    }
}

impl TestNumber {
    /// Whether the fixed code still works on this day (UTC).
    #[must_use]
    pub fn holds_on(&self, day: Date) -> bool {
        day < self.valid_until
    }
}

impl fmt::Display for Node {
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
        let list = |nodes: &[Node]| nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
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
            Self::Unix { path, database: 0 } => write!(f, "unix://{}", super::error::shown(path)),
            Self::Unix { path, database } => write!(f, "unix://{}?db={database}", super::error::shown(path)),
        }
    }
}
