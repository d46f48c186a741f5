//! The providers for one message: in which order they are tried, and what is remembered of those that fail.

use super::transact::ROUNDS;
use super::{OperationError, Operations};
use crate::otp::circuit::{BreakerPolicy, Circuit};
use crate::otp::{Moment, Stored as _, Ttl, Unreadable};
use crate::provider::Provider;
use crate::store::{Change, Committed, Loaded, Put, StoreKey, Write};

/// The providers for one message, in the order in which they are tried.
#[derive(Default)]
pub struct Route {
    /// The next is asked only when the one before surely did not send.
    pub providers: Vec<Box<dyn Provider>>,
    /// Why these, in a few words.
    pub why: String,
    /// Whether an SMS may really go out.
    pub real: bool,
    /// The next is asked also when the one before may have sent: with the same code, and perhaps a second SMS.
    pub failover_on_unknown: bool,
    /// When one that fails is passed over; `None`: never.
    pub pass_over: Option<BreakerPolicy>,
}

/// What was heard of a provider in one send.
pub(super) enum ProviderResult {
    /// It took the message.
    Worked(usize),
    /// It surely failed, and would have failed with any message.
    Failed(usize, String),
}

impl Route {
    /// Whether every provider holds the text itself: ours is not sent then.
    #[must_use]
    pub fn holds_text(&self) -> bool {
        !self.providers.is_empty() && self.providers.iter().all(|provider| provider.holds_text())
    }

    /// The places of the circuits of its providers, where these are looked at.
    pub(super) fn circuits(&self) -> Vec<StoreKey> {
        let counts = self.real && self.pass_over.is_some();
        self.providers
            .iter()
            .filter(|_| counts)
            .map(|provider| StoreKey::Provider(provider.name().to_owned()))
            .collect()
    }

    /// The order in which the providers are tried: those that are passed over come last.
    pub(super) fn order(&self, circuits: &[Circuit], now: Moment) -> Vec<usize> {
        let over = |at: &usize| circuits.get(*at).is_some_and(|circuit| circuit.passed_over(now).is_some());
        let (over, open): (Vec<_>, Vec<_>) = (0..self.providers.len()).partition(over);
        [open, over].concat()
    }
}

/// A circuit as it was loaded. One that cannot be read stops nobody from sending.
pub(super) fn circuit(loaded: &Loaded) -> Circuit {
    read(loaded).unwrap_or_default()
}

fn read(loaded: &Loaded) -> Result<Circuit, Unreadable> {
    Circuit::read(loaded.values.first().and_then(Option::as_deref))
}

impl Operations<'_> {
    /// Remembers what was heard, for all processes. The message is decided, so a store that fails here changes nothing.
    pub(super) async fn remember(&self, route: &Route, circuits: &[Circuit], heard: &[ProviderResult]) {
        let Some(rule) = route.pass_over.filter(|_| !circuits.is_empty()) else { return };
        for heard in heard {
            let (at, why) = match heard {
                // It never failed before: there is nothing to forget.
                ProviderResult::Worked(at) if circuits.get(*at).is_none_or(|circuit| circuit.failures == 0) => continue,
                ProviderResult::Worked(at) => (*at, None),
                ProviderResult::Failed(at, why) => (*at, Some(why.as_str())),
            };
            let Some(provider) = route.providers.get(at) else { continue };
            if let Err(error) = self.note(provider.name(), &rule, why).await {
                tracing::warn!(provider = provider.name(), %error, "its failures could not be remembered");
            }
        }
    }

    async fn note(&self, name: &str, rule: &BreakerPolicy, why: Option<&str>) -> Result<(), OperationError> {
        let cell = StoreKey::Provider(name.to_owned());
        for _ in 0..ROUNDS {
            let loaded = self.store.load(&[vec![cell.clone()]]).await?;
            let Some(loaded) = loaded.first() else { return Ok(()) };
            // A broken one is written over. One of a newer version is not: those who can read it need it.
            if let Err(newer @ Unreadable::Newer(_)) = read(loaded) {
                return Err(newer.into());
            }
            let put = match why {
                None => Put::Set(Vec::new(), Ttl::Expired),
                Some(why) => {
                    let next = circuit(loaded).failed(loaded.now, rule, why);
                    Put::Set(next.write(), next.ttl(loaded.now))
                }
            };
            let held = loaded.values.first().cloned().flatten();
            let write = Write { key: cell.clone(), loaded: held, put };
            let change = Change { writes: vec![write], append: None, allow_when_full: why.is_none() };
            if self.store.commit(&[change]).await?.iter().all(|committed| *committed != Committed::Conflict) {
                return Ok(());
            }
        }
        Err(OperationError::Contended)
    }

    /// What is known of the failures of providers, by their names in the configuration, and the store's time.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn circuits(&self, names: &[&str]) -> Result<Vec<(Moment, Circuit)>, OperationError> {
        let groups: Vec<_> = names.iter().map(|name| vec![StoreKey::Provider((*name).to_owned())]).collect();
        let loaded = self.store.load(&groups).await?;
        Ok(loaded.iter().map(|loaded| (loaded.now, circuit(loaded))).collect())
    }
}
