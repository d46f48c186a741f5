//! All that is known of one phone, in one value: what every rule reads and writes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use super::answer::{Answer, Attempt, Reason, Verdict};
pub use super::challenge::{Challenge, Delivery, State};
use super::stored::{Life, Stored, VERSION};
use super::{Limits, Moment, Purpose};

/// So many challenges are kept of each purpose, the live ones among them: enough to tell why a code is dead.
const CHALLENGES: usize = 6;
/// So many outcomes of attempts are kept of each purpose.
const ATTEMPTS: usize = 8;
/// So many idempotent sends are kept.
const REQUESTS: usize = 16;
/// So many purposes may be in use at once.
pub const PURPOSES: usize = 16;

/// One phone: its sends, and for each purpose its challenges and failures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    v: u8,
    /// When SMS were sent, the newest last; as far back as the longest quota looks, and the last one while the
    /// cooldown remembers it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sends: Vec<Moment>,
    /// Sends since the last success or a long quiet time: the step of the cooldown.
    #[serde(default)]
    pub streak: u32,
    /// No send before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cooldown_until: Option<Moment>,
    /// Sends that carried an idempotency key, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<Request>,
    /// What is known of each purpose.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub purposes: BTreeMap<Purpose, Slot>,
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
}

/// One purpose of one phone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// The newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub challenges: Vec<Challenge>,
    /// Consecutive failures: only a success or `unlock` clears them, never a new code (NIST SP 800-63B-4 §3.1.3.2).
    #[serde(default)]
    pub failures: u32,
    /// When the last one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<Moment>,
    /// Too many failures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<Lock>,
    /// Outcomes by attempt id, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
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

impl Stored for Record {}

impl Default for Record {
    fn default() -> Self {
        Self {
            v: VERSION,
            sends: Vec::new(),
            streak: 0,
            cooldown_until: None,
            requests: Vec::new(),
            purposes: BTreeMap::new(),
        }
    }
}

impl Record {
    /// How long it has to be kept: until the last thing in it is over.
    #[must_use]
    pub fn life(&self, now: Moment, limits: &Limits) -> Life {
        let longest = limits.per_phone.iter().map(|quota| quota.window).max().unwrap_or_default();
        let mut end = now;
        let mut until = |moment: Moment| end = end.max(moment);
        self.sends.iter().for_each(|sent| until(sent.after(longest)));
        self.sends.last().into_iter().for_each(|last| until(last.after(limits.quiet())));
        self.cooldown_until.into_iter().for_each(&mut until);
        self.requests.iter().for_each(|request| until(request.until));
        for slot in self.purposes.values() {
            if slot.lock.is_some_and(|lock| lock.until.is_none()) {
                return Life::Forever;
            }
            slot.lock.and_then(|lock| lock.until).into_iter().for_each(&mut until);
            slot.challenges.iter().for_each(|challenge| until(challenge.expires_at));
            slot.attempts.iter().for_each(|attempt| until(attempt.until));
            if slot.failures > 0 {
                slot.failed_at.into_iter().for_each(|failed| until(failed.after(limits.failures_kept)));
            }
        }
        if end == now { Life::Over } else { Life::For(end.since(now)) }
    }

    /// Drops what is over, so that the record stays small.
    pub(super) fn sweep(&mut self, now: Moment, limits: &Limits) {
        let longest = limits.per_phone.iter().map(|quota| quota.window).max().unwrap_or_default();
        let last = self.sends.last().copied().filter(|last| last.after(limits.quiet()) > now);
        self.sends.retain(|sent| sent.after(longest) > now || Some(*sent) == last);
        self.requests.retain(|request| request.until > now);
        drop_oldest(&mut self.requests, REQUESTS);
        for slot in self.purposes.values_mut() {
            slot.sweep(now, limits, &self.requests);
        }
        if self.purposes.len() >= PURPOSES {
            self.purposes.retain(|_, slot| slot.matters(now));
        }
    }

    /// The challenge of this id, and its purpose.
    #[must_use]
    pub fn challenge(&self, id: &str) -> Option<(&Purpose, &Challenge)> {
        self.purposes.iter().find_map(|(purpose, slot)| {
            slot.challenges.iter().find(|challenge| challenge.id == id).map(|challenge| (purpose, challenge))
        })
    }
}

impl Slot {
    /// Consecutive failures that still count.
    #[must_use]
    pub fn failures(&self, now: Moment, limits: &Limits) -> u32 {
        match self.failed_at {
            Some(failed) if failed.after(limits.failures_kept) > now => self.failures,
            _ => 0,
        }
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

    fn matters(&self, now: Moment) -> bool {
        self.failures > 0 || self.lock.is_some() || self.challenges.iter().any(|challenge| challenge.expires_at > now)
    }

    fn sweep(&mut self, now: Moment, limits: &Limits, requests: &[Request]) {
        self.failures = self.failures(now, limits);
        if self.failures == 0 {
            self.failed_at = None;
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
            challenge.kept = None;
            challenge.lease_until = None;
            challenge.cooldown_before = None;
        }
        while self.challenges.len() > CHALLENGES {
            // What an idempotency key made is known as long as the key, or it would be sent again.
            let asked_for = |challenge: &Challenge| requests.iter().any(|request| request.challenge_id == challenge.id);
            let droppable = |challenge: &Challenge| !challenge.is_live(now) && !asked_for(challenge);
            let Some(oldest) = self.challenges.iter().position(droppable) else { break };
            self.challenges.remove(oldest);
        }
    }
}

fn drop_oldest<T>(list: &mut Vec<T>, keep: usize) {
    let surplus = list.len().saturating_sub(keep);
    list.drain(..surplus);
}
