//! The store with nothing to install: an `SQLite` file of the owner's, safe and fair for many processes at once.

mod adding;
mod committing;
mod copying;
mod examining;
mod gathering;
mod key_snapshot;
mod opening;
mod reading;
mod sqlite;

use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rusqlite::{Connection, params};

use self::gathering::Gathered;
use self::reading::Reader;
use self::sqlite::{classify, stored_value};
use super::key::{decoded, timeline_name};
use super::{
    Addition, Change, Committed, FeedPage, FeedPart, Health, Key, KeyCopy, KeySnapshot, Loaded, Members, OwnKey, Page,
    ReadAnswer, ReadRequest, Store, StoreError, StoreKey, Sums, Timeline,
};
use crate::otp::{Clock, Moment, UserId};

/// How often a file that changes while it is read without locks is read again.
const LOOKS: usize = 8;

/// One file, opened when first used.
pub struct Embedded {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    clock: Clock,
    open: Mutex<Option<OpenFile>>,
    gathered: Mutex<Gathered>,
}

/// The file as it is open. Who only reads needs no lock.
struct OpenFile {
    connection: Connection,
    lock: Option<File>,
}

impl Embedded {
    /// Prepares the store; nothing is opened or made yet.
    #[must_use]
    pub fn new(path: PathBuf, clock: Clock) -> Self {
        Self { inner: Arc::new(Inner { path, clock, open: Mutex::new(None), gathered: Mutex::default() }) }
    }

    /// Reads: makes nothing, and needs nothing that can be written. It may look more than once.
    async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Connection, Moment) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(move |inner| inner.read(work)).await
    }

    async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection, &File, Moment) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(move |inner| inner.change(work)).await
    }

    /// Runs on a separate thread: waiting for other processes must not delay signals.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.inner);
        let ran = tokio::task::spawn_blocking(move || work(&inner));
        ran.await.map_err(|_| StoreError::Unknown("the store's thread ended".to_owned()))?
    }
}

impl Inner {
    fn read<T>(&self, work: impl Fn(&mut Connection, Moment) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = open.as_mut() {
            return work(&mut open.connection, (self.clock)());
        }
        for _ in 0..LOOKS {
            match reading::opened(&self.path)? {
                Reader::Kept(connection) => {
                    let open = open.insert(OpenFile { connection, lock: None });
                    return work(&mut open.connection, (self.clock)());
                }
                Reader::Once(mut connection, stamp) => {
                    let seen = work(&mut connection, (self.clock)());
                    if stamp.holds() {
                        return seen;
                    }
                }
                Reader::Empty(mut connection) => return work(&mut connection, (self.clock)()),
            }
        }
        Err(reading::changing(&self.path))
    }

    fn change<T>(
        &self,
        work: impl FnOnce(&mut Connection, &File, Moment) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut connection, lock) = match open.take() {
            Some(OpenFile { connection, lock: Some(lock) }) => (connection, lock),
            other => opening::opened(&self.path, other.map(|open| open.connection))?,
        };
        let done = work(&mut connection, &lock, (self.clock)());
        *open = Some(OpenFile { connection, lock: Some(lock) });
        done
    }
}

#[async_trait]
impl Store for Embedded {
    async fn load(&self, groups: &[Vec<StoreKey>]) -> Result<Vec<Loaded>, StoreError> {
        let groups = names_of(groups);
        self.read(move |connection, now| {
            let reading = connection.transaction().map_err(|error| classify(&error))?;
            groups.iter().map(|names| loaded(&reading, names, now)).collect()
        })
        .await
    }

    async fn read(&self, request: &ReadRequest) -> Result<ReadAnswer, StoreError> {
        let groups = names_of(&request.groups);
        let timelines: Vec<_> = request.timelines.iter().map(|(phone, most)| (timeline_name(phone), *most)).collect();
        let sums: Vec<String> = request.sums.iter().map(StoreKey::name).collect();
        self.read(move |connection, now| {
            let reading = connection.transaction().map_err(|error| classify(&error))?;
            let answer = ReadAnswer {
                groups: groups.iter().map(|names| loaded(&reading, names, now)).collect(),
                timelines: timelines.iter().map(|(name, most)| timeline(&reading, name, *most, now)).collect(),
                sums: sums.iter().map(|name| adding::sums(&reading, name, now)).collect(),
                // A file is never started.
                began_empty: None,
            };
            answer.failure().map_or(Ok(answer), Err)
        })
        .await
    }

    async fn feed(&self, part: &FeedPart, most: usize) -> Result<FeedPage, StoreError> {
        let part = part.clone();
        self.read(move |connection, now| adding::feed(connection, &part, most, now)).await
    }

    async fn add(&self, additions: &[Addition]) -> Result<Vec<Sums>, StoreError> {
        let additions = additions.to_vec();
        let clock = Arc::clone(&self.inner.clock);
        self.change(move |connection, lock, _| {
            alone(lock, || {
                let added = committing::add(connection, &additions, clock());
                committing::fold_log(connection);
                added
            })
        })
        .await
    }

    async fn commit(&self, changes: &[Change]) -> Result<Vec<Committed>, StoreError> {
        self.commit_gathered(changes.to_vec()).await
    }

    /// No application keeps anything in our own file.
    async fn members(&self, sets: &[String], _: usize) -> Result<Vec<Option<Members>>, StoreError> {
        Ok(vec![None; sets.len()])
    }

    async fn phones(&self, cursor: Option<&str>, page: usize) -> Result<Page<String>, StoreError> {
        // No number begins with anything but a plus, and no other name does.
        self.names("{", ":record", cursor, page).await
    }

    async fn users(&self, cursor: Option<&str>, page: usize) -> Result<Page<UserId>, StoreError> {
        let page = self.names("{user:", ":phones", cursor, page).await?;
        let user = |inside: &String| UserId::new(&decoded(inside)?).ok();
        Ok(page.with(|found| found.iter().filter_map(user).collect()))
    }

    async fn health(&self) -> Result<Health, StoreError> {
        self.run(|inner| Ok(inner.examine())).await
    }

    async fn keys(&self, pattern: Option<&str>, cursor: Option<&str>, page: usize) -> Result<Page<Key>, StoreError> {
        let (pattern, after) = (pattern.map(str::to_owned), cursor.unwrap_or_default().to_owned());
        self.read(move |connection, now| key_snapshot::keys(connection, pattern.as_deref(), &after, page, now)).await
    }

    async fn read_keys(&self, keys: &[Key]) -> Result<Vec<Option<KeySnapshot>>, StoreError> {
        let keys = keys.to_vec();
        self.read(move |connection, now| keys.iter().map(|key| key_snapshot::look(connection, key, now)).collect())
            .await
    }

    async fn copies(&self, keys: &[OwnKey]) -> Result<Vec<Option<KeyCopy>>, StoreError> {
        let keys = keys.to_vec();
        self.read(move |connection, now| {
            let reading = connection.transaction().map_err(|error| classify(&error))?;
            keys.iter().map(|key| copying::copy(&reading, key, now)).collect()
        })
        .await
    }

    async fn put_copies(&self, copies: &[KeyCopy]) -> Result<Vec<bool>, StoreError> {
        let copies = copies.to_vec();
        self.change(move |connection, lock, now| alone(lock, || copying::put(connection, &copies, now))).await
    }

    async fn purge(&self, snapshots: &[KeySnapshot]) -> Result<Vec<bool>, StoreError> {
        let snapshots = snapshots.to_vec();
        self.change(move |connection, lock, now| alone(lock, || key_snapshot::purge(connection, &snapshots, now))).await
    }
}

impl Embedded {
    /// What is between `start` and `}` in the names with that end, in the order of the names.
    async fn names(
        &self,
        start: &'static str,
        end: &'static str,
        cursor: Option<&str>,
        page: usize,
    ) -> Result<Page<String>, StoreError> {
        let after = cursor.map_or_else(|| start.to_owned(), |cursor| format!("{start}{cursor}}}{end}"));
        self.read(move |connection, now| {
            let sql = "SELECT name FROM cell WHERE name > ?1 AND name < ?2 AND (expires_at IS NULL OR expires_at > ?3)
                       AND substr(name, -length(?5)) = ?5 ORDER BY name LIMIT ?4";
            let mut query = connection.prepare(sql).map_err(|error| classify(&error))?;
            let most = i64::try_from(page).unwrap_or(i64::MAX);
            let beyond = format!("{start}\u{10FFFF}");
            let names = query.query_map(params![after, beyond, now.millis(), most, end], |row| row.get::<_, String>(0));
            let names: Result<Vec<_>, _> = names.map_err(|error| classify(&error))?.collect();
            let names = names.map_err(|error| classify(&error))?;
            let inside = |name: &String| {
                let inside = name.strip_prefix(start)?;
                Some(inside[..inside.find('}')?].to_owned())
            };
            let next = if names.len() < page { None } else { names.last().and_then(inside) };
            Ok(Page::of(names.iter().filter_map(inside).collect(), next))
        })
        .await
    }
}

fn names_of(groups: &[Vec<StoreKey>]) -> Vec<Vec<String>> {
    groups.iter().map(|group| group.iter().map(StoreKey::name).collect()).collect()
}

fn loaded(connection: &Connection, names: &[String], now: Moment) -> Result<Loaded, StoreError> {
    let values = names.iter().map(|name| stored_value(connection, name, now)).collect::<Result<_, _>>()?;
    Ok(Loaded { now, values })
}

fn timeline(connection: &Connection, name: &str, most: usize, now: Moment) -> Result<Timeline, StoreError> {
    let sql = "SELECT body FROM event WHERE timeline = ?1
               AND EXISTS (SELECT 1 FROM timeline WHERE name = ?1 AND expires_at > ?2) ORDER BY id DESC LIMIT ?3";
    let mut query = connection.prepare_cached(sql).map_err(|error| classify(&error))?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let bodies = query.query_map(params![name, now.millis(), most], |row| row.get::<_, Vec<u8>>(0));
    let bodies: Result<Vec<_>, _> = bodies.map_err(|error| classify(&error))?.collect();
    Ok(Timeline::of(bodies.map_err(|error| classify(&error))?))
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
