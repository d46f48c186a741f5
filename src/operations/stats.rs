//! The numbers: what each change adds to them, and what they say of a window of time.

use std::time::Duration;

use super::loading::no_answer;
use super::{OperationError, Operations};
use crate::otp::stats::{Cell, Field, KEPT, Route, counted, day, days, half_hour, index_name, indexed};
use crate::otp::{Event, Moment, Phone, Record};
use crate::store::{Addition, ReadRequest, StoreError, StoreKey};

/// So many hashes are read at a time.
const AT_ONCE: usize = 500;

/// What was counted in a window.
#[derive(Debug, Clone)]
pub struct StatsWindow {
    /// Where it begins: at a half hour.
    pub from: Moment,
    /// Where it ends: now.
    pub to: Moment,
    pub cells: Vec<Cell>,
    /// Why parts of it could not be read.
    pub missing: Vec<StoreError>,
}

/// What these events add to the numbers.
pub(super) fn additions(
    phone: &Phone,
    before: &Record,
    after: &Record,
    events: &[Event],
    now: Moment,
) -> Vec<Addition> {
    let half_hour = half_hour(now);
    let all = counted(phone, before, after, events).into_iter().flat_map(|counted| {
        let Route { provider, channel } = counted.route.clone();
        let key = StoreKey::Stats(counted.country.clone(), half_hour, provider, channel);
        let fields = counted.fields.into_iter();
        let numbers = fields.fold(Addition::to(key, KEPT), |addition, Field { name, otherwise, by }| match otherwise {
            Some(otherwise) => addition.plus_one_of_many(name, otherwise, by),
            None => addition.plus(name, by),
        });
        let name = index_name(&counted.country, half_hour, &counted.route);
        [numbers, Addition::to(StoreKey::StatsIndex(day(half_hour)), KEPT).plus(name, 1)]
    });
    all.collect()
}

impl Operations<'_> {
    /// The numbers since so long ago, from the beginning of that half hour on.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn stats(&self, span: Duration) -> Result<StatsWindow, OperationError> {
        let now = self.store_time().await?;
        let (from, to) = (half_hour(now.before(span.min(KEPT))), half_hour(now));
        let days = days(from, to);
        let request =
            ReadRequest { sums: days.iter().map(|day| StoreKey::StatsIndex(*day)).collect(), ..ReadRequest::default() };
        let mut missing = Vec::new();
        let mut named = Vec::new();
        for (day, index) in days.into_iter().zip(self.store.read(&request).await?.sums) {
            match index {
                Ok(index) => named.extend(index.fields.keys().filter_map(|name| indexed(day, name))),
                Err(error) => missing.push(error),
            }
        }
        named.retain(|(_, half_hour, _)| (from..=to).contains(half_hour));
        let mut cells = Vec::with_capacity(named.len());
        for named in named.chunks(AT_ONCE) {
            let key = |(country, half_hour, route): &(String, i64, Route)| {
                StoreKey::Stats(country.clone(), *half_hour, route.provider.clone(), route.channel.clone())
            };
            let request = ReadRequest { sums: named.iter().map(key).collect(), ..ReadRequest::default() };
            let answer = self.store.read(&request).await?;
            if answer.sums.len() != named.len() {
                return Err(no_answer());
            }
            for ((country, half_hour, route), sums) in named.iter().cloned().zip(answer.sums) {
                match sums {
                    Ok(sums) => cells.push(Cell { country, half_hour, route, fields: sums.fields }),
                    Err(error) => missing.push(error),
                }
            }
        }
        let from = Moment::from_millis(from.saturating_mul(1000));
        Ok(StatsWindow { from, to: now, cells, missing })
    }
}
