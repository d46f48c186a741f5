//! One plain connection to one Redis: opened when first asked for, with time-outs that a person would choose.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ClientTlsConfig, ConnectionInfo, IntoConnectionInfo as _, TlsCertificates};
use tokio::sync::Mutex;

use super::failure::{Doing, sorted};
use crate::otp::Secret;
use crate::store::StoreError;

/// A connection that does not come about within this is tried once more, and then given up.
const CONNECT: Duration = Duration::from_secs(1);
/// An answer that takes longer is taken for lost.
const ANSWER: Duration = Duration::from_secs(2);

/// Where a Redis is, and who we are there.
#[derive(Debug, Clone)]
pub struct Server {
    /// `redis://`, `rediss://` or `unix://`, without credentials.
    pub url: String,
    /// The ACL user.
    pub username: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// Certificates for `rediss://`.
    pub tls: Tls,
    /// The first part of the name of every key.
    pub prefix: String,
    /// Refuse to work on a Redis that may evict our keys when its memory is full.
    pub refuse_eviction: bool,
}

/// Certificates, PEM.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// The authority that signed the server's certificate; the system's own where there is none.
    pub ca: Option<Vec<u8>>,
    /// Our own certificate and its key.
    pub client: Option<(Vec<u8>, Secret)>,
}

/// The connection, and the name to call the server by.
pub(super) struct Connection {
    server: Server,
    name: String,
    open: Mutex<Option<MultiplexedConnection>>,
}

impl Connection {
    pub(super) fn new(server: Server) -> Result<Self, StoreError> {
        let info = info(&server)?;
        // Host and port, or the path: no user, no password.
        let name = format!("the Redis at {}", info.addr());
        Ok(Self { server, name, open: Mutex::new(None) })
    }

    /// What messages call the server.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) async fn get(&self) -> Result<MultiplexedConnection, StoreError> {
        let mut open = self.open.lock().await;
        if let Some(connection) = open.as_ref() {
            return Ok(connection.clone());
        }
        let connection = match self.connect().await {
            // Nothing was executed yet: one more try is harmless.
            Err(StoreError::Unreachable(_)) => self.connect().await?,
            other => other?,
        };
        Ok(open.insert(connection).clone())
    }

    /// After an error of the network: the next command connects anew.
    pub(super) async fn forget(&self) {
        *self.open.lock().await = None;
    }

    async fn connect(&self) -> Result<MultiplexedConnection, StoreError> {
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT)).set_response_timeout(Some(ANSWER));
        let client = self.client()?;
        let connecting = client.get_multiplexed_async_connection_with_config(&config);
        let mut open = connecting.await.map_err(|error| sorted(&error, Doing::Reading, &self.name))?;
        if self.server.refuse_eviction {
            self.must_not_evict(&mut open).await?;
        }
        Ok(open)
    }

    fn client(&self) -> Result<Client, StoreError> {
        let info = info(&self.server)?;
        let opened = if matches!(info.addr(), redis::ConnectionAddr::TcpTls { .. }) {
            let client_tls = self.server.tls.client.as_ref().map(|(cert, key)| ClientTlsConfig {
                client_cert: cert.clone(),
                client_key: key.expose().as_bytes().to_vec(),
            });
            Client::build_with_tls(info, TlsCertificates { client_tls, root_cert: self.server.tls.ca.clone() })
        } else {
            Client::open(info)
        };
        opened.map_err(|error| sorted(&error, Doing::Reading, &self.name))
    }

    /// `volatile-*` and `allkeys-*` drop failure counts under memory pressure: a silent way around every limit.
    /// `INFO` tells it where `CONFIG` is blocked, as it is on managed Redis.
    async fn must_not_evict(&self, open: &mut MultiplexedConnection) -> Result<(), StoreError> {
        let asked: Result<String, _> = redis::cmd("INFO").arg("memory").query_async(open).await;
        let info = asked.map_err(|error| sorted(&error, Doing::Reading, &self.name))?;
        let value =
            |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
        match (value("maxmemory_policy"), value("maxmemory")) {
            (None | Some("noeviction"), _) | (_, Some("0")) => Ok(()),
            (Some(policy), _) => Err(StoreError::NotReady(format!(
                "{} may evict limits and locks when its memory is full (maxmemory-policy {policy})",
                self.name
            ))),
        }
    }
}

fn info(server: &Server) -> Result<ConnectionInfo, StoreError> {
    let wrong = |error| StoreError::Config(format!("`{}` is no URL of a Redis: {error}", server.url));
    let info = server.url.as_str().into_connection_info().map_err(wrong)?;
    let mut settings = info.redis_settings().clone().set_skip_set_lib_name();
    if let Some(username) = &server.username {
        settings = settings.set_username(username);
    }
    if let Some(password) = &server.password {
        settings = settings.set_password(password.expose());
    }
    Ok(info.set_redis_settings(settings))
}
