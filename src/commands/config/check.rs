//! `config check`: what would fail, before it does.

use serde::Serialize;

use crate::app::{App, machine, today};
use crate::commands::CommandResult;
use crate::config::{self, Level};
use crate::error::Exit;
use crate::otp::Hint;
use crate::output::{Human, Lines, Listed, Report, lines_of};
use crate::provider;

/// Check the file, its texts and its secrets; makes no request
#[derive(Debug, clap::Args)]
pub struct Args {}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Row {
    status: &'static str,
    key: String,
    detail: String,
    fix: Option<String>,
    #[serde(skip)]
    next: Option<Hint>,
    /// The command of that, which is never broken.
    #[serde(skip)]
    command: Option<String>,
}

impl Row {
    fn new(app: &App, status: &'static str, (key, detail): (String, String), next: Option<Hint>) -> Self {
        let fix = next.as_ref().map(|hint| app.printer.text(hint));
        let command = next.as_ref().and_then(|hint| app.printer.command(hint));
        Self { status, key, detail, fix, next, command }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Checked {
    path: Option<String>,
    ok: bool,
    findings: Vec<Row>,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let settings = app.settings()?;
        let found = config::check_all(settings, &app.fetch(), today()).await;
        let mut findings: Vec<Row> = found
            .into_iter()
            .map(|finding| {
                let status = match finding.level {
                    Level::Note => "ok",
                    Level::Warning => "warn",
                    Level::Error => "fail",
                };
                Row::new(app, status, (finding.key, finding.text), finding.hint)
            })
            .collect();
        // A provider whose secrets are there may still not open.
        let context = provider::Context {
            console: std::sync::Arc::new(|_| Ok(())),
            machine: machine(),
            path: std::ffi::OsString::new(),
        };
        let all = settings.providers.iter().flat_map(|(name, own)| {
            std::iter::once(None).chain(own.purposes.keys().map(Some)).map(move |purpose| (name, own, purpose))
        });
        for (name, configured, purpose) in all {
            let Ok(resolved) = configured.resolve(purpose, &app.fetch()).await else { continue };
            let of_purpose = purpose.map(|purpose| format!(".purpose.{purpose}")).unwrap_or_default();
            let key = format!("providers.{name}{of_purpose}");
            match configured.kind.open(name, resolved, &context) {
                Err(error) => findings.push(Row::new(app, "fail", (key, error.to_string()), error.fix())),
                Ok(provider) => {
                    let warning = provider.warning();
                    findings.extend(warning.map(|detail| Row::new(app, "warn", (key, detail), None)));
                }
            }
        }
        let ok = findings.iter().all(|finding| finding.status != "fail");
        let path = settings.path.as_ref().map(|path| path.display().to_string());
        Ok(Box::new(Checked { path, ok, findings }))
    }
}

impl Report for Checked {
    const SCHEMA: &str = "otpctl.config_check/1";

    fn human(&self) -> Human {
        let row = |finding: &Row| Listed {
            cells: [finding.status.to_owned(), finding.key.clone(), finding.detail.clone()],
            why: finding.next.as_ref().map(|hint| hint.why().to_owned()).unwrap_or_default(),
            command: finding.command.clone(),
        };
        let end = if self.ok { "No errors found." } else { "This file has errors." };
        Human::Listed(self.findings.iter().map(row).collect(), end.to_owned())
    }

    fn lines(&self) -> Lines {
        lines_of("otpctl.config_check_row/1", &self.findings)
    }

    fn exit(&self) -> Exit {
        if self.ok { Exit::Ok } else { Exit::Config }
    }
}

crate::otp::schema::documents! { "otpctl.config_check/1" => Checked, "otpctl.config_check_row/1" => Row }
