//! What a Redis says of itself: whether it would take a commit of ours, and what `INFO` tells.

use redis::Cmd;

use super::Redis;
use super::failure::Doing;
use crate::otp::foreign::escaped;
use crate::store::{Health, ServerFacts, StoreError};

const REHEARSAL: &str = include_str!("health.lua");

impl Redis {
    pub(super) async fn examined(&self) -> Health {
        let (commits, server) = tokio::join!(self.rehearsed(), self.facts());
        Health { commits, servers: server.map(|server| vec![server]), file: None }
    }

    /// Asks for everything that a commit needs, with the keys of a phone that nobody has.
    async fn rehearsed(&self) -> Result<(), StoreError> {
        let mut command = redis::cmd("EVAL");
        command.arg(REHEARSAL).arg(2).arg(self.keys.named("{+0}:record")).arg(self.keys.named("{+0}:timeline"));
        let answers: Vec<Vec<String>> = self.run(vec![command], Doing::Reading).await?;
        let refused = answers.into_iter().flatten().collect::<Vec<_>>();
        if refused.is_empty() {
            return Ok(());
        }
        let name = self.connection.name();
        Err(StoreError::Denied(format!("{name} does not let this user call {}", refused.join(", "))))
    }

    async fn facts(&self) -> Result<ServerFacts, StoreError> {
        let mut asked = redis::cmd("INFO");
        asked.arg("server").arg("memory").arg("persistence").arg("replication");
        let answers: Vec<String> = self.run(vec![asked], Doing::Reading).await?;
        let info = answers.into_iter().next().unwrap_or_default();
        let mut facts = read(&info, self.connection.name());
        if facts.persistent == Some(false) {
            facts.persistent = self.snapshots().await;
        }
        Ok(facts)
    }

    /// Whether snapshots are made, which `INFO` does not say. Managed servers block `CONFIG`.
    async fn snapshots(&self) -> Option<bool> {
        let mut asked: Cmd = redis::cmd("CONFIG");
        asked.arg("GET").arg("save");
        let answers: Vec<Vec<String>> = self.run(vec![asked], Doing::Reading).await.ok()?;
        answers.into_iter().next()?.get(1).map(|rules| !rules.is_empty())
    }
}

/// `INFO` is lines of `name:value`, under headings that begin with `#`.
fn read(info: &str, name: &str) -> ServerFacts {
    let value = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
    // Valkey says `redis_version:7.2.4` too, for old clients.
    let software = value("valkey_version").map(|version| ("Valkey", version));
    let software = software.or_else(|| value("redis_version").map(|version| ("Redis", version)));
    ServerFacts {
        name: name.to_owned(),
        software: software.map(|(software, version)| format!("{software} {}", escaped(version))),
        replica: value("role").map(|role| role != "master"),
        replicas: value("connected_slaves").and_then(|count| count.parse().ok()),
        eviction: value("maxmemory_policy").map(escaped),
        memory_limit: value("maxmemory").and_then(|bytes| bytes.parse().ok()),
        persistent: value("aof_enabled").map(|enabled| enabled == "1"),
    }
}
