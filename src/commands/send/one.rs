//! One send, from its options to its report.

use super::plan::Plan;
use super::report::{AskedSend, SentReport};
use super::{Sending, wrong_text};
use crate::app::{Act, App};
use crate::commands::target::Target;
use crate::commands::{SEND_TIMEOUT, wait};
use crate::error::Error;
use crate::operations::{Operations, SendRequest, Sent, WaitOutcome};
use crate::otp::record::Delivery;
use crate::otp::text::segments;
use crate::otp::{Code, NumberType};

impl Sending {
    /// `relayed`: the code of another server; `None`: a new one is made.
    pub(super) async fn one(
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
            deadline: app.provider_deadline(SEND_TIMEOUT),
        };
        let text = asked.text(code.expose()).map_err(wrong_text)?;
        if let Some(longer) = route.escalates_within().filter(|_| self.wait.is_some()) {
            app.takes_longer(longer);
        }
        let ((mut sent, watched), _) = app
            .audited(Act::on(&target.phone), async |operations| {
                let (sent, watched) = self.send_and_wait(app, target, &operations, (&asked, &text)).await?;
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
        let asked = AskedSend { purpose: &self.options.purpose, key, parts, plan };
        let report = SentReport::of(app, target, &sent, asked);
        Ok(report.waited_for(self.wait, target, watched.as_ref()))
    }

    /// Sends it, and waits for what was asked for.
    async fn send_and_wait(
        &self,
        app: &App,
        target: &Target,
        operations: &Operations<'_>,
        (asked, text): (&SendRequest<'_>, &str),
    ) -> Result<(Sent, Option<WaitOutcome>), Error> {
        let goes_on = self.wait.is_some() && asked.route.escalates_within().is_some();
        let (sent, doubt) = match operations.send(asked, text).await {
            Ok(sent) => {
                warn(app, target, &sent);
                (sent, None)
            }
            // Where the route goes on, whether this one went out may yet turn out not to matter.
            Err(error) => match Sent::in_doubt(&error).filter(|_| goes_on) {
                Some(sent) => {
                    app.printer.warning(&error.to_string());
                    (sent, Some(error))
                }
                None => return Err(error.into()),
            },
        };
        let watched = match self.wait {
            Some(goal) if !app.globals.dry_run && sent.unmarked.is_none() => {
                wait::after_send(app, operations, (asked, text), &sent, goal).await
            }
            _ => None,
        };
        match (&watched, doubt) {
            (Some(watched), _) if watched.is_in_doubt() => Err(watched.still_in_doubt().into()),
            (None, Some(error)) => Err(error.into()),
            _ => Ok((sent, watched)),
        }
    }
}

/// What a person should know of an SMS that was sent.
fn warn(app: &App, target: &Target, sent: &Sent) {
    if target.phone.kind() == NumberType::FixedLine {
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
