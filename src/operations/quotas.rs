//! What is counted before the phone itself: sends over many phones, and the arguments of an idempotency key.

use super::known_slot::KnownSlot;
use super::loading::{LoadedPhone, no_answer};
use super::route::KnownCircuit;
use super::transact::{LOST, ROUNDS};
use super::{Applied, OperationError, Operations, SendRequest};
use crate::layout::PhoneOperation;
use crate::otp::counter::Counter;
use crate::otp::policy_entry::CallingPolicy;
use crate::otp::rules::{self, Allowance, REQUEST_KEPT, ReserveRequest, Reserved, SendContext};
use crate::otp::{Phone, Quota, Stored as _, Ttl, is_plain};
use crate::store::{Change, Committed, Loaded, Put, StoreError, StoreKey, Write};

impl Operations<'_> {
    /// Loads all that decides a send, and counts it on the counters over many phones, each atomic by itself. They are
    /// committed before the code is reserved, never with it: a code must not be valid that a counter then refuses, and
    /// over-counting is safe. A send that the phone's own limits refuse is not counted, or one phone could use up a
    /// country.
    pub(super) async fn count(
        &self,
        asked: &SendRequest<'_>,
        reservation: &ReserveRequest<'_>,
        operation: PhoneOperation<'_>,
    ) -> Result<Admission, OperationError> {
        let phone = asked.issue.phone;
        let mut counters = self.counters(asked, reservation);
        let circuit_keys = asked.route.circuits();
        let mut own_keys = self.keys(phone).await?;
        let mut counted = Counted::default();
        let mut lost = 0;
        for _ in 0..ROUNDS {
            let others = counters.iter().map(|(key, _)| key).chain(&circuit_keys);
            let others = others.map(|key| vec![key.clone()]);
            let calling = vec![StoreKey::CallingPolicy(phone.calling_code())];
            let groups = [own_keys.clone(), calling].into_iter().chain(others).collect();
            let mut slots = self.load_slots(groups).await?.into_iter();
            let (slot, calling) = slots.next().zip(slots.next()).ok_or_else(no_answer)?;
            let calling = CallingPolicy::read(first(&calling.loaded))?;
            let others: Vec<Loaded> = slots.by_ref().take(counters.len()).map(|slot| slot.loaded).collect();
            counted.circuits = slots.map(KnownCircuit::read).collect();
            let now = slot.loaded.now;
            let Some(view) = self.view(phone, &slot.keys, &slot.loaded, operation)? else {
                own_keys = self.keys(phone).await?;
                continue;
            };
            let LoadedPhone { known, is_clamped, .. } = view;
            // What was asked for before is answered before anything else.
            let reserved = match rules::reserve(&known, now, self.limits, reservation) {
                Ok(decision) if matches!(decision.outcome, Reserved::Replayed(_)) => {
                    let earlier = Applied { now, outcome: decision.outcome, known, unlocked: 0 };
                    return Ok(Admission::Replayed(Box::new(earlier)));
                }
                reserved => reserved.map(|_| ()),
            };
            let read = |wanted: fn(&StoreKey) -> bool| {
                let found = counters.iter().zip(&others).find(|((key, _), _)| wanted(key));
                found.map(|(_, loaded)| Counter::read(first(loaded))).transpose()
            };
            let (prefix, country) =
                (read(|key| matches!(key, StoreKey::Prefix(_)))?, read(|key| matches!(key, StoreKey::Country(_)))?);
            let context = SendContext {
                phone,
                purpose: reservation.purpose,
                policy: asked.policy,
                limits: self.limits,
                real: asked.route.real,
                calling: Some(&calling),
                prefix: prefix.as_ref(),
                country: country.as_ref(),
            };
            counted.allowance = rules::allowance(&known, now, &context);
            // The request itself may be wrong, which no rule of the phone knows of.
            let refused = match (reserved, counted.allowance.refused.take()) {
                (Err(wrong), _) if wrong.is_of_request() => Some(wrong),
                (reserved, refused) => refused.or(reserved.err()),
            };
            if let Some(refused) = refused {
                if is_clamped {
                    self.keep_clamped(phone).await?;
                }
                return Err(OperationError::refused(refused, now));
            }
            let changes = counters.iter().zip(&others).map(|((key, counting), loaded)| counting.change(key, loaded));
            let changes = changes.collect::<Result<Vec<_>, _>>()?;
            if self.dry_run {
                counted.foresee(&counters, &others);
            }
            if self.dry_run || changes.is_empty() {
                return Ok(Admission::Counted(slot, counted));
            }
            let committed = match self.store.commit(&changes).await {
                // Nothing is sent yet, and counting it twice is safe.
                Err(StoreError::Unknown(_)) if lost < LOST => {
                    lost += 1;
                    continue;
                }
                committed => committed?,
            };
            let mut conflicts = committed.iter().map(|committed| *committed == Committed::Conflict);
            counters.retain(|_| conflicts.next().unwrap_or(false));
            if counters.is_empty() {
                return Ok(Admission::Counted(slot, counted));
            }
        }
        Err(OperationError::Contended)
    }

    async fn load_slots(&self, groups: Vec<Vec<StoreKey>>) -> Result<Vec<KnownSlot>, OperationError> {
        let loaded = self.store.load(&groups).await?;
        if loaded.len() != groups.len() {
            return Err(no_answer());
        }
        Ok(groups.into_iter().zip(loaded).map(|(keys, loaded)| KnownSlot::new(keys, loaded)).collect())
    }

    /// What a send is counted on.
    fn counters<'a>(
        &'a self,
        asked: &SendRequest<'_>,
        reservation: &ReserveRequest<'a>,
    ) -> Vec<(StoreKey, Counting<'a>)> {
        let phone = asked.issue.phone;
        let mut counters = Vec::new();
        let neighbors = asked.route.real.then(|| phone.last_four());
        if neighbors.is_some() || !self.limits.per_prefix.is_empty() {
            let prefix = StoreKey::Prefix(phone.prefix().to_owned());
            counters.push((prefix, Counting::Sends(&self.limits.per_prefix, neighbors)));
        }
        if !self.limits.per_country.is_empty() {
            let country = StoreKey::Country(counted_country(phone));
            counters.push((country, Counting::Sends(&self.limits.per_country, None)));
        }
        if let Some((key, arguments)) = reservation.request {
            counters.push((StoreKey::Request(key.to_owned()), Counting::Key(arguments)));
        }
        counters
    }
}

/// The sends that a phone's next one is counted with, as far as they can be read.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    /// To its prefix.
    pub prefix: Option<Counter>,
    /// To its country.
    pub country: Option<Counter>,
    /// The policy entries of its calling code.
    pub calling: Option<CallingPolicy>,
}

impl Counters {
    /// Their keys.
    pub(super) fn keys(phone: &Phone) -> [StoreKey; 3] {
        [
            StoreKey::Prefix(phone.prefix().to_owned()),
            StoreKey::Country(counted_country(phone)),
            StoreKey::CallingPolicy(phone.calling_code()),
        ]
    }

    /// What was loaded of them, in that order. What could not be read is not known; what is not there is empty.
    pub(super) fn read<E>(values: &[Result<Option<Vec<u8>>, E>]) -> Self {
        let at = |place: usize| values.get(place)?.as_ref().ok().map(Option::as_deref);
        Self {
            prefix: at(0).and_then(|value| Counter::read(value).ok()),
            country: at(1).and_then(|value| Counter::read(value).ok()),
            calling: at(2).and_then(|value| CallingPolicy::read(value).ok()),
        }
    }
}

impl Operations<'_> {
    /// Looks at the counters over many phones. What cannot be read is left out: it hides nothing else.
    pub async fn counters_of(&self, phone: &Phone) -> Counters {
        let Ok(loaded) = self.load_each(&Counters::keys(phone).map(|key| vec![key])).await else {
            return Counters::default();
        };
        let value = |loaded: Loaded| loaded.values.into_iter().next().flatten();
        Counters::read(&loaded.into_iter().map(|one| one.map(value)).collect::<Vec<_>>())
    }
}

/// The only value of a slot.
fn first(loaded: &Loaded) -> Option<&[u8]> {
    loaded.values.first().and_then(Option::as_deref)
}

/// The name of a country's counter; a number of none has its calling code's.
fn counted_country(phone: &Phone) -> String {
    phone.country().map_or_else(|| format!("+{}", phone.calling_code()), |country| country.to_string())
}

/// How a send goes on after its counters.
pub(super) enum Admission {
    /// The same request came before, and this is what came of it.
    Replayed(Box<Applied<Reserved>>),
    /// It is counted; with the phone as it was loaded.
    Counted(KnownSlot, Counted),
}

/// What was seen while a send was counted.
#[derive(Default)]
pub(super) struct Counted {
    /// By what it was allowed.
    pub(super) allowance: Allowance,
    /// What is known of the failures of the route's providers, in their order.
    pub(super) circuits: Vec<KnownCircuit>,
    /// In a dry run: how many more the prefix allows after this one.
    pub(super) prefix_left: Option<u32>,
    /// In a dry run: how many more the country allows after this one.
    pub(super) country_left: Option<u32>,
}

impl Counted {
    fn foresee(&mut self, counters: &[(StoreKey, Counting<'_>)], loaded: &[Loaded]) {
        for ((key, counting), loaded) in counters.iter().zip(loaded) {
            match key {
                StoreKey::Prefix(_) => self.prefix_left = counting.left(loaded),
                StoreKey::Country(_) => self.country_left = counting.left(loaded),
                _ => {}
            }
        }
    }
}

/// One thing that is counted before the phone itself.
enum Counting<'a> {
    /// Against quotas, and neighbors where there is a number to compare.
    Sends(&'a [Quota], Option<u16>),
    /// The arguments of an idempotency key, over all phones.
    Key(&'a str),
}

impl Counting<'_> {
    /// What would be left after one more send; `None` where no quota is set.
    fn left(&self, loaded: &Loaded) -> Option<u32> {
        let Self::Sends(quotas, ..) = self else { return None };
        let held = loaded.values.first().and_then(Option::as_deref);
        Counter::read(held).ok()?.left(loaded.now, quotas).map(|left| left.saturating_sub(1))
    }

    fn change(&self, key: &StoreKey, loaded: &Loaded) -> Result<Change, OperationError> {
        let held = loaded.values.first().cloned().flatten();
        let put = match self {
            Self::Sends(quotas, neighbors) => {
                let counter = Counter::read(held.as_deref())?;
                let taken = counter.count(loaded.now, quotas, *neighbors);
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
