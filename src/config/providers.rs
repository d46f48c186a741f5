//! `[providers.NAME]`: held to what each kind of provider says that it takes.

use std::collections::BTreeMap;

use serde_json::Value;
use toml::de::DeValue;

use super::files;
use super::secret::{self, SecretSource};
use super::settings::{ProviderSettings, Routes, SettingSource};
use super::{prices, routes, url};
use crate::otp::{Channel, Hint, Purpose, suggest};
use crate::provider::{self, SettingSpec, SettingType};
use crate::system::FilePath;
use crate::toml_tree::{ConfigError, Node, Position, Table};

/// The provider that is there without being configured: it prints the SMS on stderr.
pub(super) const CONSOLE: &str = "console";

/// The key of the settings that hold for codes of a purpose only.
const PURPOSE: &str = "purpose";

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
    let routes = routes::read(root, &providers)?;
    Ok(Configured { providers, routes, real })
}

fn one(node: &Node<'_>) -> Result<(ProviderSettings, bool), ConfigError> {
    plain_name(node, "provider")?;
    let table = node.table()?;
    let mut provider = kind(&table, node.name)?;
    let kind = &provider.kind;
    let real = kind.is_real();
    if provider.broken.is_some() {
        // Without its definition nobody knows what its settings mean, nor which of them are secret.
        return Ok((provider, real));
    }
    let description = kind.describe().ok_or_else(|| unknown_kind(&table, kind.as_str()))?;
    (provider.entries, provider.positions) = entries(
        &table,
        &description.settings,
        &description.title,
        &[&["kind", "definition", PURPOSE][..], &prices::KEYS].concat(),
    )?;
    provider.price = prices::read(&table)?;
    provider.channel = description.channel;
    for node in table.table(PURPOSE)?.into_iter().flat_map(|table| table.nodes()) {
        let purpose = Purpose::new(node.name).map_err(|error| node.refuse(error.to_string()))?;
        provider.purposes.insert(purpose, of_purpose(&node.table()?, &description.settings)?);
    }
    Ok((provider, real))
}

/// The name of a provider or a directory.
pub(super) fn plain_name(node: &Node<'_>, what: &str) -> Result<(), ConfigError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if node.name.is_empty() || node.name.len() > 32 || !node.name.bytes().all(plain) {
        return Err(node.refuse(format!("expected a {what} name of 1 to 32 letters, digits, `_` and `-`")));
    }
    Ok(())
}

/// Settings by name, and where each is in the file.
type Entries = (BTreeMap<String, SettingSource>, BTreeMap<String, Position>);

/// The settings of a table, held to what its kind takes. `others`: the keys that are no settings.
pub(super) fn entries(
    table: &Table<'_>,
    specs: &[SettingSpec],
    title: &str,
    others: &[&str],
) -> Result<Entries, ConfigError> {
    let names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
    table.only(&[others, names.as_slice()].concat())?;
    let (mut entries, mut positions) = (BTreeMap::new(), BTreeMap::new());
    for spec in specs {
        match table.get(&spec.name) {
            Some(node) => {
                positions.insert(spec.name.clone(), node.position());
                entries.insert(spec.name.clone(), setting(&node, spec)?);
            }
            None if spec.required => {
                return Err(table.refuse(format!("`{}` is missing; {title} requires it", spec.name)));
            }
            None => {}
        }
    }
    Ok((entries, positions))
}

/// What is set otherwise for codes of a purpose. The account stays the same: the gateway is asked with its usual key what
/// became of a message, whatever that was for.
fn of_purpose(table: &Table<'_>, specs: &[SettingSpec]) -> Result<BTreeMap<String, SettingSource>, ConfigError> {
    let own: Vec<&SettingSpec> = specs.iter().filter(|spec| !spec.secret && spec.name != "base_url").collect();
    table.only(&own.iter().map(|spec| spec.name.as_str()).collect::<Vec<_>>())?;
    let entries = own.into_iter().filter_map(|spec| Some((spec, table.get(&spec.name)?)));
    entries.map(|(spec, node)| Ok((spec.name.clone(), setting(&node, spec)?))).collect()
}

/// A provider of which nothing is set.
fn unset(kind: provider::Kind) -> ProviderSettings {
    ProviderSettings {
        kind,
        channel: Channel::default(),
        definition: None,
        entries: BTreeMap::new(),
        positions: BTreeMap::new(),
        purposes: BTreeMap::new(),
        price: None,
        broken: None,
    }
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
