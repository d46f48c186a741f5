//! Brakes against SMS pumping: sends to strangers that nobody verified, held to what was verified before. A stranger is a
//! number that verified no code within [`KNOWN`]; others are neither stopped nor counted.
//!
//! Two cells see each send: its range (the number less its last six digits) and its country. A cell counts, by the hour
//! and by the day, the sends to strangers and those of them whose numbers verified later. It stops strangers while more of
//! the last hour's sends are unverified than the floor and than what was verified and chance allow, and likewise of the
//! last day, unless the last hour converts well. A country's stop spares the ranges that are in good standing.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Moment;

/// Whoever verified a code within this time is no stranger.
pub const KNOWN: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// How long a cell is kept after the last send that it saw.
pub const CELL_KEPT: Duration = Duration::from_secs(15 * 24 * 60 * 60);

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// The days of a cell's own history, today included.
const HISTORY: i64 = 14;
/// A cell with fewer verified sends in its history is held to the strictest factor.
const LEAST_VERIFIED: f64 = 30.0;
/// How much more may be unverified than is usual in the cell.
const USUAL: f64 = 2.5;
/// The factor is never less, and never more.
const FACTOR: (f64, f64) = (1.0, 2.5);
/// By so many standard deviations of a count may an unlucky hour differ from what is usual.
const CHANCE: f64 = 2.0;
/// In good standing: at least so many verified, and no more unverified than that, or than this floor.
const GOOD: (f64, f64) = (2.0, 3.0);

/// What the brakes do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BrakeMode {
    /// Nothing is looked at, and nothing is counted for them.
    Off,
    /// What they would stop is told, and sent.
    #[default]
    Observe,
    /// They stop it.
    Enforce,
}

impl BrakeMode {
    /// Its word in the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Observe => "observe",
            Self::Enforce => "enforce",
        }
    }
}

/// What a cell is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Numbers that differ in their last six digits only.
    Range,
    Country,
}

impl Level {
    /// So many unverified sends in an hour, and in a day, never stop anybody.
    const fn floors(self) -> (f64, f64) {
        match self {
            Self::Range => (20.0, 60.0),
            Self::Country => (60.0, 200.0),
        }
    }
}

/// Over which time too little was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    Hour,
    Day,
}

/// Why a stranger is not sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrakeStop {
    pub level: Level,
    pub span: Span,
    /// The sends to strangers in that time.
    pub sends: u32,
    /// Those whose numbers verified a code.
    pub verified: u32,
    /// When it ends, if nothing happens until then.
    pub until: Moment,
}

impl std::fmt::Display for BrakeStop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let whose = match self.level {
            Level::Range => "its range",
            Level::Country => "its country",
        };
        let span = match self.span {
            Span::Hour => "hour",
            Span::Day => "day",
        };
        let Self { sends, verified, .. } = self;
        write!(
            f,
            "blocked: looks like SMS pumping ({verified} of {sends} codes to new numbers of {whose} were entered in the last {span})"
        )
    }
}

/// The sends to strangers of one range or country, by the fields of its hash: `hs` and `hv` with the number of an hour, `ds`
/// and `dv` with that of a day; `s` counts sends, `v` those whose numbers verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell(BTreeMap<String, i64>);

/// Sends, and those of them that were verified.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Count {
    sends: f64,
    verified: f64,
}

impl Count {
    fn unverified(self) -> f64 {
        (self.sends - self.verified).max(0.0)
    }

    fn plus(self, other: Self, weight: f64) -> Self {
        Self { sends: self.sends + other.sends * weight, verified: self.verified + other.verified * weight }
    }

    /// Rounded, for people.
    fn whole(self) -> (u32, u32) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float is cut to what fits")]
        let whole = |count: f64| count.round() as u32;
        (whole(self.sends), whole(self.verified.min(self.sends)))
    }
}

impl From<BTreeMap<String, i64>> for Cell {
    fn from(fields: BTreeMap<String, i64>) -> Self {
        Self(fields)
    }
}

impl Cell {
    /// What one send to a stranger adds, or takes away again.
    #[must_use]
    pub fn sends(now: Moment) -> [String; 2] {
        [format!("hs{}", now.millis().div_euclid(HOUR)), format!("ds{}", now.millis().div_euclid(DAY))]
    }

    /// What is added when a stranger verifies: all of his sends that still count, in the hours and days in which they were
    /// sent. It was he who asked for all of them.
    #[must_use]
    pub fn credits(sends: &[Moment], now: Moment) -> BTreeMap<String, i64> {
        let mut credits = BTreeMap::new();
        for sent in sends.iter().filter(|sent| **sent <= now) {
            let (hour, day) = (sent.millis().div_euclid(HOUR), sent.millis().div_euclid(DAY));
            if now.millis().div_euclid(DAY) - day > 1 {
                continue;
            }
            *credits.entry(format!("dv{day}")).or_default() += 1;
            if now.millis().div_euclid(HOUR) - hour <= 1 {
                *credits.entry(format!("hv{hour}")).or_default() += 1;
            }
        }
        credits
    }

    /// The fields whose time is over.
    #[must_use]
    pub fn stale(&self, now: Moment) -> Vec<String> {
        let over = |field: &&String| {
            let Some((name, index)) = field.split_at_checked(2) else { return true };
            let Ok(index) = index.parse::<i64>() else { return true };
            match name {
                "hs" | "hv" => (now.millis().div_euclid(HOUR) - index).abs() > 1,
                "ds" | "dv" => (now.millis().div_euclid(DAY) - index).abs() >= HISTORY,
                _ => true,
            }
        };
        self.0.keys().filter(over).cloned().collect()
    }

    /// The same with one send less or more: what was added by the one that asks.
    #[must_use]
    pub fn plus(mut self, fields: &[String], by: i64) -> Self {
        for field in fields {
            *self.0.entry(field.clone()).or_default() += by;
        }
        self
    }

    fn at(&self, unit: char, index: i64) -> Count {
        #[expect(clippy::cast_precision_loss, reason = "no count is near 2^52")]
        let count = |kind| self.0.get(&format!("{unit}{kind}{index}")).copied().unwrap_or_default().max(0) as f64;
        Count { sends: count('s'), verified: count('v') }
    }

    /// The last stretch of this length: the one that runs, and of the one before as much as is within it.
    fn last(&self, unit: char, length: i64, now: Moment) -> Count {
        let index = now.millis().div_euclid(length);
        #[expect(clippy::cast_precision_loss, reason = "no length is near 2^52")]
        let weight = 1.0 - now.millis().rem_euclid(length) as f64 / length as f64;
        self.at(unit, index).plus(self.at(unit, index - 1), weight)
    }

    /// The cell's own history.
    fn history(&self, now: Moment) -> Count {
        let today = now.millis().div_euclid(DAY);
        (today - HISTORY + 1..=today).fold(Count::default(), |sum, day| sum.plus(self.at('d', day), 1.0))
    }

    /// How many times as much may be unverified as was verified.
    fn factor(&self, now: Moment) -> f64 {
        let history = self.history(now);
        if history.verified < LEAST_VERIFIED {
            return FACTOR.0;
        }
        (USUAL * history.unverified() / history.verified).clamp(FACTOR.0, FACTOR.1)
    }

    fn is_in_good_standing(&self, now: Moment) -> bool {
        let history = self.history(now);
        history.verified >= GOOD.0 && history.unverified() <= GOOD.1.max(history.verified)
    }

    /// Why the cell stops strangers, without saying until when.
    fn stops(&self, level: Level, now: Moment) -> Option<(Span, Count)> {
        let (floor_of_hour, floor_of_day) = level.floors();
        let factor = self.factor(now);
        let stops = |count: Count, floor: f64| {
            count.unverified() >= floor.max(factor * count.verified + CHANCE * count.sends.sqrt())
        };
        let (hour, day) = (self.last('h', HOUR, now), self.last('d', DAY, now));
        if stops(hour, floor_of_hour) {
            return Some((Span::Hour, hour));
        }
        let converts = hour.sends > 0.0 && hour.verified * 2.0 >= hour.sends;
        (stops(day, floor_of_day) && !converts).then_some((Span::Day, day))
    }

    /// When the cell stops nobody any more, if nothing happens until then.
    fn free_at(&self, level: Level, now: Moment) -> Moment {
        // By the minute of the clock, so that whoever asks twice is told the same.
        let minute = now.before(Duration::from_millis(u64::try_from(now.millis().rem_euclid(60_000)).unwrap_or(0)));
        let every =
            |step: u64, count: u64| (1..=count).map(move |at| minute.after(Duration::from_secs(step * at * 60)));
        // What is left of an hour is over after two, and of a day after two days.
        let mut later = every(1, 120).chain(every(15, 4 * 49));
        later.find(|later| self.stops(level, *later).is_none()).unwrap_or(now.after(Duration::from_secs(2 * 86_400)))
    }

    fn stop(&self, level: Level, now: Moment) -> Option<BrakeStop> {
        let (span, count) = self.stops(level, now)?;
        let (sends, verified) = count.whole();
        Some(BrakeStop { level, span, sends, verified, until: self.free_at(level, now) })
    }
}

/// Why a stranger of this range and country is not sent to; `None`: he is.
#[must_use]
pub fn brake(range: &Cell, country: &Cell, now: Moment) -> Option<BrakeStop> {
    if let Some(stop) = range.stop(Level::Range, now) {
        return Some(stop);
    }
    if range.is_in_good_standing(now) {
        return None;
    }
    country.stop(Level::Country, now)
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
