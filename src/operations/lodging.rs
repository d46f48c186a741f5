//! A store whose codes an application keeps: what is loaded of it, what a rule sees of it, and what is written to it.

use super::transact::{known, own_cells};
use super::{OperationError, Operations};
use crate::layout::{
    Act, Allows, Comparison, Finding, HashFailed, KeyChange, Keys, LayoutContext, LoadedKeys, MergeError, MergedState,
    PhoneKeys, RawKey, WriteBack,
};
use crate::otp::rules::{Decision, PhoneState};
use crate::otp::{Code, Moment, Phone, Purpose, Ttl, UserId, Users};
use crate::store::{Loaded, Put, StoreError, StoreKey, Write};

/// An application that keeps the codes.
#[derive(Debug, Clone, Copy)]
pub enum AppLayout<'a> {
    /// It has a key for each.
    Codes(LayoutContext<'a>),
    /// privacyIDEA, whose challenges are looked at and nothing else.
    PrivacyIdea,
}

/// What a step does, as far as the application's keys are concerned.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Touch<'a> {
    /// Nothing of its own.
    #[default]
    Nothing,
    /// A code was typed.
    Type(&'a Purpose, &'a Code),
    /// A code is made.
    Issue { purpose: &'a Purpose, challenge_id: &'a str, kept: &'a str },
    /// Codes are killed.
    Kill,
    /// Locks are cleared.
    Unlock(Option<&'a Purpose>),
}

/// What is known of a phone, the application's keys included.
pub(super) struct LoadedPhone {
    pub(super) known: PhoneState,
    /// A clock that was wrong is put right in it, and the store does not know it yet.
    pub(super) is_clamped: bool,
    app: Option<(Vec<LoadedKeys>, MergedState)>,
}

impl LoadedPhone {
    pub(super) fn findings(&self) -> &[Finding] {
        self.app.as_ref().map_or(&[], |(_, both)| &both.findings)
    }
}

impl<'v> Operations<'v> {
    /// How an application keeps its codes, where it has a key for each.
    pub(super) fn codes(&self) -> Option<LayoutContext<'v>> {
        match self.lodging {
            Some(AppLayout::Codes(codes)) => Some(codes),
            Some(AppLayout::PrivacyIdea) | None => None,
        }
    }

    /// The cells of a phone: ours, and the application's keys. A number that it has no key for has only ours.
    pub(super) async fn cells(&self, phone: &Phone) -> Result<Vec<StoreKey>, OperationError> {
        let mut cells = self.cells_of(std::slice::from_ref(phone)).await?;
        Ok(cells.pop().unwrap_or_default())
    }

    /// Those of many phones. Where a user stands in a key, the users are looked up first, which costs a round trip.
    pub(super) async fn cells_of(&self, phones: &[Phone]) -> Result<Vec<Vec<StoreKey>>, OperationError> {
        let users = match self.codes().filter(|codes| codes.layout.asks_for_user()) {
            Some(_) => {
                let groups: Vec<Vec<StoreKey>> = phones.iter().map(own_cells).collect();
                let loaded = self.load_each(&groups).await?;
                // A record that cannot be read is told where its values are looked at, and costs no other phone anything.
                let users =
                    |loaded: Result<Loaded, _>| loaded.and_then(|loaded| known(&loaded)).map(|known| known.users);
                loaded.into_iter().map(|loaded| users(loaded).unwrap_or_default()).collect()
            }
            None => Vec::new(),
        };
        let cells = phones.iter().enumerate().map(|(at, phone)| {
            let user = users.get(at).and_then(Users::only);
            let keys = self.codes().and_then(|codes| codes.layout.keys(phone, user)).unwrap_or_default();
            let names = keys.iter().flat_map(|keys| keys.names().map(|name| StoreKey::App(name.to_owned())));
            own_cells(phone).into_iter().chain(names).collect()
        });
        Ok(cells.collect())
    }

    /// What was loaded of these cells, as the rules see it; `None`: the phone's user has changed since the cells were
    /// named, and with it the application's keys.
    pub(super) fn view(
        &self,
        phone: &Phone,
        cells: &[StoreKey],
        loaded: &Loaded,
        touch: Touch<'_>,
    ) -> Result<Option<LoadedPhone>, OperationError> {
        let mut known = known(loaded)?;
        let is_clamped = known.record.clamp(loaded.now, self.limits);
        let own = own_cells(phone).len();
        let Some((shared, keys)) = self.shared(phone, known.users.only(), touch) else {
            self.has_keys(&known, touch)?;
            return Ok((cells.len() == own).then_some(LoadedPhone { known, is_clamped, app: None }));
        };
        let named = cells.iter().skip(own).map(|cell| if let StoreKey::App(key) = cell { key.as_str() } else { "" });
        if !keys.iter().flat_map(Keys::names).eq(named) {
            return Ok(None);
        }
        let mut values = loaded.values.iter().skip(own).cloned();
        let seen = keys.into_iter().map(|keys| LoadedKeys::read(shared.codes.layout, keys, &mut values));
        let seen = seen.collect::<Result<Vec<_>, _>>()?;
        let both = shared.merge(std::mem::take(&mut known), &seen, loaded.now)?;
        Ok(Some(LoadedPhone { known: both.known.clone(), is_clamped, app: Some((seen, both)) }))
    }

    /// Compares what was typed with the application's code, before the rule, which is to be neither slow nor anywhere but
    /// here. What was compared in an earlier round is not computed again while the same is kept.
    pub(super) async fn compare(
        &self,
        phone: &Phone,
        view: &mut LoadedPhone,
        touch: Touch<'_>,
        earlier: &mut Option<(Comparison, bool)>,
    ) -> Result<(), OperationError> {
        let Touch::Type(purpose, typed) = touch else { return Ok(()) };
        let Some((shared, _)) = self.shared(phone, view.known.users.only(), touch) else { return Ok(()) };
        let Some((seen, both)) = &mut view.app else { return Ok(()) };
        let Some((id, comparison)) = shared.comparison(both, seen, purpose, typed) else { return Ok(()) };
        let known = earlier.as_ref().filter(|(same, _)| *same == comparison).map(|(_, right)| *right);
        let right = if let Some(right) = known {
            right
        } else {
            let own = comparison.clone();
            let right = apart(comparison.is_slow(), move || own.run()).await?;
            *earlier = Some((comparison, right));
            right
        };
        if right {
            shared.lend(both, &id, purpose, typed);
            view.known = both.known.clone();
        }
        Ok(())
    }

    /// What becomes of the application's keys after a rule; the rule's record follows where they cannot hold all of it.
    pub(super) fn settled<T>(
        &self,
        phone: &Phone,
        view: &LoadedPhone,
        step: &mut Decision<T>,
        now: Moment,
        touch: Touch<'_>,
    ) -> Result<WriteBack, OperationError> {
        let Some((seen, both)) = &view.app else { return Ok(WriteBack::default()) };
        let Some((shared, _)) = self.shared(phone, view.known.users.only(), touch) else {
            return Ok(WriteBack::default());
        };
        let act = match touch {
            Touch::Issue { purpose, challenge_id, kept } => Act::Issue { purpose, challenge_id, kept },
            Touch::Unlock(purpose) => Act::Unlock(purpose),
            Touch::Nothing | Touch::Type(..) | Touch::Kill => Act::Other,
        };
        let settled = shared.write_back(both, &mut step.record, seen, now, act)?;
        if step.record.is_some() {
            step.events.splice(..0, both.events.iter().cloned());
        }
        Ok(settled)
    }

    /// The writes of the application's keys, in the order of the cells.
    pub(super) fn app_writes(cells: Vec<StoreKey>, loaded: &Loaded, settled: WriteBack) -> Vec<Write> {
        let foreign = |(cell, _): &(StoreKey, &Option<Vec<u8>>)| cell.is_foreign();
        let cells = cells.into_iter().zip(&loaded.values).filter(foreign);
        let written = |((cell, loaded), after): ((StoreKey, &Option<Vec<u8>>), KeyChange)| {
            let put = match after {
                KeyChange::Keep => Put::Keep,
                KeyChange::Drop => Put::Set(Vec::new(), Ttl::Expired),
                KeyChange::Hold(held) => Put::Set(RawKey::write(&held), Ttl::Forever),
            };
            Write { cell, loaded: loaded.clone(), put }
        };
        cells.zip(settled.keys).map(written).collect()
    }

    /// What the application is to keep of a code; nothing where it keeps none.
    pub(super) async fn kept_of(
        &self,
        phone: &Phone,
        code: &Code,
    ) -> Result<zeroize::Zeroizing<String>, OperationError> {
        let Some(codes) = self.codes() else { return Ok(String::new().into()) };
        let shared = PhoneKeys { codes, phone, include_dead: false };
        let mut salt = [0_u8; 16];
        self.randomness.fill(&mut salt)?;
        let Some(hashing) = shared.hashing(code, salt) else { return Ok(String::new().into()) };
        Ok(apart(hashing.is_slow(), move || hashing.run()).await??)
    }

    /// Refuses what cannot be done where codes are not found by their phone.
    pub(super) fn has_codes(&self, what: &'static str) -> Result<(), OperationError> {
        match self.lodging {
            Some(AppLayout::PrivacyIdea) => Err(OperationError::looked_at_only(what)),
            Some(AppLayout::Codes(_)) | None => Ok(()),
        }
    }

    /// Refuses what the layout does not allow, before anything is read or counted.
    pub(super) fn allowed(
        &self,
        phone: &Phone,
        purpose: Option<&Purpose>,
        allows: impl Fn(Allows) -> bool,
        what: &'static str,
    ) -> Result<(), OperationError> {
        self.has_codes(what)?;
        let Some(LayoutContext { layout, .. }) = self.codes() else { return Ok(()) };
        let refused = |why: String| Err(OperationError::Layout { layout: layout.name.clone(), why });
        if !allows(layout.allows) {
            return Err(OperationError::not_allowed(layout, what));
        }
        // With a purpose, a code is made or checked.
        if purpose.is_some() && self.ignores_code(phone) {
            return refused(
                "hashes a code that nobody reads: bcrypt reads 72 bytes, and the code would end behind them, so that any \
                 code would be right"
                    .to_owned(),
            );
        }
        if let Some(purpose) = purpose.filter(|purpose| !layout.has(purpose)) {
            let all: Vec<&str> = layout.purposes.iter().map(|(own, _)| own.as_str()).collect();
            return refused(format!("has no codes for the purpose `{purpose}`, only for {}", all.join(", ")));
        }
        if layout.phone.of(phone).is_none() {
            return refused("has no key for a number of this country".to_owned());
        }
        Ok(())
    }

    fn ignores_code(&self, phone: &Phone) -> bool {
        self.codes().is_some_and(|codes| PhoneKeys { codes, phone, include_dead: false }.ignores_code())
    }

    fn shared<'s>(
        &self,
        phone: &'s Phone,
        user: Option<&UserId>,
        touch: Touch<'_>,
    ) -> Option<(PhoneKeys<'s>, Vec<Keys>)>
    where
        'v: 's,
    {
        let codes = self.codes()?;
        let dead_too = matches!(touch, Touch::Kill);
        Some((PhoneKeys { codes, phone, include_dead: dead_too }, codes.layout.keys(phone, user)?))
    }

    /// Refuses a code where the application has no key for it, because the user stands in its name.
    fn has_keys(&self, known: &PhoneState, touch: Touch<'_>) -> Result<(), OperationError> {
        let asks = matches!(touch, Touch::Type(..) | Touch::Issue { .. });
        if !asks || self.codes().is_none_or(|codes| !codes.layout.needs_user()) {
            return Ok(());
        }
        match known.users.users.as_slice() {
            [] | [_] => Err(OperationError::NoUser),
            many => Err(OperationError::Ambiguous(many.iter().map(|link| link.user.clone()).collect())),
        }
    }
}

/// Runs what may be slow on a thread of its own: meanwhile signals and the time of the command are heeded, and no answer
/// of the store waits to be read.
async fn apart<T: Send + 'static>(slow: bool, work: impl FnOnce() -> T + Send + 'static) -> Result<T, HashFailed> {
    if !slow {
        return Ok(work());
    }
    tracing::debug!("a slow hash");
    // It fails only where the runtime ends first.
    tokio::task::spawn_blocking(work).await.map_err(|_| HashFailed)
}

impl From<MergeError> for OperationError {
    fn from(refused: MergeError) -> Self {
        match refused {
            MergeError::Strange { .. } => StoreError::Data(refused.to_string()).into(),
            MergeError::UnknownKey(error) => Self::UnknownKey(error),
        }
    }
}
