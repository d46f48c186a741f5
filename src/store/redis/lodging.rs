//! A store whose codes an application keeps: its phones, those that we know and those that only it knows, and its sets.

use redis::Value;

use super::dispatcher::Request;
use super::reply::{Access, classify};
use super::script::{Kind, Script};
use super::{Redis, to};
use crate::layout::KeyedLayout;
use crate::otp::Phone;
use crate::store::{Members, Page, StoreError, StoreKey};

const MEMBERS: &str = include_str!("members.lua");

impl Redis {
    /// Each set lies in a slot of its own.
    pub(super) async fn members_of(&self, sets: &[String], most: usize) -> Result<Vec<Option<Members>>, StoreError> {
        let asks = sets.iter().map(|set| {
            let mut script = Script::new(Kind::Reads, MEMBERS, &[set]);
            script.arg(most);
            Request { to: to(&[set]), command: script.into() }
        });
        let answers: Vec<Vec<Value>> = self.run(asks.collect(), Access::Reading).await?;
        answers.into_iter().map(|answer| self.of_set(answer)).collect()
    }

    fn of_set(&self, answer: Vec<Value>) -> Result<Option<Members>, StoreError> {
        let strange = |error: redis::ParsingError| classify(&error.into(), Access::Reading, &self.dispatcher.name());
        let mut parts = answer.into_iter();
        let (kind, count, found) = (parts.next(), parts.next(), parts.next());
        let members = Members {
            kind: kind.map_or(Ok(String::new()), redis::from_redis_value).map_err(strange)?,
            count: count.map_or(Ok(0), redis::from_redis_value).map_err(strange)?,
            found: found.map_or(Ok(Vec::new()), redis::from_redis_value).map_err(strange)?,
        };
        Ok((members.kind != "none").then_some(members))
    }

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
        let page = match stage.checked_sub(1) {
            None => {
                let page = self.scan(self.keys.records(), inner, page).await?;
                page.with(|keys| keys.iter().filter_map(|key| self.keys.phone_of(key)).collect())
            }
            Some(place) => {
                let pattern = patterns.get(place).ok_or(StoreError::Cursor)?;
                let keys = self.scan(pattern.clone(), inner, page).await?;
                let phones = keys.found.iter().filter_map(|key| layout.phone_of(place, key)).collect();
                let theirs = self.only_theirs(layout, place, phones).await?;
                keys.with(|_| theirs)
            }
        };
        let next = match page.next {
            Some(inner) => Some(format!("{stage}/{inner}")),
            None => (stage < patterns.len()).then(|| format!("{}/", stage + 1)),
        };
        Ok(Page { next, ..page })
    }

    /// The phones of which there is no record, nor a key of a purpose that comes earlier in the list.
    async fn only_theirs(
        &self,
        layout: &KeyedLayout,
        place: usize,
        phones: Vec<Phone>,
    ) -> Result<Vec<String>, StoreError> {
        let ask = |phone: &Phone| {
            let record = self.keys.cell(&StoreKey::Record(phone.clone()));
            let earlier = layout.keys(phone, None).unwrap_or_default().into_iter().take(place).map(|keys| keys.code);
            let keys: Vec<String> = std::iter::once(record).chain(earlier).collect();
            let mut command = redis::cmd("EXISTS");
            command.arg(&keys);
            Request { to: to(&keys), command: command.into() }
        };
        let known: Vec<u64> = self.run(phones.iter().map(ask).collect(), Access::Reading).await?;
        let unknown = phones.into_iter().zip(known).filter(|(_, known)| *known == 0);
        Ok(unknown.map(|(phone, _)| phone.as_str().to_owned()).collect())
    }
}
