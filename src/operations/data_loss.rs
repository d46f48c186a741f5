//! Whether the store has lost data. If it has, a code that it does not know may have been made all the same.

use super::{Operations, PhoneSnapshot};
use crate::otp::{EVENTS_KEPT, Event, Moment};

/// How it is known that the store lost data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataLoss {
    /// The id of a code says that it was made at this time, and the timeline since then does not have its send.
    Code(Moment),
    /// The server was started at this time without data.
    Everything(Moment),
}

impl Operations<'_> {
    /// For a phone without a record, or without the code whose id says when it was `made`.
    #[must_use]
    pub fn data_loss(&self, snapshot: &PhoneSnapshot, made: Option<Moment>) -> Option<DataLoss> {
        let kept = |since: Moment| since <= snapshot.now && since.after(self.timeline_kept) > snapshot.now;
        let cut = snapshot.timeline.len() >= EVENTS_KEPT || snapshot.unreadable.is_some();
        // The timeline has every code of the time that it is kept: unless it is full, it goes back to this one.
        let goes_back_to = |made: Moment| snapshot.timeline.last().is_none_or(|oldest| oldest.at > made);
        if let Some(made) = made.filter(|made| kept(*made) && !cut && goes_back_to(*made)) {
            return Some(DataLoss::Code(made));
        }
        // What was only asked for since then says nothing of what was there before.
        let happened = |event: &Event| !event.is_refusal();
        if snapshot.timeline.iter().any(happened) || !snapshot.known.record.purposes.is_empty() {
            return None;
        }
        let began = snapshot.now.before(snapshot.began_empty?);
        kept(began).then_some(DataLoss::Everything(began))
    }
}
