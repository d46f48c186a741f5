//! One message through one session, and the one question where that fails: was any of it taken?

use std::time::Duration;

use async_trait::async_trait;
use rusmpp_core::CommandId;
use rusmpp_core::pdus::owned::{Pdu, SubmitSm};
use rusmpp_core::types::owned::AnyOctetString;
use rusmpp_core::values::InterfaceVersion;
use tokio::time::Instant;

use super::super::open_error::OpenError;
use super::super::reply::{
    Class, Indeterminate, Malformed, ProviderReply, QueryResult, Receipt, Refusal, WebhookBody, is_id,
};
use super::account::{Account, Long};
use super::connect::connect;
use super::session::{Session, nothing};
use super::wire::{Body, Frame};
use super::{codes, receipt, submit};
use crate::http::{Setting, Settings};
use crate::otp::redact::Redactor;
use crate::otp::{DeliveryReport, Message, Phone};
use crate::provider::{Capabilities, Provider};

/// The longest that opening a session may take: name, TCP, TLS and bind.
const BOUND: Duration = Duration::from_secs(15);

/// A session that is not open this long before the deadline is abandoned: then it is certain that nothing was sent.
const MARGIN: Duration = Duration::from_millis(250);

/// An account at an SMSC, opened.
pub(super) struct Smsc {
    name: String,
    pub(super) account: Account,
    /// Knows the secret settings.
    pub(super) redactor: Redactor,
}

pub(in crate::provider) fn open(name: &str, settings: &Settings) -> Result<Box<dyn Provider>, OpenError> {
    let known = super::settings();
    settings.only(&known.iter().map(|spec| spec.name.as_str()).collect::<Vec<_>>())?;
    let account = Account::read(settings)?;
    let mut redactor = Redactor::default();
    redactor.secret(account.password.expose());
    for setting in settings.0.values() {
        if let Setting::Secret(secret) = setting {
            redactor.secret(secret.expose());
        }
    }
    Ok(Box::new(Smsc { name: name.to_owned(), account, redactor }))
}

#[async_trait]
impl Provider for Smsc {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        super::CAPABILITIES
    }

    fn warning(&self) -> Option<String> {
        self.account.warning().map(str::to_owned)
    }

    fn refuses(&self, message: &Message<'_>) -> Option<Refusal> {
        self.requests(message).err()
    }

    async fn send(&self, message: &Message<'_>, deadline: Instant) -> ProviderReply {
        let mut redactor = self.redactor.clone();
        redactor.secret(message.code.expose());
        redactor.phone(message.to);
        let requests = match self.requests(message) {
            Ok(requests) => requests,
            Err(refusal) => return ProviderReply::Refused(refusal),
        };
        let end = deadline.min(Instant::now() + self.account.timeout);
        let mut session = match self.bound(end, &redactor).await {
            Ok(session) => session,
            Err(refusal) => return ProviderReply::Refused(refusal),
        };
        let outcome = self.submit(&mut session, requests, message, end, &redactor).await;
        tracing::debug!(outcome = outcome.as_str(), "answered");
        session.end(end).await;
        outcome
    }

    async fn status(&self, message_id: &str, to: &Phone, deadline: Instant) -> QueryResult<DeliveryReport> {
        self.ask_status(message_id, to, deadline).await
    }

    async fn test(&self, deadline: Instant) -> QueryResult<Option<String>> {
        self.ask_test(deadline).await
    }

    fn reports(&self, body: &str) -> Result<WebhookBody, Malformed> {
        receipt::handed_in(body, &self.account.manner, &self.redactor).map(WebhookBody::from)
    }
}

impl Smsc {
    fn requests(&self, message: &Message<'_>) -> Result<Vec<SubmitSm>, Refusal> {
        submit::requests(message, &self.account).map_err(|why| Refusal::new(Class::Content, why))
    }

    /// An open session. If opening it fails, no message was sent.
    pub(super) async fn bound(&self, end: Instant, redactor: &Redactor) -> Result<Session, Refusal> {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Refusal::late());
        }
        let stands = Instant::now() + BOUND.min(left.saturating_sub(MARGIN.min(left / 10)));
        let place = &self.account.place;
        tracing::debug!(host = %redactor.clean(&place.host), port = place.port, "asking the SMSC");
        let mut session = Session::over(connect(place, stands).await.map_err(|why| unreachable(&why, redactor))?);
        let answer = session.ask(self.bind(), stands, &mut nothing).await.map_err(|why| unreachable(&why, redactor))?;
        if answer.status == 0 {
            return Ok(session);
        }
        session.end(end).await;
        let mut refusal = codes::refusal(answer.status, &self.account.errors, None, redactor);
        if refusal.class == Class::Credentials {
            let long = self.account.warning().map(|warning| format!("; {warning}"));
            refusal.advice = refusal.advice.map(|advice| advice + &long.unwrap_or_default());
        }
        Err(refusal)
    }

    fn bind(&self) -> Pdu {
        let account = &self.account;
        let command_id = if account.transmitter { CommandId::BindTransmitter } else { CommandId::BindTransceiver };
        // Written by hand (SMPP 3.4 §4.1.1, §4.1.5): the library takes no password of more than 8 characters, and some
        // SMSCs give such.
        let mut body = Vec::new();
        for text in [account.system_id.as_str(), account.password.expose(), account.system_type.as_str()] {
            body.extend_from_slice(text.as_bytes());
            body.push(0);
        }
        // The version; TON, NPI and range of addresses are for the SMSC to know.
        body.extend([u8::from(InterfaceVersion::Smpp3_4), 0, 0, 0]);
        Pdu::Other { command_id, body: AnyOctetString::from_vec(body) }
    }

    /// Submits the segments one after the other: the next only when the one before was accepted.
    async fn submit(
        &self,
        session: &mut Session,
        requests: Vec<SubmitSm>,
        message: &Message<'_>,
        end: Instant,
        redactor: &Redactor,
    ) -> ProviderReply {
        let parts = requests.len();
        let mut ids = Vec::with_capacity(parts);
        for request in requests {
            let answer = session.ask(request.into(), end, &mut nothing).await;
            let refusal = match answer.map(|answer| self.taken(&answer, message, redactor)) {
                Ok(Taken::Yes(id)) => {
                    ids.push(id);
                    continue;
                }
                Ok(Taken::No(refusal)) => refusal,
                Ok(Taken::Unclear) => return doubt("the answer to the message cannot be read", redactor),
                Err(why) => return doubt(&why, redactor),
            };
            if ids.is_empty() {
                return ProviderReply::Refused(refusal);
            }
            let code = refusal.code.as_deref().unwrap_or_default();
            let why = format!(
                "{} of {parts} segments were accepted; the next was not: {} ({code})",
                ids.len(),
                refusal.message
            );
            return doubt(&why, redactor);
        }
        tracing::debug!(ids = ?ids, "all segments were accepted");
        // How many the SMSC makes of one request, it does not say.
        let segments = u32::try_from(parts).ok().filter(|_| self.account.long != Long::Payload);
        ProviderReply::Accepted(Receipt { id: ids.into_iter().next().flatten(), segments, report: None })
    }

    fn taken(&self, answer: &Frame, message: &Message<'_>, redactor: &Redactor) -> Taken {
        let response = match &answer.body {
            Body::Read(pdu) => match &**pdu {
                Pdu::SubmitSmResp(response) => Some(response),
                _ => None,
            },
            Body::Empty | Body::Unreadable => None,
        };
        if answer.status != 0 {
            let said = response.and_then(|response| submit::words(response.tlvs()));
            return Taken::No(codes::refusal(answer.status, &self.account.errors, said.as_deref(), redactor));
        }
        let Some(response) = response else { return Taken::Unclear };
        let id = response.message_id().as_str();
        let fit = is_id(id) && id != message.code.expose() && !self.redactor.finds_in(id);
        Taken::Yes(fit.then(|| id.to_owned()))
    }
}

/// What an SMSC made of one part.
enum Taken {
    /// Its id, where it gave one.
    Yes(Option<String>),
    No(Refusal),
    Unclear,
}

fn unreachable(why: &str, redactor: &Redactor) -> Refusal {
    let advice =
        Some("check host, port and tls, the network, and from which addresses the account may be used".to_owned());
    Refusal { advice, ..Refusal::new(Class::Unreachable, redactor.clean(why)) }
}

fn doubt(why: &str, redactor: &Redactor) -> ProviderReply {
    ProviderReply::Unknown(Indeterminate { why: redactor.clean(why) })
}
