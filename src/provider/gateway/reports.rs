//! Reads the state of a message from an answer or from the reports that a gateway sends to the application.

use std::collections::BTreeMap;

use minijinja::Value as Jinja;
use minijinja::value::Serde;

use super::super::definition::{Reports, StateFields};
use super::super::reply::{DeliveryCallback, Malformed, WebhookBody, is_id};
use super::Gateway;
use crate::http::{AnswerFormat, Body, Expression, Scope, form_fields};
use crate::otp::redact::Redactor;
use crate::otp::{DeliveryReason, DeliveryReport, DeliveryState, Phone, ReportIds};

impl Gateway {
    /// What is reported about a message; `None` if there is no state.
    pub(super) fn report(&self, fields: &StateFields, scope: &Scope, redactor: &Redactor) -> Option<DeliveryReport> {
        let text = |expression: Option<&Expression>| expression.and_then(|expression| expression.text(scope));
        let word = fields.state.text(scope)?;
        let (code, words) = (text(fields.reason.as_ref()), text(fields.words.as_ref()));
        let reason = self.reason(code.as_deref(), words.as_deref());
        // Some gateways write the one where the other is wanted.
        let words = words.filter(|words| code.as_ref() != Some(words));
        Some(DeliveryReport {
            state: self.state(&word),
            word: redactor.clean(&word),
            reason,
            code: code.map(|code| redactor.clean(&code)),
            said: words.map(|words| redactor.clean(&words)),
            operator: text(fields.operator.as_ref()).map(|operator| redactor.clean(&operator)),
        })
    }

    /// A word as it is written in the definition, else in other capitals.
    fn state(&self, word: &str) -> Option<DeliveryState> {
        let states = &self.definition.delivery.states;
        let alike = || states.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, state)| state);
        states.get(word).or_else(alike).copied()
    }

    fn reason(&self, code: Option<&str>, words: Option<&str>) -> Option<DeliveryReason> {
        let known = &self.definition.delivery;
        let by_code = code.and_then(|code| known.reasons.get(code)).copied();
        let by_words = || {
            let said = [code, words].into_iter().flatten().collect::<Vec<_>>().join(" ").to_lowercase();
            known.phrases.iter().find(|(phrase, _)| said.contains(phrase.as_str())).map(|(_, reason)| *reason)
        };
        by_code.or_else(by_words)
    }

    /// Reads what the gateway sent to the application.
    pub(super) fn read_reports(&self, text: &str) -> Result<WebhookBody, Malformed> {
        let reports = self.definition.reports.as_ref().ok_or(Malformed::NotOffered)?;
        let items = reports.each.items(&self.handed_in(text));
        if items.is_empty() {
            return Err(Malformed::NoReport);
        }
        let (mut read, mut malformed) = (WebhookBody::default(), None);
        for scope in &items {
            match (self.other_event(reports, scope), self.handed(reports, scope)) {
                (Some(event), _) => read.other_events.push(event),
                (None, Ok(report)) => read.reports.push(report),
                (None, Err(error)) => malformed = malformed.or(Some(error)),
            }
        }
        // An event that cannot be read is skipped. Refused as a whole, all of them would be sent again forever.
        match malformed {
            Some(malformed) if read == WebhookBody::default() => Err(malformed),
            _ => Ok(read),
        }
    }

    /// What the gateway calls an event that is no delivery report.
    fn other_event(&self, reports: &Reports, scope: &Scope) -> Option<String> {
        let event = reports.event.as_ref()?.text(scope)?;
        (!reports.events.contains(&event)).then(|| self.client.redactor().clean(&event))
    }

    fn handed(&self, reports: &Reports, scope: &Scope) -> Result<DeliveryCallback, Malformed> {
        let id = reports.id.text(scope).filter(|id| is_id(id)).ok_or(Malformed::NoId)?;
        let report = self.report(&reports.fields, scope, self.client.redactor()).ok_or(Malformed::NoState)?;
        let phone = reports.phone.as_ref().and_then(|phone| phone.text(scope)).map(|phone| {
            let country = reports.country.filter(|_| !phone.starts_with('+'));
            let national = country.and_then(|country| Phone::parse(&phone, Some(country)).ok());
            national.map_or(phone, |national| national.as_str().to_owned())
        });
        Ok(DeliveryCallback { message_id: id, ids: ReportIds::Exact, phone, report })
    }

    /// JSON, also of a gateway that answers in XML; XML, also of one that answers in JSON; or the fields of a form or a
    /// query.
    fn handed_in(&self, text: &str) -> Jinja {
        let body = match Body::read(text.as_bytes(), AnswerFormat::Json) {
            Body::Text(text) if text.starts_with('<') => Body::read(text.as_bytes(), AnswerFormat::Xml),
            Body::Text(text) => Body::read(text.as_bytes(), self.client.format()),
            json @ Body::Tree(_) => json,
        };
        match body {
            Body::Text(text) if text.contains('=') => {
                Jinja::from(Serde(form_fields(&text).collect::<BTreeMap<String, String>>()))
            }
            body => body.value(),
        }
    }
}
