//! What is known of one phone. It only reads.

use std::time::Duration;

use super::loading::no_answer;
use super::{Counters, OperationError, Operations, Tokens};
use crate::layout::{Finding, PhoneOperation};
use crate::otp::circuit::Circuit;
use crate::otp::rules::PhoneState;
use crate::otp::{EVENTS_KEPT, Event, Moment, Phone, Stored as _};
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

/// Values, each with its own result.
type Values = Vec<Result<Option<Vec<u8>>, StoreError>>;

impl Operations<'_> {
    /// Reads one phone and its timeline, both at once.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn snapshot(&self, phone: &Phone) -> Result<PhoneSnapshot, OperationError> {
        self.read_phone(phone, Vec::new(), Vec::new()).await.map(|(snapshot, ..)| snapshot)
    }

    /// The same with everything else that decides a send to it, at once too. `providers`: those whose failures count.
    ///
    /// # Errors
    /// When the store fails. What is beside the phone and cannot be read is left out: it hides nothing else.
    pub async fn whole_snapshot(
        &self,
        phone: &Phone,
        providers: &[&str],
    ) -> Result<(PhoneSnapshot, Counters, Vec<Circuit>), OperationError> {
        let circuits = providers.iter().map(|name| StoreKey::Provider((*name).to_owned()));
        let others: Vec<StoreKey> = Counters::keys(phone).into_iter().chain(circuits).collect();
        let counted = others.len() - providers.len();
        let watched = Counters::watched(self.sees_who_verified());
        let (snapshot, values, sums) = self.read_phone(phone, others, watched.keys(phone)).await?;
        let (counters, circuits) = values.split_at(counted.min(values.len()));
        let circuit = |value: &Result<Option<Vec<u8>>, StoreError>| {
            let value = value.as_ref().ok().and_then(Option::as_deref);
            Circuit::read(value).unwrap_or_default()
        };
        Ok((snapshot, Counters::read(counters, sums, watched), circuits.iter().map(circuit).collect()))
    }

    /// A phone, the values of other keys, and sums, each with its own result, in one round trip.
    async fn read_phone(
        &self,
        phone: &Phone,
        others: Vec<StoreKey>,
        sums: Vec<StoreKey>,
    ) -> Result<(PhoneSnapshot, Values, Vec<Result<Sums, StoreError>>), OperationError> {
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
