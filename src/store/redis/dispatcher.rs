//! The way of commands to the servers that can do them: each to the one that has its keys, many in one round trip to
//! each server, again where a server says that it did nothing yet, and never again where it may have.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::{Cmd, RedisError, RedisResult, Value};
use tokio::time::{Instant, sleep};

use super::call::{Answered, Call, together};
use super::cluster::{self, Shard};
use super::connection::{Checks, ConnectError, ConnectionPool, Patience, name};
use super::reply::{self, Access, ServerReply};
use super::script::{Dialect, Script};
use super::server::{Deadline, Deployment, Durability, Endpoint, Server};
use super::topology::{Destination, Topology};
use crate::store::StoreError;

/// The nodes of a cluster send a command on so often; then it is given up.
const HOPS: usize = 5;
/// For so many slots that nobody told of it is worth asking who has which.
const MANY: usize = 8;
/// A server with too many clients is asked so often.
const MOST_REFUSALS: usize = 3;
/// The pauses before asking again grow from the one to the other.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));
/// So much of the time is left for the last answer.
const LAST: Duration = Duration::from_millis(50);

/// One command, and whom it is for.
pub(super) struct Request {
    pub(super) to: Destination,
    pub(super) command: Command,
}

/// What is asked.
pub(super) enum Command {
    /// The same of every server.
    Plain(Cmd),
    /// In the words of the server that is asked.
    Script(Script),
}

impl Command {
    fn to(&self, dialect: Dialect) -> Cmd {
        match self {
            Self::Plain(command) => command.clone(),
            Self::Script(script) => script.command(dialect),
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

/// What came of all commands.
#[derive(Debug, Default)]
pub(super) struct Replies {
    /// The answer of each.
    pub(super) answers: Vec<Value>,
    /// Why changes are not as sure as they should be.
    pub(super) unsure: Option<String>,
}

/// The servers, and the ways to them.
pub(super) struct Dispatcher {
    connections: Arc<ConnectionPool>,
    route: Topology,
    durability: Option<Durability>,
    deadline: Deadline,
    /// Nodes that a list found missing, and goes past: whoever takes their place is not waited for any more.
    passed: Mutex<Vec<Endpoint>>,
}

/// A command that has no answer yet.
struct Pending {
    index: usize,
    /// Where it was sent on to, and whether only this once.
    sent_on: Option<(Endpoint, bool)>,
    hops: usize,
    /// It met a replica, and the master was looked for.
    resolved: bool,
    /// In which words it was sent last.
    dialect: Dialect,
    /// Another server would have done as well.
    guessed: bool,
}

/// A run of several rounds.
struct Run<'a> {
    way: &'a Dispatcher,
    requests: &'a [Request],
    doing: Access,
    answers: Vec<Option<Value>>,
    unsure: Option<String>,
    /// What the next round is for.
    open: Vec<Pending>,
    /// It begins after a pause, and this is to be said if there is no time for that.
    later: Option<StoreError>,
    /// It does not begin at all.
    failed: Option<StoreError>,
    /// A lost answer to a question was asked for once more.
    asked_again: bool,
    /// So many servers, one after the other, were not reached.
    unreached: usize,
    /// So many in all were reached and not trusted.
    distrusted: usize,
    refusals: usize,
    /// Servers of a cluster that let us in for nothing, though others may.
    closed: Vec<Endpoint>,
}

impl Dispatcher {
    pub(super) fn new(server: &Server) -> Self {
        let by_sentinel = matches!(server.deployment, Deployment::Sentinel(_));
        let checks = Checks { keeps: server.refuse_eviction, is_master: by_sentinel };
        let who = (server.username.clone(), server.password.clone());
        let links = ConnectionPool::new(who, server.tls.clone(), server.database, checks, Patience::with(server));
        Self {
            connections: Arc::new(links),
            route: Topology::new(server),
            durability: server.durability,
            deadline: server.deadline.clone(),
            passed: Mutex::default(),
        }
    }

    /// What messages call the servers where they mean no certain one.
    pub(super) fn name(&self) -> String {
        self.route.name()
    }

    /// Where the only server is, or the master that the Sentinels name.
    pub(super) async fn place(&self) -> Option<Endpoint> {
        self.route.place(&Destination::Any).await.ok()
    }

    /// A list goes past this node, which is not reached.
    pub(super) fn pass(&self, place: &Endpoint) {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).push(place.clone());
    }

    /// Whether a list goes past this node.
    pub(super) fn is_passed(&self, place: &Endpoint) -> bool {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).contains(place)
    }

    /// Whether there is time to ask for more.
    pub(super) fn has_time(&self) -> bool {
        Instant::now() + LAST < self.deadline.end()
    }

    /// Whether keys of different slots may lie on different servers.
    pub(super) fn is_cluster(&self) -> bool {
        matches!(self.route, Topology::Cluster(_))
    }

    /// Gets the answer of each command, in their order.
    pub(super) async fn run(&self, asks: &[Request], doing: Access) -> Result<Replies, StoreError> {
        self.learn_slots(asks).await;
        let fresh = |index| Pending {
            index,
            sent_on: None,
            hops: 0,
            resolved: false,
            dialect: Dialect::default(),
            guessed: false,
        };
        let mut run = Run {
            way: self,
            requests: asks,
            doing,
            answers: vec![None; asks.len()],
            unsure: None,
            open: (0..asks.len()).map(fresh).collect(),
            later: None,
            failed: None,
            asked_again: false,
            unreached: 0,
            distrusted: 0,
            refusals: 0,
            closed: Vec::new(),
        };
        let (mut pause, mut waited) = (PAUSES.0, None);
        while !run.open.is_empty() {
            run.round().await?;
            if let Some(error) = run.failed {
                return Err(match (error, waited) {
                    // The time was over in the middle of another try: what it was waited for is the reason.
                    (StoreError::Unreachable(_), Some(why)) if Instant::now() >= self.deadline.end() => why,
                    (error, _) => error,
                });
            }
            if let Some(error) = run.later.take() {
                let left = self.deadline.end().saturating_duration_since(Instant::now());
                // The last pause is as long as leaves time for an answer.
                pause = pause.min(left.saturating_sub(LAST));
                if pause < PAUSES.0 {
                    return Err(error);
                }
                tracing::debug!(%error, "waiting");
                waited = Some(error);
                sleep(pause).await;
                pause = (pause * 2).min(PAUSES.1);
                run.open.iter_mut().for_each(|one| one.hops = 0);
            }
        }
        Ok(Replies { answers: run.answers.into_iter().flatten().collect(), unsure: run.unsure })
    }

    /// The masters of a cluster, ordered by their lowest slots; `None` where this is no cluster.
    pub(super) async fn shards(&self) -> Result<Option<Vec<Shard>>, StoreError> {
        let Topology::Cluster(slots) = &self.route else { return Ok(None) };
        let mut command = redis::cmd("CLUSTER");
        command.arg("SLOTS");
        let outcome =
            Box::pin(self.run(&[Request { to: Destination::Any, command: command.into() }], Access::Reading)).await?;
        // The one that answered is the one that would be asked again.
        let asked = slots.any()?;
        let shards = outcome.answers.first().and_then(|answer| cluster::shards(answer, &asked));
        let shards = shards
            .ok_or_else(|| StoreError::Unreachable(format!("{} does not tell who has which slots", name(&asked))))?;
        slots.learn_all(&shards);
        Ok(Some(shards))
    }

    /// One question for all slots, where asking for each costs more. Who may not ask it is sent on for each.
    async fn learn_slots(&self, asks: &[Request]) {
        let Topology::Cluster(slots) = &self.route else { return };
        let unknown = asks.iter().filter(|ask| matches!(ask.to, Destination::Slot(slot) if !slots.knows(slot))).count();
        if unknown > MANY
            && let Err(error) = self.shards().await
        {
            tracing::debug!(%error, "the slots are not told");
        }
    }

    /// A server that is not what it was: its connection and its part in the whole are looked for anew.
    fn invalidate(&self, place: &Endpoint) {
        self.connections.forget(place);
        self.route.forget(place);
    }
}

impl Run<'_> {
    /// Asks each server once for all that it can do, and sorts what they say.
    async fn round(&mut self) -> Result<(), StoreError> {
        let way = self.way;
        let mut groups: Vec<((Endpoint, bool), Vec<Pending>)> = Vec::new();
        for mut one in std::mem::take(&mut self.open) {
            one.guessed = false;
            let whom = if let Some(whom) = one.sent_on.take() {
                whom
            } else {
                one.guessed = way.route.guesses(&self.requests[one.index].to);
                (way.route.place(&self.requests[one.index].to).await?, false)
            };
            match groups.iter_mut().find(|(known, _)| *known == whom) {
                Some((_, group)) => group.push(one),
                None => groups.push((whom, vec![one])),
            }
        }
        for ((place, _), group) in &mut groups {
            let dialect = way.connections.dialect(place);
            for one in group.iter_mut() {
                one.dialect = dialect;
            }
        }
        let calls = groups.iter().map(|((place, once), group)| Call {
            links: Arc::clone(&way.connections),
            place: place.clone(),
            asking: *once,
            commands: group.iter().map(|one| self.requests[one.index].command.to(one.dialect)).collect(),
            doing: self.doing,
            wait: way.durability.filter(|_| self.doing == Access::Writing),
            end: way.deadline.end(),
        });
        let answered = together(calls.collect()).await;
        for (((place, _), group), answered) in groups.into_iter().zip(answered) {
            match answered {
                Answered::Each(answers, replicas) => self.answered(&place, group, answers, replicas),
                Answered::Unsent(unsent) => self.unsent(&place, group, unsent),
                Answered::Lost(error) => self.lost(&place, group, error),
            }
        }
        Ok(())
    }

    fn answered(
        &mut self,
        place: &Endpoint,
        group: Vec<Pending>,
        answers: Vec<RedisResult<Value>>,
        replicas: Option<RedisResult<u32>>,
    ) {
        self.unreached = 0;
        let changed = answers.iter().flatten().any(took_effect);
        if let (Some(replicas), Some(durability), true) = (replicas, self.way.durability, changed) {
            let short = self.short(place, replicas, durability);
            self.unsure = self.unsure.take().or(short);
        }
        for (one, answer) in group.into_iter().zip(answers) {
            match answer {
                Ok(value) => self.answers[one.index] = Some(value),
                Err(error) => self.refused(place, one, &error),
            }
        }
    }

    /// Why a change is not sure, if it is not.
    fn short(&self, place: &Endpoint, replicas: RedisResult<u32>, durability: Durability) -> Option<String> {
        let (name, wanted) = (name(place), durability.replicas);
        match replicas {
            Ok(have) if have >= wanted => None,
            Ok(have) => Some(format!(
                "{have} of {wanted} replicas of {name} had the change after {} ms, and a failover could undo it",
                durability.wait.as_millis()
            )),
            Err(error) => Some(format!(
                "whether the replicas of {name} have the change is not known: {}",
                self.way.connections.sorted(&error, Access::Reading, place)
            )),
        }
    }

    /// A server that was asked said no, to one command.
    fn refused(&mut self, place: &Endpoint, mut one: Pending, error: &RedisError) {
        let way = self.way;
        let why = way.connections.sorted(error, self.doing, place);
        let next = reply::next(error);
        let sent_on = matches!(next, ServerReply::Moved(..) | ServerReply::Ask(..));
        if sent_on && !matches!(way.route, Topology::Cluster(_)) {
            let text = format!("{} is a node of a Cluster: `nodes` names those, `url` names one server", name(place));
            return self.fail(StoreError::Config(text));
        }
        one.hops += usize::from(sent_on);
        match next {
            _ if one.hops > HOPS => return self.fail(why),
            ServerReply::Moved(host, port) => {
                let there = cluster::place(host.as_deref(), port, place);
                if let (Topology::Cluster(slots), Destination::Slot(slot)) = (&way.route, &self.requests[one.index].to)
                {
                    slots.learn(*slot, there.clone());
                }
                one.sent_on = Some((there, false));
            }
            ServerReply::Ask(host, port) => one.sent_on = Some((cluster::place(host.as_deref(), port, place), true)),
            ServerReply::Later => {
                if one.guessed {
                    // Another may be further.
                    way.route.forget(place);
                }
                self.later = Some(why);
            }
            // It ran nothing of it.
            ServerReply::Older
                if one.dialect == Dialect::Redis7 && matches!(self.requests[one.index].command, Command::Script(_)) =>
            {
                way.connections.speaks(place, Dialect::Redis6);
            }
            ServerReply::Replica if !one.resolved => {
                one.resolved = true;
                way.invalidate(place);
            }
            ServerReply::TooManyClients if self.refusals + 1 < MOST_REFUSALS => {
                self.refusals += 1;
                way.connections.forget(place);
                self.later = Some(why);
            }
            _ if one.guessed && self.goes_on(place, &why) => {}
            ServerReply::Replica
            | ServerReply::TooManyClients
            | ServerReply::TlsFailed
            | ServerReply::Older
            | ServerReply::No => return self.fail(why),
        }
        self.open.push(one);
    }

    /// A server was not reached: nothing was executed.
    fn unsent(&mut self, place: &Endpoint, group: Vec<Pending>, unsent: ConnectError) {
        self.way.invalidate(place);
        self.distrusted += usize::from(unsent.next == ServerReply::TlsFailed);
        match (unsent.error, unsent.next) {
            (error, ServerReply::Later) => {
                self.later = Some(error);
                self.open.extend(group);
            }
            (error @ StoreError::Unreachable(_), _) => self.away(place, group, error),
            (error, _) if group.iter().all(|one| one.guessed) && self.goes_on(place, &error) => self.open.extend(group),
            (error, _) => self.fail(error),
        }
    }

    /// Whether there is another server to ask after one that refused us for what holds of itself alone: it has another
    /// password, other users, or is none of the cluster. None of it was executed.
    fn goes_on(&mut self, place: &Endpoint, error: &StoreError) -> bool {
        if !matches!(error, StoreError::Denied(_) | StoreError::Config(_)) {
            return false;
        }
        if !self.closed.contains(place) {
            self.closed.push(place.clone());
        }
        self.way.route.forget(place);
        self.closed.len() < self.way.route.seeds()
    }

    /// A server is not there, or as good as that: who takes its place is waited for, if anybody may.
    fn away(&mut self, place: &Endpoint, group: Vec<Pending>, error: StoreError) {
        self.unreached += 1;
        let only = group.iter().any(|one| {
            matches!(self.requests[one.index].to, Destination::Node(_)) || (!one.guessed && self.way.is_passed(place))
        });
        if !only && self.way.route.recovers(self.unreached, self.distrusted) {
            self.later = Some(error);
            self.open.extend(group);
        } else {
            self.fail(error);
        }
    }

    fn lost(&mut self, place: &Endpoint, group: Vec<Pending>, error: StoreError) {
        self.way.invalidate(place);
        match error {
            // A question changes nothing: it is asked again, on a new connection.
            StoreError::Unreachable(_) if self.doing == Access::Reading && !self.asked_again => {
                self.asked_again = true;
                self.open.extend(group);
            }
            // Something before the server may still take connections in for it.
            error @ StoreError::Unreachable(_) if self.doing == Access::Reading => self.away(place, group, error),
            // That the change is there could be seen, but not that replicas have it.
            StoreError::Unknown(text) if self.way.durability.is_some_and(|durability| durability.strict) => {
                self.fail(StoreError::Unreplicated(text));
            }
            error => self.fail(error),
        }
    }

    /// The first failure is told, unless something may have been done: that is worth more to know.
    fn fail(&mut self, error: StoreError) {
        let open = matches!(error, StoreError::Unknown(_) | StoreError::Unreplicated(_));
        if open || self.failed.is_none() {
            self.failed = Some(error);
        }
    }
}

/// Whether an answer is that of a commit that took effect.
fn took_effect(answer: &Value) -> bool {
    matches!(answer, Value::Array(parts) if matches!(parts.first(), Some(Value::Int(1))))
}
