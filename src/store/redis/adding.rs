//! Additions to hashes of sums, and what is written beside a change: in the same step on one server, in one pipeline right
//! after it on a Cluster.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::Ordering;
use std::time::Duration;

use redis::{ToRedisArgs, Value};
use tokio::time::timeout;

use super::dispatcher::Request;
use super::lua::{ADD, BESIDE};
use super::reply::{Access, classify};
use super::script::{Kind, Script};
use super::{Redis, lifetime, moment, to};
use crate::store::{
    Addition, Beside, Change, Committed, FEED_KEPT, FIELDS, FeedLine, Lifetime, StoreError, Sums, Wanted,
};

/// How many lines the whole feed keeps.
const LINES: usize = 100_000;
/// How many shards it has on a Cluster.
pub(super) const SHARDS: usize = 4;
/// What is written after a change is not waited for longer: the change itself is done.
const AFTERWARDS: Duration = Duration::from_millis(500);

/// What is written to one key beside a change: its words for `beside.lua`.
pub(super) struct BesidePart {
    pub(super) key: String,
    pub(super) words: Vec<Vec<u8>>,
}

impl Redis {
    /// How many shards the feed has here.
    pub(super) fn shards(&self) -> usize {
        if self.dispatcher.is_cluster() { SHARDS } else { 1 }
    }

    /// Whether what is beside a change is written in one step with it.
    pub(super) fn writes_beside(&self) -> bool {
        !self.dispatcher.is_cluster() && !self.beside_refused.load(Ordering::Relaxed)
    }

    /// Whether a change was refused for the keys beside it: by a proxy in front of several servers, or because this user
    /// may use keys of phones and no others.
    pub(super) fn is_of_beside(&self, error: &StoreError) -> bool {
        let is = error.what().contains("CROSSSLOT") || matches!(error, StoreError::Denied(_));
        if is {
            tracing::debug!(%error, "the feed is written by itself");
            self.beside_refused.store(true, Ordering::Relaxed);
        }
        is
    }

    /// What is beside a change, by its keys.
    pub(super) fn beside_parts(&self, beside: &Beside) -> Vec<BesidePart> {
        let shards = self.shards();
        let mut by_shard: BTreeMap<usize, Vec<&FeedLine>> = BTreeMap::new();
        for line in &beside.feed {
            by_shard.entry(shard(line, shards)).or_default().push(line);
        }
        let feed = by_shard.into_iter().map(|(shard, lines)| {
            let mut words = words_of(&["feed"]);
            words.extend(lifetime(FEED_KEPT).to_redis_args());
            words.extend((LINES / shards).to_redis_args());
            words.extend(lines.len().to_redis_args());
            for line in lines {
                let parts = line.parts();
                words.extend((parts.len() * 2).to_redis_args());
                words.extend(parts.into_iter().flat_map(|(name, text)| [name.into_bytes(), text.into_bytes()]));
            }
            BesidePart { key: self.keys.feed(shard), words }
        });
        let sums = beside.additions.iter().map(|addition| {
            let mut words = words_of(&["sums"]);
            words.extend(words_to_add(addition));
            BesidePart { key: self.keys.store_key(&addition.key), words }
        });
        feed.chain(sums).collect()
    }

    /// Writes what is beside those changes that took effect. They are done, so whatever fails here is left out.
    pub(super) async fn write_beside(&self, changes: &[Change], committed: &[Committed]) {
        let done = changes.iter().zip(committed).filter(|(_, committed)| matches!(committed, Committed::Done(_)));
        let parts = done.flat_map(|(change, _)| self.beside_parts(&change.beside));
        let requests = parts.map(|part| {
            let mut script = Script::new(Kind::Writes, &BESIDE, &[&part.key]);
            script.arg(&part.words);
            Request { to: to(&[part.key]), command: script.into() }
        });
        let requests: Vec<Request> = requests.collect();
        if requests.is_empty() {
            return;
        }
        match timeout(AFTERWARDS, self.dispatcher.run_each(&requests, Access::Aside)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the feed was not written"),
            Err(_) => tracing::debug!("the feed was not written in time"),
        }
    }

    pub(super) async fn add_each(&self, additions: &[Addition]) -> Result<Vec<Sums>, StoreError> {
        let requests = additions.iter().map(|addition| {
            let key = self.keys.store_key(&addition.key);
            let mut script = Script::new(Kind::Writes, &ADD, &[&key]);
            script.arg(words_to_add(addition));
            match &addition.wanted {
                Wanted::Nothing => {}
                Wanted::All => drop(script.arg("*")),
                Wanted::Fields(fields) => drop(script.arg(fields)),
            }
            Request { to: to(&[key]), command: script.into() }
        });
        let answers: Vec<Vec<Value>> = self.run(requests.collect(), Access::Writing).await?;
        answers.into_iter().map(|answer| self.sums(answer, Access::Writing)).collect()
    }

    /// What `add.lua` answers.
    fn sums(&self, answer: Vec<Value>, access: Access) -> Result<Sums, StoreError> {
        let wrong = |error: redis::ParsingError| classify(&error.into(), access, &self.dispatcher.name());
        let mut parts = answer.into_iter().skip(1);
        let mut number = || parts.next().map_or(Ok(0), redis::from_redis_value::<i64>).map_err(wrong);
        let now = Some(moment(number()?, number()?));
        let parts: Vec<Value> = parts.collect();
        let fields = parts.chunks_exact(2).map(|pair| {
            let field = redis::from_redis_value::<String>(pair[0].clone()).map_err(wrong)?;
            Ok((field, redis::from_redis_value::<i64>(pair[1].clone()).map_err(wrong)?))
        });
        Ok(Sums { now, fields: fields.collect::<Result<_, StoreError>>()? })
    }
}

/// The shard of the feed that has the events of a phone.
fn shard(line: &FeedLine, shards: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    line.phone.as_str().hash(&mut hasher);
    usize::try_from(hasher.finish() % shards as u64).unwrap_or_default()
}

fn words_of(words: &[&str]) -> Vec<Vec<u8>> {
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

/// An addition in the words that `sums.lua` reads.
fn words_to_add(addition: &Addition) -> Vec<Vec<u8>> {
    let from = if matches!(addition.lifetime, Lifetime::FromFirst(_)) { "first" } else { "last" };
    let mut words = words_of(&[from]);
    words.extend(lifetime(addition.lifetime.span()).to_redis_args());
    words.extend(FIELDS.to_redis_args());
    words.extend(addition.removed.len().to_redis_args());
    words.extend(addition.removed.iter().map(|field| field.as_bytes().to_vec()));
    words.extend(addition.increments.len().to_redis_args());
    for increment in &addition.increments {
        words.push(increment.field.as_bytes().to_vec());
        words.extend(increment.by.to_redis_args());
        words.push(increment.otherwise.as_deref().unwrap_or_default().as_bytes().to_vec());
    }
    words
}
