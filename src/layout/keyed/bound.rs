//! Codes in keys of an application: what the rules see of them, and what is written back.

use super::merge::{LoadedKeys, MergedState, PhoneKeys};
use super::{AppKey, Comparison, Content, Finding, Hashing, KeyedLayout, MergeError, UnexpectedKey, WriteBack};
use crate::layout::{BoundLayout, Layout, LayoutContext, Merged, Operation, PhoneOperation, Refusal};
use crate::otp::rules::PhoneState;
use crate::otp::{Code, Event, Moment, Phone, Purpose, Record};

/// A layout with what it needs to read and write.
pub(super) struct BoundKeyed<'a> {
    pub layout: &'a KeyedLayout,
    pub context: LayoutContext<'a>,
}

impl BoundKeyed<'_> {
    fn keys<'s>(&'s self, phone: &'s Phone, include_dead: bool) -> PhoneKeys<'s> {
        PhoneKeys { layout: self.layout, context: self.context, phone, include_dead }
    }
}

impl BoundLayout for BoundKeyed<'_> {
    fn layout(&self) -> &dyn Layout {
        self.layout
    }

    fn allows_for(&self, operation: Operation, phone: &Phone, purpose: Option<&Purpose>) -> Result<(), Refusal> {
        let layout = self.layout;
        layout.allows(operation)?;
        let refused = |why: String| Err(Refusal { layout: layout.name.clone(), why });
        let makes_or_checks = matches!(operation, Operation::Verify | Operation::Issue);
        if makes_or_checks && self.keys(phone, false).ignores_code() {
            return refused(
                "hashes a code that nobody reads: bcrypt reads 72 bytes, and the code would end behind them, so that any \
                 code would be right"
                    .to_owned(),
            );
        }
        if let Some(purpose) = purpose.filter(|purpose| makes_or_checks && !layout.has(purpose)) {
            let all: Vec<&str> = layout.purposes.iter().map(|(own, _)| own.as_str()).collect();
            return refused(format!("has no codes for the purpose `{purpose}`, only for {}", all.join(", ")));
        }
        if layout.phone.of(phone).is_none() {
            return refused("has no key for a number of this country".to_owned());
        }
        Ok(())
    }

    fn hashing(&self, phone: &Phone, code: &Code) -> Option<Hashing> {
        self.keys(phone, false).hashing(code)
    }

    fn check(&self, key: AppKey, content: Content) -> Result<(), UnexpectedKey> {
        self.layout.check(key, content, self.context.ours)
    }

    fn merge<'s>(
        &'s self,
        phone: &'s Phone,
        state: PhoneState,
        values: Vec<Option<Vec<u8>>>,
        now: Moment,
        operation: PhoneOperation<'_>,
    ) -> Result<Box<dyn Merged + 's>, MergeError> {
        let Some(keys) = self.layout.phone_keys(phone, state.only_user()) else {
            // The key of a code has the user in its name, and there is no such user, or no single one.
            if operation.needs_code_key() && self.layout.needs_user() {
                return Err(match state.user_ids().as_slice() {
                    [] | [_] => MergeError::NoUser,
                    many => MergeError::Ambiguous(many.iter().map(|user| (*user).clone()).collect()),
                });
            }
            return Ok(Box::new(state));
        };
        let mut values = values.into_iter();
        let loaded = keys.into_iter().map(|keys| LoadedKeys::read(self.layout, keys, &mut values));
        let loaded = loaded.collect::<Result<Vec<_>, _>>()?;
        // A revocation also ends a code that must not be accepted any more.
        let keys = self.keys(phone, matches!(operation, PhoneOperation::Revoke));
        let merged = keys.merge(state, &loaded, now)?;
        Ok(Box::new(MergedKeys { keys, loaded, merged }))
    }
}

/// What was loaded of a phone's keys, merged with our record.
struct MergedKeys<'a> {
    keys: PhoneKeys<'a>,
    loaded: Vec<LoadedKeys>,
    merged: MergedState,
}

impl Merged for MergedKeys<'_> {
    fn state(&self) -> &PhoneState {
        &self.merged.known
    }

    fn events(&self) -> &[Event] {
        &self.merged.events
    }

    fn findings(&self) -> &[Finding] {
        &self.merged.findings
    }

    fn comparison(&self, purpose: &Purpose, typed: &Code) -> Option<(String, Comparison)> {
        self.keys.comparison(&self.merged, &self.loaded, purpose, typed)
    }

    fn lend(&mut self, challenge_id: &str, purpose: &Purpose, typed: &Code) {
        self.keys.lend(&mut self.merged, challenge_id, purpose, typed);
    }

    fn write_back(
        &self,
        record: &mut Option<Record>,
        operation: PhoneOperation<'_>,
        now: Moment,
    ) -> Result<WriteBack, MergeError> {
        self.keys.write_back(&self.merged, record, &self.loaded, now, operation)
    }
}
