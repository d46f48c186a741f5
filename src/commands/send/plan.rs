//! What `send --dry-run` shows: the route, the text and its length, and what the limits leave.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::wrong_text;
use crate::error::Error;
use crate::operations::{SendRequest, Sent};
use crate::otp::duration::spelled;
use crate::otp::rules::Allowance;
use crate::otp::text::segments;
use crate::otp::time::rfc3339;
use crate::otp::{Channel, Code, Moment};
use crate::output::{Table, plural, when};

/// What a dry run adds.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Plan {
    route: Vec<String>,
    /// The same with more of each.
    steps: Vec<Step>,
    /// Channels that have no room for another message: their providers are left out.
    full_channels: Vec<Channel>,
    /// Why these: a prefix, a country, the default, or the command line.
    route_by: String,
    passed_over: Vec<PassedOver>,
    /// Those that would refuse it without asking anybody.
    refused: Vec<WouldRefuse>,
    asked_first: Option<String>,
    failover_on_unknown: bool,
    limits_left: LimitsLeft,
    /// Every provider of the route holds the text itself: ours is not sent.
    text_at_provider: bool,
    text: Option<String>,
    encoding: Option<&'static str>,
    segments: Option<usize>,
    units: Option<usize>,
    forced_by: Option<char>,
    /// Whether it is allowed now, as `inspect` has it. A send that is not ends with an error, which has the same.
    send: Allowance,
}

/// One provider of the route.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Step {
    provider: String,
    channel: Channel,
    /// With `--wait` it gets the same code when the message before is not delivered so long; `null`: only where that was
    /// not sent.
    unless_delivered_seconds: Option<u64>,
}

/// A provider that would not be asked now.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct PassedOver {
    provider: String,
    #[serde(serialize_with = "rfc3339")]
    until: Moment,
}

/// A provider that cannot take this message, and says so by itself.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WouldRefuse {
    provider: String,
    class: &'static str,
    message: String,
}

/// How many sends would be left after this one; `null` where there is no limit.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct LimitsLeft {
    phone: Option<u32>,
    prefix: Option<u32>,
    country: Option<u32>,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.provider)?;
        let wait = self.unless_delivered_seconds;
        wait.map_or(Ok(()), |seconds| write!(f, " unless delivered in {}", spelled(Duration::from_secs(seconds))))
    }
}

impl Plan {
    /// The text with zeros in the place of the code: of the same length, and never a code.
    pub(super) fn of(asked: &SendRequest<'_>, code: &Code, sent: &Sent) -> Result<Self, Error> {
        let route = asked.route.providers().map(|provider| provider.name().to_owned()).collect();
        let text_at_provider = asked.route.holds_text();
        let text = asked.text(&"0".repeat(code.expose().len())).map_err(wrong_text)?.to_string();
        let text = Some(text).filter(|_| !text_at_provider);
        let counted = text.as_deref().map(segments);
        let over = sent.foreseen.passed_over.iter();
        let refused = sent.foreseen.refused.iter().map(|(provider, refusal)| WouldRefuse {
            provider: provider.clone(),
            class: refusal.class.as_str(),
            message: refusal.message.clone(),
        });
        Ok(Self {
            route,
            steps: asked
                .route
                .steps
                .iter()
                .map(|step| Step {
                    provider: step.provider.name().to_owned(),
                    channel: step.provider.channel(),
                    unless_delivered_seconds: step.unless_delivered.map(|wait| wait.as_secs()),
                })
                .collect(),
            full_channels: sent.foreseen.full.clone(),
            route_by: asked.route.why.clone(),
            passed_over: over
                .map(|(provider, until)| PassedOver { provider: provider.clone(), until: *until })
                .collect(),
            refused: refused.collect(),
            asked_first: sent.foreseen.first.clone(),
            failover_on_unknown: asked.route.failover_on_unknown,
            limits_left: LimitsLeft {
                phone: sent.budget.left,
                prefix: sent.foreseen.prefix_left,
                country: sent.foreseen.country_left,
            },
            text_at_provider,
            encoding: counted.as_ref().map(|counted| counted.encoding.as_str()),
            segments: counted.as_ref().map(|counted| counted.segments),
            units: counted.as_ref().map(|counted| counted.units),
            forced_by: counted.and_then(|counted| counted.offender),
            text,
            send: sent.foreseen.allowance.clone(),
        })
    }

    /// `now` and the end of the code's lifetime.
    pub(super) fn table(&self, (now, expires_at): (Moment, Moment), user: Option<&str>) -> Table {
        let mut table = Table::pairs();
        let steps: Vec<String> = self.steps.iter().map(ToString::to_string).collect();
        table.row(["route", &format!("{} ({})", steps.join(", then "), self.route_by)]);
        for channel in &self.full_channels {
            table.row(["no room", &format!("{channel}; as many {} went out as may", channel.plural())]);
        }
        for over in &self.passed_over {
            table.row(["skipped", &format!("{}; tried again {}", over.provider, when(over.until, now))]);
        }
        for refused in &self.refused {
            table.row(["would refuse", &format!("{}: {}", refused.provider, refused.message)]);
        }
        if let Some(first) = self.asked_first.as_ref().filter(|first| self.route.first() != Some(first)) {
            table.row(["tried first", first]);
        }
        if self.failover_on_unknown && self.route.len() > 1 {
            table.row(["if unknown", "the next is tried too; the code may arrive twice"]);
        }
        match &self.text {
            Some(text) => text.lines().enumerate().for_each(|(at, line)| {
                table.row([if at == 0 { "text" } else { "" }, line]);
            }),
            None => table.row(["text", "at the provider"]),
        }
        if let (Some(encoding), Some(segments), Some(units)) = (self.encoding, self.segments, self.units) {
            let encoding = if encoding == "gsm7" { "GSM-7" } else { "UCS-2" };
            let forced = self.forced_by.map(|by| format!(", because of {by:?}")).unwrap_or_default();
            let segments = plural(segments, "segment", "segments");
            table.row(["length", &format!("{segments}, {units} {encoding} characters{forced}")]);
        }
        if let Some(rule) = self.send.would_refuse {
            table.row(["would stop", &format!("{}; this file only observes it", rule.words())]);
        }
        table.row(["expires", &when(expires_at, now)]);
        table.row(["user", user.unwrap_or("none")]);
        let left = &self.limits_left;
        for (name, left) in [("phone", left.phone), ("prefix", left.prefix), ("country", left.country)] {
            let left = left.map_or_else(|| "no limit".to_owned(), |left| left.to_string());
            table.row([&format!("sends left, {name}"), &left]);
        }
        table
    }
}
