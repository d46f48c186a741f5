//! `send`: makes a code and sends it by SMS.

mod one;
mod plan;
mod report;

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::CommandResult;
use super::batch::{Batch, Each};
use super::code_options::CodeOptions;
use super::target::{Target, TargetArg};
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
