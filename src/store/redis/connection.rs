//! Plain connections, one to each server that was needed: opened when first used, with time-outs that a person
//! would choose, and only to a server that may be trusted with counts.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, ConnectionAddr, IntoConnectionInfo as _, RedisConnectionInfo,
    RedisError, RedisResult, TlsCertificates, Value,
};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::info::value;
use super::reply::{self, Access, ServerReply};
use super::script::{Dialect, Kind, Script};
use super::server::{Deadline, Endpoint, Server, Tls};
use crate::otp::Secret;
use crate::store::StoreError;

/// A server with too many clients is tried again after these pauses.
const CLIENT_LIMIT_PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

/// So many requests of one process are taken before one of them waits to be written.
const QUEUE: usize = 1024;
/// So many bytes of them are written at once.
const WRITE: usize = 128 * 1024;

/// Why a server was not reached, and what to do about it. Nothing was executed.
#[derive(Debug, Clone)]
pub(super) struct ConnectError {
    pub(super) error: StoreError,
    pub(super) next: ServerReply,
}

/// What must be true of a server before it is used.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Checks {
    /// It evicts nothing.
    pub keeps: bool,
    pub is_master: bool,
}

/// How long a server is waited for.
#[derive(Debug, Clone)]
pub(super) struct Patience {
    /// A connection, its TLS handshake included.
    pub connect: Duration,
    /// The whole command.
    pub deadline: Deadline,
}

impl Patience {
    pub(super) fn with(server: &Server) -> Self {
        Self { connect: server.connect_timeout, deadline: server.deadline.clone() }
    }
}

/// The attempts to connect to one server: whoever comes while one is made waits for it, and shares what comes of it.
#[derive(Default)]
struct Attempts {
    ended: AtomicUsize,
    /// Why the last one failed.
    failure: tokio::sync::Mutex<Option<ConnectError>>,
}

/// After so many times a script is sent by its hash.
const OFTEN: u32 = 8;

/// The scripts that a server has run for this process.
#[derive(Default)]
struct RunScripts {
    times: HashMap<(usize, Kind), u32>,
    refuses: bool,
}

/// The login for servers of one kind, and the connections to them.
pub(super) struct ConnectionPool {
    username: Option<String>,
    password: Option<Secret>,
    tls: Option<Tls>,
    database: u32,
    checks: Checks,
    patience: Patience,
    open: Mutex<HashMap<Endpoint, MultiplexedConnection>>,
    /// The attempts to connect to each server, of which one is made at a time.
    attempts: Mutex<HashMap<Endpoint, Arc<Attempts>>>,
    /// Servers with another dialect than the default.
    dialects: Mutex<HashMap<Endpoint, Dialect>>,
    /// The scripts that each server has run for this process.
    scripts: Mutex<HashMap<Endpoint, RunScripts>>,
}

impl ConnectionPool {
    pub(super) fn new(
        (username, password): (Option<String>, Option<Secret>),
        tls: Option<Tls>,
        database: u32,
        checks: Checks,
        patience: Patience,
    ) -> Self {
        Self {
            username,
            password,
            tls,
            database,
            checks,
            patience,
            open: Mutex::default(),
            attempts: Mutex::default(),
            dialects: Mutex::default(),
            scripts: Mutex::default(),
        }
    }

    /// The connection to a server, made where there is none. Nothing was executed when this fails.
    pub(super) async fn get(&self, endpoint: &Endpoint) -> Result<MultiplexedConnection, ConnectError> {
        if let Some(open) = self.map(|open| open.get(endpoint).cloned()) {
            return Ok(open);
        }
        let attempts = {
            let mut all = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(endpoint.clone()).or_default())
        };
        let before = attempts.ended.load(Ordering::Acquire);
        let mut failure = attempts.failure.lock().await;
        if attempts.ended.load(Ordering::Acquire) != before {
            if let Some(open) = self.map(|open| open.get(endpoint).cloned()) {
                return Ok(open);
            }
            if let Some(failure) = failure.as_ref() {
                return Err(failure.clone());
            }
        }
        let connected = self.connect_patiently(endpoint).await;
        *failure = connected.as_ref().err().cloned();
        attempts.ended.fetch_add(1, Ordering::Release);
        connected
    }

    /// Connects, and once more where that fails at once.
    async fn connect_patiently(&self, endpoint: &Endpoint) -> Result<MultiplexedConnection, ConnectError> {
        let mut pauses = CLIENT_LIMIT_PAUSES.iter();
        let mut again = true;
        loop {
            match self.connect(endpoint).await {
                Ok(connection) => {
                    self.map(|open| open.insert(endpoint.clone(), connection.clone()));
                    return Ok(connection);
                }
                Err(ConnectError { error: StoreError::Unreachable(_), next })
                    if again && next != ServerReply::TlsFailed && Instant::now() < self.patience.deadline.end() =>
                {
                    again = false;
                }
                Err(unsent) if unsent.next == ServerReply::TooManyClients => {
                    let Some(pause) = pauses.next() else { return Err(unsent) };
                    sleep_until(self.patience.deadline.end().min(Instant::now() + *pause)).await;
                }
                Err(unsent) => return Err(unsent),
            }
        }
    }

    /// What a server understands, as far as that is known.
    pub(super) fn dialect(&self, endpoint: &Endpoint) -> Dialect {
        self.dialects.lock().unwrap_or_else(PoisonError::into_inner).get(endpoint).copied().unwrap_or_default()
    }

    /// A server did not understand the default dialect.
    pub(super) fn set_dialect(&self, endpoint: &Endpoint, dialect: Dialect) {
        self.dialects.lock().unwrap_or_else(PoisonError::into_inner).insert(endpoint.clone(), dialect);
    }

    /// Whether a server is sent the hash of a script: of one that it has run often enough for this process. A command that
    /// is over after a few never depends on what a server remembers.
    pub(super) fn goes_by_hash(&self, endpoint: &Endpoint, script: &Script) -> bool {
        self.scripts(endpoint, |run| {
            let times = run.times.entry(script.identity()).or_default();
            *times = times.saturating_add(1);
            *times > OFTEN && !run.refuses
        })
    }

    /// A server has forgotten its scripts: it is sent them again.
    pub(super) fn forgot_scripts(&self, endpoint: &Endpoint) {
        self.scripts(endpoint, |run| run.times.clear());
    }

    /// A server takes no hashes from this user.
    pub(super) fn refuses_hashes(&self, endpoint: &Endpoint) {
        self.scripts(endpoint, |run| run.refuses = true);
    }

    fn scripts<T>(&self, endpoint: &Endpoint, work: impl FnOnce(&mut RunScripts) -> T) -> T {
        let mut scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        match scripts.get_mut(endpoint) {
            Some(run) => work(run),
            None => work(scripts.entry(endpoint.clone()).or_default()),
        }
    }

    /// After an error of the network: the next command connects anew.
    pub(super) fn forget(&self, endpoint: &Endpoint) {
        self.map(|open| open.remove(endpoint));
    }

    fn map<T>(&self, work: impl FnOnce(&mut HashMap<Endpoint, MultiplexedConnection>) -> T) -> T {
        work(&mut self.open.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn connect(&self, endpoint: &Endpoint) -> Result<MultiplexedConnection, ConnectError> {
        let failed = |error: RedisError| self.unsent(&error, endpoint);
        // An answer has its own time, which depends on the question.
        let Patience { connect, deadline } = &self.patience;
        let config = AsyncConnectionConfig::new().set_connection_timeout(Some(*connect)).set_response_timeout(None);
        let config = config.set_pipeline_buffer_size(QUEUE).set_write_backpressure_boundary(WRITE);
        let client = self.client(endpoint).map_err(failed)?;
        let end = deadline.end();
        let late = |_| ConnectError { error: silent(endpoint), next: ServerReply::No };
        let connecting = timeout_at(end, client.get_multiplexed_async_connection_with_config(&config));
        let mut open = connecting.await.map_err(late)?.map_err(failed)?;
        timeout_at(end.min(Instant::now() + *connect), self.check(&mut open, endpoint)).await.map_err(late)??;
        Ok(open)
    }

    fn unsent(&self, error: &RedisError, endpoint: &Endpoint) -> ConnectError {
        ConnectError { error: self.classify(error, Access::Reading, endpoint), next: reply::next(error) }
    }

    fn client(&self, endpoint: &Endpoint) -> RedisResult<Client> {
        let address = match (endpoint, &self.tls) {
            (Endpoint::Unix(path), _) => ConnectionAddr::Unix(path.clone()),
            (Endpoint::Tcp(host, port), None) => ConnectionAddr::Tcp(host.clone(), *port),
            (Endpoint::Tcp(host, port), Some(_)) => {
                ConnectionAddr::TcpTls { host: host.clone(), port: *port, insecure: false, tls_params: None }
            }
        };
        let mut settings = RedisConnectionInfo::default().set_skip_set_lib_name().set_db(self.database.into());
        if let Some(username) = &self.username {
            settings = settings.set_username(username);
        }
        if let Some(password) = &self.password {
            settings = settings.set_password(password.expose());
        }
        // Several changes in one round trip may be more than one write, and none of them is to wait for the answer to
        // the one before.
        let tcp = TcpSettings::default().set_nodelay(true);
        let info = address.into_connection_info()?.set_redis_settings(settings).set_tcp_settings(tcp);
        let Some(tls) = self.tls.as_ref().filter(|_| matches!(endpoint, Endpoint::Tcp(..))) else {
            return Client::open(info);
        };
        let client_tls = tls.client.as_ref().map(|(cert, key)| ClientTlsConfig {
            client_cert: cert.clone(),
            client_key: key.expose().as_bytes().to_vec(),
        });
        Client::build_with_tls(info, TlsCertificates { client_tls, root_cert: tls.ca.clone() })
    }

    async fn check(&self, open: &mut MultiplexedConnection, endpoint: &Endpoint) -> Result<(), ConnectError> {
        if self.checks.is_master {
            self.must_be_master(open, endpoint).await?;
        }
        if self.checks.keeps {
            self.must_not_evict(open, endpoint).await?;
        }
        Ok(())
    }

    /// A Sentinel may be behind its time: step 3 of <https://redis.io/docs/latest/develop/reference/sentinel-clients/>.
    async fn must_be_master(&self, open: &mut MultiplexedConnection, endpoint: &Endpoint) -> Result<(), ConnectError> {
        let asked: Result<Vec<Value>, _> = redis::cmd("ROLE").query_async(open).await;
        let role = asked.map_err(|error| self.unsent(&error, endpoint))?;
        match role.first() {
            Some(Value::BulkString(role)) if role == b"master" => Ok(()),
            _ => {
                let error = StoreError::Replica(format!(
                    "{} is a replica, although the Sentinels name it as the master",
                    name(endpoint)
                ));
                Err(ConnectError { error, next: ServerReply::Later })
            }
        }
    }

    /// `volatile-*` and `allkeys-*` drop failure counts under memory pressure, which silently bypasses every limit.
    /// `INFO` says it even if `CONFIG` is blocked, as it is on managed Redis.
    async fn must_not_evict(&self, open: &mut MultiplexedConnection, endpoint: &Endpoint) -> Result<(), ConnectError> {
        let asked: Result<String, _> = redis::cmd("INFO").arg("memory").query_async(open).await;
        let info = asked.map_err(|error| self.unsent(&error, endpoint))?;
        match (value(&info, "maxmemory_policy"), value(&info, "maxmemory")) {
            (None | Some("noeviction"), _) | (_, Some("0")) => Ok(()),
            (Some(policy), _) => {
                let error = StoreError::NotReady(format!(
                    "{} may evict limits and locks when its memory is full (maxmemory-policy {policy})",
                    name(endpoint)
                ));
                Err(ConnectError { error, next: ServerReply::No })
            }
        }
    }

    /// What an error means. It adds the user that was refused: Redis 7.0 does not say it.
    pub(super) fn classify(&self, error: &RedisError, access: Access, endpoint: &Endpoint) -> StoreError {
        match reply::classify(error, access, &name(endpoint)) {
            StoreError::Denied(text) => {
                StoreError::Denied(format!("{text} (as the user `{}`)", self.username.as_deref().unwrap_or("default")))
            }
            StoreError::Unreachable(text) => {
                StoreError::Unreachable(text + self.tls_mismatch(error, endpoint).unwrap_or_default())
            }
            other => other,
        }
    }

    /// A port that expects TLS hangs up on a client without it, and one without TLS waits for the rest of the line.
    fn tls_mismatch(&self, error: &RedisError, endpoint: &Endpoint) -> Option<&'static str> {
        let Endpoint::Tcp(..) = endpoint else { return None };
        match self.tls {
            None if error.is_connection_dropped() && !error.is_connection_refusal() => {
                Some(" (this port probably expects TLS; use rediss://)")
            }
            Some(_) if error.is_timeout() => Some(" (this port probably does not expect TLS; use redis://)"),
            _ => None,
        }
    }
}

/// What messages call a server: host and port, or the path; no user, no password.
pub(super) fn name(endpoint: &Endpoint) -> String {
    format!("the Redis at {endpoint}")
}

/// It did not answer in time.
pub(super) fn silent(endpoint: &Endpoint) -> StoreError {
    StoreError::Unreachable(format!("{} does not answer in time", name(endpoint)))
}
