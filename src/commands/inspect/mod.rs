//! `inspect`: why a login does not work, on one screen. It changes nothing.

mod ask;
mod challenges;
mod checks;
mod deliveries;
mod directories;
mod document;
mod facts;
mod limits;
mod screen;
mod timeline;
mod told;

use std::collections::BTreeMap;

use super::CommandResult;
use super::allowance;
use super::target::{Target, TargetArg};
use crate::app::App;
use crate::error::{Error, Exit};
use crate::operations::{Counters, DataLoss, DirectoryAnswer, PhoneLinks, PhoneSnapshot, WholeSnapshot, owners_by};
use crate::otp::circuit::Circuit;
use crate::otp::diagnosis::{
    Diagnosis, Facts, History, QuotaUse, RouteProvider, diagnose, needs_near_numbers, purpose_of,
};
use crate::otp::record::{Challenge, PurposeState};
use crate::otp::rules::{Allowance, PhoneState};
use crate::otp::stats::Cell;
use crate::otp::{Event, Hint, Moment, Purpose};
use crate::output::{Human, Report};
use document::{Inspected, Next, Phone, Screen, live_challenge, live_of, lock_of};
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

/// What was read of a phone.
struct Seen {
    snapshot: PhoneSnapshot,
    links: PhoneLinks,
    counters: Counters,
    circuits: BTreeMap<String, Circuit>,
    cells: Vec<Cell>,
    lost: Option<DataLoss>,
    asked: ask::Asked,
    answers: Vec<DirectoryAnswer>,
}

/// What follows from it.
struct Explained {
    /// With times as a document tells them, and as a person reads them.
    written: Diagnosis,
    told: Diagnosis,
    send: Allowance,
    quotas: Vec<QuotaUse>,
    route: Vec<RouteProvider>,
    history: History,
    reference: Option<String>,
    shown: String,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let target = self.target.resolve(app).await?;
        let operations = app.operations().await?;
        let wanted = self.purpose.clone().unwrap_or_default();
        let names = app.settings()?.routes.every(&target.phone, &wanted);
        let counted = facts::counted(app, &names)?;
        let read = operations.whole_snapshot(&target.phone, &names, &counted);
        let asked = operations.directories_on(&target.phone, directories::PATIENCE);
        let (read, answers) = tokio::join!(read, asked);
        let WholeSnapshot { mut snapshot, links, counters, circuits, cells } =
            read.map_err(|error| target.failed(app, error))?;
        snapshot.known.owners = owners_by(&answers);
        let circuits = names.into_iter().map(str::to_owned).zip(circuits).collect();
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
        let newest = || purpose_of(&snapshot.known, &snapshot.timeline, target.challenge.as_deref());
        let purpose = purpose.unwrap_or_else(newest);
        let asked = if self.no_provider {
            ask::Asked::default()
        } else {
            ask::about(app, &target, &purpose, &mut snapshot).await?
        };
        let seen = Seen { snapshot, links, counters, circuits, cells, lost, asked, answers };
        let explained = explained(app, &target, &purpose, &seen).await?;
        Ok(Box::new(self.document(app, &target, purpose, seen, explained)?))
    }

    fn document(
        &self,
        app: &App,
        target: &Target,
        purpose: Purpose,
        seen: Seen,
        explained: Explained,
    ) -> Result<Inspected, Error> {
        let limits = &app.settings()?.limits;
        let Seen { snapshot, links, counters, lost, asked, answers, .. } = seen;
        let (known, now) = (&snapshot.known, snapshot.now);
        let Explained { written, told, send, quotas, route, history, reference, shown } = explained;
        let is_of = |own: &Purpose| self.purpose.as_ref().is_none_or(|only| only == own);
        let states: Vec<(&Purpose, &PurposeState)> =
            known.record.purposes.iter().filter(|(own, _)| is_of(own)).collect();
        let live = live(known, now, &purpose, is_of);
        let challenges = snapshot.tokens.as_ref().map(|tokens| challenges::list(tokens, now));
        let live_code = match &challenges {
            Some(challenges) => challenges.iter().find(|own| own.answerable).map(live_challenge),
            None => live.last().map(|(own, live)| live_of(own, live, now)),
        };
        let mut checks = checks::of(app.layout()?, lost, snapshot.unreadable.as_deref(), &snapshot.findings);
        checks.extend(snapshot.tokens.iter().flat_map(|tokens| challenges::checks(tokens, target, &known.users)));
        checks.extend(asked.check());
        checks.extend(directories::checks(&answers));
        let failures = known.record.purposes.get(&purpose).map_or(0, |state| state.failures(now, limits));
        let others = live.iter().filter(|(own, _)| **own != purpose);
        let screen = Screen {
            next: steps(app, &told).into_iter().map(|step| (step.command, step.why)).collect(),
            failures,
            next_lock: limits.locks.iter().map(|step| step.failures).find(|step| *step > failures),
            others: others.map(|(own, live)| ((*own).clone(), live.created_at, live.expires_at)).collect(),
            told,
            quotas,
            history,
            full: self.full,
            now,
            route,
        };
        let wants = |event: &Event| event.purpose.as_ref().is_none_or(is_of);
        Ok(Inspected {
            verdict: written.verdict,
            also: written.also.iter().map(|(name, _)| *name).collect(),
            next: steps(app, &written),
            summary: written.summary,
            tell: written.tell,
            phone: Phone {
                reference,
                country: target.phone.country().map(|country| country.to_string()),
                kind: target.phone.kind().as_str(),
                number: shown,
            },
            users: known.users.users.iter().cloned().map(crate::commands::user::LinkedUser::from).collect(),
            directories: answers.iter().map(directories::Answered::of).collect(),
            former_users: links.former(&known.users).into_iter().map(crate::commands::user::FormerUser::from).collect(),
            live_code,
            challenges,
            limits: limits::of(&known.record, now, limits, &counters),
            send,
            lock: lock_of(&states, &purpose, now, limits),
            deliveries: deliveries::of(&states),
            checks,
            timeline: snapshot.timeline.into_iter().filter(wants).map(timeline::Line::from).collect(),
            asked_provider: asked.was_asked,
            purpose,
            screen,
        })
    }
}

/// Finds what stops the customer in everything that was read; only where nothing was requested, other numbers are read.
async fn explained(app: &App, target: &Target, purpose: &Purpose, seen: &Seen) -> Result<Explained, Error> {
    let settings = app.settings()?;
    let Seen { snapshot, links, counters, circuits, cells, lost, .. } = seen;
    let (known, now) = (&snapshot.known, snapshot.now);
    let send = allowance::of(app, (&target.phone, purpose), (known, now), counters)?;
    let reference = app.reference(&target.phone).await;
    let argument = target.argument();
    // A `ch_…` id names one code, and other commands are about the phone.
    let phone_argument = target.challenge.as_ref().and(reference.clone()).unwrap_or_else(|| argument.clone());
    let shown = target.shown(app);
    let quotas = facts::quotas(app, known, now, counters)?;
    let blocks = facts::blocks(&target.phone, &phone_argument, (known, now), counters);
    let provider = ask::provider_of(known, now, target.challenge.as_deref(), purpose);
    let route = facts::route(app, (&target.phone, purpose), (circuits, now), provider)?;
    let history = facts::history(&target.phone, cells, now, provider);
    let former = links.former(&known.users);
    let mut facts = Facts {
        phone: &target.phone,
        shown: &shown,
        argument: &argument,
        phone_argument: &phone_argument,
        challenge: target.challenge.as_deref(),
        known,
        timeline: &snapshot.timeline,
        timeline_kept: settings.timeline.keep,
        limits: &settings.limits,
        send: &send,
        quotas: &quotas,
        lost: facts::lost(*lost),
        blocks: &blocks,
        route: &route,
        history: &history,
        keeper: facts::keeper(app, app.layout()?, &snapshot.findings)?,
        former: &former,
        near: &[],
    };
    let near = if needs_near_numbers(&facts, now, purpose) {
        facts::near(app, app.operations().await?.nearby(&target.phone, snapshot).await).await
    } else {
        Vec::new()
    };
    facts.near = &near;
    let mut written = diagnose(&facts, now, purpose, &InDocument(now));
    let mut told = diagnose(&facts, now, purpose, &OnScreen(now));
    // What privacyIDEA keeps comes before what cannot be known of it.
    if let Some(challenges) = snapshot.tokens.as_ref().map(|tokens| challenges::list(tokens, now)) {
        let first = |time: &dyn Fn(Moment) -> String| challenges::summary(&shown, &known.users, &challenges, time);
        written.summary = format!("{} {}", first(&|at| in_seconds(at, now)), written.summary);
        told.summary = format!("{} {}", first(&|at| crate::output::when(at, now)), told.summary);
    }
    Ok(Explained { written, told, send, quotas, route, history, reference, shown })
}

/// The live codes of these purposes, those of the one that it is about last.
fn live<'a>(
    known: &'a PhoneState,
    now: Moment,
    purpose: &Purpose,
    is_of: impl Fn(&Purpose) -> bool,
) -> Vec<(&'a Purpose, &'a Challenge)> {
    let states = known.record.purposes.iter().filter(|(own, _)| is_of(own));
    let live = states.flat_map(|(own, state)| state.live(now).map(move |live| (own, live)));
    let mut live: Vec<_> =
        live.filter(|(_, live)| live.is_checked_elsewhere() || known.is_for_users(live.users_version)).collect();
    live.sort_by_key(|(own, live)| (*own == purpose, live.created_at));
    live
}

/// The commands of a diagnosis as they are pasted.
fn steps(app: &App, diagnosis: &Diagnosis) -> Vec<Next> {
    let command = |hint: &Hint| app.printer.command(hint).unwrap_or_default();
    let step = diagnosis.next.iter().map(|step| Next {
        why: step.hint.why().to_owned(),
        command: command(&step.hint),
        from: step.from,
    });
    step.collect()
}

/// A moment as a document tells it.
fn in_seconds(at: Moment, now: Moment) -> String {
    if at > now {
        format!("in {} s", at.since(now).as_millis().div_ceil(1000))
    } else {
        format!("at {}", at.to_the_second())
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

crate::otp::schema::documents! { "otpctl.inspect/1" => Inspected }
