//! One round trip to one server: what was answered, what was certainly not executed, and what may have been.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, RedisError, RedisResult, Value};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::connection::{ConnectError, ConnectionPool, silent};
use super::reply::{Access, ServerReply};
use super::server::{Durability, Endpoint};
use crate::store::StoreError;

/// An answer that takes longer counts as lost.
const ANSWER: Duration = Duration::from_secs(2);

/// Commands for one server.
pub(super) struct Call {
    pub(super) connections: Arc<ConnectionPool>,
    pub(super) endpoint: Endpoint,
    /// The keys are being moved to this server.
    pub(super) asking: bool,
    pub(super) commands: Vec<Cmd>,
    pub(super) access: Access,
    /// Replicas that must have what these commands change.
    pub(super) wait: Option<Durability>,
    pub(super) end: Instant,
}

/// The result of a call.
pub(super) enum Answered {
    /// An answer to each command, and how many replicas have it all, where that was asked.
    Each(Vec<RedisResult<Value>>, Option<RedisResult<u32>>),
    /// The server was not reached: nothing was executed.
    Unsent(ConnectError),
    /// The answer was lost.
    Lost(StoreError),
}

impl Call {
    pub(super) async fn make(self) -> Answered {
        let mut connection = match self.connections.get(&self.endpoint).await {
            Ok(connection) => connection,
            Err(unsent) => return Answered::Unsent(unsent),
        };
        if Instant::now() >= self.end {
            // Nothing is sent for whose answer there is no time.
            return Answered::Unsent(ConnectError { error: silent(&self.endpoint), next: ServerReply::No });
        }
        let most = ANSWER + self.wait.map_or(Duration::ZERO, |durability| durability.wait);
        let end = self.end.min(Instant::now() + most);
        match timeout_at(end, self.exchange(&mut connection)).await {
            Ok(Ok((answers, replicas))) => Answered::Each(answers, replicas),
            // Of several commands at once, the client says only that the connection is gone.
            Ok(Err(error)) if error.is_connection_dropped() && self.commands.len() > 1 => {
                let error = self.said_to_one(end).await.unwrap_or(error);
                Answered::Lost(self.connections.classify(&error, self.access, &self.endpoint))
            }
            Ok(Err(error)) => Answered::Lost(self.connections.classify(&error, self.access, &self.endpoint)),
            Err(_) => Answered::Lost(self.silent()),
        }
    }

    /// What becomes of one command alone that only reads, on a connection of its own: what is no Redis says so.
    async fn said_to_one(&self, end: Instant) -> Option<RedisError> {
        let command = self.commands.first().filter(|_| self.access == Access::Reading)?;
        self.connections.forget(&self.endpoint);
        let mut connection = self.connections.get(&self.endpoint).await.ok()?;
        let said = timeout_at(end, command.query_async::<Value>(&mut connection)).await.ok()?;
        said.err().filter(|error| error.code().is_none())
    }

    fn silent(&self) -> StoreError {
        match (silent(&self.endpoint), self.access) {
            (StoreError::Unreachable(text), Access::Writing) => StoreError::Unknown(text),
            (error, _) => error,
        }
    }

    /// All in one round trip. An error of the whole is one of the network.
    async fn exchange(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> RedisResult<(Vec<RedisResult<Value>>, Option<RedisResult<u32>>)> {
        if let ([command], false, None) = (self.commands.as_slice(), self.asking, self.wait) {
            return match command.query_async::<Value>(connection).await {
                Err(error) if error.code().is_none() => Err(error),
                answer => Ok((vec![answer], None)),
            };
        }
        let mut pipeline = Pipeline::with_capacity(self.commands.len() * 2 + 1);
        pipeline.ignore_errors();
        for command in &self.commands {
            if self.asking {
                // It applies to the next command, and no other.
                pipeline.add_command(redis::cmd("ASKING")).ignore();
            }
            pipeline.add_command(command.clone());
        }
        if let Some(durability) = self.wait {
            // Behind the changes on their own connection, whose last change is what it waits for.
            pipeline.cmd("WAIT").arg(durability.replicas).arg(millis(durability.wait));
        }
        let mut answers: Vec<RedisResult<Value>> = pipeline.query_async(connection).await?;
        let replicas = self
            .wait
            .and_then(|_| answers.pop())
            .map(|answer| answer.and_then(|value| redis::from_redis_value::<u32>(value).map_err(RedisError::from)));
        Ok((answers, replicas))
    }
}

pub(super) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// Makes calls to several servers at the same time, and gives what came of each, in their order.
pub(super) async fn together(mut calls: Vec<Call>) -> Vec<Answered> {
    if calls.len() < 2 {
        return match calls.pop() {
            Some(call) => vec![call.make().await],
            None => Vec::new(),
        };
    }
    let mut under_way = JoinSet::new();
    let mut answered: Vec<Answered> = calls.iter().map(|call| Answered::Lost(call.silent())).collect();
    for (index, call) in calls.into_iter().enumerate() {
        under_way.spawn(async move { (index, call.make().await) });
    }
    while let Some(done) = under_way.join_next().await {
        // A call that did not come to its end stays lost.
        if let Ok((index, answer)) = done {
            answered[index] = answer;
        }
    }
    answered
}
