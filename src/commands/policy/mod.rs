//! `policy`: who may be sent to, beside what the file says.

mod allow;
mod block;
mod list;
mod remove;
mod scope;
mod set;
mod show;

use serde::Serialize;

use crate::app::App;
use crate::otp::Moment;
use crate::otp::policy_entry::{PolicyEntry, Scope};
use crate::otp::time::{rfc3339, rfc3339_or_null};

group! {
    /// Block or allow phones, prefixes, countries
    ///
    /// An entry is kept in the store and holds for every file that uses it. The most specific one decides: a phone's, then the
    /// longest prefix, then the country's.
    pub struct Args;

    Show "show" show.await ["policy show +919876543210", "policy show user:u_1 --json"];
    Block "block" block.await ["policy block +919876543210 --until 24h", "policy block +9198 --reason 'SMS pumping'"];
    Allow "allow" allow.await ["policy allow +919876543210 --until 1h", "policy allow AE --reason 'launch in AE'"];
    Remove "remove" remove.await ["policy remove +919876543210", "policy remove +9198"];
    List "list" list.await ["policy list", "policy list --unmask"];
}

/// An entry in a document.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Entry {
    /// What it is about: a `phone`, a `prefix` or a `country`.
    scope: &'static str,
    phone: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    prefix: Option<String>,
    country: Option<String>,
    effect: &'static str,
    #[serde(serialize_with = "rfc3339")]
    since: Moment,
    #[serde(serialize_with = "rfc3339_or_null")]
    until: Option<Moment>,
    by: Option<String>,
    reason: Option<String>,
    /// The provider that reported that the receiver asked for no more messages.
    opted_out: Option<String>,
}

impl Entry {
    /// `typed`: the caller typed the phone, which may be shown.
    async fn new(app: &App, scope: &Scope, entry: &PolicyEntry, typed: bool) -> Self {
        let (name, phone, reference, prefix, country) = match scope {
            Scope::Phone(phone) => ("phone", Some(app.display(phone, typed)), app.reference(phone).await, None, None),
            Scope::Prefix(prefix) => ("prefix", None, None, Some(prefix.to_string()), None),
            Scope::Country(country) => ("country", None, None, None, Some(country.to_string())),
        };
        Self {
            scope: name,
            phone,
            reference,
            prefix,
            country,
            effect: entry.effect.as_str(),
            since: entry.since,
            until: entry.until,
            by: entry.by.clone(),
            reason: entry.reason.clone(),
            opted_out: entry.opted_out.clone(),
        }
    }

    /// What it is about, for people.
    fn whom(&self) -> &str {
        [&self.phone, &self.prefix, &self.country].into_iter().flatten().next().map_or("", String::as_str)
    }

    /// Why it is there.
    fn why(&self) -> String {
        match &self.opted_out {
            Some(provider) => format!("opted out (STOP), reported by {provider}"),
            None => self.reason.clone().unwrap_or_else(|| "-".to_owned()),
        }
    }
}
