//! Reads `[errors]`, and lists of a gateway's codes by what they mean.

use std::collections::BTreeMap;

use super::super::reply::Class;
use super::model::{Errors, Unlisted};
use super::sections::answer;
use crate::toml_tree::{ConfigError, Table};

pub(super) fn errors(table: &Table<'_>) -> Result<Errors, ConfigError> {
    table.only(&["code", "message", "unlisted", "statuses", "classes", "phrases", "hints"])?;
    let lists = Class::ALL.map(|class| (class.as_str(), class));
    let mut errors = Errors { code: answer(table, "code")?, message: answer(table, "message")?, ..Errors::default() };
    if let Some(node) = table.get("unlisted") {
        errors.unlisted = Some(node.one_of(&[("refused", Unlisted::Refused), ("unknown", Unlisted::Unknown)])?);
    }
    if let Some(statuses) = table.table("statuses")? {
        errors.statuses = self::statuses(&statuses, &lists)?;
    }
    if let Some(classes) = table.table("classes")? {
        if errors.code.is_none() {
            return Err(classes.refuse("needs `errors.code`: the expression for the code in an answer"));
        }
        errors.classes = by_code(&classes, &lists)?.into_iter().collect();
    }
    if let Some(phrases) = table.table("phrases")? {
        let found = by_code(&phrases, &lists)?.into_iter();
        errors.phrases = found.map(|(phrase, class)| (phrase.to_lowercase(), class)).collect();
    }
    if let Some(hints) = table.table("hints")? {
        let hints = hints.nodes().map(|node| Ok((node.name.to_owned(), node.text()?.to_owned())));
        errors.hints = hints.collect::<Result<_, ConfigError>>()?;
    }
    Ok(errors)
}

/// Statuses that say that the request was not carried out: of a 2xx or a 5xx that is never sure.
fn statuses(table: &Table<'_>, lists: &[(&'static str, Class)]) -> Result<BTreeMap<u16, Class>, ConfigError> {
    let found = by_code(table, lists)?.into_iter().map(|(status, class)| {
        let number = status.parse().ok().filter(|number| (400..500).contains(number));
        number.map(|number: u16| (number, class)).ok_or_else(|| {
            table.refuse(format!("expected statuses from 400 to 499, which mean not sent, found `{status}`"))
        })
    });
    found.collect()
}

/// Reads `meaning = ["code", …]` lists; a code is in one list only. The codes come in the order of the text.
pub(super) fn by_code<T: Copy>(
    table: &Table<'_>,
    lists: &[(&'static str, T)],
) -> Result<Vec<(String, T)>, ConfigError> {
    let names: Vec<&str> = lists.iter().map(|(name, _)| *name).collect();
    table.only(&names)?;
    let mut found: Vec<(String, T)> = Vec::new();
    let mut listed: BTreeMap<String, &str> = BTreeMap::new();
    for node in table.nodes() {
        let Some((_, meaning)) = lists.iter().find(|(name, _)| *name == node.name) else { continue };
        for code in node.codes()? {
            if code.is_empty() {
                return Err(node.refuse("an empty text matches everything"));
            }
            if let Some(first) = listed.insert(code.clone(), node.name) {
                return Err(node.refuse(format!("`{code}` is listed under `{first}` already")));
            }
            found.push((code, *meaning));
        }
    }
    Ok(found)
}
