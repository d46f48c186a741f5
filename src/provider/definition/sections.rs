//! Reads the tables of a definition, one function each.

use toml::de::DeValue;

use super::language::{Expression, Template, Tree};
use super::model::{
    Auth, Aws, Body, ENCODING, MESSAGE, Method, Request, Requirement, Send, SettingSpec, SettingType, WarningRule,
};
use crate::otp::{Country, suggest};
use crate::toml_tree::{ConfigError, Node, Table};

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

pub(super) fn template(node: &Node<'_>, names: &[&str]) -> Result<Template, ConfigError> {
    Template::read(node.text()?.to_owned(), names).map_err(|fault| node.refuse(fault.to_string()))
}

pub(super) fn expression(node: &Node<'_>, names: &[&str]) -> Result<Expression, ConfigError> {
    Expression::read(node.text()?.to_owned(), names).map_err(|fault| node.refuse(fault.to_string()))
}

fn optional_template(table: &Table<'_>, key: &str, names: &[&str]) -> Result<Option<Template>, ConfigError> {
    table.get(key).map(|node| template(&node, names)).transpose()
}

pub(super) fn answer(table: &Table<'_>, key: &str) -> Result<Option<Expression>, ConfigError> {
    table.get(key).map(|node| expression(&node, &ANSWER)).transpose()
}

pub(super) fn required_answer(table: &Table<'_>, key: &str) -> Result<Expression, ConfigError> {
    expression(&table.require(key)?, &ANSWER)
}

pub(super) fn settings(table: &Table<'_>) -> Result<Vec<SettingSpec>, ConfigError> {
    table.nodes().map(|node| setting(&node)).collect()
}

fn setting(node: &Node<'_>) -> Result<SettingSpec, ConfigError> {
    let mut reserved = MESSAGE.iter().chain(&ANSWER).chain(&RESERVED);
    if node.name != ENCODING && reserved.any(|name| *name == node.name) {
        return Err(node.refuse(format!("`{}` is reserved and cannot name a setting", node.name)));
    }
    let table = node.table()?;
    table.only(&["type", "default", "secret", "required", "template", "help"])?;
    let holds = match table.get("type") {
        Some(node) => node.one_of(&[
            ("text", SettingType::Text),
            ("number", SettingType::Number),
            ("flag", SettingType::Flag),
            ("table", SettingType::Table),
        ])?,
        None => SettingType::Text,
    };
    Ok(SettingSpec {
        name: node.name.to_owned(),
        holds,
        secret: table.flag("secret")?,
        required: table.flag("required")?,
        template: table.flag("template")?,
        help: table.text("help")?.map(str::to_owned),
        default: table.get("default").map(|node| default(&node, holds)).transpose()?,
    })
}

/// The value of a setting that is not set: of the setting's own type.
fn default(node: &Node<'_>, holds: SettingType) -> Result<serde_json::Value, ConfigError> {
    let (expected, fits): (_, fn(&serde_json::Value) -> bool) = match holds {
        SettingType::Text => ("text, as its setting is", serde_json::Value::is_string),
        SettingType::Number => ("a whole number, as its setting is", serde_json::Value::is_i64),
        SettingType::Flag => ("true or false, as its setting is", serde_json::Value::is_boolean),
        SettingType::Table => ("a table, as its setting is", serde_json::Value::is_object),
        _ => ("a value of its setting's type", |_| true),
    };
    let value = node.json(without_dates)?;
    if fits(&value) { Ok(value) } else { Err(node.wrong_type(expected)) }
}

/// JSON has no dates.
fn without_dates(node: &Node<'_>) -> Result<(), ConfigError> {
    match node.value {
        DeValue::Datetime(_) => Err(node.wrong_type("text, a number, true, false, a list or a table")),
        _ => Ok(()),
    }
}

pub(super) fn requirements(node: &Node<'_>, names: &Names<'_>) -> Result<Vec<Requirement>, ConfigError> {
    let requirement = |item: Node<'_>| {
        let table = item.table()?;
        table.only(&["that", "say"])?;
        Ok(Requirement {
            that: expression(&table.require("that")?, &names.settings)?,
            say: table.require("say")?.text()?.to_owned(),
        })
    };
    node.list("tables, each under [[needs]]")?.map(requirement).collect()
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

fn pairs(table: &Table<'_>, key: &str, names: &[&str]) -> Result<Vec<(String, Template)>, ConfigError> {
    let fields = table.table(key)?.into_iter().flat_map(|table| table.nodes());
    fields.map(|node| Ok((node.name.to_owned(), template(&node, names)?))).collect()
}

pub(super) fn auth(table: &Table<'_>, names: &Names<'_>) -> Result<Auth, ConfigError> {
    table.only(&["bearer", "basic", "header", "query", "aws"])?;
    // Each of them writes the header `Authorization`: the last would win, and the others be lost unseen.
    if ["bearer", "basic", "aws"].iter().filter(|key| table.has(key)).count() > 1 {
        return Err(table.refuse("expected only one of bearer, basic, aws: a request has one Authorization"));
    }
    let names = &names.settings;
    let basic = match table.table("basic")? {
        Some(basic) => {
            basic.only(&["user", "password"])?;
            Some((template(&basic.require("user")?, names)?, template(&basic.require("password")?, names)?))
        }
        None => None,
    };
    Ok(Auth {
        bearer: optional_template(table, "bearer", names)?,
        basic,
        header: pairs(table, "header", names)?,
        query: pairs(table, "query", names)?,
        aws: table.table("aws")?.map(|table| aws(&table, names)).transpose()?,
    })
}

fn aws(table: &Table<'_>, names: &[&str]) -> Result<Aws, ConfigError> {
    table.only(&["service", "region", "access_key_id", "secret_access_key", "session_token"])?;
    let required = |key: &str| template(&table.require(key)?, names);
    Ok(Aws {
        service: required("service")?,
        region: required("region")?,
        access_key_id: required("access_key_id")?,
        secret_access_key: required("secret_access_key")?,
        session_token: optional_template(table, "session_token", names)?,
    })
}

pub(super) fn request(table: &Table<'_>, names: &[&str]) -> Result<Request, ConfigError> {
    let line = table.require("request")?;
    let (method, path) = line
        .text()?
        .split_once(' ')
        .ok_or_else(|| line.refuse("expected a method and a path, such as \"POST /messages\""))?;
    let method = match method {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        _ => return Err(line.refuse("expected GET, POST or PUT and a path")),
    };
    let path = path.strip_prefix('/').ok_or_else(|| line.refuse("expected a path that begins with `/`"))?;
    let written = segments(path);
    if written.iter().any(|segment| !segment.contains("{{") && segment.contains(['?', '#'])) {
        return Err(line.refuse("expected a path without `?` and `#`; the query goes into `query`"));
    }
    if written.iter().any(|segment| matches!(*segment, "." | "..")) {
        return Err(line.refuse("expected a path without `.` and `..` segments"));
    }
    let read =
        |segment: &str| Template::read(segment.to_owned(), names).map_err(|fault| line.refuse(fault.to_string()));
    let path = written.into_iter().map(read).collect::<Result<_, _>>()?;
    let body = match (table.get("json"), table.get("form")) {
        (None, None) => Body::None,
        (Some(json), None) => Body::Json(tree(&json, names)?),
        (None, Some(_)) => Body::Form(pairs(table, "form", names)?),
        (Some(_), Some(_)) => return Err(table.refuse("expected only one of json, form: a request has one body")),
    };
    Ok(Request { method, path, query: pairs(table, "query", names)?, headers: pairs(table, "headers", names)?, body })
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

fn tree(node: &Node<'_>, names: &[&str]) -> Result<Tree, ConfigError> {
    match node.value {
        DeValue::String(_) => template(node, names).map(Tree::Leaf),
        DeValue::Array(_) => {
            let items = node.list("values")?.map(|item| tree(&item, names));
            items.collect::<Result<_, _>>().map(Tree::List)
        }
        DeValue::Table(_) => {
            let fields = node.table()?.nodes().map(|field| Ok((field.name.to_owned(), tree(&field, names)?)));
            fields.collect::<Result<_, _>>().map(Tree::Table)
        }
        _ => node.json(without_dates).map(Tree::Fixed),
    }
}

pub(super) fn send(table: &Table<'_>, names: &Names<'_>) -> Result<Send, ConfigError> {
    table.only(&[
        "request",
        "query",
        "headers",
        "json",
        "form",
        "accepted",
        "refused",
        "doubtful",
        "id",
        "id_optional",
        "segments",
        "idempotent",
    ])?;
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
