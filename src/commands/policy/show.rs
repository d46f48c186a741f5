//! `policy show`: which rule would stop a send to a phone, without sending.

use serde::Serialize;

use super::Entry;
use crate::app::App;
use crate::commands::target::{Target, TargetArg};
use crate::commands::{CommandResult, allowance};
use crate::otp::policy_entry::deciding;
use crate::otp::rules::{Allowance, SendRefused, SendRule};
use crate::otp::{Hint, Moment, Purpose};
use crate::output::{Human, Report, clock, when};

/// Show which rule would stop a send, without sending
///
/// Exits with 0 whether or not a send is allowed. It is the answer that `send` itself goes by.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A phone number, `user:ID`, or a `ph_…` reference
    #[arg(value_name = "PHONE|USER")]
    target: TargetArg,
    /// For a code of this purpose
    #[arg(long, default_value_t = Purpose::default())]
    purpose: Purpose,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Shown {
    phone: String,
    #[serde(rename = "ref")]
    reference: Option<String>,
    country: Option<String>,
    #[serde(rename = "type")]
    kind: &'static str,
    purpose: Purpose,
    /// Whether a code could be sent now.
    send: Allowance,
    /// The entry that decides: the phone's, the longest prefix's or the country's.
    entry: Option<Entry>,
    #[serde(skip)]
    next: Option<Hint>,
    #[serde(skip)]
    now: Moment,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let target = self.target.resolve_phone(app).await?;
        let standing = app.operations().await?.standing(&target.phone).await;
        let (known, now, counters) = standing.map_err(|error| target.failed(app, error))?;
        let send = allowance::of(app, (&target.phone, &self.purpose), (&known, now), &counters)?;
        let entry = match deciding(&target.phone, &known.policy, counters.calling.as_ref(), now) {
            Some((scope, entry)) => Some(Entry::new(app, &scope, entry, target.typed).await),
            None => None,
        };
        Ok(Box::new(Shown {
            phone: target.shown(app),
            reference: app.reference(&target.phone).await,
            country: target.phone.country().map(|country| country.to_string()),
            kind: target.phone.kind().as_str(),
            purpose: self.purpose.clone(),
            next: next(&target, &send, entry.as_ref()),
            send,
            entry,
            now,
        }))
    }
}

/// What lifts a refusal, where something does before its time.
fn next(target: &Target, send: &Allowance, entry: Option<&Entry>) -> Option<Hint> {
    let remove = |why: &str| {
        let whom = entry.filter(|entry| entry.phone.is_none()).map(|entry| entry.whom().to_owned());
        Hint::run(&["policy", "remove"]).arg(whom.unwrap_or_else(|| target.argument())).because(why)
    };
    match send.rule? {
        SendRule::Blocked => Some(remove("to lift the block")),
        SendRule::OptedOut => Some(remove("after the receiver sent START to the sender")),
        SendRule::Country | SendRule::Type | SendRule::Neighbors | SendRule::Brake => {
            let allow = Hint::run(&["policy", "allow"]).arg(target.argument()).option("--until", "1h");
            Some(allow.because("if you know the customer"))
        }
        SendRule::Lock => Some(target.hint("unlock").because("once you know that it is the customer")),
        SendRule::Cooldown | SendRule::PerPhone => {
            Some(target.hint("unlock").flag("--limits").because("if it cannot wait"))
        }
        SendRule::PerPrefix
        | SendRule::PerCountry
        | SendRule::Cap
        | SendRule::UnderWay
        | SendRule::Purposes
        | SendRule::Requests => None,
    }
}

impl Report for Shown {
    const SCHEMA: &str = "otpctl.policy/1";

    fn human(&self) -> Human {
        let phone = &self.phone;
        let Some(rule) = self.send.rule else {
            let entry = self.entry.as_ref().map(|entry| format!("; {} has an allow entry", entry.whom()));
            return Human::Text(format!("A send to {phone} is allowed now{}.", entry.unwrap_or_default()));
        };
        let until = self.send.until.map(|until| format!(" A send is allowed {}.", when(until, self.now)));
        let reason = match &self.send.refused {
            Some(SendRefused::Denied(denied)) => denied.words(&|at| when(at, self.now), &|at| clock(at, self.now)),
            _ => self.send.reason.clone().unwrap_or_else(|| rule.words().to_owned()),
        };
        Human::Text(format!("A send to {phone} would be refused: {reason}.{}", until.unwrap_or_default()))
    }

    fn hints(&self) -> Vec<Hint> {
        self.next.iter().cloned().collect()
    }
}

crate::otp::schema::documents! { "otpctl.policy/1" => Shown }
