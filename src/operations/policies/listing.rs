//! All policy entries: those of prefixes and countries by the calling codes, those of phones by their index.

use super::super::{OperationError, Operations, Skipped};
use crate::otp::policy_entry::{CallingPolicy, PARTS, PhonePolicy, PolicyEntry, PolicyIndex, Scope};
use crate::otp::{Moment, Phone, Stored as _, calling_codes};
use crate::store::{Loaded, StoreError, StoreKey};

/// So many phones are read at a time.
const PAGE: usize = 200;

/// One entry, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedEntry {
    pub scope: Scope,
    pub entry: PolicyEntry,
}

/// All entries that could be read.
#[derive(Debug, Clone, Default)]
pub struct PolicyPage {
    /// Countries and prefixes by their names, then phones, the newest first.
    pub found: Vec<ListedEntry>,
    /// Phones whose entries are not understood.
    pub skipped: Vec<Skipped>,
    /// Why parts of the store could not be read.
    pub missing: Vec<OperationError>,
    /// The store's time.
    pub now: Option<Moment>,
}

impl Operations<'_> {
    /// Every entry that holds.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn policies(&self) -> Result<PolicyPage, OperationError> {
        let codes = calling_codes().map(StoreKey::CallingPolicy);
        let keys: Vec<Vec<StoreKey>> =
            codes.chain((0..PARTS).map(StoreKey::PolicyIndex)).map(|key| vec![key]).collect();
        let mut page = PolicyPage::default();
        let mut phones = Vec::new();
        for (key, loaded) in keys.iter().flatten().zip(self.load_reachable(&keys).await?) {
            let loaded = match loaded {
                Ok(loaded) => loaded,
                Err(error) => {
                    page.missing.push(error);
                    continue;
                }
            };
            page.now = page.now.max(Some(loaded.now));
            let read = match key {
                StoreKey::CallingPolicy(_) => {
                    CallingPolicy::read(first(&loaded)).map(|calling| page.take(calling, loaded.now))
                }
                _ => PolicyIndex::read(first(&loaded)).map(|index| phones.extend(index.phones.into_keys())),
            };
            if let Err(unreadable) = read {
                page.missing.push(StoreError::Data(format!("`{}`: {unreadable}", key.name())).into());
            }
        }
        if page.missing.len() == keys.len() {
            return Err(page.missing.swap_remove(0));
        }
        // A node of a Cluster that is not there has many of them.
        page.missing.dedup();
        page.found.sort_by_cached_key(|listed| listed.scope.calling().map(|(_, name)| name));
        let phones: Vec<Phone> = phones.iter().filter_map(|number| Phone::parse(number, None).ok()).collect();
        let mut of_phones = Vec::new();
        for phones in phones.chunks(PAGE) {
            let keys: Vec<Vec<StoreKey>> = phones.iter().map(|phone| vec![StoreKey::Policy(phone.clone())]).collect();
            for (phone, loaded) in phones.iter().zip(self.load_reachable(&keys).await?) {
                let read = loaded.and_then(|loaded| Ok((PhonePolicy::read(first(&loaded))?, loaded.now)));
                match read {
                    Ok((own, now)) => of_phones.extend(
                        own.held(now)
                            .map(|entry| ListedEntry { scope: Scope::Phone(phone.clone()), entry: entry.clone() }),
                    ),
                    Err(error) => page.skipped.push(Skipped { phone: phone.clone(), error }),
                }
            }
        }
        of_phones.sort_by_key(|listed| std::cmp::Reverse(listed.entry.since));
        page.found.extend(of_phones);
        Ok(page)
    }
}

impl PolicyPage {
    fn take(&mut self, calling: CallingPolicy, now: Moment) {
        for (name, entry) in calling.entries {
            let Some(entry) = entry.at(now).cloned() else { continue };
            let scope = match name.parse() {
                Ok(prefix) => Some(Scope::Prefix(prefix)),
                Err(_) => name.parse().ok().map(Scope::Country),
            };
            self.found.extend(scope.map(|scope| ListedEntry { scope, entry }));
        }
    }
}

fn first(loaded: &Loaded) -> Option<&[u8]> {
    loaded.values.first().and_then(Option::as_deref)
}
