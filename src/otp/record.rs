//! All that is known of one phone, in one value: what every rule reads and writes.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Limits, Mac, Moment, Purpose, UserId};

/// The version of the format. Another one is refused, never guessed at.
const VERSION: u8 = 1;
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

/// Where a challenge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Made, the provider not yet heard. Already valid: its SMS may be faster than the answer.
    Pending,
    /// A provider took it.
    Sent,
    /// A provider may have taken it.
    Unknown,
    /// Printed instead of sent.
    Issued,
    /// Its right code was typed.
    Used,
    /// A newer one took its place.
    Superseded,
    /// Killed on purpose.
    Revoked,
    /// Its tries are used up.
    Exhausted,
    /// Surely not sent.
    Failed,
}

impl State {
    /// Whether the code may still be typed, if its time is not over.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Sent | Self::Unknown | Self::Issued)
    }

    /// The word for it in documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::Issued => "issued",
            Self::Used => "used",
            Self::Superseded => "superseded",
            Self::Revoked => "revoked",
            Self::Exhausted => "exhausted",
            Self::Failed => "failed",
        }
    }
}

/// An issued code with its limits; never the code itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// `ch_…`
    pub id: String,
    /// Where it stands.
    pub state: State,
    /// What the store keeps of the code: gone as soon as nothing can be compared with it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<Mac>,
    /// Whom it was issued for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The version of the user map then; another version now, and the code is dead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<Moment>,
    /// When it was made.
    pub created_at: Moment,
    /// The end of its life.
    pub expires_at: Moment,
    /// Wrong codes so far.
    #[serde(default)]
    pub tries: u32,
    /// How many it stands.
    pub max_tries: u32,
    /// While it is pending: when the process that sends it must be over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_until: Option<Moment>,
    /// While it is pending: the cooldown to go back to if it surely was not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cooldown_before: Option<Moment>,
    /// What became of the SMS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
}

impl Challenge {
    /// Whether its code may be typed now.
    #[must_use]
    pub fn is_live(&self, now: Moment) -> bool {
        self.state.is_open() && self.expires_at > now
    }

    /// Tries left.
    #[must_use]
    pub fn tries_left(&self) -> u32 {
        self.max_tries.saturating_sub(self.tries)
    }

    /// Ends it. A superseded code is still recognised when it is typed; of any other, nothing is kept to compare with.
    pub(super) fn end(&mut self, state: State) {
        self.state = state;
        self.lease_until = None;
        self.cooldown_before = None;
        if state != State::Superseded {
            self.mac = None;
        }
    }
}

/// Which provider has the SMS, or refused it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// The provider's name in the configuration.
    pub provider: String,
    /// The provider's own id of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Parts of the SMS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<u32>,
    /// Why it was refused, or is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The answer to a typed code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The right code, now used.
    Ok,
    /// A wrong code; tries remain.
    Wrong,
    /// There is no code to compare with.
    NoCode,
    /// Tries used up, or a lock.
    Locked,
}

/// Why the answer is no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// An older code, which a newer one replaced.
    SupersededCode,
    /// None was ever issued, as far as is known.
    NeverIssued,
    /// Its time is over.
    Expired,
    /// It was used.
    Used,
    /// It was revoked.
    Revoked,
    /// A newer one, or a change of the phone's users, replaced it.
    Superseded,
    /// Its tries are used up.
    AttemptsExhausted,
    /// Locked for a time.
    TimedLock,
    /// Locked until `unlock`.
    HardLock,
}

/// The outcome of one attempt, kept so that a lost answer can be asked for again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// `at_…`, or the caller's own.
    pub id: String,
    /// The MAC of what was typed: the same id with another code is another question.
    pub typed: Mac,
    /// Kept until then.
    pub until: Moment,
    /// The answer.
    pub answer: Answer,
}

/// What a `verify` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Yes, no, and which no.
    pub verdict: Verdict,
    /// Why.
    pub reason: Option<Reason>,
    /// Whose code it was.
    pub user: Option<UserId>,
    /// Which challenge was looked at.
    pub challenge_id: Option<String>,
    /// Tries left of it.
    pub attempts_left: u32,
    /// Consecutive failures now.
    pub failures: u32,
    /// The end of a timed lock.
    pub locked_until: Option<Moment>,
    /// The end of the challenge.
    pub expires_at: Option<Moment>,
}

/// The value in the store is not a record that this version understands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON of this shape. The value is not quoted: it may be anything.
    #[error("it is not a record of otpctl")]
    Shape,
    /// From another version.
    #[error("it has version {0}, and this otpctl reads version {VERSION}")]
    Version(u64),
}

/// Reads any of our versioned values.
pub(super) fn read<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Unreadable> {
    #[derive(Deserialize)]
    struct Versioned {
        v: u64,
    }
    let version: Versioned = serde_json::from_slice(bytes).map_err(|_| Unreadable::Shape)?;
    if version.v != u64::from(VERSION) {
        return Err(Unreadable::Version(version.v));
    }
    serde_json::from_slice(bytes).map_err(|_| Unreadable::Shape)
}

/// Writes any of our values: maps with text keys and plain fields, which JSON always has a form for.
pub(super) fn write<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

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

/// How long a value has to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// Nothing in it matters any more.
    Over,
    /// So long from now.
    For(Duration),
    /// Until someone ends it.
    Forever,
}

impl Record {
    /// Reads a record from the store; nothing there is an empty one.
    ///
    /// # Errors
    /// When the value is not a record of this version.
    pub fn read(bytes: Option<&[u8]>) -> Result<Self, Unreadable> {
        bytes.map_or_else(|| Ok(Self::default()), read)
    }

    /// The bytes for the store.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        write(self)
    }

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
