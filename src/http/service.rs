//! What a definition says of a service as a whole: its address, its settings, how requests authenticate, what it answers
//! in. Opened with a user's settings it is a [`Client`].

use std::sync::Arc;
use std::time::Duration;

use minijinja::Value as Jinja;
use minijinja::value::Serde;
use reqwest::Url;
use serde_json::Value;

use super::address::address;
use super::auth::Auth;
use super::client::Client;
use super::language::{Template, Tree};
use super::model::AnswerFormat;
use super::read;
use super::scope::{MACHINE, Machine, Scope};
use super::settings::{Setting, SettingError, Settings, wrong};
use super::spec::{Requirement, SettingSpec, SettingType, requirements, settings};
use super::token::Tokens;
use crate::otp::redact::Redactor;
use crate::toml_tree::{ConfigError, Table};

/// How long a service may take, unless the settings say otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);

const BODIES: [(&str, AnswerFormat); 2] = [("json", AnswerFormat::Json), ("xml", AnswerFormat::Xml)];

/// What a definition says of a service as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    base_url: Option<Template>,
    /// `base_url` as written, to be shown.
    base_url_source: Option<String>,
    format: AnswerFormat,
    settings: Vec<SettingSpec>,
    needs: Vec<Requirement>,
    auth: Auth,
}

impl Service {
    /// The keys at the top of a definition that are read here.
    pub const KEYS: [&str; 5] = ["base_url", "body", "settings", "needs", "auth"];

    /// Reads the top of a definition. `taken`: names that no setting can have, since requests have variables of these
    /// names.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn read(top: &Table<'_>, taken: &[&str]) -> Result<Self, ConfigError> {
        let settings = top.table("settings")?.map(|table| settings(&table, taken)).transpose()?.unwrap_or_default();
        let names: Vec<&str> = settings.iter().map(|spec| spec.name.as_str()).collect();
        let base_url = top.get("base_url");
        let in_requests = [&names[..], &MACHINE].concat();
        Ok(Self {
            base_url_source: base_url.as_ref().map(|node| node.text().map(str::to_owned)).transpose()?,
            base_url: base_url.map(|node| read::template(&node, &names)).transpose()?,
            format: top.get("body").map(|node| node.one_of(&BODIES)).transpose()?.unwrap_or_default(),
            needs: top.get("needs").map(|node| requirements(&node, &names)).transpose()?.unwrap_or_default(),
            auth: top.table("auth")?.map(|table| Auth::read(&table, &in_requests)).transpose()?.unwrap_or_default(),
            settings,
        })
    }

    /// The settings that the definition declares.
    #[must_use]
    pub fn settings(&self) -> &[SettingSpec] {
        &self.settings
    }

    /// All settings that a user may write: those that the definition declares, and those that every service has.
    #[must_use]
    pub fn all_settings(&self) -> Vec<SettingSpec> {
        let mut settings = self.settings.clone();
        settings.push(SettingSpec {
            required: self.base_url.is_none(),
            default: self.base_url_source.clone().map(Into::into),
            ..SettingSpec::new("base_url", SettingType::Text, "another region, a sandbox, a test server")
        });
        settings.push(SettingSpec {
            default: Some("30s".into()),
            ..SettingSpec::new("timeout", SettingType::Text, "how long an answer may take")
        });
        settings
    }

    /// Holds a user's settings against the definition. `variables`: what the settings that are templates may use.
    ///
    /// # Errors
    /// The first setting that is missing, unknown, or of another type, and settings that are wrong together.
    pub fn open(&self, settings: &Settings, variables: &[&str], machine: &Machine) -> Result<Client, SettingError> {
        let own = self.settings.iter().map(|spec| spec.name.as_str());
        settings.only(&own.chain(["base_url", "timeout"]).collect::<Vec<_>>())?;
        let (mut scope, mut templates, mut redactor) = (Scope::new(), Vec::new(), Redactor::default());
        for spec in &self.settings {
            let Some(value) = value(spec, settings)? else {
                if spec.required {
                    return Err(SettingError::Missing(spec.name.clone()));
                }
                continue;
            };
            if let (Value::String(text), true) = (&value, is_secret(spec, settings)) {
                redactor.secret(text);
            }
            if spec.template {
                templates.push((spec.name.clone(), template_tree(&spec.name, &value, variables)?));
            } else {
                scope.insert(spec.name.clone(), Jinja::from(Serde(&value)));
            }
        }
        if let Some(unmet) = self.needs.iter().find(|requirement| !requirement.that.holds(&scope)) {
            return Err(SettingError::Needs(unmet.say.clone()));
        }
        let base = self.base_url(settings, &scope)?;
        Ok(Client {
            tokens: self.tokens(&base, &scope)?.map(Arc::new),
            base,
            auth: self.auth.clone(),
            declared: self.settings.iter().map(|spec| spec.name.clone()).collect(),
            format: self.format,
            settings: scope,
            templates,
            timeout: settings.duration("timeout")?.unwrap_or(TIMEOUT),
            machine: machine.clone(),
            redactor,
        })
    }

    /// The access tokens of all requests, where they carry one.
    fn tokens(&self, base: &Url, scope: &Scope) -> Result<Option<Tokens>, SettingError> {
        let Some(oauth2) = &self.auth.oauth2 else { return Ok(None) };
        let base = match &oauth2.base_url {
            None => base.clone(),
            Some(template) => {
                let text = template.text(scope).ok().flatten().unwrap_or_default();
                let refused = |why| SettingError::Needs(format!("the address for access tokens {why}"));
                address(&text).map_err(refused)?
            }
        };
        Ok(Some(Tokens::new(oauth2.clone(), base)))
    }

    /// The URL that all requests begin with.
    fn base_url(&self, settings: &Settings, scope: &Scope) -> Result<Url, SettingError> {
        let refused = SettingError::BaseUrl;
        let text = match (settings.text("base_url")?, &self.base_url) {
            (Some(text), _) if text.contains("{{") => {
                let names: Vec<&str> = self.settings.iter().map(|spec| spec.name.as_str()).collect();
                let template = Template::read(text.to_owned(), &names);
                let template = template.map_err(|_| refused("is a template that cannot be read"))?;
                template.text(scope).map_err(|_| refused("cannot be made from the settings"))?.unwrap_or_default()
            }
            (Some(text), _) => text.to_owned(),
            (None, Some(template)) => {
                template.text(scope).map_err(|_| refused("cannot be made from the settings"))?.unwrap_or_default()
            }
            (None, None) => return Err(SettingError::Missing("base_url".to_owned())),
        };
        address(&text).map_err(refused)
    }
}

fn is_secret(spec: &SettingSpec, settings: &Settings) -> bool {
    spec.secret || matches!(settings.0.get(&spec.name), Some(Setting::Secret(_)))
}

/// The value of one setting, or its default; an empty text is no value.
fn value(spec: &SettingSpec, settings: &Settings) -> Result<Option<Value>, SettingError> {
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

/// The user's own templates. Each gives a text, also where it is one expression: variables that a user writes are texts.
fn template_tree(setting: &str, value: &Value, variables: &[&str]) -> Result<Tree, SettingError> {
    match value {
        Value::String(source) => match Template::read(source.clone(), variables) {
            Ok(_) => Ok(Tree::Leaf(Template::Mixed(source.clone()))),
            Err(fault) => Err(SettingError::Template { setting: setting.to_owned(), why: fault.to_string() }),
        },
        Value::Array(items) => {
            let items = items.iter().map(|item| template_tree(setting, item, variables));
            items.collect::<Result<_, _>>().map(Tree::List)
        }
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, field)| Ok((key.clone(), template_tree(setting, field, variables)?)));
            fields.collect::<Result<_, _>>().map(Tree::Table)
        }
        fixed => Ok(Tree::Fixed(fixed.clone())),
    }
}
