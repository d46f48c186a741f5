//! Which node of a Redis Cluster has a slot: learned from redirects, or from a node that lists all.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use redis::Value;
use redis::cluster_routing::Slot;

use super::server::Endpoint;
use crate::store::StoreError;

/// A node that has slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shard {
    /// The lowest of its slots: the name of its part in a list's cursor.
    pub(super) first: u16,
    /// Its id: another one has other cursors.
    pub(super) id: String,
    pub(super) endpoint: Endpoint,
    slots: Vec<(u16, u16)>,
}

/// What is known of the slots.
pub(super) struct Slots {
    /// The nodes that the configuration names.
    seeds: Vec<Endpoint>,
    known: Mutex<KnownSlots>,
}

#[derive(Default)]
struct KnownSlots {
    slots: HashMap<Slot, Endpoint>,
    /// Which of the seeds is used for an unknown slot.
    turn: usize,
}

impl Slots {
    pub(super) fn new(seeds: Vec<Endpoint>) -> Self {
        Self { seeds, known: Mutex::default() }
    }

    fn known<T>(&self, work: impl FnOnce(&mut KnownSlots) -> T) -> T {
        work(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The node that has a slot, or one that knows who has it.
    pub(super) fn get(&self, slot: Slot) -> Result<Endpoint, StoreError> {
        self.known(|known| known.slots.get(&slot).cloned()).map_or_else(|| self.any(), Ok)
    }

    pub(super) fn knows(&self, slot: Slot) -> bool {
        self.known(|known| known.slots.contains_key(&slot))
    }

    /// A node of the cluster.
    pub(super) fn any(&self) -> Result<Endpoint, StoreError> {
        let turn = self.known(|known| known.turn);
        let seed = self.seeds.get(turn % self.seeds.len().max(1));
        seed.cloned().ok_or_else(|| StoreError::Config("no node of the cluster is configured".to_owned()))
    }

    pub(super) fn learn(&self, slot: Slot, endpoint: Endpoint) {
        self.known(|known| known.slots.insert(slot, endpoint));
    }

    pub(super) fn learn_all(&self, shards: &[Shard]) {
        self.known(|known| {
            for shard in shards {
                for slot in shard.slots.iter().flat_map(|(first, last)| (*first..=*last).filter_map(Slot::new)) {
                    known.slots.insert(slot, shard.endpoint.clone());
                }
            }
        });
    }

    /// A node is not reached, or has no slots any more: others are asked.
    pub(super) fn forget(&self, endpoint: &Endpoint) {
        let asked = self.any().is_ok_and(|seed| seed == *endpoint);
        self.known(|known| {
            known.slots.retain(|_, at| at != endpoint);
            known.turn = known.turn.wrapping_add(usize::from(asked));
        });
    }

    /// How many seeds may fail, one after the other, before all have.
    pub(super) fn seeds(&self) -> usize {
        self.seeds.len()
    }
}

/// Reads the answer to `CLUSTER SLOTS` of one node: the masters, ordered by their lowest slots.
pub(super) fn shards(answer: &Value, asked: &Endpoint) -> Option<Vec<Shard>> {
    let Value::Array(ranges) = answer else { return None };
    let mut shards: Vec<Shard> = Vec::new();
    for range in ranges {
        let Value::Array(range) = range else { return None };
        let [Value::Int(first), Value::Int(last), Value::Array(master), ..] = range.as_slice() else { return None };
        let [host, Value::Int(port), id, ..] = master.as_slice() else { return None };
        let (first, last) = (u16::try_from(*first).ok()?, u16::try_from(*last).ok()?);
        let endpoint = endpoint(text(host), u16::try_from(*port).ok()?, asked);
        let id = text(id)?.to_owned();
        match shards.iter_mut().find(|shard| shard.id == id) {
            Some(shard) => {
                shard.first = shard.first.min(first);
                shard.slots.push((first, last));
            }
            None => shards.push(Shard { first, id, endpoint, slots: vec![(first, last)] }),
        }
    }
    shards.sort_by_key(|shard| shard.first);
    Some(shards)
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

/// A node that does not know its own name is where the one that was asked is, at another port.
pub(super) fn endpoint(host: Option<&str>, port: u16, asked: &Endpoint) -> Endpoint {
    match (host, asked) {
        (Some(host), _) if !host.is_empty() && host != "?" => Endpoint::Tcp(host.to_owned(), port),
        (_, Endpoint::Tcp(host, _)) => Endpoint::Tcp(host.clone(), port),
        (_, Endpoint::Unix(_)) => asked.clone(),
    }
}

/// Where a list goes on: the part of a node that begins with this slot, the node, and its own cursor.
pub(super) struct Position {
    pub(super) first: u16,
    pub(super) id: String,
    pub(super) cursor: u64,
}

/// The length of the part of a node's id that identifies it: cursors are typed by people.
const ID: usize = 8;

impl Position {
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (first, id, cursor) = (parts.next()?, parts.next()?, parts.next()?);
        let whole = parts.next().is_none() && id.len() <= ID && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let position = Self { first: first.parse().ok()?, id: id.to_owned(), cursor: cursor.parse().ok()? };
        whole.then_some(position)
    }

    /// What is to be asked next: a node, and its cursor. Another node than the one that gave the cursor, after a
    /// failover, begins its part anew: names may come twice, and none is left out.
    pub(super) fn find<'a>(&self, shards: &'a [Shard]) -> Option<(&'a Shard, u64)> {
        // Slots may have moved: then the one that has this slot now goes on with it.
        let at = shards.iter().rposition(|shard| shard.first <= self.first).or((!shards.is_empty()).then_some(0))?;
        let shard = &shards[at];
        let same = shard.first == self.first && shard.id.starts_with(&self.id);
        Some((shard, if same { self.cursor } else { 0 }))
    }

    /// The words for where to go on after a node gave this cursor; `None` at the end.
    pub(super) fn after(shards: &[Shard], shard: &Shard, cursor: u64) -> Option<String> {
        let (shard, cursor) = match cursor {
            0 => (shards.iter().find(|next| next.first > shard.first)?, 0),
            cursor => (shard, cursor),
        };
        Some(format!("{}-{}-{cursor}", shard.first, shard.id.get(..ID).unwrap_or(&shard.id)))
    }
}
