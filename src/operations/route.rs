//! The providers for one message: in which order they are tried, and what is remembered of those that fail.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::known_slot::KnownSlot;
use super::loading::no_answer;
use super::transact::ROUNDS;
use super::{OperationError, Operations};
use crate::otp::circuit::{BreakerPolicy, Circuit};
use crate::otp::money::{Cost, Currency};
use crate::otp::{Channel, Moment, Stored as _, Ttl, Unreadable};
use crate::provider::Provider;
use crate::store::{Change, Committed, Loaded, Put, StoreKey, Write};

/// The providers for one message, in the order in which they are tried.
#[derive(Default)]
pub struct Route {
    /// The next is asked only when the one before did not send.
    pub steps: Vec<RouteStep>,
    /// Why these, in a few words.
    pub why: String,
    /// Whether an SMS may really go out.
    pub real: bool,
    /// The next is asked also when the one before may have sent: with the same code, and perhaps a second SMS.
    pub failover_on_unknown: bool,
    /// When one that fails is skipped; `None`: never.
    pub pass_over: Option<BreakerPolicy>,
}

/// One provider of a route.
pub struct RouteStep {
    /// The provider.
    pub provider: Arc<dyn Provider>,
    /// Whoever waits for the delivery goes on to it, with the same code, when the message before is not delivered so long
    /// after a provider accepted it.
    pub unless_delivered: Option<Duration>,
    /// What it takes for a segment of an SMS, or a message of another channel, to this phone; `None`: that is not known.
    pub price: Option<Cost>,
}

impl From<Box<dyn Provider>> for RouteStep {
    /// One that is only asked when the one before did not send.
    fn from(provider: Box<dyn Provider>) -> Self {
        Self { provider: provider.into(), unless_delivered: None, price: None }
    }
}

/// How a provider did in one send, by its place in the route.
pub(super) enum ProviderResult {
    /// It accepted the message.
    Worked(usize),
    /// The receiver asked it for no more messages.
    OptedOut(usize),
    /// It failed, and would have failed with any message.
    Failed(usize, String),
}

/// What is known of a provider's failures, as it was loaded.
pub(super) struct KnownCircuit {
    pub(super) circuit: Circuit,
    slot: KnownSlot,
}

impl KnownCircuit {
    /// One that cannot be read stops nobody from sending.
    pub(super) fn read(slot: KnownSlot) -> Self {
        Self { circuit: circuit(&slot.loaded), slot }
    }

    /// Until when its provider is skipped, if it is.
    pub(super) fn skipped_until(&self) -> Option<Moment> {
        self.circuit.passed_over(self.slot.loaded.now)
    }
}

impl Route {
    /// Whether every provider holds the text itself: ours is not sent then.
    #[must_use]
    pub fn holds_text(&self) -> bool {
        !self.steps.is_empty() && self.providers().all(Provider::holds_text)
    }

    /// Its providers, in their order.
    pub fn providers(&self) -> impl Iterator<Item = &dyn Provider> {
        self.steps.iter().map(|step| step.provider.as_ref())
    }

    /// The one in this place.
    pub(super) fn provider(&self, place: usize) -> Option<&dyn Provider> {
        self.steps.get(place).map(|step| step.provider.as_ref())
    }

    /// The channels of its providers, each once, in their order.
    #[must_use]
    pub fn channels(&self) -> Vec<Channel> {
        let mut channels: Vec<Channel> = Vec::new();
        for provider in self.providers() {
            if !channels.contains(&provider.channel()) {
                channels.push(provider.channel());
            }
        }
        channels
    }

    /// What a sentence calls a message of it whose provider is not known.
    pub(super) fn noun(&self) -> &'static str {
        match self.channels().as_slice() {
            [] => Channel::default().noun(),
            [only] => only.noun(),
            _ => "the message",
        }
    }

    /// The place of the provider that is asked first. `full`: the channels without room.
    pub(super) fn first(&self, circuits: &[KnownCircuit], full: &BTreeSet<Channel>, now: Moment) -> Option<usize> {
        let has_room = |place: &usize| self.provider(*place).is_some_and(|own| !full.contains(&own.channel()));
        self.order(circuits, now).into_iter().find(has_room)
    }

    /// The currencies of its prices, each once.
    pub(super) fn currencies(&self) -> BTreeSet<Currency> {
        self.steps.iter().filter_map(|step| Some(step.price.as_ref()?.currency.clone())).collect()
    }

    /// The keys of the circuits of its providers, where failures are counted.
    pub(super) fn circuits(&self) -> Vec<StoreKey> {
        let counts = self.real && self.pass_over.is_some();
        self.providers().filter(|_| counts).map(|provider| StoreKey::Provider(provider.name().to_owned())).collect()
    }

    /// The order in which the providers are tried: those that are skipped come last.
    pub(super) fn order(&self, circuits: &[KnownCircuit], now: Moment) -> Vec<usize> {
        let is_skipped = |at: &usize| circuits.get(*at).is_some_and(|known| known.circuit.passed_over(now).is_some());
        let (skipped, open): (Vec<_>, Vec<_>) = (0..self.steps.len()).partition(is_skipped);
        [open, skipped].concat()
    }
}

fn circuit(loaded: &Loaded) -> Circuit {
    read(loaded).unwrap_or_default()
}

fn read(loaded: &Loaded) -> Result<Circuit, Unreadable> {
    Circuit::read(loaded.values.first().and_then(Option::as_deref))
}

impl Operations<'_> {
    /// Remembers for all processes which providers failed. How the message ended is known already, so a store that fails
    /// here changes nothing of it.
    pub(super) async fn remember(&self, route: &Route, circuits: &[KnownCircuit], results: &[ProviderResult]) {
        let Some(policy) = route.pass_over else { return };
        let notes = results.iter().filter_map(|result| Note::of(route, circuits, result));
        // First from what was loaded before the send, in one round trip.
        let (mut fresh, mut stale) = (Vec::new(), Vec::new());
        for note in notes {
            match note.known.slot.clone().if_fresh().map(KnownSlot::counted_on) {
                Some(slot) => match note.change(&policy, &slot.loaded) {
                    Ok(change) => fresh.push((change, note)),
                    Err(error) => note.is_lost(&error),
                },
                None => stale.push(note),
            }
        }
        let (changes, fresh): (Vec<Change>, Vec<Note<'_>>) = fresh.into_iter().unzip();
        if !changes.is_empty() {
            match self.store.commit(&changes).await {
                Ok(committed) => {
                    let conflicts = fresh.into_iter().zip(committed);
                    stale.extend(conflicts.filter(|(_, one)| *one == Committed::Conflict).map(|(note, _)| note));
                }
                Err(error) => fresh.iter().for_each(|note| note.is_lost(&error)),
            }
        }
        for note in stale {
            if let Err(error) = self.note(&policy, &note).await {
                note.is_lost(&error);
            }
        }
    }

    async fn note(&self, policy: &BreakerPolicy, note: &Note<'_>) -> Result<(), OperationError> {
        let keys = note.known.slot.keys.clone();
        for _ in 0..ROUNDS {
            let loaded = self.store.load(std::slice::from_ref(&keys)).await?.pop().ok_or_else(no_answer)?;
            let committed = self.store.commit(&[note.change(policy, &loaded)?]).await?;
            if !committed.contains(&Committed::Conflict) {
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

/// What is to be remembered of a provider.
struct Note<'a> {
    provider: &'a str,
    known: &'a KnownCircuit,
    /// Why it failed; `None`: it works again.
    failure: Option<&'a str>,
}

impl<'a> Note<'a> {
    /// `None`: nothing, because its failures are not counted, or because it works and never failed.
    fn of(route: &'a Route, circuits: &'a [KnownCircuit], result: &'a ProviderResult) -> Option<Self> {
        let (at, failure) = match result {
            ProviderResult::Worked(at) => (*at, None),
            ProviderResult::Failed(at, why) => (*at, Some(why.as_str())),
            ProviderResult::OptedOut(_) => return None,
        };
        let (provider, known) = (route.provider(at)?.name(), circuits.get(at)?);
        (failure.is_some() || known.circuit.failures > 0).then_some(Self { provider, known, failure })
    }

    /// The next circuit in place of this one. A broken one is written over. One of a newer version is not: those who can
    /// read it need it.
    fn change(&self, policy: &BreakerPolicy, loaded: &Loaded) -> Result<Change, Unreadable> {
        if let Err(newer @ Unreadable::Newer(_)) = read(loaded) {
            return Err(newer);
        }
        let put = match self.failure {
            None => Put::Set(Vec::new(), Ttl::Expired),
            Some(why) => {
                let next = circuit(loaded).failed(loaded.now, policy, why);
                Put::Set(next.write(), next.ttl(loaded.now))
            }
        };
        let key = StoreKey::Provider(self.provider.to_owned());
        let write = Write { key, loaded: loaded.values.first().cloned().flatten(), put };
        Ok(Change { allow_when_full: self.failure.is_none(), ..Change::of(vec![write]) })
    }

    fn is_lost(&self, error: &dyn std::fmt::Display) {
        tracing::warn!(provider = self.provider, %error, "its failures could not be remembered");
    }
}
