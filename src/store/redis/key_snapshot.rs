//! Every key of the servers: named by `SCAN`, looked at by scripts that write nothing, and removed by one that compares
//! first.

use std::collections::HashMap;
use std::time::Duration;

use redis::cluster_routing::Slot;

use super::call::millis;
use super::dispatcher::Request;
use super::lua::{PURGE, READ_KEYS};
use super::reply::Access;
use super::script::{Kind, Script};
use super::{Redis, moment, to};
use crate::store::{Key, KeySnapshot, Page, StoreError};

/// The number of keys that one script reads: it blocks the server for less than a millisecond.
const AT_ONCE: usize = 64;

impl Redis {
    pub(super) async fn names(
        &self,
        pattern: Option<&str>,
        cursor: Option<&str>,
        page: usize,
    ) -> Result<Page<Key>, StoreError> {
        let names = self.scan_any(pattern.unwrap_or("*").to_owned(), cursor, page).await?;
        let key = |name: Vec<u8>| Key { owner: self.keys.owner(&name), name };
        Ok(names.with(|names| names.into_iter().map(key).collect()))
    }

    pub(super) async fn read_snapshots(&self, keys: &[Key]) -> Result<Vec<Option<KeySnapshot>>, StoreError> {
        let groups = if self.dispatcher.is_cluster() { by_slot(keys) } else { in_order(keys.len()) };
        let requests = groups.iter().map(|group| {
            let names: Vec<&[u8]> = group.iter().map(|index| keys[*index].name.as_slice()).collect();
            let script = Script::new(Kind::Reads, &READ_KEYS, &names);
            Request { to: to(&names), command: script.into() }
        });
        let answers: Vec<Vec<Vec<Vec<u8>>>> = self.run(requests.collect(), Access::Reading).await?;
        let mut snapshots = vec![None; keys.len()];
        for (group, mut answer) in groups.into_iter().zip(answers) {
            let seen = answer.split_off(answer.len().min(1));
            let now = answer.pop().unwrap_or_default();
            let now = moment(number(now.first()).unwrap_or_default(), number(now.get(1)).unwrap_or_default());
            for (index, seen) in group.into_iter().zip(seen) {
                snapshots[index] = snapshot(&keys[index], now, seen);
            }
        }
        Ok(snapshots)
    }

    pub(super) async fn purge_snapshots(&self, snapshots: &[KeySnapshot]) -> Result<Vec<bool>, StoreError> {
        let requests = snapshots.iter().map(|snapshot| {
            let ttl = snapshot.ttl.map_or_else(|| "-1".to_owned(), |ttl| millis(ttl).to_string());
            let mut script = Script::new(Kind::Relieves, &PURGE, &[&snapshot.key.name]);
            script.arg(&snapshot.kind).arg(ttl).arg(snapshot.size).arg(&snapshot.parts);
            Request { to: to(&[&snapshot.key.name]), command: script.into() }
        });
        let answers: Vec<(i64,)> = self.run(requests.collect(), Access::Writing).await?;
        Ok(answers.into_iter().map(|(done,)| done == 1).collect())
    }
}

fn in_order(count: usize) -> Vec<Vec<usize>> {
    (0..count).collect::<Vec<_>>().chunks(AT_ONCE).map(<[usize]>::to_vec).collect()
}

/// A script of a Cluster sees the keys of one slot.
fn by_slot(keys: &[Key]) -> Vec<Vec<usize>> {
    let mut slots: HashMap<Slot, Vec<usize>> = HashMap::new();
    for (index, key) in keys.iter().enumerate() {
        slots.entry(Slot::for_key(&key.name)).or_default().push(index);
    }
    slots.into_values().flat_map(|all| all.chunks(AT_ONCE).map(<[usize]>::to_vec).collect::<Vec<_>>()).collect()
}

fn number(bytes: Option<&Vec<u8>>) -> Option<i64> {
    std::str::from_utf8(bytes?).ok()?.parse().ok()
}

/// `None`: it is gone.
fn snapshot(key: &Key, now: crate::otp::Moment, seen: Vec<Vec<u8>>) -> Option<KeySnapshot> {
    let ttl = number(seen.get(1))?;
    let mut seen = seen.into_iter();
    let kind = String::from_utf8(seen.next()?).ok().filter(|kind| kind != "none")?;
    let size = seen.nth(1).and_then(|size| u64::try_from(number(Some(&size))?).ok())?;
    let ttl = u64::try_from(ttl).ok().map(Duration::from_millis);
    Some(KeySnapshot { key: key.clone(), now, kind, ttl, size, parts: seen.collect() })
}
