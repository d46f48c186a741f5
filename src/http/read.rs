//! Reads requests, templates and expressions out of a definition.

use toml::de::DeValue;

use super::language::{Expression, Template, Tree};
use super::model::{Method, Request, RequestBody};
use super::scope::MACHINE;
use crate::toml_tree::{ConfigError, Node, Table};

/// The keys of a table that has a request.
pub const REQUEST: [&str; 5] = ["request", "query", "headers", "json", "form"];

/// A template over these names.
///
/// # Errors
/// What does not parse, and names that nothing declares.
pub fn template(node: &Node<'_>, names: &[&str]) -> Result<Template, ConfigError> {
    Template::read(node.text()?.to_owned(), names).map_err(|fault| node.refuse(fault.to_string()))
}

/// An expression over these names.
///
/// # Errors
/// What does not parse, and names that nothing declares.
pub fn expression(node: &Node<'_>, names: &[&str]) -> Result<Expression, ConfigError> {
    Expression::read(node.text()?.to_owned(), names).map_err(|fault| node.refuse(fault.to_string()))
}

/// Names and templates, where the key is there.
pub(super) fn pairs(table: &Table<'_>, key: &str, names: &[&str]) -> Result<Vec<(String, Template)>, ConfigError> {
    let fields = table.table(key)?.into_iter().flat_map(|table| table.nodes());
    fields.map(|node| Ok((node.name.to_owned(), template(&node, names)?))).collect()
}

/// The request that this table describes, whose templates use nothing but these names and [`MACHINE`].
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn request(table: &Table<'_>, names: &[&str]) -> Result<Request, ConfigError> {
    let names = &[names, &MACHINE].concat()[..];
    let line = table.require("request")?;
    let (method, path) = line
        .text()?
        .split_once(' ')
        .ok_or_else(|| line.refuse("expected a method and a path, such as \"POST /messages\""))?;
    let method = match method {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        _ => return Err(line.refuse("expected GET, POST, PUT, PATCH or DELETE and a path")),
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
        (None, None) => RequestBody::None,
        (Some(json), None) => RequestBody::Json(tree(&json, names)?),
        (None, Some(_)) => RequestBody::Form(pairs(table, "form", names)?),
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

/// JSON has no dates.
pub(super) fn without_dates(node: &Node<'_>) -> Result<(), ConfigError> {
    match node.value {
        DeValue::Datetime(_) => Err(node.wrong_type("text, a number, true, false, a list or a table")),
        _ => Ok(()),
    }
}
