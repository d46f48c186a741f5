//! Numbers that may have been meant instead of one that nothing was requested for: those that are nearly the same, and
//! the other phones of its users.

use super::{Operations, PhoneSnapshot};
use crate::otp::diagnosis::{Nearness, candidates, waits_since};
use crate::otp::{Moment, Phone, Record, Stored as _};
use crate::store::StoreKey;

/// A number that waits for a code.
#[derive(Debug, Clone)]
pub struct Nearby {
    pub phone: Phone,
    /// How it is near.
    pub how: Nearness,
    /// When a code was requested for it.
    pub at: Moment,
}

impl Operations<'_> {
    /// The newest first. What cannot be read is left out: it hides nothing else.
    pub async fn nearby(&self, phone: &Phone, snapshot: &PhoneSnapshot) -> Vec<Nearby> {
        let mut numbers = candidates(phone);
        for link in &snapshot.known.users.users {
            let Ok(phones) = self.phones_of(&link.user).await else { continue };
            let others = phones.into_iter().map(|(other, _)| other).filter(|other| other != phone);
            numbers.extend(others.map(|other| (other, Nearness::User(link.user.clone()))));
        }
        let groups: Vec<Vec<StoreKey>> = numbers.iter().map(|(near, _)| vec![StoreKey::Record(near.clone())]).collect();
        let Ok(loaded) = self.load_reachable(&groups).await else { return Vec::new() };
        let mut found: Vec<Nearby> = numbers
            .into_iter()
            .zip(loaded)
            .filter_map(|((phone, how), loaded)| {
                let loaded = loaded.ok()?;
                let record = Record::read(loaded.values.first().and_then(Option::as_deref)).ok()?;
                let at = waits_since(&record, loaded.now)?;
                Some(Nearby { phone, how, at })
            })
            .collect();
        found.sort_by_key(|near| std::cmp::Reverse(near.at));
        found
    }
}
