//! A code to a phone: reserve, provider, mark. Limits are counted before any money is spent.

use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::failure::full;
use super::step::{Doing, LOST, cells, known};
use super::{InFlight, SendFailure, Stepped, Verifier, VerifierError};
use crate::otp::counter::{Counter, Full};
use crate::otp::record::{Challenge, Delivery, Life};
use crate::otp::rules::{self, Budget, Mark, REQUEST_KEPT, Reserve, Reserved, Way};
use crate::otp::text::{Template, TemplateError, Vars};
use crate::otp::{Code, Denied, Message, Moment, Peppers, Phone, Policy, Purpose, Quota, UserId, reference};
use crate::provider::{Outcome, Provider};
use crate::store::{Cell, Change, Committed, Loaded, Put, StoreError, Write};

/// The providers for one message, in the order in which they are tried.
#[derive(Default)]
pub struct Route {
    /// The next is asked only when the one before surely did not send. None: the number is a test number, and nothing
    /// is sent.
    pub providers: Vec<Box<dyn Provider>>,
    /// Whether an SMS may really go out.
    pub real: bool,
}

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
    /// Its life.
    pub ttl: Duration,
    /// The tries that it stands.
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
    pub template: &'a Template,
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

impl Verifier<'_> {
    /// Makes a code for printing instead of sending. It replaces every other code of its purpose.
    ///
    /// # Errors
    /// When the phone is locked, has no such user, or the store fails.
    pub async fn issue(&self, asked: &ToIssue<'_>) -> Result<Stepped<Reserved>, VerifierError> {
        let id = reference::challenge_id(asked.peppers, asked.phone, self.randomness)?;
        self.reserve(&self.reservation(asked, &id, Way::Print, None)).await
    }

    /// Makes a code, and has it sent.
    ///
    /// # Errors
    /// When policy, limits, the store or every provider refuse, or it is not known whether it was sent.
    pub async fn send(&self, asked: &ToSend<'_>, text: &str) -> Result<Sent, VerifierError> {
        asked.policy.check(asked.issue.phone)?;
        let id = reference::challenge_id(asked.issue.peppers, asked.issue.phone, self.randomness)?;
        let request = asked.request();
        let request = request.as_ref().map(|(key, arguments)| (key.as_str(), arguments.as_str()));
        // Longer than the provider may take, so that nobody takes this process for dead while it is not.
        let lease = asked.deadline.saturating_duration_since(Instant::now()) + Duration::from_secs(5);
        let reservation = self.reservation(&asked.issue, &id, Way::Sms { lease }, request);
        if let Some(earlier) = self.count(asked, &reservation).await? {
            return self.replayed(earlier);
        }
        let stepped = self.reserve(&reservation).await?;
        match stepped.outcome {
            Reserved::Replayed(_) => self.replayed(stepped),
            Reserved::New(ref challenge) if self.dry_run => {
                let budget = rules::budget(&stepped.known.record, stepped.now, self.limits);
                Ok(Sent { challenge: challenge.clone(), budget, superseded: None, replayed: false, unmarked: None })
            }
            Reserved::New(ref challenge) => {
                let sms = InFlight::Sms(id.clone());
                let delivered = self.progress.during(sms, self.deliver(asked, text, challenge)).await;
                self.mark(asked.issue.phone, challenge, delivered).await
            }
        }
    }

    fn reservation<'a>(
        &'a self,
        issue: &ToIssue<'a>,
        id: &'a str,
        way: Way,
        request: Option<(&'a str, &'a str)>,
    ) -> Reserve<'a> {
        Reserve {
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

    async fn reserve(&self, asked: &Reserve<'_>) -> Result<Stepped<Reserved>, VerifierError> {
        let rule = |known: &rules::Known, now| {
            rules::reserve(known, now, self.limits, asked).map_err(|refused| VerifierError::refused(refused, now))
        };
        self.step(asked.phone, &Doing::change(), rule).await
    }

    /// Counts the send on the counters over many phones, each in its own step before the phone's: over-counting is
    /// safe. A send that the phone's own limits refuse is not counted, or one phone could use up a country.
    async fn count(
        &self,
        asked: &ToSend<'_>,
        reservation: &Reserve<'_>,
    ) -> Result<Option<Stepped<Reserved>>, VerifierError> {
        let phone = asked.issue.phone;
        let country =
            phone.country().map_or_else(|| format!("+{}", phone.calling_code()), |country| country.to_string());
        let mut counted: Vec<(Cell, Counting<'_>)> = Vec::new();
        let neighbours = asked.route.real.then(|| phone.last_four());
        if neighbours.is_some() || !self.limits.per_prefix.is_empty() {
            let prefix = Cell::Prefix(phone.prefix().to_owned());
            counted.push((prefix, Counting::Sends(&self.limits.per_prefix, neighbours, "this prefix")));
        }
        if !self.limits.per_country.is_empty() {
            counted.push((Cell::Country(country), Counting::Sends(&self.limits.per_country, None, "this country")));
        }
        if let Some((key, arguments)) = reservation.request {
            counted.push((Cell::Request(key.to_owned()), Counting::Key(arguments)));
        }
        let mut groups = vec![cells(phone)];
        let mut lost = 0;
        for _ in 0..ROUNDS {
            groups.truncate(1);
            groups.extend(counted.iter().map(|(cell, _)| vec![cell.clone()]));
            let loaded = self.store.load(&groups).await?;
            let Some((own, others)) = loaded.split_first() else { return Err(no_answer()) };
            let known = known(own)?;
            let decided = rules::reserve(&known, own.now, self.limits, reservation);
            let decided = decided.map_err(|refused| VerifierError::refused(refused, own.now))?;
            if matches!(decided.outcome, Reserved::Replayed(_)) {
                return Ok(Some(Stepped { now: own.now, outcome: decided.outcome, known }));
            }
            let changes: Result<Vec<_>, _> =
                counted.iter().zip(others).map(|((cell, counting), loaded)| counting.change(cell, loaded)).collect();
            let changes = changes?;
            if self.dry_run || changes.is_empty() {
                return Ok(None);
            }
            let committed = match self.store.commit(&changes).await {
                // Nothing is sent yet, and counting it twice is safe.
                Err(StoreError::Unknown(_)) if lost < LOST => {
                    lost += 1;
                    continue;
                }
                committed => committed?,
            };
            let mut conflicts = committed.iter().map(|committed| *committed == Committed::Conflict);
            counted.retain(|_| conflicts.next().unwrap_or(false));
            if counted.is_empty() {
                return Ok(None);
            }
        }
        Err(VerifierError::Contended)
    }

    /// What the same key brought about before. What is not known then is not known now.
    fn replayed(&self, stepped: Stepped<Reserved>) -> Result<Sent, VerifierError> {
        use crate::otp::record::State;
        let (Reserved::Replayed(challenge) | Reserved::New(challenge)) = stepped.outcome;
        if matches!(challenge.state, State::Unknown | State::Pending) {
            return Err(VerifierError::Send {
                failure: SendFailure::Unknown,
                said: "the same request ended without an answer before".to_owned(),
                advice: None,
                challenge_id: challenge.id,
            });
        }
        let budget = rules::budget(&stepped.known.record, stepped.now, self.limits);
        Ok(Sent { challenge, budget, superseded: None, replayed: true, unmarked: None })
    }

    /// Asks one provider after the other, until one takes the message or may have taken it.
    async fn deliver(&self, asked: &ToSend<'_>, text: &str, challenge: &Challenge) -> Delivered {
        let at = challenge.created_at.rfc3339();
        let message = Message {
            to: asked.issue.phone,
            text,
            code: asked.issue.code,
            challenge_id: &challenge.id,
            app: asked.app,
            ttl_minutes: minutes(asked.issue.ttl),
            purpose: asked.issue.purpose.as_str(),
            lang: asked.lang,
            at: &at,
        };
        if asked.route.providers.is_empty() {
            return Delivered::Sent(delivery("test number", None));
        }
        let mut said: Vec<String> = Vec::new();
        let mut refused: Option<(String, bool, &str)> = None;
        for provider in &asked.route.providers {
            let name = provider.name();
            match provider.send(&message, asked.deadline).await {
                Outcome::Accepted(receipt) => {
                    let detail = (!said.is_empty()).then(|| said.join("; "));
                    let mut accepted = delivery(name, detail);
                    (accepted.message_id, accepted.segments) = (receipt.id, receipt.segments);
                    return Delivered::Sent(accepted);
                }
                Outcome::Unknown(doubt) => {
                    said.push(format!("{name}: {}", doubt.why));
                    return Delivered::Unknown(delivery(name, Some(doubt.why)), said.join("; "));
                }
                Outcome::Refused(refusal) => {
                    let code = refusal.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
                    said.push(format!("{name}: {}{code}", refusal.message));
                    let down = refusal.class.is_down() || refused.as_ref().is_some_and(|(_, down, _)| *down);
                    let stop = refusal.class.about_recipient() || Instant::now() >= asked.deadline;
                    refused = Some((refusal.hint().to_owned(), down, name));
                    if stop {
                        break;
                    }
                }
            }
        }
        let (advice, failure, name) = refused.map_or((None, SendFailure::Refused, ""), |(advice, down, name)| {
            (Some(advice), if down { SendFailure::Down } else { SendFailure::Refused }, name)
        });
        Delivered::Failed { failure, advice, delivery: delivery(name, Some(said.join("; "))), said: said.join("; ") }
    }

    /// Tells the store what became of the SMS. It is already decided, so a store that fails here changes nothing of it.
    async fn mark(&self, phone: &Phone, challenge: &Challenge, delivered: Delivered) -> Result<Sent, VerifierError> {
        let mark = match &delivered {
            Delivered::Sent(delivery) => Mark::Sent(delivery.clone()),
            Delivered::Unknown(delivery, _) => Mark::Unknown(delivery.clone()),
            Delivered::Failed { delivery, .. } => Mark::Failed(Some(delivery.clone())),
        };
        let rule = |known: &rules::Known, now| Ok(rules::mark(known, now, self.limits, &challenge.id, &mark));
        let doing = Doing { relieves: true, what: InFlight::Sms(challenge.id.clone()) };
        let marked = self.step(phone, &doing, rule).await;
        let failed = |failure, said, advice| {
            Err(VerifierError::Send { failure, said, advice, challenge_id: challenge.id.clone() })
        };
        match (delivered, marked) {
            (Delivered::Unknown(_, said), _) => failed(SendFailure::Unknown, said, None),
            (Delivered::Failed { failure, advice, said, .. }, _) => failed(failure, said, advice),
            (Delivered::Sent(_), Ok(stepped)) => {
                let marked = stepped.known.record.challenge(&challenge.id);
                Ok(Sent {
                    challenge: marked.map_or_else(|| challenge.clone(), |(_, challenge)| challenge.clone()),
                    budget: rules::budget(&stepped.known.record, stepped.now, self.limits),
                    superseded: stepped.outcome.superseded,
                    replayed: false,
                    unmarked: None,
                })
            }
            (Delivered::Sent(delivery), Err(error)) => {
                let unmarked = match error {
                    VerifierError::Store(error) => error,
                    other => StoreError::Data(other.to_string()),
                };
                let challenge =
                    Challenge { state: crate::otp::record::State::Sent, delivery: Some(delivery), ..challenge.clone() };
                let budget = Budget { allowed_at: challenge.created_at, left: None };
                Ok(Sent { challenge, budget, superseded: None, replayed: false, unmarked: Some(unmarked) })
            }
        }
    }
}

/// See [`super::step`].
const ROUNDS: usize = 500;

/// What the providers made of a message.
enum Delivered {
    Sent(Delivery),
    Unknown(Delivery, String),
    Failed { failure: SendFailure, advice: Option<String>, delivery: Delivery, said: String },
}

/// One thing to be counted before the phone's own step.
enum Counting<'a> {
    /// Against quotas, and neighbours where there is a number to compare.
    Sends(&'a [Quota], Option<u16>, &'a str),
    /// The arguments of an idempotency key, over all phones.
    Key(&'a str),
}

impl Counting<'_> {
    fn change(&self, cell: &Cell, loaded: &Loaded) -> Result<Change, VerifierError> {
        let held = loaded.values.first().cloned().flatten();
        let put = match self {
            Self::Sends(quotas, neighbours, whom) => {
                let counter = Counter::read(held.as_deref())?;
                let taken = counter.take(loaded.now, quotas, *neighbours).map_err(|over| match over {
                    Full::Quota(quota, until) => {
                        VerifierError::Limited { why: full(whom, quota), wait: super::until(loaded.now, until) }
                    }
                    Full::Neighbours => Denied::Neighbours.into(),
                })?;
                Put::Set(taken.write(), taken.life(loaded.now))
            }
            Self::Key(arguments) => match &held {
                Some(held) if held != arguments.as_bytes() => return Err(VerifierError::KeyReused),
                _ => Put::Set(arguments.as_bytes().to_vec(), Life::For(REQUEST_KEPT)),
            },
        };
        let write = Write { cell: cell.clone(), loaded: held, put };
        Ok(Change { writes: vec![write], append: None, relieves: false })
    }
}

fn no_answer() -> VerifierError {
    StoreError::Unreachable("it gave no answer".to_owned()).into()
}

fn delivery(provider: &str, detail: Option<String>) -> Delivery {
    Delivery { provider: provider.to_owned(), message_id: None, segments: None, detail }
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

/// The store's time of a challenge's making: the only clock that a document shows.
impl Sent {
    /// When the next send is allowed, where that is later than this one.
    #[must_use]
    pub fn resend_allowed_at(&self) -> Moment {
        self.budget.allowed_at.max(self.challenge.created_at)
    }
}
