//! What is loaded of a phone: the names of its keys, and what the rules see of their values.

use super::{OperationError, Operations};
use crate::layout::{Finding, MergeError, Merged, PhoneOperation};
use crate::otp::policy_entry::PhonePolicy;
use crate::otp::rules::PhoneState;
use crate::otp::{Phone, Record, Stored as _, Users};
use crate::store::{Loaded, StoreError, StoreKey};

/// A phone as it was loaded, the application's keys included.
pub(super) struct LoadedPhone<'a> {
    pub(super) known: PhoneState,
    /// A clock that was wrong is corrected in it, and the store does not know it yet.
    pub(super) is_clamped: bool,
    pub(super) merged: Box<dyn Merged + 'a>,
}

impl LoadedPhone<'_> {
    pub(super) fn findings(&self) -> &[Finding] {
        self.merged.findings()
    }
}

/// The keys of our own values of a phone.
pub(super) fn own_keys(phone: &Phone) -> Vec<StoreKey> {
    vec![StoreKey::Record(phone.clone()), StoreKey::Users(phone.clone()), StoreKey::Policy(phone.clone())]
}

/// Reads what was loaded of them.
pub(super) fn known(loaded: &Loaded) -> Result<PhoneState, OperationError> {
    let value = |index: usize| loaded.values.get(index).and_then(Option::as_deref);
    Ok(PhoneState {
        record: Record::read(value(0))?,
        users: Users::read(value(1))?,
        policy: PhonePolicy::read(value(2))?,
    })
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

    /// Those of many phones. Where a user is in the name of a key, the users are looked up first, which costs a round trip.
    pub(super) async fn keys_of(&self, phones: &[Phone]) -> Result<Vec<Vec<StoreKey>>, OperationError> {
        let layout = self.layout.layout();
        let users = if layout.has_user_in_keys() {
            let groups: Vec<Vec<StoreKey>> = phones.iter().map(own_keys).collect();
            let loaded = self.load_each(&groups).await?;
            // A record that cannot be read is told where its values are read, and costs no other phone anything.
            let users = |loaded: Result<Loaded, _>| loaded.and_then(|loaded| known(&loaded)).map(|known| known.users);
            loaded.into_iter().map(|loaded| users(loaded).unwrap_or_default()).collect()
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
        let mut known = known(loaded)?;
        let is_clamped = known.record.clamp(loaded.now, self.limits);
        let own = own_keys(phone).len();
        let named = keys.iter().skip(own).map(|key| if let StoreKey::App(name) = key { name.as_str() } else { "" });
        let is_same = self.layout.layout().keys(phone, known.users.only()).iter().map(String::as_str).eq(named);
        let values = if is_same { loaded.values.iter().skip(own).cloned().collect() } else { return Ok(None) };
        let merged = self.layout.merge(phone, known, values, loaded.now, operation)?;
        Ok(Some(LoadedPhone { known: merged.state().clone(), is_clamped, merged }))
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
