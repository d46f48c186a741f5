//! The checks of the providers: that routes lead to them, that they open, which are skipped, and with --providers what they
//! say themselves.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use tokio::time::{Instant, timeout_at};

use super::check::{Check, Status};
use crate::app::App;
use crate::commands::provider::question;
use crate::config::{ProviderSettings, RouteEntry, Settings};
use crate::error::{Error, Exit};
use crate::otp::feedback::FeedbackTrouble;
use crate::otp::{Hint, Moment};
use crate::output::plural;
use crate::provider::Amount;

/// What is to be asked of the providers.
#[derive(Debug)]
pub(super) struct ProviderAnswers {
    /// Each is called.
    pub(super) all: bool,
    /// The store can be asked which are skipped.
    pub(super) store: bool,
    /// Their secrets cannot be fetched, which is told already.
    pub(super) locked: Vec<String>,
}

pub(super) fn routes(settings: &Settings) -> Vec<Check> {
    let words = |route: &[RouteEntry]| route.iter().map(ToString::to_string).collect::<Vec<_>>().join(", then ");
    let route = |(name, route): (String, &[RouteEntry])| Check::ok(format!("routes.{name}"), words(route));
    settings.routes.all().map(route).collect()
}

pub(super) async fn state(app: &App, settings: &Settings, asked: ProviderAnswers, end: Instant) -> Vec<Check> {
    let over = if asked.store { passed_over(app, settings, end).await } else { BTreeMap::new() };
    let untold = if asked.store { untold(app, settings, end).await } else { BTreeMap::new() };
    let providers = settings.providers.iter().filter(|(name, _)| !asked.locked.contains(name));
    let checks = join_all(providers.map(async |(name, provider)| {
        let mut checks = vec![opened(app, (name, provider), over.get(name.as_str()), end).await];
        checks.extend(untold.get(name.as_str()).map(|trouble| feedback(name, trouble)));
        // What calls nobody is looked at anyway.
        if checks[0].status != Status::Fail && (asked.all || !provider.kind.is_real()) {
            let test = tested(app, name).await;
            let balance = if asked.all && provider.kind.is_real() { balance(app, name, &test).await } else { None };
            checks.push(test);
            checks.extend(balance);
        }
        checks
    }));
    checks.await.into_iter().flatten().collect()
}

/// Which are skipped, until when and why. If the store fails, its own checks tell it.
async fn passed_over<'a>(app: &App, settings: &'a Settings, end: Instant) -> BTreeMap<&'a str, (Moment, String)> {
    if settings.routes.pass_over.is_none() {
        return BTreeMap::new();
    }
    let real = settings.providers.iter().filter(|(_, provider)| provider.kind.is_real());
    let names: Vec<&str> = real.map(|(name, _)| name.as_str()).collect();
    let asked = async { app.operations().await?.circuits(&names).await.map_err(Error::from) };
    let Ok(Ok(circuits)) = timeout_at(end, asked).await else { return BTreeMap::new() };
    let over = |(name, (now, circuit)): (&&'a str, (Moment, crate::otp::circuit::Circuit))| {
        Some((*name, (circuit.passed_over(now)?, circuit.why)))
    };
    names.iter().zip(circuits).filter_map(over).collect()
}

/// Which were not told lately how their codes ended, or that they were revoked, and why.
async fn untold<'a>(app: &App, settings: &'a Settings, end: Instant) -> BTreeMap<&'a str, FeedbackTrouble> {
    let is_told = |provider: &ProviderSettings| {
        provider.entries.contains_key("feedback") || provider.kind.describe().is_some_and(|kind| kind.can.revoke)
    };
    let wanting = settings.providers.iter().filter(|(_, provider)| is_told(provider));
    let names: Vec<&str> = wanting.map(|(name, _)| name.as_str()).collect();
    if names.is_empty() {
        return BTreeMap::new();
    }
    let asked = async { app.operations().await?.feedback_troubles(&names).await.map_err(Error::from) };
    let Ok(Ok(troubles)) = timeout_at(end, asked).await else { return BTreeMap::new() };
    names
        .into_iter()
        .zip(troubles.into_iter().map(|(_, trouble)| trouble))
        .filter(|(_, one)| one.failures > 0)
        .collect()
}

fn feedback(name: &str, trouble: &FeedbackTrouble) -> Check {
    let times = plural(trouble.failures, "code", "codes");
    let last = trouble.failed_at.map(|at| format!(", last at {}", at.to_the_second())).unwrap_or_default();
    let text = format!("it did not take the feedback on {times}{last}: {}", trouble.why);
    Check::warn(format!("providers.{name}.feedback"), text, Hint::run(&["provider", "test"]).arg(name))
}

async fn opened(
    app: &App,
    (name, settings): (&str, &ProviderSettings),
    over: Option<&(Moment, String)>,
    end: Instant,
) -> Check {
    let id = format!("providers.{name}");
    match timeout_at(end, app.provider(name)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => return Check::fail(id, &error),
        Err(_) => {
            let late = Error::said(Exit::Config, "one of its secrets takes too long to fetch");
            return Check::fail(id, &late.hint(Hint::run(&["config", "check"])));
        }
    }
    let Some((until, why)) = over else {
        return Check::ok(id, format!("{}, opens", settings.kind.as_str()));
    };
    let text = format!("skipped until {}, after consecutive failures: {why}", until.to_the_second());
    Check::warn(id, text, Hint::run(&["provider", "test"]).arg(name))
}

/// What is left on the account. Where the test has asked for it already, it is not asked for again.
async fn balance(app: &App, name: &str, test: &Check) -> Option<Check> {
    if app.globals.dry_run || test.status == Status::Fail {
        return None;
    }
    let id = format!("providers.{name}.balance");
    let left = match test.detail.strip_prefix("balance: ") {
        Some(amount) => amount.to_owned(),
        None if app.provider(name).await.is_ok_and(|provider| provider.capabilities().balance) => {
            match question::ask(app, name, async |provider, deadline| provider.balance(deadline).await).await {
                Ok(Amount { amount, currency }) => {
                    [Some(amount), currency].into_iter().flatten().collect::<Vec<_>>().join(" ")
                }
                Err(error) => {
                    let again = Hint::run(&["provider", "balance"]).arg(name);
                    return Some(Check::unknown(
                        id,
                        format!("it does not say what is left: {}", error.message()),
                        again,
                    ));
                }
            }
        }
        None => return None,
    };
    let amount = left.split(' ').next().and_then(|amount| amount.parse::<f64>().ok());
    Some(if amount.is_some_and(|amount| amount <= 0.0) {
        Check::warn(id, format!("no credit is left: {left}"), "top up the account at the gateway")
    } else {
        Check::ok(id, format!("{left} left"))
    })
}

/// One free request.
async fn tested(app: &App, name: &str) -> Check {
    let id = format!("providers.{name}.test");
    if app.globals.dry_run {
        return Check::unknown(id, "not asked, in a dry run", Hint::run(&["doctor"]).flag("--providers"));
    }
    match question::ask(app, name, async |provider, deadline| provider.test(deadline).await).await {
        Ok(says) => Check::ok(id, says.unwrap_or_else(|| "its settings work".to_owned())),
        // Nothing is wrong with a gateway that has no such call.
        Err(error) if error.exit == Exit::Usage => {
            let text = "it offers no free request";
            Check::unknown(
                id,
                text,
                Hint::run(&["send"]).arg("PHONE").option("--provider", name).because("send one SMS"),
            )
        }
        Err(error) => Check::fail(id, &error),
    }
}
