//! `inspect`: why a login does not work, on one screen. It changes nothing.

mod ask;
mod challenges;
mod checks;
mod deliveries;
mod facts;
mod limits;
mod screen;
mod timeline;
mod told;

use serde::Serialize;

use super::CommandResult;
use super::allowance;
use super::target::{Target, TargetArg};
use super::user::LinkedUser;
use crate::app::App;
use crate::error::{Error, Exit};
use crate::operations::{Counters, DataLoss, PhoneSnapshot};
use crate::otp::circuit::Circuit;
use crate::otp::diagnosis::{
    Diagnosis, Facts, History, QuotaUse, RouteProvider, diagnose, needs_near_numbers, purpose_of,
};
use crate::otp::record::{Challenge, PurposeState};
use crate::otp::rules::Allowance;
use crate::otp::time::{rfc3339, rfc3339_or_null};
use crate::otp::{Event, Hint, Limits, Moment, Purpose, UserId};
use crate::output::{Human, Report};
use challenges::TokenChallenge;
use checks::Check;
use deliveries::Delivery;
use limits::Limit;
use timeline::Line;
use told::{InDocument, OnScreen};

/// Show why a login does not work: code, limits, delivery
///
/// Names the present obstacle, what to tell the customer, and what to do next. Changes nothing, and never shows a code.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A phone number, `user:ID`, a `ch_…` id, or a `ph_…` reference
    #[arg(value_name = "PHONE|USER|ID")]
    target: TargetArg,
    /// About this purpose (default: that of the newest event)
    #[arg(long)]
    purpose: Option<Purpose>,
    /// Show all events, deliveries, limits and ids
    #[arg(long)]
    full: bool,
    /// Do not ask the provider about an SMS that may be on its way
    #[arg(long)]
    no_provider: bool,
}

#[derive(Serialize)]
struct Inspected {
    verdict: &'static str,
    /// What else holds.
    also: Vec<&'static str>,
    summary: String,
    /// What to tell the customer.
    tell: String,
    next: Vec<Next>,
    /// What it is about.
    purpose: Purpose,
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
    /// Whether a provider was asked about an SMS.
    asked_provider: bool,
    #[serde(skip)]
    screen: Screen,
}

/// What only the screen needs.
struct Screen {
    /// The diagnosis with times as a person reads them.
    told: Diagnosis,
    /// Each command, and the reason for it.
    next: Vec<(String, String)>,
    failures: u32,
    next_lock: Option<u32>,
    quotas: Vec<QuotaUse>,
    route: Vec<RouteProvider>,
    history: History,
    /// Live codes of other purposes.
    others: Vec<(Purpose, Moment, Moment)>,
    full: bool,
    now: Moment,
}

#[derive(Serialize)]
struct Next {
    why: String,
    command: String,
    /// Not before this; `null`: at once.
    #[serde(serialize_with = "rfc3339_or_null")]
    from: Option<Moment>,
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
    #[serde(skip)]
    most: Option<u32>,
}

#[derive(Serialize)]
struct Locked {
    purpose: Purpose,
    kind: &'static str,
    #[serde(serialize_with = "rfc3339_or_null")]
    until: Option<Moment>,
    failures_consecutive: u32,
}

/// What was read of a phone.
struct Seen {
    snapshot: PhoneSnapshot,
    counters: Counters,
    circuits: Vec<Circuit>,
    lost: Option<DataLoss>,
    asked: ask::Asked,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let target = self.target.resolve(app).await?;
        let operations = app.operations().await?;
        let names = facts::route_names(app, &target.phone)?;
        let read = operations.whole_snapshot(&target.phone, &names).await;
        let (mut snapshot, counters, circuits) = read.map_err(|error| target.failed(app, error))?;
        let unknown = |id: &String| {
            snapshot.known.record.challenge(id).is_none()
                && !snapshot.timeline.iter().any(|event| event.challenge_id.as_ref() == Some(id))
        };
        let missing = target.challenge.as_ref().is_some_and(unknown);
        let lost = operations.data_loss(&snapshot, target.made.filter(|_| missing));
        if missing && !matches!(lost, Some(DataLoss::Code(_))) {
            return Err(target.failed(app, Error::said(Exit::NotFound, "this code is no longer known")));
        }
        let purpose = self.purpose.clone().filter(|_| target.challenge.is_none());
        let purpose =
            purpose.unwrap_or_else(|| purpose_of(&snapshot.known, &snapshot.timeline, target.challenge.as_deref()));
        let asked = if self.no_provider {
            ask::Asked::default()
        } else {
            ask::about(app, &target, &purpose, &mut snapshot).await?
        };
        let seen = Seen { snapshot, counters, circuits, lost, asked };
        Ok(Box::new(self.inspected(app, &target, purpose, seen).await?))
    }

    async fn inspected(&self, app: &App, target: &Target, purpose: Purpose, seen: Seen) -> Result<Inspected, Error> {
        let limits = &app.settings()?.limits;
        let Seen { snapshot, counters, circuits, lost, asked } = seen;
        let send = allowance::of(app, (&target.phone, &purpose), (&snapshot.known, snapshot.now), &counters)?;
        let reference = app.reference(&target.phone).await;
        let argument = target.argument();
        // A `ch_…` id names one code, and other commands are about the phone.
        let phone_argument = target.challenge.as_ref().and(reference.clone()).unwrap_or_else(|| argument.clone());
        let shown = target.shown(app);
        let layout = app.layout()?;
        let (known, now) = (&snapshot.known, snapshot.now);
        let quotas = facts::quotas(app, known, now, &counters)?;
        let blocks = facts::blocks(&target.phone, &phone_argument, (known, now), &counters);
        let provider = ask::provider_of(known, now, target.challenge.as_deref(), &purpose);
        let route = facts::route(app, &target.phone, (&circuits, now), provider)?;
        let history = History::default();
        let mut facts = Facts {
            phone: &target.phone,
            shown: &shown,
            argument: &argument,
            phone_argument: &phone_argument,
            challenge: target.challenge.as_deref(),
            known,
            timeline: &snapshot.timeline,
            timeline_kept: app.settings()?.timeline.keep,
            limits,
            send: &send,
            quotas: &quotas,
            lost: facts::lost(lost),
            blocks: &blocks,
            route: &route,
            history: &history,
            keeper: facts::keeper(app, layout, &snapshot.findings)?,
            near: &[],
        };
        let near = if needs_near_numbers(&facts, now, &purpose) {
            facts::near(app, app.operations().await?.nearby(&target.phone, &snapshot).await).await
        } else {
            Vec::new()
        };
        facts.near = &near;
        let mut written = diagnose(&facts, now, &purpose, &InDocument(now));
        let mut told = diagnose(&facts, now, &purpose, &OnScreen(now));
        let challenges = snapshot.tokens.as_ref().map(|tokens| challenges::list(tokens, now));
        if let Some(challenges) = &challenges {
            for (diagnosis, time) in [
                (&mut written, &(|at| in_seconds(at, now)) as &dyn Fn(Moment) -> String),
                (&mut told, &|at| crate::output::when(at, now)),
            ] {
                let first = challenges::summary(&shown, &known.users, challenges, time);
                diagnosis.summary = format!("{first} {}", diagnosis.summary);
            }
        }
        let run = |diagnosis: &Diagnosis| {
            let command = |hint: &Hint| app.printer.command(hint).unwrap_or_default();
            let steps = diagnosis.next.iter().map(|step| (command(&step.hint), step.hint.why().to_owned(), step.from));
            steps.collect::<Vec<_>>()
        };
        let states: Vec<(&Purpose, &PurposeState)> =
            known.record.purposes.iter().filter(|(own, _)| self.is_of(own)).collect();
        let usable = |challenge: &&Challenge| challenge.users_version == known.users.version;
        let live = states.iter().flat_map(|(own, state)| state.live(now).filter(usable).map(move |live| (*own, live)));
        let mut live: Vec<(&Purpose, &Challenge)> = live.collect();
        live.sort_by_key(|(own, live)| (**own == purpose, live.created_at));
        let live_code = match &challenges {
            Some(challenges) => challenges.iter().find(|own| own.answerable).map(TokenChallenge::live),
            None => live.last().map(|(own, live)| live_of(own, live, now)),
        };
        let mut checks = checks::of(layout, lost, snapshot.unreadable.as_deref(), &snapshot.findings);
        checks.extend(snapshot.tokens.iter().flat_map(|tokens| challenges::checks(tokens, target, &known.users)));
        checks.extend(asked.check());
        let state = known.record.purposes.get(&purpose);
        let failures = state.map_or(0, |state| state.failures(now, limits));
        let screen = Screen {
            next: run(&told).into_iter().map(|(command, why, _)| (command, why)).collect(),
            failures,
            next_lock: limits.locks.iter().map(|step| step.failures).find(|step| *step > failures),
            others: live
                .iter()
                .filter(|(own, _)| **own != purpose)
                .map(|(own, live)| ((*own).clone(), live.created_at, live.expires_at))
                .collect(),
            told,
            quotas,
            history,
            full: self.full,
            now,
            route,
        };
        Ok(Inspected {
            verdict: written.verdict,
            also: written.also.iter().map(|(name, _)| *name).collect(),
            next: run(&written).into_iter().map(|(command, why, from)| Next { why, command, from }).collect(),
            summary: written.summary,
            tell: written.tell,
            phone: Phone {
                reference,
                country: target.phone.country().map(|country| country.to_string()),
                kind: target.phone.kind().as_str(),
                number: shown,
            },
            users: known.users.users.iter().cloned().map(LinkedUser::from).collect(),
            live_code,
            challenges,
            limits: limits::of(&known.record, now, limits, &counters),
            send,
            lock: lock_of(&states, &purpose, now, limits),
            deliveries: deliveries::of(&states),
            checks,
            timeline: snapshot.timeline.into_iter().filter(|event| self.wants(event)).map(Line::from).collect(),
            asked_provider: asked.was_asked,
            purpose,
            screen,
        })
    }

    fn is_of(&self, purpose: &Purpose) -> bool {
        self.purpose.as_ref().is_none_or(|only| only == purpose)
    }

    fn wants(&self, event: &Event) -> bool {
        self.purpose.is_none() || event.purpose.is_none() || event.purpose == self.purpose
    }
}

/// The lock of the purpose that it is about, else of any.
fn lock_of(states: &[(&Purpose, &PurposeState)], purpose: &Purpose, now: Moment, limits: &Limits) -> Option<Locked> {
    let mut locked: Vec<Locked> = Vec::new();
    locked.extend(states.iter().filter_map(|(own, state)| {
        state.lock(now).map(|lock| Locked {
            purpose: (*own).clone(),
            kind: if lock.until.is_some() { "timed" } else { "hard" },
            until: lock.until,
            failures_consecutive: state.failures(now, limits),
        })
    }));
    let at = locked.iter().position(|lock| lock.purpose == *purpose).unwrap_or(0);
    (at < locked.len()).then(|| locked.swap_remove(at))
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
        most: Some(live.max_tries),
    }
}

impl Report for Inspected {
    const SCHEMA: &str = "otpctl.inspect/1";

    fn human(&self) -> Human {
        screen::human(self)
    }

    fn hints(&self) -> Vec<Hint> {
        self.checks.iter().filter_map(|check| check.next.clone()).collect()
    }

    fn warnings(&self) -> Vec<String> {
        self.checks.iter().filter(|check| check.status != "ok").map(|check| check.detail.clone()).collect()
    }
}
