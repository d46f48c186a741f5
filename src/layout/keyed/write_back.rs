//! After a rule: what it decided is put into the application's keys.

use super::raw_key::{Content, Held};
use super::merge::{Current, Reconciled, Refused, Seen, Shared, strange_key};
use crate::otp::record::{Challenge, State};
use crate::otp::{Moment, Purpose, Record};

/// What a rule was asked to do, as far as it matters for the application's keys.
#[derive(Debug, Clone, Copy)]
pub enum Act<'a> {
    /// To make a code.
    Issue {
        /// For what.
        purpose: &'a Purpose,
        /// Its challenge.
        challenge_id: &'a str,
        /// What is to be kept of it.
        kept: &'a str,
    },
    /// To clear locks, of all purposes or one.
    Unlock(Option<&'a Purpose>),
    /// Anything else.
    Other,
}

/// What becomes of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// It stays as it is.
    Keep,
    /// It goes.
    Drop,
    /// It holds this.
    Hold(Held),
}

/// What becomes of the application's keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// Each key in the order in which it was loaded.
    pub keys: Vec<After>,
    /// Locks of the application's own that go.
    pub unlocked: u32,
}

impl Settled {
    /// Whether nothing changes.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.keys.iter().all(|after| *after == After::Keep)
    }
}

/// The keys of one purpose.
struct Fate {
    code: After,
    attempts: After,
    locks: bool,
}

impl Shared<'_> {
    /// Puts what a rule decided into the keys; where they cannot hold all of it, the record follows them. `decided` is
    /// the rule's record, `None` where it changes nothing.
    ///
    /// # Errors
    /// When a key of the application's is not understood.
    pub fn settle(
        &self,
        both: &Reconciled,
        decided: &mut Option<Record>,
        seen: &[Seen],
        now: Moment,
        act: Act<'_>,
    ) -> Result<Settled, Refused> {
        let mut settled = Settled::default();
        if let Some(record) = decided {
            both.take_back(record);
        }
        let mut cleared: Vec<&String> = Vec::new();
        for (seen, current) in seen.iter().zip(&both.current) {
            let mut fate = Fate { code: After::Keep, attempts: After::Keep, locks: false };
            if let Some(record) = decided {
                fate = self.follow(both, record, seen, current.as_ref(), now, act)?;
            }
            if let Act::Unlock(only) = act
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
            let cooldown = decided.as_ref().map_or(After::Keep, |record| cooldown(seen, record, now));
            settled.keys.extend(seen.keys.cooldown.is_some().then_some(cooldown));
            let dropped = |lock: &Option<Held>| if fate.locks && lock.is_some() { After::Drop } else { After::Keep };
            settled.keys.extend(seen.locks.iter().map(dropped));
        }
        settled.unlocked = u32::try_from(cleared.len()).unwrap_or(u32::MAX);
        Ok(settled)
    }

    fn follow(
        &self,
        both: &Reconciled,
        record: &mut Record,
        seen: &Seen,
        current: Option<&Current>,
        now: Moment,
        act: Act<'_>,
    ) -> Result<Fate, Refused> {
        let there = |held: &Option<Held>| if held.is_some() { After::Drop } else { After::Keep };
        let keep = Fate { code: After::Keep, attempts: After::Keep, locks: false };
        let over = Fate { code: there(&seen.code), attempts: there(&seen.attempts), locks: false };
        let Some(slot) = record.purposes.get_mut(&seen.keys.purpose) else { return Ok(keep) };
        if let Act::Issue { purpose, challenge_id, kept } = act
            && *purpose == seen.keys.purpose
            && both.known.record.challenge(challenge_id).is_none()
            && slot.live(now).any(|live| live.id == challenge_id)
        {
            let mut code = After::Keep;
            for challenge in slot.challenges.iter_mut().filter(|challenge| challenge.is_live(now)) {
                if challenge.id == challenge_id {
                    challenge.kept = Some(self.fingerprint(purpose, kept.as_bytes()));
                    code = self.new_code(challenge, kept);
                } else {
                    // There is room for one code only.
                    challenge.end(State::Superseded);
                }
            }
            return Ok(Fate { code, ..over });
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

    fn new_code(&self, challenge: &Challenge, kept: &str) -> After {
        let Some(phone) = self.codes.layout.phone.of(self.phone) else { return After::Keep };
        After::Hold(self.codes.layout.write(kept, challenge.expires_at, challenge.max_tries, phone))
    }

    fn raised(&self, seen: &Seen, own: &Challenge) -> Result<Fate, Refused> {
        let mut fate = Fate { code: After::Keep, attempts: After::Keep, locks: false };
        if let Some(held) = &seen.code {
            let raised = self.codes.layout.with_tries(held, own.tries, false);
            let raised =
                raised.map_err(|strange| strange_key(self.codes.layout, &seen.keys.phone, &seen.keys.code, strange))?;
            fate.code = raised.map_or(After::Keep, After::Hold);
        }
        if seen.keys.attempts.is_some() {
            let count = own.tries.saturating_add(self.codes.layout.attempts_begin);
            fate.attempts = After::Hold(self.codes.layout.number(count, own.expires_at));
        }
        Ok(fate)
    }

    /// What the application itself counts and locks goes back to its beginning.
    fn unlock(&self, seen: &Seen, fate: &mut Fate) -> Result<(), Refused> {
        fate.locks = true;
        if seen.attempts.is_some() {
            fate.attempts = After::Drop;
        }
        if let (Some(held), After::Keep) = (&seen.code, &fate.code) {
            let reset = self.codes.layout.with_tries(held, 0, true);
            let reset =
                reset.map_err(|strange| strange_key(self.codes.layout, &seen.keys.phone, &seen.keys.code, strange))?;
            // What has no end is no code, and nothing is put into it.
            if let Some(reset) = reset.filter(|reset| reset.until.is_some() && reset.content != held.content) {
                fate.code = After::Hold(reset);
            }
        }
        Ok(())
    }
}

/// The wait in the application's key is the record's. One without an end is the application's own affair.
fn cooldown(seen: &Seen, record: &Record, now: Moment) -> After {
    let wanted = record.cooldown_until.filter(|until| *until > now);
    match (&seen.cooldown, wanted) {
        (Some(held), _) if held.until.is_none() => After::Keep,
        (Some(held), Some(_)) if held.until == wanted => After::Keep,
        (Some(held), Some(_)) => After::Hold(Held { until: wanted, content: held.content.clone() }),
        (Some(_), None) => After::Drop,
        (None, Some(_)) => After::Hold(Held { until: wanted, content: Content::Text(b"1".to_vec()) }),
        (None, None) => After::Keep,
    }
}
