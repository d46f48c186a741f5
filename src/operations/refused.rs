//! What was asked for and refused, left on the phone's timeline for the people who help its owner. It is done after the
//! answer is settled, and never changes it: where it cannot be written, it is not.

use std::time::Duration;

use super::loading::no_answer;
use super::stats::additions;
use super::{AttemptOutcome, OperationError, Operations};
use crate::otp::record::{Answer, Reason, Verdict};
use crate::otp::refusal::{NO_CODE, NO_USER, Placed, REFUSAL_KEPT, REFUSED, place};
use crate::otp::rules::AttemptRequest;
use crate::otp::{EVENTS_KEPT, Event, EventKind, Moment, Phone, Purpose, Record, UserId};
use crate::store::{Append, Beside, Change, Committed, FeedLine, OnTop, ReadRequest, StoreKey};

/// Whoever asked has the answer already in hand, and waits no longer than this for its being written down.
const WRITTEN_WITHIN: Duration = Duration::from_secs(1);
/// Others may write to the same timeline. After so many that came first this one is not counted.
const ROUNDS: usize = 100;

/// What the rule held it to, in words. It is the same each time.
fn figures(error: &OperationError) -> Option<String> {
    match error {
        OperationError::Limited { why, .. } => Some(why.clone()),
        OperationError::Denied(denied, _) => Some(denied.to_string()),
        _ => None,
    }
}

impl Operations<'_> {
    /// Leaves on the timeline that a code was not made, and which rule refused it. Any other failure is no refusal.
    pub(super) async fn note_refused(&self, phone: &Phone, purpose: &Purpose, error: &OperationError) {
        let event = |result| Event::new(Moment::from_millis(0), EventKind::Send, result);
        let event = match (error, error.refused_by()) {
            (_, Some((rule, until))) => event(REFUSED).refused_by(rule.as_str(), until).detail(figures(error)),
            (OperationError::NoSuchUser(user), None) => event(NO_USER).detail(user.as_str().to_owned()),
            (_, None) => return,
        };
        self.leave_note(phone, purpose, event).await;
    }

    /// Leaves on the timeline that there was no code to compare an attempt with.
    pub(super) async fn note_no_code(&self, asked: &AttemptRequest<'_>, outcome: &AttemptOutcome) {
        let AttemptOutcome {
            answer: Answer { verdict, reason, challenge_id, locked_until, .. },
            replayed,
            compared,
            ..
        } = outcome;
        if *replayed || *compared || !matches!(verdict, Verdict::NoCode | Verdict::Locked) {
            return;
        }
        let mut event = Event::new(Moment::from_millis(0), EventKind::Verify, NO_CODE);
        event.challenge_id.clone_from(challenge_id);
        let rule = reason.map(Reason::as_str).unwrap_or_default();
        self.leave_note(asked.phone, asked.purpose, event.refused_by(rule, *locked_until)).await;
    }

    /// Leaves on the timeline that an attempt was for a user that the phone does not have, or for any and it has none.
    pub(super) async fn note_no_user(&self, asked: &AttemptRequest<'_>, error: &OperationError) {
        let whom = match error {
            OperationError::NoSuchUser(user) => Some(user),
            OperationError::NoUser | OperationError::Ambiguous(_) => None,
            _ => return,
        };
        let event = Event::new(Moment::from_millis(0), EventKind::Verify, NO_USER);
        let detail = whom.or(asked.user).map(UserId::as_str).map(str::to_owned);
        self.leave_note(asked.phone, asked.purpose, event.detail(detail)).await;
    }

    async fn leave_note(&self, phone: &Phone, purpose: &Purpose, mut event: Event) {
        if self.dry_run {
            return;
        }
        event.purpose = Some(purpose.clone());
        let event = event.because(self.reason).done_by(self.by, self.audit.as_deref());
        let writing = tokio::time::timeout(WRITTEN_WITHIN, self.write_note(phone, &event));
        let written = self.progress.noting(writing).await;
        match written {
            Ok(Ok(done)) => tracing::debug!(?phone, done, "a refusal was noted"),
            Ok(Err(error)) => tracing::debug!(?phone, %error, "a refusal was not noted"),
            Err(_) => tracing::debug!(?phone, "a refusal was not noted in time"),
        }
    }

    /// Whether it was written.
    async fn write_note(&self, phone: &Phone, event: &Event) -> Result<bool, OperationError> {
        let request = ReadRequest {
            groups: vec![vec![StoreKey::Record(phone.clone())]],
            timelines: vec![(phone.clone(), EVENTS_KEPT)],
            ..ReadRequest::default()
        };
        for _ in 0..ROUNDS {
            let mut read = self.store.read(&request).await?;
            let loaded = read.groups.pop().ok_or_else(no_answer)??;
            let timeline = read.timelines.pop().ok_or_else(no_answer)??;
            // Each is counted, also where the timeline only counts on.
            let none = Record::default();
            let asked = Event { at: loaded.now, ..event.clone() };
            let additions = additions(phone, &none, &none, &[asked], loaded.now);
            let is_known = loaded.values.iter().any(Option::is_some);
            let lines: Vec<Option<Event>> = timeline.lines.iter().map(|line| Event::read(line)).collect();
            let Some(Placed { event, replaces, is_news }) =
                place(&lines, Event { at: loaded.now, ..event.clone() }, is_known)
            else {
                self.store.add(&additions).await?;
                return Ok(false);
            };
            let cut = replaces.map_or(0, |place| place + 1);
            let on_top = OnTop {
                newest: timeline.lines.first().cloned(),
                cut,
                back: timeline.lines.iter().take(cut.saturating_sub(1)).cloned().collect(),
            };
            let line = is_news.then(|| FeedLine { phone: phone.clone(), event: event.clone() });
            let change = Change {
                append: Some(Append {
                    phone: phone.clone(),
                    events: vec![event],
                    keep: REFUSAL_KEPT.min(self.timeline_kept),
                    on_top: Some(on_top),
                }),
                beside: Beside { feed: line.into_iter().collect(), additions },
                ..Change::of(Vec::new())
            };
            if let [Committed::Done(_)] = self.store.commit(&[change]).await?.as_slice() {
                return Ok(true);
            }
            tokio::task::yield_now().await;
        }
        Ok(false)
    }
}
