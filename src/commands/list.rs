//! `list`: live codes and locks.

use clap::ValueEnum as _;
use serde::Serialize;

use super::CommandResult;
use super::skipped::{self, Skipped};
use crate::app::App;
use crate::error::Exit;
use crate::operations::ListFilter;
use crate::otp::time::rfc3339_or_null;
use crate::otp::{Country, DeliveryState, Hint, Moment};
use crate::output::{Cell, Human, Lines, Report, Table};

/// List live codes or locked phones
///
/// Numbers are masked unless --unmask is passed. The reference in each row works wherever a phone number does.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to list
    #[arg(long, value_enum, default_value = "live")]
    state: State,
    /// Only numbers of this country, such as IN
    #[arg(long, value_name = "CC")]
    country: Option<Country>,
    /// At most this many rows
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
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
}

impl From<State> for ListFilter {
    fn from(state: State) -> Self {
        match state {
            State::Live => Self::Live,
            State::Locked => Self::Locked,
            State::Pending => Self::Pending,
            State::Unknown => Self::Unknown,
        }
    }
}

#[derive(Serialize)]
struct Row {
    phone: String,
    #[serde(rename = "ref")]
    reference: Option<String>,
    challenge_id: Option<String>,
    purpose: String,
    state: &'static str,
    user: Option<String>,
    #[serde(serialize_with = "rfc3339_or_null")]
    expires_at: Option<Moment>,
    delivery_state: Option<DeliveryState>,
}

#[derive(Serialize)]
struct Codes {
    codes: Vec<Row>,
    next_cursor: Option<String>,
    /// What could not be read, whatever its state is.
    skipped: Vec<Skipped>,
    /// The command that was given, less its cursor.
    #[serde(skip)]
    again: Hint,
    #[serde(skip)]
    now: Moment,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let keep = |phone: &crate::otp::Phone| self.country.is_none_or(|country| phone.country() == Some(country));
        let most = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let page = app.operations().await?.list(self.state.into(), keep, self.cursor.as_deref(), most).await?;
        let mut codes = Vec::with_capacity(page.found.len());
        for line in page.found {
            codes.push(Row {
                phone: app.display(&line.phone, false),
                reference: app.reference(&line.phone).await,
                purpose: line.purpose.to_string(),
                state: line.challenge.as_ref().map_or("locked", |challenge| challenge.state.as_str()),
                delivery_state: line
                    .challenge
                    .as_ref()
                    .and_then(|challenge| challenge.delivery.as_ref()?.report.as_ref()?.state),
                user: line.challenge.as_ref().and_then(|challenge| challenge.user.as_ref()).map(ToString::to_string),
                challenge_id: line.challenge.map(|challenge| challenge.id),
                expires_at: line.until,
            });
        }
        let mut skipped = Vec::with_capacity(page.skipped.len());
        for one in page.skipped {
            skipped.push(Skipped::phone(app, &one.phone, one.error).await);
        }
        skipped.extend(page.missing.into_iter().map(Skipped::part));
        Ok(Box::new(Codes { codes, next_cursor: page.next, skipped, again: self.again(app), now: app.now() }))
    }
}

impl Args {
    fn again(&self, app: &App) -> Hint {
        let state = self.state.to_possible_value().map(|state| state.get_name().to_owned()).unwrap_or_default();
        let mut hint = Hint::run(&["list"]).option("--state", state);
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
        let mut table = Table::new(&["PHONE", "REF", "PURPOSE", "STATE", "EXPIRES", "DELIVERY"], "Nothing to list.");
        table = table.copied(&["PHONE", "REF"]).spare(&["DELIVERY", "PURPOSE", "STATE"]);
        for row in &self.codes {
            let reference = row.reference.as_deref().unwrap_or("-");
            let delivery = row.delivery_state.map_or("-", DeliveryState::as_str);
            table.row([
                Cell::from(&row.phone),
                reference.into(),
                (&row.purpose).into(),
                row.state.into(),
                Cell::time_or(row.expires_at, self.now, "never"),
                delivery.into(),
            ]);
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
