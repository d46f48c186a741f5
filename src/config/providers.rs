//! `[providers.NAME]` and `[routes]`: held to what each kind of provider says that it takes.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use toml::de::DeValue;

use super::country::country_named;
use super::files;
use super::secret::{self, SecretSource};
use super::settings::{ProviderSettings, Routes, SettingSource};
use super::{keys, url};
use crate::otp::circuit::BreakerPolicy;
use crate::otp::{Channel, Hint, suggest};
use crate::provider::{self, SettingSpec, SettingType};
use crate::system::FilePath;
use crate::toml_tree::{ConfigError, Node, Table};

/// The provider that is there without being configured: it prints the SMS on stderr.
pub(super) const CONSOLE: &str = "console";

/// What `[providers]` and `[routes]` say together.
pub(super) struct Configured {
    pub(super) providers: BTreeMap<String, ProviderSettings>,
    pub(super) routes: Routes,
    /// At least one of them sends to real phones.
    pub(super) real: bool,
}

pub(super) fn read(root: &Table<'_>) -> Result<Configured, ConfigError> {
    let (mut providers, mut real) = (BTreeMap::new(), false);
    if let Some(table) = root.table("providers")? {
        for node in table.nodes() {
            let (provider, sends) = one(&node)?;
            real |= sends;
            providers.insert(node.name.to_owned(), provider);
        }
    }
    if providers.is_empty() {
        let kind = provider::Kind::Known(CONSOLE.to_owned());
        providers.insert(CONSOLE.to_owned(), unset(kind));
    }
    let routes = routes(root, &providers)?;
    Ok(Configured { providers, routes, real })
}

fn one(node: &Node<'_>) -> Result<(ProviderSettings, bool), ConfigError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if node.name.is_empty() || node.name.len() > 32 || !node.name.bytes().all(plain) {
        return Err(node.refuse("expected a provider name of 1 to 32 letters, digits, `_` and `-`"));
    }
    let table = node.table()?;
    let mut provider = kind(&table, node.name)?;
    let kind = &provider.kind;
    let real = kind.is_real();
    if provider.broken.is_some() {
        // Without its definition nobody knows what its settings mean, nor which of them are secret.
        return Ok((provider, real));
    }
    let description = kind.describe().ok_or_else(|| unknown_kind(&table, kind.as_str()))?;
    let names: Vec<&str> = description.settings.iter().map(|spec| spec.name.as_str()).collect();
    table.only(&[&["kind", "definition"], names.as_slice()].concat())?;
    provider.channel = description.channel;
    for spec in &description.settings {
        match table.get(&spec.name) {
            Some(node) => {
                provider.positions.insert(spec.name.clone(), node.position());
                provider.entries.insert(spec.name.clone(), setting(&node, spec)?);
            }
            None if spec.required => {
                return Err(table.refuse(format!("`{}` is missing; {} requires it", spec.name, description.title)));
            }
            None => {}
        }
    }
    Ok((provider, real))
}

/// A provider of which nothing is set.
fn unset(kind: provider::Kind) -> ProviderSettings {
    let (entries, positions) = (BTreeMap::new(), BTreeMap::new());
    ProviderSettings { kind, channel: Channel::default(), definition: None, entries, positions, broken: None }
}

/// The kind that the table names, or its own name, or the one that a file defines. That file says where keys are sent,
/// so it is opened with as much care as the configuration itself.
fn kind(table: &Table<'_>, name: &str) -> Result<ProviderSettings, ConfigError> {
    let Some(node) = table.get("definition") else {
        let name = table.text("kind")?.unwrap_or(name);
        return provider::Kind::known(name).map(unset).ok_or_else(|| unknown_kind(table, name));
    };
    if table.has("kind") {
        return Err(node.refuse("expected either `kind` or `definition`, not both"));
    }
    let path = node.file()?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (kind, broken) = match defined(&path, &name) {
        Ok(kind) => (kind, None),
        // With the line that names the file, which may be the one to fix.
        Err(error) => (
            provider::Kind::Unread { name },
            Some(node.refuse(error.to_string()).hint(error.next().cloned().unwrap_or_else(|| fix(&path)))),
        ),
    };
    Ok(ProviderSettings { definition: Some(path), broken, ..unset(kind) })
}

/// The kind that a file defines.
fn defined(path: &FilePath, name: &str) -> Result<provider::Kind, ConfigError> {
    let text = files::read_config(path)?.text;
    provider::Kind::own(name, &text).map_err(|error| ConfigError::new(error.to_string()).in_file(path).hint(fix(path)))
}

/// What to do about a definition that cannot be read.
fn fix(path: &FilePath) -> Hint {
    if path.exists() {
        Hint::run(&["provider", "check"]).arg(path.to_string_lossy())
    } else {
        Hint::run(&["provider", "show", "telnyx"]).writing(path.as_os_str()).because("start one")
    }
}

fn unknown_kind(table: &Table<'_>, kind: &str) -> ConfigError {
    let kinds: Vec<String> = provider::kinds().map(ToString::to_string).collect();
    let meant = suggest::meant(kind, kinds.iter().map(String::as_str));
    let error = match table.get("kind") {
        Some(node) => node.refuse(format!("unknown provider kind{meant}")),
        None => table.refuse(format!("`kind` is missing, and the name is no provider kind{meant}")),
    };
    error.hint(format!("kinds: {}", kinds.join(", ")))
}

fn setting(node: &Node<'_>, spec: &SettingSpec) -> Result<SettingSource, ConfigError> {
    if spec.secret {
        return SecretSource::read(node).map(SettingSource::Secret);
    }
    match node.value {
        // Account ids and senders may be kept where the keys are.
        DeValue::Table(_) if spec.holds == SettingType::Text => {
            return SecretSource::read(node).map(SettingSource::Secret);
        }
        // Some callbacks carry their password in the URL.
        DeValue::String(text) if spec.holds == SettingType::Text && url::has_credentials(text) => {
            return secret::literal(node).map(SecretSource::Literal).map(SettingSource::Secret);
        }
        _ => {}
    }
    let (fits, expected) = match spec.holds {
        SettingType::Tls => return tls(node),
        SettingType::File => return node.file().map(SettingSource::File),
        SettingType::Program => {
            let (program, arguments) = node.command("[\"/usr/local/bin/send-sms\", \"--quiet\"]")?;
            return Ok(SettingSource::Program(program, arguments));
        }
        SettingType::Text => (matches!(node.value, DeValue::String(_)), "text in quotes"),
        SettingType::Number => (matches!(node.value, DeValue::Integer(_)), "a whole number"),
        SettingType::Flag => (matches!(node.value, DeValue::Boolean(_)), "true or false"),
        SettingType::Table => (matches!(node.value, DeValue::Table(_)), "a table"),
        SettingType::List => (matches!(node.value, DeValue::Array(_)), "a list"),
    };
    if !fits {
        return Err(node.wrong_type(expected));
    }
    node.json(without_credentials).map(SettingSource::Plain)
}

/// `true`, `false`, or a CA's file, whose place is relative to the folder of the configuration.
fn tls(node: &Node<'_>) -> Result<SettingSource, ConfigError> {
    if let DeValue::Boolean(on) = node.value {
        return Ok(SettingSource::Plain(Value::Bool(*on)));
    }
    if !matches!(node.value, DeValue::Table(_)) {
        return Err(node.wrong_type("true, false, or a table such as { ca = \"ca.pem\" }"));
    }
    let table = node.table()?;
    table.only(&["ca"])?;
    table.file("ca")?.map(SettingSource::Authority).ok_or_else(|| table.refuse("`ca` is missing"))
}

/// A password in a URL would be shown with the setting.
fn without_credentials(node: &Node<'_>) -> Result<(), ConfigError> {
    match node.value {
        DeValue::String(text) if url::has_credentials(text) => {
            Err(node.refuse("a URL here must not contain a password: the setting is shown"))
        }
        _ => Ok(()),
    }
}

/// When a provider is skipped if the file does not say: after five consecutive failures, for a minute.
const BREAKER_POLICY: BreakerPolicy = BreakerPolicy { after: 5, pause: Duration::from_secs(60) };

fn routes(root: &Table<'_>, providers: &BTreeMap<String, ProviderSettings>) -> Result<Routes, ConfigError> {
    let mut routes = Routes {
        default: Vec::new(),
        by_country: BTreeMap::new(),
        by_prefix: BTreeMap::new(),
        failover_on_unknown: false,
        pass_over: Some(BREAKER_POLICY),
    };
    let table = root.table("routes")?;
    for node in table.iter().flat_map(Table::nodes) {
        match node.name {
            "default" => routes.default = route(&node, providers)?,
            "failover_on_unknown" => routes.failover_on_unknown = node.flag()?,
            "pass_over" => routes.pass_over = pass_over(&node)?,
            prefix if prefix.starts_with('+') => {
                let digits = &prefix[1..];
                if !(1..=14).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(node.refuse("expected a plus and the first digits of a number, such as \"+9198\""));
                }
                routes.by_prefix.insert(prefix.to_owned(), route(&node, providers)?);
            }
            name => {
                let country = country_named(name).map_err(|meant| no_route(&node, meant))?;
                routes.by_country.insert(country, route(&node, providers)?);
            }
        }
    }
    if routes.default.is_empty() {
        routes.default = match providers.keys().collect::<Vec<_>>().as_slice() {
            [only] => vec![(*only).clone()],
            several => {
                let names: Vec<String> = several.iter().map(|name| format!("{name:?}")).collect();
                let message = "several providers are configured, and `routes.default` is missing";
                return Err(table
                    .as_ref()
                    .unwrap_or(root)
                    .refuse(message)
                    .hint(format!("under [routes]: default = [{}], in the order to try them", names.join(", "))));
            }
        };
    }
    Ok(routes)
}

fn no_route(node: &Node<'_>, mut meant: String) -> ConfigError {
    if meant.is_empty() {
        meant = suggest::meant(node.name, keys::ROUTES);
    }
    node.refuse(format!("expected `default`, the two letters of a country, or a prefix such as \"+9198\"{meant}"))
}

fn pass_over(node: &Node<'_>) -> Result<Option<BreakerPolicy>, ConfigError> {
    let table = node.table()?;
    table.only(&keys::PASS_OVER)?;
    let mut rule = BREAKER_POLICY;
    if let Some(node) = table.get("after") {
        rule.after = node.number(0..=1000)?;
    }
    if let Some(node) = table.get("for") {
        rule.pause = node.duration(Duration::from_secs(1)..=Duration::from_secs(15 * 60))?;
    }
    Ok((rule.after > 0).then_some(rule))
}

fn route(node: &Node<'_>, providers: &BTreeMap<String, ProviderSettings>) -> Result<Vec<String>, ConfigError> {
    let mut names: Vec<String> = Vec::new();
    for item in node.list("providers such as [\"console\"]")? {
        let name = item.text()?;
        if !providers.contains_key(name) {
            let known: Vec<&str> = providers.keys().map(String::as_str).collect();
            let meant = suggest::meant(name, known.iter().copied());
            return Err(item
                .refuse(format!("no provider of this name is configured{meant}"))
                .hint(format!("configured: {}; add another with its own table, [providers.NAME]", known.join(", "))));
        }
        if names.iter().any(|known| known == name) {
            return Err(item.refuse("this provider is in the route twice"));
        }
        names.push(name.to_owned());
    }
    if names.is_empty() {
        return Err(node.refuse("expected at least one provider"));
    }
    Ok(names)
}
