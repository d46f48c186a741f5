//! What the providers said of one message, and what that comes to.

use std::time::Duration;

use crate::operations::failure::NotSent;
use crate::otp::Channel;
use crate::otp::money::Cost;
use crate::otp::record::Delivery;
use crate::provider::{Class, Provider, Refusal};

/// What the providers made of a message.
pub(in crate::operations) enum Delivered {
    Sent(Delivery),
    Unknown(Delivery, NotSent),
    /// With the class of the refusal.
    Failed(Delivery, NotSent, Option<&'static str>),
}

impl Delivered {
    /// What it costs; `None`: nobody has it, or that is not known.
    pub(in crate::operations) fn cost(&self) -> Option<Cost> {
        match self {
            Self::Sent(delivery) | Self::Unknown(delivery, _) => delivery.cost(),
            Self::Failed(..) => None,
        }
    }
}

/// What the providers said so far.
#[derive(Default)]
pub(super) struct Transcript<'a> {
    said: Vec<String>,
    /// Those that may have sent it.
    doubts: Vec<(&'a dyn Provider, Option<Cost>)>,
    /// What is known of those that did not send it.
    refused: Refused<'a>,
}

/// The last provider that did not send it.
#[derive(Default)]
struct Refused<'a> {
    by: Option<&'a dyn Provider>,
    advice: Option<String>,
    /// It, or one before it, is worth repeating.
    is_down: bool,
    /// Of its refusal; of the one before it that is worth repeating, unless it is about the receiver.
    class: Option<Class>,
    /// How long it asked to wait.
    retry_after: Option<Duration>,
}

impl<'a> Transcript<'a> {
    /// One of them, in its words or ours.
    pub(super) fn says(&mut self, name: &str, what: &str) {
        self.said.push(format!("{name}: {what}"));
    }

    /// One may have sent it, at this cost.
    pub(super) fn doubts(&mut self, provider: &'a dyn Provider, cost: Option<Cost>, why: &str) {
        self.says(provider.name(), why);
        self.doubts.push((provider, cost));
    }

    /// One did not send it.
    pub(super) fn refused(&mut self, provider: &'a dyn Provider, refusal: &Refusal) {
        self.says(provider.name(), &refusal.words());
        self.refused = std::mem::take(&mut self.refused).and(provider, refusal);
    }

    /// All that was said, in order. `accepted`: the last one that was asked accepted it.
    pub(super) fn words(&self, accepted: bool) -> String {
        // One of them may have sent it, and another was asked after it.
        let double = self.doubts.len() > 1 || accepted && !self.doubts.is_empty();
        let said = self.said.iter().map(String::as_str);
        said.chain(double.then_some("possible double SMS")).collect::<Vec<_>>().join("; ")
    }

    /// Nobody accepted it.
    pub(super) fn end(self) -> Delivered {
        let said = self.words(false);
        let by = |provider: Option<&dyn Provider>| delivery(provider, Some(said.clone()));
        if let Some((provider, cost)) = self.doubts.last() {
            let delivery = by(Some(*provider)).at_cost(cost.as_ref());
            return Delivered::Unknown(delivery, NotSent::unknown(said, provider.channel().noun()));
        }
        let Refused { by: provider, advice, is_down, class, retry_after } = self.refused;
        let noun = provider.map(Provider::channel).unwrap_or_default().noun();
        let delivery = by(provider);
        let why = NotSent::refused(said, noun, is_down, advice, retry_after);
        Delivered::Failed(delivery, why, class.map(Class::as_str))
    }
}

impl<'a> Refused<'a> {
    /// What is known after one refusal more.
    fn and(self, by: &'a dyn Provider, refusal: &Refusal) -> Self {
        let is_down = refusal.class.is_down() || self.is_down;
        // That the receiver does not use a channel explains nothing where another one was the trouble.
        if refusal.class == Class::NotOnChannel && self.by.is_some() {
            return self;
        }
        let down = self.class.filter(|before| before.is_down());
        Self {
            by: Some(by),
            class: down.filter(|_| !refusal.class.about_recipient()).or(Some(refusal.class)),
            advice: Some(refusal.hint().to_owned()),
            is_down,
            retry_after: refusal.retry_after,
        }
    }
}

/// What is kept of a message that this provider had; `None`: there was no provider to ask.
pub(super) fn delivery(provider: Option<&dyn Provider>, detail: Option<String>) -> Delivery {
    let (name, channel) = provider.map_or(("", Channel::default()), |provider| (provider.name(), provider.channel()));
    Delivery { detail, ..Delivery::through(name, channel) }
}
