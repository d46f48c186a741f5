//! After a rule: what it decided is put into the application's keys.

use super::merge::{Current, LoadedKeys, MergeError, MergedState, PhoneKeys, unexpected_key};
use super::raw_key::{Content, RawKey};
use crate::layout::PhoneOperation;
use crate::otp::record::{Challenge, State};
use crate::otp::{Moment, Record};

/// What happens to a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyChange {
    /// It stays as it is.
    Keep,
    /// It is removed.
    Drop,
    /// It holds this.
    Hold(RawKey),
}

/// What happens to the application's keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WriteBack {
    /// Each key in the order in which it was loaded.
    pub keys: Vec<KeyChange>,
    /// How many of the application's own locks are removed.
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
        merged: &MergedState,
        decided: &mut Option<Record>,
        loaded: &[LoadedKeys],
        now: Moment,
        operation: PhoneOperation<'_>,
    ) -> Result<WriteBack, MergeError> {
        let mut written = WriteBack::default();
        if let Some(record) = decided {
            merged.take_back(record);
        }
        let mut cleared: Vec<&String> = Vec::new();
        for (loaded, current) in loaded.iter().zip(&merged.current) {
            let mut changes = PurposeChanges { code: KeyChange::Keep, attempts: KeyChange::Keep, locks: false };
            if let Some(record) = decided {
                changes = self.follow(merged, record, loaded, current.as_ref(), now, operation)?;
            }
            if let PhoneOperation::Unlock(only) = operation
                && only.is_none_or(|only| *only == loaded.keys.purpose)
            {
                self.unlock(loaded, &mut changes)?;
            }
            // One lock may be for several purposes.
            let there = loaded.keys.locks.iter().zip(&loaded.locks).filter(|(_, lock)| changes.locks && lock.is_some());
            for (name, _) in there {
                if !cleared.contains(&name) {
                    cleared.push(name);
                }
            }
            written.keys.push(changes.code);
            written.keys.extend(loaded.keys.attempts.is_some().then_some(changes.attempts));
            let cooldown = decided.as_ref().map_or(KeyChange::Keep, |record| cooldown(loaded, record, now));
            written.keys.extend(loaded.keys.cooldown.is_some().then_some(cooldown));
            let dropped =
                |lock: &Option<RawKey>| if changes.locks && lock.is_some() { KeyChange::Drop } else { KeyChange::Keep };
            written.keys.extend(loaded.locks.iter().map(dropped));
        }
        written.unlocked = u32::try_from(cleared.len()).unwrap_or(u32::MAX);
        Ok(written)
    }

    fn follow(
        &self,
        merged: &MergedState,
        record: &mut Record,
        loaded: &LoadedKeys,
        current: Option<&Current>,
        now: Moment,
        operation: PhoneOperation<'_>,
    ) -> Result<PurposeChanges, MergeError> {
        let there = |raw: &Option<RawKey>| if raw.is_some() { KeyChange::Drop } else { KeyChange::Keep };
        let keep = PurposeChanges { code: KeyChange::Keep, attempts: KeyChange::Keep, locks: false };
        let over = PurposeChanges { code: there(&loaded.code), attempts: there(&loaded.attempts), locks: false };
        let Some(slot) = record.purposes.get_mut(&loaded.keys.purpose) else { return Ok(keep) };
        if let PhoneOperation::Issue { purpose, challenge_id, stored } = operation
            && *purpose == loaded.keys.purpose
            && merged.known.record.challenge(challenge_id).is_none()
            && slot.live(now).any(|live| live.id == challenge_id)
        {
            let mut code = KeyChange::Keep;
            let is_own = |challenge: &&mut Challenge| challenge.is_live(now) && !challenge.is_checked_elsewhere();
            for challenge in slot.challenges.iter_mut().filter(is_own) {
                if challenge.id == challenge_id {
                    challenge.app_fingerprint = Some(self.fingerprint(purpose, stored.as_bytes()));
                    code = self.new_code(challenge, stored);
                } else {
                    // There is room for one code only.
                    challenge.enter(State::Superseded);
                }
            }
            return Ok(PurposeChanges { code, ..over });
        }
        let Some(current) = current else { return Ok(keep) };
        let locked = slot.lock(now).is_some();
        let own = slot.challenges.iter_mut().find(|challenge| challenge.id == current.id);
        let Some(own) = own.filter(|own| own.is_live(now)) else { return Ok(over) };
        if locked {
            // The application does not know of the lock, and would accept the code.
            own.enter(State::Exhausted);
            return Ok(over);
        }
        if own.tries > current.tries { self.raised(loaded, own) } else { Ok(keep) }
    }

    fn new_code(&self, challenge: &Challenge, stored: &str) -> KeyChange {
        let Some(phone) = self.layout.phone.of(self.phone) else { return KeyChange::Keep };
        KeyChange::Hold(self.layout.write(stored, challenge.expires_at, challenge.max_tries, phone))
    }

    fn raised(&self, loaded: &LoadedKeys, own: &Challenge) -> Result<PurposeChanges, MergeError> {
        let mut changes = PurposeChanges { code: KeyChange::Keep, attempts: KeyChange::Keep, locks: false };
        if let Some(raw) = &loaded.code {
            let raised = self.layout.with_tries(raw, own.tries, false);
            let raised = raised
                .map_err(|unexpected| unexpected_key(self.layout, &loaded.keys.phone, &loaded.keys.code, unexpected))?;
            changes.code = raised.map_or(KeyChange::Keep, KeyChange::Hold);
        }
        if loaded.keys.attempts.is_some() {
            let count = own.tries.saturating_add(self.layout.attempts_begin);
            changes.attempts = KeyChange::Hold(self.layout.number(count, own.expires_at));
        }
        Ok(changes)
    }

    /// What the application itself counts and locks goes back to its beginning.
    fn unlock(&self, loaded: &LoadedKeys, changes: &mut PurposeChanges) -> Result<(), MergeError> {
        changes.locks = true;
        if loaded.attempts.is_some() {
            changes.attempts = KeyChange::Drop;
        }
        if let (Some(raw), KeyChange::Keep) = (&loaded.code, &changes.code) {
            let reset = self.layout.with_tries(raw, 0, true);
            let reset = reset
                .map_err(|unexpected| unexpected_key(self.layout, &loaded.keys.phone, &loaded.keys.code, unexpected))?;
            // What has no end is no code, and nothing is put into it.
            if let Some(reset) = reset.filter(|reset| reset.until.is_some() && reset.content != raw.content) {
                changes.code = KeyChange::Hold(reset);
            }
        }
        Ok(())
    }
}

/// The wait in the application's key is the record's. One without an end is the application's own affair.
fn cooldown(loaded: &LoadedKeys, record: &Record, now: Moment) -> KeyChange {
    let wanted = record.cooldown_until.filter(|until| *until > now);
    match (&loaded.cooldown, wanted) {
        (Some(raw), _) if raw.until.is_none() => KeyChange::Keep,
        (Some(raw), Some(_)) if raw.until == wanted => KeyChange::Keep,
        (Some(raw), Some(_)) => KeyChange::Hold(RawKey { until: wanted, content: raw.content.clone() }),
        (Some(_), None) => KeyChange::Drop,
        (None, Some(_)) => KeyChange::Hold(RawKey { until: wanted, content: Content::Text(b"1".to_vec()) }),
        (None, None) => KeyChange::Keep,
    }
}
