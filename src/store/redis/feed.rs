//! The feed: a stream, or a few of them on a Cluster, read in their order.

use redis::Value;

use super::Redis;
use super::dispatcher::Request;
use super::reply::Access;
use super::to;
use crate::otp::Moment;
use crate::store::{FeedCursor, FeedLine, FeedPage, FeedPart, StoreError};

/// What `XRANGE` answers of one line: its id, and its fields with their values.
type Entry = (String, Vec<(Vec<u8>, Vec<u8>)>);

/// An id of a stream: milliseconds, and a number within them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Id(u64, u64);

impl Id {
    fn read(text: &str) -> Option<Self> {
        let (millis, number) = text.split_once('-')?;
        Some(Self(millis.parse().ok()?, number.parse().ok()?))
    }

    /// The next one. `(` before an id came with Redis 6.2.
    fn next(self) -> Self {
        self.1.checked_add(1).map_or(Self(self.0.saturating_add(1), 0), |number| Self(self.0, number))
    }

    fn previous(self) -> Self {
        self.1.checked_sub(1).map_or(Self(self.0.saturating_sub(1), u64::MAX), |number| Self(self.0, number))
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.0, self.1)
    }
}

impl Redis {
    pub(super) async fn read_feed(&self, part: &FeedPart, most: usize) -> Result<FeedPage, StoreError> {
        let shards = self.shards();
        let (cursor, only_these) = match part {
            FeedPart::Newest { before: None, .. } => (FeedCursor::default(), false),
            // A shard that has no older lines is not asked again.
            FeedPart::Newest { before: Some(cursor), .. } => (cursor.clone(), true),
            FeedPart::After(cursor) => (cursor.clone(), false),
        };
        let places: Vec<Option<String>> = (0..shards).map(|shard| cursor.0.get(shard).cloned().flatten()).collect();
        let asked: Vec<usize> = (0..shards).filter(|shard| !only_these || places[*shard].is_some()).collect();
        let requests = asked.iter().map(|shard| {
            let (key, id) = (self.keys.feed(*shard), places[*shard].as_deref().and_then(Id::read));
            let mut command = match part {
                FeedPart::Newest { since, .. } => {
                    let end = id.map_or_else(|| "+".to_owned(), |id| id.previous().to_string());
                    let mut command = redis::cmd("XREVRANGE");
                    // An event is written a little after it happened.
                    command.arg(&key).arg(end).arg(since.millis().max(0));
                    command
                }
                FeedPart::After(_) => {
                    let mut command = redis::cmd("XRANGE");
                    command.arg(&key).arg(id.map_or_else(|| "-".to_owned(), |id| id.next().to_string())).arg("+");
                    command
                }
            };
            command.arg("COUNT").arg(most);
            Request { to: to(&[key]), command: command.into() }
        });
        let answers: Vec<Vec<Value>> = self.run(requests.collect(), Access::Reading).await?;
        let (mut page, mut before, mut lines) = (FeedPage::default(), vec![None; shards], Vec::new());
        page.after.0 = if matches!(part, FeedPart::After(_)) { places } else { vec![None; shards] };
        for (shard, entries) in asked.into_iter().zip(answers) {
            let is_full = entries.len() >= most;
            let mut ids = Vec::with_capacity(entries.len());
            for (id, line) in entries.into_iter().filter_map(read) {
                ids.push(id);
                match line {
                    Some(line) => lines.push((id, line)),
                    None => page.broken += 1,
                }
            }
            if let Some(newest) = ids.iter().max() {
                page.after.0[shard] = Some(newest.to_string());
            }
            if let Some(oldest) = ids.iter().min().filter(|_| is_full && matches!(part, FeedPart::Newest { .. })) {
                before[shard] = Some(oldest.to_string());
                let at = Moment::from_millis(i64::try_from(oldest.0).unwrap_or(i64::MAX));
                page.settled = page.settled.max(Some(at));
            }
        }
        page.before = before.iter().any(Option::is_some).then_some(FeedCursor(before));
        lines.sort_by_key(|(id, _)| *id);
        page.lines = lines.into_iter().map(|(_, line)| line).collect();
        Ok(page)
    }
}

/// The id of an entry, and its line, where it can be read.
fn read(entry: Value) -> Option<(Id, Option<FeedLine>)> {
    let (id, fields): Entry = redis::from_redis_value(entry).ok()?;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).ok();
    let parts: Option<Vec<_>> = fields.into_iter().map(|(name, value)| Some((text(name)?, text(value)?))).collect();
    Some((Id::read(&id)?, parts.and_then(FeedLine::of)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_before_and_one_after_it() {
        for (before, id) in [("5-6", "5-7"), ("5-0", "5-1"), ("4-18446744073709551615", "5-0")] {
            let (before, id) = (Id::read(before).unwrap(), Id::read(id).unwrap());
            assert_eq!((before.next(), id.previous()), (id, before));
        }
        for other in ["", "5", "5-", "-5", "x-1"] {
            assert_eq!(Id::read(other), None, "{other}");
        }
    }
}
