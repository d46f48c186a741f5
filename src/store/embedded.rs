//! The store with nothing to install: an `SQLite` file of the owner's, safe and fair for many processes at once.

mod opening;
mod survey;

use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, TransactionBehavior, params};

use super::{
    Append, Cell, Change, Committed, FileFacts, Health, Key, Loaded, Members, Page, Put, Sight, Store, StoreError,
    decoded, timeline_name,
};
use crate::otp::Life;
use crate::otp::{EVENTS_KEPT, Event, Moment, Phone, UserId};

/// The clock of this store: the machine's, given from outside.
pub type Clock = Arc<dyn Fn() -> Moment + Send + Sync>;

/// So many dead values and events are removed at each commit, more than one commit makes.
const SWEEP: i64 = 16;
/// The log is folded into the file when it is longer than this: every process that opens the file reads the log whole.
const LONG_LOG: u64 = 256 * 1024;

/// One file, opened when first asked for.
pub struct Embedded {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    clock: Clock,
    open: Mutex<Option<(Connection, File)>>,
}

impl Embedded {
    /// Prepares the store; nothing is opened or made yet.
    #[must_use]
    pub fn new(path: PathBuf, clock: Clock) -> Self {
        Self { inner: Arc::new(Inner { path, clock, open: Mutex::new(None) }) }
    }

    /// Runs on a thread of its own: waiting for other processes must not keep this one from hearing a signal.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection, &File, Moment) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.inner);
        let ran = tokio::task::spawn_blocking(move || {
            let mut open = inner.open.lock().unwrap_or_else(PoisonError::into_inner);
            let (connection, lock) = match open.as_mut() {
                Some(opened) => opened,
                None => open.insert(opening::opened(&inner.path)?),
            };
            work(connection, lock, (inner.clock)())
        });
        ran.await.map_err(|_| StoreError::Unknown("the store's thread ended".to_owned()))?
    }
}

#[async_trait]
impl Store for Embedded {
    async fn load(&self, groups: &[Vec<Cell>]) -> Result<Vec<Loaded>, StoreError> {
        let groups: Vec<Vec<String>> = groups.iter().map(|cells| cells.iter().map(Cell::name).collect()).collect();
        self.run(move |connection, _, now| {
            let reading = connection.transaction().map_err(|error| sorted(&error))?;
            let values =
                |names: &Vec<String>| names.iter().map(|name| held(&reading, name, now)).collect::<Result<_, _>>();
            groups.iter().map(|names| Ok(Loaded { now, values: values(names)? })).collect()
        })
        .await
    }

    async fn commit(&self, changes: &[Change]) -> Result<Vec<Committed>, StoreError> {
        let changes = changes.to_vec();
        let clock = Arc::clone(&self.inner.clock);
        self.run(move |connection, lock, _| {
            alone(lock, || {
                // The time of the step is after the wait for the others.
                let committed = changes.iter().map(|change| commit(connection, change, clock())).collect();
                fold_log(connection);
                committed
            })
        })
        .await
    }

    /// No application keeps anything in our own file.
    async fn members(&self, sets: &[String], _: usize) -> Result<Vec<Option<Members>>, StoreError> {
        Ok(vec![None; sets.len()])
    }

    async fn timeline(&self, phone: &Phone, most: usize) -> Result<Vec<Event>, StoreError> {
        let name = timeline_name(phone);
        self.run(move |connection, _, now| {
            let sql = "SELECT body FROM event WHERE timeline = ?1
                       AND EXISTS (SELECT 1 FROM timeline WHERE name = ?1 AND expires_at > ?2) ORDER BY id DESC LIMIT ?3";
            let mut query = connection.prepare(sql).map_err(|error| sorted(&error))?;
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let bodies = query.query_map(params![name, now.millis(), most], |row| row.get::<_, Vec<u8>>(0));
            let bodies: Result<Vec<_>, _> = bodies.map_err(|error| sorted(&error))?.collect();
            let read = |body: Vec<u8>| {
                serde_json::from_slice(&body).map_err(|_| StoreError::Data("an event of a timeline".to_owned()))
            };
            bodies.map_err(|error| sorted(&error))?.into_iter().map(read).collect()
        })
        .await
    }

    async fn phones(&self, cursor: Option<&str>, page: usize) -> Result<Page<String>, StoreError> {
        // No number begins with anything but a plus, and no other name does.
        let page = self.names("{", ":record", cursor, page).await?;
        Ok(Page { found: page.found, next: page.next })
    }

    async fn users(&self, cursor: Option<&str>, page: usize) -> Result<Page<UserId>, StoreError> {
        let page = self.names("{user:", ":phones", cursor, page).await?;
        let user = |inside: &String| UserId::new(&decoded(inside)?).ok();
        Ok(Page { found: page.found.iter().filter_map(user).collect(), next: page.next })
    }

    /// A file has no start of its own.
    async fn began_empty(&self, _: &Phone) -> Option<std::time::Duration> {
        None
    }

    async fn health(&self) -> Result<Health, StoreError> {
        let path = self.inner.path.clone();
        self.run(move |connection, lock, _| {
            let disk = rustix::fs::statvfs(&path).ok();
            let folder = path.parent().and_then(|folder| std::fs::metadata(folder).ok());
            Ok(Health {
                challenges: None,
                rights: None,
                commits: rehearsed(connection, lock),
                servers: Ok(Vec::new()),
                absent: Vec::new(),
                file: Some(FileFacts {
                    size: std::fs::metadata(&path).ok().map(|file| file.len()),
                    free: disk.map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize)),
                    folder_mode: folder.map(|folder| folder.permissions().mode()),
                    path,
                }),
            })
        })
        .await
    }

    async fn keys(&self, pattern: Option<&str>, cursor: Option<&str>, page: usize) -> Result<Page<Key>, StoreError> {
        let (pattern, after) = (pattern.map(str::to_owned), cursor.unwrap_or_default().to_owned());
        self.run(move |connection, _, now| survey::keys(connection, pattern.as_deref(), &after, page, now)).await
    }

    async fn look(&self, keys: &[Key]) -> Result<Vec<Option<Sight>>, StoreError> {
        let keys = keys.to_vec();
        self.run(move |connection, _, now| keys.iter().map(|key| survey::look(connection, key, now)).collect()).await
    }

    async fn purge(&self, sights: &[Sight]) -> Result<Vec<bool>, StoreError> {
        let sights = sights.to_vec();
        self.run(move |connection, lock, now| alone(lock, || survey::purge(connection, &sights, now))).await
    }
}

impl Embedded {
    /// What stands between `start` and `}` in the names of that end, in the order of the names.
    async fn names(
        &self,
        start: &'static str,
        end: &'static str,
        cursor: Option<&str>,
        page: usize,
    ) -> Result<Page<String>, StoreError> {
        let after = cursor.map_or_else(|| start.to_owned(), |cursor| format!("{start}{cursor}}}{end}"));
        self.run(move |connection, _, now| {
            let sql = "SELECT name FROM cell WHERE name > ?1 AND name < ?2 AND (expires_at IS NULL OR expires_at > ?3)
                       AND substr(name, -length(?5)) = ?5 ORDER BY name LIMIT ?4";
            let mut query = connection.prepare(sql).map_err(|error| sorted(&error))?;
            let most = i64::try_from(page).unwrap_or(i64::MAX);
            let beyond = format!("{start}\u{10FFFF}");
            let names = query.query_map(params![after, beyond, now.millis(), most, end], |row| row.get::<_, String>(0));
            let names: Result<Vec<_>, _> = names.map_err(|error| sorted(&error))?.collect();
            let names = names.map_err(|error| sorted(&error))?;
            let inside = |name: &String| {
                let inside = name.strip_prefix(start)?;
                Some(inside[..inside.find('}')?].to_owned())
            };
            let next = if names.len() < page { None } else { names.last().and_then(inside) };
            Ok(Page { found: names.iter().filter_map(inside).collect(), next })
        })
        .await
    }
}

/// One change in one immediate transaction.
fn commit(connection: &mut Connection, change: &Change, now: Moment) -> Result<Committed, StoreError> {
    let writing =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| sorted(&error))?;
    for write in &change.writes {
        if held(&writing, &write.cell.name(), now)? != write.loaded {
            return Ok(Committed::Conflict);
        }
    }
    let write = || -> rusqlite::Result<()> {
        for write in &change.writes {
            put(&writing, &write.cell.name(), &write.put, now)?;
        }
        if let Some(appended) = &change.append {
            append(&writing, appended, now)?;
        }
        sweep(&writing, now)
    };
    write().map_err(|error| sorted(&error))?;
    writing.commit().map_err(|error| sorted(&error))?;
    Ok(Committed::Done(now))
}

/// Does what no other process may do at the same time.
fn alone<T>(lock: &File, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let failed = |error: std::io::Error| StoreError::NotReady(format!("the lock file: {error}"));
    lock.lock().map_err(failed)?;
    let done = work();
    // Closing the file would unlock it too; without this, the next command of this process would wait for itself.
    lock.unlock().map_err(failed)?;
    done
}

/// Takes the locks of a commit, and gives them back.
fn rehearsed(connection: &mut Connection, lock: &File) -> Result<(), StoreError> {
    alone(lock, || {
        let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
        begun.and_then(rusqlite::Transaction::rollback).map_err(|error| sorted(&error))
    })
}

/// Folds a long log into the file, while no other process writes. It is only tidying: what is committed is safe either
/// way, so a failure (a reader is in the way) leaves it to the next.
fn fold_log(connection: &Connection) {
    let log = connection.path().map(|path| format!("{path}-wal"));
    let is_long = |path: String| std::fs::metadata(path).is_ok_and(|log| log.len() > LONG_LOG);
    if log.is_some_and(is_long) {
        let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
}

fn held(connection: &Connection, name: &str, now: Moment) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT value FROM cell WHERE name = ?1 AND (expires_at IS NULL OR expires_at > ?2)";
    let mut query = connection.prepare_cached(sql).map_err(|error| sorted(&error))?;
    query.query_row(params![name, now.millis()], |row| row.get(0)).optional().map_err(|error| sorted(&error))
}

fn put(connection: &Connection, name: &str, put: &Put, now: Moment) -> rusqlite::Result<()> {
    let (value, expires_at) = match put {
        Put::Keep => return Ok(()),
        Put::Set(_, Life::Over) => {
            connection.execute("DELETE FROM cell WHERE name = ?1", params![name])?;
            return Ok(());
        }
        Put::Set(value, Life::Forever) => (value, None),
        Put::Set(value, Life::For(life)) => (value, Some(now.after(*life).millis())),
    };
    let sql = "INSERT INTO cell (name, value, expires_at) VALUES (?1, ?2, ?3)
               ON CONFLICT (name) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at";
    connection.execute(sql, params![name, value, expires_at])?;
    Ok(())
}

fn append(connection: &Connection, append: &Append, now: Moment) -> rusqlite::Result<()> {
    let name = timeline_name(&append.phone);
    // A timeline whose life is over begins anew, even if nobody has swept it yet.
    let over = "DELETE FROM event WHERE timeline = ?1
                AND NOT EXISTS (SELECT 1 FROM timeline WHERE name = ?1 AND expires_at > ?2)";
    connection.prepare_cached(over)?.execute(params![name, now.millis()])?;
    let add = "INSERT INTO event (timeline, id, body)
               VALUES (?1, (SELECT coalesce(max(id), 0) + 1 FROM event WHERE timeline = ?1), ?2)";
    for event in &append.events {
        let body = serde_json::to_vec(event).unwrap_or_default();
        connection.prepare_cached(add)?.execute(params![name, body])?;
    }
    let surplus = "DELETE FROM event WHERE timeline = ?1
                   AND id <= (SELECT max(id) FROM event WHERE timeline = ?1) - ?2";
    connection.execute(surplus, params![name, i64::try_from(EVENTS_KEPT).unwrap_or(i64::MAX)])?;
    let life = "INSERT INTO timeline (name, expires_at) VALUES (?1, ?2)
                ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at";
    connection.execute(life, params![name, now.after(append.keep).millis()])?;
    Ok(())
}

/// The dead are removed by whoever comes next, a few at a time: no command is needed for it.
fn sweep(connection: &Connection, now: Moment) -> rusqlite::Result<()> {
    let now = now.millis();
    let cells = "DELETE FROM cell WHERE name IN (SELECT name FROM cell WHERE expires_at <= ?1 LIMIT ?2)";
    connection.execute(cells, params![now, SWEEP])?;
    let dead = "SELECT name FROM timeline WHERE expires_at <= ?1 LIMIT ?2";
    let events = format!("DELETE FROM event WHERE timeline IN ({dead})");
    connection.execute(&events, params![now, SWEEP])?;
    let timelines = format!("DELETE FROM timeline WHERE name IN ({dead})");
    connection.execute(&timelines, params![now, SWEEP])?;
    Ok(())
}

fn sorted(error: &rusqlite::Error) -> StoreError {
    let text = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::DiskFull | ErrorCode::OutOfMemory) => {
            StoreError::NotReady(text)
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied) => {
            StoreError::Denied(text)
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Data(text),
        _ => StoreError::Unreachable(text),
    }
}
