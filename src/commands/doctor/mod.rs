//! `doctor`: whether everything works that `send` and `verify` depend on, and what to do where it does not.

mod check;
mod configuration;
mod providers;
mod store;

use serde::Serialize;
use tokio::time::Instant;

use self::check::{Check, Status};
use super::Done;
use crate::app::App;
use crate::error::{EXITS, Exit};
use crate::output::{Human, Report, Table, lines_of};

/// Check everything that `send` and `verify` depend on
///
/// Ends with the highest exit code of what fails, and with 0 where there are only warnings. Nothing is written, and no
/// provider is called unless --providers is said.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Ask each provider too, by one real call that costs nothing
    #[arg(long)]
    providers: bool,
}

#[derive(Serialize)]
struct Examined {
    schema: &'static str,
    ok: bool,
    /// The exit code of the worst failure; 0: there is none.
    worst: u8,
    checks: Vec<Check>,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> Done {
        let settings = match app.settings() {
            Ok(settings) => settings,
            // All else depends on it.
            Err(error) => return Ok(Examined::of(app, vec![Check::fail("config.file", &error)])),
        };
        let mut checks = vec![configuration::file(settings)];
        let end = app.provider_deadline(super::SEND);
        // What hangs takes half of the time, and leaves the rest to the others.
        let now = Instant::now();
        let half = now + end.saturating_duration_since(now) / 2;
        let (values, state) =
            tokio::join!(configuration::values(app, settings, half), store::state(app, settings, half));
        let answers = state.iter().all(|check| check.id != "store.reach" || check.status != Status::Fail);
        let fails = |check: &Check, name: &String| {
            check.status == Status::Fail && check.id.starts_with(&format!("providers.{name}."))
        };
        let locked = settings.providers.keys().filter(|name| values.iter().any(|check| fails(check, name)));
        let asked = providers::Asked { all: self.providers, store: answers, locked: locked.cloned().collect() };
        checks.extend(values);
        checks.extend(state);
        checks.extend(providers::routes(settings));
        checks.extend(providers::state(app, settings, asked, end).await);
        Ok(Examined::of(app, checks))
    }
}

impl Examined {
    fn of(app: &App, mut checks: Vec<Check>) -> Box<dyn Report> {
        for check in &mut checks {
            check.fix = check.next.as_ref().map(|hint| app.printer.text(hint));
        }
        let worst = checks.iter().filter_map(|check| check.exit).max().unwrap_or_default();
        Box::new(Self { schema: "otpctl.doctor/1", ok: worst == 0, worst, checks })
    }
}

impl Report for Examined {
    fn human(&self) -> Human {
        let mut table = Table::new(&["STATUS", "CHECK", "DETAIL", "FIX"], "");
        for check in &self.checks {
            let fix = check.fix.as_deref().unwrap_or_default();
            table.row([check.status.as_str(), &check.id, &check.detail, fix]);
        }
        Human::Rows(table)
    }

    fn document(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        lines_of("otpctl.doctor_check/1", &self.checks)
    }

    fn exit(&self) -> Exit {
        EXITS.iter().find(|(exit, ..)| exit.number() == self.worst).map_or(Exit::Internal, |(exit, ..)| *exit)
    }
}
