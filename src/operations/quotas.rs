//! What is counted before the phone itself: sends over many phones, and the arguments of an idempotency key.

use std::collections::{BTreeMap, BTreeSet};

use super::known_slot::KnownSlot;
use super::loading::{LoadedPhone, no_answer};
use super::route::KnownCircuit;
use super::tally::{Added, Tally, Watched};
use super::transact::{LOST, ROUNDS};
use super::{Applied, OperationError, Operations, SendRequest};
use crate::layout::PhoneOperation;
use crate::otp::brake::BrakeMode;
use crate::otp::counter::{Counter, SumCounter};
use crate::otp::money::{Cost, Currency};
use crate::otp::policy_entry::{CallingPolicy, PhonePolicy};
use crate::otp::rules::{
    self, Allowance, PhoneState, REQUEST_KEPT, ReserveRequest, Reserved, SendContext, SendRefused,
};
use crate::otp::{Channel, Denied, Moment, Owners, Phone, Quota, Stored as _, Ttl, is_plain};
use crate::store::{Change, Committed, Loaded, Put, ReadRequest, StoreError, StoreKey, Sums, Write};

impl Operations<'_> {
    /// Loads all that decides a send, and counts it on the counters over many phones, each atomic by itself. They are
    /// committed before the code is reserved, never with it: a code must not be valid that a counter then refuses, and
    /// over-counting is safe. A send that the phone's own limits refuse is not counted, or one phone could use up a
    /// country.
    #[expect(clippy::too_many_lines, reason = "what a send is decided on is read, decided and counted in one round")]
    pub(super) async fn count(
        &self,
        (asked, text): (&SendRequest<'_>, &str),
        reservation: &ReserveRequest<'_>,
        operation: PhoneOperation<'_>,
    ) -> Result<Admission, OperationError> {
        let phone = asked.issue.phone;
        let mut counters = self.counters(asked, reservation);
        let circuit_keys = asked.route.circuits();
        let mut owners = self.unasked();
        let mut own_keys = self.keys_of_issue(phone, &mut owners).await?;
        let mut counted = Counted::default();
        let is_compared = !self.dry_run && counters.iter().any(|(key, _)| matches!(key, StoreKey::Prefix(_)));
        let mut turn = None;
        let (watched, mut added) = (self.watched(asked), None::<Added>);
        let channels = asked.route.channels();
        let (mut lost, mut kept) = (0, None);
        for _ in 0..ROUNDS {
            let (slots, sums) = if let Some(kept) = kept.take() {
                kept
            } else {
                // A counter that is compared is written by one at a time, or most of many that come at once have to begin
                // again. Nobody waits while directories are asked.
                if is_compared && turn.is_none() && owners != Owners::Unasked {
                    turn = Some(self.turns.turn(format!("prefix {}", phone.prefix())).await);
                }
                let others = counters.iter().map(|(key, _)| key).chain(&circuit_keys);
                let others = others.map(|key| vec![key.clone()]);
                let calling = vec![StoreKey::CallingPolicy(phone.calling_code())];
                let groups = [own_keys.clone(), calling].into_iter().chain(others).collect();
                self.read_slots(groups, watched.keys(phone)).await?
            };
            // Once the directories are asked, it is decided on what was loaded before.
            let unasked = (owners == Owners::Unasked).then(|| (slots.clone(), sums.clone()));
            let mut slots = slots.into_iter();
            let (slot, calling) = slots.next().zip(slots.next()).ok_or_else(no_answer)?;
            let calling = CallingPolicy::read(first(&calling.loaded))?;
            let others: Vec<Loaded> = slots.by_ref().take(counters.len()).map(|slot| slot.loaded).collect();
            counted.circuits = slots.map(KnownCircuit::read).collect();
            let tally = watched.tally(sums, asked.policy.brakes)?;
            let now = slot.loaded.now;
            let view = self.view_with(phone, (&slot.keys, &slot.loaded), operation, owners.clone())?;
            let Some(view) = view else {
                own_keys = self.keys_of_issue(phone, &mut owners).await?;
                continue;
            };
            let LoadedPhone { known, is_clamped, .. } = view;
            // What was asked for before is answered before anything else.
            let reserved = match rules::reserve(&known, now, self.limits, reservation) {
                Ok(decision) if matches!(decision.outcome, Reserved::Replayed(_)) => {
                    self.give_back(&added.unwrap_or_default()).await;
                    let earlier = Applied { now, outcome: decision.outcome, known, unlocked: 0 };
                    return Ok(Admission::Replayed(Box::new(earlier)));
                }
                reserved => reserved.map(|_| ()),
            };
            let prefix = counters.iter().zip(&others).find(|((key, _), _)| matches!(key, StoreKey::Prefix(_)));
            let prefix = prefix.map(|(_, loaded)| Counter::read(first(loaded))).transpose()?;
            if added.is_none() {
                counted.full = rules::full_channels(&tally.channels, now, self.limits).into_keys().collect();
                counted.first(asked, text, &tally, now);
            }
            let context = SendContext {
                phone,
                purpose: reservation.purpose,
                policy: asked.policy,
                limits: self.limits,
                real: asked.route.real,
                calling: Some(&calling),
                prefix: prefix.as_ref(),
                // What this send was added to already has decided on it.
                country: tally.country.as_ref().filter(|_| added.is_none()),
                channels: if added.is_none() { &channels } else { &[] },
                sums: &tally.channels,
                cost: counted.cost.as_ref().filter(|_| added.is_none()),
                spent: &tally.spent,
                cells: tally.cells.as_ref().filter(|_| added.is_none()).map(|(range, country)| (range, country)),
                seen: tally.seen,
            };
            let allowance = rules::allowance(&known, now, &context);
            // The request itself may be wrong, which no rule of the phone knows of.
            let refused = match (reserved, allowance.refused.clone()) {
                (Err(wrong), _) if wrong.is_of_request() => Some(wrong),
                (reserved, refused) => refused.or(reserved.err()),
            };
            if refused == Some(SendRefused::Unasked) {
                // Last of all, and before anything is counted: a directory that is down counts no send.
                owners = match self.owners_of(phone).await {
                    Ok(owners) => owners,
                    Err(error) => {
                        self.give_back(&added.unwrap_or_default()).await;
                        return Err(error);
                    }
                };
                kept = unasked.map(|(slots, sums)| (slots.into_iter().map(KnownSlot::counted_on).collect(), sums));
                continue;
            }
            if let Some(refused) = refused {
                self.give_back(&added.unwrap_or_default()).await;
                if is_clamped {
                    self.keep_clamped(phone).await?;
                }
                return Err(OperationError::refused(refused, now));
            }
            if added.is_none() {
                counted.allowance = allowance;
            }
            let is_lifted = rules::is_lifted(&known, now, &context);
            let neighbor = context.last_four(&known, now);
            let changes = counters.iter().zip(&others);
            let changes = changes.map(|((key, counting), loaded)| counting.change(key, loaded, neighbor));
            let changes = match changes.collect::<Result<Vec<_>, _>>() {
                Ok(changes) => changes,
                Err(error) => {
                    self.give_back(&added.unwrap_or_default()).await;
                    return Err(error);
                }
            };
            if self.dry_run {
                counted.foresee(&counters, &others);
                counted.country_left = tally
                    .country
                    .as_ref()
                    .and_then(|counter| counter.left(now, &self.limits.per_country).map(|left| left.saturating_sub(1)));
                counted.owners = owners;
                return Ok(Admission::Counted(Box::new(slot), Box::new(counted)));
            }
            // Both at once: what is added compares nothing, and is added once.
            let commit = async { if changes.is_empty() { Ok(Vec::new()) } else { self.store.commit(&changes).await } };
            let tallied = async {
                if let Some(added) = added.take() {
                    return Ok(Ok(added));
                }
                let first = (counted.first, counted.cost.as_ref());
                self.tally(asked, first, (&known, is_lifted), &tally, now).await
            };
            let (committed, tallied) = tokio::join!(commit, tallied);
            match tallied {
                Ok(Ok(own)) => added = Some(own),
                // Another channel of the route may have room.
                Ok(Err(SendRefused::Denied(Denied::Cap(..)))) if counted.full.len() + 1 < channels.len() => continue,
                Ok(Err(refused)) => return Err(OperationError::refused(refused, now)),
                // Nothing is sent yet, and counting it twice is safe.
                Err(OperationError::Store(StoreError::Unknown(_))) if lost < LOST => {
                    lost += 1;
                    continue;
                }
                Err(error) => return Err(error),
            }
            let committed = match committed {
                Err(StoreError::Unknown(_)) if lost < LOST => {
                    lost += 1;
                    continue;
                }
                committed => committed?,
            };
            let mut conflicts = committed.iter().map(|committed| *committed == Committed::Conflict);
            counters.retain(|_| conflicts.next().unwrap_or(false));
            if counters.is_empty() {
                counted.added = added.unwrap_or_default();
                counted.owners = owners;
                return Ok(Admission::Counted(Box::new(slot), Box::new(counted)));
            }
        }
        self.give_back(&added.unwrap_or_default()).await;
        Err(OperationError::Contended)
    }

    /// Values and sums, all at once.
    pub(super) async fn read_slots(
        &self,
        groups: Vec<Vec<StoreKey>>,
        sums: Vec<StoreKey>,
    ) -> Result<(Vec<KnownSlot>, Vec<Result<Sums, StoreError>>), OperationError> {
        let request = ReadRequest { groups, sums, ..ReadRequest::default() };
        let answer = self.store.read(&request).await?;
        if answer.groups.len() != request.groups.len() {
            return Err(no_answer());
        }
        let loaded = answer.groups.into_iter().collect::<Result<Vec<Loaded>, _>>()?;
        let slots = request.groups.into_iter().zip(loaded).map(|(keys, loaded)| KnownSlot::new(keys, loaded));
        Ok((slots.collect(), answer.sums))
    }

    /// What a send is counted on.
    fn counters<'a>(
        &'a self,
        asked: &SendRequest<'_>,
        reservation: &ReserveRequest<'a>,
    ) -> Vec<(StoreKey, Counting<'a>)> {
        let phone = asked.issue.phone;
        let mut counters = Vec::new();
        let looks = asked.route.real && asked.policy.brakes != BrakeMode::Off;
        if looks || !self.limits.per_prefix.is_empty() {
            let prefix = StoreKey::Prefix(phone.prefix().to_owned());
            counters.push((prefix, Counting::Sends(&self.limits.per_prefix)));
        }
        if let Some((key, arguments)) = reservation.request {
            counters.push((StoreKey::Request(key.to_owned()), Counting::Key(arguments)));
        }
        counters
    }
}

/// The sends that a phone's next one is counted with, as far as they can be read.
#[derive(Debug, Clone)]
pub struct Counters {
    /// Its own policy entry, or why that cannot be read.
    pub own: Result<PhonePolicy, OperationError>,
    /// To its prefix.
    pub prefix: Option<Counter>,
    /// The policy entries of its calling code.
    pub calling: Option<CallingPolicy>,
    /// To its country, and to strangers there.
    pub tally: Tally,
}

impl Counters {
    /// The keys of those that are values.
    pub(super) fn keys(phone: &Phone) -> [StoreKey; 3] {
        [
            StoreKey::Policy(phone.clone()),
            StoreKey::Prefix(phone.prefix().to_owned()),
            StoreKey::CallingPolicy(phone.calling_code()),
        ]
    }

    /// A phone, with its policy entry.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn hold(&self, known: PhoneState) -> Result<PhoneState, OperationError> {
        Ok(PhoneState { policy: self.own.clone()?, ..known })
    }

    /// What was read of them, in that order. What could not be read is not known; what is not there is empty.
    pub(super) fn read(
        values: &[Result<Option<Vec<u8>>, StoreError>],
        sums: Vec<Result<Sums, StoreError>>,
        watched: &Watched,
    ) -> Self {
        let [own, prefix, calling] = [0, 1, 2].map(|place| match values.get(place) {
            Some(Ok(value)) => Ok(value.as_deref()),
            Some(Err(error)) => Err(OperationError::from(error.clone())),
            None => Err(no_answer()),
        });
        Self {
            own: own.and_then(|value| Ok(PhonePolicy::read(value)?)),
            prefix: prefix.ok().and_then(|value| Counter::read(value).ok()),
            calling: calling.ok().and_then(|value| CallingPolicy::read(value).ok()),
            tally: watched.tally(sums, BrakeMode::Observe).unwrap_or_default(),
        }
    }
}

impl Operations<'_> {
    /// The sums that any send may be held to.
    pub(super) fn all_watched(&self) -> Watched {
        let channels = self.limits.caps.keys().copied().collect();
        let spend = self.limits.spend.keys().cloned().collect();
        Watched { country: true, channels, spend, cells: self.sees_who_verified(), seen: true }
    }

    /// Looks at what a phone's next send is held to beside its record. Of the counters, what cannot be read is left out: it
    /// hides nothing else.
    pub async fn counters_of(&self, phone: &Phone) -> Counters {
        let watched = self.all_watched();
        let groups = Counters::keys(phone).map(|key| vec![key]).to_vec();
        let request = ReadRequest { groups, sums: watched.keys(phone), ..ReadRequest::default() };
        let answer = match self.store.read(&request).await {
            Ok(answer) => answer,
            Err(error) => {
                return Counters { own: Err(error.into()), prefix: None, calling: None, tally: Tally::default() };
            }
        };
        let value = |loaded: Loaded| loaded.values.into_iter().next().flatten();
        let values: Vec<_> = answer.groups.into_iter().map(|one| one.map(value)).collect();
        Counters::read(&values, answer.sums, &watched)
    }
}

/// The only value of a slot.
fn first(loaded: &Loaded) -> Option<&[u8]> {
    loaded.values.first().and_then(Option::as_deref)
}

/// How a send goes on after its counters.
pub(super) enum Admission {
    /// The same request came before, and this is what came of it.
    Replayed(Box<Applied<Reserved>>),
    /// It is counted; with the phone as it was loaded.
    Counted(Box<KnownSlot>, Box<Counted>),
}

/// What was seen while a send was counted.
#[derive(Default)]
pub(super) struct Counted {
    /// By what it was allowed.
    pub(super) allowance: Allowance,
    /// The sums that it was added to.
    pub(super) added: Added,
    /// The channels that have no room for another message.
    pub(super) full: BTreeSet<Channel>,
    /// The channel whose cap it was counted in: that of the provider that is asked first.
    pub(super) first: Option<Channel>,
    /// What it costs there, where that is known.
    pub(super) cost: Option<Cost>,
    /// What was spent by then in the currencies of the route, and when that was.
    pub(super) spent: Option<(BTreeMap<Currency, SumCounter>, Moment)>,
    /// What the directories said.
    pub(super) owners: Owners,
    /// What is known of the failures of the route's providers, in their order.
    pub(super) circuits: Vec<KnownCircuit>,
    /// In a dry run: how many more the prefix allows after this one.
    pub(super) prefix_left: Option<u32>,
    /// In a dry run: how many more the country allows after this one.
    pub(super) country_left: Option<u32>,
}

impl Counted {
    /// Notes where the message goes first, and what it costs there.
    fn first(&mut self, asked: &SendRequest<'_>, text: &str, tally: &Tally, now: Moment) {
        let place = asked.route.first(&self.circuits, &self.full, now);
        self.first = place.and_then(|place| Some(asked.route.provider(place)?.channel()));
        self.cost = place.and_then(|place| asked.cost(place, text));
        self.spent = Some((tally.spent.clone(), now));
    }

    fn foresee(&mut self, counters: &[(StoreKey, Counting<'_>)], loaded: &[Loaded]) {
        for ((key, counting), loaded) in counters.iter().zip(loaded) {
            if matches!(key, StoreKey::Prefix(_)) {
                self.prefix_left = counting.left(loaded);
            }
        }
    }
}

/// One thing that is counted before the phone itself.
enum Counting<'a> {
    /// Against quotas.
    Sends(&'a [Quota]),
    /// The arguments of an idempotency key, over all phones.
    Key(&'a str),
}

impl Counting<'_> {
    /// What would be left after one more send; `None` where no quota is set.
    fn left(&self, loaded: &Loaded) -> Option<u32> {
        let Self::Sends(quotas) = self else { return None };
        let held = loaded.values.first().and_then(Option::as_deref);
        Counter::read(held).ok()?.left(loaded.now, quotas).map(|left| left.saturating_sub(1))
    }

    /// `neighbor`: the end of the number, where close numbers are looked for.
    fn change(&self, key: &StoreKey, loaded: &Loaded, neighbor: Option<u16>) -> Result<Change, OperationError> {
        let held = loaded.values.first().cloned().flatten();
        let put = match self {
            Self::Sends(quotas) => {
                let counter = Counter::read(held.as_deref())?;
                let taken = counter.count(loaded.now, quotas, neighbor);
                Put::Set(taken.write(), taken.ttl(loaded.now))
            }
            Self::Key(arguments) => match &held {
                Some(held) if held != arguments.as_bytes() => {
                    is_plain(held)?;
                    return Err(OperationError::KeyReused);
                }
                _ => Put::Set(arguments.as_bytes().to_vec(), Ttl::For(REQUEST_KEPT)),
            },
        };
        let write = Write { key: key.clone(), loaded: held, put };
        Ok(Change::of(vec![write]))
    }
}
