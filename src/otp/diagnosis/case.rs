//! What the conditions of the table look at: the code that is explained, the last request and the last attempt, found
//! once in everything that is known.

use std::time::Duration;

use super::code::{Code, code_of};
use super::facts::{Facts, MADE_BY_APP, RouteProvider, Share};
use super::last::{Tried, last_attempt, last_of, last_refused};
use crate::otp::link_history::FormerUser;
use crate::otp::record::{Challenge, PurposeState, State};
use crate::otp::refusal::NO_USER;
use crate::otp::rules::PhoneState;
use crate::otp::{Channel, DeliveryReason, DeliveryReport, DeliveryState, Event, EventKind, Moment, Purpose};

/// Without a history, an SMS is on its way for so long.
const USUAL_P95: Duration = Duration::from_secs(60);
/// Nobody calls a delivery late that took less.
const LATE: Duration = Duration::from_secs(60);
/// So many sends in the last hour, and so many before, say something of a provider.
const ENOUGH: (u64, u64) = (20, 50);

/// A phone that was taken from its user so long ago may still be typed by that user.
const HANDS: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// When an entry of the table may be the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Whatever there is.
    Always,
    /// While a code is live.
    Live,
    /// When something was requested, and no code is live.
    Over,
    /// When nothing was requested.
    Nothing,
}

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// One code.
    Code,
    /// The phone: it does not explain a code that was asked about by its id.
    Phone,
}

/// Whether an entry is trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing is wrong.
    Fine,
    /// Somebody has to wait, look or type again.
    Wait,
    /// It does not work as it is.
    Trouble,
}

/// Everything that the table looks at.
pub struct Case<'a> {
    pub(super) facts: &'a Facts<'a>,
    pub(super) now: Moment,
    pub(super) purpose: &'a Purpose,
    pub(super) state: Option<&'a PurposeState>,
    pub(super) code: Option<Code>,
    pub(super) live: bool,
    /// The last request, where it was refused and nothing came after it.
    pub(super) refused: Option<&'a Event>,
    /// When the last attempt was, what it came to, and its event.
    pub(super) tried: Option<(Moment, Tried, Option<&'a Event>)>,
}

/// The purpose that a phone, or one code of it, is asked about: that of its newest event.
#[must_use]
pub fn purpose_of(known: &PhoneState, timeline: &[Event], challenge: Option<&str>) -> Purpose {
    if let Some(id) = challenge {
        let recorded = known.record.challenge(id).map(|(purpose, _)| purpose);
        let told = || timeline.iter().filter(|event| event.challenge_id.as_deref() == Some(id));
        return recorded.or_else(|| told().find_map(|event| event.purpose.as_ref())).cloned().unwrap_or_default();
    }
    let newest_event = timeline
        .iter()
        .filter(|event| event.purpose.is_some())
        .rev()
        .max_by_key(|event| last_of(event))
        .map(|event| (last_of(event), event.purpose.as_ref()));
    // An application's code leaves no event as long as nothing of it is written.
    let codes = known.record.purposes.iter().flat_map(|(purpose, state)| {
        state.challenges.iter().map(move |challenge| (challenge.created_at, Some(purpose)))
    });
    let newest_code = codes.max_by_key(|(at, _)| *at);
    let newest = newest_event.into_iter().chain(newest_code).max_by_key(|(at, _)| *at);
    newest.and_then(|(_, purpose)| purpose).cloned().unwrap_or_default()
}

/// Whether nothing was requested for the phone, so that another number may have been meant.
#[must_use]
pub fn needs_near_numbers(facts: &Facts<'_>, now: Moment, purpose: &Purpose) -> bool {
    let case = Case::of(facts, now, purpose);
    facts.challenge.is_none() && case.is_empty() && case.elsewhere().is_none()
}

impl<'a> Case<'a> {
    pub(super) fn of(facts: &'a Facts<'a>, now: Moment, purpose: &'a Purpose) -> Self {
        let state = facts.known.record.purposes.get(purpose);
        let code = code_of(facts, state, now, purpose);
        let live = code.as_ref().is_some_and(|code| {
            code.state.is_open() && (code.mapped || code.relayed) && code.ends.is_some_and(|ends| ends > now)
        });
        let refused = last_refused(facts, purpose);
        let tried = last_attempt(facts, state, purpose);
        Self { facts, now, purpose, state, code, live, refused, tried }
    }

    /// Whether what is about this may be the verdict on what was asked about.
    pub(super) fn is_about(&self, about: About) -> bool {
        self.facts.challenge.is_none() || about == About::Code
    }

    pub(super) fn fits(&self, group: Group) -> bool {
        match group {
            Group::Always => true,
            Group::Live => self.live,
            Group::Over => !self.live && !self.is_empty(),
            Group::Nothing => self.is_empty(),
        }
    }

    /// By which way the code went out.
    pub(super) fn channel(&self) -> Channel {
        self.code.as_ref().map(|code| code.channel).unwrap_or_default()
    }

    /// Nothing was requested for this purpose.
    pub(super) fn is_empty(&self) -> bool {
        self.code.is_none() && self.refused.is_none() && self.facts.lost.is_none_or(|lost| !lost.is_one_code())
    }

    /// The user who had the phone until lately.
    pub(super) fn had_lately(&self) -> Option<&'a FormerUser> {
        self.facts.former.first().filter(|former| former.unlinked.at.after(HANDS) > self.now)
    }

    pub(super) fn in_state(&self, state: State) -> bool {
        self.code.as_ref().is_some_and(|code| code.state == state)
    }

    /// The SMS of the code was accepted, whatever became of it since.
    fn was_accepted(&self) -> Option<&Code> {
        self.code.as_ref().filter(|code| code.accepted)
    }

    fn reported(&self, state: DeliveryState) -> Option<&DeliveryReport> {
        self.code.as_ref()?.report.as_ref().filter(|report| report.state == Some(state))
    }

    pub(super) fn delivered(&self) -> bool {
        self.reported(DeliveryState::Delivered).is_some()
    }

    /// The gateway's last word is that the SMS will not arrive; not told of a code that somebody has typed.
    pub(super) fn undelivered(&self) -> Option<&DeliveryReport> {
        self.reported(DeliveryState::Failed).filter(|_| !self.in_state(State::Used))
    }

    /// A gateway has it, nothing final was said of it, and nobody typed anything.
    pub(super) fn is_open_ended(&self) -> bool {
        let has_end = self.code.as_ref().is_some_and(|code| code.report.as_ref().is_some_and(DeliveryReport::is_final));
        self.was_accepted().is_some() && !has_end && self.is_untried()
    }

    /// No attempt came to this code.
    pub(super) fn is_untried(&self) -> bool {
        self.code.as_ref().is_some_and(|code| code.tries == 0) && !self.wrong_user()
    }

    /// The last attempt was for another user than the phone's.
    pub(super) fn wrong_user(&self) -> bool {
        let made = self.code.as_ref().map(|code| code.made);
        self.tried.is_some_and(|(at, tried, _)| tried == Tried::NoUser && made.is_none_or(|made| at >= made))
    }

    /// The last request was for another user than the phone's, and there was none before it.
    pub(super) fn wrong_user_asked(&self) -> Option<&'a Event> {
        let own = self.facts.timeline.iter().filter(|event| event.purpose.as_ref() == Some(self.purpose));
        let newest = own.filter(|event| event.event == EventKind::Send).rev().max_by_key(|event| last_of(event));
        newest.filter(|event| event.result == NO_USER && self.is_empty())
    }

    /// The last attempt was the code before the live one.
    pub(super) fn older_typed(&self) -> bool {
        let made = self.code.as_ref().map(|code| code.made);
        self.tried.is_some_and(|(at, tried, _)| tried == Tried::Superseded && made.is_some_and(|made| at >= made))
    }

    /// How long the SMS took to be delivered.
    pub(super) fn delivery_time(&self) -> Option<Duration> {
        let code = self.code.as_ref().filter(|_| self.delivered())?;
        Some(code.reported_at?.since(code.made))
    }

    pub(super) fn p95(&self) -> Duration {
        self.facts.history.p95.unwrap_or(USUAL_P95)
    }

    pub(super) fn is_late(&self) -> bool {
        self.delivery_time().is_some_and(|took| took > self.p95().max(LATE))
    }

    /// The time in which a word of the gateway could come is over, or none ever comes.
    pub(super) fn is_silent(&self) -> bool {
        let age = self.code.as_ref().map_or(Duration::ZERO, |code| self.now.since(code.made));
        !self.speaks() || age >= self.p95()
    }

    /// Whether the provider of the code ever says what became of it.
    pub(super) fn speaks(&self) -> bool {
        self.provider().is_some_and(|provider| provider.reports)
            || self.code.as_ref().is_some_and(|code| code.report.is_some())
    }

    /// The provider of the code, where it is still configured.
    pub(super) fn provider(&self) -> Option<&'a RouteProvider> {
        let name = self.code.as_ref()?.provider.as_deref()?;
        self.facts.route.iter().find(|provider| provider.name == name)
    }

    /// The provider of the code, else the first of the route.
    fn first_provider(&self) -> Option<&'a RouteProvider> {
        let first =
            || if self.code.as_ref().is_some_and(|code| code.printed) { None } else { self.facts.route.first() };
        self.provider().or_else(first)
    }

    /// Another provider of the route that is not skipped.
    pub(super) fn other_provider(&self) -> Option<&'a RouteProvider> {
        let own = self.code.as_ref().and_then(|code| code.provider.as_deref());
        let mut others = self.facts.route.iter().filter(|provider| Some(provider.name.as_str()) != own);
        others.find(|provider| provider.skipped_until.is_none_or(|until| until <= self.now))
    }

    /// The provider of the code is skipped after failures.
    pub(super) fn skipped(&self) -> Option<&'a RouteProvider> {
        self.first_provider().filter(|provider| provider.skipped_until.is_some_and(|until| until > self.now))
    }

    /// Where the provider of the code does less than half as well as before.
    pub(super) fn fallen(&self) -> Option<&'a Share> {
        let name = self.first_provider()?.name.as_str();
        self.facts.history.shares.iter().filter(|share| share.provider == name).find(|share| share.has_fallen())
    }

    /// Another purpose than the one that was tried has a live code.
    pub(super) fn elsewhere(&self) -> Option<(&'a Purpose, &'a Challenge)> {
        let known = self.facts.known;
        let live = known.record.purposes.iter().filter(|(purpose, _)| *purpose != self.purpose);
        let live = live.flat_map(|(purpose, state)| state.live(self.now).map(move |code| (purpose, code)));
        live.filter(|(_, code)| known.is_for_users(code.users_version)).max_by_key(|(_, code)| code.created_at)
    }

    /// The last thing that happened is an attempt that found no code of its purpose, while another purpose has one.
    pub(super) fn wrong_purpose(&self) -> bool {
        let Some((at, Tried::NoCode, event)) = self.tried else { return false };
        // A lock that held answers before any code is looked for.
        if event.and_then(|event| event.rule.as_deref()).is_some_and(|rule| rule.ends_with("_lock")) {
            return false;
        }
        self.elsewhere().is_some_and(|(_, code)| !self.live && at >= code.created_at)
    }

    /// Which rule refused the last request.
    pub(super) fn refused_by(&self, rules: &[&str]) -> Option<&'a Event> {
        self.refused.filter(|event| event.rule.as_deref().is_some_and(|rule| rules.contains(&rule)))
    }

    /// The class of refusal of a send that no gateway accepted.
    pub(super) fn failure_class(&self) -> Option<&'a str> {
        let id = &self.code.as_ref()?.id;
        let own = self.facts.timeline.iter().filter(|event| event.challenge_id.as_ref() == Some(id));
        own.filter(|event| event.event == EventKind::Send).find_map(|event| event.rule.as_deref())
    }

    /// The receiver asked for no more messages, as a gateway said.
    pub(super) fn opted_out(&self) -> bool {
        self.undelivered().is_some_and(|report| report.reason == Some(DeliveryReason::OptedOut))
            || (self.in_state(State::Failed) && self.failure_class() == Some(DeliveryReason::OptedOut.as_str()))
    }

    /// The newest event of this kind about the code.
    pub(super) fn event_of(&self, kind: EventKind) -> Option<&'a Event> {
        let id = &self.code.as_ref()?.id;
        self.facts.timeline.iter().find(|event| event.event == kind && event.challenge_id.as_ref() == Some(id))
    }

    /// Another server made the code and checks it.
    pub(super) fn is_relayed(&self) -> bool {
        self.code.as_ref().is_some_and(|code| code.relayed)
    }

    /// That server told that nobody typed it.
    pub(super) fn is_abandoned(&self) -> bool {
        self.code.as_ref().is_some_and(|code| code.abandoned)
    }

    /// Its time is over, and how it ended was not told.
    pub(super) fn is_untold(&self) -> bool {
        let over = self.code.as_ref().is_some_and(|code| code.ends.is_none_or(|ends| ends <= self.now));
        self.is_relayed() && over && self.code.as_ref().is_some_and(|code| code.state.is_open())
    }

    /// An application made the code, and nothing tells how its owner got it.
    pub(super) fn is_of_app(&self) -> bool {
        let Some(code) = self.code.as_ref().filter(|code| code.printed && self.facts.keeper.app.is_some()) else {
            return false;
        };
        let own = self.facts.timeline.iter().filter(|event| event.challenge_id.as_deref() == Some(code.id.as_str()));
        !own.filter(|event| event.event == EventKind::Send)
            .any(|event| event.detail.as_deref().is_none_or(|detail| !detail.starts_with(MADE_BY_APP)))
    }

    /// The newest change of the phone's users, where it ended the code before its time.
    pub(super) fn remapped(&self) -> bool {
        let changed = self.facts.known.users.version;
        self.code.as_ref().is_some_and(|code| {
            let in_time = changed.is_none_or(|changed| code.ends.is_none_or(|ends| changed < ends));
            code.state.is_open() && !code.mapped && in_time && !code.relayed
        })
    }
}

impl Share {
    /// Less than half as many were delivered, or entered, as before.
    fn has_fallen(&self) -> bool {
        let (now, before) = (self.now, self.before);
        let is_told = now.sent >= ENOUGH.0 && before.sent >= ENOUGH.1;
        is_told && (self.fewer(now.delivered, before.delivered) || self.fewer(now.entered, before.entered))
    }

    /// Whether the share of these now is less than half of that before.
    pub(super) fn fewer(&self, now: u64, before: u64) -> bool {
        u128::from(now) * u128::from(self.before.sent) * 2 < u128::from(before) * u128::from(self.now.sent)
    }
}
