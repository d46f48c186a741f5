//! After a rule: what it decided is put into the application's keys.

use super::merge::{Current, LoadedKeys, MergeError, MergedState, PhoneKeys, strange_key};
use super::raw_key::{Content, RawKey};
use crate::layout::PhoneOperation;
use crate::otp::record::{Challenge, State};
use crate::otp::{Moment, Record};

/// What becomes of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyChange {
    /// It stays as it is.
    Keep,
    /// It goes.
    Drop,
    /// It holds this.
    Hold(RawKey),
}

/// What becomes of the application's keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WriteBack {
    /// Each key in the order in which it was loaded.
    pub keys: Vec<KeyChange>,
    /// Locks of the application's own that go.
    pub unlocked: u32,
}

impl WriteBack {
    /// Whether nothing changes.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.keys.iter().all(|after| *after == KeyChange::Keep)
    }
}

/// The keys of one purpose.
struct PurposeChanges {
    code: KeyChange,
    attempts: KeyChange,
    locks: bool,
}

impl PhoneKeys<'_> {
    /// Puts what a rule decided into the keys; where they cannot hold all of it, the record follows them. `decided` is
    /// the rule's record, `None` where it changes nothing.
    ///
    /// # Errors
    /// When a key of the application's is not understood.
    pub fn write_back(
        &self,
        both: &MergedState,
        decided: &mut Option<Record>,
        seen: &[LoadedKeys],
        now: Moment,
        operation: PhoneOperation<'_>,
    ) -> Result<WriteBack, MergeError> {
        let mut settled = WriteBack::default();
        if let Some(record) = decided {
            both.take_back(record);
        }
        let mut cleared: Vec<&String> = Vec::new();
        for (seen, current) in seen.iter().zip(&both.current) {
            let mut fate = PurposeChanges { code: KeyChange::Keep, attempts: KeyChange::Keep, locks: false };
            if let Some(record) = decided {
                fate = self.follow(both, record, seen, current.as_ref(), now, operation)?;
            }
            if let PhoneOperation::Unlock(only) = operation
                && only.is_none_or(|only| *only == seen.keys.purpose)
            {
                self.unlock(seen, &mut fate)?;
            }
            // One lock may stand for several purposes.
            let there = seen.keys.locks.iter().zip(&seen.locks).filter(|(_, lock)| fate.locks && lock.is_some());
            for (name, _) in there {
                if !cleared.contains(&name) {
                    cleared.push(name);
                }
            }
            settled.keys.push(fate.code);
            settled.keys.extend(seen.keys.attempts.is_some().then_some(fate.attempts));
            let cooldown = decided.as_ref().map_or(KeyChange::Keep, |record| cooldown(seen, record, now));
            settled.keys.extend(seen.keys.cooldown.is_some().then_some(cooldown));
            let dropped =
                |lock: &Option<RawKey>| if fate.locks && lock.is_some() { KeyChange::Drop } else { KeyChange::Keep };
            settled.keys.extend(seen.locks.iter().map(dropped));
        }
        settled.unlocked = u32::try_from(cleared.len()).unwrap_or(u32::MAX);
        Ok(settled)
    }

    fn follow(
        &self,
        both: &MergedState,
        record: &mut Record,
        seen: &LoadedKeys,
        current: Option<&Current>,
        now: Moment,
        operation: PhoneOperation<'_>,
    ) -> Result<PurposeChanges, MergeError> {
        let there = |held: &Option<RawKey>| if held.is_some() { KeyChange::Drop } else { KeyChange::Keep };
        let keep = PurposeChanges { code: KeyChange::Keep, attempts: KeyChange::Keep, locks: false };
        let over = PurposeChanges { code: there(&seen.code), attempts: there(&seen.attempts), locks: false };
        let Some(slot) = record.purposes.get_mut(&seen.keys.purpose) else { return Ok(keep) };
        if let PhoneOperation::Issue { purpose, challenge_id, stored } = operation
            && *purpose == seen.keys.purpose
            && both.known.record.challenge(challenge_id).is_none()
            && slot.live(now).any(|live| live.id == challenge_id)
        {
            let mut code = KeyChange::Keep;
            for challenge in slot.challenges.iter_mut().filter(|challenge| challenge.is_live(now)) {
                if challenge.id == challenge_id {
                    challenge.app_fingerprint = Some(self.fingerprint(purpose, stored.as_bytes()));
                    code = self.new_code(challenge, stored);
                } else {
                    // There is room for one code only.
                    challenge.end(State::Superseded);
                }
            }
            return Ok(PurposeChanges { code, ..over });
        }
        let Some(current) = current else { return Ok(keep) };
        let locked = slot.lock(now).is_some();
        let own = slot.challenges.iter_mut().find(|challenge| challenge.id == current.id);
        let Some(own) = own.filter(|own| own.is_live(now)) else { return Ok(over) };
        if locked {
            // The application does not know of the lock, and would take the code.
            own.end(State::Exhausted);
            return Ok(over);
        }
        if own.tries > current.tries { self.raised(seen, own) } else { Ok(keep) }
    }

    fn new_code(&self, challenge: &Challenge, stored: &str) -> KeyChange {
        let Some(phone) = self.layout.phone.of(self.phone) else { return KeyChange::Keep };
        KeyChange::Hold(self.layout.write(stored, challenge.expires_at, challenge.max_tries, phone))
    }

    fn raised(&self, seen: &LoadedKeys, own: &Challenge) -> Result<PurposeChanges, MergeError> {
        let mut fate = PurposeChanges { code: KeyChange::Keep, attempts: KeyChange::Keep, locks: false };
        if let Some(held) = &seen.code {
            let raised = self.layout.with_tries(held, own.tries, false);
            let raised =
                raised.map_err(|strange| strange_key(self.layout, &seen.keys.phone, &seen.keys.code, strange))?;
            fate.code = raised.map_or(KeyChange::Keep, KeyChange::Hold);
        }
        if seen.keys.attempts.is_some() {
            let count = own.tries.saturating_add(self.layout.attempts_begin);
            fate.attempts = KeyChange::Hold(self.layout.number(count, own.expires_at));
        }
        Ok(fate)
    }

    /// What the application itself counts and locks goes back to its beginning.
    fn unlock(&self, seen: &LoadedKeys, fate: &mut PurposeChanges) -> Result<(), MergeError> {
        fate.locks = true;
        if seen.attempts.is_some() {
            fate.attempts = KeyChange::Drop;
        }
        if let (Some(held), KeyChange::Keep) = (&seen.code, &fate.code) {
            let reset = self.layout.with_tries(held, 0, true);
            let reset =
                reset.map_err(|strange| strange_key(self.layout, &seen.keys.phone, &seen.keys.code, strange))?;
            // What has no end is no code, and nothing is put into it.
            if let Some(reset) = reset.filter(|reset| reset.until.is_some() && reset.content != held.content) {
                fate.code = KeyChange::Hold(reset);
            }
        }
        Ok(())
    }
}

/// The wait in the application's key is the record's. One without an end is the application's own affair.
fn cooldown(seen: &LoadedKeys, record: &Record, now: Moment) -> KeyChange {
    let wanted = record.cooldown_until.filter(|until| *until > now);
    match (&seen.cooldown, wanted) {
        (Some(held), _) if held.until.is_none() => KeyChange::Keep,
        (Some(held), Some(_)) if held.until == wanted => KeyChange::Keep,
        (Some(held), Some(_)) => KeyChange::Hold(RawKey { until: wanted, content: held.content.clone() }),
        (Some(_), None) => KeyChange::Drop,
        (None, Some(_)) => KeyChange::Hold(RawKey { until: wanted, content: Content::Text(b"1".to_vec()) }),
        (None, None) => KeyChange::Keep,
    }
}
