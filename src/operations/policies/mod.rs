//! Policy entries: block, allow, remove, and what an opted-out receiver asked for. How an entry of a phone and the index
//! are kept together is written down in [`crate::otp::policy_entry`].

mod index;
mod listing;

use super::loading::{known, no_answer};
use super::transact::{LOST, ROUNDS};
use super::{Counters, Effect, OperationError, Operations};
use crate::layout::PhoneOperation;
use crate::otp::policy_entry::{
    CallingPolicy, ENTRIES, PhonePolicy, PolicyEffect, PolicyEntry, PolicyIndex, Scope, at_the_second,
};
use crate::otp::rules::{PhoneState, Recorded};
use crate::otp::{DeliveryReason, DeliveryReport, DeliveryState, Event, EventKind, Moment, Phone, Stored as _, Ttl};
use crate::store::{Append, Beside, Change, Committed, FeedLine, Loaded, Put, StoreError, StoreKey, Write};

pub use self::listing::{ListedEntry, PolicyPage};

/// What an entry is to be.
#[derive(Debug, Clone, Copy)]
pub struct PolicyRequest {
    /// Block or allow.
    pub effect: PolicyEffect,
    /// Until when; `None`: until it is removed.
    pub until: Option<PolicyEnd>,
}

/// The end of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyEnd {
    /// So long after it is made, by the store's clock.
    In(std::time::Duration),
    /// At this moment.
    At(Moment),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyChanged {
    /// The store's time.
    pub now: Moment,
    /// The entry as it is now; `None`: there is none.
    pub entry: Option<PolicyEntry>,
    /// The one that held before.
    pub before: Option<PolicyEntry>,
}

/// What a slot held, with its only value.
struct Held<T> {
    now: Moment,
    bytes: Option<Vec<u8>>,
    value: T,
}

impl<T: crate::otp::Stored> Held<T> {
    fn of(loaded: Option<Loaded>) -> Result<Self, OperationError> {
        let Loaded { now, values } = loaded.ok_or_else(no_answer)?;
        let bytes = values.into_iter().next().flatten();
        Ok(Self { now, value: T::read(bytes.as_deref())?, bytes })
    }
}

impl Operations<'_> {
    /// Makes an entry, in the place of the one that is there.
    ///
    /// # Errors
    /// When there is no room for one more, or the store fails.
    pub async fn set_policy(&self, scope: &Scope, asked: &PolicyRequest) -> Result<PolicyChanged, OperationError> {
        let entry = |now: Moment| PolicyEntry {
            effect: asked.effect,
            until: asked.until.map(|end| match end {
                PolicyEnd::In(span) => now.after(span),
                PolicyEnd::At(moment) => moment,
            }),
            by: self.by.map(str::to_owned),
            reason: self.reason.map(str::to_owned),
            opted_out: None,
            ..PolicyEntry::opt_out(now, "")
        };
        match (scope, scope.calling()) {
            (Scope::Phone(phone), _) => self.change_phone(phone, |_, now| Some(entry(now))).await,
            (_, Some((code, name))) => self.change_calling(code, &name, |now| Some(entry(now))).await,
            (_, None) => Err(no_answer()),
        }
    }

    /// Removes an entry. That there is none is no error.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remove_policy(&self, scope: &Scope) -> Result<PolicyChanged, OperationError> {
        match (scope, scope.calling()) {
            (Scope::Phone(phone), _) => self.remove_of_phone(phone).await,
            (_, Some((code, name))) => self.change_calling(code, &name, |_| None).await,
            (_, None) => Err(no_answer()),
        }
    }

    /// What is known of a phone and of all that its next send is held to.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn standing(&self, phone: &Phone) -> Result<(PhoneState, Moment, Counters), OperationError> {
        let keys = self.keys(phone).await?;
        let groups = [keys.clone()];
        let (loaded, counters) = tokio::join!(self.store.load(&groups), self.counters_of(phone));
        let loaded = loaded?.into_iter().next().ok_or_else(no_answer)?;
        let known = match self.view(phone, &keys, &loaded, PhoneOperation::Other)? {
            Some(view) => view.known,
            // The phone's user has just changed, which is of no account for a policy.
            None => known(&keys, &loaded)?,
        };
        Ok((counters.hold(known)?, loaded.now, counters))
    }

    /// Blocks a phone whose receiver asked for no more messages. It is learned on the way, so a store that fails here
    /// changes nothing of what was done.
    pub(super) async fn opt_out(&self, phone: &Phone, provider: &str) {
        let entry = |before: Option<&PolicyEntry>, now: Moment| {
            // What an operator blocked for good stays his.
            let stays = before.is_some_and(|before| before.effect == PolicyEffect::Block && before.until.is_none());
            (!stays).then(|| PolicyEntry::opt_out(now, provider))
        };
        if let Err(error) = self.change_phone(phone, entry).await {
            tracing::warn!(?phone, provider, %error, "that the receiver opted out could not be kept");
        }
    }

    /// Changes the entry of a phone; `None`: it stays as it is. The index names the phone first.
    async fn change_phone(
        &self,
        phone: &Phone,
        entry: impl Fn(Option<&PolicyEntry>, Moment) -> Option<PolicyEntry>,
    ) -> Result<PolicyChanged, OperationError> {
        let part = PolicyIndex::part(phone);
        let (mut losses, mut intended) = (0, None::<(Vec<u8>, PolicyChanged)>);
        for _ in 0..ROUNDS {
            let groups = [own_policy(phone), vec![StoreKey::PolicyIndex(part)]];
            let mut loaded = self.store.load(&groups).await?.into_iter();
            let own = Held::<PhonePolicy>::of(loaded.next())?;
            let index = Held::<PolicyIndex>::of(loaded.next())?;
            if let Some((_, done)) = intended.take().filter(|(bytes, _)| own.bytes.as_ref() == Some(bytes)) {
                return Ok(done);
            }
            let before = own.value.held(own.now).cloned();
            let Some(entry) = entry(before.as_ref(), own.now) else {
                return Ok(PolicyChanged { now: own.now, entry: before.clone(), before });
            };
            let done = PolicyChanged { now: own.now, entry: Some(entry.clone()), before };
            let event = self.policy_event(own.now, &entry);
            let next = own.value.with(entry.clone().over(done.before.as_ref()));
            let end = next.entry.as_ref().and_then(PolicyEntry::end);
            if self.dry_run {
                return Ok(done);
            }
            let begun = self.progress.begin(Effect::Change);
            if !self.name_in_index(phone, part, &index, end, &mut losses).await? {
                begun.was_not_done();
                continue;
            }
            match self.commit_phone(phone, &own, &next, event).await {
                Ok(true) => {
                    begun.was_done();
                    return Ok(done);
                }
                Ok(false) => begun.was_not_done(),
                Err(StoreError::Unknown(_)) if losses < LOST => {
                    losses += 1;
                    intended = Some((next.write(), done));
                }
                Err(error) => return Err(error.into()),
            }
            tokio::task::yield_now().await;
        }
        Err(OperationError::Contended)
    }

    async fn remove_of_phone(&self, phone: &Phone) -> Result<PolicyChanged, OperationError> {
        let part = PolicyIndex::part(phone);
        let (mut losses, mut intended) = (0, None::<(Vec<u8>, PolicyChanged, Option<String>)>);
        for _ in 0..ROUNDS {
            let groups = [own_policy(phone), vec![StoreKey::PolicyIndex(part)]];
            let mut loaded = self.store.load(&groups).await?.into_iter();
            let own = Held::<PhonePolicy>::of(loaded.next())?;
            // An index that cannot be read keeps nobody from lifting a block.
            let index = Held::<PolicyIndex>::of(loaded.next()).ok();
            let mark = index.and_then(|index| Some(index.value.phones.get(phone.as_str())?.mark.clone()));
            if let Some((_, done, mark)) = intended.take().filter(|(bytes, ..)| own.bytes.as_ref() == Some(bytes)) {
                self.leave_index(phone, part, mark).await;
                return Ok(done);
            }
            let before = own.value.held(own.now).cloned();
            let done = PolicyChanged { now: own.now, entry: None, before };
            let Some(before) = &done.before else { return Ok(done) };
            if self.dry_run {
                return Ok(done);
            }
            let next = own.value.without(own.now);
            let event = Event::new(own.now, EventKind::Policy, "removed")
                .detail(format!("{} {}", before.effect.as_str(), before.origin(at_the_second)))
                .because(self.reason)
                .done_by(self.by, self.audit.as_deref());
            let begun = self.progress.begin(Effect::Change);
            match self.commit_phone(phone, &own, &next, event).await {
                Ok(true) => {
                    begun.was_done();
                    self.leave_index(phone, part, mark).await;
                    return Ok(done);
                }
                Ok(false) => begun.was_not_done(),
                Err(StoreError::Unknown(_)) if losses < LOST => {
                    losses += 1;
                    intended = Some((next.write(), done, mark));
                }
                Err(error) => return Err(error.into()),
            }
            tokio::task::yield_now().await;
        }
        Err(OperationError::Contended)
    }

    /// What the timeline says of an entry.
    fn policy_event(&self, now: Moment, entry: &PolicyEntry) -> Event {
        let result = match (entry.effect, &entry.opted_out) {
            (_, Some(_)) => "opted_out",
            (PolicyEffect::Block, None) => "blocked",
            (PolicyEffect::Allow, None) => "allowed",
        };
        let told = entry.opted_out.as_ref().map(|provider| format!("{provider}: {}", DeliveryReason::OptedOut.words()));
        let mut event = Event::new(now, EventKind::Policy, result).detail(told);
        event.until = entry.until;
        event.reason.clone_from(&entry.reason);
        if entry.opted_out.is_some() { event } else { event.done_by(self.by, self.audit.as_deref()) }
    }

    /// Writes the entry of a phone if it still is what was loaded.
    async fn commit_phone(
        &self,
        phone: &Phone,
        own: &Held<PhonePolicy>,
        next: &PhonePolicy,
        event: Event,
    ) -> Result<bool, StoreError> {
        let put = Put::Set(next.write(), next.ttl(own.now));
        let write = Write { key: StoreKey::Policy(phone.clone()), loaded: own.bytes.clone(), put };
        let line = FeedLine { phone: phone.clone(), event: event.clone() };
        let append = Some(Append { phone: phone.clone(), events: vec![event], keep: self.timeline_kept, on_top: None });
        let beside = Beside { feed: vec![line], additions: Vec::new() };
        let change = Change { append, beside, allow_when_full: true, ..Change::of(vec![write]) };
        let committed = self.store.commit(&[change]).await?;
        Ok(matches!(committed.as_slice(), [Committed::Done(_)]))
    }

    /// Changes the entry of a prefix or a country; `None` removes it.
    async fn change_calling(
        &self,
        code: u16,
        name: &str,
        entry: impl Fn(Moment) -> Option<PolicyEntry>,
    ) -> Result<PolicyChanged, OperationError> {
        let key = StoreKey::CallingPolicy(code);
        let (mut losses, mut intended) = (0, None::<(Option<Vec<u8>>, PolicyChanged)>);
        for _ in 0..ROUNDS {
            let mut loaded = self.store.load(&[vec![key.clone()]]).await?.into_iter();
            let own = Held::<CallingPolicy>::of(loaded.next())?;
            if let Some((_, done)) = intended.take().filter(|(bytes, _)| own.bytes == *bytes) {
                return Ok(done);
            }
            let mut next = own.value.clone();
            next.sweep(own.now);
            let before = next.entries.remove(name).and_then(|before| before.at(own.now).cloned());
            let done = PolicyChanged { now: own.now, entry: entry(own.now), before };
            if let Some(entry) = &done.entry {
                if next.entries.len() >= ENTRIES {
                    return Err(OperationError::PolicyFull(code));
                }
                next.entries.insert(name.to_owned(), entry.clone().over(done.before.as_ref()));
            } else if done.before.is_none() {
                return Ok(done);
            }
            if self.dry_run {
                return Ok(done);
            }
            let (bytes, ttl) = (next.write(), next.ttl(own.now));
            let after = (ttl != Ttl::Expired).then(|| bytes.clone());
            let write = Write { key: key.clone(), loaded: own.bytes, put: Put::Set(bytes, ttl) };
            let begun = self.progress.begin(Effect::Change);
            match self.store.commit(&[Change { allow_when_full: true, ..Change::of(vec![write]) }]).await {
                Ok(committed) if matches!(committed.as_slice(), [Committed::Done(_)]) => {
                    begun.was_done();
                    return Ok(done);
                }
                Ok(_) => begun.was_not_done(),
                Err(StoreError::Unknown(_)) if losses < LOST => {
                    losses += 1;
                    intended = Some((after, done));
                }
                Err(error) => return Err(error.into()),
            }
            tokio::task::yield_now().await;
        }
        Err(OperationError::Contended)
    }
}

/// The key of a phone's entry alone.
fn own_policy(phone: &Phone) -> Vec<StoreKey> {
    vec![StoreKey::Policy(phone.clone())]
}

/// Whether a report tells that the receiver asked for no more messages.
pub(super) fn opted_out(report: &DeliveryReport) -> bool {
    report.state == Some(DeliveryState::Failed) && report.reason == Some(DeliveryReason::OptedOut)
}

/// The provider, where what was recorded tells that.
pub(super) fn opted_out_of(recorded: &Recorded) -> Option<String> {
    let Recorded::News(challenge) = recorded else { return None };
    let delivery = challenge.delivery.as_ref()?;
    delivery.report.as_ref().is_some_and(opted_out).then(|| delivery.provider.clone())
}
