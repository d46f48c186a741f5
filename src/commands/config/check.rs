//! `config check`: what would fail, before it does.

use serde::Serialize;

use crate::app::{App, clock, today};
use crate::commands::CommandResult;
use crate::config::{self, Level};
use crate::error::Exit;
use crate::output::{Human, Lines, Report, Table, lines_of};
use crate::provider;

/// Check the file, its texts and its secrets; makes no request
#[derive(Debug, clap::Args)]
pub struct Args {}

#[derive(Serialize)]
struct Row {
    status: &'static str,
    key: String,
    detail: String,
    fix: Option<String>,
}

#[derive(Serialize)]
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
            .map(|finding| Row {
                status: match finding.level {
                    Level::Note => "ok",
                    Level::Warning => "warn",
                    Level::Error => "fail",
                },
                key: finding.key,
                detail: finding.text,
                fix: finding.hint.as_ref().map(|hint| app.printer.text(hint)),
            })
            .collect();
        // A provider whose secrets are there may still not open.
        let context = provider::Context {
            console: std::sync::Arc::new(|_| Ok(())),
            clock: clock(),
            path: std::ffi::OsString::new(),
        };
        for (name, configured) in &settings.providers {
            let Ok(resolved) = configured.resolve(&app.fetch()).await else { continue };
            let key = format!("providers.{name}");
            match configured.kind.open(name, resolved, &context) {
                Err(error) => {
                    let fix = error.fix().as_ref().map(|hint| app.printer.text(hint));
                    findings.push(Row { status: "fail", key, detail: error.to_string(), fix });
                }
                Ok(provider) => {
                    findings.extend(provider.warning().map(|detail| Row { status: "warn", key, detail, fix: None }));
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
        let mut table = Table::new(&["STATUS", "KEY", "DETAIL", "FIX"], "No problems found.");
        for finding in &self.findings {
            table.row([finding.status, &finding.key, &finding.detail, finding.fix.as_deref().unwrap_or("")]);
        }
        Human::Rows(table)
    }

    fn lines(&self) -> Lines {
        lines_of("otpctl.config_check_row/1", &self.findings)
    }

    fn exit(&self) -> Exit {
        if self.ok { Exit::Ok } else { Exit::Config }
    }
}
