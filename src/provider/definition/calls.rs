//! Reads what a definition says of everything after a send: status, balance, test and delivery reports.

use std::collections::BTreeMap;

use super::error::{DefinitionError, Problem};
use super::language::Expression;
use super::reader::{Entry, Reader};
use super::refusals::words_by_value;
use super::sections::{Names, answer, expression, request, required_answer};
use super::{Features, Request, SenderKind};
use crate::otp::{Country, DeliveryReason, DeliveryState};

/// What expressions over one report see: the whole body, the report, and what it lies in.
const REPORT: [&str; 3] = ["body", "item", "outer"];

/// What the gateway's words for states and reasons mean, in answers and in reports.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::provider) struct Words {
    pub(in crate::provider) states: BTreeMap<String, DeliveryState>,
    pub(in crate::provider) reasons: BTreeMap<String, DeliveryReason>,
    /// Parts of the words of a reason, in lower case, in the order of the definition: the first that is found decides.
    pub(in crate::provider) phrases: Vec<(String, DeliveryReason)>,
}

/// How to ask what became of a message.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::provider) struct Status {
    pub(in crate::provider) request: Request,
    pub(in crate::provider) says: Says,
}

/// Where an answer or a report says how the message stands.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::provider) struct Says {
    pub(in crate::provider) state: Expression,
    /// The code of the reason.
    pub(in crate::provider) reason: Option<Expression>,
    /// The reason in the gateway's words.
    pub(in crate::provider) words: Option<Expression>,
}

/// How to ask what is left on the account.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::provider) struct Balance {
    pub(in crate::provider) request: Request,
    pub(in crate::provider) amount: Expression,
    pub(in crate::provider) currency: Option<Expression>,
}

/// One call that costs nothing and shows that the settings work.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::provider) struct Test {
    pub(in crate::provider) request: Request,
    pub(in crate::provider) ok: Expression,
    pub(in crate::provider) says: Option<Expression>,
}

/// How the gateway's delivery reports to the application are read.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::provider) struct Reports {
    /// From the body to the reports in it, a list a step; none: the body is one report.
    pub(in crate::provider) each: Vec<Expression>,
    /// What the gateway calls the event; without a value, or without this, it is a report.
    pub(in crate::provider) event: Option<Expression>,
    /// The events that are reports.
    pub(in crate::provider) events: Vec<String>,
    /// The country of numbers that are written without their country code.
    pub(in crate::provider) country: Option<Country>,
    pub(in crate::provider) id: Expression,
    pub(in crate::provider) phone: Option<Expression>,
    pub(in crate::provider) says: Says,
}

pub(super) fn words(mut table: Reader<'_>) -> Result<Words, DefinitionError> {
    let mut words = Words::default();
    if let Some(mut states) = table.table("states")? {
        let lists = DeliveryState::ALL.map(|state| (state.as_str(), state));
        words.states = words_by_value(&mut states, &lists)?.into_iter().collect();
        states.finish()?;
    }
    let lists: Vec<_> = DeliveryReason::ALL.iter().map(|reason| (reason.as_str(), *reason)).collect();
    if let Some(mut reasons) = table.table("reasons")? {
        words.reasons = words_by_value(&mut reasons, &lists)?.into_iter().collect();
        reasons.finish()?;
    }
    if let Some(mut phrases) = table.table("phrases")? {
        let found = words_by_value(&mut phrases, &lists)?.into_iter();
        words.phrases = found.map(|(phrase, reason)| (phrase.to_lowercase(), reason)).collect();
        phrases.finish()?;
    }
    table.finish()?;
    Ok(words)
}

pub(super) fn status(mut table: Reader<'_>, names: &Names<'_>) -> Result<Status, DefinitionError> {
    let request = request(&mut table, &names.delivery)?;
    let says = Says {
        state: required_answer(&mut table, "state")?,
        reason: answer(&mut table, "reason")?,
        words: answer(&mut table, "words")?,
    };
    table.finish()?;
    Ok(Status { request, says })
}

pub(super) fn balance(mut table: Reader<'_>, names: &Names<'_>) -> Result<Balance, DefinitionError> {
    let balance = Balance {
        request: request(&mut table, &names.settings)?,
        amount: required_answer(&mut table, "amount")?,
        currency: answer(&mut table, "currency")?,
    };
    table.finish()?;
    Ok(balance)
}

pub(super) fn test(mut table: Reader<'_>, names: &Names<'_>) -> Result<Test, DefinitionError> {
    let test = Test {
        request: request(&mut table, &names.settings)?,
        ok: required_answer(&mut table, "ok")?,
        says: answer(&mut table, "says")?,
    };
    table.finish()?;
    Ok(test)
}

pub(super) fn reports(mut table: Reader<'_>) -> Result<Reports, DefinitionError> {
    let read = |entry: Entry<'_>| expression(entry, &REPORT);
    let each = match table.take("each") {
        None => Vec::new(),
        Some(entry) => entry.into_items()?.into_iter().map(read).collect::<Result<_, _>>()?,
    };
    let event = table.take("event").map(read).transpose()?;
    let events = match table.take("events") {
        None => Vec::new(),
        Some(entry) if event.is_none() => {
            let what = "`report.events` has names of events, and `report.event` does not say where one has its name";
            return Err(entry.problem(Problem::Invalid(what.to_owned())));
        }
        Some(entry) => entry.into_words()?,
    };
    let country = match table.take("country") {
        None => None,
        Some(entry) => {
            let wrong = entry.wrong("a country such as \"IN\"");
            Some(entry.into_text()?.parse().map_err(|_| wrong)?)
        }
    };
    let reports = Reports {
        each,
        event,
        events,
        country,
        id: read(table.require("id")?)?,
        phone: table.take("phone").map(read).transpose()?,
        says: Says {
            state: read(table.require("state")?)?,
            reason: table.take("reason").map(read).transpose()?,
            words: table.take("words").map(read).transpose()?,
        },
    };
    table.finish()?;
    Ok(reports)
}

pub(super) fn features(mut table: Reader<'_>) -> Result<Features, DefinitionError> {
    let kind = |item: Entry<'_>| item.into_word(&SenderKind::ALL.map(|kind| (kind.as_str(), kind)));
    let senders = match table.take("senders") {
        None => Vec::new(),
        Some(entry) => entry.into_items()?.into_iter().map(kind).collect::<Result<_, _>>()?,
    };
    let longest = match table.take("longest") {
        None => None,
        Some(entry) => {
            let wrong = entry.wrong("a number of characters, 1 or more");
            let number = entry.into_json()?.as_u64().and_then(|number| u32::try_from(number).ok());
            Some(number.filter(|number| *number > 0).ok_or(wrong)?)
        }
    };
    let features = Features { senders, dlt: table.flag("dlt")?, longest };
    table.finish()?;
    Ok(features)
}
