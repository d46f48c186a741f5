//! Events as they happen: the store is asked for what is new, over the connection that is there.

use std::collections::VecDeque;
use std::time::Duration;

use async_trait::async_trait;

use super::row::{EventRow, SCHEMA, Whose};
use super::{chosen, masked, whose};
use crate::app::App;
use crate::commands::target::Target;
use crate::error::{Error, Exit};
use crate::operations::{EventFilter, FeedCursor, FeedLine, OperationError, Operations};
use crate::otp::{Event, Moment};
use crate::output::{Many, Row, Table, document, to_the_second};

/// So often the store is asked.
const PAUSE: Duration = Duration::from_millis(500);

/// What is followed.
enum Followed {
    /// The feed, behind this place.
    All(FeedCursor),
    /// The timeline of a phone, and the newest of its events that was shown.
    One(Box<Target>, Whose, Box<Option<Event>>),
}

/// Events that are there, and those that are still to come.
pub(super) struct Following<'a> {
    app: &'a App,
    operations: Operations<'a>,
    filter: EventFilter<'a>,
    followed: Followed,
    ready: VecDeque<(Whose, Event)>,
    now: Moment,
    shown: usize,
    failed: Option<Error>,
}

impl<'a> Following<'a> {
    /// Begins with the newest events that are there.
    pub(super) async fn begin(
        app: &'a App,
        operations: Operations<'a>,
        target: Option<Target>,
        filter: EventFilter<'a>,
        now: Moment,
        most: usize,
    ) -> Result<Self, Error> {
        let (followed, ready) = if let Some(target) = target {
            let timeline = operations.timeline(&target.phone).await?;
            let (newest, whose) = (timeline.events.first().cloned(), whose(app, &target).await);
            let ready = chosen(timeline.events, &target, filter, most);
            let ready = ready.into_iter().map(|event| (whose.clone(), event)).collect();
            (Followed::One(Box::new(target), whose, Box::new(newest)), ready)
        } else {
            let feed = operations.feed(filter, now, most).await?;
            (Followed::All(feed.after), named(app, feed.lines).await)
        };
        Ok(Self { app, operations, filter, followed, ready, now, shown: 0, failed: None })
    }

    /// What is new since the last look.
    async fn look(&mut self) -> Result<(), OperationError> {
        match &mut self.followed {
            Followed::All(after) => {
                let feed = self.operations.feed_after(after).await?;
                *after = feed.after;
                let mut lines = feed.lines;
                lines.retain(|line| self.filter.fits(&line.event));
                self.ready.extend(named(self.app, lines).await);
            }
            Followed::One(target, whose, newest) => {
                let timeline = self.operations.timeline(&target.phone).await?.events;
                let seen = |event: &Event| newest.as_ref().as_ref().is_some_and(|newest| newest == event);
                let new: Vec<Event> = timeline.iter().take_while(|event| !seen(event)).cloned().collect();
                // An event that happened again is told again; the others behind it were told before.
                let known = newest.as_ref().as_ref().map_or(Moment::from_millis(i64::MIN), |newest| newest.at);
                let new =
                    new.into_iter().filter(|event| event.latest() >= known && Some(event) != newest.as_ref().as_ref());
                let new = chosen(new.collect(), target, self.filter, usize::MAX);
                self.ready.extend(new.into_iter().map(|event| (whose.clone(), event)));
                if let Some(first) = timeline.into_iter().next() {
                    **newest = Some(first);
                }
            }
        }
        Ok(())
    }
}

async fn named(app: &App, lines: Vec<FeedLine>) -> VecDeque<(Whose, Event)> {
    let mut named = VecDeque::with_capacity(lines.len());
    for line in lines {
        named.push_back((masked(app, &line.phone).await, line.event));
    }
    named
}

#[async_trait(?Send)]
impl Many for Following<'_> {
    fn table(&self) -> Table {
        Table::new(&["AT", "PHONE", "EVENT", "RESULT", "DETAIL"], "")
    }

    fn live(&self) -> Option<&'static [usize]> {
        // The widest masked number, the longest name of an event, and most results.
        Some(&[8, 16, 8, 12])
    }

    async fn next(&mut self) -> Option<Row> {
        loop {
            if let Some((whose, event)) = self.ready.pop_front() {
                self.shown += 1;
                let row = EventRow::new(whose, event);
                let cells = std::iter::once(to_the_second(row.at(), self.now)).chain(row.cells(self.now)).collect();
                return Some(Row { document: document(SCHEMA, &row).ok(), cells });
            }
            self.app.progress.waiting_for("new events", tokio::time::sleep(PAUSE)).await;
            if self.app.printer.is_unread() {
                return None;
            }
            self.now = self.now.after(PAUSE);
            if let Err(error) = self.look().await {
                self.failed = Some(error.into());
                return None;
            }
        }
    }

    fn counts(&self) -> (usize, usize) {
        (self.shown, 0)
    }

    fn failure(&mut self) -> Option<Error> {
        self.failed.take()
    }

    fn exit(&self) -> Exit {
        Exit::Ok
    }
}
