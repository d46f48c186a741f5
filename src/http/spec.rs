//! The settings that a definition declares, and what must hold of them.

use super::language::{Expression, is_own_name};
use super::read::{expression, without_dates};
use crate::toml_tree::{ConfigError, Node, Table};

/// What no setting can be called: keys that everything with a definition has, and what expressions see.
const RESERVED: [&str; 11] =
    ["base_url", "timeout", "kind", "definition", "name", "tls", "status", "body", "headers", "price", "currency"];

/// What a setting holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingType {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Flag,
    /// A table of the user's own keys.
    Table,
    /// A list of texts.
    List,
    /// How a connection is made secure: `true`, `false`, or a table with the file of a CA, `{ ca = "ca.pem" }`.
    Tls,
    /// A file, relative to the folder of the configuration.
    File,
    /// A program and its arguments: a path as of a file, or a name that is looked for in `PATH`.
    Program,
}

/// One setting that a kind of service takes.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingSpec {
    /// Its key.
    pub name: String,
    /// What it holds.
    pub holds: SettingType,
    /// Never shown.
    pub secret: bool,
    /// Must be there.
    pub required: bool,
    /// Its texts are templates over the variables of a request.
    pub template: bool,
    /// What it is for, in a few words.
    pub help: Option<String>,
    /// What it is when it is absent.
    pub default: Option<serde_json::Value>,
}

impl SettingSpec {
    /// An optional setting.
    #[must_use]
    pub fn new(name: &str, holds: SettingType, help: &str) -> Self {
        let (secret, required, template) = (false, false, false);
        let help = Some(help.to_owned());
        Self { name: name.to_owned(), holds, secret, required, template, help, default: None }
    }
}

/// What must hold of the settings together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Requirement {
    pub(super) that: Expression,
    pub(super) say: String,
}

/// Reads `[settings]`. `taken`: names that mean something else already.
pub(super) fn settings(table: &Table<'_>, taken: &[&str]) -> Result<Vec<SettingSpec>, ConfigError> {
    table.nodes().map(|node| setting(&node, taken)).collect()
}

fn setting(node: &Node<'_>, taken: &[&str]) -> Result<SettingSpec, ConfigError> {
    // A setting that is not set would be the function of that name.
    if taken.iter().chain(&RESERVED).any(|name| *name == node.name) || is_own_name(node.name) {
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
            ("list", SettingType::List),
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
        SettingType::List => ("a list, as its setting is", serde_json::Value::is_array),
        _ => ("a value of its setting's type", |_| true),
    };
    let value = node.json(without_dates)?;
    if fits(&value) { Ok(value) } else { Err(node.wrong_type(expected)) }
}

pub(super) fn requirements(node: &Node<'_>, names: &[&str]) -> Result<Vec<Requirement>, ConfigError> {
    let requirement = |item: Node<'_>| {
        let table = item.table()?;
        table.only(&["that", "say"])?;
        Ok(Requirement {
            that: expression(&table.require("that")?, names)?,
            say: table.require("say")?.text()?.to_owned(),
        })
    };
    node.list("tables, each under [[needs]]")?.map(requirement).collect()
}
