//! The store on an application's own Redis (6.0 or later) or Valkey.

mod acl;
mod adding;
mod call;
mod cluster;
mod connection;
mod copying;
mod dispatcher;
mod feed;
mod health;
mod info;
mod key_snapshot;
mod keys;
mod loading;
mod lua;
mod members;
mod reading;
mod reply;
mod scan;
mod script;
mod sentinel;
mod server;
mod topology;
mod version;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use redis::cluster_routing::Slot;
use redis::{FromRedisValue, Value};

pub use acl::{Understood, rules, rules_for, sentinel_rules, sentinel_rules_for};
#[doc(hidden)]
pub use lua::writing_scripts;
pub use server::{AppKeys, Deadline, Deployment, Durability, Endpoint, NumberTags, PhoneTags, Sentinels, Server, Tls};
pub use version::understood;

use self::call::millis;
use self::dispatcher::{Dispatcher, Request};
use self::keys::Keys;
use self::lua::{COMMIT, COMMIT_ALONE, COMMIT_APP, COMMIT_APP_ALONE};
use self::reply::{Access, classify};
use self::script::{Kind, Script};
use self::topology::Destination;
use super::{
    Addition, Change, Committed, FeedPage, FeedPart, Health, Key, KeyCopy, KeySnapshot, Loaded, Members, OnTop, OwnKey,
    Page, Put, ReadAnswer, ReadRequest, Store, StoreError, StoreKey, Sums,
};
use crate::otp::Ttl;
use crate::otp::{EVENTS_KEPT, Moment, UserId};

/// A Redis: one server, a Cluster, or a master and its replicas.
pub struct Redis {
    dispatcher: Dispatcher,
    keys: Keys,
    app: Option<AppKeys>,
    durability: Option<Durability>,
    /// Why changes are less durable than they should be: reported once.
    unsure: Mutex<Option<String>>,
    /// Whether a list has checked which nodes of a cluster are missing.
    nodes_checked: AtomicBool,
    /// Whether a server has refused keys of several slots, or the keys beside a change.
    beside_refused: AtomicBool,
    /// Whether one has refused to read keys of several slots at once.
    together_refused: AtomicBool,
}

impl Redis {
    /// Prepares the connections; nothing is connected yet.
    #[must_use]
    pub fn new(server: &Server) -> Self {
        Self {
            dispatcher: Dispatcher::new(server),
            keys: Keys::new(&server.prefix, Arc::clone(&server.tags)),
            app: server.app.clone(),
            durability: server.durability,
            unsure: Mutex::default(),
            nodes_checked: AtomicBool::new(false),
            beside_refused: AtomicBool::new(false),
            together_refused: AtomicBool::new(false),
        }
    }

    /// Runs commands, and returns the answer to each. A change that is less durable than it must be is a failure.
    async fn run<T: FromRedisValue>(&self, requests: Vec<Request>, access: Access) -> Result<Vec<T>, StoreError> {
        let outcome = match self.dispatcher.run(&requests, access).await {
            Ok(outcome) => outcome,
            Err(error) => return Err(self.explain_version(error).await),
        };
        if let Some(why) = outcome.unsure {
            if self.durability.is_some_and(|durability| durability.strict) {
                return Err(StoreError::Unreplicated(why));
            }
            *self.unsure.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
        }
        let read = |answer: Value| {
            redis::from_redis_value(answer).map_err(|error| classify(&error.into(), access, &self.dispatcher.name()))
        };
        outcome.answers.into_iter().map(read).collect()
    }

    /// A change as it is sent; with what is beside it where that is written in the same step.
    fn commit_ask(&self, change: &Change, beside: bool) -> Request {
        let mut keys: Vec<String> = change.writes.iter().map(|write| self.keys.store_key(&write.key)).collect();
        keys.extend(change.append.as_ref().map(|append| self.keys.timeline(&append.phone)));
        let parts = if beside { self.beside_parts(&change.beside) } else { Vec::new() };
        let home = to(&keys);
        keys.extend(parts.iter().map(|part| part.key.clone()));
        let kind = if change.allow_when_full { Kind::Relieves } else { Kind::Writes };
        let body = match (change.writes.iter().any(|write| write.key.is_foreign()), parts.is_empty()) {
            (false, false) => &COMMIT,
            (false, true) => &COMMIT_ALONE,
            (true, false) => &COMMIT_APP,
            (true, true) => &COMMIT_APP_ALONE,
        };
        let mut command = Script::new(kind, body, &keys);
        command.arg(change.writes.len()).arg(parts.len());
        for write in &change.writes {
            command.arg(write.loaded.as_deref().unwrap_or_default()).arg(if write.loaded.is_some() {
                "1"
            } else {
                "0"
            });
            match &write.put {
                Put::Keep if write.key.is_foreign() => command.arg("app").arg("").arg(""),
                Put::Set(_, Ttl::Expired) if write.key.is_foreign() => command.arg("app-drop").arg("").arg(""),
                // Its expiry is in the value.
                Put::Set(value, _) if write.key.is_foreign() => command.arg("app-set").arg(value).arg(""),
                Put::Keep => command.arg("keep").arg("").arg(""),
                Put::Set(_, Ttl::Expired) => command.arg("drop").arg("").arg(""),
                Put::Set(value, Ttl::Forever) => command.arg("set").arg(value).arg(""),
                Put::Set(value, Ttl::For(ttl)) => command.arg("set").arg(value).arg(lifetime(*ttl)),
            };
        }
        if let Some(append) = &change.append {
            let back = append.on_top.as_ref().map_or(&[][..], |on_top| &on_top.back);
            command.arg(EVENTS_KEPT).arg(lifetime(append.keep)).arg(back.len() + append.events.len());
            match &append.on_top {
                None => command.arg("").arg("").arg(0),
                Some(OnTop { newest: None, cut, .. }) => command.arg("0").arg("").arg(*cut),
                Some(OnTop { newest: Some(line), cut, .. }) => command.arg("1").arg(line).arg(*cut),
            };
            for line in back.iter().rev() {
                command.arg(line);
            }
            for event in &append.events {
                command.arg(serde_json::to_vec(event).unwrap_or_default());
            }
        }
        for part in &parts {
            command.arg(&part.words);
        }
        Request { to: home, command: command.into() }
    }
}

#[async_trait]
impl Store for Redis {
    async fn load(&self, groups: &[Vec<StoreKey>]) -> Result<Vec<Loaded>, StoreError> {
        self.load_each(groups).await
    }

    async fn commit(&self, changes: &[Change]) -> Result<Vec<Committed>, StoreError> {
        let together = changes.iter().any(|change| !change.beside.is_nothing()) && self.writes_beside();
        let (answers, together) = match self.commits(changes, together).await {
            // None of those that have something beside them was executed.
            Err(error) if together && self.is_of_beside(&error) => (self.commits(changes, false).await, false),
            answers => (answers, together),
        };
        let answers = match answers {
            Err(error) => return Err(self.named(error).await),
            Ok(answers) => answers,
        };
        let committed = |(done, seconds, micros)| {
            if done == 1 { Committed::Done(moment(seconds, micros)) } else { Committed::Conflict }
        };
        let committed: Vec<Committed> = answers.into_iter().map(committed).collect();
        if !together {
            self.write_beside(changes, &committed).await;
        }
        Ok(committed)
    }

    async fn add(&self, additions: &[Addition]) -> Result<Vec<Sums>, StoreError> {
        match self.add_each(additions).await {
            Err(error) => Err(self.named(error).await),
            sums => sums,
        }
    }

    async fn read(&self, request: &ReadRequest) -> Result<ReadAnswer, StoreError> {
        self.read_all(request).await
    }

    async fn feed(&self, part: &FeedPart, most: usize) -> Result<FeedPage, StoreError> {
        self.read_feed(part, most).await
    }

    async fn members(&self, sets: &[String], most: usize) -> Result<Vec<Option<Members>>, StoreError> {
        self.members_of(sets, most).await
    }

    async fn phones(&self, cursor: Option<&str>, page: usize) -> Result<Page<String>, StoreError> {
        let page = self.scan(self.keys.records(), cursor, page).await?;
        Ok(page.with(|keys| keys.iter().filter_map(|key| self.keys.phone_of(key)).collect()))
    }

    async fn exist(&self, groups: &[Vec<StoreKey>]) -> Result<Vec<bool>, StoreError> {
        let requests = groups.iter().map(|group| {
            let keys: Vec<String> = group.iter().map(|key| self.keys.store_key(key)).collect();
            let mut command = redis::cmd("EXISTS");
            command.arg(&keys);
            Request { to: to(&keys), command: command.into() }
        });
        let known: Vec<u64> = self.run(requests.collect(), Access::Reading).await?;
        Ok(known.into_iter().map(|known| known > 0).collect())
    }

    async fn users(&self, cursor: Option<&str>, page: usize) -> Result<Page<UserId>, StoreError> {
        let page = self.scan(self.keys.users(), cursor, page).await?;
        Ok(page.with(|keys| keys.iter().filter_map(|key| self.keys.user_of(key)).collect()))
    }

    async fn health(&self) -> Result<Health, StoreError> {
        Ok(Box::pin(self.examine()).await)
    }

    async fn keys(&self, pattern: Option<&str>, cursor: Option<&str>, page: usize) -> Result<Page<Key>, StoreError> {
        self.names(pattern, cursor, page).await
    }

    async fn read_keys(&self, keys: &[Key]) -> Result<Vec<Option<KeySnapshot>>, StoreError> {
        self.read_snapshots(keys).await
    }

    async fn copies(&self, keys: &[OwnKey]) -> Result<Vec<Option<KeyCopy>>, StoreError> {
        self.read_copies(keys).await
    }

    async fn put_copies(&self, copies: &[KeyCopy]) -> Result<Vec<bool>, StoreError> {
        self.put_all(copies).await
    }

    async fn purge(&self, snapshots: &[KeySnapshot]) -> Result<Vec<bool>, StoreError> {
        self.purge_snapshots(snapshots).await
    }

    fn warning(&self) -> Option<String> {
        self.unsure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Redis {
    async fn commits(&self, changes: &[Change], beside: bool) -> Result<Vec<(i64, i64, i64)>, StoreError> {
        let requests = changes.iter().map(|change| self.commit_ask(change, beside)).collect();
        self.run(requests, Access::Writing).await
    }

    /// Redis 7.0 does not say which command of a script a user may not call, so that is checked.
    async fn named(&self, error: StoreError) -> StoreError {
        match error {
            StoreError::Denied(text) if text.contains("executing the script") => match self.rehearse().await {
                Err(StoreError::Denied(why)) => StoreError::Denied(format!("{text}: {why}")),
                _ => StoreError::Denied(text),
            },
            other => other,
        }
    }
}

/// The server that has these keys, which are all in one slot.
fn to(keys: &[impl AsRef<[u8]>]) -> Destination {
    keys.first().map_or(Destination::Any, |key| Destination::Slot(Slot::for_key(key.as_ref())))
}

/// A lifetime in milliseconds, as the scripts read it. Less than one would be refused, and more than 31,000 years could not
/// be added to the time.
fn lifetime(ttl: Duration) -> u64 {
    millis(ttl).clamp(1, 999_999_999_999_999)
}

/// What `TIME` answers.
fn moment(seconds: i64, micros: i64) -> Moment {
    Moment::from_millis(seconds.saturating_mul(1000).saturating_add(micros / 1000))
}
