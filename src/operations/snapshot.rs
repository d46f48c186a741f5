//! What is known of one phone. It only reads.

use super::loading::no_answer;
use super::{OperationError, Operations, Tokens};
use crate::layout::{Finding, PhoneOperation};
use crate::otp::rules::PhoneState;
use crate::otp::{EVENTS_KEPT, Event, Moment, Phone};
use crate::store::{Loaded, StoreError, StoreKey};

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
}

impl Operations<'_> {
    /// Reads one phone and its timeline, both at once.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn snapshot(&self, phone: &Phone) -> Result<PhoneSnapshot, OperationError> {
        let groups = [self.keys(phone).await?];
        let (loaded, timeline) = tokio::join!(self.store.load(&groups), self.store.timeline(phone, EVENTS_KEPT));
        let loaded = loaded?;
        let loaded = loaded.first().ok_or_else(no_answer)?;
        let (timeline, unreadable) = match timeline {
            Err(StoreError::Data(why)) => (Vec::new(), Some(why)),
            timeline => (timeline?, None),
        };
        let view = self.view(phone, &groups[0], loaded, PhoneOperation::Other)?.ok_or(OperationError::Contended)?;
        let findings = view.findings().to_vec();
        let tokens = self.tokens(&view.known.users, loaded.now).await?;
        Ok(PhoneSnapshot { now: loaded.now, known: view.known, timeline, unreadable, findings, tokens })
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
