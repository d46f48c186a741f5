//! All that is known of one phone, in one value: what every rule reads and writes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use super::answer::{Answer, Attempt, Reason, Verdict};
pub use super::challenge::{Challenge, State, ToldOutcome};
pub use super::kept_delivery::{Delivery, SendOutcome};
use super::persist::{More, Stored, Ttl, Version};
use super::policy::{MAX_LOCK, MAX_PER_PHONE, MAX_WINDOW};
use super::{Limits, Moment, Purpose};

/// The version of its format.
const VERSION: u64 = 1;
/// The number of challenges that are kept for each purpose, live ones included: enough to say why a code ended.
const CHALLENGES: usize = 6;
/// The number of attempt outcomes that are kept for each purpose.
const ATTEMPTS: usize = 8;
/// The number of sends with an idempotency key that are kept: as many as a phone can have in one window. None is forgotten before
/// its time; when all are in use, no further send with a key is accepted.
pub(super) const REQUESTS: usize = MAX_PER_PHONE as usize;
/// The number that is kept beyond their time if possible: a clock that is set back makes them count again.
const OLD_REQUESTS: usize = 16;
/// The number of purposes that may be in use at once.
pub const PURPOSES: usize = 16;

/// One phone: its sends, and for each purpose its challenges and failures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    v: Version<VERSION>,
    /// When SMS were sent, the newest last: as many as any quota can ask for, as far back as any can look. What a file
    /// asks for is not what another needs, so its limits do not shorten this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sends: Vec<Moment>,
    /// The sends matter until then: the end of the longest window of all files that sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_until: Option<Moment>,
    /// Sends since the last success or a long quiet time: the step of the cooldown.
    #[serde(rename = "streak", default)]
    pub cooldown_step: u32,
    /// No send before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cooldown_until: Option<Moment>,
    /// Sends that carried an idempotency key, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<Request>,
    /// What is known of each purpose.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub purposes: BTreeMap<Purpose, PurposeState>,
    /// What newer versions added to it.
    #[serde(default, skip_serializing_if = "More::is_empty")]
    pub more: More,
}

/// A send that can be asked for again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The hash of the key.
    pub key: String,
    /// The hash of everything that was asked for.
    pub arguments: String,
    /// What came of it.
    pub challenge_id: String,
    /// Remembered until then.
    pub until: Moment,
    /// The challenge, once it is not kept with its purpose any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Box<Challenge>>,
    /// What newer versions added to it.
    #[serde(default, skip_serializing_if = "More::is_empty")]
    pub more: More,
}

/// One purpose of one phone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurposeState {
    /// The newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub challenges: Vec<Challenge>,
    /// Consecutive failures: only a success or `unlock` clears them, never a new code (NIST SP 800-63B-4 §3.1.3.2).
    #[serde(default)]
    pub failures: u32,
    /// When the last one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<Moment>,
    /// They count until then: the longest of all files that counted one. `None` in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failures_until: Option<Moment>,
    /// Too many failures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<Lock>,
    /// Outcomes by attempt id, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// What newer versions added to it.
    #[serde(default, skip_serializing_if = "More::is_empty")]
    pub more: More,
}

/// No code of this purpose is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Until then; `None`: until `unlock`.
    pub until: Option<Moment>,
}

impl Lock {
    /// Whether it still holds.
    #[must_use]
    pub fn holds(&self, now: Moment) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

impl Stored for Record {
    const VERSION: u64 = VERSION;
}

impl Default for Record {
    fn default() -> Self {
        Self {
            v: Version,
            sends: Vec::new(),
            history_until: None,
            cooldown_step: 0,
            cooldown_until: None,
            requests: Vec::new(),
            purposes: BTreeMap::new(),
            more: More::default(),
        }
    }
}

impl Record {
    /// How long it has to be kept: until the last thing in it is over.
    #[must_use]
    pub fn ttl(&self, now: Moment, limits: &Limits) -> Ttl {
        let longest = limits.longest_window();
        let mut end = now;
        let mut until = |moment: Moment| end = end.max(moment);
        self.sends.iter().for_each(|sent| until(sent.after(longest)));
        self.sends.last().into_iter().for_each(|last| until(last.after(limits.quiet())));
        self.history_until.into_iter().chain(self.cooldown_until).for_each(&mut until);
        self.requests.iter().for_each(|request| until(request.until));
        for purpose_state in self.purposes.values() {
            if purpose_state.lock.is_some_and(|lock| lock.until.is_none()) {
                return Ttl::Forever;
            }
            purpose_state.lock.and_then(|lock| lock.until).into_iter().for_each(&mut until);
            purpose_state.challenges.iter().for_each(|challenge| until(challenge.expires_at));
            purpose_state.attempts.iter().for_each(|attempt| until(attempt.until));
            if purpose_state.failures > 0 {
                let own = purpose_state.failed_at.map(|failed| failed.after(limits.failures_kept));
                own.into_iter().chain(purpose_state.failures_until).for_each(&mut until);
            }
        }
        if end == now { Ttl::Expired } else { Ttl::For(end.since(now)) }
    }

    /// Drops what is over for every file, so that the record stays small. It knows no limits, for those of one file say
    /// nothing of what another needs.
    pub(super) fn sweep(&mut self, now: Moment) {
        self.sends.retain(|sent| sent.after(MAX_WINDOW) > now);
        drop_oldest(&mut self.sends, MAX_PER_PHONE as usize);
        self.history_until = self.history_until.filter(|until| *until > now);
        self.cooldown_until = self.cooldown_until.filter(|until| *until > now);
        while self.requests.len() > OLD_REQUESTS {
            let Some(over) = self.requests.iter().position(|request| request.until <= now) else { break };
            self.requests.remove(over);
        }
        let mut dropped = Vec::new();
        for purpose_state in self.purposes.values_mut() {
            purpose_state.sweep(now, &mut dropped);
        }
        if self.purposes.len() >= PURPOSES {
            self.purposes.retain(|_, purpose_state| {
                let matters = purpose_state.matters(now);
                if !matters {
                    dropped.append(&mut purpose_state.challenges);
                }
                matters
            });
        }
        self.keep_answers(&dropped);
    }

    /// What an idempotency key made is known as long as the key, or it would be sent again.
    fn keep_answers(&mut self, dropped: &[Challenge]) {
        for request in &mut self.requests {
            let own = dropped.iter().find(|challenge| challenge.id == request.challenge_id);
            if let Some(own) = own {
                request.answer = Some(Box::new(own.summary()));
            }
        }
    }

    /// What came of a send with an idempotency key; `None` where an earlier version did not keep it.
    pub(super) fn answer<'a>(&'a self, request: &'a Request) -> Option<&'a Challenge> {
        self.challenge(&request.challenge_id).map(|(_, challenge)| challenge).or(request.answer.as_deref())
    }

    /// Drops an older send to make space for one more with a key: one that sent nothing may be repeated with its key anyway.
    ///
    /// # Errors
    /// When all of them must be remembered: the moment until which the first of them must.
    pub(super) fn room_for_request(&mut self, now: Moment) -> Result<(), Moment> {
        let sent_nothing = |request: &Request| {
            self.answer(request).is_some_and(|challenge| challenge.send_outcome() == SendOutcome::Refused)
        };
        let droppable: Vec<bool> =
            self.requests.iter().map(|request| request.until <= now || sent_nothing(request)).collect();
        let mut surplus = (self.requests.len() + 1).saturating_sub(REQUESTS);
        let mut droppable = droppable.into_iter();
        self.requests.retain(|_| {
            let drop = droppable.next().unwrap_or(false) && surplus > 0;
            surplus -= usize::from(drop);
            !drop
        });
        match self.requests.iter().map(|request| request.until).min() {
            Some(first) if surplus > 0 => Err(first),
            _ => Ok(()),
        }
    }

    /// The challenge of this id, and its purpose.
    #[must_use]
    pub fn challenge(&self, id: &str) -> Option<(&Purpose, &Challenge)> {
        self.purposes.iter().find_map(|(purpose, purpose_state)| {
            purpose_state.challenges.iter().find(|challenge| challenge.id == id).map(|challenge| (purpose, challenge))
        })
    }
}

impl PurposeState {
    /// Consecutive failures that still count.
    #[must_use]
    pub fn failures(&self, now: Moment, limits: &Limits) -> u32 {
        let own = self.failed_at.map(|failed| failed.after(limits.failures_kept));
        if own.max(self.failures_until).is_some_and(|until| until > now) { self.failures } else { 0 }
    }

    /// The lock that holds now.
    #[must_use]
    pub fn lock(&self, now: Moment) -> Option<Lock> {
        self.lock.filter(|lock| lock.holds(now))
    }

    /// The codes that may be typed now, the newest last.
    #[must_use]
    pub fn live(&self, now: Moment) -> impl DoubleEndedIterator<Item = &Challenge> {
        self.challenges.iter().filter(move |challenge| challenge.is_live(now))
    }

    /// Forgets all failures.
    pub(super) fn forgive(&mut self) {
        (self.failures, self.failed_at, self.failures_until, self.lock) = (0, None, None, None);
    }

    fn matters(&self, now: Moment) -> bool {
        let kept = Limits::default().failures_kept;
        let counted = self.failures_until.or(self.failed_at.map(|failed| failed.after(kept)));
        (self.failures > 0 && counted.is_some_and(|until| until > now))
            || self.lock.is_some()
            || self.challenges.iter().any(|challenge| challenge.expires_at > now)
    }

    fn sweep(&mut self, now: Moment, dropped: &mut Vec<Challenge>) {
        if self.failed_at.is_none_or(|failed| failed.after(MAX_LOCK) <= now) {
            (self.failures, self.failed_at, self.failures_until) = (0, None, None);
        }
        self.lock = self.lock(now);
        self.attempts.retain(|attempt| attempt.until > now);
        while self.attempts.len() > ATTEMPTS {
            // An acceptance is the one answer that must not get lost.
            let oldest_no = self.attempts.iter().position(|attempt| attempt.answer.verdict != Verdict::Ok);
            self.attempts.remove(oldest_no.unwrap_or(0));
        }
        for challenge in self.challenges.iter_mut().filter(|challenge| challenge.expires_at <= now) {
            challenge.mac = None;
            challenge.app_fingerprint = None;
            challenge.lease_until = None;
            challenge.cooldown_before = None;
        }
        while self.challenges.len() > CHALLENGES {
            let Some(oldest) = self.challenges.iter().position(|challenge| !challenge.is_live(now)) else { break };
            dropped.push(self.challenges.remove(oldest));
        }
    }
}

fn drop_oldest<T>(list: &mut Vec<T>, keep: usize) {
    let surplus = list.len().saturating_sub(keep);
    list.drain(..surplus);
}
