//! `events`: what happened, of all phones or of one, once or as it happens.

mod following;
mod row;

use std::str::FromStr;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use serde::Serialize;

use self::following::Following;
use self::row::{EventRow, SCHEMA, Whose};
use super::target::{Target, TargetArg};
use crate::app::App;
use crate::error::{Error, Exit};
use crate::operations::EventFilter;
use crate::otp::duration::duration;
use crate::otp::{Event, EventKind, Hint, Moment, Phone};
use crate::output::{Cell, Format, Human, Lines, Output, Report, Table, lines_of, plural, to_the_second};

/// Show recent events, of all phones or of one
///
/// The feed of all phones has the newest events of 7 days. With a PHONE, its own timeline is shown, which is the truth
/// about it. In a pipe, each event is a line of JSON.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A phone number, `user:ID`, a `ch_…` id, or a `ph_…` reference [default: all phones]
    #[arg(value_name = "PHONE|USER|ID")]
    target: Option<TargetArg>,
    /// Only events since then: a duration such as 1h, or a time such as 2026-11-27T10:00:00Z
    #[arg(long, value_name = "DURATION|TIME")]
    since: Option<Since>,
    /// Only events of this type; may be repeated
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',', value_parser = kinds())]
    kinds: Vec<EventKind>,
    /// At most this many events, the newest
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// Go on, and show each event as it happens
    #[arg(long, short)]
    follow: bool,
}

/// The kinds of events, by their names.
fn kinds() -> impl clap::builder::TypedValueParser<Value = EventKind> {
    PossibleValuesParser::new(EventKind::ALL.map(EventKind::as_str))
        .try_map(|name| EventKind::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or("no such type"))
}

/// From when on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    Ago(Duration),
    At(Moment),
}

/// It is neither a duration nor a time.
#[derive(Debug, thiserror::Error)]
#[error("write a duration such as 1h, or a time such as 2026-11-27T10:00:00Z")]
pub(super) struct NoTime;

impl FromStr for Since {
    type Err = NoTime;

    fn from_str(text: &str) -> Result<Self, NoTime> {
        let at = || text.parse::<jiff::Timestamp>().ok().map(|at| Self::At(Moment::from_millis(at.as_millisecond())));
        duration(text).map(Self::Ago).or_else(at).ok_or(NoTime)
    }
}

impl Since {
    /// The moment that is meant at `now`.
    pub(super) fn moment(self, now: Moment) -> Moment {
        match self {
            Self::Ago(span) => now.before(span),
            Self::At(at) => at,
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Events {
    events: Vec<EventRow>,
    /// How many lines could not be read.
    broken: usize,
    #[serde(skip)]
    of_phone: bool,
    #[serde(skip)]
    now: Moment,
    #[serde(skip)]
    hint: Option<Hint>,
}

impl Args {
    /// Whether it has no end of its own.
    pub(super) fn is_endless(&self) -> bool {
        self.follow
    }

    pub(super) async fn run<'a>(&'a self, app: &'a App) -> Result<Output<'a>, Error> {
        if self.follow && app.printer.format == Format::Json {
            return Err(Error::said(Exit::Usage, "--follow has no end, and --json is one document")
                .hint(Hint::run(&["events"]).flag("--follow").option("--output", "jsonl")));
        }
        let target = match &self.target {
            Some(target) => Some(target.resolve(app).await?),
            None => None,
        };
        let operations = app.operations().await?;
        let now = operations.store_time().await?;
        let filter = EventFilter { since: self.since.map(|since| since.moment(now)), kinds: &self.kinds };
        let most = usize::try_from(self.limit).unwrap_or(usize::MAX);
        if self.follow {
            return Ok(Output::Many(Box::new(Following::begin(app, operations, target, filter, now, most).await?)));
        }
        let mut events = Events { events: Vec::new(), broken: 0, of_phone: target.is_some(), now, hint: None };
        if let Some(target) = &target {
            let timeline = operations.timeline(&target.phone).await?;
            events.broken = timeline.broken;
            let whose = whose(app, target).await;
            let chosen = chosen(timeline.events, target, filter, most);
            events.events = chosen.into_iter().map(|event| EventRow::new(whose.clone(), event)).collect();
            events.hint = Some(target.hint("inspect"));
        } else {
            let feed = operations.feed(filter, now, most).await?;
            events.broken = feed.broken;
            for line in feed.lines {
                events.events.push(EventRow::new(masked(app, &line.phone).await, line.event));
            }
        }
        Ok(Output::One(Box::new(events)))
    }
}

/// The events of a timeline that are meant, the oldest first; of one code only its own.
fn chosen(timeline: Vec<Event>, target: &Target, filter: EventFilter<'_>, most: usize) -> Vec<Event> {
    let fits = |event: &Event| {
        let own = target.challenge.is_none() || event.challenge_id == target.challenge;
        own && filter.fits(event)
    };
    let mut events: Vec<Event> = timeline.into_iter().filter(fits).take(most).collect();
    events.reverse();
    events
}

/// The phone that was named.
async fn whose(app: &App, target: &Target) -> Whose {
    Whose { phone: target.shown(app), reference: app.reference(&target.phone).await }
}

/// A phone that nobody named.
async fn masked(app: &App, phone: &Phone) -> Whose {
    Whose { phone: app.display(phone, false), reference: app.reference(phone).await }
}

impl Report for Events {
    const SCHEMA: &str = "otpctl.events/1";

    fn human(&self) -> Human {
        let none = if self.of_phone { "Nothing happened." } else { "Nothing happened in the last 7 days." };
        let mut table = Table::new(&["AT", "PHONE", "EVENT", "RESULT", "DETAIL"], none);
        table = table.copied(&["PHONE"]).wrapped(&["DETAIL"]);
        for event in &self.events {
            let [phone, kind, result, words] = event.cells(self.now);
            let at = Cell::picture(&to_the_second(event.at(), self.now), &event.at().to_the_second());
            table.row([at, phone.into(), kind.into(), result.into(), words.into()]);
        }
        Human::Rows(table)
    }

    fn lines(&self) -> Lines {
        lines_of(SCHEMA, &self.events)
    }

    fn warnings(&self) -> Vec<String> {
        let text = || format!("{} of the store cannot be read", plural(self.broken, "event", "events"));
        (self.broken > 0).then(text).into_iter().collect()
    }

    fn hints(&self) -> Vec<Hint> {
        self.hint.iter().cloned().collect()
    }
}

crate::otp::schema::documents! { "otpctl.events/1" => Events }
