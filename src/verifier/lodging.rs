//! A store whose codes an application keeps: what is loaded of it, what a rule sees of it, and what is written to it.

use super::step::{known, own_cells};
use super::{Verifier, VerifierError};
use crate::otp::layout::{Act, After, Allows, Finding, Held, Layout, Reconciled, Refused, Seen, Settled, Shared};
use crate::otp::rules::{Known, Step};
use crate::otp::{Code, Life, Moment, Peppers, Phone, Purpose, Secret};
use crate::store::{Cell, Loaded, Put, StoreError, Write};

/// How an application keeps its codes, and what is needed to read and write them.
#[derive(Debug, Clone, Copy)]
pub struct Lodging<'a> {
    /// The layout.
    pub layout: &'a Layout,
    /// The keys of fingerprints and ids.
    pub peppers: &'a Peppers,
    /// The application's own secret.
    pub secret: Option<&'a Secret>,
    /// The tries of a code whose application does not say.
    pub max_tries: u32,
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
pub(super) struct View {
    pub(super) known: Known,
    app: Option<(Vec<Seen>, Reconciled)>,
}

impl View {
    pub(super) fn findings(&self) -> &[Finding] {
        self.app.as_ref().map_or(&[], |(_, both)| &both.findings)
    }
}

impl<'v> Verifier<'v> {
    /// The cells of a phone: ours, and the application's keys. A number that it has no key for has only ours.
    pub(super) fn cells(&self, phone: &Phone) -> Vec<Cell> {
        let mut cells = own_cells(phone);
        let keys = self.lodging.and_then(|lodging| lodging.layout.keys(phone)).unwrap_or_default();
        cells.extend(keys.iter().flat_map(|keys| keys.names().map(|name| Cell::App(name.to_owned()))));
        cells
    }

    /// What was loaded, as the rules see it.
    pub(super) fn view(&self, phone: &Phone, loaded: &Loaded, touch: Touch<'_>) -> Result<View, VerifierError> {
        let mut known = known(loaded)?;
        let Some((shared, keys)) = self.shared(phone, touch) else { return Ok(View { known, app: None }) };
        let mut values = loaded.values.iter().skip(own_cells(phone).len()).cloned();
        let seen = keys.into_iter().map(|keys| Seen::read(shared.layout, keys, &mut values));
        let seen = seen.collect::<Result<Vec<_>, _>>()?;
        let mut both = shared.reconcile(std::mem::take(&mut known), &seen, loaded.now)?;
        if let Touch::Type(purpose, typed) = touch {
            shared.lend(&mut both, &seen, purpose, typed);
        }
        Ok(View { known: both.known.clone(), app: Some((seen, both)) })
    }

    /// What becomes of the application's keys after a rule; the rule's record follows where they cannot hold all of it.
    pub(super) fn settled<T>(
        &self,
        phone: &Phone,
        view: &View,
        step: &mut Step<T>,
        now: Moment,
        touch: Touch<'_>,
    ) -> Result<Settled, VerifierError> {
        let (Some((shared, _)), Some((seen, both))) = (self.shared(phone, touch), &view.app) else {
            return Ok(Settled::default());
        };
        let act = match touch {
            Touch::Issue { purpose, challenge_id, kept } => Act::Issue { purpose, challenge_id, kept },
            Touch::Unlock(purpose) => Act::Unlock(purpose),
            Touch::Nothing | Touch::Type(..) | Touch::Kill => Act::Other,
        };
        let settled = shared.settle(both, &mut step.record, seen, now, act)?;
        if step.record.is_some() {
            step.events.splice(..0, both.events.iter().cloned());
        }
        Ok(settled)
    }

    /// The writes of the application's keys, in the order of the cells.
    pub(super) fn app_writes(&self, phone: &Phone, loaded: &Loaded, settled: Settled) -> Vec<Write> {
        let own = own_cells(phone).len();
        let cells = self.cells(phone).into_iter().skip(own).zip(loaded.values.iter().skip(own));
        let written = |((cell, loaded), after): ((Cell, &Option<Vec<u8>>), After)| {
            let put = match after {
                After::Keep => Put::Keep,
                After::Drop => Put::Set(Vec::new(), Life::Over),
                After::Hold(held) => Put::Set(Held::write(&held), Life::Forever),
            };
            Write { cell, loaded: loaded.clone(), put }
        };
        cells.zip(settled.keys).map(written).collect()
    }

    /// What the application is to keep of a code; nothing where it keeps none.
    pub(super) fn kept_of(&self, phone: &Phone, code: &Code) -> Result<zeroize::Zeroizing<String>, VerifierError> {
        let Some((shared, _)) = self.shared(phone, Touch::Nothing) else { return Ok(String::new().into()) };
        let mut salt = [0_u8; 16];
        self.randomness.fill(&mut salt)?;
        Ok(shared.keep(code, salt).unwrap_or_default())
    }

    /// Refuses what the layout does not allow, before anything is read or counted.
    pub(super) fn allowed(
        &self,
        phone: &Phone,
        purpose: Option<&Purpose>,
        allows: impl Fn(Allows) -> bool,
        what: &'static str,
    ) -> Result<(), VerifierError> {
        let Some(Lodging { layout, .. }) = self.lodging else { return Ok(()) };
        let refused = |why: String| Err(VerifierError::Layout { layout: layout.name.clone(), why });
        if !allows(layout.allows) {
            let because = layout.because.as_ref().map(|because| format!(": {because}")).unwrap_or_default();
            return refused(format!("does not let codes be {what}{because}"));
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

    fn shared<'s>(&self, phone: &'s Phone, touch: Touch<'_>) -> Option<(Shared<'s>, Vec<crate::otp::layout::Keys>)>
    where
        'v: 's,
    {
        let Lodging { layout, peppers, secret, max_tries } = self.lodging?;
        let dead_too = matches!(touch, Touch::Kill);
        Some((Shared { layout, peppers, secret, max_tries, phone, dead_too }, layout.keys(phone)?))
    }
}

impl From<Refused> for VerifierError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Strange { .. } => StoreError::Data(refused.to_string()).into(),
            Refused::UnknownKey(error) => Self::UnknownKey(error),
        }
    }
}
