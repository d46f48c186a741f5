//! Before a rule: what the application did with its keys since is put into the record, so that the rules see one truth.

use super::code_hash::CodeHasher;
use super::codec::{AppCode, StoredCode};
use super::raw_key::{RawKey, UnexpectedKey};
use super::{Comparison, Hashing, KeyedLayout, Keys};
use crate::layout::LayoutContext;
use crate::otp::record::{Challenge, State};
use crate::otp::rules::PhoneState;
use crate::otp::{Binding, Code, Event, EventKind, Mac, Moment, Phone, Purpose, Record, UnknownKey, UserId, reference};

/// The codes of one phone.
#[derive(Debug, Clone, Copy)]
pub(super) struct PhoneKeys<'a> {
    pub layout: &'a KeyedLayout,
    pub context: LayoutContext<'a>,
    pub phone: &'a Phone,
    /// Whether a code counts that is not to be taken any more, because it has no lifetime, or was used, or its tries are
    /// used up, as the application tells it: only for whoever wants to kill it.
    pub include_dead: bool,
}

/// What was loaded of one purpose.
#[derive(Debug, Clone)]
pub(super) struct LoadedKeys {
    /// The names.
    pub keys: Keys,
    /// The code.
    pub code: Option<RawKey>,
    /// The tries, where they have a key.
    pub attempts: Option<RawKey>,
    /// The wait, where it has a key.
    pub cooldown: Option<RawKey>,
    /// The locks, in the order of the names.
    pub locks: Vec<Option<RawKey>>,
}

/// Something about an application's keys that its owner should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A code without a lifetime: the application would take it for ever.
    Endless(Purpose),
    /// What a used code left behind: it has no lifetime, and will never go by itself.
    Orphan(Purpose),
    /// A lock of the application's own is there.
    Locked,
}

/// The application's key is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// Another type or content than the layout says.
    #[error("the key `{key}` is not as the layout `{layout}` says: {strange}")]
    Strange {
        /// Its name, without the number.
        key: String,
        /// The layout's.
        layout: String,
        /// What it is.
        strange: UnexpectedKey,
    },
    /// A fingerprint under a pepper that is gone.
    #[error(transparent)]
    UnknownKey(#[from] UnknownKey),
    /// The user stands in the name of the key, and the phone has none.
    #[error("the key of a code has the user in its name, and this phone has no user")]
    NoUser,
    /// The user stands in the name of the key, and the phone has several.
    #[error("the key of a code has the user in its name, and this phone has several users")]
    Ambiguous(Vec<UserId>),
}

/// The challenge that an application's key stands for.
#[derive(Debug, Clone)]
pub(super) struct Current {
    pub id: String,
    pub tries: u32,
    pub(super) kept: StoredCode,
}

/// A record and the application's keys, as one.
#[derive(Debug, Clone)]
pub(super) struct MergedState {
    /// What is known.
    pub known: PhoneState,
    /// What happened, for the timeline, once something is written.
    pub events: Vec<Event>,
    /// What the owner should know.
    pub findings: Vec<Finding>,
    /// What each purpose's key stands for now, in the order of what was seen.
    pub(super) current: Vec<Option<Current>>,
    /// Challenges whose MAC is lent for one rule, and goes back.
    pub(super) lent: Vec<String>,
}

impl LoadedKeys {
    /// Takes what was loaded, in the order of the names.
    ///
    /// # Errors
    /// When a key holds nothing that is understood.
    pub fn read(
        layout: &KeyedLayout,
        keys: Keys,
        values: &mut impl Iterator<Item = Option<Vec<u8>>>,
    ) -> Result<Self, MergeError> {
        let spelled = keys.phone.clone();
        let mut next = |key: &str| match values.next().flatten() {
            None => Ok(None),
            Some(bytes) => {
                RawKey::read(&bytes).map(Some).map_err(|strange| strange_key(layout, &spelled, key, strange))
            }
        };
        let code = next(&keys.code)?;
        let attempts = keys.attempts.as_deref().map_or(Ok(None), &mut next)?;
        let cooldown = keys.cooldown.as_deref().map_or(Ok(None), &mut next)?;
        let locks = keys.locks.iter().map(|key| next(key)).collect::<Result<_, _>>()?;
        Ok(Self { keys, code, attempts, cooldown, locks })
    }
}

/// The number is left out of the name: whoever asked may not have typed it.
pub(super) fn strange_key(layout: &KeyedLayout, phone: &str, key: &str, strange: UnexpectedKey) -> MergeError {
    let key = crate::otp::escape::escaped(&key.replace(phone, "{phone}"));
    MergeError::Strange { key, layout: layout.name.clone(), strange }
}

/// What is live in an application's key.
struct Live {
    kept: StoredCode,
    until: Moment,
    tries: u32,
    max_tries: u32,
}

impl PhoneKeys<'_> {
    /// Brings both together.
    ///
    /// # Errors
    /// When a key of the application's is not understood, or a fingerprint cannot be compared.
    pub fn merge(&self, known: PhoneState, seen: &[LoadedKeys], now: Moment) -> Result<MergedState, MergeError> {
        let (events, findings, lent) = (Vec::new(), Vec::new(), Vec::new());
        let mut both = MergedState { known, events, findings, current: Vec::with_capacity(seen.len()), lent };
        for seen in seen {
            let current = self.one(&mut both, seen, now)?;
            both.current.push(current);
            // The application sent by itself: its wait is ours too.
            let wait = seen.cooldown.as_ref().and_then(|held| held.until).filter(|until| *until > now);
            both.known.record.cooldown_until = both.known.record.cooldown_until.max(wait);
            // One lock may stand for several purposes.
            if seen.locks.iter().any(Option::is_some) && !both.findings.contains(&Finding::Locked) {
                both.findings.push(Finding::Locked);
            }
        }
        Ok(both)
    }

    fn one(&self, both: &mut MergedState, seen: &LoadedKeys, now: Moment) -> Result<Option<Current>, MergeError> {
        let purpose = &seen.keys.purpose;
        let found = match &seen.code {
            Some(held) => Some(
                self.layout
                    .read(held, self.context.ours)
                    .map_err(|strange| strange_key(self.layout, &seen.keys.phone, &seen.keys.code, strange))?,
            ),
            None => None,
        };
        // Read even without a code: a new one takes its place, and nothing takes that of what is not understood.
        let beside = self.beside(seen)?;
        let endless = found.as_ref().is_some_and(|code| code.until.is_none() && code.kept.is_some() && !code.closed);
        if endless {
            both.findings.push(Finding::Endless(purpose.clone()));
        } else if found.as_ref().is_some_and(|code| code.until.is_none()) {
            both.findings.push(Finding::Orphan(purpose.clone()));
        }
        if endless && !self.include_dead {
            // Nobody knows how old it is, so its time is over.
            gone(both, purpose, now, State::Superseded);
            let over = self.adopted(both, purpose, &StoredCode { text: String::new().into(), number: false }, now, now);
            let slot = both.known.record.purposes.entry(purpose.clone()).or_default();
            slot.challenges.push(over);
            return Ok(None);
        }
        if let Some(live) = self.live(found, beside, now) {
            return self.known_or_adopted(both, purpose, &live, now);
        }
        gone(both, purpose, now, State::Used);
        Ok(None)
    }

    /// The tries that the application counted in a key beside the code's.
    fn beside(&self, seen: &LoadedKeys) -> Result<Option<u32>, MergeError> {
        let (Some(held), Some(key)) = (&seen.attempts, &seen.keys.attempts) else { return Ok(None) };
        let counted = self.layout.count(held);
        counted.map(Some).map_err(|strange| strange_key(self.layout, &seen.keys.phone, key, strange))
    }

    fn live(&self, found: Option<AppCode>, beside: Option<u32>, now: Moment) -> Option<Live> {
        let AppCode { kept: Some(kept), until, tries, max_tries, closed } = found? else { return None };
        if closed && !self.include_dead {
            return None;
        }
        let live = Live {
            kept,
            until: until.unwrap_or_else(|| now.after(self.layout.ttl)),
            tries: tries.into_iter().chain(beside).max().unwrap_or(0),
            max_tries: max_tries.unwrap_or(self.context.max_attempts),
        };
        (live.until > now).then_some(live)
    }

    fn known_or_adopted(
        &self,
        both: &mut MergedState,
        purpose: &Purpose,
        live: &Live,
        now: Moment,
    ) -> Result<Option<Current>, MergeError> {
        let mut own = None;
        for challenge in both.known.record.purposes.get(purpose).into_iter().flat_map(|slot| slot.live(now)) {
            if let Some(print) = &challenge.app_fingerprint
                && self.context.peppers.is_fingerprint(print, self.phone, purpose, live.kept.text.as_bytes())?
            {
                own = Some(challenge.id.clone());
            }
        }
        let id = own.unwrap_or_else(|| {
            let adopted = self.adopted(both, purpose, &live.kept, live.until, now);
            let id = adopted.id.clone();
            let slot = both.known.record.purposes.entry(purpose.clone()).or_default();
            slot.challenges.retain(|challenge| challenge.id != id);
            slot.challenges.push(Challenge { max_tries: live.max_tries, ..adopted });
            let detail = "the application made it".to_owned();
            both.events.push(Event::new(now, EventKind::Send, "issued").about(purpose, &id).detail(detail));
            id
        });
        let slot = both.known.record.purposes.entry(purpose.clone()).or_default();
        let mut current = None;
        for challenge in slot.challenges.iter_mut().filter(|challenge| challenge.is_live(now) || challenge.id == id) {
            if challenge.id != id {
                challenge.end(State::Superseded);
                continue;
            }
            challenge.expires_at = live.until;
            challenge.tries = challenge.tries.max(live.tries);
            if challenge.tries_left() == 0 && !self.include_dead {
                challenge.end(State::Exhausted);
            } else {
                current = Some(Current { id: id.clone(), tries: challenge.tries, kept: live.kept.clone() });
            }
        }
        Ok(current)
    }

    /// A challenge for a code that the application made.
    fn adopted(
        &self,
        both: &MergedState,
        purpose: &Purpose,
        kept: &StoredCode,
        until: Moment,
        now: Moment,
    ) -> Challenge {
        Challenge {
            id: reference::adopted_id(self.context.peppers, self.phone, purpose, kept.text.as_bytes(), until),
            // It was given to its owner on a way that is not known here.
            state: State::Issued,
            mac: None,
            app_fingerprint: (until > now).then(|| self.fingerprint(purpose, kept.text.as_bytes())),
            user: None,
            users_version: both.known.users.version,
            created_at: until.before(self.layout.ttl).min(now),
            expires_at: until,
            tries: 0,
            max_tries: self.context.max_attempts,
            lease_until: None,
            cooldown_before: None,
            delivery: None,
        }
    }

    pub(super) fn fingerprint(&self, purpose: &Purpose, kept: &[u8]) -> Mac {
        self.context.peppers.fingerprint(self.phone, purpose, kept)
    }

    /// The comparison of what was typed with the application's code, and the challenge that it is about; `None`: there is
    /// nothing to compare with. It may take long, so it is made before the rule and not in it.
    #[must_use]
    pub fn comparison(
        &self,
        both: &MergedState,
        seen: &[LoadedKeys],
        purpose: &Purpose,
        typed: &Code,
    ) -> Option<(String, Comparison)> {
        let mut asked = seen.iter().zip(&both.current).filter(|(seen, _)| seen.keys.purpose == *purpose);
        let current = asked.find_map(|(_, current)| current.as_ref())?;
        let slot = both.known.record.purposes.get(purpose)?;
        let own = slot.challenges.iter().find(|challenge| challenge.id == current.id && challenge.mac.is_none())?;
        Some((own.id.clone(), self.hasher()?.comparison(&current.kept, typed)))
    }

    /// Lends a code of the application's a MAC of what was typed, which is that code: so the rule compares as it always
    /// does. A missing MAC never matches.
    pub fn lend(&self, both: &mut MergedState, id: &str, purpose: &Purpose, typed: &Code) {
        let Some(slot) = both.known.record.purposes.get_mut(purpose) else { return };
        let own = slot.challenges.iter_mut().find(|challenge| challenge.id == id && challenge.mac.is_none());
        let Some(own) = own else { return };
        let (user, mapping) = (own.user.as_ref(), own.users_version);
        let binding = Binding { phone: self.phone, purpose, user, users_version: mapping, id: &own.id };
        own.mac = Some(self.context.peppers.sign(&binding, typed));
        both.lent.push(own.id.clone());
    }

    /// What is to be done to keep a code; `None`: the application has no key for such a number.
    #[must_use]
    pub fn hashing(&self, code: &Code) -> Option<Hashing> {
        self.hasher().map(|hasher| hasher.hashing(code))
    }

    fn hasher(&self) -> Option<CodeHasher<'_>> {
        let phone = self.layout.phone.of(self.phone)?;
        let KeyedLayout { hash_scheme, pattern, .. } = self.layout;
        Some(CodeHasher { scheme: *hash_scheme, pattern, phone, secret: self.context.secret })
    }
}

/// There is no code any more: what was live of it was used by the application, or removed.
fn gone(both: &mut MergedState, purpose: &Purpose, now: Moment, state: State) {
    let Some(slot) = both.known.record.purposes.get_mut(purpose) else { return };
    for challenge in slot.challenges.iter_mut().filter(|challenge| challenge.is_live(now)) {
        challenge.end(state);
        let detail = "the application removed it".to_owned();
        both.events
            .push(Event::new(now, EventKind::Verify, state.as_str()).about(purpose, &challenge.id).detail(detail));
    }
}

impl MergedState {
    /// Takes back what was lent.
    pub(super) fn take_back(&self, record: &mut Record) {
        let challenges = record.purposes.values_mut().flat_map(|slot| &mut slot.challenges);
        for challenge in challenges.filter(|challenge| self.lent.contains(&challenge.id)) {
            challenge.mac = None;
        }
    }
}
