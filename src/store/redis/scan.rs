//! The names of keys, page by page: of one server, or of one master of a cluster after the other.

use std::sync::atomic::Ordering;

use redis::Value;

use super::Redis;
use super::cluster::{Position, Shard};
use super::dispatcher::Request;
use super::reply::Access;
use super::topology::Destination;
use crate::store::{Page, StoreError};

/// What `SCAN` answers: where to go on, and names.
type Scanned = (u64, Vec<Vec<u8>>);

impl Redis {
    /// One page of the keys whose names are text: all of ours are. Those of another type than ours are among them: that
    /// their type is unexpected is reported when they are read.
    pub(super) async fn scan(
        &self,
        pattern: String,
        cursor: Option<&str>,
        page: usize,
    ) -> Result<Page<String>, StoreError> {
        let page = self.scan_any(pattern, cursor, page).await?;
        Ok(page.with(|keys| keys.into_iter().filter_map(|key| String::from_utf8(key).ok()).collect()))
    }

    /// One page of the keys of a server, or of one master of a cluster after the other. One that is not reached is
    /// skipped, as long as there is time to ask the others.
    pub(super) async fn scan_any(
        &self,
        pattern: String,
        cursor: Option<&str>,
        page: usize,
    ) -> Result<Page<Vec<u8>>, StoreError> {
        let shards = self.dispatcher.shards().await?;
        self.find_missing(shards.as_deref().unwrap_or_default()).await?;
        let (to, from) = match (&shards, cursor) {
            (None, cursor) => (Destination::Any, cursor.map_or(Ok(0), str::parse).map_err(|_| StoreError::Cursor)?),
            (Some(shards), cursor) => {
                let start = Position { first: 0, id: String::new(), cursor: 0 };
                let position = cursor.map_or(Some(start), Position::read).ok_or(StoreError::Cursor)?;
                let Some((shard, from)) = position.find(shards) else { return Ok(Page::default()) };
                (Destination::Node(shard.endpoint.clone()), from)
            }
        };
        let mut command = redis::cmd("SCAN");
        command.arg(from).arg("MATCH").arg(pattern).arg("COUNT").arg(page);
        let request = Request { to: to.clone(), command: command.into() };
        let answer: Result<Vec<Scanned>, _> = self.run(vec![request], Access::Reading).await;
        let ((next, found), missing) = match answer {
            Ok(mut answer) => (answer.pop().unwrap_or_default(), None),
            Err(error @ StoreError::Unreachable(_)) if shards.is_some() && self.dispatcher.has_time() => {
                if let Destination::Node(endpoint) = &to {
                    self.dispatcher.skip(endpoint);
                }
                ((0, Vec::new()), Some(error))
            }
            Err(error) => return Err(error),
        };
        let next = match &shards {
            None => (next != 0).then(|| next.to_string()),
            Some(shards) => {
                let asked = shards
                    .iter()
                    .find(|shard| matches!(&to, Destination::Node(endpoint) if *endpoint == shard.endpoint));
                asked.and_then(|asked| Position::after(shards, asked, next))
            }
        };
        Ok(Page { found, next, missing })
    }

    /// Which nodes are not reached is checked before anything of the others is listed: what is on two nodes is then
    /// not waited for. If none of them is reached, nothing can be listed.
    async fn find_missing(&self, shards: &[Shard]) -> Result<(), StoreError> {
        if shards.is_empty() || self.nodes_checked.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let (mut first, mut is_reached) = (None, false);
        for shard in shards {
            let request = Request { to: Destination::Node(shard.endpoint.clone()), command: redis::cmd("PING").into() };
            let answer: Result<Vec<Value>, _> = self.run(vec![request], Access::Reading).await;
            match answer {
                Err(error @ StoreError::Unreachable(_)) if self.dispatcher.has_time() => {
                    self.dispatcher.skip(&shard.endpoint);
                    first.get_or_insert(error);
                }
                _ => is_reached = true,
            }
        }
        match first {
            Some(error) if !is_reached => Err(error),
            _ => Ok(()),
        }
    }
}
