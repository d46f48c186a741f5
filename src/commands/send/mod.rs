//! `send`: makes a code and sends it by SMS.

mod plan;

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Serialize;

use super::CommandResult;
use super::batch::{Batch, Each};
use super::code_options::CodeOptions;
use super::delivery_fields::DeliveryFields;
use super::target::{Target, TargetArg};
use super::wait::{self, Ended, goals};
use crate::app::{Act, App, AskedRoute, Confirm};
use crate::error::{Error, Exit};
use crate::operations::{SendRequest, Sent, WaitOutcome};
use crate::otp::record::{Delivery, State};
use crate::otp::text::{TemplateError, segments};
use crate::otp::time::{rfc3339, rfc3339_or_null};
use crate::otp::{Channel, Code, Hint, Moment, WaitFor};
use crate::output::{Human, Ids, Output, Report, when};
use plan::Plan;

/// Send a code by SMS
///
/// Limits are counted before the provider is called. The code itself is never printed; `issue` prints one.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A phone number, `user:ID`, or a `ph_…` reference
    #[arg(value_name = "PHONE|USER", required_unless_present = "from")]
    target: Option<TargetArg>,
    /// Send to each line of a file, or of stdin (`-`)
    ///
    /// Exits with 19 if some lines failed.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["target", "wait"])]
    from: Option<PathBuf>,
    #[command(flatten)]
    sending: Sending,
}

/// How a code goes out, whoever made it.
#[derive(Debug, clap::Args)]
pub(super) struct Sending {
    /// Use this provider instead of the route's
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Use only the route's providers of this channel
    ///
    /// One of sms, whatsapp, telegram, voice and rcs.
    #[arg(long, value_name = "CHANNEL", value_parser = channels(), hide_possible_values = true, conflicts_with = "provider")]
    channel: Option<Channel>,
    /// Language of the text
    #[arg(long)]
    lang: Option<String>,
    #[command(flatten)]
    options: CodeOptions,
    /// Repeating with the same key sends no second SMS
    ///
    /// It prints the first result again. With --from, each line has a key of its own.
    #[arg(long, value_name = "KEY", value_parser = key)]
    idempotency_key: Option<String>,
    /// Then wait until the SMS is delivered, or for WHAT
    ///
    /// Exits with 17 if the SMS is not delivered, and with 18 if that is not known when the time limit is reached.
    #[arg(
        long,
        value_name = "WHAT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "delivered",
        value_parser = goals(&WAITED)
    )]
    wait: Option<WaitFor>,
}

/// What a send can wait for.
const WAITED: [WaitFor; 3] = [WaitFor::Accepted, WaitFor::Delivered, WaitFor::Verified];

#[derive(Serialize)]
struct SentReport {
    challenge_id: Option<String>,
    phone: String,
    country: Option<String>,
    user: Option<String>,
    purpose: String,
    state: Option<&'static str>,
    provider: Option<String>,
    provider_message_id: Option<String>,
    segments: Option<u32>,
    #[serde(serialize_with = "rfc3339")]
    created_at: Moment,
    #[serde(serialize_with = "rfc3339")]
    expires_at: Moment,
    superseded_challenge_id: Option<String>,
    #[serde(serialize_with = "rfc3339_or_null")]
    resend_allowed_at: Option<Moment>,
    sends_left_today: Option<u32>,
    replayed: bool,
    dry_run: bool,
    idempotency_key: Option<String>,
    plan: Option<Plan>,
    /// How the wait ended; `null` where none was asked for.
    wait_result: Option<Ended>,
    #[serde(flatten)]
    delivery_fields: DeliveryFields,
    /// What comes after a send.
    #[serde(skip)]
    next: Hint,
    /// Another server made the code, and checks it.
    #[serde(skip)]
    elsewhere: bool,
    /// How the wait ended, for people, and what to do then.
    #[serde(skip)]
    waited: Option<(String, Option<Hint>)>,
}

impl Args {
    /// Whether it is about many phones.
    pub(super) fn is_batch(&self) -> bool {
        self.from.is_some()
    }

    pub(super) async fn run<'a>(&'a self, app: &'a App) -> Result<Output<'a>, Error> {
        let target = match (&self.target, &self.from) {
            (Some(target), _) => target.resolve_phone(app).await?,
            (None, from) => {
                let from = from.as_deref().unwrap_or(Path::new("-"));
                app.may_change(&format!("send a code to each line of {}", from.display()), Confirm::Yes).await?;
                return Ok(Output::Many(Box::new(Batch::open(app, from, self).await?)));
            }
        };
        app.may_concern(&target.phone, &self.sending.asked_route())?;
        app.may_change(&format!("send a code to {}", target.shown(app)), Confirm::Yes).await?;
        let report = self.sending.one(app, &target, self.sending.idempotency_key.clone(), None).await?;
        Ok(Output::One(Box::new(report)))
    }
}

impl Sending {
    fn asked_route(&self) -> AskedRoute<'_> {
        AskedRoute { purpose: &self.options.purpose, provider: self.provider.as_deref(), channel: self.channel }
    }

    /// Refuses what the role of the file may do with some phones only.
    ///
    /// # Errors
    /// When it may not.
    pub(super) fn may_concern(&self, app: &App, target: &Target) -> Result<(), Error> {
        app.may_concern(&target.phone, &self.asked_route())
    }

    /// Sends the code of another server, which nothing is kept of.
    ///
    /// # Errors
    /// When it is not allowed, or was not sent, or that is not known.
    pub(super) async fn relay(&self, app: &App, target: &Target, code: &Code) -> CommandResult {
        app.may_change(&format!("send a code to {}", target.shown(app)), Confirm::Yes).await?;
        Ok(Box::new(Relayed(self.one(app, target, self.idempotency_key.clone(), Some(code)).await?)))
    }

    /// `relayed`: the code of another server; `None`: a new one is made.
    async fn one(
        &self,
        app: &App,
        target: &Target,
        key: Option<String>,
        relayed: Option<&Code>,
    ) -> Result<SentReport, Error> {
        self.send(app, target, key.as_deref(), relayed).await.map_err(|mut error| {
            error.details.idempotency_key = key;
            target.failed(app, error)
        })
    }

    #[expect(clippy::too_many_lines, reason = "one send, from its options to its report")]
    async fn send(
        &self,
        app: &App,
        target: &Target,
        key: Option<&str>,
        relayed: Option<&Code>,
    ) -> Result<SentReport, Error> {
        let settings = app.settings()?;
        let route = app.route(&target.phone, &self.asked_route()).await?;
        let template = app.template(self.lang.as_deref())?;
        let code = match relayed {
            Some(code) => code.clone(),
            None => self.options.code(app, target).await?,
        };
        let issue = match relayed {
            Some(code) => self.options.relay(app, target, code).await?,
            None => self.options.issue(app, target, &code).await?,
        };
        let asked = SendRequest {
            issue,
            policy: &settings.policy,
            route: &route,
            template: &template,
            app: &settings.message.app,
            lang: self.lang.as_deref(),
            idempotency_key: key,
            deadline: app.provider_deadline(super::SEND_TIMEOUT),
        };
        let text = asked.text(code.expose()).map_err(wrong_text)?;
        let longer = route.escalates_within();
        if let Some(longer) = longer.filter(|_| self.wait.is_some()) {
            app.takes_longer(longer);
        }
        let ((mut sent, watched), _) = app
            .audited(Act::on(&target.phone), async |operations| {
                let (sent, doubt) = match operations.send(&asked, &text).await {
                    Ok(sent) => {
                        warn(app, target, &sent);
                        (sent, None)
                    }
                    // Where the route goes on, whether this one went out may yet turn out not to matter.
                    Err(error) => match Sent::in_doubt(&error).filter(|_| self.wait.and(longer).is_some()) {
                        Some(sent) => {
                            app.printer.warning(&error.to_string());
                            (sent, Some(error))
                        }
                        None => return Err(error.into()),
                    },
                };
                let watched = match self.wait {
                    Some(goal) if !app.globals.dry_run && sent.unmarked.is_none() => {
                        wait::after_send(app, &operations, (&asked, &text), &sent, goal).await
                    }
                    _ => None,
                };
                match (&watched, doubt) {
                    (Some(watched), _) if watched.is_in_doubt() => {
                        return Err(watched.still_in_doubt().into());
                    }
                    (None, Some(error)) => return Err(error.into()),
                    _ => {}
                }
                let ids = vec![sent.challenge.id.clone()];
                Ok(((sent, watched), ids))
            })
            .await?;
        let plan = if app.globals.dry_run { Some(Plan::of(&asked, &code, &sent)?) } else { None };
        // Of a text that the provider holds, only the provider knows how long it is.
        let parts = (!route.holds_text()).then(|| u32::try_from(segments(&text).segments).unwrap_or(u32::MAX));
        if let Some(watched) = &watched {
            sent.challenge = watched.challenge.clone();
        }
        let report = self.report(app, target, &sent, (plan, parts, key));
        Ok(self.waited(report, target, watched.as_ref()))
    }

    /// A wait that could not be made has the end of one that was too short.
    fn waited(&self, report: SentReport, target: &Target, watched: Option<&WaitOutcome>) -> SentReport {
        let Some(goal) = self.wait.filter(|_| !report.dry_run) else { return report };
        let waited = watched.map(|watched| {
            let mut hint = wait::hint(target, goal, watched);
            if let (Ended::Timeout, Some(id)) = (Ended::of(watched.standing), &report.challenge_id) {
                hint = Some(Hint::run(&["wait"]).arg(id).option("--for", goal.as_str()));
            }
            (wait::words(&report.phone, goal, watched), hint)
        });
        let wait_result = watched.map_or(Ended::Timeout, |watched| Ended::of(watched.standing));
        SentReport { wait_result: Some(wait_result), waited, ..report }
    }

    fn report(
        &self,
        app: &App,
        target: &Target,
        sent: &Sent,
        asked: (Option<Plan>, Option<u32>, Option<&str>),
    ) -> SentReport {
        let (plan, parts, key) = asked;
        let challenge = &sent.challenge;
        let delivery = challenge.delivery.clone();
        let dry_run = app.globals.dry_run;
        SentReport {
            challenge_id: (!dry_run).then(|| challenge.id.clone()),
            phone: target.shown(app),
            country: target.phone.country().map(|country| country.to_string()),
            user: challenge.user.as_ref().map(ToString::to_string),
            purpose: self.options.purpose.to_string(),
            state: (!dry_run).then(|| challenge.state.as_str()),
            segments: delivery.as_ref().and_then(|delivery| delivery.segments).or(parts),
            provider: delivery.as_ref().map(|delivery| delivery.provider.clone()),
            provider_message_id: delivery.and_then(|delivery| delivery.message_id),
            created_at: challenge.created_at,
            expires_at: challenge.expires_at,
            superseded_challenge_id: sent.superseded.clone(),
            resend_allowed_at: Some(sent.resend_allowed_at()),
            sends_left_today: sent.budget.left,
            replayed: sent.replayed,
            dry_run,
            idempotency_key: key.map(str::to_owned),
            plan,
            wait_result: None,
            delivery_fields: DeliveryFields::of(challenge.delivery.as_ref()),
            next: if challenge.is_checked_elsewhere() {
                let told = target.hint("outcome").arg("verified").option("--challenge", &challenge.id);
                told.because("once it was typed there")
            } else {
                target.hint_for("verify", &self.options.purpose)
            },
            elsewhere: challenge.is_checked_elsewhere(),
            waited: None,
        }
    }
}

/// What a person should know of an SMS that was sent.
fn warn(app: &App, target: &Target, sent: &Sent) {
    if target.phone.kind() == crate::otp::NumberType::FixedLine {
        app.printer.warning("this is a fixed line; most cannot receive SMS");
    }
    if let Some(detail) = sent.challenge.delivery.as_ref().and_then(|delivery| delivery.detail.as_deref())
        && !sent.replayed
    {
        app.printer.warning(detail);
    }
    if let Some(error) = &sent.unmarked {
        let noun = sent.challenge.delivery.as_ref().map_or("the message", Delivery::noun);
        app.printer.warning(&format!("{noun} was sent, but that could not be recorded: {error}"));
    }
}

#[async_trait(?Send)]
impl Each for Args {
    async fn each(&self, app: &App, target: &Target) -> CommandResult {
        target.is_a_phone(app).await?;
        app.may_concern(&target.phone, &self.sending.asked_route())?;
        // The key of a line is its own, so that the whole file can be given again.
        let key = self.sending.idempotency_key.as_ref().map(|key| format!("{key}/{}", target.phone.as_str()));
        Ok(Box::new(self.sending.one(app, target, key, None).await?))
    }
}

fn wrong_text(error: TemplateError) -> Error {
    Error::new(Exit::Config, anyhow::Error::new(error)).hint(Hint::run(&["config", "check"]))
}

impl Report for SentReport {
    const SCHEMA: &str = "otpctl.send/1";

    fn human(&self) -> Human {
        let Some(plan) = &self.plan else {
            let by = self.provider.as_deref().map(|name| format!(" by {name}")).unwrap_or_default();
            let again = if self.replayed { " before, under the same key" } else { "" };
            let waited = self.waited.as_ref().map(|(words, _)| format!("\n{words}")).unwrap_or_default();
            if self.elsewhere {
                let phone = &self.phone;
                return Human::Text(format!(
                    "Sent the code to {phone}{by}{again}. The server that made it checks it.{waited}"
                ));
            }
            return Human::Text(format!(
                "Sent a code to {}{by}{again}. It expires {}.{waited}",
                self.phone,
                when(self.expires_at, self.created_at)
            ));
        };
        Human::Screen(
            format!("Would send a code to {}; nothing was sent or stored.", self.phone),
            vec![("plan", plan.table((self.created_at, self.expires_at), self.user.as_deref()))],
        )
    }

    fn exit(&self) -> Exit {
        self.wait_result.map_or(Exit::Ok, Ended::exit)
    }

    fn ids(&self) -> Ids<'_> {
        Ids { challenge: self.challenge_id.as_deref(), attempt: None }
    }

    fn hints(&self) -> Vec<Hint> {
        if let (Some((_, hint)), false) = (&self.waited, self.wait_result == Some(Ended::Reached)) {
            return hint.iter().cloned().collect();
        }
        match (&self.challenge_id, self.state) {
            (Some(_), Some(state)) if state == State::Sent.as_str() => vec![self.next.clone()],
            _ => Vec::new(),
        }
    }
}

/// Reads `--channel`.
fn channels() -> impl TypedValueParser<Value = Channel> {
    PossibleValuesParser::new(Channel::ALL.map(Channel::as_str)).map(|word| Channel::named(&word).unwrap_or_default())
}

/// The same of a code that another server made.
#[derive(Serialize)]
#[serde(transparent)]
struct Relayed(SentReport);

impl Report for Relayed {
    const SCHEMA: &str = "otpctl.deliver/1";

    fn human(&self) -> Human {
        self.0.human()
    }

    fn exit(&self) -> Exit {
        self.0.exit()
    }

    fn ids(&self) -> Ids<'_> {
        self.0.ids()
    }

    fn hints(&self) -> Vec<Hint> {
        self.0.hints()
    }
}

/// Reads `--idempotency-key`.
fn key(text: &str) -> Result<String, String> {
    if (1..=200).contains(&text.len()) && !text.chars().any(crate::otp::escape::is_unsafe) {
        return Ok(text.to_owned());
    }
    Err("a key has 1 to 200 printable bytes".to_owned())
}
