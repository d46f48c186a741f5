//! Values: those of a phone in one script, and on one server those of many phones in one script too.

use std::sync::atomic::Ordering;

use redis::Value;

use super::dispatcher::Request;
use super::lua::{LOAD, LOAD_APP, LOAD_MANY};
use super::reply::Access;
use super::script::{Kind, Script};
use super::{Redis, moment, to};
use crate::store::{Loaded, StoreError, StoreKey};

/// So many keys are read by one script: it takes a millisecond or two, for which everybody else waits.
const AT_ONCE: usize = 1000;

impl Redis {
    pub(super) async fn load_each(&self, groups: &[Vec<StoreKey>]) -> Result<Vec<Loaded>, StoreError> {
        let loaded = match self.load_together(groups).await {
            Some(loaded) => loaded,
            None => self.load_apart(groups).await,
        };
        match loaded {
            Err(error) => Err(self.named(error).await),
            loaded => loaded,
        }
    }

    /// Each group by a script of its own, all in one round trip.
    async fn load_apart(&self, groups: &[Vec<StoreKey>]) -> Result<Vec<Loaded>, StoreError> {
        let requests = groups.iter().map(|store_keys| self.load_ask(store_keys));
        let answers: Vec<Vec<Option<Vec<u8>>>> = self.run(requests.collect(), Access::Reading).await?;
        answers.into_iter().map(|answer| self.loaded(answer)).collect()
    }

    /// Many groups by one script; `None`: they cannot be, as in a Cluster, where each is on a server of its own. It takes
    /// a third of the time of a script for each.
    async fn load_together(&self, groups: &[Vec<StoreKey>]) -> Option<Result<Vec<Loaded>, StoreError>> {
        let is_apart = self.dispatcher.is_cluster() || self.together_refused.load(Ordering::Relaxed);
        if groups.len() < 2 || is_apart || groups.iter().flatten().any(StoreKey::is_foreign) {
            return None;
        }
        let mut loaded = Vec::with_capacity(groups.len());
        let mut rest = groups;
        while !rest.is_empty() {
            let mut keys = 0;
            let fitting = rest.iter().take_while(|group| {
                keys += group.len();
                keys <= AT_ONCE
            });
            let (some, more) = rest.split_at(fitting.count().max(1));
            match self.load_some(some).await {
                // A proxy in front of several servers.
                Err(error) if error.what().contains("CROSSSLOT") => {
                    self.together_refused.store(true, Ordering::Relaxed);
                    return None;
                }
                Err(error) => return Some(Err(error)),
                Ok(some) => loaded.extend(some),
            }
            rest = more;
        }
        Some(Ok(loaded))
    }

    async fn load_some(&self, groups: &[Vec<StoreKey>]) -> Result<Vec<Loaded>, StoreError> {
        let keys: Vec<String> = groups.iter().flatten().map(|key| self.keys.store_key(key)).collect();
        let script = Script::new(Kind::Reads, &LOAD_MANY, &keys);
        let request = Request { to: to(&keys), command: script.into() };
        let answers: Vec<Vec<Value>> = self.run(vec![request], Access::Reading).await?;
        let mut values = answers.into_iter().flatten();
        let now = number(values.next()).zip(number(values.next()));
        let now = now.map(|(seconds, micros)| moment(seconds, micros)).ok_or_else(|| self.no_server())?;
        let mut loaded = Vec::with_capacity(groups.len());
        for group in groups {
            let mut own = Vec::with_capacity(group.len());
            for value in values.by_ref().take(group.len()) {
                match value {
                    Value::BulkString(bytes) => own.push(Some(bytes)),
                    Value::Nil => own.push(None),
                    // It cannot be read. The script that reads it alone tells what is wrong with it.
                    _ => {}
                }
            }
            if own.len() == group.len() {
                loaded.push(Loaded { now, values: own });
            } else {
                loaded.extend(self.load_apart(std::slice::from_ref(group)).await?);
            }
        }
        Ok(loaded)
    }

    pub(super) fn load_ask(&self, store_keys: &[StoreKey]) -> Request {
        let keys: Vec<String> = store_keys.iter().map(|store_key| self.keys.store_key(store_key)).collect();
        // `EVAL` would need permission to write the keys, which a Redis user who may only read does not have.
        let command = if store_keys.iter().any(StoreKey::is_foreign) {
            let mut script = Script::new(Kind::Reads, &LOAD_APP, &keys);
            for store_key in store_keys {
                script.arg(if store_key.is_foreign() { "app" } else { "" });
            }
            script
        } else {
            Script::new(Kind::Reads, &LOAD, &keys)
        };
        Request { to: to(&keys), command: command.into() }
    }

    pub(super) fn loaded(&self, answer: Vec<Option<Vec<u8>>>) -> Result<Loaded, StoreError> {
        let mut values = answer.into_iter();
        let mut number = || std::str::from_utf8(&values.next()??).ok()?.parse::<i64>().ok();
        let now = number().zip(number()).map(|(seconds, micros)| moment(seconds, micros));
        Ok(Loaded { now: now.ok_or_else(|| self.no_server())?, values: values.collect() })
    }

    fn no_server(&self) -> StoreError {
        StoreError::Unreachable(format!("{} is not a Redis server", self.dispatcher.name()))
    }
}

fn number(value: Option<Value>) -> Option<i64> {
    redis::from_redis_value(value?).ok()
}
