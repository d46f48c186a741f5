//! Reads `[errors]`, and lists of a gateway's words by what they mean.

use std::collections::BTreeMap;

use super::super::reply::Class;
use super::error::{DefinitionError, Problem};
use super::reader::Reader;
use super::sections::answer;
use super::{Errors, Unlisted};

pub(super) fn errors(mut table: Reader<'_>) -> Result<Errors, DefinitionError> {
    let lists = Class::ALL.map(|class| (class.as_str(), class));
    let mut errors =
        Errors { code: answer(&mut table, "code")?, message: answer(&mut table, "message")?, ..Errors::default() };
    if let Some(entry) = table.take("unlisted") {
        errors.unlisted = Some(entry.into_word(&[("refused", Unlisted::Refused), ("unknown", Unlisted::Unknown)])?);
    }
    if let Some(mut statuses) = table.table("statuses")? {
        errors.statuses = self::statuses(&mut statuses, &lists)?;
        statuses.finish()?;
    }
    if let Some(mut classes) = table.table("classes")? {
        if errors.code.is_none() {
            let what = "`errors.classes` has codes, and `errors.code` does not say where an answer has one";
            return Err(classes.problem(Problem::Invalid(what.to_owned())));
        }
        errors.classes = words_by_value(&mut classes, &lists)?.into_iter().collect();
        classes.finish()?;
    }
    if let Some(mut phrases) = table.table("phrases")? {
        let found = words_by_value(&mut phrases, &lists)?;
        errors.phrases = found.into_iter().map(|(phrase, class)| (phrase.to_lowercase(), class)).collect();
        phrases.finish()?;
    }
    if let Some(mut hints) = table.table("hints")? {
        errors.hints = hints
            .rest()
            .into_iter()
            .map(|(code, entry)| Ok((code, entry.into_text()?)))
            .collect::<Result<_, DefinitionError>>()?;
    }
    table.finish()?;
    Ok(errors)
}

/// Statuses that say that the request was not carried out: of a 2xx or a 5xx that is never sure.
fn statuses(table: &mut Reader<'_>, lists: &[(&'static str, Class)]) -> Result<BTreeMap<u16, Class>, DefinitionError> {
    let found = words_by_value(table, lists)?.into_iter().map(|(status, class)| {
        let number = status.parse().ok().filter(|number| (400..500).contains(number));
        number.map(|number: u16| (number, class)).ok_or_else(|| {
            let what = format!("`errors.statuses` takes 400 to 499, where nothing was sent, and not `{status}`");
            table.problem(Problem::Invalid(what))
        })
    });
    found.collect()
}

/// Reads `meaning = ["value", …]` lists; a value stands in one list only. The values come in the order of the text.
pub(super) fn words_by_value<T: Copy>(
    table: &mut Reader<'_>,
    lists: &[(&'static str, T)],
) -> Result<Vec<(String, T)>, DefinitionError> {
    let mut found: Vec<(usize, String, T)> = Vec::new();
    let mut listed: BTreeMap<String, &'static str> = BTreeMap::new();
    for (name, meaning) in lists {
        let Some(entry) = table.take(name) else { continue };
        let (text, at) = (entry.text, entry.at);
        for value in entry.into_words()? {
            if value.is_empty() {
                let problem = Problem::Invalid(format!("an empty text under `{name}` fits everything"));
                return Err(DefinitionError::at(text, at, problem));
            }
            if let Some(first) = listed.insert(value.clone(), name) {
                let problem = Problem::Twice { value, first: first.to_owned(), second: (*name).to_owned() };
                return Err(DefinitionError::at(text, at, problem));
            }
            found.push((at, value, *meaning));
        }
    }
    found.sort_by_key(|(at, _, _)| *at);
    Ok(found.into_iter().map(|(_, value, meaning)| (value, meaning)).collect())
}
