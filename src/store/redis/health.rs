//! What a Redis says about itself: whether it would accept a commit, and what `INFO` says.

use super::dispatcher::Request;
use super::info;
use super::lua::{MAY_ADD, MAY_READ, REHEARSAL};
use super::reply::Access;
use super::script::{Kind, Script};
use super::server::AppKeys;
use super::topology::Destination;
use super::{Redis, connection};
use crate::store::{Endpoint, Health, Rights, ServerFacts, StoreError};

/// What the role that only looks needs, beside the command that runs scripts.
const LOOKS: [&str; 15] = [
    "GET",
    "LRANGE",
    "SCAN",
    "TYPE",
    "PTTL",
    "STRLEN",
    "GETRANGE",
    "LLEN",
    "LINDEX",
    "HLEN",
    "HKEYS",
    "HGET",
    "HGETALL",
    "XRANGE",
    "XREVRANGE",
];

impl Redis {
    /// At the same time: a Cluster with a node down accepts no change until the deadline, and then says which one it is.
    pub(super) async fn examine(&self) -> Health {
        let app_reads = async {
            match self.app.as_ref().filter(|app| !app.writes) {
                Some(app) => Some(self.may_read(app).await),
                None => None,
            }
        };
        let (commits, adding, looking, app_reads, facts) = tokio::join!(
            self.refused_writes(),
            self.refused_additions(),
            self.refused_looks(),
            app_reads,
            self.all_facts()
        );
        let rights = rights(&commits, looking);
        let commits = commits.and_then(|refused| self.allowed(&refused));
        let (servers, absent) =
            facts.map_or_else(|error| (Err(error), Vec::new()), |(facts, absent)| (Ok(facts), absent));
        Health { commits, rights, adding: adding.ok(), app_reads, servers, absent, file: None }
    }

    /// Asks for everything that a commit needs, with the keys of a phone that nobody has.
    pub(super) async fn rehearse(&self) -> Result<(), StoreError> {
        self.allowed(&self.refused_writes().await?)
    }

    /// What of that this user may not call.
    async fn refused_writes(&self) -> Result<Vec<String>, StoreError> {
        let keys = self.keys.probes(self.app.as_ref());
        let script = Script::new(Kind::Writes, &REHEARSAL, &keys);
        let request = Request { to: super::to(&keys), command: script.into() };
        let answers: Vec<Vec<String>> = self.run(vec![request], Access::Reading).await?;
        Ok(answers.concat())
    }

    /// What this user may not call of what the feed and sums need, tried with the keys of a phone that nobody has.
    async fn refused_additions(&self) -> Result<Vec<String>, StoreError> {
        let keys = self.keys.probes(self.app.as_ref());
        let script = Script::new(Kind::Writes, &MAY_ADD, &keys[..1]);
        let request = Request { to: super::to(&keys), command: script.into() };
        let answers: Vec<Vec<String>> = self.run(vec![request], Access::Reading).await?;
        Ok(answers.concat())
    }

    /// Asks for everything that only reading an application's keys needs, with those of nobody.
    async fn may_read(&self, app: &AppKeys) -> Result<(), StoreError> {
        let keys = app.probe_keys.iter().cloned();
        let commands = ["TYPE", "SCARD", "SRANDMEMBER", "PEXPIRETIME", "GETRANGE", "HLEN", "HGETALL"];
        self.allowed(&self.refused(keys, &commands).await?)
    }

    /// What this user may not call of what looking needs, tried with the keys of a phone that nobody has.
    async fn refused_looks(&self) -> Result<Vec<String>, StoreError> {
        self.refused(self.keys.probes(self.app.as_ref()).into_iter().take(1), &LOOKS).await
    }

    async fn refused(&self, keys: impl Iterator<Item = String>, commands: &[&str]) -> Result<Vec<String>, StoreError> {
        let requests = keys.map(|key| {
            let mut script = Script::new(Kind::Reads, &MAY_READ, &[&key]);
            script.arg(commands);
            Request { to: super::to(&[key]), command: script.into() }
        });
        // The same commands are checked on each.
        let answers: Vec<Vec<String>> = self.run(requests.collect(), Access::Reading).await?;
        Ok(answers.into_iter().find(|refused| !refused.is_empty()).unwrap_or_default())
    }

    /// What the servers named is what this user may not call.
    fn allowed(&self, refused: &[String]) -> Result<(), StoreError> {
        if refused.is_empty() {
            return Ok(());
        }
        let name = self.dispatcher.name();
        Err(StoreError::Denied(format!("{name} does not let this user call {}", refused.join(", "))))
    }

    /// Those of the server, or of each master of a Cluster; and which of these are not there.
    async fn all_facts(&self) -> Result<(Vec<ServerFacts>, Vec<(Endpoint, StoreError)>), StoreError> {
        let Some(shards) = self.dispatcher.shards().await? else {
            let mut facts = self.facts(Destination::Any, &self.dispatcher.name()).await?;
            facts.endpoint = self.dispatcher.endpoint().await;
            return Ok((vec![facts], Vec::new()));
        };
        let (mut all, mut absent) = (Vec::with_capacity(shards.len()), Vec::new());
        for shard in shards {
            let name = connection::name(&shard.endpoint);
            match self.facts(Destination::Node(shard.endpoint.clone()), &name).await {
                Ok(facts) => all.push(ServerFacts { endpoint: Some(shard.endpoint), ..facts }),
                Err(error @ StoreError::Denied(_)) => return Err(error),
                Err(error) => absent.push((shard.endpoint, error)),
            }
        }
        Ok((all, absent))
    }

    async fn facts(&self, to: Destination, name: &str) -> Result<ServerFacts, StoreError> {
        let request = Request { to: to.clone(), command: redis::cmd("INFO").into() };
        let answers: Vec<String> = self.run(vec![request], Access::Reading).await?;
        let mut facts = info::facts(&answers.into_iter().next().unwrap_or_default(), name);
        if facts.persistent == Some(false) {
            facts.persistent = self.snapshots(to).await;
        }
        Ok(facts)
    }

    /// Whether snapshots are made, which `INFO` does not say. Managed servers block `CONFIG`.
    async fn snapshots(&self, to: Destination) -> Option<bool> {
        let mut command = redis::cmd("CONFIG");
        command.arg("GET").arg("save");
        let answers: Vec<Vec<String>> =
            self.run(vec![Request { to, command: command.into() }], Access::Reading).await.ok()?;
        answers.into_iter().next()?.get(1).map(|rules| !rules.is_empty())
    }
}

/// Who may call none of the commands that write is meant to look.
fn rights(commits: &Result<Vec<String>, StoreError>, looking: Result<Vec<String>, StoreError>) -> Option<Rights> {
    let only_looks = match commits {
        // On Redis 7, scripts that write have their own command.
        Err(error) => error.lacks_rights() && error.what().contains("'eval'"),
        Ok(refused) => ["SET", "LTRIM", "PEXPIRE"].iter().all(|name| refused.iter().any(|word| word == name)),
    };
    looking.ok().map(|looking| Rights { looking, only_looks })
}
