//! Tells the holders of phones that a mapping changed, where the file says so. The change is done by then, and nothing here
//! fails it.

use std::time::Duration;

use serde::Serialize;

use crate::app::{App, AskedRoute};
use crate::error::Error;
use crate::operations::{IssueRequest, NoticeEnd, Operations, SendRequest, SentNotice};
use crate::otp::text::{MessageTemplate, NoticeTemplate, PhoneChange};
use crate::otp::{Channel, Code, Hint, Phone, Purpose, UserId};

/// A provider gets so long for one notice.
const MOST: Duration = Duration::from_secs(8);
/// The purpose of a notice: it may have a route and settings of providers for itself.
const PURPOSE: &str = "notice";

/// Whether anybody is told.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct NoticeArgs {
    /// Send no text about the change (see `notify_on_change`)
    #[arg(long)]
    no_notify: bool,
}

/// One holder of a phone, and whether he was told.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Notified {
    phone: String,
    #[serde(rename = "ref")]
    reference: Option<String>,
    /// `sent`, `unknown`, `refused`, `failed`, or `dry_run`.
    state: &'static str,
    provider: Option<String>,
    why: Option<String>,
}

/// Tells holders of phones of changes.
pub(super) struct Notifier<'a> {
    app: &'a App,
}

impl NoticeArgs {
    /// `None`: nobody is told.
    ///
    /// # Errors
    /// When the settings are wrong.
    pub(super) fn notifier(self, app: &App) -> Result<Option<Notifier<'_>>, Error> {
        Ok((app.settings()?.user.notify_on_change && !self.no_notify).then_some(Notifier { app }))
    }
}

impl Notifier<'_> {
    /// Tells whoever has these phones.
    pub(super) async fn tell(
        &self,
        operations: &Operations<'_>,
        user: &UserId,
        phones: &[(Phone, bool)],
        change: PhoneChange,
    ) -> Vec<Notified> {
        let app = self.app;
        let mut told = Vec::with_capacity(phones.len());
        for (phone, typed) in phones {
            let shown = app.display(phone, *typed);
            let (state, notice) = if app.globals.dry_run {
                ("dry_run", None)
            } else {
                let asked = self.one(operations, user, phone, change).await;
                let notice = asked.unwrap_or_else(|error| SentNotice::failed(error.message()));
                (notice.end.as_str(), Some(notice))
            };
            if let Some(notice) = notice.as_ref().filter(|notice| notice.end != NoticeEnd::Sent) {
                let why = notice.why.as_deref().unwrap_or("no reason is known");
                let end = if notice.end == NoticeEnd::Unknown { "may not have been" } else { "was not" };
                app.printer.warning(&format!("{shown} {end} told of the change: {why}"));
            }
            let (provider, why) = notice.map_or((None, None), |notice| (notice.provider, notice.why));
            told.push(Notified { phone: shown, reference: app.reference(phone).await, state, provider, why });
        }
        told
    }

    /// Tells those whose user got another phone.
    pub(super) async fn tell_others(&self, operations: &Operations<'_>, user: &UserId, phone: &Phone) -> Vec<Notified> {
        match operations.readable_phones_of(user).await {
            Ok((links, _)) => {
                let others = links.into_iter().map(|(other, _)| (other, false)).filter(|(other, _)| other != phone);
                self.tell(operations, user, &others.collect::<Vec<_>>(), PhoneChange::Linked).await
            }
            Err(error) => {
                self.app.printer.warning(&format!("the other phones of the user were not told: {error}"));
                Vec::new()
            }
        }
    }

    async fn one(
        &self,
        operations: &Operations<'_>,
        user: &UserId,
        phone: &Phone,
        change: PhoneChange,
    ) -> Result<SentNotice, Error> {
        let app = self.app;
        let settings = app.settings()?;
        let purpose = Purpose::new(PURPOSE)?;
        let text = NoticeTemplate::new(&settings.message.notify);
        let text = text.and_then(|template| template.render(&settings.message.app, change));
        let mut route = app.route(phone, &AskedRoute::of(&purpose)).await?;
        // A template at a gateway is one for codes, and so are a call and a message of another channel.
        let takes_text =
            |provider: &dyn crate::provider::Provider| !provider.holds_text() && provider.channel() == Channel::Sms;
        route.steps.retain(|step| takes_text(step.provider.as_ref()));
        let (code, template) = (Code::none(), MessageTemplate::new("{{ code }}", None));
        let template = template.map_err(|error| Error::new(crate::error::Exit::Internal, error))?;
        let request = SendRequest {
            issue: IssueRequest {
                phone,
                purpose: &purpose,
                user: None,
                code: &code,
                peppers: app.peppers().await?,
                ttl: settings.code.ttl,
                max_tries: settings.code.max_attempts,
                elsewhere: false,
            },
            policy: &settings.policy,
            route: &route,
            template: &template,
            app: &settings.message.app,
            lang: None,
            idempotency_key: None,
            deadline: app.provider_deadline(MOST),
        };
        let why = match &text {
            Err(error) => Some(format!("`message.notify`: {error}")),
            Ok(_) if route.steps.is_empty() => {
                Some("every provider of the route sends its own template, which is for codes".to_owned())
            }
            Ok(_) => None,
        };
        if let Some(why) = why {
            operations.not_notified(&request, user, &why).await;
            return Ok(SentNotice::failed(why));
        }
        Ok(operations.notify(&request, user, &text.unwrap_or_default()).await)
    }
}

/// What a person is told of who was told.
pub(super) fn sentence(notified: Option<&Vec<Notified>>) -> String {
    let sent = notified.into_iter().flatten().filter(|one| matches!(one.state, "sent" | "dry_run"));
    let phones: Vec<&str> = sent.clone().map(|one| one.phone.as_str()).collect();
    let would = sent.clone().any(|one| one.state == "dry_run");
    match (phones.is_empty(), would) {
        (true, _) => String::new(),
        (false, false) => format!(" Told {} by SMS.", phones.join(", ")),
        (false, true) => format!(" Would tell {} by SMS.", phones.join(", ")),
    }
}

/// What to do where somebody was not told.
pub(super) fn hint(notified: Option<&Vec<Notified>>) -> Option<Hint> {
    let failed = notified?.iter().any(|one| one.state == "failed");
    failed.then(|| Hint::run(&["config", "check"]).because("shows what the text costs and who sends it"))
}
