//! Reads what a definition says of everything after a send: status, balance, test and delivery reports.

use super::model::{Balance, DeliveryMap, Features, Feedback, Reports, Revoke, SenderKind, StateFields, Status, Test};
use super::refusals::by_code;
use super::sections::{Names, answer, required_answer, with_request};
use crate::http::{Each, ITEM, expression, request, template};
use crate::otp::{DeliveryReason, DeliveryState};
use crate::toml_tree::{ConfigError, Node, Table};

pub(super) fn delivery(table: &Table<'_>) -> Result<DeliveryMap, ConfigError> {
    table.only(&["states", "reasons", "phrases"])?;
    let mut map = DeliveryMap::default();
    if let Some(states) = table.table("states")? {
        let lists = DeliveryState::ALL.map(|state| (state.as_str(), state));
        map.states = by_code(&states, &lists)?.into_iter().collect();
        map.names_delivered = states.get("delivered").is_some();
    }
    let lists: Vec<_> = DeliveryReason::ALL.iter().map(|reason| (reason.as_str(), *reason)).collect();
    if let Some(reasons) = table.table("reasons")? {
        map.reasons = by_code(&reasons, &lists)?.into_iter().collect();
    }
    if let Some(phrases) = table.table("phrases")? {
        let found = by_code(&phrases, &lists)?.into_iter();
        map.phrases = found.map(|(phrase, reason)| (phrase.to_lowercase(), reason)).collect();
    }
    Ok(map)
}

pub(super) fn status(table: &Table<'_>, names: &Names<'_>) -> Result<Status, ConfigError> {
    table.only(&with_request(&["state", "reason", "words", "operator"]))?;
    let fields = StateFields {
        state: required_answer(table, "state")?,
        reason: answer(table, "reason")?,
        words: answer(table, "words")?,
        operator: answer(table, "operator")?,
    };
    Ok(Status { request: request(table, &names.delivery)?, fields })
}

pub(super) fn balance(table: &Table<'_>, names: &Names<'_>) -> Result<Balance, ConfigError> {
    table.only(&with_request(&["amount", "currency"]))?;
    Ok(Balance {
        request: request(table, &names.settings)?,
        amount: required_answer(table, "amount")?,
        currency: answer(table, "currency")?,
    })
}

pub(super) fn test(table: &Table<'_>, names: &Names<'_>) -> Result<Test, ConfigError> {
    table.only(&with_request(&["ok", "says"]))?;
    Ok(Test {
        request: request(table, &names.settings)?,
        ok: required_answer(table, "ok")?,
        says: answer(table, "says")?,
    })
}

pub(super) fn revoke(table: &Table<'_>, names: &Names<'_>) -> Result<Revoke, ConfigError> {
    table.only(&with_request(&["ok"]))?;
    Ok(Revoke { request: request(table, &names.delivery)?, ok: answer(table, "ok")? })
}

pub(super) fn feedback(table: &Table<'_>, names: &Names<'_>) -> Result<Feedback, ConfigError> {
    table.only(&with_request(&["base_url", "abandoned"]))?;
    Ok(Feedback {
        request: request(table, &[&names.delivery[..], &["verified"]].concat())?,
        base_url: table.get("base_url").map(|node| template(&node, &names.settings)).transpose()?,
        abandoned: table.flag("abandoned")?,
    })
}

pub(super) fn reports(table: &Table<'_>) -> Result<Reports, ConfigError> {
    table.only(&["each", "event", "events", "country", "id", "phone", "state", "reason", "words", "operator"])?;
    let read = |node: Node<'_>| expression(&node, &ITEM);
    let event = table.get("event").map(read).transpose()?;
    let events = match table.get("events") {
        None => Vec::new(),
        Some(node) if event.is_none() => {
            return Err(node.refuse("needs `event`: the expression for the name of an event"));
        }
        Some(node) => node.codes()?,
    };
    let country = match table.get("country") {
        None => None,
        Some(node) => {
            let country = node.text()?.parse();
            Some(country.map_err(|_| node.refuse("expected the two letters of a country, such as \"IN\""))?)
        }
    };
    Ok(Reports {
        each: Each::read(table)?,
        event,
        events,
        country,
        id: read(table.require("id")?)?,
        phone: table.get("phone").map(read).transpose()?,
        fields: StateFields {
            state: read(table.require("state")?)?,
            reason: table.get("reason").map(read).transpose()?,
            words: table.get("words").map(read).transpose()?,
            operator: table.get("operator").map(read).transpose()?,
        },
    })
}

pub(super) fn features(table: &Table<'_>) -> Result<Features, ConfigError> {
    table.only(&["senders", "dlt", "longest"])?;
    let kinds = SenderKind::ALL.map(|kind| (kind.as_str(), kind));
    let senders = match table.get("senders") {
        None => Vec::new(),
        Some(node) => node.list("kinds of senders")?.map(|item| item.one_of(&kinds)).collect::<Result<_, _>>()?,
    };
    let longest = table
        .get("longest")
        .map(|node| node.number(1..=u32::MAX).map_err(|_| node.refuse("expected a number of characters, 1 or more")));
    Ok(Features { senders, dlt: table.flag("dlt")?, longest: longest.transpose()? })
}
