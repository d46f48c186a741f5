//! `doctor`: whether everything works that `send` and `verify` depend on, and what to do where it does not.

mod audit;
mod brakes;
mod caps;
mod check;
mod configuration;
mod directories;
mod fixes;
mod keys;
mod needs;
mod providers;
mod store;

use serde::Serialize;
use tokio::time::Instant;

use self::check::{Check, Status};
use super::CommandResult;
use crate::app::App;
use crate::error::{EXITS, Exit};
use crate::output::{AnyReport, Human, Lines, Listed, Report, lines_of};

/// Check everything that `send` and `verify` need
///
/// With `role` in the file, only what that role needs is checked. Exits with the highest exit code of what fails, and with 0 if there are only warnings, unless --strict is passed. Writes
/// nothing, and makes no request to a provider unless --providers is passed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Also make one free request to each provider
    #[arg(long)]
    providers: bool,
    /// Show only what is not ok, the worst first
    #[arg(long)]
    problems: bool,
    /// Exit with an error for warnings too
    #[arg(long)]
    strict: bool,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Examined {
    ok: bool,
    /// The exit code of the worst failure; 0: there is none.
    worst: u8,
    checks: Vec<Check>,
    /// How many there are of each status, shown or not.
    summary: Summary,
}

#[derive(Clone, Copy, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Summary {
    ok: usize,
    warn: usize,
    fail: usize,
    unknown: usize,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let settings = match app.settings() {
            Ok(settings) => settings,
            // All else depends on it.
            Err(error) => return Ok(self.examined(app, vec![Check::fail("config.file", &error)])),
        };
        let mut checks = vec![configuration::file(settings)];
        let end = app.provider_deadline(super::SEND_TIMEOUT);
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
        let asked =
            providers::ProviderAnswers { all: self.providers, store: answers, locked: locked.cloned().collect() };
        checks.extend(values);
        checks.extend(state);
        if answers {
            checks.extend(keys::state(app, end).await);
            checks.extend(caps::state(app, settings, end).await);
            checks.extend(brakes::state(app, settings, end).await);
        }
        checks.extend(audit::state(app, settings, end).await);
        checks.extend(directories::state(app, end).await);
        checks.extend(providers::routes(settings));
        checks.extend(providers::state(app, settings, asked, end).await);
        checks.retain(|check| needs::needs(settings, &check.id));
        Ok(self.examined(app, checks))
    }

    fn examined(&self, app: &App, mut checks: Vec<Check>) -> Box<dyn AnyReport> {
        for check in &mut checks {
            check.fix = check.next.as_ref().map(|hint| app.printer.text(hint));
            check.command = check.next.as_ref().and_then(|hint| app.printer.command(hint));
        }
        unique(&mut checks);
        let code = |check: &Check| if self.strict { check.strict() } else { check.exit };
        let worst = checks.iter().filter_map(code).max().unwrap_or_default();
        let count = |status| checks.iter().filter(|check| check.status == status).count();
        let summary = Summary {
            ok: count(Status::Ok),
            warn: count(Status::Warn),
            fail: count(Status::Fail),
            unknown: count(Status::Unknown),
        };
        if self.problems {
            checks.retain(|check| check.status != Status::Ok);
            checks.sort_by_key(|check| match check.status {
                Status::Fail => 0,
                Status::Warn => 1,
                Status::Unknown | Status::Ok => 2,
            });
        }
        Box::new(Examined { ok: worst == 0, worst, checks, summary })
    }
}

/// An id names one check. Where several things were found about one key, each but the first has its number behind it.
fn unique(checks: &mut [Check]) {
    for at in 1..checks.len() {
        let (before, own) = checks.split_at_mut(at);
        let Some(own) = own.first_mut() else { continue };
        let same = before.iter().filter(|check| check.id.split("{n=").next() == Some(own.id.as_str())).count();
        if same > 0 {
            own.id = format!("{}{{n={}}}", own.id, same + 1);
        }
    }
}

impl Summary {
    /// `12 ok, 1 warning, 1 failure (exit 22)`.
    fn line(self, worst: u8) -> String {
        let mut parts = vec![format!("{} ok", self.ok)];
        let counted = [
            (self.warn, "warning", "warnings"),
            (self.fail, "failure", "failures"),
            (self.unknown, "unknown", "unknown"),
        ];
        parts.extend(
            counted
                .iter()
                .filter(|(count, ..)| *count > 0)
                .map(|(count, one, many)| format!("{count} {}", if *count == 1 { one } else { many })),
        );
        let end = if worst == 0 { String::new() } else { format!(" (exit {worst})") };
        parts.join(", ") + &end
    }
}

impl Report for Examined {
    const SCHEMA: &str = "otpctl.doctor/1";

    fn human(&self) -> Human {
        let row = |check: &Check| Listed {
            cells: [check.status.as_str().to_owned(), check.id.clone(), check.detail.clone()],
            why: check.next.as_ref().map(|hint| hint.why().to_owned()).unwrap_or_default(),
            command: check.command.clone(),
        };
        Human::Listed(self.checks.iter().map(row).collect(), self.summary.line(self.worst))
    }

    fn lines(&self) -> Lines {
        lines_of("otpctl.doctor_check/1", &self.checks)
    }

    fn exit(&self) -> Exit {
        EXITS.iter().find(|(exit, ..)| exit.number() == self.worst).map_or(Exit::Internal, |(exit, ..)| *exit)
    }
}

crate::otp::schema::documents! { "otpctl.doctor/1" => Examined, "otpctl.doctor_check/1" => Check }
