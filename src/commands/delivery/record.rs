//! `delivery record`: records the delivery reports that a vendor sent to the application.

use std::io::IsTerminal as _;

use serde::Serialize;

use super::incoming::{self, IncomingReport, Read};
use crate::app::{Act, App, Confirm, Done};
use crate::commands::CommandResult;
use crate::commands::delivery_fields::DeliveryFields;
use crate::commands::target::{Target, TargetArg, standard_input};
use crate::error::{Error, Exit};
use crate::operations::PhoneReports;
use crate::otp::rules::{Recorded, Reported};
use crate::otp::{DeliveryState, Hint, Phone};
use crate::output::{Human, Lines, Report, Table, lines_of, plural};

/// No batch of reports is longer.
const LONGEST: u64 = 1024 * 1024;
/// How reports are passed.
fn example() -> Hint {
    Hint::run(&["delivery", "record"]).reading("reports.jsonl".as_ref())
}
/// So many refused reports are warned of one by one.
const WARNED: usize = 5;

/// Record delivery reports from stdin
///
/// Without --provider, each report is a JSON object: `phone` or `challenge_id`, `message_id`, `state` (accepted, sent,
/// delivered, failed), and optionally `provider`, `reason`, `code` and `said`. A report that repeats another or comes too
/// late changes nothing. A report about an unknown SMS is refused with a warning. With --provider, other events of the same
/// webhook, such as a message that came in, are listed and not recorded. A protected file must be named; nothing is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Read what this provider sent, unchanged: JSON, a form or a query
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// The receiver, if the reports do not name it
    #[arg(long, value_name = "PHONE|USER|ID")]
    phone: Option<TargetArg>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Row {
    result: &'static str,
    phone: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    challenge_id: Option<String>,
    provider: Option<String>,
    provider_message_id: Option<String>,
    reported_state: Option<DeliveryState>,
    reported_word: Option<String>,
    /// What the provider calls an event that is not a delivery report.
    event: Option<String>,
    /// What is kept now; in a dry run, what would be.
    #[serde(flatten)]
    delivery: DeliveryFields,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RecordReport {
    recorded: usize,
    unchanged: usize,
    refused: usize,
    /// Other events of the same webhook.
    not_reports: usize,
    dry_run: bool,
    reports: Vec<Row>,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        if std::io::stdin().is_terminal() {
            return Err(
                Error::said(Exit::Usage, "delivery reports are read from stdin, which is a terminal").hint(example())
            );
        }
        let text = standard_input(app, LONGEST).await?;
        let named = match &self.phone {
            Some(named) => Some(named.resolve(app).await?),
            None => None,
        };
        let Read { reports: incoming, other_events } = self.read(app, &text, named.as_ref()).await?;
        if incoming.is_empty() && other_events.is_empty() {
            return Err(Error::said(Exit::Usage, "there is no delivery report on stdin").hint(example()));
        }
        let mut reports = Vec::with_capacity(incoming.len() + other_events.len());
        if !incoming.is_empty() {
            app.may_change("record delivery reports", Confirm::No).await?;
            let recorded = record(app, &incoming).await?;
            for (incoming, recorded) in incoming.into_iter().zip(recorded) {
                reports.push(row(app, incoming, recorded).await);
            }
        }
        reports.extend(other_events.into_iter().map(|event| Row::of_event(event, self.provider.clone())));
        let count = |result: &str| reports.iter().filter(|row| row.result == result).count();
        Ok(Box::new(RecordReport {
            recorded: count(if app.globals.dry_run { WOULD_RECORD } else { RECORDED }),
            unchanged: count(UNCHANGED),
            refused: count(REFUSED),
            not_reports: count(NOT_A_REPORT),
            dry_run: app.globals.dry_run,
            reports,
        }))
    }

    async fn read(&self, app: &App, text: &str, named: Option<&Target>) -> Result<Read, Error> {
        match &self.provider {
            Some(name) => incoming::vendors(app, name, text, named).await,
            None => incoming::own(app, text, named).await,
        }
    }
}

const RECORDED: &str = "recorded";
/// In a dry run: a row of JSON Lines stands alone, so it says itself that nothing was written.
const WOULD_RECORD: &str = "would_record";
const UNCHANGED: &str = "unchanged";
const REFUSED: &str = "refused";
/// Another event of the same webhook.
const NOT_A_REPORT: &str = "not_a_report";

/// The outcomes in the order in which the reports were given; of each phone they are one step.
async fn record(app: &App, incoming: &[IncomingReport]) -> Result<Vec<Recorded>, Error> {
    let reason = app.reason();
    let mut phones: Vec<PhoneReports<'_>> = Vec::new();
    let mut places: Vec<Vec<usize>> = Vec::new();
    let mut known: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for (at, one) in incoming.iter().enumerate() {
        let Some(phone) = &one.phone else { continue };
        let place = *known.entry(phone.as_str()).or_insert_with(|| {
            phones.push(PhoneReports { phone: phone.clone(), reports: Vec::new() });
            places.push(Vec::new());
            phones.len() - 1
        });
        let provider = one.provider.as_deref();
        if let (Some(of), Some(own)) = (phones.get_mut(place), places.get_mut(place)) {
            of.reports.push(Reported { message: one.about(), provider, report: &one.report, reason });
            own.push(at);
        }
    }
    let act = if let [only] = phones.as_slice() { Act::on(&only.phone) } else { Act::on_many() };
    let (outcomes, _) = app
        .audited(act, async |operations| {
            let outcomes = operations.record(&phones).await?;
            let news = outcomes.iter().flatten().filter(|outcome| matches!(outcome, Recorded::News(_))).count();
            Ok((outcomes, Done { exit: Exit::Ok, count: news }))
        })
        .await?;
    let mut recorded = vec![Recorded::UnknownMessage; incoming.len()];
    for (at, outcome) in places.into_iter().flatten().zip(outcomes.into_iter().flatten()) {
        if let Some(own) = recorded.get_mut(at) {
            *own = outcome;
        }
    }
    Ok(recorded)
}

async fn row(app: &App, incoming: IncomingReport, recorded: Recorded) -> Row {
    let (result, challenge) = match recorded {
        Recorded::News(challenge) if app.globals.dry_run => (WOULD_RECORD, Some(challenge)),
        Recorded::News(challenge) => (RECORDED, Some(challenge)),
        Recorded::Old(challenge) => (UNCHANGED, Some(challenge)),
        Recorded::UnknownMessage => (REFUSED, None),
    };
    let kept = challenge.as_ref().and_then(|challenge| challenge.delivery.as_ref());
    let shown = |phone: &Phone| app.display(phone, incoming.typed);
    Row {
        result,
        phone: incoming.phone.as_ref().map(shown),
        reference: match &incoming.phone {
            Some(phone) => app.reference(phone).await,
            None => None,
        },
        delivery: DeliveryFields::of(kept),
        provider: kept.map(|kept| kept.provider.clone()).or(incoming.provider),
        provider_message_id: kept.and_then(|kept| kept.message_id.clone()).or(incoming.message),
        challenge_id: challenge.map(|challenge| challenge.id).or(incoming.challenge),
        reported_state: incoming.report.state,
        reported_word: Some(incoming.report.word),
        event: None,
    }
}

impl Row {
    /// An event that is not a delivery report: of whom it is, is not read.
    fn of_event(event: String, provider: Option<String>) -> Self {
        let (phone, reference, challenge_id) = (None, None, None);
        let (provider_message_id, reported_state, reported_word) = (None, None, None);
        let (event, delivery) = (Some(event), DeliveryFields::of(None));
        Self {
            result: NOT_A_REPORT,
            phone,
            reference,
            challenge_id,
            provider,
            provider_message_id,
            reported_state,
            reported_word,
            event,
            delivery,
        }
    }

    fn phone(&self) -> &str {
        self.phone.as_deref().unwrap_or("a number that is not valid")
    }

    /// For a person who gave this one alone.
    fn sentence(&self) -> String {
        let word = self.delivery.word().unwrap_or_default();
        let why = self.delivery.reason_text.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        match self.result {
            WOULD_RECORD => format!("Would record for {}: {word}{why}.", self.phone()),
            RECORDED => format!("Recorded for {}: {word}{why}.", self.phone()),
            UNCHANGED => format!("Nothing new for {}: it stays {word}{why}.", self.phone()),
            NOT_A_REPORT => {
                let event = self.event.as_deref().unwrap_or_default();
                format!("Not a delivery report ({event}): nothing to record.")
            }
            _ => "Recorded nothing.".to_owned(),
        }
    }
}

impl Report for RecordReport {
    const SCHEMA: &str = "otpctl.delivery_record/1";

    fn human(&self) -> Human {
        if let [only] = self.reports.as_slice() {
            return Human::Text(only.sentence());
        }
        let mut table = Table::new(&["RESULT", "PHONE", "PROVIDER", "MESSAGE ID", "STATE", "WHY"], "")
            .spare(&["PROVIDER"])
            .wrapped(&["WHY"]);
        for row in &self.reports {
            let or_none = |text: Option<&str>| text.unwrap_or("-").to_owned();
            table.row([
                row.result.replace('_', " "),
                or_none(row.phone.as_deref()),
                or_none(row.provider.as_deref()),
                or_none(row.provider_message_id.as_deref()),
                or_none(row.delivery.word()),
                row.event.clone().or_else(|| row.delivery.reason_text.clone()).unwrap_or_default(),
            ]);
        }
        Human::Rows(table)
    }

    fn lines(&self) -> Lines {
        lines_of("otpctl.delivery_record_row/1", &self.reports)
    }

    fn warnings(&self) -> Vec<String> {
        let refused = self.reports.iter().filter(|row| row.result == REFUSED);
        let mut warnings: Vec<String> = refused
            .take(WARNED)
            .map(|row| {
                let id = row.provider_message_id.as_deref().or(row.challenge_id.as_deref()).unwrap_or_default();
                format!("refused: no SMS to {} has the id {id}", row.phone())
            })
            .collect();
        if self.refused > WARNED {
            let more = plural(self.refused - WARNED, "more report was", "more reports were");
            warnings.push(format!("{more} refused too"));
        }
        warnings
    }
}

crate::otp::schema::documents! { "otpctl.delivery_record/1" => RecordReport, "otpctl.delivery_record_row/1" => Row }
