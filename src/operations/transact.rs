//! One transaction on one phone: load, decide, commit if unchanged, else start again.

use super::known_slot::KnownSlot;
use super::loading::{LoadedPhone, no_answer};
use super::progress::Begun;
use super::stats::additions;
use super::{Effect, OperationError, Operations};
use crate::layout::{KeyChange, PhoneOperation, RawKey, WriteBack};
use crate::otp::brake::BrakeMode;
use crate::otp::rules::{Decision, PhoneState};
use crate::otp::{Event, LinkHistory, Moment, Owners, Phone, Record, Stored as _, Ttl, Users};
use crate::store::{
    Append, Beside, Change, Committed, FeedLine, Loaded, Put, ReadAnswer, ReadRequest, StoreError, StoreKey, Write,
};

pub use crate::otp::rules::AttemptOutcome;

/// More rounds than any crowd has ever needed: two hundred at once need three.
pub(super) const ROUNDS: usize = 500;
/// A commit whose answer was lost is looked for so many times.
pub(super) const LOST: usize = 2;

/// What a transaction is, for the store and for whoever interrupts it.
#[derive(Debug, Clone)]
pub(super) struct TransactOptions<'a> {
    /// It makes something safer, and must work even when the store is full.
    pub relieves: bool,
    /// What it does, for whoever interrupts it; `None`: nothing that was asked for.
    pub what: Option<Effect>,
    /// What it does to the codes of the phone.
    pub operation: PhoneOperation<'a>,
    /// Whether it may show that a phone is in its owner's hands, which the brakes want to know.
    pub credits: bool,
    /// What the directories have said already.
    pub owners: Option<Owners>,
    /// It may change the users of the phone, which is kept in the history of its links.
    pub changes_users: bool,
    /// Set once the answer to a commit was lost, for rules that have no id of their own to know their change by.
    pub lost: Option<&'a std::cell::Cell<bool>>,
}

impl<'a> TransactOptions<'a> {
    /// A change that a full store may refuse.
    pub(super) fn change() -> Self {
        Self {
            relieves: false,
            what: Some(Effect::Change),
            operation: PhoneOperation::Other,
            credits: false,
            owners: None,
            changes_users: false,
            lost: None,
        }
    }

    /// One that it must not refuse.
    pub(super) fn relief() -> Self {
        Self { relieves: true, ..Self::change() }
    }

    /// With what it does.
    pub(super) fn of(self, what: Effect) -> Self {
        Self { what: Some(what), ..self }
    }

    /// Nothing that was asked for: whether it was done matters to nobody who interrupts it.
    pub(super) fn aside(self) -> Self {
        Self { what: None, ..self }
    }

    /// Sets this once the answer to a commit was lost.
    pub(super) fn telling(self, lost: &'a std::cell::Cell<bool>) -> Self {
        Self { lost: Some(lost), ..self }
    }

    /// It may show that a phone is in its owner's hands.
    pub(super) fn crediting(self) -> Self {
        Self { credits: true, ..self }
    }

    /// With what the directories have said already.
    pub(super) fn knowing(self, owners: Owners) -> Self {
        Self { owners: Some(owners), ..self }
    }

    /// It may change the users of the phone.
    pub(super) fn changing_users(self) -> Self {
        Self { changes_users: true, ..self }
    }

    /// With what it does to the codes of the phone.
    pub(super) fn on_codes(self, operation: PhoneOperation<'a>) -> Self {
        Self { operation, ..self }
    }
}

/// What came of a transaction, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied<T> {
    /// The store's time of the decision.
    pub now: Moment,
    /// The outcome.
    pub outcome: T,
    /// What is known of the phone after it.
    pub known: PhoneState,
    /// Locks of an application's own that it cleared.
    pub unlocked: u32,
}

/// A commit whose answer was not heard.
struct LostCommit<T> {
    intended: Vec<Option<Vec<u8>>>,
    stepped: Applied<T>,
}

/// A change that was begun, where it is one that was asked for.
fn is_done(begun: Option<Begun<'_>>) {
    begun.into_iter().for_each(Begun::was_done);
}

/// A commit that failed, maybe after one whose answer was lost.
fn failed(begun: Option<Begun<'_>>, doubt: Option<StoreError>, error: StoreError) -> OperationError {
    let is_sure = doubt.is_none() && !error.is_in_doubt();
    begun.filter(|_| is_sure).into_iter().for_each(Begun::was_not_done);
    doubt.unwrap_or(error).into()
}

impl Operations<'_> {
    /// Runs a rule until its change is committed, or it decides that nothing is to change. The rules know their own
    /// ids again, so a commit whose answer was lost is found, not repeated.
    pub(super) async fn transact<T: Clone>(
        &self,
        phone: &Phone,
        options: &TransactOptions<'_>,
        rule: impl Fn(&PhoneState, Moment) -> Result<Decision<T>, OperationError>,
    ) -> Result<Applied<T>, OperationError> {
        self.transact_from(None, phone, options, rule).await.map(|(applied, _)| applied)
    }

    /// The same from what this process knows of the phone already, which spares the first load; and what it knows of it
    /// afterwards.
    #[expect(clippy::too_many_lines, reason = "load, decide, commit and start again are one loop")]
    pub(super) async fn transact_from<T: Clone>(
        &self,
        mut start: Option<KnownSlot>,
        phone: &Phone,
        options: &TransactOptions<'_>,
        rule: impl Fn(&PhoneState, Moment) -> Result<Decision<T>, OperationError>,
    ) -> Result<(Applied<T>, KnownSlot), OperationError> {
        let mut lost: Option<LostCommit<T>> = None;
        // A commit that was lost may be on its way yet, even if it is not seen: what fails later is not "not done".
        let (mut losses, mut doubt) = (0, None::<StoreError>);
        let mut begun = None;
        let mut compared = None;
        let mut seen = None;
        let mut owners = options.owners.clone().unwrap_or_else(|| self.unasked());
        for round in 1..=ROUNDS {
            let slot = if let Some(slot) = start.take() {
                slot
            } else {
                // The first load, like any other: while a change is in doubt, so is what fails here.
                let loaded = self.loaded(phone, round, options, &mut owners).await;
                let (slot, is_seen) = loaded.map_err(|error| doubt.clone().map_or(error, OperationError::from))?;
                seen = is_seen;
                slot
            };
            let KnownSlot { keys, loaded, .. } = &slot;
            if let Some(lost) = lost.take().filter(|lost| lost.intended == loaded.values) {
                is_done(begun);
                return Ok((lost.stepped, slot));
            }
            let view = self.view_with(phone, (keys, loaded), options.operation, owners.clone())?;
            let Some(mut view) = view else { continue };
            self.compare(&mut view, options.operation, &mut compared).await?;
            let decided = rule(&view.known, loaded.now);
            if matches!(decided, Err(OperationError::Unasked)) {
                // Nothing is changed yet, so nothing is lost if they do not answer. The rule goes on with what was loaded.
                drop(view);
                let asked = self.owners_of(phone).await;
                owners = asked.map_err(|error| doubt.clone().map_or(error, OperationError::from))?;
                start = Some(slot.counted_on());
                continue;
            }
            let mut step = self.decided(phone, &view, decided).await?;
            let credits =
                if options.credits { self.credits(phone, &view.known, &step, seen, loaded.now) } else { Vec::new() };
            let settled = written_back(&view, &mut step, loaded.now, options.operation)?;
            let beside = Self::beside(phone, &view.known.record, &step, loaded.now);
            let stepped = applied(&step, view.known, loaded.now, settled.unlocked);
            let nothing = step.record.is_none() && step.users.is_none() && settled.is_nothing();
            if self.dry_run || nothing {
                return Ok((stepped, slot));
            }
            let mut change = self.change(phone, (keys, loaded), step, beside, options.relieves);
            change.beside.additions.extend(credits);
            change.writes.extend(app_writes(keys, loaded, settled));
            let intended = change.writes.iter().map(held_after).collect();
            begun = begun.or_else(|| options.what.clone().map(|what| self.progress.begin(what)));
            match self.store.commit(&[change]).await {
                Ok(committed) => {
                    if let [Committed::Done(now)] = committed.as_slice() {
                        tracing::debug!(?phone, round, "committed");
                        is_done(begun);
                        let written = Loaded { now: *now, values: intended };
                        return Ok((stepped, KnownSlot::new(slot.keys, written)));
                    }
                    let surely_not = begun.take_if(|_| doubt.is_none());
                    surely_not.into_iter().for_each(Begun::was_not_done);
                    tokio::task::yield_now().await;
                }
                Err(error @ StoreError::Unknown(_)) if losses < LOST => {
                    options.lost.inspect(|lost| lost.set(true));
                    (losses, lost, doubt) = (losses + 1, Some(LostCommit { intended, stepped }), Some(error));
                }
                Err(error) => return Err(failed(begun, doubt, error)),
            }
        }
        Err(OperationError::Contended)
    }

    /// The keys of a phone, and what was loaded of them; and where that is wanted and could be read, whether it verified a
    /// code lately.
    async fn loaded(
        &self,
        phone: &Phone,
        round: usize,
        options: &TransactOptions<'_>,
        owners: &mut Owners,
    ) -> Result<(KnownSlot, Option<bool>), OperationError> {
        tracing::debug!(?phone, round, "load");
        let keys = match options.operation {
            PhoneOperation::Issue { .. } | PhoneOperation::Deliver => self.keys_of_issue(phone, owners).await?,
            PhoneOperation::Verify { .. } => self.keys_asking(phone, owners).await?,
            _ if options.changes_users => self.keys_of_link(phone).await?,
            _ => self.keys(phone).await?,
        };
        if options.credits && self.brakes != BrakeMode::Off {
            let sums = vec![StoreKey::Seen(phone.clone())];
            let request = ReadRequest { groups: vec![keys.clone()], sums, ..ReadRequest::default() };
            let ReadAnswer { groups, sums, .. } = self.store.read(&request).await?;
            let loaded = groups.into_iter().next().ok_or_else(no_answer)??;
            let seen = sums.into_iter().next().and_then(Result::ok).map(|seen| !seen.fields.is_empty());
            return Ok((KnownSlot::new(keys, loaded), seen));
        }
        let loaded = self.store.load(std::slice::from_ref(&keys)).await?;
        match <[Loaded; 1]>::try_from(loaded) {
            Ok([loaded]) => Ok((KnownSlot::new(keys, loaded), None)),
            Err(_) => Err(no_answer()),
        }
    }

    /// What a rule decided, with the operator in its events: what an application did is put in front of them later. What was
    /// corrected after a wrong clock is kept with it, also where the rule refuses.
    async fn decided<T>(
        &self,
        phone: &Phone,
        view: &LoadedPhone<'_>,
        decided: Result<Decision<T>, OperationError>,
    ) -> Result<Decision<T>, OperationError> {
        let signed = |event: Event| event.done_by(self.by, self.audit.as_deref());
        let decided = decided.map(|step| Decision { events: step.events.into_iter().map(signed).collect(), ..step });
        match decided {
            Ok(step) if view.is_clamped => {
                Ok(Decision { record: step.record.or_else(|| Some(view.known.record.clone())), ..step })
            }
            Err(refused) if view.is_clamped && !self.dry_run => {
                Box::pin(self.keep_clamped(phone)).await?;
                Err(refused)
            }
            decided => decided,
        }
    }

    /// Keeps what was corrected after a wrong clock, where the rule itself changes nothing: else a wait would begin anew
    /// each time that somebody looks.
    pub(super) async fn keep_clamped(&self, phone: &Phone) -> Result<(), OperationError> {
        self.transact(phone, &TransactOptions::relief().aside(), |_, _| Ok(Decision::none(()))).await.map(|_| ())
    }

    /// What a decision on this record tells everybody: its events to the feed, and their numbers.
    pub(super) fn beside<T>(phone: &Phone, before: &Record, step: &Decision<T>, now: Moment) -> Beside {
        let line = |event: &Event| FeedLine { phone: phone.clone(), event: event.clone() };
        let after = step.record.as_ref().unwrap_or(before);
        Beside {
            feed: step.events.iter().map(line).collect(),
            additions: additions(phone, before, after, &step.events, now),
        }
    }

    pub(super) fn change<T>(
        &self,
        phone: &Phone,
        (keys, loaded): (&[StoreKey], &Loaded),
        step: Decision<T>,
        beside: Beside,
        relieves: bool,
    ) -> Change {
        let record = |record: &Record| Put::Set(record.write(), record.ttl(loaded.now, self.limits));
        let users = |users: &Users| Put::Set(users.write(), users.ttl());
        let now = loaded.now;
        let own = keys.iter().zip(&loaded.values).filter(|(key, _)| !key.is_foreign());
        let writes = own.map(|(key, loaded)| {
            let put = match key {
                StoreKey::Record(_) => step.record.as_ref().map(record),
                StoreKey::Users(_) => step.users.as_ref().map(users),
                StoreKey::LinkHistory(_) => links_after(loaded.as_deref(), &step.events, now),
                // A policy entry that comes meanwhile is a conflict: what was decided did not know of it.
                _ => None,
            };
            Write { key: key.clone(), loaded: loaded.clone(), put: put.unwrap_or(Put::Keep) }
        });
        let writes = writes.collect();
        let append = (!step.events.is_empty()).then(|| Append {
            phone: phone.clone(),
            events: step.events,
            keep: self.timeline_kept,
            on_top: None,
        });
        Change { writes, append, beside, allow_when_full: relieves }
    }
}

/// The history of the links after these events. One that cannot be read is left as it is, and stops no change.
fn links_after(loaded: Option<&[u8]>, events: &[Event], now: Moment) -> Option<Put> {
    let known = LinkHistory::read(loaded).inspect_err(|error| tracing::warn!(%error, "the history of links is left"));
    let history = known.ok()?.after(events, now)?;
    Some(Put::Set(history.write(), history.ttl()))
}

/// What comes of a decision on what was known.
fn applied<T: Clone>(step: &Decision<T>, known: PhoneState, now: Moment, unlocked: u32) -> Applied<T> {
    let PhoneState { record, users, owners, policy } = known;
    let known = PhoneState {
        record: step.record.clone().unwrap_or(record),
        users: step.users.clone().unwrap_or(users),
        owners,
        policy,
    };
    Applied { now, outcome: step.outcome.clone(), known, unlocked }
}

/// What the cell holds if the write took effect.
fn held_after(write: &Write) -> Option<Vec<u8>> {
    match &write.put {
        Put::Keep => write.loaded.clone(),
        Put::Set(_, Ttl::Expired) => None,
        Put::Set(value, _) => Some(value.clone()),
    }
}

/// What becomes of the application's keys after a rule; the rule's record follows where they cannot hold all of it.
fn written_back<T>(
    view: &LoadedPhone<'_>,
    decision: &mut Decision<T>,
    now: Moment,
    operation: PhoneOperation<'_>,
) -> Result<WriteBack, OperationError> {
    let written = view.merged.write_back(&mut decision.record, operation, now)?;
    if decision.record.is_some() {
        decision.events.splice(..0, view.merged.events().iter().cloned());
    }
    Ok(written)
}

/// The writes of the application's keys, in their order.
fn app_writes(keys: &[StoreKey], loaded: &Loaded, written: WriteBack) -> Vec<Write> {
    let foreign = |(key, _): &(&StoreKey, &Option<Vec<u8>>)| key.is_foreign();
    let keys = keys.iter().zip(&loaded.values).filter(foreign);
    let write = |((key, loaded), change): ((&StoreKey, &Option<Vec<u8>>), KeyChange)| {
        let put = match change {
            KeyChange::Keep => Put::Keep,
            KeyChange::Drop => Put::Set(Vec::new(), Ttl::Expired),
            KeyChange::Hold(raw) => Put::Set(RawKey::write(&raw), Ttl::Forever),
        };
        Write { key: key.clone(), loaded: loaded.clone(), put }
    };
    keys.zip(written.keys).map(write).collect()
}
