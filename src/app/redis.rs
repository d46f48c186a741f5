//! What the settings say of a Redis, made into a store: passwords fetched, certificates read, the command's time told.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::App;
use crate::config::{
    self, Deployment, Fetch, PlacedSecret, RedisSettings, RedisTarget, SecretSource, ServerAddress, StoreSettings,
    TlsFiles,
};
use crate::error::{Error, Exit};
use crate::otp::escape::escaped;
use crate::otp::hint::Chosen;
use crate::otp::{Hint, Role, Secret};
use crate::store::{self, Deadline, Durability, Endpoint, Redis, Sentinels, Server, Tls, Understood};
use crate::system::FilePath;

/// A store that is not ready is not waited for until the very end of the command's time: so much is kept for saying so.
/// It is less than what other commands keep, so that the last thing that they ask is still answered.
const MARGIN: Duration = Duration::from_millis(100);
/// Nor for longer than this at a time, however long a command over many phones may take.
const MOST: Duration = Duration::from_secs(60);
/// How old a server is, is asked for so long. Rules can be printed without it.
const ASKING: Duration = Duration::from_secs(2);

impl App {
    /// A Redis to work on; or to look at until some time, as it is and whatever it may evict.
    pub(super) async fn redis(&self, settings: &RedisSettings, look: Option<Instant>) -> Result<Redis, Error> {
        if encrypted(settings) {
            install_tls();
        }
        let mut server = self.server(settings)?;
        if let Some(end) = look {
            server.refuse_eviction = false;
            server.deadline = Deadline::new(move || end);
        }
        server.password = self.password(settings.password.as_ref()).await?;
        server.tls = settings.tls.as_ref().map(tls).transpose()?;
        if let (store::Deployment::Sentinel(sentinels), Deployment::Sentinel(own)) =
            (&mut server.deployment, &settings.deployment)
        {
            sentinels.password = self.password(own.password.as_ref()).await?;
            sentinels.tls = own.tls.as_ref().map(tls).transpose()?;
        }
        Ok(Redis::new(&server))
    }

    /// What a Redis user must be allowed for a role, at the servers and at the Sentinels. No secret is needed for it.
    ///
    /// # Errors
    /// When the store is no Redis, or the settings are wrong.
    pub fn redis_rules(&self, role: Role, understood: Understood) -> Result<(Vec<String>, Option<Vec<String>>), Error> {
        let server = self.server(self.redis_settings()?)?;
        Ok((store::rules_for(&server, role, understood), store::sentinel_rules_for(&server, understood)))
    }

    /// Which rules the servers understand; `None`: none of them was reached. Nobody logs in for it, save at the Sentinels that
    /// name the server, where that can be done.
    ///
    /// # Errors
    /// When the store is no Redis, or the settings are wrong.
    pub async fn understood_rules(&self) -> Result<Option<Understood>, Error> {
        let settings = self.redis_settings()?;
        let mut server = self.server(settings)?;
        let end = Instant::now() + ASKING.min(self.globals.timeout / 2);
        server.deadline = Deadline::new(move || end);
        if encrypted(settings) {
            install_tls();
        }
        // A certificate that cannot be read is told by the commands that need it.
        server.tls = settings.tls.as_ref().and_then(|files| tls(files).ok());
        if settings.tls.is_some() && server.tls.is_none() {
            return Ok(None);
        }
        if let (store::Deployment::Sentinel(sentinels), Deployment::Sentinel(own)) =
            (&mut server.deployment, &settings.deployment)
        {
            sentinels.password = self.password(own.password.as_ref()).await.unwrap_or_default();
            sentinels.tls = own.tls.as_ref().and_then(|files| tls(files).ok());
        }
        Ok(timeout_at(end, store::understood(&server)).await.unwrap_or_default())
    }

    fn redis_settings(&self) -> Result<&RedisSettings, Error> {
        let StoreSettings::Redis(settings) = &self.settings()?.store else {
            return Err(Error::said(Exit::Config, "the store is a file, which has no users but its owner").hint(
                Hint::run(&["store", "acl"])
                    .with_file(Chosen::config("FILE".as_ref()))
                    .because("pass a file with [store.redis]"),
            ));
        };
        Ok(settings)
    }

    /// What needs no secret and no file.
    fn server(&self, settings: &RedisSettings) -> Result<Server, Error> {
        let (deployment, database) = match &settings.deployment {
            Deployment::Alone(RedisTarget::Tcp { node, database, .. }) => {
                (store::Deployment::Alone(place(node)), *database)
            }
            Deployment::Alone(RedisTarget::Unix { path, database }) => {
                (store::Deployment::Alone(Endpoint::Unix(path.to_path_buf())), *database)
            }
            Deployment::Cluster(nodes) => (store::Deployment::Cluster(nodes.iter().map(place).collect()), 0),
            Deployment::Sentinel(own) => {
                let (master, nodes) = (own.master.clone(), own.nodes.iter().map(place).collect());
                let sentinels = Sentinels { master, nodes, username: own.username.clone(), password: None, tls: None };
                (store::Deployment::Sentinel(sentinels), own.database)
            }
        };
        let (tags, app) = super::layout::for_redis(settings.layout.as_ref().map(|own| &own.layout));
        Ok(Server {
            deployment,
            username: settings.username.clone(),
            password: None,
            tls: None,
            database,
            prefix: settings.prefix.clone(),
            refuse_eviction: self.settings()?.protected && !settings.accept_eviction_risk,
            durability: settings.durability.map(|own| Durability {
                replicas: own.wait_replicas,
                wait: own.wait,
                strict: own.strict,
            }),
            connect_timeout: settings.connect_timeout,
            deadline: self.store_deadline(),
            tags,
            app,
        })
    }

    /// The way to a Redis that failed, with the file that describes it and where its password comes from: never what
    /// that is.
    #[must_use]
    pub fn explained(&self, mut error: Error) -> Error {
        let Some((settings, StoreSettings::Redis(redis))) = self.settings.get().map(|own| (own, &own.store)) else {
            return error;
        };
        let Some(file) = &settings.path else { return error };
        let show = Hint::run(&["config", "show", "--origin"]);
        error.hint = match (error.exit, &redis.password) {
            (Exit::StoreUnreachable, _) => {
                Some(show.because(format!("{} says which Redis that is", escaped(&file.to_string_lossy()))))
            }
            // A password does not help who lacks a right.
            (Exit::StoreDenied, _) if lacks_rights(&error) => {
                Some(show.because("this user lacks rights that `store acl` prints; which user it is"))
            }
            (Exit::StoreDenied, None) => Some(show.because("no password is set")),
            (Exit::StoreDenied, Some(password)) => Some(match &password.source {
                SecretSource::Literal(_) => show.because("the password is in the file"),
                other => show.because(format!("the password is that of {}", other.shown())),
            }),
            _ => error.hint,
        };
        error
    }

    async fn password(&self, source: Option<&PlacedSecret>) -> Result<Option<Secret>, Error> {
        match source {
            Some(source) => Ok(Some(source.resolve(&self.fetch()).await?)),
            None => Ok(None),
        }
    }

    /// What secrets are fetched with: a program that prints one has less time than the command, so that it is this
    /// that is told where it hangs.
    #[must_use]
    pub fn fetch(&self) -> Fetch<'_> {
        let end = self.deadline();
        let margin = MARGIN.min(self.globals.timeout / 10);
        Fetch { env: &self.env, end: end.checked_sub(margin).unwrap_or(end).min(Instant::now() + MOST) }
    }

    /// The end of what a store may do, as it is when it is asked for.
    fn store_deadline(&self) -> Deadline {
        let end = self.time.end();
        let margin = MARGIN.min(self.globals.timeout / 10);
        Deadline::new(move || {
            let end = end();
            end.checked_sub(margin).unwrap_or(end).min(Instant::now() + MOST)
        })
    }
}

fn lacks_rights(error: &Error) -> bool {
    error.source.downcast_ref::<store::StoreError>().is_some_and(store::StoreError::lacks_rights)
}

fn place(node: &ServerAddress) -> Endpoint {
    Endpoint::Tcp(node.host.clone(), node.port)
}

fn tls(files: &TlsFiles) -> Result<Tls, Error> {
    let read = |path: &FilePath| {
        config::read_certificates(path).map_err(|error| {
            let hint = error.next().cloned();
            let hint = hint.unwrap_or_else(|| format!("the file is named under [store.redis] tls: {path}").into());
            Error::from(error).hint(hint)
        })
    };
    let client = match (&files.cert, &files.key) {
        (Some(cert), Some(key)) => Some((read(cert)?, config::read_private(key)?)),
        _ => None,
    };
    Ok(Tls { ca: files.ca.as_ref().map(read).transpose()?, client })
}

fn encrypted(settings: &RedisSettings) -> bool {
    settings.tls.is_some() || matches!(&settings.deployment, Deployment::Sentinel(own) if own.tls.is_some())
}

/// The Redis client takes the process's own TLS provider. A second call changes nothing, and is no error.
fn install_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
