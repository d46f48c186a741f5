//! What `policy block` and `policy allow` have in common.

use std::time::Duration;

use serde::Serialize;

use super::Entry;
use super::scope::{Resolved, ScopeArg};
use crate::app::{App, Confirm};
use crate::commands::CommandResult;
use crate::error::{Error, Exit};
use crate::operations::{PolicyEnd, PolicyRequest};
use crate::otp::duration::duration;
use crate::otp::policy_entry::PolicyEffect;
use crate::otp::{Hint, Moment, Role};
use crate::output::{Human, Report, read_moment, when};

/// An operator's allow lasts no longer.
const OPERATORS: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// A phone, the first digits of numbers (+9198), or a country (IN)
    #[arg(value_name = "PHONE|PREFIX|COUNTRY")]
    scope: ScopeArg,
    /// For so long (24h), or until a time (2026-12-01T18:00) [default: until it is removed]
    #[arg(long, value_name = "DURATION|TIME", value_parser = until)]
    until: Option<PolicyEnd>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Set {
    entry: Entry,
    /// The effect of the entry that it replaced.
    replaced: Option<&'static str>,
    dry_run: bool,
    #[serde(skip)]
    now: Moment,
    #[serde(skip)]
    next: Hint,
}

/// Reads `--until`.
fn until(text: &str) -> Result<PolicyEnd, String> {
    let end = duration(text).map(PolicyEnd::In).or_else(|| read_moment(text).map(PolicyEnd::At));
    end.ok_or_else(|| "write a duration such as 24h, or a time such as 2026-12-01T18:00".to_owned())
}

impl Options {
    pub(super) async fn set(&self, app: &App, effect: PolicyEffect) -> CommandResult {
        if let Some(PolicyEnd::At(moment)) = self.until
            && moment <= app.now()
        {
            return Err(Error::said(Exit::Usage, "--until is a time that is over"));
        }
        let allows_for_good = effect == PolicyEffect::Allow && self.until.is_none();
        if allows_for_good && app.settings()?.protected && app.reason().is_none() {
            return Err(Error::said(Exit::Confirm, "allowing for good with a protected file needs a reason")
                .hint("pass --until DURATION, or --reason TEXT"));
        }
        self.may_last(app, effect)?;
        let resolved = self.scope.resolve(app).await?;
        let shown = resolved.shown(app);
        app.may_change(&format!("{} sends to {shown}", effect.as_str()), Confirm::Yes).await?;
        let asked = PolicyRequest { effect, until: self.until };
        let (changed, _) = app
            .audited(resolved.act(effect.as_str()), async |operations| {
                let changed = operations.set_policy(&resolved.scope, &asked).await;
                changed.map(|changed| (changed, Exit::Ok)).map_err(|error| resolved.failed(app, error))
            })
            .await?;
        let Some(entry) = &changed.entry else {
            return Err(Error::said(Exit::Internal, "the entry is not there"));
        };
        Ok(Box::new(Set {
            entry: Entry::new(app, &resolved.scope, entry, resolved.typed()).await,
            replaced: changed.before.map(|before| before.effect.as_str()),
            dry_run: app.globals.dry_run,
            now: changed.now,
            next: next(&resolved),
        }))
    }
}

impl Options {
    /// What an operator allows ends within a day.
    fn may_last(&self, app: &App, effect: PolicyEffect) -> Result<(), Error> {
        let is_bound = effect == PolicyEffect::Allow && app.settings()?.role == Some(Role::Operator);
        let ends = match self.until {
            None => false,
            Some(PolicyEnd::In(span)) => span <= OPERATORS,
            Some(PolicyEnd::At(moment)) => moment <= app.now().after(OPERATORS),
        };
        if is_bound && !ends {
            let why = "the role `operator` of this file may allow sends for at most 24 h";
            return Err(Error::said(Exit::Role, why).hint("pass --until 24h, or ask somebody with the role admin"));
        }
        Ok(())
    }
}

fn next(resolved: &Resolved) -> Hint {
    Hint::run(&["policy", "remove"]).arg(resolved.argument()).because("to undo it")
}

impl Report for Set {
    const SCHEMA: &str = "otpctl.policy_entry/1";

    fn human(&self) -> Human {
        let done = match (self.entry.effect, self.dry_run) {
            ("allow", false) => "Allowed sends to",
            ("allow", true) => "Would allow sends to",
            (_, false) => "Blocked sends to",
            (_, true) => "Would block sends to",
        };
        let whom = match self.entry.scope {
            "prefix" => format!("numbers that begin with {}", self.entry.whom()),
            _ => self.entry.whom().to_owned(),
        };
        let until = self.entry.until.map_or_else(
            || "until someone removes the entry".to_owned(),
            |until| format!("for now; the entry ends {}", when(until, self.now)),
        );
        Human::Text(format!("{done} {whom} {until}."))
    }

    fn hints(&self) -> Vec<Hint> {
        if self.dry_run { Vec::new() } else { vec![self.next.clone()] }
    }
}

crate::otp::schema::documents! { "otpctl.policy_entry/1" => Set }
