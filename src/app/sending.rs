//! What a send asks for beside the store: the providers of a route, the text, the time, and test numbers.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{App, clock, today};
use crate::config::{Settings, TestNumber};
use crate::error::{Error, Exit};
use crate::operations::Route;
use crate::otp::text::MessageTemplate;
use crate::otp::{Hint, Phone};
use crate::provider::{self, Provider};

/// A provider's answer is not waited for until the very end of the command's time: so much is kept for writing it down.
const MARGIN: Duration = Duration::from_secs(1);

impl App {
    /// The providers for a phone: those of its route, or the one that was named. Nothing is ever sent to a test number.
    ///
    /// # Errors
    /// When one is not configured, or its settings are wrong.
    pub async fn route(&self, phone: &Phone, provider: Option<&str>) -> Result<Route, Error> {
        let settings = self.settings()?;
        if let Some(number) = self.test_number(phone)? {
            let steps = vec![provider::open_test_number(number.outcome.clone()).into()];
            return Ok(Route { steps, why: "it is a test number: nothing is sent".to_owned(), ..Route::default() });
        }
        self.guard().await?;
        let only = provider.map(|name| [name.to_owned()]);
        let (by_route, by) = settings.routes.of(phone);
        let names = only.as_ref().map_or(by_route, <[_; 1]>::as_slice);
        let why = if only.is_some() { "named".to_owned() } else { by.to_string() };
        let (failover_on_unknown, pass_over) = (settings.routes.failover_on_unknown, settings.routes.pass_over);
        let mut route = Route { why, failover_on_unknown, pass_over, ..Route::default() };
        for name in names {
            self.may_show_codes(name)?;
            route.steps.push(self.provider(name).await?.into());
            route.real |= settings.providers.get(name).is_some_and(|configured| configured.kind.is_real());
        }
        Ok(route)
    }

    /// One provider, opened. Nothing is connected to.
    ///
    /// # Errors
    /// When it is not configured, or its settings are wrong.
    pub async fn provider(&self, name: &str) -> Result<Box<dyn Provider>, Error> {
        let settings = self.settings()?;
        if name == provider::TEST_NUMBER {
            return Ok(provider::open_test_number(provider::TestOutcome::Accepted));
        }
        let configured = settings.providers.get(name).ok_or_else(|| {
            let known: Vec<&str> = settings.providers.keys().map(String::as_str).collect();
            Error::said(Exit::Config, format!("no provider `{name}` is configured, only: {}", known.join(", ")))
                .hint(Hint::run(&["provider", "list"]))
        })?;
        let printer = self.printer.clone();
        let context = provider::Context {
            console: Arc::new(move |text| printer.show(text)),
            clock: clock(),
            path: self.env.get("PATH").unwrap_or_default().to_owned(),
        };
        let resolved = configured.resolve(&self.fetch()).await?;
        configured.kind.open(name, resolved, &context).map_err(|error| {
            let place = place(settings);
            let fix = error.fix().unwrap_or_else(|| Hint::run(&["config", "check"]));
            Error::said(Exit::Config, format!("{place}[providers.{name}]: {error}")).hint(fix)
        })
    }

    /// The text of the SMS in a language.
    ///
    /// # Errors
    /// When there is none for it, or the template is wrong.
    pub fn template(&self, lang: Option<&str>) -> Result<MessageTemplate, Error> {
        let settings = self.settings()?;
        let message = &settings.message;
        let source = match lang {
            None => &message.text,
            Some(lang) => message.lang.get(lang).ok_or_else(|| {
                let known: Vec<&str> = message.lang.keys().map(String::as_str).collect();
                let known = if known.is_empty() { "none is configured".to_owned() } else { known.join(", ") };
                Error::said(Exit::Usage, format!("there is no text for the language `{lang}`: {known}"))
                    .hint("a language has its text in the file, under [message.lang.hi]")
            })?,
        };
        MessageTemplate::new(source, message.host.as_deref()).map_err(|error| {
            let key = lang.map_or_else(|| "message.text".to_owned(), |lang| format!("message.lang.{lang}.text"));
            Error::said(Exit::Config, format!("{}`{key}`: {error}", place(settings)))
                .hint(Hint::run(&["config", "check"]))
        })
    }

    /// The fixed code of a test number, where the phone is one that still is.
    ///
    /// # Errors
    /// When the settings are wrong.
    pub fn test_number(&self, phone: &Phone) -> Result<Option<&TestNumber>, Error> {
        let today = today();
        let numbers = &self.settings()?.test_numbers;
        Ok(numbers.iter().find(|number| number.phone == *phone && number.holds_on(today)))
    }

    /// The last moment for a provider's answer to a send that begins now and may take so long.
    #[must_use]
    pub fn provider_deadline(&self, most: Duration) -> Instant {
        let end = self.deadline().min(Instant::now() + most);
        let margin = MARGIN.min(self.globals.timeout / 4);
        end.checked_sub(margin).unwrap_or(end)
    }
}

/// The file, to stand before a message about it.
fn place(settings: &Settings) -> String {
    settings.path.as_ref().map(|path| format!("{}: ", path.display())).unwrap_or_default()
}
