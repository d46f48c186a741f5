//! The events of all phones from the feed, and those of one from its timeline.

use super::loading::no_answer;
use super::{OperationError, Operations};
use crate::otp::{EVENTS_KEPT, Event, EventKind, Moment, Phone};
use crate::store::{FEED_KEPT, FeedPage, FeedPart, ReadRequest, Timeline};
pub use crate::store::{FeedCursor, FeedLine};

/// So many lines of each shard are read at a time.
const PAGE: usize = 1000;

/// Which events are meant.
#[derive(Debug, Clone, Copy, Default)]
pub struct EventFilter<'a> {
    /// None that is older.
    pub since: Option<Moment>,
    /// Only these kinds; none: all.
    pub kinds: &'a [EventKind],
}

impl EventFilter<'_> {
    /// Whether it is one of them.
    #[must_use]
    pub fn fits(&self, event: &Event) -> bool {
        let kind = self.kinds.is_empty() || self.kinds.contains(&event.event);
        kind && self.since.is_none_or(|since| event.latest() >= since)
    }
}

/// The newest events that were asked for.
#[derive(Debug, Clone, Default)]
pub struct FeedEvents {
    /// The oldest first.
    pub lines: Vec<FeedLine>,
    /// How many lines among those that were read cannot be read.
    pub broken: usize,
    /// Behind the newest line.
    pub after: FeedCursor,
}

impl Operations<'_> {
    /// The store's time.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn store_time(&self) -> Result<Moment, OperationError> {
        Ok(self.store.load(&[Vec::new()]).await?.first().ok_or_else(no_answer)?.now)
    }

    /// The newest of these events of all phones, at most so many.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn feed(&self, filter: EventFilter<'_>, now: Moment, most: usize) -> Result<FeedEvents, OperationError> {
        let oldest = now.before(FEED_KEPT);
        let since = filter.since.map_or(oldest, |since| since.max(oldest));
        let mut page_size = if filter.kinds.is_empty() { most.clamp(1, PAGE) } else { PAGE };
        let (mut all, mut before): (FeedEvents, _) = (FeedEvents::default(), None);
        loop {
            let is_first = before.is_none();
            let page = self.store.feed(&FeedPart::Newest { before, since }, page_size).await?;
            let FeedPage { lines, broken, before: next, after, settled } = page;
            if is_first {
                all.after = after;
            }
            all.broken += broken;
            all.lines.extend(lines.into_iter().filter(|line| filter.fits(&line.event)));
            let found = all.lines.iter().filter(|line| settled.is_none_or(|settled| line.event.at >= settled)).count();
            before = next;
            page_size = PAGE;
            if before.is_none() || found >= most {
                break;
            }
        }
        all.lines.sort_by_key(|line| line.event.at);
        all.lines.drain(..all.lines.len().saturating_sub(most));
        Ok(all)
    }

    /// What was written to the feed after this, at most a page of it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn feed_after(&self, after: &FeedCursor) -> Result<FeedEvents, OperationError> {
        let page = self.store.feed(&FeedPart::After(after.clone()), PAGE).await?;
        Ok(FeedEvents { lines: page.lines, broken: page.broken, after: page.after })
    }

    /// The timeline of a phone, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn timeline(&self, phone: &Phone) -> Result<Timeline, OperationError> {
        let request = ReadRequest { timelines: vec![(phone.clone(), EVENTS_KEPT)], ..ReadRequest::default() };
        Ok(self.store.read(&request).await?.timelines.into_iter().next().ok_or_else(no_answer)??)
    }
}
