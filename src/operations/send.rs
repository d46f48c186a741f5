//! A code to a phone: reserve, provider, mark. Limits are counted before any money is spent.

use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::deliver::Delivered;
use super::failure::NotSent;
use super::transact::StepOptions;
use super::{Applied, Effect, OperationError, Operations, Route};
use crate::layout::{Operation, PhoneOperation};
use crate::otp::record::{Challenge, SendOutcome};
use crate::otp::rules::{self, Budget, IssueMode, ReserveRequest, Reserved};
use crate::otp::text::{MessageTemplate, TemplateError, Vars};
use crate::otp::{Code, Moment, Peppers, Phone, Policy, Purpose, RandomnessFailed, UserId, reference};
use crate::provider::Refusal;
use crate::store::StoreError;

/// A code that is asked for.
#[derive(Debug, Clone, Copy)]
pub struct ToIssue<'a> {
    /// For this phone.
    pub phone: &'a Phone,
    /// And this purpose.
    pub purpose: &'a Purpose,
    /// For this user of it.
    pub user: Option<&'a UserId>,
    /// The code.
    pub code: &'a Code,
    /// The keys that it is kept under.
    pub peppers: &'a Peppers,
    /// Its lifetime.
    pub ttl: Duration,
    /// The attempts that it allows.
    pub max_tries: u32,
}

/// An SMS that is asked for.
#[derive(Clone, Copy)]
pub struct ToSend<'a> {
    /// The code.
    pub issue: ToIssue<'a>,
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
    /// The challenge as it stands.
    pub challenge: Challenge,
    /// What is left of the limits.
    pub budget: Budget,
    /// The code that this one replaced.
    pub superseded: Option<String>,
    /// Whether it was done before, under the same key.
    pub replayed: bool,
    /// The provider took it, but the store could not be told.
    pub unmarked: Option<StoreError>,
    /// What a dry run looked at besides.
    pub foreseen: DryRun,
}

/// What a dry run looks at besides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DryRun {
    /// The provider that would be asked first.
    pub first: Option<String>,
    /// Providers of the route that would be passed over, and until when.
    pub passed_over: Vec<(String, Moment)>,
    /// Providers of the route that would refuse it without asking anybody, and why.
    pub refused: Vec<(String, Refusal)>,
    /// How many more the prefix stands after this send.
    pub prefix_left: Option<u32>,
    /// How many more the country stands after this send.
    pub country_left: Option<u32>,
}

impl ToSend<'_> {
    /// The text of the SMS with a code in it.
    ///
    /// # Errors
    /// When the template fails.
    pub fn text(&self, code: &str) -> Result<zeroize::Zeroizing<String>, TemplateError> {
        let ttl_minutes = minutes(self.issue.ttl);
        let purpose = self.issue.purpose.as_str();
        self.template.render(&Vars { code, app: self.app, ttl_minutes, purpose, lang: self.lang })
    }

    /// The hash of the caller's key, and of all that was asked for under it.
    fn request(&self) -> Option<(String, String)> {
        let issue = &self.issue;
        let names: Vec<&str> = self.route.providers.iter().map(|provider| provider.name()).collect();
        let arguments = [
            issue.phone.as_str(),
            issue.purpose.as_str(),
            issue.user.map_or("", UserId::as_str),
            self.lang.unwrap_or_default(),
            &issue.ttl.as_millis().to_string(),
            &names.join(","),
        ];
        self.idempotency_key.map(|key| (hash(&[key]), hash(&arguments)))
    }
}

impl Operations<'_> {
    fn new_id(&self, asked: &ToIssue<'_>) -> Result<String, RandomnessFailed> {
        reference::challenge_id(asked.peppers, asked.phone, (self.clock)(), self.randomness)
    }

    /// Makes a code for printing instead of sending. It replaces every other code of its purpose.
    ///
    /// # Errors
    /// When the phone is locked, has no such user, or the store fails.
    pub async fn issue(&self, asked: &ToIssue<'_>) -> Result<Applied<Reserved>, OperationError> {
        self.allowed(Operation::Issue, asked.phone, Some(asked.purpose))?;
        let id = self.new_id(asked)?;
        self.reserve(&self.reservation(asked, &id, IssueMode::Print, None)).await
    }

    /// Makes a code, and has it sent.
    ///
    /// # Errors
    /// When policy, limits, the store or every provider refuse, or it is not known whether it was sent.
    pub async fn send(&self, asked: &ToSend<'_>, text: &str) -> Result<Sent, OperationError> {
        self.allowed(Operation::Issue, asked.issue.phone, Some(asked.issue.purpose))?;
        self.progress.carries(asked.idempotency_key);
        asked.policy.check(asked.issue.phone)?;
        let id = self.new_id(&asked.issue)?;
        let request = asked.request();
        let request = request.as_ref().map(|(key, arguments)| (key.as_str(), arguments.as_str()));
        // Longer than the provider may take, so that nobody takes this process for dead while it is not.
        let lease = asked.deadline.saturating_duration_since(Instant::now()) + Duration::from_secs(5);
        let reservation = self.reservation(&asked.issue, &id, IssueMode::Sms { lease }, request);
        let counted = self.count(asked, &reservation).await?;
        if let Some(earlier) = counted.earlier {
            return self.replayed(earlier);
        }
        let stepped = self.reserve(&reservation).await?;
        match stepped.outcome {
            Reserved::Replayed(_) => self.replayed(stepped),
            Reserved::New(ref challenge) if self.dry_run => {
                let budget = rules::budget(&stepped.known.record, stepped.now, self.limits);
                let foreseen = self.foresee(asked, text, challenge, &counted).await?;
                Ok(Sent { foreseen, ..Sent::new(challenge.clone(), budget) })
            }
            Reserved::New(ref challenge) => {
                let sms = self.progress.begin(Effect::Sms(id.clone()));
                let (delivered, heard) = self.deliver(asked, text, challenge, &counted.circuits).await;
                match delivered {
                    Delivered::Sent(_) => sms.was_done(),
                    Delivered::Failed(..) => sms.was_not_done(),
                    // It stays in doubt.
                    Delivered::Unknown(..) => drop(sms),
                }
                let marked = self.mark(asked.issue.phone, challenge, delivered).await;
                self.remember(asked.route, &counted.circuits, &heard).await;
                marked
            }
        }
    }

    fn reservation<'a>(
        &'a self,
        issue: &ToIssue<'a>,
        id: &'a str,
        way: IssueMode,
        request: Option<(&'a str, &'a str)>,
    ) -> ReserveRequest<'a> {
        ReserveRequest {
            phone: issue.phone,
            purpose: issue.purpose,
            user: issue.user,
            challenge_id: id,
            code: issue.code,
            peppers: issue.peppers,
            ttl: issue.ttl,
            max_tries: issue.max_tries,
            way,
            request,
            reason: self.reason,
        }
    }

    async fn reserve(&self, asked: &ReserveRequest<'_>) -> Result<Applied<Reserved>, OperationError> {
        let rule = |known: &rules::PhoneState, now| {
            rules::reserve(known, now, self.limits, asked).map_err(|refused| OperationError::refused(refused, now))
        };
        let stored = self.stored_code(asked.phone, asked.code).await?;
        let (purpose, challenge_id) = (asked.purpose, asked.challenge_id);
        let doing = StepOptions::change().of(Effect::Code(challenge_id.to_owned())).on_codes(PhoneOperation::Issue {
            purpose,
            challenge_id,
            stored: &stored,
        });
        self.step(asked.phone, &doing, rule).await
    }

    /// What the same key brought about before. What is not known then is not known now.
    fn replayed(&self, stepped: Applied<Reserved>) -> Result<Sent, OperationError> {
        let (Reserved::Replayed(challenge) | Reserved::New(challenge)) = stepped.outcome;
        if challenge.send_outcome() != SendOutcome::Accepted {
            let said = challenge.delivery.as_ref().and_then(|delivery| delivery.detail.as_deref());
            let said = said.map(|said| format!(", {said}")).unwrap_or_default();
            let mapped = challenge.users_version == stepped.known.users.version;
            let valid = challenge.ending(stepped.now, mapped).is_none();
            let why = NotSent::unknown(format!("the same request ended without an answer before{said}"));
            return Err(why.about(Some((challenge, valid)), true));
        }
        let budget = rules::budget(&stepped.known.record, stepped.now, self.limits);
        Ok(Sent { replayed: true, ..Sent::new(challenge, budget) })
    }
}

/// The lifetime as people say it, rounded up.
pub(super) fn minutes(ttl: Duration) -> u64 {
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
