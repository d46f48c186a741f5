//! The engine that sends by any definition: fills in the request, makes one exchange, reads the answer.

mod answer;
mod ask;
mod body;
mod exchange;
mod open;
mod reports;
mod request;
mod signature;

use std::time::Duration;

use async_trait::async_trait;
use minijinja::Value as Jinja;
use minijinja::value::Serde;
use reqwest::Url;
use tokio::time::Instant;

pub(super) use open::open;

use super::definition::{Definition, PhoneFormat, Scope, Tree};
use super::outcome::{Amount, Asked, Class, HandedIn, Malformed, Outcome, Refusal};
use super::redact::Redactor;
use super::{Abilities, Clock, Provider};
use crate::otp::{Country, DeliveryReport, Message, Phone};
use exchange::Exchange;

/// One gateway, opened with the user's settings.
struct Gateway {
    name: String,
    definition: Definition,
    /// The settings as templates see them, but for those that are templates themselves.
    settings: Scope,
    /// The settings that are templates over the message's variables.
    templates: Vec<(String, Tree)>,
    base: Url,
    timeout: Duration,
    clock: Clock,
    /// Knows the secret settings.
    redactor: Redactor,
}

#[async_trait]
impl Provider for Gateway {
    fn name(&self) -> &str {
        &self.name
    }

    fn holds_text(&self) -> bool {
        self.definition.template_sender
    }

    fn can(&self) -> Abilities {
        self.definition.can()
    }

    fn is_idempotent(&self) -> bool {
        self.definition.send.idempotent
    }

    async fn send(&self, message: &Message<'_>, deadline: Instant) -> Outcome {
        if let Some(refusal) = self.out_of_reach(message) {
            return Outcome::Refused(refusal);
        }
        let mut redactor = self.redactor.clone();
        redactor.secret(message.code.expose());
        redactor.phone(message.to);
        let request = match self.request(message, &mut redactor) {
            Ok(request) => request,
            // Nothing was sent, and the reason quotes neither a template nor a value.
            Err(error) => return Outcome::Refused(Refusal::new(Class::Other, error.to_string())),
        };
        let end = deadline.min(Instant::now() + self.timeout);
        match exchange::run(request, end, &redactor).await {
            Exchange::Answered(answer) => self.judge(answer, message, &redactor),
            Exchange::NotSent(why) => Outcome::Refused(Refusal::new(Class::Unreachable, why)),
            Exchange::Doubtful(doubt) => Outcome::Unknown(doubt),
        }
    }

    async fn status(&self, message_id: &str, to: &Phone, deadline: Instant) -> Asked<DeliveryReport> {
        self.ask_status(message_id, to, deadline).await
    }

    async fn balance(&self, deadline: Instant) -> Asked<Amount> {
        self.ask_balance(deadline).await
    }

    async fn test(&self, deadline: Instant) -> Asked<Option<String>> {
        self.ask_test(deadline).await
    }

    fn reports(&self, body: &str) -> Result<Vec<HandedIn>, Malformed> {
        self.read_reports(body)
    }
}

impl Gateway {
    fn request(&self, message: &Message<'_>, redactor: &mut Redactor) -> Result<reqwest::Request, request::NotBuilt> {
        let mut scope = variables(message, self.written(message.to));
        let filled = self.templates.iter().map(|(name, tree)| Ok((name.clone(), fill(tree, &scope)?)));
        let filled = filled.collect::<Result<Vec<_>, request::NotBuilt>>()?;
        scope.extend(self.settings.clone());
        scope.extend(filled);
        let definition = &self.definition;
        request::build(&self.base, &definition.send.request, &definition.auth, &scope, (self.clock)(), redactor)
    }

    /// A number of a country that the gateway does not reach; written without its country it may be a stranger's.
    fn out_of_reach(&self, message: &Message<'_>) -> Option<Refusal> {
        let countries = &self.definition.countries;
        if countries.is_empty() || message.to.country().is_some_and(|country| countries.contains(&country)) {
            return None;
        }
        let named: Vec<_> = countries.iter().map(Country::as_str).collect();
        let why = format!("{} takes numbers of {} only, so it was not asked", self.definition.title, named.join(", "));
        let advice = Some("route this country to another provider".to_owned());
        Some(Refusal { advice, ..Refusal::new(Class::Region, why) })
    }

    /// A number as the gateway writes it.
    fn written(&self, phone: &Phone) -> String {
        match self.definition.phone {
            PhoneFormat::E164 => phone.as_str().to_owned(),
            PhoneFormat::Digits => phone.digits().to_owned(),
            PhoneFormat::National => phone.national().to_owned(),
        }
    }
}

fn fill(tree: &Tree, scope: &Scope) -> Result<Jinja, request::NotBuilt> {
    Ok(tree.render(scope)?.map(|value| Jinja::from(Serde(&value))).unwrap_or_default())
}

/// What a message gives to templates: [`super::definition::MESSAGE`].
fn variables(message: &Message<'_>, phone: String) -> Scope {
    Scope::from([
        ("phone".to_owned(), Jinja::from(phone)),
        ("text".to_owned(), Jinja::from(message.text)),
        ("code".to_owned(), Jinja::from(message.code.expose())),
        ("app".to_owned(), Jinja::from(message.app)),
        ("ttl_minutes".to_owned(), Jinja::from(message.ttl_minutes)),
        ("purpose".to_owned(), Jinja::from(message.purpose)),
        ("lang".to_owned(), message.lang.map(Jinja::from).unwrap_or_default()),
        ("challenge_id".to_owned(), Jinja::from(message.challenge_id)),
    ])
}
