//! Reads the tables of a definition, one function each.

use super::model::{MESSAGE, REPLACEABLE, Send, WarningRule};
use crate::http::{Expression, REQUEST, SettingSpec, expression, request};
use crate::otp::{Country, suggest};
use crate::toml_tree::{ConfigError, Node, Table};

/// What expressions over an answer see; the last, the gateway's id of the message, only in the answer to `status`.
const ANSWER: [&str; 5] = ["status", "body", "headers", "phone", "id"];

/// What no setting can be called.
pub(super) fn taken() -> Vec<&'static str> {
    MESSAGE.into_iter().filter(|name| !REPLACEABLE.contains(name)).chain(["id"]).collect()
}

/// The keys of a table that has a request, and these.
pub(super) fn with_request<'k>(more: &[&'k str]) -> Vec<&'k str> {
    REQUEST.into_iter().chain(more.iter().copied()).collect()
}

/// The names that each kind of template may use.
pub(super) struct Names<'a> {
    pub(super) settings: Vec<&'a str>,
    message: Vec<&'a str>,
    pub(super) delivery: Vec<&'a str>,
}

impl<'a> Names<'a> {
    pub(super) fn new(settings: &'a [SettingSpec]) -> Self {
        let settings: Vec<&str> = settings.iter().map(|spec| spec.name.as_str()).collect();
        let with = |more: &[&'a str]| settings.iter().chain(more).copied().collect();
        Self { message: with(&MESSAGE), delivery: with(&["id", "phone"]), settings }
    }
}

pub(super) fn answer(table: &Table<'_>, key: &str) -> Result<Option<Expression>, ConfigError> {
    table.get(key).map(|node| expression(&node, &ANSWER)).transpose()
}

pub(super) fn required_answer(table: &Table<'_>, key: &str) -> Result<Expression, ConfigError> {
    expression(&table.require(key)?, &ANSWER)
}

pub(super) fn warnings(node: &Node<'_>, names: &Names<'_>) -> Result<Vec<WarningRule>, ConfigError> {
    let rule = |item: Node<'_>| {
        let table = item.table()?;
        table.only(&["setting", "when", "say", "hint"])?;
        let setting = table.require("setting")?;
        let name = setting.text()?;
        if !names.settings.contains(&name) {
            let meant = suggest::meant(name, names.settings.iter().copied());
            return Err(setting.refuse(format!("unknown setting `{name}`{meant}")));
        }
        Ok(WarningRule {
            setting: name.to_owned(),
            when: expression(&table.require("when")?, &names.settings)?,
            say: table.require("say")?.text()?.to_owned(),
            hint: table.text("hint")?.map(str::to_owned),
        })
    };
    node.list("tables, each under [[warnings]]")?.map(rule).collect()
}

pub(super) fn countries(node: &Node<'_>) -> Result<Vec<Country>, ConfigError> {
    let expected = "expected the two letters of a country, such as \"IN\"";
    let country = |item: Node<'_>| item.text()?.parse().map_err(|_| item.refuse(expected));
    node.list("countries such as [\"IN\"]")?.map(country).collect()
}

pub(super) fn send(table: &Table<'_>, names: &Names<'_>) -> Result<Send, ConfigError> {
    let own = ["accepted", "refused", "doubtful", "id", "id_optional", "segments", "idempotent"];
    table.only(&with_request(&own))?;
    Ok(Send {
        request: request(table, &names.message)?,
        accepted: required_answer(table, "accepted")?,
        refused: answer(table, "refused")?,
        doubtful: answer(table, "doubtful")?,
        id: answer(table, "id")?,
        id_optional: table.flag("id_optional")?,
        segments: answer(table, "segments")?,
        idempotent: table.flag("idempotent")?,
    })
}
