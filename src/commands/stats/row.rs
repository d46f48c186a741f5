//! One row of numbers: a document, and cells.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use super::drawing;
use crate::otp::Moment;
use crate::otp::stats::Counts;
use crate::output::{Cell, clock};

const MILLISECONDS: i64 = 1000;

/// The numbers of one country, provider and so on, or of all.
#[derive(Debug)]
pub(super) struct StatsRow {
    /// What it stands for; empty: everything.
    dimension: &'static str,
    /// `None`: it is not known.
    name: Option<String>,
    counts: Counts,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Fields<'a> {
    requested: u64,
    refused: u64,
    would_refuse: u64,
    sent: u64,
    unknown: u64,
    delivered: u64,
    failed: u64,
    verified: u64,
    conversion: Option<f64>,
    delivery_p50_seconds: Option<f64>,
    delivery_p95_seconds: Option<f64>,
    /// By currency, of the messages whose price was known when they were sent; `null`: of none.
    spend: Option<BTreeMap<&'a str, f64>>,
    refused_by: &'a BTreeMap<String, u64>,
    failed_by: &'a BTreeMap<String, u64>,
}

impl Serialize for StatsRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Named<'a> {
            #[serde(flatten)]
            name: Name<'a>,
            #[serde(flatten)]
            fields: Fields<'a>,
        }
        Named { name: Name(self), fields: self.fields() }.serialize(serializer)
    }
}

/// What the row stands for, under the name of its dimension.
struct Name<'a>(&'a StatsRow);

impl Serialize for Name<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = self.0;
        let mut map = serializer.serialize_map(None)?;
        if !row.dimension.is_empty() {
            map.serialize_entry(row.dimension, &row.name())?;
        }
        map.end()
    }
}

/// To the thousandth: what is behind it is chance.
fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

fn spend(counts: &Counts) -> BTreeMap<&str, f64> {
    counts.spend.iter().map(|(currency, amount)| (currency.as_str(), amount.units())).collect()
}

impl StatsRow {
    pub(super) fn new(dimension: &'static str, name: Option<String>, counts: Counts) -> Self {
        Self { dimension, name, counts }
    }

    fn fields(&self) -> Fields<'_> {
        let counts = &self.counts;
        Fields {
            requested: counts.requested,
            refused: counts.refused,
            would_refuse: counts.would_refuse,
            sent: counts.sent,
            unknown: counts.unknown,
            delivered: counts.delivered,
            failed: counts.failed,
            verified: counts.verified,
            conversion: counts.conversion().map(rounded),
            delivery_p50_seconds: counts.delivered_within(0.5).map(rounded),
            delivery_p95_seconds: counts.delivered_within(0.95).map(rounded),
            spend: (!counts.spend.is_empty()).then(|| spend(counts)),
            refused_by: &counts.refused_by,
            failed_by: &counts.failed_by,
        }
    }

    /// What it stands for; an hour by its beginning, in UTC.
    pub(super) fn name(&self) -> Option<String> {
        match self.hour() {
            Some(hour) => Some(hour.to_the_second()),
            None => self.name.clone(),
        }
    }

    /// The same on a screen.
    pub(super) fn shown(&self, now: Moment) -> String {
        match (self.hour(), &self.name) {
            (Some(hour), _) => clock(hour, now),
            (None, Some(name)) => name.clone(),
            (None, None) => "-".to_owned(),
        }
    }

    fn hour(&self) -> Option<Moment> {
        let second = (self.dimension == "hour").then_some(self.name.as_deref()?.parse::<i64>().ok()?)?;
        Some(Moment::from_millis(second.saturating_mul(MILLISECONDS)))
    }

    pub(super) fn sent(&self) -> u64 {
        self.counts.sent
    }

    pub(super) fn unknown(&self) -> u64 {
        self.counts.unknown
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The part of the messages whose codes were used, in words.
    pub(super) fn percent(&self) -> Option<String> {
        self.counts.conversion().map(|part| format!("{:.0} %", part * 100.0))
    }

    /// What was spent, in words.
    pub(super) fn spent(&self) -> Option<String> {
        let all = self.counts.spend.iter().map(|(currency, amount)| format!("{amount} {currency}"));
        let all = all.collect::<Vec<_>>().join(", ");
        (!all.is_empty()).then_some(all)
    }

    /// What was sent in each of so many parts of the window.
    pub(super) fn by_time(&self, from: Moment, to: Moment, parts: usize) -> Vec<u64> {
        let (from, to) = (from.millis() / MILLISECONDS, to.millis() / MILLISECONDS + 1);
        let mut all = vec![0; parts];
        for (hour, sent) in &self.counts.sent_in {
            let place = (hour - from).max(0).saturating_mul(i64::try_from(parts).unwrap_or(1)) / (to - from).max(1);
            if let Some(part) = usize::try_from(place).ok().and_then(|place| all.get_mut(place)) {
                *part += sent;
            }
        }
        all
    }

    /// All cells but those at the end.
    pub(super) fn cells(&self, now: Moment) -> Vec<Cell> {
        let counts = &self.counts;
        let seconds = |part| counts.delivered_within(part).map_or_else(|| "-".to_owned(), drawing::seconds);
        let used = match (counts.conversion(), self.percent()) {
            (Some(part), Some(percent)) => {
                let bar = format!("{} {percent:>5}", drawing::part(part, 6));
                Cell::picture(&bar, &percent)
            }
            _ => "-".into(),
        };
        let name = Cell::picture(&self.shown(now), &self.name().unwrap_or_else(|| "-".to_owned()));
        let numbers = [counts.requested, counts.refused, counts.sent, counts.delivered, counts.failed, counts.verified];
        let numbers = numbers.iter().map(|number| number.to_string().into());
        let latency = [seconds(0.5).into(), seconds(0.95).into()];
        std::iter::once(name).chain(numbers).chain([used]).chain(latency).collect()
    }
}

/// Beside these it has one field under the name of its dimension, but where it stands for everything.
#[cfg(test)]
impl schemars::JsonSchema for StatsRow {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Fields::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Fields::json_schema(generator)
    }
}
