//! Phones page by page: those that we have records of, then those that only the application has codes of.

use super::Operations;
use crate::layout::Layout;
use crate::otp::Phone;
use crate::store::{Page, StoreError, StoreKey};

impl Operations<'_> {
    /// One scan after the other: our records, then the application's keys of each purpose, less those of phones that were
    /// found before. The cursor says which scan it is.
    ///
    /// # Errors
    /// When the store fails, or the cursor is none that this gave.
    pub async fn phones(&self, cursor: Option<&str>, page: usize) -> Result<Page<String>, StoreError> {
        let layout = self.layout.layout();
        let patterns = layout.scan_patterns();
        if patterns.is_empty() {
            return self.store.phones(cursor, page).await;
        }
        let (scan, inner) = match cursor {
            None => (0, None),
            Some(cursor) => {
                let (scan, inner) = cursor.split_once('/').ok_or(StoreError::Cursor)?;
                (scan.parse::<usize>().map_err(|_| StoreError::Cursor)?, Some(inner).filter(|inner| !inner.is_empty()))
            }
        };
        let page = match scan.checked_sub(1) {
            None => self.store.phones(inner, page).await?,
            Some(nth) => {
                let pattern = patterns.get(nth).ok_or(StoreError::Cursor)?;
                let keys = self.store.keys(Some(pattern), inner, page).await?;
                let names = keys.found.iter().filter_map(|key| std::str::from_utf8(&key.name).ok());
                let phones = names.filter_map(|name| layout.phone_of_key(nth, name)).collect();
                let found = self.only_theirs(layout, nth, phones).await?;
                Page { found, next: keys.next, missing: keys.missing }
            }
        };
        let next = match page.next {
            Some(inner) => Some(format!("{scan}/{inner}")),
            None => (scan < patterns.len()).then(|| format!("{}/", scan + 1)),
        };
        Ok(Page { next, ..page })
    }

    /// The phones of which there is no record, nor a key of a purpose that comes earlier.
    async fn only_theirs(
        &self,
        layout: &dyn Layout,
        nth: usize,
        phones: Vec<Phone>,
    ) -> Result<Vec<String>, StoreError> {
        let groups: Vec<Vec<StoreKey>> = phones
            .iter()
            .map(|phone| {
                let earlier = layout.code_keys(phone).into_iter().take(nth).map(StoreKey::App);
                std::iter::once(StoreKey::Record(phone.clone())).chain(earlier).collect()
            })
            .collect();
        let known = self.store.exist(&groups).await?;
        let unknown = phones.into_iter().zip(known).filter(|(_, known)| !known);
        Ok(unknown.map(|(phone, _)| phone.as_str().to_owned()).collect())
    }
}
