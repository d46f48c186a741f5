//! `send`: makes a code and sends it by SMS.

mod one;
mod plan;
mod report;

use async_trait::async_trait;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::CommandResult;
use super::batch::{BatchArgs, Column, Columns, Each, Line};
use super::code_options::CodeOptions;
use super::target::{Target, TargetArg, required};
use super::wait::goals;
use crate::app::{App, AskedRoute, Confirm};
use crate::error::{Error, Exit};
use crate::otp::text::TemplateError;
use crate::otp::{Channel, Code, Hint, WaitFor};
use crate::output::Output;
use report::Relayed;

/// Send a code by SMS
///
/// Limits are counted before the provider is called. The code itself is never printed; `issue` prints one.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A phone number, `user:ID`, or a `ph_…` reference
    #[arg(value_name = "PHONE|USER", required_unless_present = "from", conflicts_with = "from")]
    target: Option<TargetArg>,
    #[command(flatten)]
    sending: Sending,
    #[command(flatten)]
    many: BatchArgs,
}

/// How a code goes out, whoever made it.
#[derive(Debug, Clone, clap::Args)]
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
        conflicts_with = "from",
        value_parser = goals(&WAITED)
    )]
    wait: Option<WaitFor>,
}

/// What a send can wait for.
const WAITED: [WaitFor; 3] = [WaitFor::Accepted, WaitFor::Delivered, WaitFor::Verified];

impl Args {
    /// Whether it is about many phones.
    pub(super) fn is_batch(&self) -> bool {
        self.many.is_batch()
    }

    pub(super) async fn run<'a>(&'a self, app: &'a App) -> Result<Output<'a>, Error> {
        if let Some(many) = self.many.many(app, self).await? {
            return Ok(many);
        }
        let target = required(self.target.as_ref())?;
        let target = target.resolve_phone(app).await?;
        app.may_concern(&target.phone, &self.sending.asked_route())?;
        app.may_change(&format!("send a code to {}", target.shown(app)), Confirm::Yes).await?;
        let report = self.sending.one(app, &target, self.sending.idempotency_key.clone(), None).await?;
        Ok(Output::One(Box::new(report)))
    }
}

/// What a line may say of how its code goes out.
pub(super) const SENDING: &[Column] = &[
    Column::Purpose,
    Column::Lang,
    Column::Ttl,
    Column::User,
    Column::Channel,
    Column::Provider,
    Column::IdempotencyKey,
    Column::Reason,
];

impl Sending {
    fn asked_route(&self) -> AskedRoute<'_> {
        AskedRoute { purpose: &self.options.purpose, provider: self.provider.as_deref(), channel: self.channel }
    }

    /// With what a line says of its own.
    ///
    /// # Errors
    /// When a value of it is none.
    pub(super) fn of_line(&self, line: &Line) -> Result<Self, Error> {
        let mut own = Self { options: self.options.of_line(line)?, ..self.clone() };
        let provider = line.text(Column::Provider).map(str::to_owned);
        let channel = line.read(Column::Channel, |word| Channel::named(word).ok_or_else(no_channel))?;
        if provider.is_some() && channel.is_some() {
            return Err(Error::said(Exit::Usage, "this line names a provider and a channel; name one of them"));
        }
        if provider.is_some() || channel.is_some() {
            (own.provider, own.channel) = (provider, channel);
        }
        own.lang = line.text(Column::Lang).map(str::to_owned).or(own.lang);
        own.idempotency_key = line.read(Column::IdempotencyKey, key)?;
        Ok(own)
    }

    /// The options that must be the same where a batch is continued.
    pub(super) fn listed(&self) -> Vec<(&'static str, Option<String>)> {
        let mut listed = self.options.listed();
        listed.extend([
            ("provider", self.provider.clone()),
            ("channel", self.channel.map(|channel| channel.as_str().to_owned())),
            ("lang", self.lang.clone()),
            ("idempotency_key", self.idempotency_key.clone()),
        ]);
        listed
    }

    /// The key of a line: its own; else one of the key of all, so that the whole file can be given again; else the one that
    /// a checkpoint gives it.
    fn key_of(&self, of_all: Option<&String>, target: &Target, line: &Line) -> Option<String> {
        let of_phone = of_all.map(|key| format!("{key}/{}", target.phone.as_str()));
        self.idempotency_key.clone().or(of_phone).or_else(|| line.own_key().map(str::to_owned))
    }

    /// Sends to a line of a batch. `relayed`: the code of another server.
    ///
    /// # Errors
    /// As for one alone.
    pub(super) async fn for_line(
        &self,
        app: &App,
        target: &Target,
        line: &Line,
        relayed: Option<&Code>,
    ) -> CommandResult {
        target.is_a_phone(app).await?;
        let own = self.of_line(line)?;
        app.may_concern(&target.phone, &own.asked_route())?;
        let key = own.key_of(self.idempotency_key.as_ref(), target, line);
        let report = own.one(app, target, key, relayed).await?;
        Ok(if relayed.is_some() { Box::new(Relayed(report)) } else { Box::new(report) })
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
}

#[async_trait(?Send)]
impl Each for Args {
    fn columns(&self) -> Columns {
        Columns { more: SENDING, needed: &[] }
    }

    fn sends(&self) -> bool {
        true
    }

    fn question(&self, lines: &str) -> String {
        format!("send a code to {lines}")
    }

    fn options(&self) -> Vec<(&'static str, Option<String>)> {
        self.sending.listed()
    }

    async fn each(&self, app: &App, target: &Target, line: &Line) -> CommandResult {
        self.sending.for_line(app, target, line, None).await
    }
}

fn no_channel() -> String {
    format!("a channel is one of {}", Channel::ALL.map(Channel::as_str).join(", "))
}

fn wrong_text(error: TemplateError) -> Error {
    Error::new(Exit::Config, anyhow::Error::new(error)).hint(Hint::run(&["config", "check"]))
}

/// Reads `--channel`.
fn channels() -> impl TypedValueParser<Value = Channel> {
    PossibleValuesParser::new(Channel::ALL.map(Channel::as_str)).map(|word| Channel::named(&word).unwrap_or_default())
}

/// Reads `--idempotency-key`.
fn key(text: &str) -> Result<String, String> {
    if (1..=200).contains(&text.len()) && !text.chars().any(crate::otp::escape::is_unsafe) {
        return Ok(text.to_owned());
    }
    Err("a key has 1 to 200 printable bytes".to_owned())
}
