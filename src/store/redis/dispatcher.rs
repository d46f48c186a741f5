//! Sends commands to the servers that can execute them: each to the one that has its keys, many in one round trip to
//! each server, again if a server says that it executed nothing, and never again if it may have. The routing of the client
//! crate is not used: it needs 5 to 6 round trips where 2 are enough, and does not say which commands were not executed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::{Cmd, RedisError, RedisResult, Value};
use tokio::time::{Instant, sleep};

use super::call::{Answered, Call, together};
use super::cluster::{self, Shard};
use super::connection::{Checks, ConnectError, ConnectionPool, Patience, name};
use super::reply::{self, Access, HashReply, ServerReply};
use super::script::{Dialect, Script};
use super::server::{Deadline, Deployment, Durability, Endpoint, Server};
use super::topology::{Destination, Topology};
use crate::store::StoreError;

/// The number of redirects between the nodes of a cluster after which a command fails.
const HOPS: usize = 5;
/// With more unknown slots than this, one question for all of them is cheaper.
const MANY: usize = 8;
/// The number of attempts at a server with too many clients.
const MOST_REFUSALS: usize = 3;
/// The pauses before asking again grow from the one to the other.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));
/// The time that is left for the last answer.
const LAST: Duration = Duration::from_millis(50);

/// One command, and its destination.
pub(super) struct Request {
    pub(super) to: Destination,
    pub(super) command: Command,
}

/// What is sent.
pub(super) enum Command {
    /// The same of every server.
    Plain(Cmd),
    /// In the dialect of the server that gets it.
    Script(Script),
}

impl Command {
    fn to(&self, sent: Sent) -> Cmd {
        match self {
            Self::Plain(command) => command.clone(),
            Self::Script(script) => script.command(sent.dialect, sent.by_hash),
        }
    }
}

impl From<Cmd> for Command {
    fn from(command: Cmd) -> Self {
        Self::Plain(command)
    }
}

impl From<Script> for Command {
    fn from(script: Script) -> Self {
        Self::Script(script)
    }
}

/// The results of all commands.
#[derive(Debug, Default)]
pub(super) struct Replies {
    /// The answer of each.
    pub(super) answers: Vec<Value>,
    /// Why changes are less durable than they should be.
    pub(super) unsure: Option<String>,
}

/// The servers, and the connections to them.
pub(super) struct Dispatcher {
    connections: Arc<ConnectionPool>,
    topology: Topology,
    durability: Option<Durability>,
    deadline: Deadline,
    /// Nodes that a list found missing and skips: their replacement is not waited for any more.
    skipped: Mutex<Vec<Endpoint>>,
}

/// How a script was sent.
#[derive(Debug, Clone, Copy, Default)]
struct Sent {
    dialect: Dialect,
    by_hash: bool,
}

/// A command without an answer yet.
struct Pending {
    index: usize,
    /// Where it was redirected to, and whether only this once.
    sent_on: Option<(Endpoint, bool)>,
    hops: usize,
    /// It reached a replica, and the master was determined again.
    resolved: bool,
    /// How it was sent last.
    sent: Sent,
    /// The server does not know its hash, or takes none.
    whole: bool,
    /// Another server would have done as well.
    guessed: bool,
}

/// The rounds until every command has an answer.
struct Run<'a> {
    dispatcher: &'a Dispatcher,
    requests: &'a [Request],
    access: Access,
    /// A command that fails leaves the others alone.
    each: bool,
    answers: Vec<Option<Result<Value, StoreError>>>,
    unsure: Option<String>,
    /// What the next round is for.
    open: Vec<Pending>,
    /// It begins after a pause; this is the error if there is no time for that.
    later: Option<StoreError>,
    /// Why the last pause was made.
    waited: Option<StoreError>,
    /// It does not begin at all.
    failed: Option<StoreError>,
    /// A read whose answer was lost was repeated once.
    asked_again: bool,
    /// The number of consecutive servers that were not reached.
    unreached: usize,
    /// The number of servers with which TLS failed.
    tls_failures: usize,
    refusals: usize,
    /// Servers of a cluster that refuse us, though others may not.
    closed: Vec<Endpoint>,
}

impl Dispatcher {
    pub(super) fn new(server: &Server) -> Self {
        let by_sentinel = matches!(server.deployment, Deployment::Sentinel(_));
        let checks = Checks { keeps: server.refuse_eviction, is_master: by_sentinel };
        let who = (server.username.clone(), server.password.clone());
        let connections = ConnectionPool::new(who, server.tls.clone(), server.database, checks, Patience::with(server));
        Self {
            connections: Arc::new(connections),
            topology: Topology::new(server),
            durability: server.durability,
            deadline: server.deadline.clone(),
            skipped: Mutex::default(),
        }
    }

    /// What messages call the servers when none in particular is meant.
    pub(super) fn name(&self) -> String {
        self.topology.name()
    }

    /// Where the only server is, or the master that the Sentinels name.
    pub(super) async fn endpoint(&self) -> Option<Endpoint> {
        self.topology.endpoint(&Destination::Any).await.ok()
    }

    /// A list skips this node, which is not reached.
    pub(super) fn skip(&self, endpoint: &Endpoint) {
        self.skipped.lock().unwrap_or_else(PoisonError::into_inner).push(endpoint.clone());
    }

    /// Whether a list skips this node.
    pub(super) fn is_skipped(&self, endpoint: &Endpoint) -> bool {
        self.skipped.lock().unwrap_or_else(PoisonError::into_inner).contains(endpoint)
    }

    /// Whether there is time for another request.
    pub(super) fn has_time(&self) -> bool {
        Instant::now() + LAST < self.deadline.end()
    }

    /// Whether keys of different slots may be on different servers.
    pub(super) fn is_cluster(&self) -> bool {
        matches!(self.topology, Topology::Cluster(_))
    }

    /// Gets the answer to each command, in their order; the first failure ends it.
    pub(super) async fn run(&self, requests: &[Request], access: Access) -> Result<Replies, StoreError> {
        let (answers, unsure) = self.rounds(requests, access, false).await?;
        Ok(Replies { answers: answers.into_iter().collect::<Result<_, _>>()?, unsure })
    }

    /// The same, where each command fails by itself.
    pub(super) async fn run_each(
        &self,
        requests: &[Request],
        access: Access,
    ) -> Result<Vec<Result<Value, StoreError>>, StoreError> {
        self.rounds(requests, access, true).await.map(|(answers, _)| answers)
    }

    async fn rounds(
        &self,
        requests: &[Request],
        access: Access,
        each: bool,
    ) -> Result<(Vec<Result<Value, StoreError>>, Option<String>), StoreError> {
        self.learn_slots(requests).await;
        let fresh = |index| Pending {
            index,
            sent_on: None,
            hops: 0,
            resolved: false,
            sent: Sent::default(),
            whole: false,
            guessed: false,
        };
        let mut run = Run {
            dispatcher: self,
            requests,
            access,
            each,
            answers: vec![None; requests.len()],
            unsure: None,
            open: (0..requests.len()).map(fresh).collect(),
            later: None,
            waited: None,
            failed: None,
            asked_again: false,
            unreached: 0,
            tls_failures: 0,
            refusals: 0,
            closed: Vec::new(),
        };
        let mut pause = PAUSES.0;
        while !run.open.is_empty() {
            run.round().await?;
            if let Some(error) = run.failed {
                return Err(error);
            }
            // What the next round would be for may have failed meanwhile.
            if let Some(error) = run.later.take().filter(|_| !run.open.is_empty()) {
                let left = self.deadline.end().saturating_duration_since(Instant::now());
                // The last pause is as long as leaves time for an answer.
                pause = pause.min(left.saturating_sub(LAST));
                if pause < PAUSES.0 {
                    let (open, error) = (std::mem::take(&mut run.open), run.reason(error));
                    run.fail(&open, error);
                    break;
                }
                tracing::debug!(%error, "waiting");
                run.waited = Some(run.reason(error));
                sleep(pause).await;
                pause = (pause * 2).min(PAUSES.1);
                run.open.iter_mut().for_each(|one| one.hops = 0);
            }
        }
        match run.failed {
            Some(error) => Err(error),
            None => Ok((run.answers.into_iter().flatten().collect(), run.unsure)),
        }
    }

    /// The masters of a cluster, ordered by their lowest slots; `None` where this is no cluster.
    pub(super) async fn shards(&self) -> Result<Option<Vec<Shard>>, StoreError> {
        let Topology::Cluster(slots) = &self.topology else { return Ok(None) };
        let mut command = redis::cmd("CLUSTER");
        command.arg("SLOTS");
        let outcome =
            Box::pin(self.run(&[Request { to: Destination::Any, command: command.into() }], Access::Reading)).await?;
        // The one that answered is the one that would be chosen again.
        let asked = slots.any()?;
        let shards = outcome.answers.first().and_then(|answer| cluster::shards(answer, &asked));
        let shards = shards.ok_or_else(|| {
            StoreError::Unreachable(format!("{} does not say which node has which slots", name(&asked)))
        })?;
        slots.learn_all(&shards);
        Ok(Some(shards))
    }

    /// Asks for all slots at once where that is cheaper. A user who may not do so is redirected for each.
    async fn learn_slots(&self, requests: &[Request]) {
        let Topology::Cluster(slots) = &self.topology else { return };
        let unknown = requests
            .iter()
            .filter(|request| matches!(request.to, Destination::Slot(slot) if !slots.knows(slot)))
            .count();
        if unknown > MANY
            && let Err(error) = self.shards().await
        {
            tracing::debug!(%error, "the slots are not told");
        }
    }

    /// A server that is not what it was: its connection and its role are determined again.
    fn invalidate(&self, endpoint: &Endpoint) {
        self.connections.forget(endpoint);
        self.topology.forget(endpoint);
    }
}

impl Run<'_> {
    /// Sends each server all its commands in one call, and classifies the answers.
    async fn round(&mut self) -> Result<(), StoreError> {
        let dispatcher = self.dispatcher;
        let mut groups: Vec<((Endpoint, bool), Vec<Pending>)> = Vec::new();
        for mut one in std::mem::take(&mut self.open) {
            one.guessed = false;
            let whom = if let Some(whom) = one.sent_on.take() {
                whom
            } else {
                one.guessed = dispatcher.topology.guesses(&self.requests[one.index].to);
                (dispatcher.topology.endpoint(&self.requests[one.index].to).await?, false)
            };
            match groups.iter_mut().find(|(known, _)| *known == whom) {
                Some((_, group)) => group.push(one),
                None => groups.push((whom, vec![one])),
            }
        }
        for ((endpoint, _), group) in &mut groups {
            let dialect = dispatcher.connections.dialect(endpoint);
            for one in group.iter_mut() {
                let by_hash = match &self.requests[one.index].command {
                    Command::Script(script) => dispatcher.connections.goes_by_hash(endpoint, script) && !one.whole,
                    Command::Plain(_) => false,
                };
                one.sent = Sent { dialect, by_hash };
            }
        }
        let calls = groups.iter().map(|((endpoint, once), group)| Call {
            connections: Arc::clone(&dispatcher.connections),
            endpoint: endpoint.clone(),
            asking: *once,
            commands: group.iter().map(|one| self.requests[one.index].command.to(one.sent)).collect(),
            access: self.access,
            wait: dispatcher.durability.filter(|_| self.access == Access::Writing),
            end: dispatcher.deadline.end(),
        });
        let answered = together(calls.collect()).await;
        for (((endpoint, _), group), answered) in groups.into_iter().zip(answered) {
            match answered {
                Answered::Each(answers, replicas) => self.answered(&endpoint, group, answers, replicas),
                Answered::Unsent(unsent) => self.unsent(&endpoint, group, unsent),
                Answered::Lost(error) => self.lost(&endpoint, group, error),
            }
        }
        Ok(())
    }

    fn answered(
        &mut self,
        endpoint: &Endpoint,
        group: Vec<Pending>,
        answers: Vec<RedisResult<Value>>,
        replicas: Option<RedisResult<u32>>,
    ) {
        self.unreached = 0;
        let changed = answers.iter().flatten().any(took_effect);
        if let (Some(replicas), Some(durability), true) = (replicas, self.dispatcher.durability, changed) {
            let short = self.short(endpoint, replicas, durability);
            self.unsure = self.unsure.take().or(short);
        }
        for (one, answer) in group.into_iter().zip(answers) {
            match answer {
                Ok(value) => self.answers[one.index] = Some(Ok(value)),
                Err(error) => self.refused(endpoint, one, &error),
            }
        }
    }

    /// Why a change may not last, if so.
    fn short(&self, endpoint: &Endpoint, replicas: RedisResult<u32>, durability: Durability) -> Option<String> {
        let (name, wanted) = (name(endpoint), durability.replicas);
        match replicas {
            Ok(have) if have >= wanted => None,
            Ok(have) => Some(format!(
                "only {have} of {wanted} replicas of {name} had the change after {} ms; a failover could undo it",
                durability.wait.as_millis()
            )),
            Err(error) => Some(format!(
                "it is not known whether the replicas of {name} have the change: {}",
                self.dispatcher.connections.classify(&error, Access::Reading, endpoint)
            )),
        }
    }

    /// A server refused one command.
    fn refused(&mut self, endpoint: &Endpoint, mut one: Pending, error: &RedisError) {
        let dispatcher = self.dispatcher;
        let why = dispatcher.connections.classify(error, self.access, endpoint);
        let next = reply::next(error);
        let sent_on = matches!(next, ServerReply::Moved(..) | ServerReply::Ask(..));
        if sent_on && !matches!(dispatcher.topology, Topology::Cluster(_)) {
            let text = format!("{} is a node of a Cluster; list its nodes in `nodes` instead of `url`", name(endpoint));
            return self.fail(&[one], StoreError::Config(text));
        }
        one.hops += usize::from(sent_on);
        // Nothing of it was executed.
        if one.sent.by_hash && self.knows_no_hash(endpoint, error) {
            one.whole = true;
            return self.open.push(one);
        }
        match next {
            _ if one.hops > HOPS => return self.fail(&[one], why),
            ServerReply::Moved(host, port) => {
                let there = cluster::endpoint(host.as_deref(), port, endpoint);
                if let (Topology::Cluster(slots), Destination::Slot(slot)) =
                    (&dispatcher.topology, &self.requests[one.index].to)
                {
                    slots.learn(*slot, there.clone());
                }
                one.sent_on = Some((there, false));
            }
            ServerReply::Ask(host, port) => {
                one.sent_on = Some((cluster::endpoint(host.as_deref(), port, endpoint), true));
            }
            ServerReply::Later => {
                if one.guessed {
                    // Another may be ready.
                    dispatcher.topology.forget(endpoint);
                }
                self.later = Some(why);
            }
            // It executed nothing of it.
            ServerReply::Older
                if one.sent.dialect == Dialect::Redis7
                    && matches!(self.requests[one.index].command, Command::Script(_)) =>
            {
                dispatcher.connections.set_dialect(endpoint, Dialect::Redis6);
            }
            ServerReply::Replica if !one.resolved => {
                one.resolved = true;
                dispatcher.invalidate(endpoint);
            }
            ServerReply::TooManyClients if self.refusals + 1 < MOST_REFUSALS => {
                self.refusals += 1;
                dispatcher.connections.forget(endpoint);
                self.later = Some(why);
            }
            _ if one.guessed && self.tries_another(endpoint, &why) => {}
            ServerReply::Replica
            | ServerReply::TooManyClients
            | ServerReply::TlsFailed
            | ServerReply::Older
            | ServerReply::No => return self.fail(&[one], why),
        }
        self.open.push(one);
    }

    /// Whether a server refused the hash of a script, and not the script: it has forgotten it, or this user may send none.
    fn knows_no_hash(&self, endpoint: &Endpoint, error: &RedisError) -> bool {
        let connections = &self.dispatcher.connections;
        match reply::of_hash(error) {
            Some(HashReply::Forgotten) => connections.forgot_scripts(endpoint),
            Some(HashReply::Refused) => connections.refuses_hashes(endpoint),
            None => return false,
        }
        true
    }

    /// A server was not reached: nothing was executed.
    fn unsent(&mut self, endpoint: &Endpoint, group: Vec<Pending>, unsent: ConnectError) {
        self.dispatcher.invalidate(endpoint);
        self.tls_failures += usize::from(unsent.next == ServerReply::TlsFailed);
        match (unsent.error, unsent.next) {
            (error, ServerReply::Later) => {
                self.later = Some(error);
                self.open.extend(group);
            }
            (error @ StoreError::Unreachable(_), _) => self.not_reached(endpoint, group, error),
            (error, _) if group.iter().all(|one| one.guessed) && self.tries_another(endpoint, &error) => {
                self.open.extend(group);
            }
            (error, _) => self.fail(&group, error),
        }
    }

    /// Whether there is another server to try after one that refused us for a reason of its own: it has another
    /// password, other users, or is none of the cluster. None of it was executed.
    fn tries_another(&mut self, endpoint: &Endpoint, error: &StoreError) -> bool {
        if !matches!(error, StoreError::Denied(_) | StoreError::Config(_) | StoreError::TooOld(_)) {
            return false;
        }
        if !self.closed.contains(endpoint) {
            self.closed.push(endpoint.clone());
        }
        self.dispatcher.topology.forget(endpoint);
        self.closed.len() < self.dispatcher.topology.seeds()
    }

    /// A server is not reached: its replacement is waited for, if there may be one.
    fn not_reached(&mut self, endpoint: &Endpoint, group: Vec<Pending>, error: StoreError) {
        self.unreached += 1;
        let only = group.iter().any(|one| {
            matches!(self.requests[one.index].to, Destination::Node(_))
                || (!one.guessed && self.dispatcher.is_skipped(endpoint))
        });
        if !only && self.dispatcher.topology.recovers(self.unreached, self.tls_failures) {
            self.later = Some(error);
            self.open.extend(group);
        } else {
            self.fail(&group, error);
        }
    }

    fn lost(&mut self, endpoint: &Endpoint, group: Vec<Pending>, error: StoreError) {
        self.dispatcher.invalidate(endpoint);
        match error {
            // A read changes nothing: it is repeated on a new connection.
            StoreError::Unreachable(_) if self.access == Access::Reading && !self.asked_again => {
                self.asked_again = true;
                self.open.extend(group);
            }
            // A proxy in front of the server may still accept connections.
            error @ StoreError::Unreachable(_) if self.access == Access::Reading => {
                self.not_reached(endpoint, group, error);
            }
            // The change itself could be looked up, but not whether replicas have it.
            StoreError::Unknown(text) if self.dispatcher.durability.is_some_and(|durability| durability.strict) => {
                self.fail(&group, StoreError::Unreplicated(text));
            }
            error => self.fail(&group, error),
        }
    }

    /// Why it waits, or has waited in vain: what a server said of it is worth more than that another one was not there.
    fn reason(&self, error: StoreError) -> StoreError {
        match (error, &self.waited) {
            (StoreError::Unreachable(_), Some(said @ StoreError::NotReady(_))) => said.clone(),
            (error, _) => error,
        }
    }

    /// The first failure is reported, unless something may have been executed: that matters more.
    fn fail(&mut self, of: &[Pending], error: StoreError) {
        let error = match (error, &self.waited) {
            // The time ran out during another attempt: what it waited for is the reason.
            (StoreError::Unreachable(_), Some(why)) if Instant::now() >= self.dispatcher.deadline.end() => why.clone(),
            (error, _) => error,
        };
        if self.each {
            for one in of {
                self.answers[one.index] = Some(Err(error.clone()));
            }
            return;
        }
        let open = matches!(error, StoreError::Unknown(_) | StoreError::Unreplicated(_));
        if open || self.failed.is_none() {
            self.failed = Some(error);
        }
    }
}

/// Whether an answer says that a commit took effect.
fn took_effect(answer: &Value) -> bool {
    matches!(answer, Value::Array(parts) if matches!(parts.first(), Some(Value::Int(1))))
}
