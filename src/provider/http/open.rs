//! Opens a gateway: holds the user's settings against the definition before anything is sent.

use std::time::Duration;

use minijinja::Value as Jinja;
use minijinja::value::Serde;
use reqwest::Url;
use serde_json::Value;

use super::super::definition::{Definition, MESSAGE, Scope, SettingSpec, SettingType, Template, Tree};
use super::super::redact::Redactor;
use super::super::settings::{OpenError, Setting, Settings, wrong};
use super::super::tls::stays_inside;
use super::Gateway;
use crate::provider::{Context, Provider};

/// How long a gateway may take, unless the settings say otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Opens one gateway.
///
/// # Errors
/// The first setting that is missing, unknown, or of another type, and settings that are wrong together.
pub(in crate::provider) fn open(
    name: &str,
    definition: Definition,
    settings: &Settings,
    context: &Context,
) -> Result<Box<dyn Provider>, OpenError> {
    let own = definition.settings.iter().map(|spec| spec.name.as_str());
    settings.only(&own.chain(["base_url", "timeout"]).collect::<Vec<_>>())?;
    let (mut scope, mut templates, mut redactor) = (Scope::new(), Vec::new(), Redactor::default());
    for spec in &definition.settings {
        let Some(value) = value(spec, settings)? else {
            if spec.required {
                return Err(OpenError::Missing(spec.name.clone()));
            }
            continue;
        };
        if let (Value::String(text), true) = (&value, is_secret(spec, settings)) {
            redactor.secret(text);
        }
        if spec.template {
            templates.push((spec.name.clone(), template_tree(&spec.name, &value)?));
        } else {
            scope.insert(spec.name.clone(), Jinja::from(Serde(&value)));
        }
    }
    if let Some(unmet) = definition.needs.iter().find(|requirement| !requirement.that.holds(&scope)) {
        return Err(OpenError::Needs(unmet.say.clone()));
    }
    let base = base_url(&definition, settings, &scope)?;
    let timeout = settings.duration("timeout")?.unwrap_or(TIMEOUT);
    let (name, clock) = (name.to_owned(), context.clock.clone());
    Ok(Box::new(Gateway { name, definition, settings: scope, templates, base, timeout, clock, redactor }))
}

fn is_secret(spec: &SettingSpec, settings: &Settings) -> bool {
    spec.secret || matches!(settings.0.get(&spec.name), Some(Setting::Secret(_)))
}

/// The value of one setting, or its default; an empty text is no value.
fn value(spec: &SettingSpec, settings: &Settings) -> Result<Option<Value>, OpenError> {
    let name = spec.name.as_str();
    if spec.holds == SettingType::Text && !spec.template {
        let text = settings.text(name)?.filter(|text| !text.is_empty());
        return Ok(text.map(Value::from).or_else(|| spec.default.clone()));
    }
    let value = match settings.0.get(name) {
        None => return Ok(spec.default.clone()),
        Some(Setting::Plain(value)) => value,
        Some(Setting::Secret(_)) => return Err(wrong(name, "a value in the file, not a secret")),
        Some(Setting::File(_) | Setting::Authority(_) | Setting::Program(..)) => {
            return Err(wrong(name, "a value, not a file"));
        }
    };
    match (spec.holds, value) {
        (SettingType::Text, Value::String(_))
        | (SettingType::Flag, Value::Bool(_))
        | (SettingType::Table, Value::Object(_))
        | (SettingType::List, Value::Array(_)) => Ok(Some(value.clone())),
        (SettingType::Number, Value::Number(number)) if number.is_i64() || number.is_u64() => Ok(Some(value.clone())),
        (SettingType::Text, _) => Err(wrong(name, "a text in quotes")),
        (SettingType::Number, _) => Err(wrong(name, "a whole number")),
        (SettingType::Flag, _) => Err(wrong(name, "true or false")),
        (SettingType::Table, _) => Err(wrong(name, "a table")),
        (SettingType::List, _) => Err(wrong(name, "a list")),
        // No definition can ask for it.
        (SettingType::Tls | SettingType::File | SettingType::Program, _) => Err(wrong(name, "absent")),
    }
}

/// The user's own templates. Each gives a text, also where it is one expression: a gateway's variables are texts.
fn template_tree(setting: &str, value: &Value) -> Result<Tree, OpenError> {
    match value {
        Value::String(source) => match Template::read(source.clone(), &MESSAGE) {
            Ok(_) => Ok(Tree::Leaf(Template::Mixed(source.clone()))),
            Err(fault) => Err(OpenError::Template { setting: setting.to_owned(), why: fault.to_string() }),
        },
        Value::Array(items) => {
            let items = items.iter().map(|item| template_tree(setting, item));
            items.collect::<Result<_, _>>().map(Tree::List)
        }
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, field)| Ok((key.clone(), template_tree(setting, field)?)));
            fields.collect::<Result<_, _>>().map(Tree::Table)
        }
        fixed => Ok(Tree::Fixed(fixed.clone())),
    }
}

/// The URL that all requests of this provider begin with.
fn base_url(definition: &Definition, settings: &Settings, scope: &Scope) -> Result<Url, OpenError> {
    let text = match (settings.text("base_url")?, &definition.base_url) {
        (Some(text), _) if text.contains("{{") => {
            let names: Vec<&str> = definition.settings.iter().map(|spec| spec.name.as_str()).collect();
            let template = Template::read(text.to_owned(), &names);
            let template = template.map_err(|_| OpenError::BaseUrl("is a template that cannot be read"))?;
            let made = template.text(scope).map_err(|_| OpenError::BaseUrl("cannot be made from the settings"))?;
            made.unwrap_or_default()
        }
        (Some(text), _) => text.to_owned(),
        (None, Some(template)) => {
            let text = template.text(scope).map_err(|_| OpenError::BaseUrl("cannot be made from the settings"))?;
            text.unwrap_or_default()
        }
        (None, None) => return Err(OpenError::Missing("base_url".to_owned())),
    };
    let url = Url::parse(&text).map_err(|_| OpenError::BaseUrl("is not a URL such as \"https://api.example.com\""))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(OpenError::BaseUrl("must begin with https:// and a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(OpenError::BaseUrl("holds a user or password; use the provider's settings"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(OpenError::BaseUrl("ends before ? and #"));
    }
    if url.scheme() == "http" && !stays_inside(url.host_str().unwrap_or_default()) {
        return Err(OpenError::BaseUrl("would send the key and the codes over the internet unencrypted; use https://"));
    }
    Ok(url)
}
