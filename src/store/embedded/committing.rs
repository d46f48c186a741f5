//! One change of the file, with the tidying that goes with it.

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::adding::{self, write_beside};
use super::opening::still_known;
use super::sqlite::{classify, set_value, stored_value};
use crate::otp::{Clock, EVENTS_KEPT, Moment, Ttl};
use crate::store::key::timeline_name;
use crate::store::{Addition, Append, Change, Committed, OnTop, Put, StoreError, Sums};

/// The number of expired values and events that each commit removes, more than one commit adds.
const SWEEP: i64 = 16;
/// The log is folded into the file when it is longer than this: every process that opens the file reads the log whole.
const LONG_LOG: u64 = 256 * 1024;

/// Whether there is anything to sweep.
const OVER: &str = "SELECT EXISTS (SELECT 1 FROM cell WHERE expires_at <= ?1)
                    OR EXISTS (SELECT 1 FROM timeline WHERE expires_at <= ?1)";
/// What is swept: values, then the events of timelines, then the timelines.
const SWEPT: [&str; 3] = [
    "DELETE FROM cell WHERE name IN (SELECT name FROM cell WHERE expires_at <= ?1 LIMIT ?2)",
    "DELETE FROM event WHERE timeline IN (SELECT name FROM timeline WHERE expires_at <= ?1 LIMIT ?2)",
    "DELETE FROM timeline WHERE name IN (SELECT name FROM timeline WHERE expires_at <= ?1 LIMIT ?2)",
];

/// One change in one immediate transaction.
pub(super) fn commit(connection: &mut Connection, change: &Change, now: Moment) -> Result<Committed, StoreError> {
    let writing =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| classify(&error))?;
    still_known(&writing)?;
    let committed = changed(&writing, change, now)?;
    writing.commit().map_err(|error| classify(&error))?;
    Ok(committed)
}

/// The changes of several callers, each whole or not at all, in one immediate transaction: one of them that fails is as if
/// it had not been made, and the others wait for the disk together.
pub(super) fn commit_many(
    connection: &mut Connection,
    callers: &[Vec<Change>],
    clock: &Clock,
) -> Result<Vec<Result<Vec<Committed>, StoreError>>, StoreError> {
    let mut writing =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| classify(&error))?;
    still_known(&writing)?;
    let mut answers = Vec::with_capacity(callers.len());
    for changes in callers {
        let mut one = |change: &Change| {
            let step = writing.savepoint().map_err(|error| classify(&error))?;
            let committed = changed(&step, change, clock())?;
            step.commit().map_err(|error| classify(&error))?;
            Ok(committed)
        };
        let answer: Result<Vec<Committed>, StoreError> = changes.iter().map(&mut one).collect();
        if let (Err(error), true) = (&answer, writing.is_autocommit()) {
            // SQLite gave up the whole transaction, as it does on a full disk: nothing of it was done.
            return Err(error.clone());
        }
        answers.push(answer);
    }
    writing.commit().map_err(|error| classify(&error))?;
    Ok(answers)
}

/// Makes a change inside of a transaction, unless something else is there than was loaded.
fn changed(writing: &Connection, change: &Change, now: Moment) -> Result<Committed, StoreError> {
    for write in &change.writes {
        if stored_value(writing, &write.key.name(), now)? != write.loaded {
            return Ok(Committed::Conflict);
        }
    }
    if let Some(Append { phone, on_top: Some(on_top), .. }) = &change.append {
        let name = timeline_name(phone);
        if newest(writing, &name, now).map_err(|error| classify(&error))? != on_top.newest {
            return Ok(Committed::Conflict);
        }
    }
    let write = || -> rusqlite::Result<()> {
        for write in &change.writes {
            put(writing, &write.key.name(), &write.put, now)?;
        }
        if let Some(appended) = &change.append {
            append(writing, appended, now)?;
        }
        write_beside(writing, &change.beside, now)?;
        sweep(writing, now)
    };
    write().map_err(|error| classify(&error))?;
    Ok(Committed::Done(now))
}

/// All additions in one immediate transaction: it takes no longer than one of them.
pub(super) fn add(connection: &mut Connection, additions: &[Addition], now: Moment) -> Result<Vec<Sums>, StoreError> {
    let writing =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| classify(&error))?;
    still_known(&writing)?;
    let sums = additions.iter().map(|addition| adding::add(&writing, addition, now)).collect::<Result<Vec<_>, _>>()?;
    sweep(&writing, now).map_err(|error| classify(&error))?;
    writing.commit().map_err(|error| classify(&error))?;
    Ok(sums)
}

/// Folds a long log into the file, while no other process writes. It is only tidying: what is committed is safe either
/// way, so a failure (because of a reader) leaves it to the next.
pub(super) fn fold_log(connection: &Connection) {
    let log = connection.path().map(|path| format!("{path}-wal"));
    let is_long = |path: String| std::fs::metadata(path).is_ok_and(|log| log.len() > LONG_LOG);
    if log.is_some_and(is_long) {
        let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
}

fn put(connection: &Connection, name: &str, put: &Put, now: Moment) -> rusqlite::Result<()> {
    let (value, expires_at) = match put {
        Put::Keep => return Ok(()),
        Put::Set(_, Ttl::Expired) => {
            connection.prepare_cached("DELETE FROM cell WHERE name = ?1")?.execute(params![name])?;
            return Ok(());
        }
        Put::Set(value, Ttl::Forever) => (value, None),
        Put::Set(value, Ttl::For(ttl)) => (value, Some(now.after(*ttl).millis())),
    };
    set_value(connection, name, value, expires_at)
}

/// The newest line of a timeline.
fn newest(connection: &Connection, name: &str, now: Moment) -> rusqlite::Result<Option<Vec<u8>>> {
    let sql = "SELECT body FROM event WHERE timeline = ?1
               AND EXISTS (SELECT 1 FROM timeline WHERE name = ?1 AND expires_at > ?2) ORDER BY id DESC LIMIT 1";
    connection.prepare_cached(sql)?.query_row(params![name, now.millis()], |row| row.get(0)).optional()
}

fn append(connection: &Connection, append: &Append, now: Moment) -> rusqlite::Result<()> {
    let name = timeline_name(&append.phone);
    // An expired timeline begins anew, even if it has not been removed yet.
    let over = "DELETE FROM event WHERE timeline = ?1
                AND NOT EXISTS (SELECT 1 FROM timeline WHERE name = ?1 AND expires_at > ?2)";
    connection.prepare_cached(over)?.execute(params![name, now.millis()])?;
    let add = "INSERT INTO event (timeline, id, body)
               VALUES (?1, (SELECT coalesce(max(id), 0) + 1 FROM event WHERE timeline = ?1), ?2)";
    let back = append.on_top.iter().flat_map(|on_top| on_top.back.iter().rev().cloned());
    if let Some(OnTop { cut, .. }) = append.on_top {
        let cut_off = "DELETE FROM event WHERE timeline = ?1
                       AND id > (SELECT max(id) FROM event WHERE timeline = ?1) - ?2";
        connection.prepare_cached(cut_off)?.execute(params![name, i64::try_from(cut).unwrap_or(i64::MAX)])?;
    }
    for body in back.chain(append.events.iter().map(|event| serde_json::to_vec(event).unwrap_or_default())) {
        connection.prepare_cached(add)?.execute(params![name, body])?;
    }
    let surplus = "DELETE FROM event WHERE timeline = ?1
                   AND id <= (SELECT max(id) FROM event WHERE timeline = ?1) - ?2";
    let kept = i64::try_from(EVENTS_KEPT).unwrap_or(i64::MAX);
    connection.prepare_cached(surplus)?.execute(params![name, kept])?;
    let ttl = "INSERT INTO timeline (name, expires_at) VALUES (?1, ?2)
                ON CONFLICT (name) DO UPDATE SET expires_at = CASE
                    WHEN ?3 THEN max(expires_at, excluded.expires_at) ELSE excluded.expires_at END";
    let until = now.after(append.keep).millis();
    connection.prepare_cached(ttl)?.execute(params![name, until, append.on_top.is_some()])?;
    Ok(())
}

/// Expired values are removed by later commits, a few at a time: no command is needed for it.
fn sweep(connection: &Connection, now: Moment) -> rusqlite::Result<()> {
    let now = now.millis();
    // Most commits find nothing, and to look takes a third of the time of all three.
    if !connection.prepare_cached(OVER)?.query_row(params![now], |row| row.get::<_, bool>(0))? {
        return Ok(());
    }
    for over in SWEPT {
        connection.prepare_cached(over)?.execute(params![now, SWEEP])?;
    }
    Ok(())
}
