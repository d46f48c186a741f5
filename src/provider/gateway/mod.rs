//! The gateway that any definition describes: makes the requests of a message, and says what the answers mean.

mod answer;
mod ask;
mod reports;

use async_trait::async_trait;
use minijinja::Value as Jinja;
use tokio::time::Instant;

use super::definition::{Definition, ENCODING, GatewayPhoneFormat, MESSAGE};
use super::open_error::OpenError;
use super::reply::{Amount, Class, Indeterminate, Malformed, ProviderReply, QueryResult, Refusal, WebhookBody};
use super::{Capabilities, Context, Provider};
use crate::http::{Client, Exchange, NoToken, NotBuilt, Prepared, Scope, Settings};
use crate::otp::redact::Redactor;
use crate::otp::text::segments;
use crate::otp::{Channel, Country, DeliveryReport, Message, Phone};

/// One gateway, opened with the user's settings.
struct Gateway {
    name: String,
    definition: Definition,
    client: Client,
}

/// Opens one gateway.
///
/// # Errors
/// The first setting that is missing, unknown, or of another type, and settings that are wrong together.
pub(super) fn open(
    name: &str,
    definition: Definition,
    settings: &Settings,
    context: &Context,
) -> Result<Box<dyn Provider>, OpenError> {
    let client = definition.service.open(settings, &MESSAGE, &context.machine)?;
    Ok(Box::new(Gateway { name: name.to_owned(), definition, client }))
}

#[async_trait]
impl Provider for Gateway {
    fn name(&self) -> &str {
        &self.name
    }

    fn channel(&self) -> Channel {
        self.definition.channel
    }

    fn holds_text(&self) -> bool {
        self.definition.template_sender
    }

    fn capabilities(&self) -> Capabilities {
        self.definition.can()
    }

    fn is_idempotent(&self) -> bool {
        self.definition.send.idempotent
    }

    fn refuses(&self, message: &Message<'_>) -> Option<Refusal> {
        self.prepared(message).err()
    }

    async fn send(&self, message: &Message<'_>, deadline: Instant) -> ProviderReply {
        let (request, mut redactor) = match self.prepared(message) {
            Ok(prepared) => prepared,
            Err(refusal) => return ProviderReply::Refused(refusal),
        };
        match self.client.send(request, deadline, &mut redactor).await {
            Exchange::Answered(answer) => self.judge(answer, message, &redactor),
            Exchange::Late => ProviderReply::Refused(Refusal::late()),
            Exchange::NoToken(why) => ProviderReply::Refused(without_token(why)),
            Exchange::NotSent(why) => ProviderReply::Refused(Refusal::new(Class::Unreachable, why)),
            Exchange::Doubtful(why) => ProviderReply::Unknown(Indeterminate { why }),
        }
    }

    async fn status(&self, message_id: &str, to: &Phone, deadline: Instant) -> QueryResult<DeliveryReport> {
        self.ask_status(message_id, to, deadline).await
    }

    async fn balance(&self, deadline: Instant) -> QueryResult<Amount> {
        self.ask_balance(deadline).await
    }

    async fn test(&self, deadline: Instant) -> QueryResult<Option<String>> {
        self.ask_test(deadline).await
    }

    async fn revoke(&self, message_id: &str, to: &Phone, deadline: Instant) -> QueryResult<()> {
        self.take_back(message_id, to, deadline).await
    }

    async fn feedback(&self, message_id: &str, to: &Phone, verified: bool, deadline: Instant) -> QueryResult<()> {
        self.tell(message_id, to, verified, deadline).await
    }

    fn reports(&self, body: &str) -> Result<WebhookBody, Malformed> {
        self.read_reports(body)
    }
}

impl Gateway {
    /// The request, and what hides its secrets; or why there can be none.
    fn prepared(&self, message: &Message<'_>) -> Result<(Prepared, Redactor), Refusal> {
        if let Some(refusal) = self.out_of_reach(message).or_else(|| self.too_long(message)) {
            return Err(refusal);
        }
        let mut redactor = self.client.redactor().clone();
        redactor.secret(message.code.expose());
        redactor.phone(message.to);
        let request = self.request(message, &mut redactor);
        // The reason quotes neither a template nor a value.
        request.map(|request| (request, redactor)).map_err(|error| Refusal::new(Class::Other, error.to_string()))
    }

    fn request(&self, message: &Message<'_>, redactor: &mut Redactor) -> Result<Prepared, NotBuilt> {
        let mut scope = variables(message, self.written(message.to));
        let filled = self.client.filled(&scope)?;
        for setting in self.definition.service.settings() {
            scope.remove(&setting.name);
        }
        scope.extend(filled);
        self.client.prepare(&self.definition.send.request, scope, redactor)
    }

    /// A number of a country that the gateway does not reach; written without its country it may be a stranger's.
    fn out_of_reach(&self, message: &Message<'_>) -> Option<Refusal> {
        let countries = &self.definition.countries;
        if countries.is_empty() || message.to.country().is_some_and(|country| countries.contains(&country)) {
            return None;
        }
        let named: Vec<_> = countries.iter().map(Country::as_str).collect();
        let why =
            format!("{} accepts only numbers of {}, so no request was made", self.definition.title, named.join(", "));
        let advice = Some("route this country to another provider".to_owned());
        Some(Refusal { advice, ..Refusal::new(Class::Region, why) })
    }

    /// A text of more characters than one request may hold.
    fn too_long(&self, message: &Message<'_>) -> Option<Refusal> {
        let longest = self.definition.features.longest.filter(|_| !self.definition.template_sender)?;
        let length = message.text.chars().count();
        if u32::try_from(length).is_ok_and(|length| length <= longest) {
            return None;
        }
        let title = &self.definition.title;
        let why = format!("{title} accepts {longest} characters and the text has {length}, so no request was made");
        let advice = Some("shorten the text".to_owned());
        Some(Refusal { advice, ..Refusal::new(Class::Content, why) })
    }

    /// A number as the gateway writes it.
    fn written(&self, phone: &Phone) -> String {
        match self.definition.phone {
            GatewayPhoneFormat::E164 => phone.as_str().to_owned(),
            GatewayPhoneFormat::Digits => phone.digits().to_owned(),
            GatewayPhoneFormat::National => phone.national().to_owned(),
        }
    }
}

/// Nothing was sent where there is no access token.
fn without_token(why: NoToken) -> Refusal {
    match why {
        NoToken::Refused(why) => Refusal::new(Class::Credentials, why),
        NoToken::Unavailable(why) => Refusal::new(Class::Unreachable, why),
    }
}

/// What a message gives to templates: [`super::definition::MESSAGE`].
fn variables(message: &Message<'_>, phone: String) -> Scope {
    Scope::from([
        ("phone".to_owned(), Jinja::from(phone)),
        ("calling_code".to_owned(), Jinja::from(message.to.calling_code().to_string())),
        ("national".to_owned(), Jinja::from(message.to.national())),
        ("text".to_owned(), Jinja::from(message.text)),
        ("code".to_owned(), Jinja::from(message.code.expose())),
        ("app".to_owned(), Jinja::from(message.app)),
        ("ttl_minutes".to_owned(), Jinja::from(message.ttl_minutes)),
        ("purpose".to_owned(), Jinja::from(message.purpose)),
        ("lang".to_owned(), message.lang.map(Jinja::from).unwrap_or_default()),
        ("challenge_id".to_owned(), Jinja::from(message.challenge_id)),
        (ENCODING.to_owned(), Jinja::from(segments(message.text).encoding.as_str())),
    ])
}
