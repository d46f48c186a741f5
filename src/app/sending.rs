//! What a send asks for beside the store: the providers of a route, the text, the time, and test numbers.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{App, machine, today};
use crate::config::{RouteEntry, Settings, TestNumber};
use crate::error::{Error, Exit};
use crate::operations::{Route, RouteStep};
use crate::otp::text::MessageTemplate;
use crate::otp::{Channel, Hint, Phone, Purpose};
use crate::provider::{self, Provider};

/// A provider's answer is not waited for until the very end of the command's time: so much is kept for writing it down.
const MARGIN: Duration = Duration::from_secs(1);

/// Providers that were opened for a send, by their names and what the codes are for: thousands of lines need no more.
pub(super) type Opened = RefCell<BTreeMap<(String, String), Arc<dyn Provider>>>;
/// Texts that were parsed, by their languages.
pub(super) type Templates = RefCell<BTreeMap<Option<String>, Rc<MessageTemplate>>>;

impl App {
    /// The providers for a phone: those of its route, or what was asked for instead. Nothing is ever sent to a test number.
    ///
    /// # Errors
    /// When one is not configured, or its settings are wrong, or the route has none of the channel.
    pub async fn route(&self, phone: &Phone, asked: &AskedRoute<'_>) -> Result<Route, Error> {
        let settings = self.settings()?;
        if let Some(number) = self.test_number(phone)? {
            let steps = vec![provider::open_test_number(number.outcome.clone()).into()];
            return Ok(Route { steps, why: "it is a test number: nothing is sent".to_owned(), ..Route::default() });
        }
        self.guard().await?;
        let only = asked.provider.map(|name| [RouteEntry { provider: name.to_owned(), unless_delivered: None }]);
        let (by_route, by) = settings.routes.of(phone, asked.purpose);
        let entries = only.as_ref().map_or(by_route, <[_; 1]>::as_slice);
        let why = if only.is_some() { "named".to_owned() } else { by.to_string() };
        let of_channel = |entry: &&RouteEntry| {
            let channel = settings.providers.get(&entry.provider).map(|configured| configured.channel);
            asked.channel.is_none() || asked.channel == channel
        };
        let entries: Vec<&RouteEntry> = entries.iter().filter(of_channel).collect();
        if let (Some(channel), true) = (asked.channel, entries.is_empty()) {
            return Err(none_of(settings, channel, &why));
        }
        let (failover_on_unknown, pass_over) = (settings.routes.failover_on_unknown, settings.routes.pass_over);
        let mut route = Route { why, failover_on_unknown, pass_over, ..Route::default() };
        for (place, entry) in entries.into_iter().enumerate() {
            let name = &entry.provider;
            self.may_show_codes(name)?;
            let provider = self.shared_provider(name, asked.purpose).await?;
            // The first is asked at once, whatever was before it in the file.
            let unless_delivered = entry.unless_delivered.filter(|_| place > 0);
            let configured = settings.providers.get(name);
            let price = configured.and_then(|own| own.price.as_ref()?.price(phone));
            route.steps.push(RouteStep { provider, unless_delivered, price });
            route.real |= configured.is_some_and(|configured| configured.kind.is_real());
        }
        Ok(route)
    }

    /// The same provider for all codes of a purpose.
    async fn shared_provider(&self, name: &str, purpose: &Purpose) -> Result<Arc<dyn Provider>, Error> {
        let key = (name.to_owned(), purpose.to_string());
        if let Some(known) = self.providers.borrow().get(&key) {
            return Ok(Arc::clone(known));
        }
        let opened: Arc<dyn Provider> = self.provider_for(name, Some(purpose)).await?.into();
        Ok(Arc::clone(self.providers.borrow_mut().entry(key).or_insert(opened)))
    }

    /// One provider, opened. Nothing is connected to.
    ///
    /// # Errors
    /// When it is not configured, or its settings are wrong.
    pub async fn provider(&self, name: &str) -> Result<Box<dyn Provider>, Error> {
        self.provider_for(name, None).await
    }

    /// The same with the settings that it has for codes of a purpose.
    async fn provider_for(&self, name: &str, purpose: Option<&Purpose>) -> Result<Box<dyn Provider>, Error> {
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
            machine: machine(),
            path: self.env.get("PATH").unwrap_or_default().to_owned(),
        };
        let resolved = configured.resolve(purpose, &self.fetch()).await?;
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
    pub fn template(&self, lang: Option<&str>) -> Result<Rc<MessageTemplate>, Error> {
        let key = lang.map(str::to_owned);
        if let Some(known) = self.templates.borrow().get(&key) {
            return Ok(Rc::clone(known));
        }
        let parsed = Rc::new(self.parsed_template(lang)?);
        self.templates.borrow_mut().insert(key, Rc::clone(&parsed));
        Ok(parsed)
    }

    fn parsed_template(&self, lang: Option<&str>) -> Result<MessageTemplate, Error> {
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

    /// Whether another line of a batch can still be done in the command's time.
    #[must_use]
    pub fn has_time(&self) -> bool {
        Instant::now() + MARGIN.min(self.globals.timeout / 4) * 2 < self.deadline()
    }

    /// The last moment for a provider's answer to a send that begins now and may take so long.
    #[must_use]
    pub fn provider_deadline(&self, most: Duration) -> Instant {
        let end = self.deadline().min(Instant::now() + most);
        let margin = MARGIN.min(self.globals.timeout / 4);
        end.checked_sub(margin).unwrap_or(end)
    }
}

/// Which providers a send is to go to.
#[derive(Debug, Clone, Copy)]
pub struct AskedRoute<'a> {
    /// What the code is for.
    pub purpose: &'a Purpose,
    /// This one, instead of those of the route.
    pub provider: Option<&'a str>,
    /// Only those of the route that are on this channel.
    pub channel: Option<Channel>,
}

impl<'a> AskedRoute<'a> {
    /// The route of a purpose, as the file has it.
    #[must_use]
    pub fn of(purpose: &'a Purpose) -> Self {
        Self { purpose, provider: None, channel: None }
    }
}

/// That a route leads to nobody on a channel.
fn none_of(settings: &Settings, channel: Channel, route: &str) -> Error {
    let why = format!("no provider of the channel `{channel}` is in this route ({route})");
    let configured = settings.providers.iter().find(|(_, own)| own.channel == channel).map(|(name, _)| name);
    Error::said(Exit::Config, why).hint(match configured {
        Some(name) => Hint::run(&["send"]).arg("PHONE").option("--provider", name).because("it is in another route"),
        None => Hint::run(&["provider", "list", "--all", "--json"]).because("shows the channel of each kind"),
    })
}

/// The file, to stand before a message about it.
fn place(settings: &Settings) -> String {
    settings.path.as_ref().map(|path| format!("{}: ", path.display())).unwrap_or_default()
}
