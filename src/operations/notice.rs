//! A text that tells the holder of a phone of a change, and holds no code. It goes the way of a send: policy, limits and
//! caps decide before any money is spent, and the providers of the route are asked in their order. It is no code, so no
//! challenge is stored, and neither the brakes nor the statistics of codes see it. How it ended is an event of the phone.

use std::time::Duration;

use tokio::time::Instant;

use super::deliver::Delivered;
use super::quotas::Admission;
use super::route::ProviderResult;
use super::transact::TransactOptions;
use super::{OperationError, Operations, SendRequest};
use crate::layout::PhoneOperation;
use crate::otp::record::{Challenge, State};
use crate::otp::rules::{self, IssueMode};
use crate::otp::{Event, EventKind, Moment, More, UserId};
use crate::store::{Append, Beside, Change, FeedLine, StoreKey};

/// The result of an event that says that the holder was told.
const NOTIFIED: &str = "notified";
/// The result of one that says that this failed.
const NOT_NOTIFIED: &str = "not_notified";

/// How a notice ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeEnd {
    Sent,
    /// It may have been sent.
    Unknown,
    /// A rule refused it.
    Refused,
    /// No provider sent it.
    Failed,
}

impl NoticeEnd {
    /// The word for it in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// What came of a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How it ended.
    pub end: NoticeEnd,
    /// The provider that was asked last.
    pub provider: Option<String>,
    /// Why it was not sent, or is not known to be.
    pub why: Option<String>,
    /// When a rule that refused it would allow it.
    pub until: Option<Moment>,
    /// The rule.
    rule: Option<&'static str>,
}

impl Notice {
    /// One that was not sent, without any provider.
    #[must_use]
    pub fn failed(why: String) -> Self {
        Self { end: NoticeEnd::Failed, provider: None, why: Some(why), until: None, rule: None }
    }

    fn refused(error: &OperationError) -> Self {
        let refused = error.refused_by();
        let end = if refused.is_some() { NoticeEnd::Refused } else { NoticeEnd::Failed };
        let (rule, until) = refused.map(|(rule, until)| (rule.as_str(), until)).unzip();
        Self { end, provider: None, why: Some(error.to_string()), until: until.flatten(), rule }
    }
}

impl Operations<'_> {
    /// Tells the holder of a phone of a change that concerns a user, and notes on the phone's timeline how that ended. It
    /// fails nothing: what was changed is changed.
    pub async fn notify(&self, asked: &SendRequest<'_>, user: &UserId, text: &str) -> Notice {
        let notice = match self.notify_unless_refused(asked, text).await {
            Ok(notice) => notice,
            Err(error) => Notice::refused(&error),
        };
        self.note_notice(asked, user, &notice).await;
        notice
    }

    /// Leaves on the timeline that the holder could not be told, before anybody was asked.
    pub async fn not_notified(&self, asked: &SendRequest<'_>, user: &UserId, why: &str) {
        self.note_notice(asked, user, &Notice::failed(why.to_owned())).await;
    }

    async fn notify_unless_refused(&self, asked: &SendRequest<'_>, text: &str) -> Result<Notice, OperationError> {
        let id = self.new_id(&asked.issue)?;
        let lease = asked.deadline.saturating_duration_since(Instant::now()) + Duration::from_secs(5);
        let channel = asked.route.channels().first().copied().unwrap_or_default();
        let reservation = self.reservation(&asked.issue, &id, IssueMode::Sms { lease, channel }, None);
        let (slot, counted) = match self.count((asked, text), &reservation, PhoneOperation::Other).await? {
            Admission::Counted(slot, counted) => (*slot, *counted),
            // Without a key nothing came before.
            Admission::Replayed(_) => return Err(OperationError::Contended),
        };
        let now = slot.loaded.now;
        let rule = |known: &rules::PhoneState, now| Ok(rules::count_notice(known, now, self.limits));
        if let Err(error) = self.transact(asked.issue.phone, &TransactOptions::change().aside(), rule).await {
            self.give_back(&counted.added).await;
            return Err(error);
        }
        let message = Challenge {
            id,
            state: State::Pending,
            mac: None,
            app_fingerprint: None,
            user: None,
            users_version: None,
            created_at: now,
            expires_at: now.after(asked.issue.ttl),
            tries: 0,
            max_tries: 0,
            lease_until: None,
            cooldown_before: None,
            delivery: None,
            more: More::default(),
        };
        let (delivered, heard) = self.deliver(asked, text, &message, &counted).await;
        // A text that nobody can enter would look like a code that nobody entered.
        let brakes = counted.added.of_brakes();
        let cost = delivered.cost();
        tokio::join!(
            self.remember(asked.route, &counted.circuits, &heard),
            self.settle_spend(&counted.added, counted.spent.as_ref(), cost.as_ref()),
            self.give_back(&brakes)
        );
        for result in &heard {
            if let ProviderResult::OptedOut(at) = result
                && let Some(provider) = asked.route.provider(*at)
            {
                self.opt_out(asked.issue.phone, provider.name()).await;
            }
        }
        let (end, delivery) = match delivered {
            Delivered::Sent(delivery) => (NoticeEnd::Sent, delivery),
            Delivered::Unknown(delivery, _) => (NoticeEnd::Unknown, delivery),
            Delivered::Failed(delivery, ..) => (NoticeEnd::Failed, delivery),
        };
        let provider = Some(delivery.provider).filter(|provider| !provider.is_empty());
        let why = delivery.detail.filter(|_| end != NoticeEnd::Sent);
        Ok(Notice { end, provider, why, until: None, rule: None })
    }

    async fn note_notice(&self, asked: &SendRequest<'_>, user: &UserId, notice: &Notice) {
        let phone = asked.issue.phone;
        let result = if notice.end == NoticeEnd::Sent { NOTIFIED } else { NOT_NOTIFIED };
        let said = [Some(user.as_str()), notice.provider.as_deref(), notice.why.as_deref()];
        let detail = said.into_iter().flatten().collect::<Vec<_>>().join("; ");
        let mut event = Event::new((self.clock)(), EventKind::User, result).detail(detail).because(self.reason);
        if let Some(rule) = notice.rule {
            event = event.refused_by(rule, notice.until);
        }
        if let Some(channel) = asked.route.channels().first() {
            event = event.by_channel(channel.as_str());
        }
        let event = event.done_by(self.by, self.audit.as_deref());
        let written = async {
            // By the store's clock, as all that stands beside it.
            let loaded = self.store.load(&[vec![StoreKey::Users(phone.clone())]]).await?;
            let now = loaded.first().map(|loaded| loaded.now);
            let event = Event { at: now.unwrap_or(event.at), ..event };
            let line = FeedLine { phone: phone.clone(), event: event.clone() };
            let keep = self.timeline_kept;
            let append = Append { phone: phone.clone(), events: vec![event], keep, on_top: None };
            let beside = Beside { feed: vec![line], ..Beside::default() };
            self.store.commit(&[Change { append: Some(append), beside, ..Change::of(Vec::new()) }]).await
        };
        if let Err(error) = self.progress.noting(written).await {
            tracing::debug!(?phone, %error, "a notice was not noted");
        }
    }
}
