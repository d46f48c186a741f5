//! `list`: live codes, locks, and SMS that failed, each with why.

use std::time::Duration;

use clap::ValueEnum as _;
use serde::Serialize;

use super::CommandResult;
use super::delivery_fields::why_not;
use super::skipped::{self, Skipped};
use crate::app::App;
use crate::error::Exit;
use crate::operations::{ListFilter, ListWanted, Listed};
use crate::otp::duration::{duration, spelled};
use crate::otp::record::{Challenge, State as CodeState};
use crate::otp::time::rfc3339_or_null;
use crate::otp::{Country, DeliveryReason, DeliveryState, Hint, Moment};
use crate::output::{Cell, Human, Lines, Report, Table, length, plural};

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
    /// When the code was made, the phone locked, or the SMS found to have failed.
    #[serde(serialize_with = "rfc3339_or_null")]
    since: Option<Moment>,
    /// Why it is as it is, for people.
    why: String,
    provider: Option<String>,
    delivery_reason: Option<DeliveryReason>,
    attempts_left: Option<u32>,
    failures_consecutive: u32,
}

impl Row {
    fn of(line: &Listed, (phone, reference): (String, Option<String>)) -> Self {
        let challenge = line.challenge.as_ref();
        let delivery = challenge.and_then(|challenge| challenge.delivery.as_ref());
        let report = delivery.and_then(|delivery| delivery.report.as_ref());
        Self {
            phone,
            reference,
            purpose: line.purpose.to_string(),
            state: challenge.map_or("locked", |challenge| challenge.state.as_str()),
            delivery_state: report.and_then(|report| report.state),
            user: challenge.and_then(|challenge| challenge.user.as_ref()).map(ToString::to_string),
            challenge_id: challenge.map(|challenge| challenge.id.clone()),
            expires_at: line.until,
            since: line.since,
            why: why(line),
            provider: delivery.map(|delivery| delivery.provider.clone()).filter(|name| !name.is_empty()),
            delivery_reason: report.and_then(|report| report.reason),
            attempts_left: challenge.filter(|own| !own.is_checked_elsewhere()).map(Challenge::attempts_left),
            failures_consecutive: line.failures,
        }
    }
}

/// Why it is as it is: what support tells the customer.
fn why(line: &Listed) -> String {
    let Some(challenge) = &line.challenge else {
        return plural(line.failures, "consecutive wrong code", "consecutive wrong codes");
    };
    let delivery = challenge.delivery.as_ref();
    let report = delivery.and_then(|delivery| delivery.report.as_ref()?.state);
    let by = delivery.map(|delivery| format!(" by {}", delivery.provider)).unwrap_or_default();
    let age = length(line.now.since(challenge.created_at));
    let mut words = vec![match (challenge.state, report) {
        (CodeState::Failed, _) => format!("not sent: {}", why_not(delivery)),
        (_, Some(DeliveryState::Failed)) => format!("not delivered: {}", why_not(delivery)),
        (_, Some(DeliveryState::Delivered)) => "delivered".to_owned(),
        (CodeState::Pending, _) if challenge.lease_until.is_some_and(|until| until > line.now) => {
            format!("being sent for {age}")
        }
        (CodeState::Pending, _) => format!("its sender died {age} ago"),
        (CodeState::Unknown, _) => {
            let said = delivery.and_then(|delivery| delivery.detail.as_deref()).unwrap_or("no answer");
            format!("may have been sent: {said}")
        }
        (CodeState::Issued, _) => "printed, not sent".to_owned(),
        _ => format!("sent{by}"),
    }];
    if challenge.is_checked_elsewhere() {
        words.push("checked by your application".to_owned());
    }
    if challenge.tries > 0 && challenge.is_live(line.now) {
        words.push(format!("{} of {} attempts left", challenge.attempts_left(), challenge.max_tries));
    }
    words.join("; ")
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
        let wanted = ListWanted { within: self.since, ..ListFilter::from(self.state).into() };
        let page = app.operations().await?.list(wanted, keep, self.cursor.as_deref(), most).await?;
        let mut codes = Vec::with_capacity(page.found.len());
        for line in page.found {
            let shown = (app.display(&line.phone, false), app.reference(&line.phone).await);
            codes.push(Row::of(&line, shown));
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
        let header = ["PHONE", "REF", "PURPOSE", "STATE", "EXPIRES", "DELIVERY", "SINCE", "WHY"];
        let mut table = Table::new(&header, "Nothing to list.").copied(&["PHONE", "REF"]).wrapped(&["WHY"]);
        table = table.spare(&["DELIVERY", "PURPOSE", "SINCE", "STATE"]);
        for row in &self.codes {
            let reference = row.reference.as_deref().unwrap_or("-");
            let delivery = row.delivery_state.map_or("-", DeliveryState::as_str);
            let time = |at: Option<Moment>, none: &str| at.map_or_else(|| none.into(), |at| Cell::near(at, self.now));
            table.row([
                Cell::from(&row.phone),
                reference.into(),
                (&row.purpose).into(),
                row.state.into(),
                time(row.expires_at, "never"),
                delivery.into(),
                time(row.since, "-"),
                (&row.why).into(),
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

crate::otp::schema::documents! { "otpctl.list/1" => Codes, "otpctl.list_row/1" => Row }
