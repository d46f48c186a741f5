//! `provider list`: what is configured, or all that could be, and what each can do.

use std::time::Duration;

use serde::Serialize;
use tokio::time::timeout;

use crate::app::App;
use crate::commands::CommandResult;
use crate::error::{Error, Exit};
use crate::otp::time::rfc3339_or_null;
use crate::otp::{Channel, Moment};
use crate::output::{Cell, Human, Lines, Report, Table, lines_of};
use crate::provider::{self, Description, Kind};

/// A list does not wait longer for what only adds to it.
const PATIENCE: Duration = Duration::from_secs(3);

/// List the configured providers and what each can do
///
/// status: tells the delivery state of an SMS. balance: tells what is left on the account. test: tells whether the settings
/// work, free of charge. reports: its delivery reports can be recorded. dlt: it takes the ids of India's DLT registration.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Also list what could be configured
    #[arg(long)]
    all: bool,
}

#[derive(Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of a list")]
pub(super) struct Can {
    send: bool,
    status: bool,
    balance: bool,
    test: bool,
    reports: bool,
    /// Takes the ids of India's DLT registration.
    dlt: bool,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Row {
    name: String,
    kind: String,
    title: String,
    configured: bool,
    sends_real_sms: bool,
    text_at_provider: bool,
    /// The routes that it is in, countries and prefixes; `*` is the default one.
    countries: Vec<String>,
    /// It failed repeatedly and is skipped until then; `null` also if that is not known.
    #[serde(serialize_with = "rfc3339_or_null")]
    passed_over_until: Option<Moment>,
    passed_over_because: Option<String>,
    can: Can,
    /// What a message can come from.
    senders: Vec<&'static str>,
    /// How many characters one request may hold.
    longest: Option<u32>,
    /// By which way its messages reach people.
    channel: Option<Channel>,
    docs: Option<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Providers {
    providers: Vec<Row>,
    /// Why it is not known which are skipped.
    #[serde(skip)]
    unknown: Option<String>,
    /// Why it is not known what some of them can do.
    #[serde(skip)]
    broken: Vec<String>,
    #[serde(skip)]
    now: Moment,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let settings = app.settings()?;
        let mut providers = Vec::new();
        for (name, configured) in &settings.providers {
            let mut row = row(name, &configured.kind);
            row.configured = true;
            let routes = settings.routes.with(name);
            row.countries = routes.map(|route| if route == "default" { "*".to_owned() } else { route }).collect();
            providers.push(row);
        }
        let broken = settings.providers.values().filter_map(|provider| provider.broken().map(ToString::to_string));
        let broken = broken.collect();
        let unknown = passed_over(app, &mut providers).await.err().map(|error| error.message());
        if self.all {
            let known = |kind: &&str| !settings.providers.values().any(|configured| configured.kind.as_str() == *kind);
            let others = provider::kinds().filter(known).filter_map(Kind::known);
            providers.extend(others.map(|kind| row(kind.as_str(), &kind)));
        }
        Ok(Box::new(Providers { providers, unknown, broken, now: app.now() }))
    }
}

/// Notes which of them are skipped now. The store is asked only if one could be, and not for long.
async fn passed_over(app: &App, rows: &mut [Row]) -> Result<(), Error> {
    if app.settings()?.routes.pass_over.is_none() {
        return Ok(());
    }
    let mut real: Vec<&mut Row> = rows.iter_mut().filter(|row| row.sends_real_sms).collect();
    if real.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = real.iter().map(|row| row.name.as_str()).collect();
    let operations = app.operations().await?;
    let late = |_| Error::said(Exit::StoreUnreachable, "the store does not answer");
    let circuits = timeout(PATIENCE, operations.circuits(&names)).await.map_err(late)??;
    for (row, (now, circuit)) in real.iter_mut().zip(circuits) {
        row.passed_over_until = circuit.passed_over(now);
        row.passed_over_because = row.passed_over_until.map(|_| circuit.why);
    }
    Ok(())
}

impl Can {
    pub(super) fn of(described: &Description) -> Self {
        let can = described.can;
        Self {
            send: true,
            status: can.status,
            balance: can.balance,
            test: can.test,
            reports: can.reports,
            dlt: described.features.dlt,
        }
    }

    /// In words, without what all can.
    pub(super) fn words(&self) -> String {
        let all = [
            (self.status, "status"),
            (self.balance, "balance"),
            (self.test, "test"),
            (self.reports, "reports"),
            (self.dlt, "dlt"),
        ];
        let words: Vec<&str> = all.iter().filter(|(can, _)| *can).map(|(_, word)| *word).collect();
        or_dash(words.join(" "))
    }
}

pub(super) fn senders(described: &Description) -> Vec<&'static str> {
    described.features.senders.iter().map(|sender| sender.as_str()).collect()
}

pub(super) fn or_dash(text: String) -> String {
    if text.is_empty() { "-".to_owned() } else { text }
}

fn row(name: &str, kind: &Kind) -> Row {
    // Nobody knows what a gateway can do whose definition cannot be read.
    let described = kind.describe();
    let described = described.as_ref();
    Row {
        name: name.to_owned(),
        kind: kind.as_str().to_owned(),
        title: described.map_or_else(|| kind.as_str().to_owned(), |described| described.title.clone()),
        configured: false,
        sends_real_sms: kind.is_real(),
        text_at_provider: described.is_some_and(|described| described.template_sender),
        countries: Vec::new(),
        passed_over_until: None,
        passed_over_because: None,
        can: described.map(Can::of).unwrap_or_default(),
        senders: described.map(senders).unwrap_or_default(),
        longest: described.and_then(|described| described.features.longest),
        channel: described.map(|described| described.channel),
        docs: described.and_then(|described| described.docs.clone()),
    }
}

impl Report for Providers {
    const SCHEMA: &str = "otpctl.provider_list/1";

    fn human(&self) -> Human {
        let header = ["NAME", "KIND", "ROUTES", "CAN", "SENDERS", "LONGEST", "SKIPPED UNTIL"];
        let over = self.providers.iter().any(|row| row.passed_over_until.is_some());
        let columns = if over { header.len() } else { header.len() - 1 };
        let mut table = Table::new(&header[..columns], "No provider.").spare(&["LONGEST", "SENDERS"]);
        for row in &self.providers {
            let cells = [
                // What is not configured has no name.
                if row.configured { Cell::from(&row.name) } else { "-".into() },
                Cell::from(&row.kind),
                or_dash(row.countries.join(" ")).into(),
                row.can.words().into(),
                or_dash(row.senders.join(" ")).into(),
                row.longest.map_or_else(|| "-".into(), |longest| longest.to_string().into()),
                Cell::time_or(row.passed_over_until, self.now, "-"),
            ];
            table.row(cells.into_iter().take(columns));
        }
        Human::Rows(table)
    }

    fn lines(&self) -> Lines {
        lines_of("otpctl.provider_list_row/1", &self.providers)
    }

    fn warnings(&self) -> Vec<String> {
        let told = |why: &String| format!("it is not known which providers are skipped: {why}");
        self.broken.iter().cloned().chain(self.unknown.iter().map(told)).collect()
    }
}

crate::otp::schema::documents! { "otpctl.provider_list/1" => Providers, "otpctl.provider_list_row/1" => Row }
