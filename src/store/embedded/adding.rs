//! Additions to hashes of sums, and the feed. Both are in the tables that the first version made: a hash is a cell of JSON, the
//! feed a timeline with more lines. So an older version opens the file, and removes them when their time is over.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::sqlite::{classify, set_value};
use crate::otp::Moment;
use crate::store::key::feed_name;
use crate::store::{
    Addition, Beside, FEED_KEPT, FIELDS, FeedCursor, FeedLine, FeedPage, FeedPart, Lifetime, StoreError, Sums, Wanted,
};

/// How many lines the feed keeps.
const LINES: i64 = 20_000;

/// The sums that are still kept, and until when.
fn held(connection: &Connection, name: &str, now: Moment) -> Result<(BTreeMap<String, i64>, Option<i64>), StoreError> {
    let sql = "SELECT value, expires_at FROM cell WHERE name = ?1 AND (expires_at IS NULL OR expires_at > ?2)";
    let mut query = connection.prepare_cached(sql).map_err(|error| classify(&error))?;
    let row = query.query_row(params![name, now.millis()], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?)));
    let Some((value, until)) = row.optional().map_err(|error| classify(&error))? else {
        return Ok((BTreeMap::new(), None));
    };
    Ok((read(&value).ok_or_else(|| StoreError::Data(format!("`{name}` does not hold numbers")))?, until))
}

/// The sums of a cell; `None`: it holds something else.
pub(super) fn read(value: &[u8]) -> Option<BTreeMap<String, i64>> {
    serde_json::from_slice(value).ok()
}

pub(super) fn sums(connection: &Connection, name: &str, now: Moment) -> Result<Sums, StoreError> {
    Ok(Sums { now: None, fields: held(connection, name, now)?.0 })
}

/// Adds, within a transaction.
pub(super) fn add(connection: &Connection, addition: &Addition, now: Moment) -> Result<Sums, StoreError> {
    let name = addition.key.name();
    let (mut fields, until) = held(connection, &name, now)?;
    for field in &addition.removed {
        fields.remove(field);
    }
    for increment in &addition.increments {
        let fits = fields.contains_key(&increment.field) || fields.len() < FIELDS;
        let field = increment.otherwise.as_ref().filter(|_| !fits).unwrap_or(&increment.field);
        let sum = fields.entry(field.clone()).or_default();
        *sum = sum.saturating_add(increment.by);
    }
    let until = match addition.lifetime {
        Lifetime::FromFirst(span) => until.unwrap_or_else(|| now.after(span).millis()),
        Lifetime::FromLast(span) => now.after(span).millis(),
    };
    let value = serde_json::to_vec(&fields).unwrap_or_default();
    set_value(connection, &name, &value, Some(until)).map_err(|error| classify(&error))?;
    let fields = match &addition.wanted {
        Wanted::Nothing => BTreeMap::new(),
        Wanted::All => fields,
        Wanted::Fields(names) => {
            names.iter().map(|name| (name.clone(), fields.get(name).copied().unwrap_or_default())).collect()
        }
    };
    Ok(Sums { now: Some(now), fields })
}

/// Writes what is beside a change, in the transaction of the change. A hash that holds something else is left as it is.
pub(super) fn write_beside(connection: &Connection, beside: &Beside, now: Moment) -> rusqlite::Result<()> {
    for addition in &beside.additions {
        if let Err(error) = add(connection, addition, now) {
            tracing::debug!(%error, "sums were not added to");
        }
    }
    if beside.feed.is_empty() {
        return Ok(());
    }
    let name = feed_name(0);
    let add = "INSERT INTO event (timeline, id, body)
               VALUES (?1, (SELECT coalesce(max(id), 0) + 1 FROM event WHERE timeline = ?1), ?2)";
    for line in &beside.feed {
        let parts: BTreeMap<String, String> = line.parts().into_iter().collect();
        connection.prepare_cached(add)?.execute(params![name, serde_json::to_vec(&parts).unwrap_or_default()])?;
    }
    // At most a few lines more than were just written: no change waits for thousands of them.
    let surplus = "DELETE FROM event WHERE timeline = ?1
                   AND id <= (SELECT max(id) FROM event WHERE timeline = ?1) - ?2";
    connection.prepare_cached(surplus)?.execute(params![name, LINES])?;
    let ttl = "INSERT INTO timeline (name, expires_at) VALUES (?1, ?2)
                ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at";
    connection.prepare_cached(ttl)?.execute(params![name, now.after(FEED_KEPT).millis()])?;
    Ok(())
}

/// A part of the feed. It has one shard, and its ids are numbers.
pub(super) fn feed(connection: &Connection, part: &FeedPart, most: usize, now: Moment) -> Result<FeedPage, StoreError> {
    let id = |cursor: &FeedCursor| cursor.0.first()?.as_deref()?.parse::<i64>().ok();
    let alive = "EXISTS (SELECT 1 FROM timeline WHERE name = ?1 AND expires_at > ?2)";
    let (sql, bound) = match part {
        FeedPart::Newest { before, .. } => {
            let sql = format!(
                "SELECT id, body FROM event WHERE timeline = ?1 AND {alive} AND id < ?3 ORDER BY id DESC LIMIT ?4"
            );
            (sql, before.as_ref().and_then(id).unwrap_or(i64::MAX))
        }
        FeedPart::After(after) => {
            let sql =
                format!("SELECT id, body FROM event WHERE timeline = ?1 AND {alive} AND id > ?3 ORDER BY id LIMIT ?4");
            (sql, id(after).unwrap_or_default())
        }
    };
    let rows = || -> rusqlite::Result<Vec<(i64, Vec<u8>)>> {
        let mut query = connection.prepare_cached(&sql)?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows =
            query.query_map(params![feed_name(0), now.millis(), bound, most], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    };
    let rows = rows().map_err(|error| classify(&error))?;
    let (full, oldest) = (rows.len() >= most, rows.iter().map(|(id, _)| *id).min());
    let newest = rows.iter().map(|(id, _)| *id).max();
    let cursor = |id: i64| FeedCursor(vec![Some(id.to_string())]);
    let mut page = FeedPage::default();
    for (_, body) in rows {
        let parts: Option<BTreeMap<String, String>> = serde_json::from_slice(&body).ok();
        match parts.and_then(FeedLine::of) {
            Some(line) => page.lines.push(line),
            None => page.broken += 1,
        }
    }
    page.after = match part {
        FeedPart::After(after) => newest.map_or_else(|| after.clone(), cursor),
        FeedPart::Newest { .. } => newest.map(cursor).unwrap_or_default(),
    };
    if let FeedPart::Newest { since, .. } = part {
        page.lines.reverse();
        let all = page.lines.len();
        page.lines.retain(|line| line.event.at >= *since);
        // They are in the order of their times: one that is too old is the end.
        let ends = page.lines.len() < all;
        page.before = oldest.filter(|_| full && !ends).map(cursor);
        page.settled = page.lines.first().map(|line| line.event.at).filter(|_| page.before.is_some());
    }
    Ok(page)
}
