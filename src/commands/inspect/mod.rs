//! `inspect`: the support screen of one phone. It changes nothing.

mod challenges;
mod checks;
mod deliveries;
mod limits;
mod timeline;

use serde::Serialize;

use super::CommandResult;
use super::allowance;
use super::target::{Target, TargetArg};
use super::user::LinkedUser;
use crate::app::App;
use crate::error::{Error, Exit};
use crate::operations::{Counters, DataLoss, PhoneSnapshot};
use crate::otp::record::{Challenge, PurposeState};
use crate::otp::rules::Allowance;
use crate::otp::time::{rfc3339, rfc3339_or_null};
use crate::otp::{Event, Hint, Limits, Moment, Purpose, UserId};
use crate::output::{Cell, Human, Report, Table, plural, when};
use challenges::TokenChallenge;
use checks::Check;
use deliveries::Delivery;
use limits::Limit;
use timeline::Line;

/// Show a phone's codes, limits, locks, users, deliveries
///
/// Changes nothing, and never shows a code.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A phone number, `user:ID`, a `ch_…` id, or a `ph_…` reference
    #[arg(value_name = "PHONE|USER|ID")]
    target: TargetArg,
    /// Only for this purpose
    #[arg(long)]
    purpose: Option<Purpose>,
}

#[derive(Serialize)]
struct Inspected {
    verdict: Option<&'static str>,
    summary: String,
    next: Vec<Next>,
    phone: Phone,
    users: Vec<LinkedUser>,
    live_code: Option<Live>,
    /// privacyIDEA's; none: it is not privacyIDEA that keeps the codes.
    challenges: Option<Vec<TokenChallenge>>,
    limits: Vec<Limit>,
    /// Whether a code could be sent now.
    send: Allowance,
    lock: Option<Locked>,
    deliveries: Vec<Delivery>,
    timeline: Vec<Line>,
    checks: Vec<Check>,
    /// The summary with times as a person reads them.
    #[serde(skip)]
    sentence: String,
    #[serde(skip)]
    now: Moment,
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
struct Locked {
    purpose: Purpose,
    kind: &'static str,
    #[serde(serialize_with = "rfc3339_or_null")]
    until: Option<Moment>,
    failures_consecutive: u32,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let target = self.target.resolve(app).await?;
        let operations = app.operations().await?;
        let (snapshot, counters) =
            tokio::join!(operations.snapshot(&target.phone), operations.counters_of(&target.phone));
        let snapshot = snapshot.map_err(|error| target.failed(app, error))?;
        let unknown = |id: &String| {
            snapshot.known.record.challenge(id).is_none()
                && !snapshot.timeline.iter().any(|event| event.challenge_id.as_ref() == Some(id))
        };
        let missing = target.challenge.as_ref().is_some_and(unknown);
        let lost = operations.data_loss(&target.phone, &snapshot, target.made.filter(|_| missing)).await;
        if missing && lost.is_none() {
            return Err(target.failed(app, Error::said(Exit::NotFound, "this code is no longer known")));
        }
        Ok(Box::new(self.inspected(app, &target, (snapshot, counters), lost).await?))
    }

    async fn inspected(
        &self,
        app: &App,
        target: &Target,
        (snapshot, counters): (PhoneSnapshot, Counters),
        lost: Option<DataLoss>,
    ) -> Result<Inspected, Error> {
        let limits = &app.settings()?.limits;
        let PhoneSnapshot { now, known, timeline, unreadable, findings, tokens } = snapshot;
        let purpose = self.purpose.clone().unwrap_or_default();
        let send = allowance::of(app, (&target.phone, &purpose), (&known, now), &counters)?;
        let purposes = known.record.purposes.iter();
        let states: Vec<(&Purpose, &PurposeState)> =
            purposes.filter(|(purpose, _)| self.purpose.as_ref().is_none_or(|only| only == *purpose)).collect();
        let usable = |challenge: &&Challenge| challenge.users_version == known.users.version;
        let newest =
            states.iter().flat_map(|(purpose, state)| state.live(now).filter(usable).map(move |live| (*purpose, live)));
        let newest = newest.max_by_key(|(_, live)| live.created_at);
        let locked = lock_of(&states, now, limits);
        let users = known.users.users.iter().cloned().map(LinkedUser::from);
        let shown = target.shown(app);
        let deliveries = deliveries::of(&states);
        let challenges = tokens.as_ref().map(|tokens| challenges::list(tokens, now));
        let live_code = match &challenges {
            Some(challenges) => challenges.iter().find(|own| own.answerable).map(TokenChallenge::live),
            None => newest.map(|(purpose, live)| live_of(purpose, live, now)),
        };
        let sentences = |time: &dyn Fn(Moment) -> String| {
            let code = match &challenges {
                Some(challenges) => challenges::summary(&shown, &known.users, challenges, time),
                None => summary(&shown, newest, locked.as_ref(), states.is_empty(), time),
            };
            let sms = deliveries.first().and_then(|delivery| delivery.sentence(time));
            [Some(code), sms].into_iter().flatten().collect::<Vec<_>>().join(" ")
        };
        let (document, sentence) = (sentences(&|at| in_seconds(at, now)), sentences(&|at| when(at, now)));
        let verdict = matches!(lost, Some(DataLoss::Code(_))).then_some("STORE_RESET");
        let mut checks = checks::of(app.layout()?, lost, unreadable.as_deref(), &findings);
        checks.extend(tokens.iter().flat_map(|tokens| challenges::checks(tokens, target, &known.users)));
        Ok(Inspected {
            verdict,
            summary: document,
            sentence,
            now,
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
            limits: limits::of(&known.record, now, limits, &counters),
            send,
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

fn lock_of(states: &[(&Purpose, &PurposeState)], now: Moment, limits: &Limits) -> Option<Locked> {
    states.iter().find_map(|(purpose, state)| {
        state.lock(now).map(|lock| Locked {
            purpose: (*purpose).clone(),
            kind: if lock.until.is_some() { "timed" } else { "hard" },
            until: lock.until,
            failures_consecutive: state.failures(now, limits),
        })
    })
}

/// A moment as a document tells it.
fn in_seconds(at: Moment, now: Moment) -> String {
    if at > now {
        format!("in {} s", at.since(now).as_millis().div_ceil(1000))
    } else {
        format!("at {}", at.to_the_second())
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
        attempts_left: Some(live.attempts_left()),
    }
}

fn summary(
    phone: &str,
    live: Option<(&Purpose, &Challenge)>,
    lock: Option<&Locked>,
    nothing: bool,
    time: &dyn Fn(Moment) -> String,
) -> String {
    match (lock, live) {
        (Some(Locked { until: Some(until), .. }), _) => {
            format!("{phone} is locked; the lock ends {}.", time(*until))
        }
        (Some(_), _) => format!("{phone} is locked until someone unlocks it."),
        (None, Some((purpose, live))) => format!(
            "{phone} has a live code for `{purpose}` ({}): {} left; it expires {}.",
            live.state.as_str(),
            plural(live.attempts_left(), "attempt", "attempts"),
            time(live.expires_at)
        ),
        (None, None) if nothing => format!("No code was requested for {phone} in the last 7 days."),
        (None, None) => format!("{phone} has no live code."),
    }
}

impl Report for Inspected {
    const SCHEMA: &str = "otpctl.inspect/1";

    fn human(&self) -> Human {
        let mut about = Table::pairs();
        about.row(["number", &self.phone.number]);
        about.row(["country", self.phone.country.as_deref().unwrap_or("none")]);
        about.row(["type", self.phone.kind]);
        let users: Vec<&str> = self.users.iter().map(|user| user.user.as_str()).collect();
        about.row(["users", &if users.is_empty() { "none".to_owned() } else { users.join(", ") }]);
        // A challenge has a row of its own below.
        if let Some(live) = self.live_code.as_ref().filter(|_| self.challenges.is_none()) {
            about.row(["live code", &live.challenge_id]);
            about.row([Cell::from("expires"), Cell::time(live.expires_at, self.now)]);
        }
        about.row(["next send", &allowance::words(&self.send, self.now)]);
        if let Some(lock) = &self.lock {
            about.row([Cell::from("lock ends"), Cell::time_or(lock.until, self.now, "when someone unlocks it")]);
            about.row(["consecutive wrong codes", &lock.failures_consecutive.to_string()]);
        }
        let mut parts = vec![("phone", about)];
        parts.extend(self.challenges.iter().map(|challenges| ("challenges", challenges::table(challenges, self.now))));
        parts.extend([
            ("limits", limits::table(&self.limits, self.now)),
            ("deliveries", deliveries::table(&self.deliveries, self.now)),
            ("timeline", timeline::table(&self.timeline, self.now)),
        ]);
        Human::Screen(self.sentence.clone(), parts)
    }

    fn hints(&self) -> Vec<Hint> {
        self.checks.iter().filter_map(|check| check.next.clone()).collect()
    }

    fn warnings(&self) -> Vec<String> {
        self.checks.iter().filter(|check| check.status != "ok").map(|check| check.detail.clone()).collect()
    }
}
