//! What is loaded of a phone: the names of its keys, and what the rules see of their values.

use super::{OperationError, Operations};
use crate::layout::{Finding, MergeError, Merged, PhoneOperation};
use crate::otp::policy_entry::PhonePolicy;
use crate::otp::rules::PhoneState;
use crate::otp::{Owners, Phone, Record, Stored as _, Users};
use crate::store::{Loaded, StoreError, StoreKey};

/// A phone as it was loaded, the application's keys included.
pub(super) struct LoadedPhone<'a> {
    pub(super) known: PhoneState,
    /// A clock that was wrong is corrected in it, and the store does not know it yet.
    pub(super) is_clamped: bool,
    pub(super) merged: Box<dyn Merged + 'a>,
}

/// What a layout makes of what was loaded, and whether a clock that was wrong was corrected.
type MergedPhone<'a> = (Box<dyn Merged + 'a>, bool);

impl LoadedPhone<'_> {
    pub(super) fn findings(&self) -> &[Finding] {
        self.merged.findings()
    }
}

/// The keys of our own values of a phone that every step names.
pub(super) fn own_keys(phone: &Phone) -> Vec<StoreKey> {
    vec![StoreKey::Record(phone.clone()), StoreKey::Users(phone.clone())]
}

/// Reads what was loaded of our own values. The policy entry is what it is where it is among the keys.
pub(super) fn known(keys: &[StoreKey], loaded: &Loaded) -> Result<PhoneState, OperationError> {
    let mut known = PhoneState::default();
    for (key, value) in keys.iter().zip(&loaded.values) {
        let value = value.as_deref();
        match key {
            StoreKey::Record(_) => known.record = Record::read(value)?,
            StoreKey::Users(_) => known.users = Users::read(value)?,
            StoreKey::Policy(_) => known.policy = PhonePolicy::read(value)?,
            _ => {}
        }
    }
    Ok(known)
}

/// A store that answers less than it was asked breaks its contract.
pub(super) fn no_answer() -> OperationError {
    StoreError::Unreachable("it gave no answer".to_owned()).into()
}

impl Operations<'_> {
    /// The keys of a phone: ours, and the application's. A number that it has no key for has only ours.
    pub(super) async fn keys(&self, phone: &Phone) -> Result<Vec<StoreKey>, OperationError> {
        let mut keys = self.keys_of(std::slice::from_ref(phone)).await?;
        Ok(keys.pop().unwrap_or_default())
    }

    /// The same for who may ask the directories. Where a user is in the name of a key, they are asked before it is named.
    pub(super) async fn keys_asking(
        &self,
        phone: &Phone,
        owners: &mut Owners,
    ) -> Result<Vec<StoreKey>, OperationError> {
        let layout = self.layout.layout();
        if !layout.has_user_in_keys() || *owners == Owners::NoDirectory {
            return self.keys(phone).await;
        }
        let own = own_keys(phone);
        let loaded = self.store.load(std::slice::from_ref(&own)).await?;
        let mut known = known(&own, loaded.first().ok_or_else(no_answer)?).unwrap_or_default();
        known.owners = owners.clone();
        if known.is_unasked() {
            *owners = self.owners_of(phone).await?;
            known.owners = owners.clone();
        }
        let foreign = layout.keys(phone, known.only_user());
        Ok(own.into_iter().chain(foreign.into_iter().map(StoreKey::App)).collect())
    }

    /// The same with the policy entry, which a new code is held to. No other step names it: a Cluster that moves a slot
    /// lets nobody at several of its keys as long as one of them is missing, and most phones have no entry.
    pub(super) async fn keys_of_issue(
        &self,
        phone: &Phone,
        owners: &mut Owners,
    ) -> Result<Vec<StoreKey>, OperationError> {
        let mut keys = self.keys_asking(phone, owners).await?;
        keys.insert(own_keys(phone).len(), StoreKey::Policy(phone.clone()));
        Ok(keys)
    }

    /// The same with the history of the links, for a change of the users. No other step names it, for the same reason.
    pub(super) async fn keys_of_link(&self, phone: &Phone) -> Result<Vec<StoreKey>, OperationError> {
        let mut keys = self.keys(phone).await?;
        keys.insert(own_keys(phone).len(), StoreKey::LinkHistory(phone.clone()));
        Ok(keys)
    }

    /// Those of many phones. Where a user is in the name of a key, the users are looked up first, which costs a round trip.
    pub(super) async fn keys_of(&self, phones: &[Phone]) -> Result<Vec<Vec<StoreKey>>, OperationError> {
        let layout = self.layout.layout();
        let users = if layout.has_user_in_keys() {
            let groups: Vec<Vec<StoreKey>> = phones.iter().map(own_keys).collect();
            let loaded = self.load_each(&groups).await?;
            // A record that cannot be read is told where its values are read, and costs no other phone anything.
            let users = |keys: &[StoreKey], loaded: Result<Loaded, _>| known(keys, &loaded?).map(|known| known.users);
            groups.iter().zip(loaded).map(|(keys, loaded)| users(keys, loaded).unwrap_or_default()).collect()
        } else {
            Vec::new()
        };
        let keys = phones.iter().enumerate().map(|(at, phone)| {
            let foreign = layout.keys(phone, users.get(at).and_then(Users::only));
            own_keys(phone).into_iter().chain(foreign.into_iter().map(StoreKey::App)).collect()
        });
        Ok(keys.collect())
    }

    /// What was loaded of these keys, as the rules see it; `None`: the phone's user has changed since the keys were named,
    /// and with it the application's keys.
    pub(super) fn view<'s>(
        &'s self,
        phone: &'s Phone,
        keys: &[StoreKey],
        loaded: &Loaded,
        operation: PhoneOperation<'_>,
    ) -> Result<Option<LoadedPhone<'s>>, OperationError> {
        self.view_with(phone, (keys, loaded), operation, self.unasked())
    }

    /// The same with what the directories are known to say.
    pub(super) fn view_with<'s>(
        &'s self,
        phone: &'s Phone,
        (keys, loaded): (&[StoreKey], &Loaded),
        operation: PhoneOperation<'_>,
        owners: Owners,
    ) -> Result<Option<LoadedPhone<'s>>, OperationError> {
        let merged = self.merged(phone, (keys, loaded), operation, owners)?;
        Ok(merged.map(|(merged, is_clamped)| LoadedPhone { known: merged.state().clone(), is_clamped, merged }))
    }

    /// The state alone, for whoever only looks.
    pub(super) fn seen(
        &self,
        phone: &Phone,
        keys: &[StoreKey],
        loaded: &Loaded,
    ) -> Result<Option<PhoneState>, OperationError> {
        let merged = self.merged(phone, (keys, loaded), PhoneOperation::Other, self.unasked())?;
        Ok(merged.map(|(merged, _)| merged.into_state()))
    }

    /// What the layout makes of it, and whether a clock that was wrong was corrected.
    fn merged<'s>(
        &'s self,
        phone: &'s Phone,
        (keys, loaded): (&[StoreKey], &Loaded),
        operation: PhoneOperation<'_>,
        owners: Owners,
    ) -> Result<Option<MergedPhone<'s>>, OperationError> {
        let mut known = known(keys, loaded)?;
        known.owners = owners;
        let is_clamped = known.record.clamp(loaded.now, self.limits);
        let own = keys.iter().take_while(|key| !key.is_foreign()).count();
        let named = keys.iter().skip(own).map(|key| if let StoreKey::App(name) = key { name.as_str() } else { "" });
        let is_same = self.layout.layout().keys(phone, known.only_user()).iter().map(String::as_str).eq(named);
        let values = if is_same { loaded.values.iter().skip(own).cloned().collect() } else { return Ok(None) };
        Ok(Some((self.layout.merge(phone, known, values, loaded.now, operation)?, is_clamped)))
    }
}

impl From<MergeError> for OperationError {
    fn from(error: MergeError) -> Self {
        match error {
            MergeError::Unexpected { .. } => StoreError::Data(error.to_string()).into(),
            MergeError::UnknownKey(error) => Self::UnknownKey(error),
            MergeError::NoUser => Self::NoUser,
            MergeError::Ambiguous(users) => Self::Ambiguous(users),
        }
    }
}
