//! `provider list`: what is configured, or all that could be, and what each can do.

use serde::Serialize;

use crate::app::App;
use crate::commands::Done;
use crate::output::{Human, Report, Table, lines_of};
use crate::provider::{self, Description, Kind};

/// List the configured providers, and what each can do
///
/// status: say what became of an SMS; balance: what is left on the account; test: whether the settings work, at no cost;
/// reports: its delivery reports can be read; dlt: it takes the ids of India's DLT registration.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// All that can be configured
    #[arg(long)]
    all: bool,
}

#[derive(Default, Serialize)]
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
struct Row {
    name: String,
    kind: String,
    title: String,
    configured: bool,
    sends_real_sms: bool,
    text_at_provider: bool,
    /// The routes that it is in; `*` is the default one.
    countries: Vec<String>,
    can: Can,
    /// What a message can come from.
    senders: Vec<&'static str>,
    /// How many characters one request may hold.
    longest: Option<u32>,
    docs: Option<String>,
}

#[derive(Serialize)]
struct Providers {
    schema: &'static str,
    providers: Vec<Row>,
}

impl Args {
    pub(super) fn run(&self, app: &App) -> Done {
        let settings = app.settings()?;
        let mut providers = Vec::new();
        for (name, configured) in &settings.providers {
            let mut row = row(name, &configured.kind);
            row.configured = true;
            if settings.routes.default.contains(name) {
                row.countries.push("*".to_owned());
            }
            let own = settings.routes.by_country.iter().filter(|(_, names)| names.contains(name));
            row.countries.extend(own.map(|(country, _)| country.to_string()));
            providers.push(row);
        }
        if self.all {
            let known = |kind: &&str| !settings.providers.values().any(|configured| configured.kind.as_str() == *kind);
            let others = provider::kinds().filter(known).filter_map(Kind::known);
            providers.extend(others.map(|kind| row(kind.as_str(), &kind)));
        }
        Ok(Box::new(Providers { schema: "otpctl.provider_list/1", providers }))
    }
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
    // A definition is read before it is configured, so there is one.
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
        can: described.map(Can::of).unwrap_or_default(),
        senders: described.map(senders).unwrap_or_default(),
        longest: described.and_then(|described| described.features.longest),
        docs: described.and_then(|described| described.docs.clone()),
    }
}

impl Report for Providers {
    fn human(&self) -> Human {
        let header = ["NAME", "KIND", "ROUTES", "CAN", "SENDERS", "LONGEST"];
        let mut table = Table::new(&header, "No provider.");
        for row in &self.providers {
            table.row([
                // What is not configured has no name.
                if row.configured { row.name.clone() } else { "-".to_owned() },
                row.kind.clone(),
                or_dash(row.countries.join(" ")),
                row.can.words(),
                or_dash(row.senders.join(" ")),
                row.longest.map_or_else(|| "-".to_owned(), |longest| longest.to_string()),
            ]);
        }
        Human::Rows(table)
    }

    fn document(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        lines_of("otpctl.provider_list_row/1", &self.providers)
    }
}
