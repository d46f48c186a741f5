//! `config show`: every value, and where it came from.

use serde::Serialize;

use crate::app::App;
use crate::commands::CommandResult;
use crate::config::{self, Origin};
use crate::output::{Human, Lines, Report, Table, lines_of};

/// Print every setting; of secrets only where they come from
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show where each value came from
    #[arg(long)]
    origin: bool,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Row {
    key: String,
    value: serde_json::Value,
    origin: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Settings {
    settings: Vec<Row>,
    #[serde(skip)]
    origin: bool,
}

impl Args {
    pub(super) fn run(&self, app: &App) -> CommandResult {
        let settings = app.settings()?;
        let file = settings.path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        let rows = config::shown(settings).into_iter().map(|shown| Row {
            key: shown.key,
            value: shown.value,
            origin: match shown.origin {
                Origin::Default => "default".to_owned(),
                Origin::File { line } => format!("{file}:{line}"),
                Origin::Flag => "flag".to_owned(),
                Origin::Environment(name) => format!("environment: {name}"),
            },
        });
        Ok(Box::new(Settings { settings: rows.collect(), origin: self.origin }))
    }
}

impl Report for Settings {
    const SCHEMA: &str = "otpctl.config/1";

    fn human(&self) -> Human {
        let header: &[_] = if self.origin { &["KEY", "VALUE", "ORIGIN"] } else { &["KEY", "VALUE"] };
        let mut table = Table::new(header, "");
        for row in &self.settings {
            let value = match &row.value {
                serde_json::Value::Null => "-".to_owned(),
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let mut cells = vec![row.key.as_str(), value.as_str()];
            if self.origin {
                cells.push(&row.origin);
            }
            table.row(cells);
        }
        Human::Rows(table)
    }

    fn lines(&self) -> Lines {
        lines_of("otpctl.config_row/1", &self.settings)
    }
}

crate::otp::schema::documents! { "otpctl.config/1" => Settings, "otpctl.config_row/1" => Row }
