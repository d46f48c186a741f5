//! How old a server is, if that matters: determined by the commands that it knows, the only thing that a server says
//! before a login.

use redis::{Cmd, Value};

use super::Redis;
use super::acl::Understood;
use super::connection::{Checks, ConnectionPool, Patience};
use super::dispatcher::Request;
use super::info::{is_too_old, value};
use super::reply::{Access, NEEDED, ServerReply, next};
use super::sentinel::Master;
use super::server::{Deployment, Endpoint, Server};
use super::topology::Destination;
use crate::otp::escape::escaped;
use crate::store::StoreError;

/// Which rules the servers understand; `None`: none of them was reached. Nobody logs in for it: a server says that it
/// knows no such command before it asks who wants to know.
pub async fn understood(server: &Server) -> Option<Understood> {
    let endpoints: Vec<Endpoint> = match &server.deployment {
        Deployment::Alone(endpoint) => vec![endpoint.clone()],
        Deployment::Cluster(seeds) => seeds.clone(),
        Deployment::Sentinel(sentinels) => {
            vec![Master::new(sentinels, &Patience::with(server)).get().await.ok()?]
        }
    };
    let connections =
        ConnectionPool::new((None, None), server.tls.clone(), 0, Checks::default(), Patience::with(server));
    for endpoint in endpoints {
        let Some(new) = knows(&connections, &endpoint, redis::cmd("EVAL_RO").arg("return 1").arg(0)).await else {
            continue;
        };
        if new {
            return Some(Understood::Redis7);
        }
        // It came with 6.2, and changes nothing without more words.
        let newer = knows(&connections, &endpoint, redis::cmd("GETEX").arg(format!("{}:none", server.prefix))).await?;
        return Some(if newer { Understood::Redis62 } else { Understood::Redis60 });
    }
    None
}

/// Whether a server knows a command; `None`: it does not say.
async fn knows(connections: &ConnectionPool, endpoint: &Endpoint, command: &Cmd) -> Option<bool> {
    let mut open = connections.get(endpoint).await.ok()?;
    match command.query_async::<Value>(&mut open).await {
        Err(error) if next(&error) == ServerReply::Older => Some(false),
        Err(error) if error.code().is_none() => None,
        _ => Some(true),
    }
}

impl Redis {
    /// A server that does not understand a command may just be too old; then that is the error.
    pub(super) async fn explain_version(&self, error: StoreError) -> StoreError {
        let (StoreError::Config(_) | StoreError::TooOld(_)) = &error else { return error };
        let mut command = redis::cmd("INFO");
        command.arg("server");
        let asked =
            self.dispatcher.run(&[Request { to: Destination::Any, command: command.into() }], Access::Reading).await;
        let info = asked.ok().and_then(|outcome| outcome.answers.into_iter().next());
        let info = info.and_then(|answer| redis::from_redis_value::<String>(answer).ok());
        match info.as_deref().and_then(|info| value(info, "redis_version")) {
            Some(version) if is_too_old(version) => {
                let name = self.dispatcher.name();
                StoreError::TooOld(format!("{name} is Redis {}, which is too old: {NEEDED}", escaped(version)))
            }
            _ => error,
        }
    }
}
