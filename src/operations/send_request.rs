//! What is asked for when a code is made or sent, and what comes of it.

use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::{OperationError, Route, SendFailure};
use crate::otp::money::Cost;
use crate::otp::record::{Challenge, Delivery};
use crate::otp::rules::{Allowance, Budget};
use crate::otp::text::{MessageTemplate, TemplateError, Vars, segments};
use crate::otp::{Channel, Code, Message, Moment, Peppers, Phone, Policy, Purpose, UserId};
use crate::provider::{Provider, Refusal};
use crate::store::StoreError;

/// A code to make.
#[derive(Debug, Clone, Copy)]
pub struct IssueRequest<'a> {
    /// For this phone.
    pub phone: &'a Phone,
    /// And this purpose.
    pub purpose: &'a Purpose,
    /// For this user of the phone.
    pub user: Option<&'a UserId>,
    /// The code.
    pub code: &'a Code,
    /// The keys that it is kept under.
    pub peppers: &'a Peppers,
    /// Its lifetime.
    pub ttl: Duration,
    /// The attempts that it allows.
    pub max_tries: u32,
    /// Another server made the code, and checks it.
    pub elsewhere: bool,
}

/// An SMS to send.
#[derive(Clone, Copy)]
pub struct SendRequest<'a> {
    /// The code in it.
    pub issue: IssueRequest<'a>,
    /// Which numbers are allowed.
    pub policy: &'a Policy,
    /// The providers.
    pub route: &'a Route,
    /// The text.
    pub template: &'a MessageTemplate,
    /// The application's name in the text.
    pub app: &'a str,
    /// The language that was asked for.
    pub lang: Option<&'a str>,
    /// The caller's key, under which the same send can be asked for again.
    pub idempotency_key: Option<&'a str>,
    /// The last moment for a provider's answer.
    pub deadline: Instant,
}

/// What came of a send.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The challenge after the send.
    pub challenge: Challenge,
    /// What is left of the limits.
    pub budget: Budget,
    /// The code that this one replaced.
    pub superseded: Option<String>,
    /// Whether it was sent before, under the same key.
    pub replayed: bool,
    /// The provider accepted it, but the store could not be told.
    pub unmarked: Option<StoreError>,
    /// What else a dry run found.
    pub foreseen: DryRun,
}

/// What else a dry run found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DryRun {
    /// The provider that would be asked first.
    pub first: Option<String>,
    /// Providers of the route that would be skipped, and until when.
    pub passed_over: Vec<(String, Moment)>,
    /// Providers of the route that would refuse it without a request to anybody, and why.
    pub refused: Vec<(String, Refusal)>,
    /// Channels of the route that have no room for another message.
    pub full: Vec<Channel>,
    /// How many more the prefix allows after this send.
    pub prefix_left: Option<u32>,
    /// How many more the country allows after this send.
    pub country_left: Option<u32>,
    /// By what it would be allowed now.
    pub allowance: Allowance,
}

impl<'a> SendRequest<'a> {
    /// The text of the SMS with a code in it.
    ///
    /// # Errors
    /// When the template fails.
    pub fn text(&self, code: &str) -> Result<zeroize::Zeroizing<String>, TemplateError> {
        let ttl_minutes = minutes(self.issue.ttl);
        let purpose = self.issue.purpose.as_str();
        self.template.render(&Vars { code, app: self.app, ttl_minutes, purpose, lang: self.lang })
    }

    /// What the message costs at the provider in this place of the route, in as many parts as the text has; `None`: its price
    /// is not known.
    pub(super) fn cost(&self, place: usize, text: &str) -> Option<Cost> {
        self.cost_of(place, || u32::try_from(segments(text).segments).unwrap_or(u32::MAX))
    }

    /// What a provider accepted, with what that costs.
    pub(super) fn charged(&self, place: usize, text: &str, sent: Delivery) -> Delivery {
        let cost = match sent.segments {
            Some(told) => self.cost_of(place, || told),
            None => self.cost(place, text),
        };
        sent.at_cost(cost.as_ref())
    }

    /// An SMS is paid for by its parts, any other message as one.
    fn cost_of(&self, place: usize, parts: impl FnOnce() -> u32) -> Option<Cost> {
        let step = self.route.steps.get(place)?;
        let price = step.price.as_ref()?;
        // How long a text is that the provider holds, nobody here knows.
        let is_by_parts = step.provider.channel() == Channel::Sms && !step.provider.holds_text();
        let amount = if is_by_parts { price.amount.times(parts().max(1)) } else { price.amount };
        Some(Cost { currency: price.currency.clone(), amount })
    }

    /// What a provider is given. `at` is when the challenge was made.
    pub(super) fn message<'m>(&self, text: &'m str, challenge: &'m Challenge, at: &'m str) -> Message<'m>
    where
        'a: 'm,
    {
        Message {
            to: self.issue.phone,
            text,
            code: self.issue.code,
            challenge_id: &challenge.id,
            app: self.app,
            ttl_minutes: minutes(self.issue.ttl),
            purpose: self.issue.purpose.as_str(),
            lang: self.lang,
            at,
        }
    }

    /// The hash of the caller's key, and of all that was asked for under it.
    pub(super) fn request(&self) -> Option<(String, String)> {
        let issue = &self.issue;
        let names = self.route.providers().map(Provider::name).collect::<Vec<_>>().join(",");
        let ttl = issue.ttl.as_millis().to_string();
        let mut arguments = vec![
            issue.phone.as_str(),
            issue.purpose.as_str(),
            issue.user.map_or("", UserId::as_str),
            self.lang.unwrap_or_default(),
            &ttl,
            &names,
        ];
        // Not the code: a hash of so few is as good as the code itself.
        arguments.extend(issue.elsewhere.then_some("deliver"));
        self.idempotency_key.map(|key| (hash(&[key]), hash(&arguments)))
    }
}

/// The lifetime as people say it, rounded up.
fn minutes(ttl: Duration) -> u64 {
    ttl.as_secs().div_ceil(60).max(1)
}

/// SHA-256 over the parts, each behind its length; half of it is more than enough to tell requests apart.
fn hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    BASE32_NOPAD.encode(&hash.finalize()[..16]).to_ascii_lowercase()
}

impl Sent {
    /// The send that may have been made, as this failure tells it, where its code is valid: it can be waited for.
    #[must_use]
    pub fn in_doubt(error: &OperationError) -> Option<Self> {
        match error {
            OperationError::Send {
                failure: SendFailure::Unknown,
                challenge: Some(challenge),
                valid: true,
                replayed: false,
                ..
            } => {
                let budget = Budget { allowed_at: challenge.created_at, left: None };
                Some(Self::new(challenge.as_ref().clone(), budget))
            }
            _ => None,
        }
    }

    pub(super) fn new(challenge: Challenge, budget: Budget) -> Self {
        let foreseen = DryRun::default();
        Self { challenge, budget, superseded: None, replayed: false, unmarked: None, foreseen }
    }

    /// When the next send is allowed, where that is later than this one.
    #[must_use]
    pub fn resend_allowed_at(&self) -> Moment {
        self.budget.allowed_at.max(self.challenge.created_at)
    }
}
