//! Before a rule: what the application did with its keys since is put into the record, so that the rules see one truth.

use super::code_hash::{BCRYPT_READS, CodeHasher, HashScheme};
use super::codec::{AppCode, StoredCode};
use super::raw_key::{RawKey, UnexpectedKey};
use super::{Comparison, Hashing, KeyedLayout, Keys};
use crate::layout::{Layout as _, LayoutContext};
use crate::otp::record::{Challenge, State};
use crate::otp::rules::PhoneState;
use crate::otp::{
    Binding, Code, Event, EventKind, Mac, Moment, More, Phone, Purpose, Record, UnknownKey, UserId, reference,
};

/// The codes of one phone.
#[derive(Debug, Clone, Copy)]
pub(super) struct PhoneKeys<'a> {
    pub layout: &'a KeyedLayout,
    pub context: LayoutContext<'a>,
    pub phone: &'a Phone,
    /// Whether to include a code that must not be accepted any more: one without a lifetime, one that was used, and one
    /// without attempts left, as the application tells it. Only a revocation does.
    pub include_dead: bool,
}

/// What was loaded of one purpose.
#[derive(Debug, Clone)]
pub(super) struct LoadedKeys {
    /// The names.
    pub keys: Keys,
    /// The code.
    pub code: Option<RawKey>,
    /// The attempts, where they have a key.
    pub attempts: Option<RawKey>,
    /// The wait, where it has a key.
    pub cooldown: Option<RawKey>,
    /// The locks, in the order of the names.
    pub locks: Vec<Option<RawKey>>,
}

/// Something about an application's keys that its owner should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A code without a lifetime: the application would accept it forever.
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
    #[error("the key `{key}` does not match the layout `{layout}`: {unexpected}")]
    Unexpected {
        /// Its name, without the number.
        key: String,
        /// The layout's.
        layout: String,
        /// What it is.
        unexpected: UnexpectedKey,
    },
    /// A fingerprint under a pepper that is gone.
    #[error(transparent)]
    UnknownKey(#[from] UnknownKey),
    /// The key has the user in its name, and the phone has none.
    #[error("the key of a code has the user in its name, and this phone has no user")]
    NoUser,
    /// The key has the user in its name, and the phone has several.
    #[error("the key of a code has the user in its name, and this phone has several users")]
    Ambiguous(Vec<UserId>),
}

/// The challenge that belongs to an application's key.
#[derive(Debug, Clone)]
pub(super) struct Current {
    pub id: String,
    pub tries: u32,
    pub(super) stored: StoredCode,
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
    /// The challenge of each purpose's key now, in the order of what was loaded.
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
                RawKey::read(&bytes).map(Some).map_err(|unexpected| unexpected_key(layout, &spelled, key, unexpected))
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
pub(super) fn unexpected_key(layout: &KeyedLayout, phone: &str, key: &str, unexpected: UnexpectedKey) -> MergeError {
    let key = crate::otp::escape::escaped(&key.replace(phone, "{phone}"));
    MergeError::Unexpected { key, layout: layout.name.clone(), unexpected }
}

/// What is live in an application's key.
struct Live {
    stored: StoredCode,
    until: Moment,
    tries: u32,
    max_tries: u32,
}

impl PhoneKeys<'_> {
    /// Brings both together.
    ///
    /// # Errors
    /// When a key of the application's is not understood, or a fingerprint cannot be compared.
    pub fn merge(&self, known: PhoneState, loaded: &[LoadedKeys], now: Moment) -> Result<MergedState, MergeError> {
        let (events, findings, lent) = (Vec::new(), Vec::new(), Vec::new());
        let mut merged = MergedState { known, events, findings, current: Vec::with_capacity(loaded.len()), lent };
        for loaded in loaded {
            let current = self.one(&mut merged, loaded, now)?;
            merged.current.push(current);
            // The application sent by itself: its wait is ours too.
            let wait = loaded.cooldown.as_ref().and_then(|raw| raw.until).filter(|until| *until > now);
            merged.known.record.cooldown_until = merged.known.record.cooldown_until.max(wait);
            // One lock may be for several purposes.
            if loaded.locks.iter().any(Option::is_some) && !merged.findings.contains(&Finding::Locked) {
                merged.findings.push(Finding::Locked);
            }
        }
        Ok(merged)
    }

    fn one(&self, merged: &mut MergedState, loaded: &LoadedKeys, now: Moment) -> Result<Option<Current>, MergeError> {
        let purpose = &loaded.keys.purpose;
        let found = match &loaded.code {
            Some(raw) => Some(self.layout.read(raw, self.context.ours).map_err(|unexpected| {
                unexpected_key(self.layout, &loaded.keys.phone, &loaded.keys.code, unexpected)
            })?),
            None => None,
        };
        // Read even without a code: a new one takes its place, and nothing takes that of what is not understood.
        let beside = self.beside(loaded)?;
        let endless = found.as_ref().is_some_and(|code| code.until.is_none() && code.stored.is_some() && !code.closed);
        if endless {
            merged.findings.push(Finding::Endless(purpose.clone()));
        } else if found.as_ref().is_some_and(|code| code.until.is_none()) {
            merged.findings.push(Finding::Orphan(purpose.clone()));
        }
        if endless && !self.include_dead {
            // Nobody knows how old it is, so it counts as expired.
            gone(merged, purpose, now, State::Superseded);
            let over =
                self.adopted(merged, purpose, &StoredCode { text: String::new().into(), number: false }, now, now);
            let slot = merged.known.record.purposes.entry(purpose.clone()).or_default();
            slot.challenges.push(over);
            return Ok(None);
        }
        if let Some(live) = self.live(found, beside, now) {
            return self.known_or_adopted(merged, purpose, &live, now);
        }
        gone(merged, purpose, now, State::Used);
        Ok(None)
    }

    /// The attempts that the application counted in a key beside the code's.
    fn beside(&self, loaded: &LoadedKeys) -> Result<Option<u32>, MergeError> {
        let (Some(raw), Some(key)) = (&loaded.attempts, &loaded.keys.attempts) else { return Ok(None) };
        let counted = self.layout.count(raw);
        counted.map(Some).map_err(|unexpected| unexpected_key(self.layout, &loaded.keys.phone, key, unexpected))
    }

    fn live(&self, found: Option<AppCode>, beside: Option<u32>, now: Moment) -> Option<Live> {
        let AppCode { stored: Some(stored), until, tries, max_tries, closed } = found? else { return None };
        if closed && !self.include_dead {
            return None;
        }
        let live = Live {
            stored,
            until: until.unwrap_or_else(|| now.after(self.layout.ttl)),
            tries: tries.into_iter().chain(beside).max().unwrap_or(0),
            max_tries: max_tries.unwrap_or(self.context.max_attempts),
        };
        (live.until > now).then_some(live)
    }

    fn known_or_adopted(
        &self,
        merged: &mut MergedState,
        purpose: &Purpose,
        live: &Live,
        now: Moment,
    ) -> Result<Option<Current>, MergeError> {
        let mut own = None;
        for challenge in merged.known.record.purposes.get(purpose).into_iter().flat_map(|slot| slot.live(now)) {
            if let Some(print) = &challenge.app_fingerprint
                && self.context.peppers.is_fingerprint(print, self.phone, purpose, live.stored.text.as_bytes())?
            {
                own = Some(challenge.id.clone());
            }
        }
        let id = own.unwrap_or_else(|| {
            let adopted = self.adopted(merged, purpose, &live.stored, live.until, now);
            let id = adopted.id.clone();
            let slot = merged.known.record.purposes.entry(purpose.clone()).or_default();
            slot.challenges.retain(|challenge| challenge.id != id);
            slot.challenges.push(Challenge { max_tries: live.max_tries, ..adopted });
            let detail = "the application made it".to_owned();
            merged.events.push(Event::new(now, EventKind::Send, "issued").about(purpose, &id).detail(detail));
            id
        });
        let slot = merged.known.record.purposes.entry(purpose.clone()).or_default();
        let mut current = None;
        let is_own = |challenge: &&mut Challenge| {
            challenge.id == id || (challenge.is_live(now) && !challenge.is_checked_elsewhere())
        };
        for challenge in slot.challenges.iter_mut().filter(is_own) {
            if challenge.id != id {
                challenge.enter(State::Superseded);
                continue;
            }
            challenge.expires_at = live.until;
            challenge.tries = challenge.tries.max(live.tries);
            if challenge.attempts_left() == 0 && !self.include_dead {
                challenge.enter(State::Exhausted);
            } else {
                current = Some(Current { id: id.clone(), tries: challenge.tries, stored: live.stored.clone() });
            }
        }
        Ok(current)
    }

    /// A challenge for a code that the application made.
    fn adopted(
        &self,
        merged: &MergedState,
        purpose: &Purpose,
        stored: &StoredCode,
        until: Moment,
        now: Moment,
    ) -> Challenge {
        Challenge {
            id: reference::adopted_id(self.context.peppers, self.phone, purpose, stored.text.as_bytes(), until),
            // How its owner got it is not known here.
            state: State::Issued,
            mac: None,
            app_fingerprint: (until > now).then(|| self.fingerprint(purpose, stored.text.as_bytes())),
            user: None,
            users_version: merged.known.version_of_found_code(),
            created_at: until.before(self.layout.ttl).min(now),
            expires_at: until,
            tries: 0,
            max_tries: self.context.max_attempts,
            lease_until: None,
            cooldown_before: None,
            delivery: None,
            more: More::default(),
        }
    }

    pub(super) fn fingerprint(&self, purpose: &Purpose, stored: &[u8]) -> Mac {
        self.context.peppers.fingerprint(self.phone, purpose, stored)
    }

    /// The comparison of what was typed with the application's code, and the challenge that it is about; `None`: there is
    /// nothing to compare with. It may take long, so it is made before the rule and not in it.
    #[must_use]
    pub fn comparison(
        &self,
        merged: &MergedState,
        loaded: &[LoadedKeys],
        purpose: &Purpose,
        typed: &Code,
    ) -> Option<(String, Comparison)> {
        let mut asked = loaded.iter().zip(&merged.current).filter(|(loaded, _)| loaded.keys.purpose == *purpose);
        let current = asked.find_map(|(_, current)| current.as_ref())?;
        let slot = merged.known.record.purposes.get(purpose)?;
        let own = slot.challenges.iter().find(|challenge| challenge.id == current.id && challenge.mac.is_none())?;
        Some((own.id.clone(), self.hasher()?.comparison(&current.stored, typed)))
    }

    /// Lends a code of the application's a MAC of what was typed, which is that code: so the rule compares as it always
    /// does. A missing MAC never matches.
    pub fn lend(&self, merged: &mut MergedState, id: &str, purpose: &Purpose, typed: &Code) {
        let Some(slot) = merged.known.record.purposes.get_mut(purpose) else { return };
        let own = slot.challenges.iter_mut().find(|challenge| challenge.id == id && challenge.mac.is_none());
        let Some(own) = own else { return };
        let (user, mapping) = (own.user.as_ref(), own.users_version);
        let binding = Binding { phone: self.phone, purpose, user, users_version: mapping, id: &own.id };
        own.mac = Some(self.context.peppers.sign(&binding, typed));
        merged.lent.push(own.id.clone());
    }

    /// What is to be done to keep a code; `None`: the application has no key for such a number.
    #[must_use]
    pub fn hashing(&self, code: &Code) -> Option<Hashing> {
        self.hasher().map(|hasher| hasher.hashing(code))
    }

    /// Whether bcrypt would hash something other than the code: it does not read as far as the code's end, and would accept
    /// any code.
    pub fn ignores_code(&self) -> bool {
        let (layout, LayoutContext { secret, ours, .. }) = (self.layout, self.context);
        let phone = layout.phone.of(self.phone).map_or(0, str::len);
        let code = layout.own_codes(ours).length.max(ours.length);
        let secret = secret.map_or(0, |secret| secret.expose().len());
        layout.hash_scheme == HashScheme::Bcrypt && layout.pattern.reach(code, phone, secret) > BCRYPT_READS
    }

    fn hasher(&self) -> Option<CodeHasher<'_>> {
        let phone = self.layout.phone.of(self.phone)?;
        let KeyedLayout { hash_scheme, pattern, .. } = self.layout;
        Some(CodeHasher { scheme: *hash_scheme, pattern, phone, secret: self.context.secret })
    }
}

/// There is no code any more: what was live of it was used by the application, or removed.
fn gone(merged: &mut MergedState, purpose: &Purpose, now: Moment, state: State) {
    let Some(slot) = merged.known.record.purposes.get_mut(purpose) else { return };
    let is_own = |challenge: &&mut Challenge| challenge.is_live(now) && !challenge.is_checked_elsewhere();
    for challenge in slot.challenges.iter_mut().filter(is_own) {
        challenge.enter(state);
        let detail = "the application removed it".to_owned();
        merged
            .events
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
