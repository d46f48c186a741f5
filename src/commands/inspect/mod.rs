//! `inspect`: the support screen of one phone. It reads, and changes nothing.

mod challenges;
mod deliveries;

use std::time::Duration;

use serde::Serialize;

use super::Done;
use super::target::{Target, target};
use super::user::LinkedUser;
use crate::app::App;
use crate::error::{Error, Exit};
use crate::otp::layout::{Application, Finding, Layout};
use crate::otp::record::{Challenge, Slot};
use crate::otp::rules::budget;
use crate::otp::span::spelled;
use crate::otp::time::{rfc3339, rfc3339_or_null};
use crate::otp::{Event, EventKind, Limits, Moment, Purpose, UserId};
use crate::output::{Human, Report, Table, many};
use crate::verifier::{Look, Lost};
use challenges::TokenChallenge;
use deliveries::Delivery;

/// Show what is known of a phone: live code, limits, locks, users, deliveries, last events
///
/// Reads only, and never shows a code.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A number, `user:ID`, a `ch_…` id or a `ph_…` reference
    #[arg(value_name = "PHONE|USER|ID")]
    target: String,
    /// Only of this purpose
    #[arg(long)]
    purpose: Option<Purpose>,
}

#[derive(Serialize)]
struct Inspected {
    schema: &'static str,
    verdict: Option<&'static str>,
    summary: String,
    next: Vec<Next>,
    phone: Phone,
    users: Vec<LinkedUser>,
    live_code: Option<Live>,
    /// privacyIDEA's; none: it is not privacyIDEA that keeps the codes.
    challenges: Option<Vec<TokenChallenge>>,
    limits: Vec<Limit>,
    lock: Option<Locked>,
    deliveries: Vec<Delivery>,
    timeline: Vec<Line>,
    checks: Vec<Check>,
}

#[derive(Serialize)]
struct Next {
    why: String,
    command: String,
}

#[derive(Serialize)]
struct Phone {
    number: String,
    #[serde(rename = "ref")]
    reference: Option<String>,
    country: Option<String>,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Live {
    challenge_id: String,
    /// privacyIDEA's have none.
    purpose: Option<Purpose>,
    state: &'static str,
    user: Option<UserId>,
    #[serde(serialize_with = "rfc3339")]
    created_at: Moment,
    #[serde(serialize_with = "rfc3339")]
    expires_at: Moment,
    expires_in_seconds: u64,
    /// privacyIDEA counts them at the token, in its database.
    attempts_left: Option<u32>,
}

#[derive(Serialize)]
struct Limit {
    limit: &'static str,
    window_seconds: Option<u64>,
    used: Option<u32>,
    most: Option<u32>,
    #[serde(serialize_with = "rfc3339_or_null")]
    allowed_at: Option<Moment>,
}

#[derive(Serialize)]
struct Locked {
    purpose: Purpose,
    kind: &'static str,
    #[serde(serialize_with = "rfc3339_or_null")]
    until: Option<Moment>,
    failures_consecutive: u32,
}

#[derive(Serialize)]
struct Line {
    #[serde(serialize_with = "rfc3339")]
    at: Moment,
    event: EventKind,
    result: String,
    detail: Option<String>,
    purpose: Option<Purpose>,
    challenge_id: Option<String>,
    reason: Option<String>,
}

#[derive(Serialize)]
struct Check {
    id: &'static str,
    status: &'static str,
    detail: String,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> Done {
        let target = target(app, &self.target).await?;
        let verifier = app.verifier().await?;
        let look = verifier.look(&target.phone).await.map_err(|error| target.failed(app, error))?;
        let unknown = |id: &String| {
            look.known.record.challenge(id).is_none()
                && !look.timeline.iter().any(|event| event.challenge_id.as_ref() == Some(id))
        };
        let missing = target.challenge.as_ref().is_some_and(unknown);
        let lost = verifier.lost(&target.phone, &look, target.made.filter(|_| missing)).await;
        let lost = lost.map_err(|error| target.failed(app, error))?;
        if missing && lost.is_none() {
            return Err(target.failed(app, Error::said(Exit::NotFound, "nothing is known of this challenge any more")));
        }
        Ok(Box::new(self.inspected(app, &target, look, lost).await?))
    }

    async fn inspected(&self, app: &App, target: &Target, look: Look, lost: Option<Lost>) -> Result<Inspected, Error> {
        let limits = &app.settings()?.limits;
        let Look { now, known, timeline, unreadable, findings, tokens } = look;
        let purposes = known.record.purposes.iter();
        let slots: Vec<(&Purpose, &Slot)> =
            purposes.filter(|(purpose, _)| self.purpose.as_ref().is_none_or(|only| only == *purpose)).collect();
        let usable = |challenge: &&Challenge| challenge.mapping == known.users.version;
        let newest =
            slots.iter().flat_map(|(purpose, slot)| slot.live(now).filter(usable).map(move |live| (*purpose, live)));
        let newest = newest.max_by_key(|(_, live)| live.created_at);
        let locked = slots.iter().find_map(|(purpose, slot)| {
            slot.lock(now).map(|lock| Locked {
                purpose: (*purpose).clone(),
                kind: if lock.until.is_some() { "timed" } else { "hard" },
                until: lock.until,
                failures_consecutive: slot.failures(now, limits),
            })
        });
        let users = known.users.users.iter().cloned().map(LinkedUser::from);
        let shown = target.shown(app);
        let deliveries = deliveries::of(&slots);
        let challenges = tokens.as_ref().map(|tokens| challenges::list(tokens, now));
        let (code, live_code) = match &challenges {
            Some(challenges) => (
                challenges::summary(&shown, &known.users, challenges),
                challenges.iter().find(|challenge| challenge.answerable).map(TokenChallenge::live),
            ),
            None => (
                summary(&shown, newest, locked.as_ref(), slots.is_empty(), now),
                newest.map(|(purpose, live)| live_of(purpose, live, now)),
            ),
        };
        let verdict = matches!(lost, Some(Lost::Code(_))).then_some("STORE_RESET");
        let mut checks = checks(app.application()?, lost, unreadable.as_deref(), &findings);
        checks.extend(tokens.iter().flat_map(|tokens| challenges::checks(tokens, target, &known.users)));
        let sms = deliveries.first().and_then(Delivery::sentence);
        Ok(Inspected {
            schema: "otpctl.inspect/1",
            verdict,
            summary: [Some(code), sms].into_iter().flatten().collect::<Vec<_>>().join(" "),
            next: Vec::new(),
            phone: Phone {
                reference: app.reference(&target.phone).await,
                country: target.phone.country().map(|country| country.to_string()),
                kind: target.phone.kind().as_str(),
                number: shown,
            },
            users: users.collect(),
            live_code,
            challenges,
            limits: limits_of(&known.record, now, limits),
            lock: locked,
            deliveries,
            checks,
            timeline: timeline.into_iter().filter(|event| self.wants(event)).map(Line::from).collect(),
        })
    }

    fn wants(&self, event: &Event) -> bool {
        self.purpose.is_none() || event.purpose.is_none() || event.purpose == self.purpose
    }
}

fn live_of(purpose: &Purpose, live: &Challenge, now: Moment) -> Live {
    Live {
        challenge_id: live.id.clone(),
        purpose: Some(purpose.clone()),
        state: live.state.as_str(),
        user: live.user.clone(),
        created_at: live.created_at,
        expires_at: live.expires_at,
        expires_in_seconds: live.expires_at.since(now).as_secs(),
        attempts_left: Some(live.tries_left()),
    }
}

fn summary(
    phone: &str,
    live: Option<(&Purpose, &Challenge)>,
    lock: Option<&Locked>,
    nothing: bool,
    now: Moment,
) -> String {
    match (lock, live) {
        (Some(Locked { until: Some(until), .. }), _) => {
            format!("{phone} is locked for {} s.", until.since(now).as_millis().div_ceil(1000))
        }
        (Some(_), _) => format!("{phone} is locked until someone unlocks it."),
        (None, Some((purpose, live))) => format!(
            "{phone} has a live code for `{purpose}` ({}): {} and {} s are left.",
            live.state.as_str(),
            many(live.tries_left(), "try", "tries"),
            live.expires_at.since(now).as_secs()
        ),
        (None, None) if nothing => format!("Nothing is known of a code for {phone}."),
        (None, None) => format!("{phone} has no live code."),
    }
}

fn limits_of(record: &crate::otp::Record, now: Moment, limits: &Limits) -> Vec<Limit> {
    let budget = budget(record, now, limits);
    let mut list = vec![Limit {
        limit: "cooldown",
        window_seconds: None,
        used: None,
        most: None,
        allowed_at: Some(record.cooldown_until.map_or(now, |until| until.max(now))),
    }];
    list.extend(limits.per_phone.iter().map(|quota| {
        let used = record.sends.iter().filter(|sent| sent.after(quota.window) > now).count();
        let used = u32::try_from(used).unwrap_or(u32::MAX);
        Limit {
            limit: "per_phone",
            window_seconds: Some(quota.window.as_secs()),
            used: Some(used),
            most: Some(quota.limit),
            allowed_at: Some(if used < quota.limit { now } else { budget.allowed_at.max(now) }),
        }
    }));
    list
}

fn checks(
    application: Option<&Application>,
    lost: Option<Lost>,
    unreadable: Option<&str>,
    findings: &[Finding],
) -> Vec<Check> {
    let check = |id, status, detail| Check { id, status, detail };
    let mut checks = Vec::new();
    checks.extend(lost.map(|lost| match lost {
        Lost::Code(made) => {
            let at = made.to_the_second();
            check("store_reset", "fail", format!("this code was made at {at}, and the store has lost it"))
        }
        Lost::Everything(began) => {
            let at = began.to_the_second();
            let detail = format!("the Redis was started at {at} with nothing in it: codes from before then are lost");
            check("store_reset", "warn", detail)
        }
    }));
    checks.extend(unreadable.map(|why| check("timeline", "fail", format!("the timeline is not understood: {why}"))));
    if let Some(application) = application {
        let detail = format!("the application keeps its codes in the layout `{}`", application.name());
        checks.push(check("layout", "ok", detail));
        if application.layout().is_some_and(Layout::is_plain) {
            let detail = "the codes lie in the Redis as they are: whoever may read it may use them".to_owned();
            checks.push(check("plaintext_codes", "warn", detail));
        }
    }
    checks.extend(findings.iter().map(|finding| match finding {
        Finding::Endless(purpose) => {
            let detail = format!(
                "the code for `{purpose}` has no lifetime: it is not taken here, and the application takes it for ever"
            );
            check("code_without_lifetime", "fail", detail)
        }
        Finding::Orphan(purpose) => {
            let detail = format!("a used code for `{purpose}` left a key without a lifetime behind");
            check("orphan", "warn", detail)
        }
        Finding::Locked => check("application_lock", "warn", "the application itself has a lock".to_owned()),
    }));
    checks
}

impl From<Event> for Line {
    fn from(event: Event) -> Self {
        Self {
            at: event.at,
            event: event.event,
            result: event.result,
            detail: event.detail,
            purpose: event.purpose,
            challenge_id: event.challenge_id,
            reason: event.reason,
        }
    }
}

impl Report for Inspected {
    fn human(&self) -> Human {
        let mut about = Table::new(&["", ""], "");
        about.row(["number", &self.phone.number]);
        about.row(["country", self.phone.country.as_deref().unwrap_or("none")]);
        about.row(["type", self.phone.kind]);
        let users: Vec<&str> = self.users.iter().map(|user| user.user.as_str()).collect();
        about.row(["users", &if users.is_empty() { "none".to_owned() } else { users.join(", ") }]);
        // A challenge has a row of its own below.
        if let Some(live) = self.live_code.as_ref().filter(|_| self.challenges.is_none()) {
            about.row(["live code", &live.challenge_id]);
            about.row(["expires", &live.expires_at.to_the_second()]);
        }
        if let Some(lock) = &self.lock {
            let until = lock.until.map_or_else(|| "unlocked".to_owned(), Moment::to_the_second);
            about.row(["locked until", &until]);
            about.row(["wrong codes in a row", &lock.failures_consecutive.to_string()]);
        }
        let mut limits = Table::new(&["LIMIT", "WINDOW", "USED", "NEXT SEND"], "none");
        for limit in &self.limits {
            let window = limit.window_seconds.map(|seconds| spelled(Duration::from_secs(seconds)));
            let window = window.unwrap_or_else(|| "-".to_owned());
            let used =
                limit.used.zip(limit.most).map_or_else(|| "-".to_owned(), |(used, most)| format!("{used}/{most}"));
            limits.row([
                limit.limit,
                &window,
                &used,
                &limit.allowed_at.map_or_else(|| "-".to_owned(), Moment::to_the_second),
            ]);
        }
        let mut events = Table::new(&["AT", "EVENT", "RESULT", "PURPOSE", "DETAIL"], "none");
        for event in &self.timeline {
            let kind = serde_json::to_value(event.event).ok();
            let kind = kind.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
            let purpose = event.purpose.as_ref().map_or("", Purpose::as_str);
            let detail = [event.detail.as_deref(), event.reason.as_deref()].into_iter().flatten().collect::<Vec<_>>();
            events.row([&event.at.to_the_second(), kind, &event.result, purpose, &detail.join("; ")]);
        }
        let mut parts = vec![("phone", about)];
        parts.extend(self.challenges.iter().map(|challenges| ("challenges", challenges::table(challenges))));
        parts.extend([("limits", limits), ("deliveries", deliveries::table(&self.deliveries)), ("timeline", events)]);
        Human::Screen(self.summary.clone(), parts)
    }

    fn document(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    fn warnings(&self) -> Vec<String> {
        self.checks.iter().filter(|check| check.status != "ok").map(|check| check.detail.clone()).collect()
    }
}
