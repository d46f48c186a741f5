//! The phones of a store whose codes an application keeps: those that we know, and those that only it knows.

use super::failure::Doing;
use super::way::Ask;
use super::{Redis, to};
use crate::otp::Phone;
use crate::otp::layout::Layout;
use crate::store::{Cell, Page, StoreError};

impl Redis {
    /// One scan after the other: our records, then the application's keys of each purpose, less those of phones that
    /// were found before. The cursor says which scan it is.
    pub(super) async fn phones_of_both(&self, cursor: Option<&str>, page: usize) -> Result<Page<String>, StoreError> {
        let Some(layout) = &self.keys.layout else { return Ok(Page::default()) };
        let (stage, inner) = match cursor {
            None => (0, None),
            Some(cursor) => {
                let (stage, inner) = cursor.split_once('/').ok_or(StoreError::Cursor)?;
                (stage.parse::<usize>().map_err(|_| StoreError::Cursor)?, Some(inner).filter(|inner| !inner.is_empty()))
            }
        };
        let patterns: Vec<String> = layout.patterns().collect();
        let (found, next) = match stage.checked_sub(1) {
            None => {
                let (keys, next) = self.scan(self.keys.records(), "string", inner, page).await?;
                (keys.iter().filter_map(|key| self.keys.phone_of(key)).collect(), next)
            }
            Some(place) => {
                let pattern = patterns.get(place).ok_or(StoreError::Cursor)?;
                let (keys, next) = self.scan(pattern.clone(), layout.redis_type(), inner, page).await?;
                let phones = keys.iter().filter_map(|key| layout.phone_of(place, key)).collect();
                (self.only_theirs(layout, place, phones).await?, next)
            }
        };
        let next = match next {
            Some(inner) => Some(format!("{stage}/{inner}")),
            None => (stage < patterns.len()).then(|| format!("{}/", stage + 1)),
        };
        Ok(Page { found, next })
    }

    /// The phones of which there is no record, nor a key of a purpose that comes earlier in the list.
    async fn only_theirs(&self, layout: &Layout, place: usize, phones: Vec<Phone>) -> Result<Vec<String>, StoreError> {
        let ask = |phone: &Phone| {
            let record = self.keys.cell(&Cell::Record(phone.clone()));
            let earlier = layout.keys(phone, None).unwrap_or_default().into_iter().take(place).map(|keys| keys.code);
            let keys: Vec<String> = std::iter::once(record).chain(earlier).collect();
            let mut command = redis::cmd("EXISTS");
            command.arg(&keys);
            Ask { to: to(&keys), command }
        };
        let known: Vec<u64> = self.run(phones.iter().map(ask).collect(), Doing::Reading).await?;
        let unknown = phones.into_iter().zip(known).filter(|(_, known)| *known == 0);
        Ok(unknown.map(|(phone, _)| phone.as_str().to_owned()).collect())
    }
}
