//! The store on an application's own Redis (7 or later) or Valkey.

mod connection;
mod failure;
mod health;
mod keys;

use async_trait::async_trait;
use redis::{Cmd, Pipeline};

pub use connection::{Server, Tls};

use self::connection::Connection;
use self::failure::{Doing, sorted};
use self::keys::Keys;
use super::{Cell, Change, Committed, Health, Loaded, Page, Put, Store, StoreError};
use crate::otp::Life;
use crate::otp::foreign::escaped;
use crate::otp::{EVENTS_KEPT, Event, Moment, Phone, UserId};

/// Sent whole each time, as `EVAL_RO` and `EVAL`: one round trip, whatever scripts the server has forgotten.
const LOAD: &str = include_str!("load.lua");
const COMMIT: &str = include_str!("commit.lua");
/// A script with this line is refused whole when memory is full. Without any such line it could stop half-way.
const STRICT: &str = "#!lua\n";
/// With this one it works even then.
const RELIEF: &str = "#!lua flags=allow-oom\n";

/// One Redis, standalone.
pub struct Redis {
    connection: Connection,
    keys: Keys,
}

impl Redis {
    /// Prepares the way; nothing is connected yet.
    ///
    /// # Errors
    /// When the URL is none.
    pub fn new(server: Server) -> Result<Self, StoreError> {
        let keys = Keys::new(&server.prefix);
        Ok(Self { connection: Connection::new(server)?, keys })
    }

    /// Runs one command alone or several in one round trip, and gives the answer of each.
    async fn run<T: redis::FromRedisValue>(&self, commands: Vec<Cmd>, doing: Doing) -> Result<Vec<T>, StoreError> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let mut connection = self.connection.get().await?;
        let answered = if let [command] = commands.as_slice() {
            command.query_async(&mut connection).await.map(|answer| vec![answer])
        } else {
            let mut pipeline = Pipeline::with_capacity(commands.len());
            for command in commands {
                pipeline.add_command(command);
            }
            pipeline.query_async(&mut connection).await
        };
        match answered {
            Ok(answers) => Ok(answers),
            Err(error) => {
                if error.code().is_none() {
                    self.connection.forget().await;
                }
                Err(sorted(&error, doing, self.connection.name()))
            }
        }
    }

    async fn scan(
        &self,
        pattern: String,
        cursor: Option<&str>,
        page: usize,
    ) -> Result<(Vec<String>, Option<String>), StoreError> {
        let from: u64 = cursor.map_or(Ok(0), str::parse).map_err(|_| StoreError::Cursor)?;
        let mut command = redis::cmd("SCAN");
        command.arg(from).arg("MATCH").arg(pattern).arg("COUNT").arg(page).arg("TYPE").arg("string");
        let mut answer: Vec<(u64, Vec<Vec<u8>>)> = self.run(vec![command], Doing::Reading).await?;
        let (next, keys) = answer.pop().unwrap_or_default();
        let keys = keys.into_iter().filter_map(|key| String::from_utf8(key).ok()).collect();
        Ok((keys, (next != 0).then(|| next.to_string())))
    }

    fn commit_command(&self, change: &Change) -> Cmd {
        let mut keys: Vec<String> = change.writes.iter().map(|write| self.keys.cell(&write.cell)).collect();
        keys.extend(change.append.as_ref().map(|append| self.keys.timeline(&append.phone)));
        let mut command = redis::cmd("EVAL");
        command.arg(format!("{}{COMMIT}", if change.relieves { RELIEF } else { STRICT })).arg(keys.len()).arg(keys);
        command.arg(change.writes.len());
        for write in &change.writes {
            command.arg(write.loaded.as_deref().unwrap_or_default()).arg(if write.loaded.is_some() {
                "1"
            } else {
                "0"
            });
            match &write.put {
                Put::Keep => command.arg("keep").arg("").arg(""),
                Put::Set(_, Life::Over) => command.arg("drop").arg("").arg(""),
                Put::Set(value, Life::Forever) => command.arg("set").arg(value).arg(""),
                // A life below one millisecond would be refused.
                Put::Set(value, Life::For(life)) => command.arg("set").arg(value).arg(millis(*life).max(1)),
            };
        }
        if let Some(append) = &change.append {
            command.arg(EVENTS_KEPT).arg(millis(append.keep).max(1));
            for event in &append.events {
                command.arg(serde_json::to_vec(event).unwrap_or_default());
            }
        }
        command
    }
}

#[async_trait]
impl Store for Redis {
    async fn load(&self, groups: &[Vec<Cell>]) -> Result<Vec<Loaded>, StoreError> {
        let commands = groups.iter().map(|cells| {
            let keys: Vec<String> = cells.iter().map(|cell| self.keys.cell(cell)).collect();
            // `EVAL` would need leave to write the keys, and a Redis user who may only read could not even look.
            let mut command = redis::cmd("EVAL_RO");
            command.arg(LOAD).arg(keys.len()).arg(keys);
            command
        });
        let answers: Vec<Vec<Option<Vec<u8>>>> = self.run(commands.collect(), Doing::Reading).await?;
        answers.into_iter().map(|answer| self.loaded(answer)).collect()
    }

    async fn commit(&self, changes: &[Change]) -> Result<Vec<Committed>, StoreError> {
        let commands = changes.iter().map(|change| self.commit_command(change)).collect();
        let answers: Vec<(i64, i64, i64)> = self.run(commands, Doing::Writing).await?;
        let committed = |(done, seconds, micros)| {
            if done == 1 { Committed::Done(moment(seconds, micros)) } else { Committed::Conflict }
        };
        Ok(answers.into_iter().map(committed).collect())
    }

    async fn timeline(&self, phone: &Phone, most: usize) -> Result<Vec<Event>, StoreError> {
        let mut command = redis::cmd("LRANGE");
        command.arg(self.keys.timeline(phone)).arg(0).arg(i64::try_from(most).unwrap_or(i64::MAX) - 1);
        let answers: Vec<Vec<Vec<u8>>> = self.run(vec![command], Doing::Reading).await?;
        let read = |line: &Vec<u8>| {
            let wrong = |_| StoreError::Data(format!("a line of `{}`", escaped(&self.keys.timeline(phone))));
            serde_json::from_slice(line).map_err(wrong)
        };
        answers.iter().flatten().map(read).collect()
    }

    async fn phones(&self, cursor: Option<&str>, page: usize) -> Result<Page<String>, StoreError> {
        let (keys, next) = self.scan(self.keys.records(), cursor, page).await?;
        Ok(Page { found: keys.iter().filter_map(|key| self.keys.phone_of(key)).collect(), next })
    }

    async fn users(&self, cursor: Option<&str>, page: usize) -> Result<Page<UserId>, StoreError> {
        let (keys, next) = self.scan(self.keys.users(), cursor, page).await?;
        Ok(Page { found: keys.iter().filter_map(|key| self.keys.user_of(key)).collect(), next })
    }

    async fn health(&self) -> Result<Health, StoreError> {
        Ok(self.examined().await)
    }
}

impl Redis {
    fn loaded(&self, answer: Vec<Option<Vec<u8>>>) -> Result<Loaded, StoreError> {
        let strange = || StoreError::Unreachable(format!("{} is not a Redis server", self.connection.name()));
        let mut values = answer.into_iter();
        let mut number = || std::str::from_utf8(&values.next()??).ok()?.parse::<i64>().ok();
        let now = number().zip(number()).map(|(seconds, micros)| moment(seconds, micros)).ok_or_else(strange)?;
        Ok(Loaded { now, values: values.collect() })
    }
}

/// What `TIME` answers.
fn moment(seconds: i64, micros: i64) -> Moment {
    Moment::from_millis(seconds.saturating_mul(1000).saturating_add(micros / 1000))
}

fn millis(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
