//! `reserve`: whether a code may be issued now, and the challenge that is stored for it before any provider is called.

use std::time::Duration;

use super::send_rule::SendRule;
use super::{Decision, PhoneState};
use crate::otp::policy_entry::{PolicyEffect, PolicyEntry, Scope};
use crate::otp::record::{Challenge, PURPOSES, PurposeState, Record, Request, SendOutcome, State};
use crate::otp::{
    Binding, Channel, Code, Denied, Event, EventKind, Limits, Moment, More, Peppers, Phone, Purpose, Quota, UserId,
    used_up,
};

/// How long an idempotency key is remembered.
pub const REQUEST_KEPT: Duration = Duration::from_secs(24 * 3600);

/// A request for a code.
#[derive(Debug, Clone, Copy)]
pub struct ReserveRequest<'a> {
    pub phone: &'a Phone,
    pub purpose: &'a Purpose,
    /// For this user of it. Where none is named, the phone's only user, if it has just one.
    pub user: Option<&'a UserId>,
    /// The new challenge's id.
    pub challenge_id: &'a str,
    pub code: &'a Code,
    /// The keys that it is kept under.
    pub peppers: &'a Peppers,
    pub ttl: Duration,
    /// The attempts that it allows.
    pub max_tries: u32,
    /// How the code reaches its owner.
    pub way: IssueMode,
    /// Another server made the code, and checks it: nothing of it is kept.
    pub elsewhere: bool,
    /// The hash of an idempotency key, and of everything that was asked for with it.
    pub request: Option<(&'a str, &'a str)>,
    /// The operator's reason.
    pub reason: Option<&'a str>,
}

/// How a code reaches its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssueMode {
    /// By a message: limits apply. A process that has not recorded a result after the lease is presumed dead.
    Sms {
        /// How long the sending may take.
        lease: Duration,
        /// The channel of the provider that is asked first.
        channel: Channel,
    },
    /// Printed for the operator: no message is counted.
    Print,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reserved {
    /// A new challenge is stored; now the SMS may be sent.
    New(Challenge),
    /// The same was asked for before; this is what came of it.
    Replayed(Challenge),
}

/// Why no code is issued. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendRefused {
    /// The phone has no such user.
    NoSuchUser(UserId),
    /// Too many failures; `None`: until `unlock`.
    Locked(Option<Moment>),
    /// The wait between two sends.
    Cooldown(Moment),
    /// Too many to one phone within the window.
    Quota(Quota, Moment),
    /// Too many to its prefix within the window.
    PerPrefix(Quota, Moment),
    /// Too many to its country within the window.
    PerCountry(Quota, Moment),
    /// The policy.
    Denied(Denied),
    /// Another process is sending to this phone right now.
    UnderWay(Moment),
    /// The idempotency key was used with other arguments.
    KeyReused,
    /// As many idempotency keys are remembered for this phone as may be; the first is forgotten at this time.
    Requests(Moment),
    /// The same was asked for before, and an earlier version did not keep what came of it.
    Forgotten,
    /// Too many purposes are in use for this phone.
    Purposes,
    /// The directories have to be asked whose phone it is; nothing else refuses it.
    Unasked,
}

/// What is left of the limits of one phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// When the next send is allowed; now or earlier: at once.
    pub allowed_at: Moment,
    /// Sends left in the longest window; `None` where no quota is set.
    pub left: Option<u32>,
}

/// Decides a `reserve`.
///
/// # Errors
/// When a rule refuses it; nothing is changed then.
pub fn reserve(
    known: &PhoneState,
    now: Moment,
    limits: &Limits,
    asked: &ReserveRequest<'_>,
) -> Result<Decision<Reserved>, SendRefused> {
    if let Some(earlier) = earlier(&known.record, now, asked)? {
        return Ok(Decision::none(earlier));
    }
    let user = if known.is_unasked() { None } else { user_of(known, asked)? };
    let none = PurposeState::default();
    let purpose_state = known.record.purposes.get(asked.purpose).unwrap_or(&none);
    if let Some(lock) = purpose_state.lock(now) {
        return Err(SendRefused::Locked(lock.until));
    }
    if let Some(until) = purpose_state.live(now).filter_map(|live| live.lease_until).find(|until| *until > now) {
        return Err(SendRefused::UnderWay(until));
    }
    let mut record = known.record.clone();
    record.sweep(now);
    if record.purposes.len() >= PURPOSES && !record.purposes.contains_key(asked.purpose) {
        return Err(SendRefused::Purposes);
    }
    let cooldown_before = record.cooldown_until;
    if matches!(asked.way, IssueMode::Sms { .. }) {
        if let Some(entry) = known.policy.held(now).filter(|entry| entry.effect == PolicyEffect::Block) {
            return Err(blocked(Scope::Phone(asked.phone.clone()), entry));
        }
        within_limits(&record, now, limits)?;
        count(&mut record, now, limits);
    }
    // Last of all, so that no directory is asked for what is refused anyway.
    if known.is_unasked() {
        return Err(SendRefused::Unasked);
    }
    let challenge = challenge(known, now, asked, user, cooldown_before);
    if let Some((key, arguments)) = asked.request {
        record.requests.retain(|request| request.key != key);
        record.room_for_request(now).map_err(SendRefused::Requests)?;
        record.requests.push(Request {
            key: key.to_owned(),
            arguments: arguments.to_owned(),
            challenge_id: asked.challenge_id.to_owned(),
            until: now.after(REQUEST_KEPT),
            answer: None,
            more: More::default(),
        });
    }
    let purpose_state = record.purposes.entry(asked.purpose.clone()).or_default();
    make_room(purpose_state, now, (asked.way, asked.elsewhere));
    purpose_state.challenges.push(challenge.clone());
    record.sweep(now);
    let event = Event::new(now, EventKind::Send, challenge.state.as_str()).about(asked.purpose, asked.challenge_id);
    let event = match asked.way {
        IssueMode::Sms { channel, .. } => event.by_channel(channel.as_str()),
        IssueMode::Print => event,
    };
    let event = event.checked_elsewhere(asked.elsewhere);
    Ok(Decision {
        record: Some(record),
        users: None,
        events: vec![event.because(asked.reason)],
        outcome: Reserved::New(challenge),
    })
}

/// What a policy entry refuses.
pub(super) fn blocked(scope: Scope, entry: &PolicyEntry) -> SendRefused {
    let entry = Box::new(entry.clone());
    SendRefused::Denied(if entry.opted_out.is_some() { Denied::OptedOut(entry) } else { Denied::Blocked(scope, entry) })
}

impl SendRefused {
    /// The rule that refuses it; `None`: the request itself is wrong.
    #[must_use]
    pub fn rule(&self) -> Option<SendRule> {
        Some(match self {
            Self::Locked(_) => SendRule::Lock,
            Self::Cooldown(_) => SendRule::Cooldown,
            Self::Quota(..) => SendRule::PerPhone,
            Self::PerPrefix(..) => SendRule::PerPrefix,
            Self::PerCountry(..) => SendRule::PerCountry,
            Self::UnderWay(_) => SendRule::UnderWay,
            Self::Purposes => SendRule::Purposes,
            Self::Requests(_) => SendRule::Requests,
            Self::Denied(denied) => SendRule::of(denied),
            Self::NoSuchUser(_) | Self::KeyReused | Self::Forgotten | Self::Unasked => return None,
        })
    }

    /// Whether the request itself is wrong, whatever the phone may be sent.
    #[must_use]
    pub fn is_of_request(&self) -> bool {
        matches!(self, Self::NoSuchUser(_) | Self::KeyReused | Self::Forgotten | Self::Requests(_))
    }

    /// Until when; `None` where no time helps, or it is not known.
    #[must_use]
    pub fn until(&self) -> Option<Moment> {
        match self {
            Self::Locked(until) => *until,
            Self::Cooldown(until)
            | Self::Quota(_, until)
            | Self::PerPrefix(_, until)
            | Self::PerCountry(_, until)
            | Self::UnderWay(until)
            | Self::Requests(until) => Some(*until),
            Self::Denied(denied) => denied.until(),
            Self::NoSuchUser(_) | Self::KeyReused | Self::Forgotten | Self::Purposes | Self::Unasked => None,
        }
    }

    /// More than the name of the rule: which limit, or who blocked it and why.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Quota(quota, _) => Some(used_up("this phone", *quota)),
            Self::PerPrefix(quota, _) => Some(used_up("this prefix", *quota)),
            Self::PerCountry(quota, _) => Some(used_up("this country", *quota)),
            Self::Denied(denied) => Some(denied.to_string()),
            _ => self.rule().map(|rule| rule.words().to_owned()),
        }
    }
}

/// This very challenge (our own commit, whose answer was lost), or one that the same idempotency key made. A send that
/// failed is not an answer to keep: the same key sends again.
fn earlier(record: &Record, now: Moment, asked: &ReserveRequest<'_>) -> Result<Option<Reserved>, SendRefused> {
    if let Some((_, own)) = record.challenge(asked.challenge_id) {
        return Ok(Some(Reserved::New(own.clone())));
    }
    let Some((key, arguments)) = asked.request else { return Ok(None) };
    let Some(request) = record.requests.iter().find(|request| request.key == key && request.until > now) else {
        return Ok(None);
    };
    if request.arguments != arguments {
        return Err(SendRefused::KeyReused);
    }
    let challenge = record.answer(request).ok_or(SendRefused::Forgotten)?;
    match challenge.lease_until {
        _ if challenge.send_outcome() == SendOutcome::Refused => Ok(None),
        Some(until) if challenge.state == State::Pending && until > now => Err(SendRefused::UnderWay(until)),
        _ => Ok(Some(Reserved::Replayed(challenge.clone()))),
    }
}

fn user_of<'a>(known: &'a PhoneState, asked: &ReserveRequest<'a>) -> Result<Option<&'a UserId>, SendRefused> {
    match asked.user {
        Some(user) if !known.has_user(user) => Err(SendRefused::NoSuchUser(user.clone())),
        Some(user) => Ok(Some(user)),
        None => Ok(known.only_user()),
    }
}

/// Of several limits that refuse it, the one that ends last is reported: before that, no other send can succeed.
pub(super) fn within_limits(record: &Record, now: Moment, limits: &Limits) -> Result<(), SendRefused> {
    let cooldown = record.cooldown_until.filter(|until| *until > now);
    let cooldown = cooldown.map(|until| (until, SendRefused::Cooldown(until)));
    let full = |quota: &Quota| free_at(record, now, *quota).map(|until| (until, SendRefused::Quota(*quota, until)));
    match limits.per_phone.iter().filter_map(full).chain(cooldown).max_by_key(|(until, _)| *until) {
        Some((_, refused)) => Err(refused),
        None => Ok(()),
    }
}

/// When the window allows a send again; `None` if it does now.
fn free_at(record: &Record, now: Moment, quota: Quota) -> Option<Moment> {
    let inside: Vec<Moment> = record.sends.iter().copied().filter(|sent| sent.after(quota.window) > now).collect();
    let limit = usize::try_from(quota.limit).unwrap_or(usize::MAX);
    if inside.len() < limit {
        return None;
    }
    // The send that has to leave the window first; with a limit of 0, there is none, and no send is ever allowed.
    Some(inside.get(inside.len() - limit).map_or(now.after(quota.window), |sent| sent.after(quota.window)))
}

fn count(record: &mut Record, now: Moment, limits: &Limits) {
    if record.sends.last().is_none_or(|last| last.after(limits.quiet()) <= now) {
        record.cooldown_step = 0;
    }
    let step = usize::try_from(record.cooldown_step).unwrap_or(usize::MAX);
    let wait = limits.cooldown.get(step).or(limits.cooldown.last());
    record.cooldown_until = wait.map(|wait| now.after(*wait));
    record.cooldown_step = record.cooldown_step.saturating_add(1);
    count_send(record, now, limits);
}

/// Counts one message more against the quotas of the phone.
pub(super) fn count_send(record: &mut Record, now: Moment, limits: &Limits) {
    record.sends.push(now);
    let matters = now.after(limits.longest_window().max(limits.quiet()));
    record.history_until = record.history_until.max(Some(matters));
}

fn challenge(
    known: &PhoneState,
    now: Moment,
    asked: &ReserveRequest<'_>,
    user: Option<&UserId>,
    cooldown_before: Option<Moment>,
) -> Challenge {
    let mapping = known.users_version();
    let (phone, purpose, id) = (asked.phone, asked.purpose, asked.challenge_id);
    let binding = Binding { phone, purpose, user, users_version: mapping, id };
    let (state, lease_until) = match asked.way {
        IssueMode::Sms { lease, .. } => (State::Pending, Some(now.after(lease))),
        IssueMode::Print => (State::Issued, None),
    };
    let challenge = Challenge {
        id: id.to_owned(),
        state,
        mac: (!asked.elsewhere).then(|| asked.peppers.sign(&binding, asked.code)),
        app_fingerprint: None,
        user: user.cloned(),
        users_version: mapping,
        created_at: now,
        expires_at: now.after(asked.ttl),
        tries: 0,
        max_tries: asked.max_tries,
        lease_until,
        cooldown_before: cooldown_before.filter(|_| state == State::Pending),
        delivery: None,
        more: More::default(),
    };
    if asked.elsewhere { challenge.checked_elsewhere() } else { challenge }
}

/// Before the new code: a printed one replaces every other at once. One that is still to be sent replaces only those
/// whose sender died, and all but the newest of the rest, so that never more than one older code stays open beside it.
/// Codes of another server make room for those of another server only.
fn make_room(purpose_state: &mut PurposeState, now: Moment, (way, elsewhere): (IssueMode, bool)) {
    let mut kept = 0;
    let is_older = |older: &&mut Challenge| older.is_live(now) && older.is_checked_elsewhere() == elsewhere;
    for older in purpose_state.challenges.iter_mut().rev().filter(is_older) {
        if way == IssueMode::Print || older.state == State::Pending || kept > 0 {
            older.enter(State::Superseded);
        } else {
            kept += 1;
        }
    }
}

/// What is left of a phone's limits.
#[must_use]
pub fn budget(record: &Record, now: Moment, limits: &Limits) -> Budget {
    let waits = limits.per_phone.iter().filter_map(|quota| free_at(record, now, *quota));
    let allowed_at = waits.chain(record.cooldown_until).max().unwrap_or(now);
    let left = limits.per_phone.iter().max_by_key(|quota| quota.window).map(|quota| {
        let inside = record.sends.iter().filter(|sent| sent.after(quota.window) > now).count();
        quota.limit.saturating_sub(u32::try_from(inside).unwrap_or(u32::MAX))
    });
    Budget { allowed_at, left }
}
