//! `provider list`: what is configured, or all that could be.

use serde::Serialize;

use crate::app::App;
use crate::commands::Done;
use crate::output::{Human, Report, Table, lines_of};
use crate::provider;

/// List the configured providers, and what each can do
#[derive(Debug, clap::Args)]
pub struct Args {
    /// All that can be configured
    #[arg(long)]
    all: bool,
}

#[derive(Serialize)]
struct Row {
    name: String,
    kind: String,
    title: String,
    configured: bool,
    sends_real_sms: bool,
    text_at_provider: bool,
    countries: Vec<String>,
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
            let others = provider::kinds().filter(known).filter_map(provider::Kind::known);
            providers.extend(others.map(|kind| row(kind.as_str(), &kind)));
        }
        Ok(Box::new(Providers { schema: "otpctl.provider_list/1", providers }))
    }
}

fn row(name: &str, kind: &provider::Kind) -> Row {
    let described = kind.describe();
    Row {
        name: name.to_owned(),
        kind: kind.as_str().to_owned(),
        title: described.as_ref().map_or_else(|| kind.as_str().to_owned(), |described| described.title.clone()),
        configured: false,
        sends_real_sms: kind.is_real(),
        text_at_provider: described.as_ref().is_some_and(|described| described.template_sender),
        countries: Vec::new(),
        docs: described.and_then(|described| described.docs),
    }
}

impl Report for Providers {
    fn human(&self) -> Human {
        let mut table = Table::new(&["NAME", "KIND", "PROVIDER", "CONFIGURED", "ROUTES", "TEXT"], "No provider.");
        let yes = |is| if is { "yes" } else { "no" };
        for row in &self.providers {
            let text = if row.text_at_provider { "at the provider" } else { "ours" };
            let routes = if row.countries.is_empty() { "-".to_owned() } else { row.countries.join(" ") };
            table.row([row.name.as_str(), &row.kind, &row.title, yes(row.configured), &routes, text]);
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
