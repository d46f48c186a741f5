//! `wait`: until an SMS is accepted or delivered, or its code used or expired.

use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use serde::Serialize;
use tokio::time::Instant;

use super::CommandResult;
use super::delivery_fields::{DeliveryFields, why_not};
use super::target::{Target, TargetArg};
use crate::app::{Act, App, AskedRoute, Confirm};
use crate::error::{Error, Exit};
use crate::operations::{Notice, Operations, SendRequest, Sent, WaitOutcome, WaitRequest};
use crate::otp::record::{Challenge, Delivery, Reason, State};
use crate::otp::time::rfc3339;
use crate::otp::wait_for::was_printed;
use crate::otp::{Channel, DeliveryReason, Hint, Moment, Purpose, WaitFor, WaitStatus};
use crate::output::{Human, Ids, Report, when};
use crate::provider::Provider;

/// So much of the command's time is kept for a last look at the store and for printing what is known.
const MARGIN: Duration = Duration::from_millis(500);

/// What a wait is for, for whoever looks on.
const NEWS: &str = "news about the SMS or its code";

/// Wait until an SMS is delivered or its code is used
///
/// Asks the provider, if it has a status call, and watches the store. Exits with 0 when it is so, 17 if the SMS was not
/// delivered, 11 if the code is gone, 18 at the time limit.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A phone number, `user:ID`, a `ch_…` id, or a `ph_…` reference
    ///
    /// Of a phone, its live code is meant, or else its newest.
    #[arg(value_name = "PHONE|USER|ID")]
    target: TargetArg,
    /// What to wait for
    #[arg(long = "for", value_name = "WHAT", default_value = "delivered", value_parser = goals(&WaitFor::ALL))]
    goal: WaitFor,
    /// What the code is for
    #[arg(long)]
    purpose: Option<Purpose>,
}

/// Reads one of these goals.
pub(super) fn goals(goals: &[WaitFor]) -> impl clap::builder::TypedValueParser<Value = WaitFor> + use<> {
    let names: Vec<&'static str> = goals.iter().map(|goal| goal.as_str()).collect();
    PossibleValuesParser::new(names).try_map(|name| WaitFor::named(&name).ok_or("no such goal"))
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum Ended {
    Reached,
    Undelivered,
    NoCode,
    Timeout,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Waited {
    result: Ended,
    #[serde(rename = "for")]
    goal: &'static str,
    reached: bool,
    reason: Option<Reason>,
    phone: String,
    challenge_id: String,
    purpose: Purpose,
    state: &'static str,
    code_valid: bool,
    provider: Option<String>,
    provider_message_id: Option<String>,
    #[serde(flatten)]
    fields: DeliveryFields,
    asked_provider: bool,
    #[serde(serialize_with = "rfc3339")]
    created_at: Moment,
    #[serde(serialize_with = "rfc3339")]
    expires_at: Moment,
    waited_seconds: u64,
    #[serde(skip)]
    words: String,
    #[serde(skip)]
    hint: Option<Hint>,
}

impl Args {
    pub(super) async fn run(&self, app: &App) -> CommandResult {
        let target = self.target.resolve(app).await?;
        app.may_concern(&target.phone, &AskedRoute::of(&self.purpose.clone().unwrap_or_default()))?;
        app.may_change("record what the provider says about an SMS", Confirm::No).await?;
        let act = Act::on(&target.phone).challenge(target.challenge.as_deref());
        let waited = app.audited(act, async |operations| self.wait(app, operations, &target).await).await;
        waited.map_err(|error| target.failed(app, error))
    }

    async fn wait(&self, app: &App, operations: Operations<'_>, target: &Target) -> CommandResult {
        let asked = WaitRequest {
            phone: &target.phone,
            challenge: target.challenge.as_deref(),
            purpose: self.purpose.as_ref(),
            goal: self.goal,
            deadline: deadline(app),
            grace: grace(app),
        };
        let open = async |name: &str| open(app, name).await;
        let watching = Box::pin(operations.wait(&asked, open, |notice| tell(app, notice)));
        let watched = app.progress.waiting_for(NEWS, watching).await?;
        let watched = watched.ok_or_else(|| self.nothing(target))?;
        Ok(Box::new(Waited::new(app, target, self.goal, watched)))
    }

    fn nothing(&self, target: &Target) -> Error {
        if target.challenge.is_some() {
            return Error::said(Exit::NotFound, "this code is no longer known");
        }
        let hint = target.hint_for("send", &self.purpose.clone().unwrap_or_default());
        Error::said(Exit::NotFound, "there is no code to wait for").hint(hint)
    }
}

/// Waits for what becomes of a code that was just sent, and goes on along its route. `None`, and a warning: it cannot be
/// waited for, which does not undo the send.
pub(super) async fn after_send(
    app: &App,
    operations: &Operations<'_>,
    (sent, text): (&SendRequest<'_>, &str),
    made: &Sent,
    goal: WaitFor,
) -> Option<WaitOutcome> {
    let (deadline, grace) = (deadline(app), grace(app));
    let (phone, id) = (sent.issue.phone, Some(made.challenge.id.as_str()));
    let asked = WaitRequest { phone, challenge: id, purpose: None, goal, deadline, grace };
    let open = async |name: &str| open(app, name).await;
    let tell = |notice| tell(app, notice);
    let watching = Box::pin(operations.wait_along_route(sent, text, &asked, made, open, tell));
    let watched = app.progress.waiting_for(NEWS, watching).await.map_err(Error::from);
    watched.unwrap_or_else(|error| {
        let noun = made.challenge.delivery.as_ref().map_or("the message", Delivery::noun);
        app.printer.warning(&format!("{noun} was sent, but cannot be waited for: {}", error.message()));
        None
    })
}

/// The end of a wait that still leaves the time to say how it ended.
fn deadline(app: &App) -> Instant {
    let end = app.deadline();
    end.checked_sub(MARGIN.min(app.globals.timeout * 2 / 5)).unwrap_or(end)
}

/// The last moment that the end of a code is waited for: there is nothing to ask for then.
fn grace(app: &App) -> Instant {
    let end = app.deadline();
    end.checked_sub(MARGIN.min(app.globals.timeout / 2) / 5).unwrap_or(end)
}

/// A provider to ask. What is wrong with it is told, and ends no wait.
async fn open(app: &App, name: &str) -> Result<Box<dyn Provider>, String> {
    app.provider(name).await.map_err(|error| error.message())
}

/// Says once what a person who waits should know.
fn tell(app: &App, notice: Notice) {
    let record = "only delivery reports that your application passes on can tell";
    app.printer.warning(&match notice {
        Notice::News(name, word) => return app.printer.progress(&format!("{name}: {word}")),
        Notice::GoesOn(name, why) => return app.printer.progress(&format!("{why}; sending the same code by {name}")),
        Notice::NotSent(name, why) => format!("{name}: {why}"),
        Notice::NoMessage => format!("no provider gave an id for this message: {record}"),
        Notice::NoStatus(name) => format!("{name} has no status call: {record}"),
        Notice::NotAnswered(name, why, noun) => format!("{name} does not tell whether {noun} was delivered: {why}"),
        Notice::NotKept(why) => format!("what the provider said could not be recorded: {why}"),
    });
}

impl Ended {
    pub(super) fn of(standing: WaitStatus) -> Self {
        match standing {
            WaitStatus::Reached => Self::Reached,
            WaitStatus::Undelivered => Self::Undelivered,
            WaitStatus::Gone(_) => Self::NoCode,
            WaitStatus::Waiting => Self::Timeout,
        }
    }

    pub(super) fn exit(self) -> Exit {
        match self {
            Self::Reached => Exit::Ok,
            Self::Undelivered => Exit::Undelivered,
            Self::NoCode => Exit::NoCode,
            Self::Timeout => Exit::WaitTimeout,
        }
    }
}

impl Waited {
    fn new(app: &App, target: &Target, goal: WaitFor, watched: WaitOutcome) -> Self {
        let phone = target.shown(app);
        let ended = Ended::of(watched.standing);
        let (words, hint) = (words(&phone, goal, &watched), hint(target, goal, &watched));
        let WaitOutcome { challenge, purpose, standing, valid, asked, waited, .. } = watched;
        let delivery = challenge.delivery.as_ref();
        let mut fields = DeliveryFields::of(delivery);
        if ended == Ended::Undelivered && !was_printed(&challenge) {
            fields.reason_text = fields.reason_text.or_else(|| Some(why_not(delivery)));
        }
        Self {
            result: ended,
            goal: goal.as_str(),
            reached: ended == Ended::Reached,
            reason: match standing {
                WaitStatus::Gone(reason) => Some(reason),
                _ => None,
            },
            phone,
            purpose,
            state: challenge.state.as_str(),
            code_valid: valid,
            provider: delivery.map(|delivery| delivery.provider.clone()),
            provider_message_id: delivery.and_then(|delivery| delivery.message_id.clone()),
            fields,
            asked_provider: asked,
            created_at: challenge.created_at,
            expires_at: challenge.expires_at,
            waited_seconds: rounded(waited),
            challenge_id: challenge.id,
            words,
            hint,
        }
    }
}

fn rounded(waited: Duration) -> u64 {
    (waited + Duration::from_millis(500)).as_secs()
}

/// As people say it: under ten seconds a tenth matters, and nobody waited "0 s".
fn seconds(span: Duration) -> String {
    let tenths = (span + Duration::from_millis(50)).as_millis() / 100;
    match tenths {
        0..100 if !tenths.is_multiple_of(10) => format!("{}.{}", tenths / 10, tenths % 10),
        0..100 => (tenths / 10).to_string(),
        _ => rounded(span).to_string(),
    }
}

/// How it ended, for people.
pub(super) fn words(phone: &str, goal: WaitFor, watched: &WaitOutcome) -> String {
    let challenge = &watched.challenge;
    let delivery = challenge.delivery.as_ref();
    let fields = DeliveryFields::of(delivery);
    let by = delivery.map(|delivery| format!(" by {}", delivery.provider)).unwrap_or_default();
    let message = delivery.map_or(Channel::default().capital(), Delivery::capital);
    let first = match (watched.standing, goal) {
        (WaitStatus::Reached, WaitFor::Expired) => format!("The code for {phone} has expired."),
        (WaitStatus::Reached, _) if challenge.state == State::Used => format!("The code for {phone} was used."),
        (WaitStatus::Reached, WaitFor::Accepted) => format!("{message} to {phone} was accepted{by}."),
        (WaitStatus::Reached, _) => format!("{message} to {phone} was delivered{by}."),
        (WaitStatus::Undelivered, _) if was_printed(challenge) => {
            format!("There is no SMS to wait for: the code for {phone} was printed, or its application sends it.")
        }
        (WaitStatus::Undelivered, _) => {
            let how = if challenge.state == State::Failed { "sent" } else { "delivered" };
            format!("{message} to {phone} was not {how}: {}.", why_not(delivery))
        }
        (WaitStatus::Gone(reason), _) => format!("The code for {phone} {}.", gone(reason)),
        (WaitStatus::Waiting, goal) => {
            let seconds = seconds(watched.waited);
            match goal {
                WaitFor::Accepted => format!("{message} to {phone} was not accepted within {seconds} s."),
                WaitFor::Delivered => format!("{message} to {phone} is not known to be delivered after {seconds} s."),
                WaitFor::Verified => format!("The code for {phone} was not used within {seconds} s."),
                WaitFor::Expired => format!("The code for {phone} did not expire within {seconds} s."),
            }
        }
    };
    let mut sentences = vec![first];
    if goal.is_of_sms() && matches!(watched.standing, WaitStatus::Waiting | WaitStatus::Gone(_)) {
        sentences.push(last_known(challenge, &fields));
    }
    if watched.standing != WaitStatus::Reached && watched.valid {
        sentences.push(format!("The code expires {}.", when(challenge.expires_at, watched.now)));
    }
    sentences.join(" ")
}

fn gone(reason: Reason) -> &'static str {
    match reason {
        Reason::Expired => "has expired",
        Reason::Used => "was used",
        Reason::Revoked => "was revoked",
        Reason::Superseded => "was replaced by a newer one, or the phone has other users now",
        Reason::AttemptsExhausted => "has no attempts left",
        _ => "is no longer known",
    }
}

/// The last that is known of an SMS.
fn last_known(challenge: &Challenge, fields: &DeliveryFields) -> String {
    let delivery = challenge.delivery.as_ref();
    let provider = delivery.map_or("the provider", |delivery| delivery.provider.as_str());
    match (fields.word(), challenge.state) {
        (Some(word), _) => format!("Last known: {word}, says {provider}."),
        (None, State::Pending) => "Last known: it is being sent.".to_owned(),
        (None, State::Unknown) => format!("Last known: {provider} may have accepted it."),
        (None, _) if delivery.is_none() => "It was printed, and not sent.".to_owned(),
        (None, _) => format!("Last known: handed to {provider}."),
    }
}

/// What to do next.
pub(super) fn hint(target: &Target, goal: WaitFor, watched: &WaitOutcome) -> Option<Hint> {
    let report = watched.challenge.delivery.as_ref().and_then(|delivery| delivery.report.as_ref());
    let on = |command| target.hint_for(command, &watched.purpose);
    match watched.standing {
        WaitStatus::Undelivered => Some(match report.and_then(|report| report.reason) {
            Some(reason @ DeliveryReason::Landline) => on("issue").because(reason.advice()),
            Some(reason) => reason.advice().into(),
            None => on("inspect"),
        }),
        WaitStatus::Gone(_) if goal != WaitFor::Expired => Some(on("send")),
        WaitStatus::Waiting => Some(on("inspect")),
        WaitStatus::Reached | WaitStatus::Gone(_) => None,
    }
}

impl Report for Waited {
    const SCHEMA: &str = "otpctl.wait/1";

    fn human(&self) -> Human {
        Human::Text(self.words.clone())
    }

    fn exit(&self) -> Exit {
        self.result.exit()
    }

    fn ids(&self) -> Ids<'_> {
        Ids { challenge: Some(&self.challenge_id), attempt: None }
    }

    fn hints(&self) -> Vec<Hint> {
        self.hint.iter().cloned().collect()
    }
}

crate::otp::schema::documents! { "otpctl.wait/1" => Waited }
