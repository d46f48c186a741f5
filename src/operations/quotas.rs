//! What is counted before the phone's own step: sends over many phones, and the arguments of an idempotency key.

use super::failure::full;
use super::loading::LoadedPhone;
use super::loading::no_answer;
use super::route::circuit;
use super::transact::{LOST, ROUNDS};
use super::{Applied, OperationError, Operations, ToSend};
use crate::layout::PhoneOperation;
use crate::otp::circuit::Circuit;
use crate::otp::counter::{Counter, Full};
use crate::otp::rules::{self, REQUEST_KEPT, ReserveRequest, Reserved};
use crate::otp::{Denied, Phone, Quota, Stored as _, Ttl, is_plain};
use crate::store::{Change, Committed, Loaded, Put, StoreError, StoreKey, Write};

impl Operations<'_> {
    /// Counts the send on the counters over many phones, each in its own step before the phone's: over-counting is
    /// safe. A send that the phone's own limits refuse is not counted, or one phone could use up a country.
    pub(super) async fn count(
        &self,
        asked: &ToSend<'_>,
        reservation: &ReserveRequest<'_>,
    ) -> Result<Counted, OperationError> {
        let mut counted = self.counters(asked, reservation);
        let circuit_cells = asked.route.circuits();
        let mut groups = vec![self.keys(asked.issue.phone).await?];
        let mut seen = Counted::default();
        let mut lost = 0;
        for _ in 0..ROUNDS {
            groups.truncate(1);
            groups.extend(counted.iter().map(|(cell, _)| cell).chain(&circuit_cells).map(|cell| vec![cell.clone()]));
            let loaded = self.store.load(&groups).await?;
            let Some((own, others)) = loaded.split_first() else { return Err(no_answer()) };
            let (others, circuits) = others.split_at_checked(counted.len()).ok_or_else(no_answer)?;
            seen.circuits = circuits.iter().map(circuit).collect();
            let view = self.view(asked.issue.phone, &groups[0], own, PhoneOperation::Other)?;
            let LoadedPhone { known, is_clamped, .. } = view.ok_or(OperationError::Contended)?;
            let decided = match rules::reserve(&known, own.now, self.limits, reservation) {
                Err(refused) => {
                    if is_clamped {
                        self.keep_clamped(asked.issue.phone).await?;
                    }
                    return Err(OperationError::refused(refused, own.now));
                }
                Ok(decided) => decided,
            };
            if matches!(decided.outcome, Reserved::Replayed(_)) {
                seen.earlier = Some(Applied { now: own.now, outcome: decided.outcome, known, unlocked: 0 });
                return Ok(seen);
            }
            let changes: Result<Vec<_>, _> =
                counted.iter().zip(others).map(|((cell, counting), loaded)| counting.change(cell, loaded)).collect();
            let changes = changes?;
            if self.dry_run {
                seen.foresee(&counted, others);
            }
            if self.dry_run || changes.is_empty() {
                return Ok(seen);
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
            counted.retain(|_| conflicts.next().unwrap_or(false));
            if counted.is_empty() {
                return Ok(seen);
            }
        }
        Err(OperationError::Contended)
    }

    /// What a send is counted on.
    fn counters<'a>(&'a self, asked: &ToSend<'_>, reservation: &ReserveRequest<'a>) -> Vec<(StoreKey, Counting<'a>)> {
        let phone = asked.issue.phone;
        let country = counted_country(phone);
        let mut counted = Vec::new();
        let neighbors = asked.route.real.then(|| phone.last_four());
        if neighbors.is_some() || !self.limits.per_prefix.is_empty() {
            let prefix = StoreKey::Prefix(phone.prefix().to_owned());
            counted.push((prefix, Counting::Sends(&self.limits.per_prefix, neighbors, "this prefix")));
        }
        if !self.limits.per_country.is_empty() {
            counted.push((StoreKey::Country(country), Counting::Sends(&self.limits.per_country, None, "this country")));
        }
        if let Some((key, arguments)) = reservation.request {
            counted.push((StoreKey::Request(key.to_owned()), Counting::Key(arguments)));
        }
        counted
    }
}

/// The sends that a phone's next one is counted with, as far as they can be read.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    /// To its prefix.
    pub prefix: Option<Counter>,
    /// To its country.
    pub country: Option<Counter>,
}

impl Operations<'_> {
    /// Looks at the counters over many phones. What cannot be read is left out: it hides nothing else.
    pub async fn counters_of(&self, phone: &Phone) -> Counters {
        let groups =
            [vec![StoreKey::Prefix(phone.prefix().to_owned())], vec![StoreKey::Country(counted_country(phone))]];
        let Ok(loaded) = self.load_each(&groups).await else { return Counters::default() };
        let mut counters = loaded.into_iter().map(|loaded| {
            let loaded = loaded.ok()?;
            Counter::read(loaded.values.first().and_then(Option::as_deref)).ok()
        });
        Counters { prefix: counters.next().flatten(), country: counters.next().flatten() }
    }
}

/// The name of a country's counter; a number of none has its calling code's.
fn counted_country(phone: &Phone) -> String {
    phone.country().map_or_else(|| format!("+{}", phone.calling_code()), |country| country.to_string())
}

/// What was seen while a send was counted.
#[derive(Default)]
pub(super) struct Counted {
    /// The same request came before, and this is what came of it.
    pub(super) earlier: Option<Applied<Reserved>>,
    /// What is known of the failures of the route's providers, in their order.
    pub(super) circuits: Vec<Circuit>,
    /// In a dry run: how many more the prefix stands after this one.
    pub(super) prefix_left: Option<u32>,
    /// In a dry run: how many more the country stands after this one.
    pub(super) country_left: Option<u32>,
}

impl Counted {
    fn foresee(&mut self, counted: &[(StoreKey, Counting<'_>)], loaded: &[Loaded]) {
        for ((cell, counting), loaded) in counted.iter().zip(loaded) {
            match cell {
                StoreKey::Prefix(_) => self.prefix_left = counting.left(loaded),
                StoreKey::Country(_) => self.country_left = counting.left(loaded),
                _ => {}
            }
        }
    }
}

/// One thing to be counted before the phone's own step.
enum Counting<'a> {
    /// Against quotas, and neighbors where there is a number to compare.
    Sends(&'a [Quota], Option<u16>, &'a str),
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

    fn change(&self, cell: &StoreKey, loaded: &Loaded) -> Result<Change, OperationError> {
        let held = loaded.values.first().cloned().flatten();
        let put = match self {
            Self::Sends(quotas, neighbors, whom) => {
                let counter = Counter::read(held.as_deref())?;
                let taken = counter.take(loaded.now, quotas, *neighbors).map_err(|over| match over {
                    Full::Quota(quota, until) => {
                        OperationError::Limited { why: full(whom, quota), wait: until.since(loaded.now) }
                    }
                    Full::Neighbors => Denied::Neighbors.into(),
                })?;
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
        let write = Write { key: cell.clone(), loaded: held, put };
        Ok(Change { writes: vec![write], append: None, allow_when_full: false })
    }
}
