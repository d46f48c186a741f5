//! Reads the tables of a definition, one function each.

use toml::de::DeValue;

use super::error::{DefinitionError, Problem};
use super::language::{Expression, Fault, Template, Tree};
use super::reader::{Entry, Reader};
use super::{
    Auth, Aws, Body, ENCODING, EncodingChoice, MESSAGE, Method, Need, Request, Send, SettingSpec, SettingType,
};
use crate::otp::Country;

/// What expressions over an answer see; the last, the gateway's id of the message, only in the answer to `status`.
const ANSWER: [&str; 5] = ["status", "body", "headers", "phone", "id"];

/// What no setting can be called, besides the names above: keys that every provider has.
const RESERVED: [&str; 6] = ["base_url", "timeout", "kind", "definition", "name", "tls"];

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

fn fault(entry_path: &str, fault: Fault) -> Problem {
    let key = entry_path.to_owned();
    match fault {
        Fault::Syntax(why) => Problem::Expression { key, why },
        Fault::Undeclared(name, near) => Problem::Undeclared { key, name, near },
    }
}

pub(super) fn template(entry: Entry<'_>, names: &[&str]) -> Result<Template, DefinitionError> {
    let (text, path, at) = (entry.text, entry.path.clone(), entry.at);
    let source = entry.into_text()?;
    Template::read(source, names).map_err(|wrong| DefinitionError::at(text, at, fault(&path, wrong)))
}

pub(super) fn expression(entry: Entry<'_>, names: &[&str]) -> Result<Expression, DefinitionError> {
    let (text, path, at) = (entry.text, entry.path.clone(), entry.at);
    let source = entry.into_text()?;
    Expression::read(source, names).map_err(|wrong| DefinitionError::at(text, at, fault(&path, wrong)))
}

pub(super) fn answer(table: &mut Reader<'_>, key: &'static str) -> Result<Option<Expression>, DefinitionError> {
    table.take(key).map(|entry| expression(entry, &ANSWER)).transpose()
}

pub(super) fn required_answer(table: &mut Reader<'_>, key: &'static str) -> Result<Expression, DefinitionError> {
    expression(table.require(key)?, &ANSWER)
}

pub(super) fn settings(mut table: Reader<'_>) -> Result<Vec<SettingSpec>, DefinitionError> {
    let mut specs = Vec::new();
    for (name, entry) in table.rest() {
        let mut taken = MESSAGE.iter().chain(&ANSWER).chain(&RESERVED);
        if name != ENCODING && taken.any(|taken| *taken == name) {
            return Err(entry.problem(Problem::ReservedSetting(name)));
        }
        let mut words = entry.into_table()?;
        let holds = match words.take("type") {
            Some(entry) => entry.into_word(&[
                ("text", SettingType::Text),
                ("number", SettingType::Number),
                ("flag", SettingType::Flag),
                ("table", SettingType::Table),
            ])?,
            None => SettingType::Text,
        };
        let default = words.take("default").map(|entry| default(entry, holds)).transpose()?;
        specs.push(SettingSpec {
            name,
            holds,
            secret: words.flag("secret")?,
            required: words.flag("required")?,
            template: words.flag("template")?,
            help: words.text("help")?,
            default,
        });
        words.finish()?;
    }
    Ok(specs)
}

/// The value of a setting that is not set: of the setting's own type.
fn default(entry: Entry<'_>, holds: SettingType) -> Result<serde_json::Value, DefinitionError> {
    let (expected, fits): (_, fn(&serde_json::Value) -> bool) = match holds {
        SettingType::Text => ("a text, as its setting is", serde_json::Value::is_string),
        SettingType::Number => ("a whole number, as its setting is", serde_json::Value::is_i64),
        SettingType::Flag => ("true or false, as its setting is", serde_json::Value::is_boolean),
        SettingType::Table => ("a table, as its setting is", serde_json::Value::is_object),
        _ => ("a value of its setting's type", |_| true),
    };
    let wrong = entry.wrong(expected);
    let value = entry.into_json()?;
    if fits(&value) { Ok(value) } else { Err(wrong) }
}

pub(super) fn needs(entry: Entry<'_>, names: &Names<'_>) -> Result<Vec<Need>, DefinitionError> {
    let need = |item: Entry<'_>| {
        let mut table = item.into_table()?;
        let that = expression(table.require("that")?, &names.settings)?;
        let say = table.require("say")?.into_text()?;
        table.finish()?;
        Ok(Need { that, say })
    };
    entry.into_items()?.into_iter().map(need).collect()
}

pub(super) fn encoding(entry: Entry<'_>) -> Result<EncodingChoice, DefinitionError> {
    entry.into_word(&[("automatic", EncodingChoice::Automatic), ("told", EncodingChoice::Told)])
}

pub(super) fn countries(entry: Entry<'_>) -> Result<Vec<Country>, DefinitionError> {
    let wrong = entry.wrong("a list of countries such as [\"IN\"]");
    let countries = entry.into_words()?.iter().map(|word| word.parse()).collect::<Result<Vec<_>, _>>();
    countries.map_err(|_| wrong)
}

fn pairs(entry: Entry<'_>, names: &[&str]) -> Result<Vec<(String, Template)>, DefinitionError> {
    let fields = entry.into_table()?.rest().into_iter();
    fields.map(|(key, entry)| Ok((key, template(entry, names)?))).collect()
}

pub(super) fn auth(mut table: Reader<'_>, names: &Names<'_>) -> Result<Auth, DefinitionError> {
    let names = &names.settings;
    let basic = match table.table("basic")? {
        Some(mut basic) => {
            let pair = (template(basic.require("user")?, names)?, template(basic.require("password")?, names)?);
            basic.finish()?;
            Some(pair)
        }
        None => None,
    };
    let aws = table.table("aws")?.map(|table| aws(table, names)).transpose()?;
    let auth = Auth {
        bearer: table.take("bearer").map(|entry| template(entry, names)).transpose()?,
        basic,
        header: table.take("header").map(|entry| pairs(entry, names)).transpose()?.unwrap_or_default(),
        query: table.take("query").map(|entry| pairs(entry, names)).transpose()?.unwrap_or_default(),
        aws,
    };
    // Each of them writes the header `Authorization`: the last would win, and the others be lost unseen.
    if [auth.bearer.is_some(), auth.basic.is_some(), auth.aws.is_some()].iter().filter(|there| **there).count() > 1 {
        return Err(table.problem(Problem::TwoAuthorizations(table.path().to_owned())));
    }
    table.finish()?;
    Ok(auth)
}

fn aws(mut table: Reader<'_>, names: &[&str]) -> Result<Aws, DefinitionError> {
    let aws = Aws {
        service: template(table.require("service")?, names)?,
        region: template(table.require("region")?, names)?,
        access_key_id: template(table.require("access_key_id")?, names)?,
        secret_access_key: template(table.require("secret_access_key")?, names)?,
        session_token: table.take("session_token").map(|entry| template(entry, names)).transpose()?,
    };
    table.finish()?;
    Ok(aws)
}

pub(super) fn request(table: &mut Reader<'_>, names: &[&str]) -> Result<Request, DefinitionError> {
    let line = table.require("request")?;
    let (text, path_name, at) = (line.text, line.path.clone(), line.at);
    let wrong = |expected| DefinitionError::at(text, at, Problem::WrongType { key: path_name.clone(), expected });
    let line = line.into_text()?;
    let (method, path) = line.split_once(' ').ok_or_else(|| wrong("a method and a path: \"POST /messages\""))?;
    let method = match method {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        _ => return Err(wrong("GET, POST or PUT and a path")),
    };
    let path = path.strip_prefix('/').ok_or_else(|| wrong("a method and a path that begins with /"))?;
    let written = segments(path);
    if written.iter().any(|segment| !segment.contains("{{") && segment.contains(['?', '#'])) {
        return Err(wrong("a method and a path; what stands behind a ? goes into `query`"));
    }
    if written.iter().any(|segment| matches!(*segment, "." | "..")) {
        return Err(wrong("a method and a path without . and .."));
    }
    let read = |segment: &str| {
        Template::read(segment.to_owned(), names)
            .map_err(|error| DefinitionError::at(text, at, fault(&path_name, error)))
    };
    let path = written.into_iter().map(read).collect::<Result<_, _>>()?;
    let query = table.take("query").map(|entry| pairs(entry, names)).transpose()?.unwrap_or_default();
    let headers = table.take("headers").map(|entry| pairs(entry, names)).transpose()?.unwrap_or_default();
    let body = match (table.take("json"), table.take("form")) {
        (None, None) => Body::None,
        (Some(json), None) => Body::Json(tree(json, names)?),
        (None, Some(form)) => Body::Form(pairs(form, names)?),
        (Some(_), Some(_)) => return Err(table.problem(Problem::TwoBodies(table.path().to_owned()))),
    };
    Ok(Request { method, path, query, headers, body })
}

/// Splits a path at the slashes that are not inside `{{ … }}`.
fn segments(path: &str) -> Vec<&str> {
    let (mut found, mut start, mut at) = (Vec::new(), 0, 0);
    while let Some(next) = path[at..].find(['/', '{']).map(|next| at + next) {
        if path[next..].starts_with("{{") {
            at = path[next..].find("}}").map_or(path.len(), |end| next + end + 2);
        } else {
            if path[next..].starts_with('/') {
                found.push(&path[start..next]);
                start = next + 1;
            }
            at = next + 1;
        }
    }
    found.push(&path[start..]);
    found
}

fn tree(entry: Entry<'_>, names: &[&str]) -> Result<Tree, DefinitionError> {
    match entry.value {
        DeValue::String(_) => template(entry, names).map(Tree::Leaf),
        DeValue::Array(_) => {
            let items = entry.into_items()?.into_iter().map(|item| tree(item, names));
            items.collect::<Result<_, _>>().map(Tree::List)
        }
        DeValue::Table(_) => {
            let fields = entry.into_table()?.rest().into_iter();
            fields.map(|(key, entry)| Ok((key, tree(entry, names)?))).collect::<Result<_, _>>().map(Tree::Table)
        }
        _ => entry.into_json().map(Tree::Fixed),
    }
}

pub(super) fn send(mut table: Reader<'_>, names: &Names<'_>) -> Result<Send, DefinitionError> {
    let send = Send {
        request: request(&mut table, &names.message)?,
        accepted: required_answer(&mut table, "accepted")?,
        refused: answer(&mut table, "refused")?,
        doubtful: answer(&mut table, "doubtful")?,
        id: answer(&mut table, "id")?,
        id_optional: table.flag("id_optional")?,
        segments: answer(&mut table, "segments")?,
        idempotent: table.flag("idempotent")?,
    };
    table.finish()?;
    Ok(send)
}
