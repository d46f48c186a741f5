//! What templates and expressions see, what the machine adds to it, and what they made of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::HEXLOWER;
use minijinja::value::Object;
use minijinja::{State, Value};

use crate::otp::{Clock, Randomness};

/// What a template or an expression sees.
pub type Scope = BTreeMap<String, Value>;

/// What the templates of every request see of the machine.
pub const MACHINE: [&str; 4] = ["now", "now_iso", "nonce", "uuid"];

/// The name of [`Made`] in a scope, which no template can write.
const MADE: &str = "what was made";

/// The time and the random bytes of this machine.
#[derive(Clone)]
pub struct Machine {
    /// The time. A request that is signed is only good for minutes.
    pub clock: Clock,
    /// Where a number that is used once comes from.
    pub randomness: Arc<dyn Randomness>,
}

/// What the machine could not give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MachineFailed {
    /// Its clock has a time that cannot be written.
    #[error("the clock of this machine is wrong")]
    Clock,
    /// It has no random bytes to give.
    #[error("the operating system provided no random bytes")]
    Randomness,
}

impl Machine {
    /// [`MACHINE`]: the same through all of one request, and other numbers for the next.
    pub(super) fn variables(&self) -> Result<Scope, MachineFailed> {
        let now = jiff::Timestamp::from_millisecond((self.clock)().millis()).map_err(|_| MachineFailed::Clock)?;
        let (mut nonce, mut uuid) = ([0; 16], [0; 16]);
        for bytes in [&mut nonce, &mut uuid] {
            self.randomness.fill(bytes).map_err(|_| MachineFailed::Randomness)?;
        }
        // Version 4, of the variant of RFC 9562 §5.4.
        uuid[6] = uuid[6] & 0x0f | 0x40;
        uuid[8] = uuid[8] & 0x3f | 0x80;
        let hex = HEXLOWER.encode(&uuid);
        let uuid = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
        Ok(Scope::from([
            ("now".to_owned(), Value::from(now.as_second())),
            ("now_iso".to_owned(), Value::from(format!("{now:.0}"))),
            ("nonce".to_owned(), Value::from(HEXLOWER.encode(&nonce))),
            ("uuid".to_owned(), Value::from(uuid)),
        ]))
    }
}

/// Remembers what templates work out for one request, in the forms that it can be written in.
#[derive(Debug, Default)]
pub(super) struct Made(Mutex<Vec<String>>);

impl Object for Made {}

impl Made {
    /// Has what is worked out with this scope remembered.
    pub(super) fn watch(scope: &mut Scope) -> Arc<Self> {
        let made = Arc::new(Self::default());
        scope.insert(MADE.to_owned(), Value::from_dyn_object(made.clone()));
        made
    }

    /// What was worked out since this was asked last.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Remembers these, where somebody watches.
    pub(super) fn remember(state: &State<'_, '_>, forms: impl IntoIterator<Item = String>) {
        let made = state.lookup(MADE);
        if let Some(made) = made.as_ref().and_then(|made| made.downcast_object_ref::<Self>()) {
            made.0.lock().unwrap_or_else(PoisonError::into_inner).extend(forms);
        }
    }
}
