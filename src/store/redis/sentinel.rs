//! Which server is the master now: asked of one Sentinel after the other, as
//! <https://redis.io/docs/latest/develop/reference/sentinel-clients/> describes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use redis::RedisError;
use tokio::time::{Instant, timeout_at};

use super::connection::{Checks, ConnectionPool, Patience};
use super::reply::Access;
use super::server::{Endpoint, Sentinels};
use crate::store::StoreError;

/// The number of rounds.
const ROUNDS: usize = 2;

/// The Sentinels, and the master that one of them named.
pub(super) struct Master {
    name: String,
    nodes: Vec<Endpoint>,
    connections: ConnectionPool,
    patience: Patience,
    known: Mutex<Option<Endpoint>>,
    /// Which of them is asked first.
    turn: AtomicUsize,
}

impl Master {
    pub(super) fn new(sentinels: &Sentinels, patience: &Patience) -> Self {
        let who = (sentinels.username.clone(), sentinels.password.clone());
        Self {
            name: sentinels.master.clone(),
            nodes: sentinels.nodes.clone(),
            connections: ConnectionPool::new(who, sentinels.tls.clone(), 0, Checks::default(), patience.clone()),
            patience: patience.clone(),
            known: Mutex::default(),
            turn: AtomicUsize::default(),
        }
    }

    /// What the Sentinels call it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The master; a Sentinel is asked if it is not known.
    pub(super) async fn get(&self) -> Result<Endpoint, StoreError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(endpoint) = known {
            return Ok(endpoint);
        }
        let endpoint = self.ask().await?;
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(endpoint.clone());
        Ok(endpoint)
    }

    /// It is not the master any more, or cannot be reached: the Sentinels are asked anew, and another one first. The one that
    /// named it may be cut off from the others.
    pub(super) fn forget(&self) {
        if self.known.lock().unwrap_or_else(PoisonError::into_inner).take().is_some() {
            self.turn.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// One that refuses, knows no such master or has another password than the others says nothing about the others, so each
    /// is asked. Those that are silent are asked once more, after the others: one that is busy with many is not gone.
    async fn ask(&self) -> Result<Endpoint, StoreError> {
        let mut open: Vec<&Endpoint> = self.nodes.iter().collect();
        open.rotate_left(self.turn.load(Ordering::Relaxed) % self.nodes.len().max(1));
        let mut why: Vec<(&Endpoint, StoreError)> = Vec::new();
        for _ in 0..ROUNDS {
            let mut silent = Vec::new();
            for node in open {
                let end = self.patience.deadline.end().min(Instant::now() + self.patience.connect);
                let error = match timeout_at(end, self.ask_one(node)).await {
                    Ok(Ok(Some(endpoint))) => return Ok(endpoint),
                    Ok(Ok(None)) => StoreError::Unreachable(format!("{node} knows no master of this name")),
                    Ok(Err(error)) => error,
                    Err(_) => {
                        self.connections.forget(node);
                        silent.push(node);
                        StoreError::Unreachable(format!("{node} does not answer"))
                    }
                };
                why.retain(|(before, _)| *before != node);
                why.push((node, error));
            }
            open = silent;
        }
        Err(self.unnamed(&why))
    }

    /// An error that is the same for all of them is returned as it is.
    fn unnamed(&self, why: &[(&Endpoint, StoreError)]) -> StoreError {
        let all = |is: fn(&StoreError) -> bool| !why.is_empty() && why.iter().all(|(_, error)| is(error));
        let same = all(|error| matches!(error, StoreError::Denied(_)))
            || all(|error| matches!(error, StoreError::Config(_) | StoreError::TooOld(_)));
        if same && let Some((_, error)) = why.first() {
            return error.clone();
        }
        let texts: Vec<String> = why.iter().map(|(_, error)| error.what().to_owned()).collect();
        let why = if texts.is_empty() { "none is configured".to_owned() } else { texts.join("; ") };
        StoreError::Unreachable(format!("no Sentinel names the master `{}`: {why}", self.name))
    }

    async fn ask_one(&self, node: &Endpoint) -> Result<Option<Endpoint>, StoreError> {
        let mut open = self.connections.get(node).await.map_err(|unsent| unsent.error)?;
        let mut command = redis::cmd("SENTINEL");
        command.arg("get-master-addr-by-name").arg(&self.name);
        let answer: Result<Option<(String, u16)>, RedisError> = command.query_async(&mut open).await;
        let named = answer.map_err(|error| {
            self.connections.forget(node);
            self.connections.classify(&error, Access::Reading, node)
        })?;
        Ok(named.map(|(host, port)| Endpoint::Tcp(host, port)))
    }
}
