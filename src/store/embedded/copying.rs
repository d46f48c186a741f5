//! Whole keys of the file, and those of another store that are put into it.

use std::borrow::Cow;

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::adding;
use super::opening::still_known;
use super::sqlite::{classify, set_value};
use crate::otp::Moment;
use crate::store::key::timeline_name;
use crate::store::{Content, KeyCopy, OwnKey, StoreError};

/// The name of a key; `None`: it is not copied.
fn name_of(key: &OwnKey) -> Option<String> {
    match key {
        OwnKey::Value(key) => Some(key.name()),
        OwnKey::Timeline(phone) => Some(timeline_name(phone)),
        OwnKey::Feed(_) => None,
    }
}

/// What a key is now; `None`: it is not there.
pub(super) fn copy(connection: &Connection, key: &OwnKey, now: Moment) -> Result<Option<KeyCopy>, StoreError> {
    let Some(name) = name_of(key) else { return Ok(None) };
    let found =
        if matches!(key, OwnKey::Timeline(_)) { lines(connection, &name, now) } else { cell(connection, &name, now) };
    let Some((content, until)) = found.map_err(|error| classify(&error))? else { return Ok(None) };
    let content = match content {
        Content::Bytes(value) if key.kind() == "hash" => {
            let sums = adding::read(&value);
            Content::Sums(sums.ok_or_else(|| StoreError::Data(format!("`{name}` does not hold numbers")))?)
        }
        content => content,
    };
    let ttl = until.map(|until| Moment::from_millis(until).since(now));
    Ok(Some(KeyCopy { key: key.clone(), ttl, content }))
}

fn cell(connection: &Connection, name: &str, now: Moment) -> rusqlite::Result<Option<(Content, Option<i64>)>> {
    let sql = "SELECT value, expires_at FROM cell WHERE name = ?1 AND (expires_at IS NULL OR expires_at > ?2)";
    let row = connection
        .prepare_cached(sql)?
        .query_row(params![name, now.millis()], |row| Ok((Content::Bytes(row.get(0)?), row.get(1)?)));
    row.optional()
}

fn lines(connection: &Connection, name: &str, now: Moment) -> rusqlite::Result<Option<(Content, Option<i64>)>> {
    let sql = "SELECT expires_at FROM timeline WHERE name = ?1 AND expires_at > ?2";
    let until = connection.prepare_cached(sql)?.query_row(params![name, now.millis()], |row| row.get(0)).optional()?;
    let Some(until) = until else { return Ok(None) };
    let sql = "SELECT body FROM event WHERE timeline = ?1 ORDER BY id DESC";
    let mut query = connection.prepare_cached(sql)?;
    let lines = query.query_map(params![name], |row| row.get(0))?.collect::<rusqlite::Result<Vec<Vec<u8>>>>()?;
    Ok(Some((Content::Lines(lines), Some(until))))
}

/// Puts each where nothing is, all in one transaction.
pub(super) fn put(connection: &mut Connection, copies: &[KeyCopy], now: Moment) -> Result<Vec<bool>, StoreError> {
    let writing =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| classify(&error))?;
    still_known(&writing)?;
    let mut put = Vec::with_capacity(copies.len());
    for one in copies {
        let Some(name) = name_of(&one.key) else {
            put.push(false);
            continue;
        };
        let is_there = copy(&writing, &one.key, now)?.is_some();
        if !is_there {
            write(&writing, &name, one, now).map_err(|error| classify(&error))?;
        }
        put.push(!is_there);
    }
    writing.commit().map_err(|error| classify(&error))?;
    Ok(put)
}

fn write(connection: &Connection, name: &str, one: &KeyCopy, now: Moment) -> rusqlite::Result<()> {
    let until = one.ttl.map(|ttl| now.after(ttl).millis());
    let value = match &one.content {
        Content::Bytes(value) => Cow::Borrowed(value),
        Content::Sums(sums) => Cow::Owned(serde_json::to_vec(sums).unwrap_or_default()),
        Content::Lines(lines) => {
            // What is left of one whose time is over goes.
            connection.prepare_cached("DELETE FROM event WHERE timeline = ?1")?.execute(params![name])?;
            let sql = "INSERT INTO timeline (name, expires_at) VALUES (?1, ?2)
                       ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at";
            connection.prepare_cached(sql)?.execute(params![name, until.unwrap_or(i64::MAX)])?;
            for (at, line) in lines.iter().rev().enumerate() {
                let id = i64::try_from(at + 1).unwrap_or(i64::MAX);
                let sql = "INSERT INTO event (timeline, id, body) VALUES (?1, ?2, ?3)";
                connection.prepare_cached(sql)?.execute(params![name, id, line])?;
            }
            return Ok(());
        }
    };
    set_value(connection, name, &value, until)
}
