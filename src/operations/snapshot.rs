//! What is known of one phone. It only reads.

use std::time::Duration;

use super::loading::no_answer;
use super::tally::counted_country;
use super::{Counters, OperationError, Operations, PhoneLinks, Tokens};
use crate::layout::{Finding, PhoneOperation};
use crate::otp::circuit::Circuit;
use crate::otp::rules::PhoneState;
use crate::otp::stats::{Cell, HALF_HOUR, Route, half_hour};
use crate::otp::{Channel, EVENTS_KEPT, Event, Moment, Phone, Stored as _};
use crate::store::{Loaded, ReadAnswer, ReadRequest, StoreError, StoreKey, Sums, Timeline};

/// All that is known of one phone.
#[derive(Debug, Clone)]
pub struct PhoneSnapshot {
    /// The store's time.
    pub now: Moment,
    /// Its record and users.
    pub known: PhoneState,
    /// Its newest events, the newest first.
    pub timeline: Vec<Event>,
    /// Why the timeline cannot be read, where it cannot. It hides nothing else.
    pub unreadable: Option<String>,
    /// What the owner of an application that keeps the codes should know.
    pub findings: Vec<Finding>,
    /// The challenges of the phone's tokens, where privacyIDEA keeps them.
    pub tokens: Option<Tokens>,
    /// How long ago its server was started with nothing in it, where it says so.
    pub began_empty: Option<Duration>,
}

/// A phone, and what is beside it.
#[derive(Debug, Clone)]
pub struct WholeSnapshot {
    pub snapshot: PhoneSnapshot,
    /// What became of its users.
    pub links: PhoneLinks,
    pub counters: Counters,
    /// What is known of the failures of the providers, in their order.
    pub circuits: Vec<Circuit>,
    /// What became of codes in its country lately, by these providers.
    pub cells: Vec<Cell>,
}

/// So far back goes what is compared with the last hour.
const COUNTED: Duration = Duration::from_secs(25 * 60 * 60);

/// A phone, values and sums, as they were read.
type Read = (PhoneSnapshot, Vec<Result<Option<Vec<u8>>, StoreError>>, Vec<Result<Sums, StoreError>>);

impl Operations<'_> {
    /// Reads one phone and its timeline, both at once.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn snapshot(&self, phone: &Phone) -> Result<PhoneSnapshot, OperationError> {
        self.read_phone(phone, Vec::new(), Vec::new()).await.map(|(snapshot, ..)| snapshot)
    }

    /// The same with everything else that says why it gets no code, at once too. `providers`: those whose failures count;
    /// `counted`: those of them whose numbers are read.
    ///
    /// # Errors
    /// When the store fails. What is beside the phone and cannot be read is left out: it hides nothing else.
    pub async fn whole_snapshot(
        &self,
        phone: &Phone,
        providers: &[&str],
        counted: &[(&str, Channel)],
    ) -> Result<WholeSnapshot, OperationError> {
        let circuits = providers.iter().map(|name| StoreKey::Provider((*name).to_owned()));
        let mut others: Vec<StoreKey> = Counters::keys(phone).into_iter().chain(circuits).collect();
        let first = others.len() - providers.len();
        others.push(StoreKey::LinkHistory(phone.clone()));
        let watched = self.all_watched();
        let mut sums = watched.keys(phone);
        let beside = sums.len();
        // The machine's clock only names what is read: the store's decides what is in time.
        let to = half_hour((self.clock)());
        let from = half_hour((self.clock)().before(COUNTED));
        let halves = || (0..).map(|step| from + step * HALF_HOUR).take_while(|half| *half <= to);
        let country = counted_country(phone);
        let named = counted.iter().flat_map(|(name, channel)| {
            let route = Route { provider: (*name).to_owned(), channel: channel.to_string() };
            halves().map(move |half| (route.clone(), half))
        });
        let named: Vec<(Route, i64)> = named.collect();
        sums.extend(named.iter().map(|(route, half)| {
            StoreKey::Stats(country.clone(), *half, route.provider.clone(), route.channel.clone())
        }));
        let (mut snapshot, mut values, mut sums) = self.read_phone(phone, others, sums).await?;
        let links = match values.pop() {
            Some(Ok(links)) => PhoneLinks::read(links.as_deref(), snapshot.now),
            Some(Err(error)) => PhoneLinks { unreadable: Some(error.to_string()), ..PhoneLinks::default() },
            None => PhoneLinks::default(),
        };
        let numbers = sums.split_off(beside.min(sums.len()));
        let (counters, circuits) = values.split_at(first.min(values.len()));
        let circuit = |value: &Result<Option<Vec<u8>>, StoreError>| {
            let value = value.as_ref().ok().and_then(Option::as_deref);
            Circuit::read(value).unwrap_or_default()
        };
        let cells = named.into_iter().zip(numbers).filter_map(|((route, half_hour), sums)| {
            let fields = sums.ok()?.fields;
            (!fields.is_empty()).then(|| Cell { country: country.clone(), half_hour, route, fields })
        });
        let circuits = circuits.iter().map(circuit).collect();
        let counters = Counters::read(counters, sums, &watched);
        snapshot.known = counters.hold(snapshot.known)?;
        Ok(WholeSnapshot { snapshot, links, counters, circuits, cells: cells.collect() })
    }

    /// A phone, the values of other keys and sums, each with its own result, in one round trip.
    async fn read_phone(
        &self,
        phone: &Phone,
        others: Vec<StoreKey>,
        sums: Vec<StoreKey>,
    ) -> Result<Read, OperationError> {
        let keys = self.keys(phone).await?;
        let groups = std::iter::once(keys.clone()).chain(others.into_iter().map(|key| vec![key])).collect();
        let (timelines, began_empty) = (vec![(phone.clone(), EVENTS_KEPT)], Some(phone.clone()));
        let request = ReadRequest { groups, timelines, sums, began_empty };
        let ReadAnswer { groups, timelines, sums, began_empty } = self.store.read(&request).await?;
        let mut groups = groups.into_iter();
        let loaded = groups.next().ok_or_else(no_answer)??;
        let (timeline, unreadable) = match timelines.into_iter().next().ok_or_else(no_answer)? {
            Err(StoreError::Data(why)) => (Vec::new(), Some(why)),
            Ok(Timeline { events, broken: 0, .. }) => (events, None),
            Ok(Timeline { events, broken, .. }) => (events, Some(format!("{broken} of its lines are broken"))),
            Err(error) => return Err(error.into()),
        };
        let view = self.view(phone, &keys, &loaded, PhoneOperation::Other)?.ok_or(OperationError::Contended)?;
        let findings = view.findings().to_vec();
        let tokens = self.tokens(&view.known.users, loaded.now).await?;
        let (now, known) = (loaded.now, view.known);
        let snapshot = PhoneSnapshot { now, known, timeline, unreadable, findings, tokens, began_empty };
        let values = groups.map(|loaded| loaded.map(|loaded| loaded.values.into_iter().next().flatten()));
        Ok((snapshot, values.collect(), sums))
    }

    /// The values of each group. Where one of them cannot be read at all, each is loaded by itself, so that it costs the
    /// others nothing but time.
    pub(super) async fn load_each(
        &self,
        groups: &[Vec<StoreKey>],
    ) -> Result<Vec<Result<Loaded, OperationError>>, OperationError> {
        self.load_unless(groups, |error| matches!(error, StoreError::Data(_))).await
    }

    /// As [`Self::load_each`], for the other side of something that was read: its node of a Cluster may be down, while
    /// others are not.
    pub(super) async fn load_reachable(
        &self,
        groups: &[Vec<StoreKey>],
    ) -> Result<Vec<Result<Loaded, OperationError>>, OperationError> {
        self.load_unless(groups, |error| matches!(error, StoreError::Data(_) | StoreError::Unreachable(_))).await
    }

    async fn load_unless(
        &self,
        groups: &[Vec<StoreKey>],
        of_one: impl Fn(&StoreError) -> bool,
    ) -> Result<Vec<Result<Loaded, OperationError>>, OperationError> {
        match self.store.load(groups).await {
            Err(error) if of_one(&error) && groups.len() == 1 => return Ok(vec![Err(error.into())]),
            Err(error) if of_one(&error) => {}
            loaded => return Ok(loaded?.into_iter().map(Ok).collect()),
        }
        // All of them once more, each with its own result. Where there is none that can be read, each is asked by itself.
        let request = ReadRequest { groups: groups.to_vec(), ..ReadRequest::default() };
        match self.store.read(&request).await {
            Err(error) if of_one(&error) => {}
            Err(error) => return Err(error.into()),
            Ok(answer) => {
                let part = |part: Result<Loaded, StoreError>| match part {
                    Err(error) if !of_one(&error) => Err(error.into()),
                    part => Ok(part.map_err(OperationError::from)),
                };
                return answer.groups.into_iter().map(part).collect();
            }
        }
        let mut each = Vec::with_capacity(groups.len());
        for group in groups {
            each.push(match self.store.load(std::slice::from_ref(group)).await {
                Err(error) if of_one(&error) => Err(error.into()),
                loaded => Ok(loaded?.into_iter().next().ok_or_else(no_answer)?),
            });
        }
        Ok(each)
    }
}
