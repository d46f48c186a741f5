//! `list`: live codes, locks, and SMS that failed, each with why.

mod all;
mod row;

use std::time::Duration;

use clap::ValueEnum as _;
use serde::Serialize;

use self::all::AllRows;
use self::row::{Row, table};
use super::skipped::{self, Skipped};
use crate::app::App;
use crate::error::{Error, Exit};
use crate::operations::{ListFilter, ListWanted};
use crate::otp::duration::{duration, spelled};
use crate::otp::{Country, Hint, Moment, Phone};
use crate::output::{Cell, Human, Lines, Output, Report};

/// List live codes, locked phones, or SMS that failed
///
/// Numbers are masked unless --unmask is passed. The reference in each row works wherever a phone number does.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to list
    #[arg(long, value_enum, default_value = "live")]
    state: State,
    /// Only what began within this time, such as 1h
    #[arg(long, value_name = "DURATION", value_parser = since)]
    since: Option<Duration>,
    /// Only numbers of this country, such as IN
    #[arg(long, value_name = "CC")]
    country: Option<Country>,
    /// At most this many rows; 0: all
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    limit: u32,
    /// Continue where the last page ended
    #[arg(long)]
    cursor: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum State {
    /// Codes that may be typed now
    Live,
    /// Phones that are locked
    Locked,
    /// Codes whose provider has not answered yet
    Pending,
    /// Codes that may have been sent
    Unknown,
    /// SMS that were not sent or did not arrive
    Failed,
}

fn since(text: &str) -> Result<Duration, String> {
    duration(text).ok_or_else(|| "write a duration such as 90s, 15m or 1h".to_owned())
}

impl From<State> for ListFilter {
    fn from(state: State) -> Self {
        match state {
            State::Live => Self::Live,
            State::Locked => Self::Locked,
            State::Pending => Self::Pending,
            State::Unknown => Self::Unknown,
            State::Failed => Self::Failed,
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Codes {
    codes: Vec<Row>,
    next_cursor: Option<String>,
    /// What could not be read, whatever its state is.
    skipped: Vec<Skipped>,
    /// It was stopped before its end, which only a list of everything can be.
    interrupted: bool,
    /// The command that was given, less its cursor.
    #[serde(skip)]
    again: Hint,
    #[serde(skip)]
    now: Moment,
}

impl Args {
    /// Whether it lists everything, however much that is.
    pub(super) fn is_batch(&self) -> bool {
        self.limit == 0
    }

    pub(super) async fn run<'a>(&'a self, app: &'a App) -> Result<Output<'a>, Error> {
        let keep = |phone: &Phone| self.country.is_none_or(|country| phone.country() == Some(country));
        let wanted = ListWanted { within: self.since, ..ListFilter::from(self.state).into() };
        let operations = app.operations().await?;
        if self.is_batch() {
            let all = AllRows::new(app, operations.list_all(wanted, keep, self.cursor.as_deref())?);
            return Ok(Output::Many(Box::new(all)));
        }
        let most = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let page = operations.list(wanted, keep, self.cursor.as_deref(), most).await?;
        let mut codes = Vec::with_capacity(page.found.len());
        for line in page.found {
            codes.push(Row::of(app, &line).await);
        }
        let mut skipped = Vec::with_capacity(page.skipped.len());
        for one in page.skipped {
            skipped.push(Skipped::phone(app, &one.phone, one.error).await);
        }
        skipped.extend(page.missing.into_iter().map(Skipped::part));
        let (again, now) = (self.again(app), app.now());
        let codes = Codes { codes, next_cursor: page.next, skipped, interrupted: false, again, now };
        Ok(Output::One(Box::new(codes)))
    }
}

impl Args {
    fn again(&self, app: &App) -> Hint {
        let state = self.state.to_possible_value().map(|state| state.get_name().to_owned()).unwrap_or_default();
        let mut hint = Hint::run(&["list"]).option("--state", state);
        if let Some(since) = self.since {
            hint = hint.option("--since", spelled(since));
        }
        if let Some(country) = self.country {
            hint = hint.option("--country", country.to_string());
        }
        if app.globals.unmask {
            hint = hint.flag("--unmask");
        }
        hint.option("--limit", self.limit.to_string()).because("there is more")
    }
}

impl Report for Codes {
    const SCHEMA: &str = "otpctl.list/1";

    fn human(&self) -> Human {
        let mut table = table();
        for row in &self.codes {
            table.row(row.cells(|at| Cell::near(at, self.now)));
        }
        Human::Rows(table)
    }

    fn lines(&self) -> Lines {
        skipped::lines("otpctl.list_row/1", &self.codes, &self.skipped)
    }

    fn warnings(&self) -> Vec<String> {
        skipped::warnings(&self.skipped)
    }

    fn exit(&self) -> Exit {
        skipped::exit(&self.skipped)
    }

    fn hints(&self) -> Vec<Hint> {
        skipped::hints(&self.skipped, &self.again, self.next_cursor.as_ref())
    }
}

crate::otp::schema::documents! { "otpctl.list/1" => Codes, "otpctl.list_row/1" => Row }
