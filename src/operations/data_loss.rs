//! Whether the store has lost what it was told: a code that it does not know is then no code that never was.

use super::{Operations, PhoneSnapshot};
use crate::otp::{EVENTS_KEPT, Moment, Phone};

/// How it is known that the store lost something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataLoss {
    /// An id says that a code was made at this time, and its send is missing among the events from then on.
    Code(Moment),
    /// The server was started at this time with nothing in it.
    Everything(Moment),
}

impl Operations<'_> {
    /// Asked of a phone of which nothing is known, or not the code whose id says when it was `made`.
    pub async fn data_loss(&self, phone: &Phone, look: &PhoneSnapshot, made: Option<Moment>) -> Option<DataLoss> {
        let kept = |since: Moment| since <= look.now && since.after(self.timeline_kept) > look.now;
        let cut = look.timeline.len() >= EVENTS_KEPT || look.unreadable.is_some();
        // The timeline tells of every code, and is kept for so long: unless it is full, it goes back to this one.
        let from_then_on = |made: Moment| look.timeline.last().is_none_or(|oldest| oldest.at > made);
        if let Some(made) = made.filter(|made| kept(*made) && !cut && from_then_on(*made)) {
            return Some(DataLoss::Code(made));
        }
        if !look.timeline.is_empty() || !look.known.record.purposes.is_empty() {
            return None;
        }
        let began = look.now.before(self.store.began_empty(phone).await?);
        kept(began).then_some(DataLoss::Everything(began))
    }
}
