//! Every value and every timeline of the file: named in order, looked at, and removed if unchanged.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::adding;
use super::opening::still_known;
use super::sqlite::classify;
use crate::otp::Moment;
use crate::store::{Key, KeySnapshot, OwnKey, Owner, Page, StoreError};

/// Events that no timeline holds count as a timeline: nothing would ever remove them.
const NAMES: &str = "
    SELECT name FROM cell WHERE name > ?1 AND (expires_at IS NULL OR expires_at > ?2) AND name GLOB ?3
    UNION SELECT name FROM timeline WHERE name > ?1 AND expires_at > ?2 AND name GLOB ?3
    UNION SELECT timeline FROM event WHERE timeline > ?1 AND timeline GLOB ?3
        AND NOT EXISTS (SELECT 1 FROM timeline AS own WHERE own.name = event.timeline)
    ORDER BY 1 LIMIT ?4";

pub(super) fn keys(
    connection: &Connection,
    pattern: Option<&str>,
    after: &str,
    page: usize,
    now: Moment,
) -> Result<Page<Key>, StoreError> {
    let most = i64::try_from(page).unwrap_or(i64::MAX);
    let mut query = connection.prepare_cached(NAMES).map_err(|error| classify(&error))?;
    let names = query.query_map(params![after, now.millis(), pattern.unwrap_or("*"), most], |row| row.get(0));
    let names: Result<Vec<String>, _> = names.map_err(|error| classify(&error))?.collect();
    let names = names.map_err(|error| classify(&error))?;
    let next = if names.len() < page { None } else { names.last().cloned() };
    let whose = |name: &str| OwnKey::read(name).map_or(Owner::Unknown, Owner::Ours);
    let key = |name: String| Key { owner: whose(&name), name: name.into_bytes() };
    Ok(Page::of(names.into_iter().map(key).collect(), next))
}

pub(super) fn look(connection: &Connection, key: &Key, now: Moment) -> Result<Option<KeySnapshot>, StoreError> {
    seen(connection, key, now).map_err(|error| classify(&error))
}

fn seen(connection: &Connection, key: &Key, now: Moment) -> rusqlite::Result<Option<KeySnapshot>> {
    let name = String::from_utf8_lossy(&key.name);
    let ttl = |until: i64| Moment::from_millis(until).since(now);
    let snapshot = |kind: &str, ttl: Option<Duration>, size: u64, parts| {
        Some(KeySnapshot { key: key.clone(), now, kind: kind.to_owned(), ttl, size, parts })
    };
    let sql = "SELECT value, expires_at FROM cell WHERE name = ?1 AND (expires_at IS NULL OR expires_at > ?2)";
    let cell = connection
        .prepare_cached(sql)?
        .query_row(params![name, now.millis()], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Option<i64>>(1)?)));
    let own = match &key.owner {
        Owner::Ours(own) => Some(own.kind()),
        _ => None,
    };
    if let Some((value, until)) = cell.optional()? {
        if let Some(fields) = adding::read(&value).filter(|_| own == Some("hash")) {
            let size = u64::try_from(fields.len()).unwrap_or(u64::MAX);
            let parts = fields.into_iter().flat_map(|(field, sum)| [field.into_bytes(), sum.to_string().into_bytes()]);
            return Ok(snapshot("hash", until.map(ttl), size, parts.collect()));
        }
        return Ok(snapshot("string", until.map(ttl), u64::try_from(value.len()).unwrap_or(u64::MAX), vec![value]));
    }
    let sql = "SELECT count(*), (SELECT body FROM event WHERE timeline = ?1 ORDER BY id DESC LIMIT 1),
               (SELECT expires_at FROM timeline WHERE name = ?1) FROM event WHERE timeline = ?1";
    let (count, newest, until) = connection.prepare_cached(sql)?.query_row(params![name], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Option<Vec<u8>>>(1)?, row.get::<_, Option<i64>>(2)?))
    })?;
    if until.is_some_and(|until| until <= now.millis()) {
        return Ok(None);
    }
    Ok(newest.and_then(|newest| {
        snapshot(
            own.filter(|kind| *kind == "stream").unwrap_or("list"),
            until.map(ttl),
            u64::try_from(count).unwrap_or_default(),
            vec![newest],
        )
    }))
}

/// All in one transaction: a few of them take no longer than one.
pub(super) fn purge(
    connection: &mut Connection,
    snapshots: &[KeySnapshot],
    now: Moment,
) -> Result<Vec<bool>, StoreError> {
    let writing =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| classify(&error))?;
    still_known(&writing)?;
    let work = || -> rusqlite::Result<Vec<bool>> {
        let purged = snapshots.iter().map(|snapshot| {
            let is_it = seen(&writing, &snapshot.key, now)?.is_some_and(|seen| is_still(&seen, snapshot));
            if is_it {
                let name = String::from_utf8_lossy(&snapshot.key.name);
                writing.prepare_cached("DELETE FROM cell WHERE name = ?1")?.execute(params![name])?;
                writing.prepare_cached("DELETE FROM event WHERE timeline = ?1")?.execute(params![name])?;
                writing.prepare_cached("DELETE FROM timeline WHERE name = ?1")?.execute(params![name])?;
            }
            Ok(is_it)
        });
        let purged = purged.collect::<rusqlite::Result<Vec<bool>>>()?;
        writing.commit()?;
        Ok(purged)
    };
    work().map_err(|error| classify(&error))
}

fn is_still(seen: &KeySnapshot, before: &KeySnapshot) -> bool {
    let alike = (&seen.kind, seen.size, &seen.parts) == (&before.kind, before.size, &before.parts);
    alike && seen.ttl.is_some() == before.ttl.is_some() && seen.ttl <= before.ttl
}
