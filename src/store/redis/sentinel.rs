//! Which server is the master now: asked of one Sentinel after the other, as
//! <https://redis.io/docs/latest/develop/reference/sentinel-clients/> describes.

use std::sync::{Mutex, PoisonError};

use redis::RedisError;
use tokio::time::{Instant, timeout_at};

use super::connection::{Checks, Links, Patience};
use super::failure::Doing;
use super::server::{Place, Sentinels};
use crate::store::StoreError;

/// So often.
const ROUNDS: usize = 2;

/// The Sentinels, and the master that one of them named.
pub(super) struct Master {
    name: String,
    nodes: Vec<Place>,
    links: Links,
    patience: Patience,
    known: Mutex<Option<Place>>,
}

impl Master {
    pub(super) fn new(sentinels: &Sentinels, patience: &Patience) -> Self {
        let who = (sentinels.username.clone(), sentinels.password.clone());
        Self {
            name: sentinels.master.clone(),
            nodes: sentinels.nodes.clone(),
            links: Links::new(who, sentinels.tls.clone(), 0, Checks::default(), patience.clone()),
            patience: patience.clone(),
            known: Mutex::default(),
        }
    }

    /// What the Sentinels call it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The master, asked for where it is not known.
    pub(super) async fn get(&self) -> Result<Place, StoreError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(place) = known {
            return Ok(place);
        }
        let place = self.ask().await?;
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(place.clone());
        Ok(place)
    }

    /// It is not the master any more, or cannot be reached: the Sentinels are asked anew.
    pub(super) fn forget(&self) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Those that are silent are asked once more, after the others: one that is busy with many is not gone.
    async fn ask(&self) -> Result<Place, StoreError> {
        let (mut why, mut open) = (None, self.nodes.iter().collect::<Vec<_>>());
        for _ in 0..ROUNDS {
            let mut silent = Vec::new();
            for node in open {
                let end = self.patience.deadline.end().min(Instant::now() + self.patience.connect);
                match timeout_at(end, self.ask_one(node)).await {
                    Ok(Ok(Some(place))) => return Ok(place),
                    Ok(Ok(None)) => why = why.or(Some(format!("{node} knows no master of this name"))),
                    // Another would refuse us for the same reason, and a wrong password is not to be tried everywhere.
                    Ok(Err(error @ (StoreError::Denied(_) | StoreError::Config(_)))) => return Err(error),
                    Ok(Err(error)) => why = Some(error.to_string()),
                    Err(_) => {
                        self.links.forget(node);
                        why = Some(format!("{node} does not answer"));
                        silent.push(node);
                    }
                }
            }
            open = silent;
        }
        let why = why.unwrap_or_else(|| "none is configured".to_owned());
        Err(StoreError::Unreachable(format!("no Sentinel names the master `{}`: {why}", self.name)))
    }

    async fn ask_one(&self, node: &Place) -> Result<Option<Place>, StoreError> {
        let mut open = self.links.get(node).await.map_err(|unsent| unsent.error)?;
        let mut command = redis::cmd("SENTINEL");
        command.arg("get-master-addr-by-name").arg(&self.name);
        let answer: Result<Option<(String, u16)>, RedisError> = command.query_async(&mut open).await;
        let named = answer.map_err(|error| {
            self.links.forget(node);
            self.links.sorted(&error, Doing::Reading, node)
        })?;
        Ok(named.map(|(host, port)| Place::Tcp(host, port)))
    }
}
